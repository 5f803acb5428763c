//! `drill`: the operator's own pair put through a failure, in virtual time and without touching the network.
//!
//! Both servers are the ones that ship, on the engine of the simulator; the numbers are what they did.

mod arguments;
mod conf;
mod course;
mod mirror;
mod pair;
mod plan;
mod record;
mod report;
mod span;
mod svg;
mod text;
mod witness;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::process::ExitCode;

use arguments::Arguments;
use report::Report;

/// Runs the drill, and prints what came of it.
pub(crate) fn run(args: Vec<OsString>) -> ExitCode {
    match perform(&Arguments::read(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: &Arguments) -> Result<(), String> {
    let ours = conf::read(&arguments.conf)?;
    let partners = arguments.peer_conf.as_deref().map(conf::read).transpose()?;
    let pairs = pair::pairs(&ours, partners.as_ref())?;
    let reports: Vec<Report> = pairs
        .iter()
        .map(|pair| Report::of(pair, arguments))
        .collect::<Result<_, _>>()?;
    if let Some(path) = &arguments.svg {
        std::fs::write(path, svg::draw(&reports))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if arguments.json {
        let json = serde_json::to_string_pretty(&reports)
            .map_err(|error| format!("can't be put into JSON: {error}"))?;
        println!("{json}");
    } else {
        let texts: Vec<String> = reports.iter().map(text::write).collect();
        print!("{}", texts.join("\n"));
    }
    Ok(())
}
