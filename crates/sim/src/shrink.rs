//! Looks for a smaller run that fails in the same way.

use sim::{Fault, Faults, Options, Outcome, Trace};

use crate::arguments::Arguments;

/// Makes a failing seed smaller, and prints it as a line of `tests/found.txt`; says whether it passes after all.
pub(crate) fn run(seed: u64, arguments: &Arguments) -> bool {
    let outcome = once(seed, &arguments.options);
    let Some(violation) = &outcome.violation else {
        println!("seed {seed} keeps all promises");
        return true;
    };
    println!(
        "seed {seed}: {}: {}",
        violation.promise.name(),
        violation.what
    );
    let mut best = Best {
        seed,
        options: arguments.options.clone(),
        outcome,
        runs: 1,
    };
    // What one step makes possible may be what another one waits for.
    while best.pass() {}
    let violation = best.outcome.violation.as_ref();
    let what = violation.map_or("", |violation| violation.what.lines().next().unwrap_or(""));
    println!("after {} runs: {}\n", best.runs, best.outcome.scenario);
    println!("sim --seed {seed} {}", best.options);
    println!("\na line for crates/sim/tests/found.txt:");
    println!("{seed} {} # {what}", best.options);
    false
}

fn once(seed: u64, options: &Options) -> Outcome {
    sim::run(seed, options, Trace::new(None))
}

/// The smallest run so far.
struct Best {
    seed: u64,
    options: Options,
    outcome: Outcome,
    runs: u32,
}

impl Best {
    /// Tries each way once; says whether one helped.
    fn pass(&mut self) -> bool {
        let before = self.size();
        self.cut();
        for fault in Fault::ALL {
            if self.outcome.scenario.faults.has(fault) {
                self.attempt(|options, _| options.without.push(fault));
            }
        }
        let clients: u64 = self.outcome.scenario.clients.iter().sum();
        for fewer in [
            1,
            2,
            3,
            5,
            clients / 4,
            clients / 2,
            clients.saturating_sub(1),
        ] {
            if fewer > 0 && fewer < self.outcome.scenario.clients.iter().sum() {
                self.attempt(|options, _| options.clients = Some(fewer));
            }
        }
        let addresses = self.outcome.scenario.addresses.iter().copied().max();
        let addresses = addresses.unwrap_or(0);
        for fewer in [1, 2, 4, addresses / 2, addresses.saturating_sub(1)] {
            if fewer > 0 && fewer < addresses {
                self.attempt(|options, _| options.addresses = Some(fewer));
            }
        }
        for share in [8, 4, 2] {
            self.attempt(|options, duration| options.duration = Some(duration / share));
        }
        self.size() < before
    }

    /// Nothing after the violation matters.
    fn cut(&mut self) {
        let at = self.outcome.violation.as_ref().map_or(0, |v| v.at);
        if at < self.outcome.scenario.duration {
            self.attempt(|options, _| options.duration = Some(at / 1000 * 1000 + 1000));
        }
    }

    /// Keeps a change if the same promise is still broken, and not later.
    fn attempt(&mut self, change: impl FnOnce(&mut Options, u64)) {
        let mut options = self.options.clone();
        change(&mut options, self.outcome.scenario.duration);
        self.runs += 1;
        let outcome = once(self.seed, &options);
        let promise = |outcome: &Outcome| outcome.violation.as_ref().map(|v| v.promise);
        let candidate = Self {
            seed: self.seed,
            options,
            outcome,
            runs: self.runs,
        };
        if promise(&candidate.outcome) == promise(&self.outcome) && candidate.size() < self.size() {
            *self = candidate;
        }
    }

    fn size(&self) -> (usize, u64, u32, u64) {
        let scenario = &self.outcome.scenario;
        let is_on = |fault: &Fault| Faults::has(&scenario.faults, *fault);
        (
            Fault::ALL.iter().filter(|fault| is_on(fault)).count(),
            scenario.clients.iter().sum(),
            scenario.addresses.iter().sum(),
            scenario.duration,
        )
    }
}
