//! `sim`: runs seeds of the simulator.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    reason = "the command times itself; the simulated world has clocks of its own"
)]

mod arguments;
mod batch;
mod coverage;
mod explain;
mod judge;
mod shrink;
mod stopwatch;
mod totals;

use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::process::ExitCode;

use sim::{Trace, run_recorded};

use arguments::{Arguments, Task};
use stopwatch::Stopwatch;
use totals::Totals;

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("sim: {error}\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    let passed = match &arguments.task {
        Task::Judge(files) => Ok(judge::run(files)),
        Task::One(seed) if arguments.shrink => Ok(shrink::run(*seed, &arguments)),
        Task::One(seed) if arguments.explain => Ok(explain::run(*seed, &arguments)),
        Task::One(seed) => one(*seed, &arguments),
        Task::Many(seeds) => batch::run(*seeds, &arguments),
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("sim: {error}");
            ExitCode::from(2)
        }
    }
}

fn one(seed: u64, arguments: &Arguments) -> Result<bool, String> {
    let stopwatch = Stopwatch::start();
    let trace = match arguments.quiet {
        true => Trace::new(None),
        false => Trace::new(Some(Box::new(BufWriter::new(stdout())))),
    };
    let history = match &arguments.history {
        None => None,
        Some(path) => {
            let file = File::create(path).map_err(|error| format!("{path}: {error}"))?;
            Some(Box::new(BufWriter::new(file)) as Box<dyn Write>)
        }
    };
    let outcome = run_recorded(seed, &arguments.options, trace, history);
    let mut totals = Totals::default();
    totals.add(&outcome);
    println!("{totals} (trace {:016x})", outcome.hash);
    println!("{}", stopwatch.speed(&totals));
    Ok(outcome.violation.is_none())
}
