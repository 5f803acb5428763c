//! How often things happened in a run.

use core::fmt;
use std::collections::BTreeMap;

use crate::fault::Fault;
use crate::history::Legal;
use crate::mark::Mark;

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
    /// Addresses held twice, by what permits it.
    pub legal: BTreeMap<Legal, u64>,
    /// Kinds of behaviour that were seen.
    pub marks: BTreeMap<Mark, u64>,
}

impl Tally {
    /// Counts a fault.
    pub fn fault(&mut self, fault: Fault, times: u64) {
        if times > 0 {
            *self.faults.entry(fault).or_default() += times;
        }
    }

    /// Counts a kind of behaviour.
    pub fn mark(&mut self, mark: Mark) {
        *self.marks.entry(mark).or_default() += 1;
    }

    /// Counts an address held twice.
    pub fn legal(&mut self, legal: Option<Legal>) {
        if let Some(legal) = legal {
            *self.legal.entry(legal).or_default() += 1;
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
        for (legal, count) in &other.legal {
            *self.legal.entry(*legal).or_default() += count;
        }
        for (mark, count) in &other.marks {
            *self.marks.entry(*mark).or_default() += count;
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
        for (legal, count) in &self.legal {
            write!(f, "; held twice as permitted {count} ({legal})")?;
        }
        let pairs = self.marks.keys();
        let pairs = pairs.filter(|mark| matches!(mark, Mark::Pair(..)));
        write!(f, "; {} pairs of states", pairs.count())
    }
}
