//! Many seeds: on several threads, over several sittings.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io, thread};

use serde::{Deserialize, Serialize};
use sim::{Outcome, Trace};

use crate::arguments::Arguments;
use crate::coverage;
use crate::stopwatch::Stopwatch;
use crate::totals::Totals;

/// Seeds between two savings, for each job.
const CHUNK: u64 = 2;

/// How far a batch has come.
#[derive(Debug, Serialize, Deserialize)]
struct Progress {
    /// What the runs are about: a file is only good for these options.
    options: String,
    first: u64,
    /// The first seed that hasn't been run.
    next: u64,
    totals: Totals,
}

/// Runs so many seeds, or what is left of them; says whether all kept their promises.
pub(crate) fn run(seeds: u64, arguments: &Arguments) -> Result<bool, String> {
    let stopwatch = Stopwatch::start();
    let mut progress = load(arguments)?;
    let end = progress.first.saturating_add(seeds);
    let jobs = match arguments.jobs {
        Some(jobs) => jobs,
        None => thread::available_parallelism().map_or(1, usize::from),
    };
    let before = progress.totals.seconds;
    let mut now = Totals::default();
    while progress.next < end {
        let chunk = progress.next..end.min(progress.next + CHUNK * jobs as u64);
        progress.next = chunk.end;
        for outcome in parallel(chunk, jobs, arguments) {
            report(&outcome);
            progress.totals.add(&outcome);
            now.add(&outcome);
        }
        progress.totals.seconds = before + stopwatch.seconds();
        save(&progress, arguments)?;
    }
    let totals = &progress.totals;
    println!("{totals}");
    println!("{}", stopwatch.speed(&now));
    let covered = !arguments.coverage || coverage::check(totals);
    println!("{} passed, {} failed", totals.passed, totals.failed.len());
    Ok(totals.failed.is_empty() && covered)
}

/// In order of the seeds, whatever the threads do.
fn parallel(seeds: core::ops::Range<u64>, jobs: usize, arguments: &Arguments) -> Vec<Outcome> {
    let next = AtomicU64::new(seeds.start);
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let outcome = run_one(seed, arguments);
                    outcomes
                        .lock()
                        .expect("no run panics with the lock")
                        .push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("no run panics with the lock");
    outcomes.sort_by_key(|outcome| outcome.scenario.seed);
    outcomes
}

fn run_one(seed: u64, arguments: &Arguments) -> Outcome {
    sim::run(seed, &arguments.options, Trace::new(None))
}

fn report(outcome: &Outcome) {
    if let Some(violation) = &outcome.violation {
        println!(
            "seed {} failed after {} s: {}: {}\n  {}",
            outcome.scenario.seed,
            violation.at / 1000,
            violation.promise.name(),
            violation.what,
            outcome.scenario
        );
    }
}

fn load(arguments: &Arguments) -> Result<Progress, String> {
    let options = format!("{:?}", arguments.options);
    let fresh = Progress {
        options: options.clone(),
        first: arguments.from,
        next: arguments.from,
        totals: Totals::default(),
    };
    let Some(path) = &arguments.resume else {
        return Ok(fresh);
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(fresh),
        Err(error) => return Err(format!("{path}: {error}")),
    };
    let progress: Progress =
        serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    if progress.options != options || progress.first != arguments.from {
        return Err(format!(
            "{path}: of a batch from {} with {}",
            progress.first, progress.options
        ));
    }
    Ok(progress)
}

/// The old file stays until the new one is whole.
fn save(progress: &Progress, arguments: &Arguments) -> Result<(), String> {
    let Some(path) = &arguments.resume else {
        return Ok(());
    };
    let text = serde_json::to_string_pretty(progress).map_err(|error| error.to_string())?;
    let new = format!("{path}.new");
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, path))
        .map_err(|error| format!("{path}: {error}"))
}
