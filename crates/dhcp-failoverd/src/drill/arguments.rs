//! The words behind `drill`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};
use serde::Serialize;
use sim::Time;

use super::span;

/// Shortest and longest service before the failure, ms: less would catch the pair on its way to NORMAL, and after a
/// month nothing changes any more.
const AT: (Time, Time) = (30_000, 720 * 3_600_000);
/// Shortest and longest failure, ms: after two weeks somebody has declared the partner down.
const LASTS: (Time, Time) = (10_000, 336 * 3_600_000);
/// Most clients at a time: a run with more takes minutes.
pub(super) const MAX_CLIENTS: u32 = 10_000;

/// Simulates a failure of the pair that a dhcpd.conf describes: who answers, how long clients wait, how many addresses
/// are left, what declaring the partner down gives and risks, how long the pair takes to find together again. Nothing is
/// sent to the network, and no lease file is read.
#[derive(Parser, Debug)]
#[command(name = "dhcp-failoverd drill", bin_name = "dhcp-failoverd drill")]
pub(super) struct Arguments {
    /// The configuration of one server; `-cf` will do, as everywhere.
    #[arg(
        long = "cf",
        value_name = "FILE",
        default_value = "/etc/dhcp/dhcpd.conf"
    )]
    pub(super) conf: PathBuf,
    /// The other server's; without it, it is taken to be the mirror image.
    #[arg(long, value_name = "FILE")]
    pub(super) peer_conf: Option<PathBuf>,
    /// What fails: a machine loses power, or the servers can't reach each other.
    #[arg(long, value_enum, default_value_t = Kill::Primary)]
    pub(super) kill: Kill,
    /// How long the pair has been in service by then: hours, or with s, m, h or d.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = at)]
    pub(super) at: Time,
    /// How long it lasts, likewise.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = lasts)]
    pub(super) hours: Time,
    /// Clients at a time [default: 70 of 100 addresses, at most 2000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CLIENTS)))]
    pub(super) clients: Option<u32>,
    /// New clients an hour, each of them in the place of one that goes without a word [default: a tenth of the clients]
    #[arg(long = "new", value_name = "N", value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_CLIENTS)))]
    pub(super) newcomers: Option<u32>,
    /// How long after the failure the partner is declared down, in the second and third run, likewise.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = span::parse)]
    pub(super) partner_down: Time,
    /// Whatever is left to chance follows from this.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// The report as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Draw the timeline into this file too.
    #[arg(long, value_name = "FILE")]
    pub(super) svg: Option<PathBuf>,
}

/// What fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kill {
    /// The primary's machine.
    Primary,
    /// The secondary's machine.
    Secondary,
    /// The link between the two.
    Link,
}

impl Kill {
    /// The server that is lost: 0 is the primary.
    pub(super) fn victim(self) -> Option<usize> {
        match self {
            Self::Primary => Some(0),
            Self::Secondary => Some(1),
            Self::Link => None,
        }
    }

    /// The server whose addresses matter most: the one that is left, or of two the primary.
    pub(super) fn survivor(self) -> usize {
        usize::from(self == Self::Primary)
    }
}

impl Arguments {
    /// Reads them; prints and exits by itself for --help and wrong usage.
    pub(super) fn read(args: Vec<OsString>) -> Self {
        let dhcpds = |word: OsString| if word == "-cf" { "--cf".into() } else { word };
        let words = std::iter::once("drill".into()).chain(args.into_iter().map(dhcpds));
        let matches = Self::command().get_matches_from(words);
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

fn at(text: &str) -> Result<Time, String> {
    within(text, AT)
}

fn lasts(text: &str) -> Result<Time, String> {
    within(text, LASTS)
}

fn within(text: &str, (least, most): (Time, Time)) -> Result<Time, String> {
    let time = span::parse(text)?;
    if (least..=most).contains(&time) {
        return Ok(time);
    }
    let (least, most) = (least / 1000, most / 3_600_000);
    Err(format!("from {least} seconds to {most} hours"))
}
