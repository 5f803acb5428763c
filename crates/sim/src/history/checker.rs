//! The judge.

use core::fmt;
use std::collections::BTreeMap;

use super::claim::Claims;
use super::{Claim, Damaged, Entry, Excuses, Legal, Seen, Time};

/// Most conflicts that are kept in full; the rest are only counted.
const MAX_KEPT: usize = 1000;

/// Judges a history, line by line.
#[derive(Clone, Default, Debug)]
pub struct Checker {
    claims: Claims,
    excuses: Excuses,
    verdict: Verdict,
    tolerance: Option<Time>,
    /// What the last line brought about.
    latest: Vec<Conflict>,
    last: Time,
    line: usize,
}

/// Two claims that stood at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The older claim.
    pub first: Claim,
    /// The newer one.
    pub second: Claim,
    /// Why it may be.
    pub legal: Option<Legal>,
}

/// What came out.
#[derive(Clone, Default, Debug)]
pub struct Verdict {
    /// Lines read.
    pub lines: usize,
    /// Addresses promised or taken.
    pub claims: u64,
    /// Addresses held twice; the first thousand.
    pub conflicts: Vec<Conflict>,
    /// How often by what excused, and without an excuse under `None`.
    pub counts: BTreeMap<Option<Legal>, u64>,
}

impl Checker {
    /// Takes the next line.
    ///
    /// # Errors
    /// If the history is damaged.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Damaged> {
        let Entry { at, ref seen } = *entry;
        self.line += 1;
        self.latest.clear();
        if at < self.last {
            let after = self.last;
            return Err(Damaged::Order { at, after });
        }
        self.last = at;
        match seen {
            Seen::Setup { tolerance, .. } if self.tolerance.is_none() => {
                self.tolerance = Some(*tolerance);
            }
            Seen::Setup { .. } => return Err(Damaged::Setup),
            _ if self.tolerance.is_none() => return Err(Damaged::Setup),
            _ => {}
        }
        if let Some(server) = server(seen).filter(|server| *server > 1) {
            return Err(Damaged::Server(server));
        }
        self.excuses.take(at, seen);
        match seen {
            Seen::Ack { .. } => self.claim(at, seen, false),
            Seen::Takes { .. } => self.claim(at, seen, true),
            Seen::MovesOn { client } => self.claims.remove(client, |claim| !claim.taken),
            Seen::Drops { client, address } => self
                .claims
                .remove(client, |claim| claim.taken && claim.address == *address),
            _ => {}
        }
        Ok(())
    }

    /// The end of the history.
    #[must_use]
    pub fn finish(mut self) -> Verdict {
        self.verdict.lines = self.line;
        self.verdict
    }

    /// Addresses that the last line gave to a second client.
    #[must_use]
    pub fn latest(&self) -> &[Conflict] {
        &self.latest
    }

    fn claim(&mut self, at: Time, seen: &Seen, taken: bool) {
        let (Seen::Ack {
            server,
            client,
            address,
            until,
        }
        | Seen::Takes {
            server,
            client,
            address,
            until,
        }) = seen
        else {
            return;
        };
        self.verdict.claims += 1;
        let promised = taken && self.claims.get(*address, client).any(|claim| !claim.taken);
        let mut claim = Claim {
            client: client.clone(),
            address: *address,
            server: *server,
            since: at,
            until: *until,
            line: self.line,
            taken,
        };
        if promised {
            // Judged when it was promised; that is when the server decided.
            let promise = self.claims.get(*address, client).find(|claim| !claim.taken);
            (claim.since, claim.line) =
                promise.map_or((at, self.line), |promise| (promise.since, promise.line));
        } else {
            self.judge(&claim, at);
        }
        match taken {
            true => self.claims.remove(client, |_| true),
            false => self
                .claims
                .remove(client, |other| !other.taken && other.address == *address),
        }
        self.claims.add(claim, at);
    }

    fn judge(&mut self, claim: &Claim, now: Time) {
        let after = now + self.tolerance.unwrap_or_default();
        for first in self.claims.of_others(claim.address, &claim.client, after) {
            let legal = self.excuses.of(first, claim);
            *self.verdict.counts.entry(legal).or_default() += 1;
            let conflict = Conflict {
                first: first.clone(),
                second: claim.clone(),
                legal,
            };
            if self.verdict.conflicts.len() < MAX_KEPT {
                self.verdict.conflicts.push(conflict.clone());
            }
            self.latest.push(conflict);
        }
    }
}

fn server(seen: &Seen) -> Option<usize> {
    match seen {
        Seen::Ack { server, .. }
        | Seen::Takes { server, .. }
        | Seen::Starts { server }
        | Seen::Ends { server }
        | Seen::State { server, .. }
        | Seen::LosesDisk { server }
        | Seen::OldBackup { server } => Some(*server),
        _ => None,
    }
}

impl Verdict {
    /// Addresses held twice for no good reason.
    pub fn unlabelled(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.iter().filter(|c| c.legal.is_none())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines, {} claims", self.lines, self.claims)?;
        for (legal, count) in &self.counts {
            match legal {
                Some(legal) => write!(f, "; {count} held twice as permitted ({legal})")?,
                None => write!(f, "; {count} HELD TWICE")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            first,
            second,
            legal,
        } = self;
        let name = |server| ["the primary", "the secondary"][server];
        let overlap = first.until.min(second.until).saturating_sub(second.since);
        write!(
            f,
            "{} is held twice for {}: {} promised it to {} at {} until {} (line {}), and {} to {} at {} (line {})",
            first.address,
            Clock(overlap),
            name(first.server),
            first.client,
            Clock(first.since),
            Clock(first.until),
            first.line,
            name(second.server),
            second.client,
            Clock(second.since),
            second.line,
        )?;
        match legal {
            Some(legal) => write!(f, "; permitted, {legal}"),
            None => write!(f, "; nothing permits it"),
        }
    }
}

/// Hours, minutes, seconds.
struct Clock(Time);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0 / 1000, self.0 % 1000);
        write!(
            f,
            "{}:{:02}:{:02}.{millis:03}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }
}
