//! Command line of the exhaustive check.

#![allow(clippy::disallowed_methods, reason = "says how long a run took")]

use std::process::ExitCode;
use std::time::Instant;

use check::{Limits, Report, Run, Setting, quick, search};
use clap::Parser;

/// Looks at every state that a failover pair can get into, and says where two clients hold one
/// address, or the code panics.
#[derive(Parser, Debug)]
struct Arguments {
    /// The runs that belong to every change: a minute or so.
    #[arg(long, conflicts_with = "mutants")]
    quick: bool,
    /// Each rule switched off in turn: each has to be missed. Needs a build with
    /// RUSTFLAGS="--cfg mutants".
    #[arg(long)]
    mutants: bool,
    /// Only the mutant whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Clients, 1 to 3.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=3))]
    clients: u8,
    /// Addresses, 1 or 2; two for two clients at most.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    addresses: u8,
    /// Crashes of both servers together, at most 3.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=3))]
    crashes: u8,
    /// How many of them may lose the disk.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=3))]
    losses: u8,
    /// Lease length, units of time.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    lease: u32,
    /// MCLT, units of time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=8))]
    mclt: u32,
    /// Clients act only while fewer messages than this are under way.
    #[arg(long, default_value_t = 2)]
    window: u8,
    /// Greatest number of steps.
    #[arg(long, default_value_t = u32::MAX)]
    depth: u32,
    /// Greatest number of states.
    #[arg(long, default_value_t = u32::MAX)]
    states: u32,
    /// Messages arrive before time passes.
    #[arg(long)]
    prompt: bool,
    /// The link is never cut.
    #[arg(long)]
    no_cuts: bool,
    /// Both ends notice a cut at once.
    #[arg(long)]
    no_half_open: bool,
    /// No client releases.
    #[arg(long)]
    no_release: bool,
    /// No client declines.
    #[arg(long)]
    no_decline: bool,
    /// No young lease is repeated.
    #[arg(long)]
    no_reuse: bool,
    /// No operator.
    #[arg(long)]
    no_operator: bool,
    /// Also: from every state, without further faults, back to NORMAL.
    #[arg(long)]
    liveness: bool,
}

impl Arguments {
    fn run(&self) -> Run {
        let setting = Setting {
            clients: self.clients,
            addresses: self.addresses,
            crashes: self.crashes,
            losses: self.losses,
            lease: self.lease,
            mclt: self.mclt,
            window: self.window,
            prompt: self.prompt,
            cuts: !self.no_cuts,
            half_open: !self.no_half_open,
            release: !self.no_release,
            decline: !self.no_decline,
            reuse: !self.no_reuse,
            operator: !self.no_operator,
            ..Setting::default()
        };
        let limits = Limits {
            depth: self.depth,
            states: self.states,
            liveness: self.liveness,
        };
        Run {
            name: "as asked",
            setting,
            limits,
            complete: false,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.addresses > 1 && arguments.clients > 2 {
        eprintln!("check: two addresses are for two clients at most");
        return ExitCode::from(2);
    }
    // A panic is a finding, and is shown as one.
    std::panic::set_hook(Box::new(|_| {}));
    let failed = if arguments.mutants {
        mutants(arguments.only.as_deref())
    } else if arguments.quick {
        runs(&quick(), false)
    } else {
        runs(&[arguments.run()], true)
    };
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Runs them, and prints what came of each; how many failed.
fn runs(runs: &[Run], progress: bool) -> usize {
    let mut failed = 0;
    for run in runs {
        let begun = Instant::now();
        let report = search(&run.setting, run.limits, |depth, states| {
            if progress {
                eprintln!(
                    "depth {depth}: {states} states, {:.0} s",
                    begun.elapsed().as_secs_f64()
                );
            }
        });
        println!(
            "{}: {}, {:.1} s",
            run.name,
            figures(&report),
            begun.elapsed().as_secs_f64()
        );
        if let Some((broken, way)) = &report.broken {
            way.iter().for_each(|line| println!("{line}"));
            println!("{broken:?}");
        }
        let incomplete = run.complete && !report.complete;
        failed += usize::from(report.broken.is_some() || incomplete);
    }
    println!("{} passed, {failed} failed", runs.len() - failed);
    failed
}

fn figures(report: &Report) -> String {
    let extent = if report.complete {
        format!("complete, {} steps deep", report.depth)
    } else {
        format!("to {} steps", report.depth)
    };
    format!(
        "{} states, {} transitions, {extent}",
        report.states, report.steps
    )
}

#[cfg(not(mutants))]
fn mutants(_: Option<&str>) -> usize {
    eprintln!("check: this build has no mutants: RUSTFLAGS=\"--cfg mutants\"");
    println!("0 passed, 1 failed");
    1
}

/// Runs them, and prints where each was found; how many weren't.
#[cfg(mutants)]
fn mutants(only: Option<&str>) -> usize {
    use check::{Missing, mutants};
    let all = mutants();
    let chosen = all
        .iter()
        .filter(|m| only.is_none_or(|only| m.name.contains(only)));
    let (mut passed, mut failed) = (0, 0);
    println!(
        "{:<38} {:>6} {:>9} {:>7}",
        "without", "steps", "states", "s"
    );
    for mutant in chosen {
        let begun = Instant::now();
        let rule = match mutant.missing {
            Missing::Rule(rule) => Some(rule),
            Missing::Assumption(_) => None,
        };
        dhcp_failover::mutant::switch_off(rule);
        let limits = Limits {
            depth: u32::MAX,
            states: mutant.within,
            liveness: false,
        };
        let report = search(&mutant.setting, limits, |_, _| {});
        let found = report.broken.is_some();
        let steps = if found {
            (report.depth + 1).to_string()
        } else {
            "-".to_owned()
        };
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "{:<38} {steps:>6} {:>9} {seconds:>7.1}",
            mutant.name, report.states
        );
        passed += usize::from(found);
        failed += usize::from(!found);
    }
    dhcp_failover::mutant::switch_off(None);
    println!("{passed} passed, {failed} failed");
    failed
}
