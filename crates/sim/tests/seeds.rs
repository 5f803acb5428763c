//! Seeds: those that once failed, and a batch of others.

use sim::{Fault, HOUR, Options, Trace, run};

/// Runs that failed once, as `sim --shrink` writes them: the seed, its options, and behind `#` what it found.
const FOUND: &str = include_str!("found.txt");
/// Classes of faults that there were when the seeds below failed.
const OLD_CLASSES: usize = 14;

/// Seeds that found something once, and what.
const REGRESSIONS: &[(u64, &str)] = &[
    (0, "what was sent to the partner was forgotten in a crash"),
    (2, "and in a clean stop"),
    (
        78,
        "a recovering primary refused what its partner had leased alone",
    ),
    (122, "a server that serves nobody ended a client's lease"),
    (
        317,
        "a recovering primary refused what its partner had freed",
    ),
    (
        522,
        "a declined address was reclaimed while a client held it",
    ),
    (
        652,
        "a lease was over up to a second early, by the partner's clock",
    ),
    (
        796,
        "a lease that was confirmed but not renewed was taken for the older one",
    ),
    (802, "a lease was over up to a second early after a restart"),
    (836, "as 78"),
    (913, "as 317"),
    (996, "both servers took an address for theirs"),
    (
        1171,
        "a release by a clock ahead ended a renewal that came later",
    ),
    (
        1479,
        "what the partner hadn't heard of was taken for acknowledged",
    ),
    (
        2184,
        "a declined address was given out while the partner had a tenant for it",
    ),
    (101_011, "as 2184"),
    (
        105_685,
        "updates that crossed left each server with what the other had given up",
    ),
    (
        111_148,
        "an address handed back unheard was forgotten over a clean stop",
    ),
];

/// Seeds of the batch, unless `SIM_SEEDS` says otherwise.
const BATCH: u64 = 200;
/// The batch comes after the seeds above.
const FIRST: u64 = 10_000;

fn check(seeds: impl IntoIterator<Item = (u64, Options)>) {
    let mut failures = Vec::new();
    for (seed, options) in seeds {
        let outcome = run(seed, &options, Trace::new(None));
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
    let options = Options {
        without: Fault::ALL[OLD_CLASSES..].to_vec(),
        ..Options::default()
    };
    check(REGRESSIONS.iter().map(|(seed, _)| (*seed, options.clone())));
}

#[test]
fn runs_that_were_found_and_shrunk() {
    let runs = FOUND
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let runs = runs.filter(|line| !line.is_empty()).map(|line| {
        let (seed, options) = line.split_once(' ').unwrap_or((line, ""));
        let seed = seed.parse().expect("a line begins with a seed");
        let options = Options::parse(options).unwrap_or_else(|error| panic!("{line}: {error}"));
        (seed, options)
    });
    check(runs);
}

#[test]
fn a_batch_of_seeds() {
    let batch = std::env::var("SIM_SEEDS")
        .ok()
        .map_or(BATCH, |text| text.parse().expect("SIM_SEEDS is a number"));
    check((FIRST..FIRST + batch).map(|seed| (seed, Options::default())));
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
