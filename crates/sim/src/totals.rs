//! What many runs add up to, and the file that it is kept in.

use core::fmt;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sim::{HOUR, Outcome};

/// Sums over runs.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub(crate) struct Totals {
    /// Runs that kept all promises.
    pub(crate) passed: u64,
    /// Seeds of the others, and what they broke.
    pub(crate) failed: BTreeMap<u64, String>,
    /// Events handled.
    pub(crate) events: u64,
    /// Virtual time, ms.
    pub(crate) millis: u64,
    /// ACKs of leases that servers sent.
    pub(crate) acks: u64,
    /// Syncs of lease files.
    pub(crate) syncs: u64,
    /// Faults by class.
    pub(crate) faults: BTreeMap<String, u64>,
    /// Addresses held twice, by what permits it.
    pub(crate) legal: BTreeMap<String, u64>,
    /// Kinds of behaviour.
    pub(crate) marks: BTreeMap<String, u64>,
    /// Time that it took, s.
    pub(crate) seconds: f64,
}

impl Totals {
    /// One more run.
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        let tally = &outcome.tally;
        self.events += tally.events;
        self.millis += tally.millis;
        self.acks += tally.acks;
        self.syncs += tally.syncs;
        sum(&mut self.faults, &tally.faults);
        sum(&mut self.legal, &tally.legal);
        sum(&mut self.marks, &tally.marks);
        match &outcome.violation {
            None => self.passed += 1,
            Some(violation) => {
                let promise = violation.promise.name();
                let what = format!(
                    "{promise} after {} s: {}",
                    violation.at / 1000,
                    violation.what
                );
                self.failed.insert(outcome.scenario.seed, what);
            }
        }
    }

    /// Virtual time, hours.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub(crate) fn hours(&self) -> f64 {
        self.millis as f64 / HOUR as f64
    }
}

fn sum<K: fmt::Display>(totals: &mut BTreeMap<String, u64>, counts: &BTreeMap<K, u64>) {
    for (key, count) in counts {
        *totals.entry(key.to_string()).or_default() += count;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.hours();
        write!(f, "{} events, {hours:.0} simulated hours", self.events)?;
        if hours > 24.0 * 365.0 {
            write!(f, " ({:.1} years)", hours / (24.0 * 365.25))?;
        }
        write!(f, ", {} ACKs, {} syncs\nfaults:", self.acks, self.syncs)?;
        for (fault, count) in &self.faults {
            write!(f, " {fault} {count}")?;
        }
        for (legal, count) in &self.legal {
            write!(f, "\nheld twice as permitted: {count} ({legal})")?;
        }
        write!(f, "\n{} kinds of behaviour", self.marks.len())
    }
}
