//! `demo`: a pair at work on loopback, without root, packages or network.
//!
//! Two servers of this very program, 500 simulated clients behind a relay, a power cut, and a verdict.

mod client;
mod conf;
mod crowd;
mod ledger;
mod member;
mod relay;
mod screen;
mod stage;
mod story;
mod timeline;
mod verdict;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use member::Member;
use stage::{Failure, PRIMARY, SECONDARY, Stage};
use verdict::Verdict;

/// What a shell says of a program that was interrupted.
const INTERRUPTED: u8 = 130;

/// Shows a failover pair at work: two servers on loopback, 500 simulated clients, and the primary killed in the
/// middle of it. Takes about half a minute, needs no root, and sends nothing to the network.
#[derive(Parser)]
#[command(name = "dhcp-failoverd demo", bin_name = "dhcp-failoverd demo")]
struct Arguments {
    /// Leave the pair running at the end.
    #[arg(long)]
    keep: bool,
}

/// Runs the demonstration; success only if all was well.
pub(crate) fn run(args: Vec<OsString>) -> ExitCode {
    let words = std::iter::once(OsString::from("demo")).chain(args);
    let arguments = Arguments::parse_from(words); // prints and exits by itself for --help and wrong usage
    let dir = match stage::directory() {
        Ok(dir) => dir,
        Err(error) => {
            eprintln!("no directory for the servers' files: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (code, keep_files) = perform(&dir, arguments.keep);
    if keep_files {
        eprintln!("Files and logs are in {}.", dir.display());
    } else {
        _ = std::fs::remove_dir_all(&dir); // it is in the temporary directory
    }
    code
}

/// The exit status, and whether the files are of use yet.
fn perform(dir: &Path, keep: bool) -> (ExitCode, bool) {
    let mut stage = match Stage::set(dir, story::CLIENTS.into()) {
        Ok(stage) => stage,
        Err(failure) => {
            eprintln!("{failure}");
            return (ExitCode::FAILURE, false);
        }
    };
    stage.screen.line(&format!(
        "Two servers of dhcp-failoverd on this machine's loopback, and {} simulated\n\
         clients behind a relay. Times are cut down: leases of {} s, an MCLT of {} s\n\
         (an hour is usual).",
        story::CLIENTS,
        conf::LEASE,
        conf::MCLT
    ));
    let played = story::play(&mut stage);
    stage.screen.clear();
    match played {
        Ok(verdict) => {
            let is_well = judge(&mut stage, &verdict);
            if keep {
                leave(&mut stage);
            } else {
                stage.members.iter_mut().for_each(Member::stop);
            }
            let code = if is_well {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
            (code, keep || !is_well)
        }
        Err(Failure::Interrupted) => {
            eprintln!("interrupted");
            (ExitCode::from(INTERRUPTED), false)
        }
        Err(failure) => {
            eprintln!("\nNOT WELL: {failure}");
            incidents(&stage);
            for line in stage.last_words() {
                eprintln!("{line}");
            }
            (ExitCode::FAILURE, true)
        }
    }
}

/// Shows what came of it, and says whether all was well.
fn judge(stage: &mut Stage, verdict: &Verdict) -> bool {
    stage.screen.line("");
    stage.screen.timeline();
    stage.screen.line("");
    for line in verdict.table() {
        stage.screen.line(&line);
    }
    let complaints = verdict.complaints();
    for complaint in &complaints {
        eprintln!("NOT WELL: {complaint}.");
    }
    if complaints.is_empty() {
        let seconds = stage.now().as_secs_f64();
        stage
            .screen
            .line(&format!("\nAll is well, after {seconds:.0} s."));
    }
    incidents(stage);
    complaints.is_empty()
}

/// Each thing that should not have happened to a client.
fn incidents(stage: &Stage) {
    for lost in stage.crowd.lost() {
        let at = lost.at.as_secs_f64();
        eprintln!(
            "{at:8.2} s  client {} lost {}: {:?}",
            lost.client, lost.address, lost.how
        );
    }
    for conflict in stage.crowd.ledger().conflicts() {
        let at = conflict.at.as_secs_f64();
        let (other, holder) = (conflict.other, conflict.holder);
        eprintln!(
            "{at:8.2} s  {} was given to client {other} while client {holder} held it",
            conflict.address
        );
    }
}

/// Leaves the pair running, and says how to talk to it.
fn leave(stage: &mut Stage) {
    let program = std::env::current_exe().unwrap_or_else(|_| "dhcp-failoverd".into());
    stage
        .screen
        .line("\nThe pair is still running. To talk to it:");
    let mut ids = Vec::new();
    for member in [PRIMARY, SECONDARY] {
        let control = stage.members[member].control();
        let command = format!(
            "{} status --control {}",
            program.display(),
            control.display()
        );
        stage.screen.line(&format!("  {command}"));
        ids.extend(stage.members[member].id().map(|id| id.to_string()));
        stage.members[member].leave_running();
    }
    stage
        .screen
        .line(&format!("To stop it:\n  kill {}", ids.join(" ")));
}
