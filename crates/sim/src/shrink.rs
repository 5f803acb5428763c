//! Looks for a smaller run that fails in the same way.

use sim::{Fault, Options, Outcome, Promise, Time, Trace};

use crate::arguments::Arguments;

/// Seeds that are tried with each smaller scenario: a change shifts what happens when, so that the same seed may miss.
const SEEDS: u64 = 6;

/// Makes a failing seed smaller, and prints it as a line of `tests/found.txt`; says whether it passes after all.
pub(crate) fn run(seed: u64, arguments: &Arguments) -> bool {
    let outcome = once(seed, &arguments.options);
    let Some(violation) = &outcome.violation else {
        println!("seed {seed} keeps all promises");
        return true;
    };
    let promise = violation.promise;
    println!("seed {seed}: {}: {}", promise.name(), violation.what);
    let scenario = &outcome.scenario;
    let on = |fault: &Fault| scenario.faults.has(*fault);
    let mut best = Best {
        promise,
        seed,
        size: Size {
            faults: Fault::ALL.into_iter().filter(on).collect(),
            clients: scenario.clients.iter().sum(),
            addresses: scenario.addresses.iter().copied().max().unwrap_or(1),
            duration: scenario.duration,
        },
        reference: arguments.options.reference,
        outcome,
        runs: 1,
    };
    // What one step makes possible may be what another one waits for.
    while best.pass() {}
    let options = best.size.options(best.reference);
    let what = best.outcome.violation.as_ref().map_or("", |v| &v.what);
    let what = what.lines().next().unwrap_or("");
    println!("after {} runs: {}", best.runs, best.outcome.scenario);
    println!("\ncargo sim --seed {} {options} --explain", best.seed);
    println!("\na line for crates/sim/tests/found.txt:");
    println!("{} {options} # {}: {what}", best.seed, promise.name());
    false
}

fn once(seed: u64, options: &Options) -> Outcome {
    sim::run(seed, options, Trace::new(None))
}

/// What makes a run big.
#[derive(Clone, PartialEq, Eq)]
struct Size {
    faults: Vec<Fault>,
    clients: u64,
    addresses: u32,
    duration: Time,
}

impl Size {
    fn options(&self, reference: bool) -> Options {
        Options {
            duration: Some(self.duration),
            clients: Some(self.clients),
            addresses: Some(self.addresses),
            without: Fault::ALL.to_vec(),
            with: self.faults.clone(),
            reference,
        }
    }
}

/// The smallest run so far.
struct Best {
    promise: Promise,
    seed: u64,
    size: Size,
    reference: bool,
    outcome: Outcome,
    runs: u32,
}

impl Best {
    /// Tries each way once; says whether one helped.
    fn pass(&mut self) -> bool {
        let before = self.size.clone();
        // Nothing after the violation matters.
        let at = self.outcome.violation.as_ref().map_or(0, |v| v.at);
        let needed = at / 1000 * 1000 + 1000;
        for shorter in [before.duration / 4, before.duration / 2, needed] {
            if (1..self.size.duration).contains(&shorter) {
                self.attempt(|size| size.duration = shorter);
            }
        }
        for fault in before.faults.clone() {
            self.attempt(|size| size.faults.retain(|other| *other != fault));
        }
        for fewer in [
            1,
            2,
            4,
            before.clients / 2,
            before.clients.saturating_sub(1),
        ] {
            if (1..self.size.clients).contains(&fewer) {
                self.attempt(|size| size.clients = fewer);
            }
        }
        for fewer in [1, 2, 4, before.addresses / 2, before.addresses - 1] {
            if (1..self.size.addresses).contains(&fewer) {
                self.attempt(|size| size.addresses = fewer);
            }
        }
        self.size != before
    }

    /// Keeps a change if the same promise is still broken.
    fn attempt(&mut self, change: impl FnOnce(&mut Size)) {
        let mut size = self.size.clone();
        change(&mut size);
        let options = size.options(self.reference);
        for seed in self.seed..self.seed + SEEDS {
            self.runs += 1;
            let outcome = once(seed, &options);
            if outcome.violation.as_ref().map(|v| v.promise) == Some(self.promise) {
                (self.seed, self.size, self.outcome) = (seed, size, outcome);
                return;
            }
        }
    }
}
