//! Pairs of servers, ours and ISC dhcpd, through every scenario of failover.
//!
//! ```text
//! cargo build -p dhcp-failoverd
//! sudo cargo run -p interop --bin matrix -- --only S4,S5b --pair ours-isc
//! ```
//!
//! Each scenario has a lab of its own; several run side by side, for they mostly wait. What comes of each is compared
//! with what two dhcpd do, `reference.tsv`: states, clients served, equal lease files, no address twice, no message that
//! tshark can't read, no flood.

mod answers;
mod finish;
mod outcome;
mod pair;
mod play;
mod probe;
mod pulse;
mod reference;
mod report;
mod scenarios;
mod setup;
mod stage;
mod verdict;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::pair::Pair;
use crate::play::{Played, play_all};
use crate::reference::Expected;
use crate::scenarios::Scenario;

#[derive(Parser)]
#[command(about = "Mixed and pure failover pairs through every scenario")]
struct Options {
    /// Only some of the scenarios, at least one of each family.
    #[arg(long)]
    quick: bool,
    /// These scenarios: S4,S5b
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// These pairs, primary first.
    #[arg(long, value_delimiter = ',', default_value = "ours-isc,isc-ours")]
    pair: Vec<Pair>,
    /// Labs at a time: they mostly wait.
    #[arg(long, default_value_t = 10)]
    jobs: usize,
    /// How often each is run.
    #[arg(long, default_value_t = 1)]
    times: u32,
    /// Where the files of the runs go; those of failed ones stay.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
    /// The files of all runs stay.
    #[arg(long)]
    keep: bool,
    /// Writes the results as a document.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Adds what isc-isc did to the reference.
    #[arg(long)]
    record: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let chosen: Vec<&Scenario> = scenarios::all()
        .filter(|scenario| options.wants(scenario))
        .collect();
    if let Some(unknown) = options.unknown() {
        eprintln!("there is no scenario {unknown}");
        return ExitCode::FAILURE;
    }
    let mut expected = Expected::load();
    let mut runs = Vec::new();
    for _ in 0..options.times {
        for scenario in &chosen {
            runs.extend(options.pair.iter().map(|pair| (*scenario, *pair)));
        }
    }
    let judged = (!options.record).then_some(&expected);
    let played = play_all(runs, judged, options.jobs, &options.dir, options.keep);
    if options.record {
        record(&mut expected, &played);
    }
    if let Some(file) = &options.write {
        let text = report::document(&expected, &options.pair, &played);
        std::fs::write(file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    let failed = played.iter().filter(|run| !run.wrong.is_empty()).count();
    println!("{} passed, {failed} failed", played.len() - failed);
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Options {
    fn wants(&self, scenario: &Scenario) -> bool {
        let named = self.only.is_empty() || self.only.iter().any(|name| name == scenario.name);
        named && (scenario.quick || !self.quick)
    }

    fn unknown(&self) -> Option<&String> {
        self.only
            .iter()
            .find(|name| scenarios::all().all(|scenario| scenario.name != **name))
    }
}

/// Adds the runs of two dhcpd that came to their end to the recorded file.
fn record(expected: &mut Expected, played: &[Played]) {
    let of_reference = played
        .iter()
        .filter(|run| run.pair == Pair::REFERENCE && run.outcome.broken.is_none())
        .filter(|run| run.outcome.probed.is_none());
    for run in of_reference {
        let reference = expected.references.entry(run.scenario.name.into());
        reference.or_default().add(&run.outcome);
    }
    std::fs::write(reference::FILE, expected.recorded())
        .unwrap_or_else(|error| panic!("{}: {error}", reference::FILE));
}
