//! How often things happened in a run.

use core::fmt;
use std::collections::BTreeMap;

use dhcp_failover::ServerState;

use crate::fault::Fault;

/// Counters of a run, or of many.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Events handled.
    pub events: u64,
    /// Virtual time, ms.
    pub millis: u64,
    /// ACKs of leases that servers sent.
    pub acks: u64,
    /// Syncs of a lease file.
    pub syncs: u64,
    /// Faults by class.
    pub faults: BTreeMap<Fault, u64>,
    /// Pairs of states that the servers were in at once, the primary's first.
    pub states: BTreeMap<(ServerState, ServerState), u64>,
}

impl Tally {
    /// Counts a fault.
    pub fn fault(&mut self, fault: Fault, times: u64) {
        if times > 0 {
            *self.faults.entry(fault).or_default() += times;
        }
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.millis += other.millis;
        self.acks += other.acks;
        self.syncs += other.syncs;
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (states, count) in &other.states {
            *self.states.entry(*states).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.millis / 3_600_000;
        write!(
            f,
            "{} events, {hours} simulated hours, {} ACKs, {} syncs; faults:",
            self.events, self.acks, self.syncs
        )?;
        for (fault, count) in &self.faults {
            write!(f, " {fault} {count}")?;
        }
        write!(f, "; {} pairs of states", self.states.len())
    }
}
