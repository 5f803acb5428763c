//! What is going to happen in a drill: the failure, and who comes and goes.

use sim::Time;

use super::arguments::{Arguments, MAX_CLIENTS};
use super::pair::Network;

/// Clients of 100 addresses, where the operator doesn't say.
const OCCUPIED: u64 = 70;
/// Most clients that are taken without being asked for, so that a large pool doesn't take minutes.
const MOST_UNASKED: u64 = 2000;
/// Most clients that come in the course of a drill: each of them is kept in memory.
const MAX_VISITS: u64 = 200_000;
/// Longest time in which the first clients come, ms.
const RUSH: Time = 3_600_000;
/// Rows of the report at most.
const ROWS: Time = 26;
/// Steps between two rows: how finely it is looked for the moment when addresses run out.
const STEPS: Time = 60;
/// Lengths of a row, seconds.
const LENGTHS: [Time; 12] = [
    1, 5, 10, 30, 60, 300, 900, 1800, 3600, 14_400, 43_200, 86_400,
];

/// All times in ms since both servers were NORMAL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Plan {
    /// When it fails.
    pub(super) failure: Time,
    /// When it is repaired.
    pub(super) repair: Time,
    /// Clients at a time.
    pub(super) clients: u32,
    /// New ones an hour.
    pub(super) newcomers: u32,
    /// Who comes, in this order.
    pub(super) visits: Vec<Visit>,
    /// Length of a row of the report.
    pub(super) row: Time,
    /// How often the servers are looked at; a part of a row.
    pub(super) step: Time,
}

/// One client's stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Visit {
    /// Index of its network.
    pub(super) network: usize,
    /// When it comes.
    pub(super) arrives: Time,
    /// When it goes, if it does.
    pub(super) leaves: Option<Time>,
}

impl Plan {
    /// # Errors
    /// More clients would come than can be kept.
    pub(super) fn new(arguments: &Arguments, networks: &[Network]) -> Result<Self, String> {
        let size: u64 = networks.iter().map(|network| u64::from(network.size)).sum();
        let usual = (size * OCCUPIED / 100).clamp(1, MOST_UNASKED) as u32;
        let clients = arguments.clients.unwrap_or(usual);
        let newcomers = arguments.newcomers.unwrap_or((clients / 10).max(1));
        let (failure, repair) = (arguments.at, arguments.at + arguments.hours);
        let come = u64::from(newcomers) * repair.div_ceil(3_600_000) + u64::from(clients);
        if come > MAX_VISITS {
            return Err(format!(
                "{come} clients would come in all, and {MAX_VISITS} is the limit: shorten --at or --hours, or \
                 lower --new (at most {MAX_CLIENTS})"
            ));
        }
        let fits = |seconds: &&Time| arguments.hours.div_ceil(**seconds * 1000) <= ROWS;
        let row = LENGTHS.iter().find(fits).unwrap_or(&LENGTHS[11]) * 1000;
        Ok(Self {
            failure,
            repair,
            clients,
            newcomers,
            visits: visits(
                networks,
                clients,
                newcomers,
                failure.min(2 * RUSH) / 2,
                repair,
            ),
            row,
            step: (row / STEPS).max(1000),
        })
    }
}

/// The first clients come within `rush`, spread evenly; from then on, at even intervals, the one that has been there for
/// longest goes, and another comes in its place.
fn visits(networks: &[Network], clients: u32, newcomers: u32, rush: Time, end: Time) -> Vec<Visit> {
    let mut visits: Vec<Visit> = (0..clients)
        .map(|number| Visit {
            network: share(networks, number, clients),
            arrives: rush * Time::from(number) / Time::from(clients),
            leaves: None,
        })
        .collect();
    for number in 1..=end * Time::from(newcomers) / 3_600_000 {
        // Half an interval off, so that nobody comes just when it is looked at.
        let at = rush + (2 * number - 1) * 1_800_000 / Time::from(newcomers);
        if at >= end {
            break;
        }
        let leaving = &mut visits[number as usize - 1];
        leaving.leaves = Some(at);
        let network = leaving.network;
        visits.push(Visit {
            network,
            arrives: at,
            leaves: None,
        });
    }
    visits
}

/// The network of a client: each has clients as it has addresses, and neighbours in time are on different ones.
fn share(networks: &[Network], number: u32, clients: u32) -> usize {
    let size: u64 = networks.iter().map(|network| u64::from(network.size)).sum();
    // A step that has no common divisor with the number of clients visits each place once.
    let step = (1..=u64::from(clients))
        .rev()
        .find(|step| gcd(*step, clients.into()) == 1 && *step <= u64::from(clients) * 5 / 8);
    let place = u64::from(number) * step.unwrap_or(1) % u64::from(clients);
    let mut at = place * size / u64::from(clients);
    for (index, network) in networks.iter().enumerate() {
        let Some(rest) = at.checked_sub(network.size.into()) else {
            return index;
        };
        at = rest;
    }
    0
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
