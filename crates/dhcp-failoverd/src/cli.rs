//! The command line: dhcpd's own flags, or one of our subcommands.
//!
//! dhcpd's options are long words behind a single dash (`-cf FILE`), which no option parser of the GNU kind reads,
//! so they are read by hand here; the subcommands are ordinary and clap reads them.

mod ask;
mod server;

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) use ask::Question;
pub(crate) use server::{Options, Test};

/// Shown for `--help` and after a wrong option.
pub(crate) const USAGE: &str = "\
Usage: dhcp-failoverd [-p <UDP port #>] [-f] [-d] [-q] [-t|-T]
             [-4] [-cf config-file] [-lf lease-file]
             [-pf pid-file] [--no-pid] [-user user] [-group group]
             [-s server] [--control socket]
             [--wait-for-contact] [--trust-clock]
             [if0 [...ifN]]
       dhcp-failoverd status [--json | --line PEER] [--control socket]
       dhcp-failoverd partner-down PEER [--force] [--control socket]
       dhcp-failoverd set-state PEER STATE [--control socket]
       dhcp-failoverd decode FILE.pcap | --live IFACE [--json]
             [--port N] [--count N]
       dhcp-failoverd drill [-cf config-file] [--peer-conf FILE]
             [--kill primary|secondary|link] [--help]
       dhcp-failoverd check A.conf [B.conf] [--json]
       dhcp-failoverd explain [-cf CONF] --mac MAC [--help]
       dhcp-failoverd demo [--help]
       dhcp-failoverd {--version|--help|-h}";

/// What to do.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// Be a server, or test the files of one.
    Serve(Options),
    /// Ask a running server.
    Ask {
        /// Its control socket.
        control: PathBuf,
        /// What to ask.
        question: Question,
    },
    /// Show a pair at work; the arguments behind the word.
    Demo(Vec<OsString>),
    /// Explain captured failover traffic; likewise.
    Decode(Vec<OsString>),
    /// Simulate a failure of the pair that a configuration describes; likewise.
    Drill(Vec<OsString>),
    /// Check configurations; likewise.
    Check(Vec<OsString>),
    /// Explain what a client would get; likewise.
    Explain(Vec<OsString>),
    /// Print this and end.
    Print(String),
}

/// A command line that can't be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    /// No such option.
    #[error("Unknown command {0}")]
    Unknown(String),
    /// The last word is an option that wants a value.
    #[error("No argument for command: {0}")]
    NoValue(String),
    /// The value can't be.
    #[error("{0}")]
    BadValue(String),
    /// dhcpd has it and this server doesn't.
    #[error("{0} is not supported: {1}")]
    Unsupported(&'static str, &'static str),
}

/// Reads the words behind the program's name.
pub(crate) fn parse(args: Vec<OsString>) -> Result<Invocation, UsageError> {
    match args.first().and_then(|word| word.to_str()) {
        Some("demo") => return Ok(Invocation::Demo(args[1..].to_vec())),
        Some("explain") => return Ok(Invocation::Explain(args[1..].to_vec())),
        Some("check") => return Ok(Invocation::Check(args[1..].to_vec())),
        Some("decode") => return Ok(Invocation::Decode(args[1..].to_vec())),
        Some("drill") => return Ok(Invocation::Drill(args[1..].to_vec())),
        Some("status" | "partner-down" | "set-state") => return Ok(ask::parse(args)),
        _ => {}
    }
    let mut words = Vec::with_capacity(args.len());
    for word in args {
        match word.into_string() {
            Ok(word) => words.push(word),
            Err(word) => return Err(UsageError::Unknown(word.display().to_string())),
        }
    }
    server::parse(words)
}

/// Name and version.
pub(crate) fn version() -> String {
    format!("dhcp-failoverd {}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn subcommands() {
        let asked = |line: &str| match parse(line.split_whitespace().map(OsString::from).collect())
        {
            Ok(Invocation::Ask { control, question }) => (control, question),
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(asked("status"), (ask::CONTROL.into(), Question::Status));
        assert_eq!(asked("status --json --control /x").0, Path::new("/x"));
        assert_eq!(
            asked("status --socket /x --line lab"),
            ("/x".into(), Question::StatusLine("lab".into()))
        );
        let force = Question::PartnerDown {
            name: "lab".into(),
            force: true,
        };
        assert_eq!(asked("partner-down lab --force").1, force);
        let set = Question::SetState {
            name: "lab".into(),
            state: "4".into(),
        };
        assert_eq!(asked("set-state lab 4").1, set);
        assert!(
            matches!(parse(vec!["demo".into(), "--keep".into()]), Ok(Invocation::Demo(rest)) if rest.len() == 1)
        );
        assert!(
            matches!(parse(vec!["drill".into(), "--json".into()]), Ok(Invocation::Drill(rest)) if rest.len() == 1)
        );
        assert!(
            matches!(parse(vec!["decode".into(), "x.pcap".into()]), Ok(Invocation::Decode(rest)) if rest.len() == 1)
        );
    }
}
