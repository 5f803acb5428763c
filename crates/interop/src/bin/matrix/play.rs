//! Runs scenarios, several at a time.

use std::any::Any;
use std::collections::VecDeque;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use interop::binary;

use crate::outcome::Outcome;
use crate::pair::Pair;
use crate::pulse::Pulse;
use crate::reference::Expected;
use crate::scenarios::Scenario;
use crate::stage::{CAPTURE, Stage};
use crate::verdict::judge;

/// A run that is over.
#[derive(Clone)]
pub(crate) struct Played {
    pub(crate) scenario: &'static Scenario,
    pub(crate) pair: Pair,
    pub(crate) outcome: std::sync::Arc<Outcome>,
    /// What is wrong; empty if it passed.
    pub(crate) wrong: Vec<String>,
    pub(crate) took: Duration,
}

/// First letters of the names of the threads whose panics are results.
const THREAD: &str = "matrix";

/// How often a run is tried that fails while the machine stands still.
const TRIES: u32 = 3;

/// Runs all, `jobs` at a time and the longest first; answers them in the order given. Files go under `folder`, and those
/// of failed runs stay there; all do if `keep`. With nothing `expected`, whatever comes to its end passes.
pub(crate) fn play_all(
    runs: Vec<(&'static Scenario, Pair)>,
    expected: Option<&Expected>,
    jobs: usize,
    folder: &Path,
    keep: bool,
) -> Vec<Played> {
    silence_panics();
    let total = runs.len();
    let mut queue: Vec<_> = runs.into_iter().enumerate().collect();
    queue.sort_by_key(|(_, (scenario, _))| std::cmp::Reverse(scenario.seconds));
    let queue = Mutex::new(VecDeque::from(queue));
    let done = Mutex::new(Vec::new());
    let pulse = Pulse::default();
    let work = || {
        loop {
            // In a statement of its own, so that the lock is let go.
            let next = lock(&queue).pop_front();
            let Some((index, (scenario, pair))) = next else {
                break;
            };
            let played = play_soundly(scenario, pair, expected, folder, keep, &pulse);
            let mut done = lock(&done);
            done.push((index, played.clone()));
            say(&played, done.len(), total);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| pulse.beat(folder));
        let mut workers = Vec::new();
        for job in 0..jobs.clamp(1, total.max(1)) {
            let name = format!("{THREAD} {job}");
            let worker = std::thread::Builder::new()
                .name(name)
                .spawn_scoped(scope, work)
                .unwrap_or_else(|error| panic!("no thread: {error}"));
            workers.push(worker);
        }
        let ends: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        pulse.stop();
        // One outside of any run.
        if let Some(panic) = ends.into_iter().find_map(Result::err) {
            std::panic::resume_unwind(panic);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, played)| played).collect()
}

/// What breaks off a run is told with its result.
fn silence_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        if !thread.name().is_some_and(|name| name.starts_with(THREAD)) {
            usual(panic);
        }
    }));
}

/// A run, and another one if it fails on a machine that stood still meanwhile.
fn play_soundly(
    scenario: &'static Scenario,
    pair: Pair,
    expected: Option<&Expected>,
    folder: &Path,
    keep: bool,
    pulse: &Pulse,
) -> Played {
    let mut tries = 1;
    loop {
        let begin = Instant::now();
        let played = play(scenario, pair, expected, folder, keep);
        let sound = played.wrong.is_empty() || !pulse.missed_since(begin);
        if sound || tries == TRIES {
            return played;
        }
        println!(
            "        {:5} {pair}: once more, the machine stood still",
            scenario.name
        );
        tries += 1;
    }
}

fn play(
    scenario: &'static Scenario,
    pair: Pair,
    expected: Option<&Expected>,
    folder: &Path,
    keep: bool,
) -> Played {
    let begin = Instant::now();
    let run = catch_unwind(AssertUnwindSafe(|| {
        let mut stage = Stage::new(scenario.name, pair, scenario.setup, folder);
        let broken = catch_unwind(AssertUnwindSafe(|| (scenario.run)(&mut stage)));
        let outcome = stage.finish(broken.err().map(message));
        let wrong = match expected {
            Some(expected) => judge(expected, scenario.name, pair, &outcome),
            None => outcome
                .broken
                .iter()
                .chain(&outcome.died)
                .cloned()
                .collect(),
        };
        if keep || !wrong.is_empty() {
            stage.lab.keep();
            explain(&stage.folder(), &outcome, &wrong);
        }
        (outcome, wrong)
    }));
    let (outcome, wrong) = run.unwrap_or_else(|panic| {
        let broken = Some(message(panic));
        let outcome = Outcome {
            broken,
            ..Outcome::default()
        };
        let wrong = outcome.broken.iter().cloned().collect();
        (outcome, wrong)
    });
    Played {
        scenario,
        pair,
        outcome: outcome.into(),
        wrong,
        took: begin.elapsed(),
    }
}

/// Leaves in `folder` what is known of a run: all that was noted, and the failover traffic in words.
fn explain(folder: &Path, outcome: &Outcome, wrong: &[String]) {
    let write = |name: &str, text: &[u8]| {
        let file = folder.join(name);
        fs::write(&file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    };
    write("outcome", format!("{outcome:#?}\n{wrong:#?}\n").as_bytes());
    let mut command = Command::new(binary());
    command.arg("decode").arg(folder.join(CAPTURE));
    let words = command.output();
    let words = words.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    write("failover.txt", &words.stdout);
}

fn message(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic
            .downcast_ref::<&str>()
            .map_or("a panic", |text| text)
            .into(),
    }
}

/// One line, and more about a failure.
fn say(played: &Played, number: usize, total: usize) {
    let Played {
        scenario,
        pair,
        outcome,
        wrong,
        took,
    } = played;
    let verdict = if wrong.is_empty() { "ok" } else { "FAILED" };
    let (asked, served) = outcome.dora();
    println!(
        "{number:3}/{total} {:5} {pair:9} {verdict:6} {:3} s, served {served}/{asked}: {}",
        scenario.name,
        took.as_secs(),
        scenario.what
    );
    for wrong in wrong {
        println!("    {}", wrong.replace('\n', "\n      "));
    }
    if !wrong.is_empty() {
        println!("    files: {}", outcome.folder.display());
    }
}

/// A run that panicked has broken nothing here.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
