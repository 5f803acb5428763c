//! `sim`: runs seeds of the simulator.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    reason = "the command times itself; the simulated world has clocks of its own"
)]

mod judge;

use std::io::{BufWriter, stdout};
use std::process::ExitCode;
use std::time::Instant;

use sim::{HOUR, Options, Outcome, Tally, Trace, run};

const USAGE: &str = "\
usage: sim --seed N [options]      one run, printed line by line
       sim --seeds N [options]     many runs; ends with `N passed, N failed`
       sim judge FILE...           histories of live or simulated pairs: who held an address twice?
options:
  --from N          first seed of --seeds (0)
  --days N          length of the part with faults (a few hours, by the seed)
  --hours N         the same in hours
  --clients N       number of clients (1 to 40, by the seed)
  --without CLASS   leaves a class of faults out; may be repeated
  --reference       the scenario that speed is measured on: 50 clients, leases of 8 h, MCLT 1 h
  --quiet           with --seed: only the result";

#[derive(Default)]
struct Arguments {
    seed: Option<u64>,
    seeds: Option<u64>,
    from: u64,
    quiet: bool,
    options: Options,
}

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|word| word == "judge") {
        return judge::run(std::env::args().skip(2));
    }
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("sim: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let passed = match (arguments.seed, arguments.seeds) {
        (Some(seed), _) => one(seed, &arguments),
        (None, Some(seeds)) => many(seeds, &arguments),
        (None, None) => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
        let number = |text: String| {
            text.parse::<u64>()
                .map_err(|error| format!("{word}: {text}: {error}"))
        };
        let options = &mut arguments.options;
        match word.as_str() {
            "--seed" => arguments.seed = Some(number(value()?)?),
            "--seeds" => arguments.seeds = Some(number(value()?)?),
            "--from" => arguments.from = number(value()?)?,
            "--days" => options.duration = Some(number(value()?)?.saturating_mul(24 * HOUR)),
            "--hours" => options.duration = Some(number(value()?)?.saturating_mul(HOUR)),
            "--clients" => options.clients = Some(number(value()?)?.min(10_000)),
            "--without" => options.without.push(value()?.parse()?),
            "--reference" => options.reference = true,
            "--quiet" => arguments.quiet = true,
            _ => return Err(format!("unknown argument {word}")),
        }
    }
    Ok(arguments)
}

fn one(seed: u64, arguments: &Arguments) -> bool {
    let begun = Instant::now();
    let trace = match arguments.quiet {
        true => Trace::new(None),
        false => Trace::new(Some(Box::new(BufWriter::new(stdout())))),
    };
    let outcome = run(seed, &arguments.options, trace);
    println!("{} (trace {:016x})", outcome.tally, outcome.hash);
    speed(&outcome.tally, begun);
    report(&outcome);
    outcome.violation.is_none()
}

fn many(seeds: u64, arguments: &Arguments) -> bool {
    let begun = Instant::now();
    let mut tally = Tally::default();
    let mut failed = 0;
    for seed in arguments.from..arguments.from.saturating_add(seeds) {
        let outcome = run(seed, &arguments.options, Trace::new(None));
        tally.add(&outcome.tally);
        if outcome.violation.is_some() {
            failed += 1;
            report(&outcome);
        }
    }
    println!("{tally}");
    speed(&tally, begun);
    println!("{} passed, {failed} failed", seeds - failed);
    failed == 0
}

fn report(outcome: &Outcome) {
    if let Some(violation) = &outcome.violation {
        println!(
            "seed {} failed after {} s: {}\n  {}",
            outcome.scenario.seed,
            violation.at / 1000,
            violation.what,
            outcome.scenario
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn speed(tally: &Tally, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{:.1} s: {:.0} events/s, {:.0} simulated hours/s",
        seconds,
        tally.events as f64 / seconds,
        tally.millis as f64 / HOUR as f64 / seconds
    );
}
