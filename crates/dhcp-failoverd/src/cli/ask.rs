//! The subcommands that ask a running server.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::Invocation;

/// Where the control socket is when neither `--control` nor `-pf` nor `-lf` says otherwise.
pub(super) const CONTROL: &str = "/run/dhcp-failoverd/control.sock";

/// What to ask a running server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Question {
    /// For people.
    Status,
    /// As JSON.
    StatusJson,
    /// One relationship as one `key=value` line.
    StatusLine(String),
    /// The operator knows that the partner is down.
    PartnerDown {
        /// Name of the relationship.
        name: String,
        /// Also if the partner is connected.
        force: bool,
    },
    /// Put a relationship into a state, as `omshell` does with dhcpd.
    SetState {
        /// Name of the relationship.
        name: String,
        /// ISC's name of the state, or its number.
        state: String,
    },
}

#[derive(Parser)]
#[command(name = "dhcp-failoverd", bin_name = "dhcp-failoverd")]
struct Asking {
    #[command(subcommand)]
    ask: Ask,
    /// Control socket of the server.
    #[arg(long, alias = "socket", global = true, value_name = "SOCKET", default_value = CONTROL)]
    control: PathBuf,
}

#[derive(Subcommand)]
enum Ask {
    /// Show the relationships, their queues and the pools.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// One relationship as one line of key=value.
        #[arg(long, value_name = "PEER", conflicts_with = "json")]
        line: Option<String>,
    },
    /// Declare that the partner is down: this server takes over its addresses.
    PartnerDown {
        /// Name of the failover peer.
        name: String,
        /// Also while the partner is connected.
        #[arg(long)]
        force: bool,
    },
    /// Put a relationship into a state.
    SetState {
        /// Name of the failover peer.
        name: String,
        /// Name of the state, or the number that omshell takes.
        state: String,
    },
}

/// Reads the words of a subcommand.
pub(super) fn parse(args: Vec<OsString>) -> Invocation {
    let words = std::iter::once(OsString::from("dhcp-failoverd")).chain(args);
    let asking = Asking::parse_from(words); // prints and exits by itself for --help and wrong usage
    let question = match asking.ask {
        Ask::Status { json: true, .. } => Question::StatusJson,
        Ask::Status {
            line: Some(name), ..
        } => Question::StatusLine(name),
        Ask::Status { .. } => Question::Status,
        Ask::PartnerDown { name, force } => Question::PartnerDown { name, force },
        Ask::SetState { name, state } => Question::SetState { name, state },
    };
    Invocation::Ask {
        control: asking.control,
        question,
    }
}
