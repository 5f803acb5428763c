//! Seeds: those that once failed, and a batch of others.

use sim::{HOUR, Options, Trace, run};

/// Seeds that found something once, and what.
const REGRESSIONS: &[(u64, &str)] = &[
    (
        0,
        "what was sent to the partner was forgotten over a restart",
    ),
    (
        5,
        "what was sent to the partner was forgotten over a restart",
    ),
    (2, "a clean stop forgot what was sent"),
    (24, "record numbers after a rewrite"),
];

/// Seeds of the batch, unless `SIM_SEEDS` says otherwise.
const BATCH: u64 = 200;
/// The batch comes after the seeds above.
const FIRST: u64 = 10_000;

fn check(seeds: impl IntoIterator<Item = u64>) {
    let mut failures = Vec::new();
    for seed in seeds {
        let outcome = run(seed, &Options::default(), Trace::new(None));
        if let Some(violation) = outcome.violation {
            let after = violation.at / 1000;
            failures.push(format!(
                "seed {seed} after {after} s: {}\n  {}",
                violation.what, outcome.scenario
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} seeds failed\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn seeds_that_once_failed() {
    check(REGRESSIONS.iter().map(|(seed, _)| *seed));
}

#[test]
fn a_batch_of_seeds() {
    let batch = std::env::var("SIM_SEEDS")
        .ok()
        .map_or(BATCH, |text| text.parse().expect("SIM_SEEDS is a number"));
    check(FIRST..FIRST + batch);
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    let options = Options {
        duration: Some(2 * HOUR),
        ..Options::default()
    };
    for seed in [0, 8, 21] {
        let hashes = [(); 2].map(|()| run(seed, &options, Trace::new(None)).hash);
        assert_eq!(hashes[0], hashes[1], "seed {seed}");
    }
}
