//! What the protocol permits: addresses that may be held twice, and why.
//!
//! Failover rests on assumptions. Where one of them was broken, in sight of the history, two clients may get one
//! address, and no server could know better. Everything else is a fault of the servers.

use core::fmt;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::{Claim, Seen, State, Time, Vendor};

/// Clocks that differ by more than this are refused by the servers, ms.
const MAX_SKEW: Time = 60_000;

/// Why an address may be held twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Legal {
    /// V1: a server was declared down, by an operator or a timer, and served all the same.
    DeclaredDown,
    /// V2: a server was started alone while its partner, in PARTNER-DOWN, served for both.
    StartedAlone,
    /// V3: a server lost its disk with leases on it that its partner didn't know yet.
    DiskLost,
    /// V4: a server was given an old lease file.
    OldBackup,
    /// V5: the clocks differed by more than a minute.
    Skew,
    /// V6: a client used its lease after its end, or its identity was cloned.
    Client,
    /// V7: an operator ended the lease.
    Reset,
    /// V8: a dhcpd in PARTNER-DOWN gave an expired or released address away before its partner's promises had run out.
    IscReuse,
}

impl fmt::Display for Legal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DeclaredDown => "V1: declared down, and serving",
            Self::StartedAlone => "V2: started alone beside a partner in PARTNER-DOWN",
            Self::DiskLost => "V3: disk lost with what only it knew",
            Self::OldBackup => "V4: started from an old backup",
            Self::Skew => "V5: clocks too far apart",
            Self::Client => "V6: client beyond its lease, or cloned",
            Self::Reset => "V7: lease ended by an operator",
            Self::IscReuse => "V8: dhcpd reuses what its partner may have renewed",
        })
    }
}

/// A time in which one server had taken over although the other served.
#[derive(Clone, Copy, Debug)]
struct Split {
    survivor: usize,
    since: Time,
    /// Both were NORMAL again.
    until: Option<Time>,
    /// The other one ran when it was declared down.
    was_running: bool,
}

/// Everything in a history that can excuse a conflict.
#[derive(Clone, Default, Debug)]
pub struct Excuses {
    vendors: [Vendor; 2],
    running: [bool; 2],
    states: [Option<State>; 2],
    splits: Vec<Split>,
    /// When both servers were last known to be NORMAL together.
    last_normal: Time,
    /// Who lost its disk, when both were last NORMAL before that, and when it was lost.
    lost: Vec<(usize, Time, Time)>,
    /// When a server was first given an old lease file.
    backup: Option<Time>,
    skewed: Option<Time>,
    reset: BTreeMap<Ipv4Addr, Time>,
    strange: BTreeMap<String, Time>,
    /// Which server promised which address in which split.
    touched: BTreeMap<Ipv4Addr, Vec<(usize, usize)>>,
}

impl Excuses {
    /// Takes a line into account.
    pub fn take(&mut self, at: Time, seen: &Seen) {
        match seen {
            Seen::Setup { vendors, .. } => self.vendors = *vendors,
            Seen::Starts { server } => self.running[*server] = true,
            Seen::Ends { server } => {
                self.note_normal(at);
                self.running[*server] = false;
                self.states[*server] = None;
            }
            Seen::State { server, state } => self.state(at, *server, *state),
            Seen::LosesDisk { server } => {
                self.note_normal(at);
                let normal = self.last_normal;
                let both = self
                    .lost
                    .iter()
                    .any(|(other, _, then)| other != server && *then >= normal);
                // With both disks lost, nobody knows anything.
                let since = if both { 0 } else { normal };
                self.lost.push((*server, since, at));
                if both {
                    self.lost.push((1 - *server, 0, at));
                }
            }
            Seen::OldBackup { .. } => {
                self.backup.get_or_insert(at);
            }
            Seen::Skew { millis } if *millis > MAX_SKEW => self.skewed = Some(at),
            Seen::Reset { address } => {
                self.reset.insert(*address, at);
            }
            Seen::Cloned { client } | Seen::Outlives { client, .. } => {
                self.strange.insert(client.clone(), at);
            }
            Seen::Ack {
                server, address, ..
            }
            | Seen::Takes {
                server, address, ..
            } => self.touch(*server, *address),
            Seen::Skew { .. } | Seen::MovesOn { .. } | Seen::Drops { .. } => {}
        }
    }

    fn note_normal(&mut self, at: Time) {
        if self.states == [Some(State::Normal); 2] {
            self.last_normal = at;
        }
    }

    fn state(&mut self, at: Time, server: usize, state: State) {
        self.note_normal(at);
        self.states[server] = Some(state);
        if state == State::PartnerDown {
            self.splits.push(Split {
                survivor: server,
                since: at,
                until: None,
                was_running: self.running[1 - server],
            });
        }
        if self.states == [Some(State::Normal); 2] {
            self.last_normal = at;
            let open = self.splits.iter_mut().filter(|s| s.until.is_none());
            open.for_each(|split| split.until = Some(at));
        }
    }

    fn touch(&mut self, server: usize, address: Ipv4Addr) {
        for (number, split) in self.splits.iter().enumerate().rev() {
            if split.until.is_some() {
                break;
            }
            let touched = self.touched.entry(address).or_default();
            if !touched.contains(&(number, server)) {
                touched.push((number, server));
            }
        }
    }

    /// Why two claims on one address may stand beside each other, if they may.
    #[must_use]
    pub fn of(&self, first: &Claim, second: &Claim) -> Option<Legal> {
        let both = [first, second];
        if both
            .iter()
            .any(|claim| self.strange.contains_key(&claim.client))
        {
            return Some(Legal::Client);
        }
        let since = first.since.min(second.since);
        if self
            .reset
            .get(&first.address)
            .is_some_and(|at| *at >= since)
        {
            return Some(Legal::Reset);
        }
        if self.skewed.is_some_and(|at| at + MAX_SKEW >= since) {
            return Some(Legal::Skew);
        }
        // What the old file says again may be believed by either server, until both have gone over every address.
        if self.backup.is_some_and(|at| at <= second.since) {
            return Some(Legal::OldBackup);
        }
        let lost = |claim: &&Claim| {
            self.lost.iter().any(|(server, normal, at)| {
                *server == claim.server && (*normal..=*at).contains(&claim.since)
            })
        };
        if both.iter().any(lost) {
            return Some(Legal::DiskLost);
        }
        both.iter()
            .find_map(|claim| self.split(claim))
            .or_else(|| self.isc_reuse(first, second))
    }

    /// The claim was promised while one server served for both, and the other one did too.
    fn split(&self, claim: &Claim) -> Option<Legal> {
        let of_split = |(number, split): (usize, &Split)| {
            let within =
                claim.since >= split.since && split.until.is_none_or(|until| claim.since <= until);
            let beside = self
                .touched
                .get(&claim.address)
                .is_some_and(|touched| touched.contains(&(number, 1 - split.survivor)));
            (within && beside).then_some(match split.was_running {
                true => Legal::DeclaredDown,
                false => Legal::StartedAlone,
            })
        };
        self.splits.iter().enumerate().find_map(of_split)
    }

    fn isc_reuse(&self, first: &Claim, second: &Claim) -> Option<Legal> {
        let alone = |claim: &Claim| {
            self.vendors[claim.server] == Vendor::Isc
                && self.splits.iter().any(|split| {
                    split.survivor == claim.server
                        && claim.since >= split.since
                        && split.until.is_none_or(|until| claim.since <= until)
                })
        };
        let early = first.server != second.server && alone(second);
        early.then_some(Legal::IscReuse)
    }
}
