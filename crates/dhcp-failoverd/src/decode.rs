//! `decode`: captured failover traffic in plain words, one line a message.
//!
//! Packets, from a capture file or from an interface, become segments (`packet`), segments become streams (`half`),
//! streams are cut into messages (`framing`), and what is seen of a connection is a list of events, printed as text
//! or as JSON. Whatever the bytes are, nothing ends the reading but the end of the file.

mod connection;
mod event;
mod file;
mod filter;
mod framing;
mod half;
mod hex;
mod json;
mod live;
mod packet;
mod patient;
mod printer;
mod stamp;
mod text;
mod tracker;
mod updates;
mod words;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use file::FileError;
use printer::Printer;
use tracker::Tracker;

/// Ports on the command line: a jump in the kernel's filter is at most 255 instructions long, and each takes two.
const MAX_PORTS: usize = 100;

/// Explains captured failover traffic, one line a message: who said what to whom, about which lease, and whether it
/// was accepted. Times are UTC.
#[derive(Parser)]
#[command(name = "dhcp-failoverd decode", bin_name = "dhcp-failoverd decode")]
struct Arguments {
    /// Capture file, pcap or pcapng; - for standard input.
    #[arg(value_name = "FILE", required_unless_present = "live")]
    file: Option<PathBuf>,
    /// Capture on this interface until interrupted.
    #[arg(long, value_name = "IFACE", conflicts_with = "file")]
    live: Option<String>,
    /// One JSON object a line, with every option and the bytes.
    #[arg(long)]
    json: bool,
    /// A port of failover besides 647 and 847; may be repeated. In a file other connections count too if they begin
    /// with CONNECT.
    #[arg(long, value_name = "PORT")]
    port: Vec<u16>,
    /// End after so many messages.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// Decodes as told by the words behind `decode`; success if everything could be read.
pub(crate) fn run(args: Vec<OsString>) -> ExitCode {
    let words = std::iter::once(OsString::from("decode")).chain(args);
    let arguments = Arguments::parse_from(words); // prints and exits by itself for --help and wrong usage
    if arguments.port.len() > MAX_PORTS {
        eprintln!("at most {MAX_PORTS} ports");
        return ExitCode::FAILURE;
    }
    let out = BufWriter::new(io::stdout());
    let limit = arguments.count.unwrap_or(u64::MAX);
    let mut printer = Printer::new(out, arguments.json, limit);
    let mut tracker = Tracker::new(&arguments.port);
    let result = match (&arguments.live, &arguments.file) {
        (Some(interface), _) => live::run(interface, &arguments.port, &mut tracker, &mut printer)
            .map_err(|error| error.to_string()),
        (None, Some(file)) => read(file, &mut tracker, &mut printer),
        (None, None) => unreachable!("clap asks for one of them"),
    };
    let mut events = Vec::new();
    tracker.finish(&mut events);
    printer.finish(events);
    match result {
        Ok(()) => {
            if printer.messages() == 0 {
                eprintln!("no failover messages on the ports 647 and 847; --port adds others");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Decodes a capture file.
fn read(
    file: &Path,
    tracker: &mut Tracker,
    printer: &mut Printer<impl Write>,
) -> Result<(), String> {
    let of_the_file = |error: &dyn fmt::Display| format!("{}: {error}", file.display());
    if file == Path::new("-") {
        return explain(io::stdin(), tracker, printer).map_err(|error| of_the_file(&error));
    }
    let input = File::open(file).map_err(|error| of_the_file(&error))?;
    explain(input, tracker, printer).map_err(|error| of_the_file(&error))
}

/// Decodes what is read from a capture file.
fn explain(
    input: impl Read + Send,
    tracker: &mut Tracker,
    printer: &mut Printer<impl Write>,
) -> Result<(), FileError> {
    let mut events = Vec::new();
    file::read(input, |time, link, bytes| {
        tracker.packet(time, link, bytes, &mut events);
        printer.print(events.drain(..))
    })
}
