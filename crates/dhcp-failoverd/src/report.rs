//! What `status` shows: as JSON, and for people.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use dhcp4_server::{PoolStatus, RelationshipStatus, Stats, Status};
use serde::{Deserialize, Serialize};

/// The server's state, as the control socket gives it. Times are seconds since 1970.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Report {
    /// When this was so.
    pub(crate) time: u32,
    /// The relationships, in the order of the configuration.
    pub(crate) relationships: Vec<Relationship>,
    /// The pools, in the order of the configuration.
    pub(crate) pools: Vec<Pool>,
    /// Offers held for clients that haven't requested yet.
    pub(crate) offers: usize,
    /// Counters since the start.
    pub(crate) counters: Counters,
}

/// One failover relationship.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Relationship {
    /// Its name.
    pub(crate) name: String,
    /// `primary` or `secondary`.
    pub(crate) role: String,
    /// Our state, in ISC's words.
    pub(crate) state: String,
    /// Since when.
    pub(crate) since: u32,
    /// The partner's, or `unknown-state`.
    pub(crate) partner_state: String,
    /// Since when.
    pub(crate) partner_since: u32,
    /// Its address.
    pub(crate) partner_address: Ipv4Addr,
    /// Whether the link is up.
    pub(crate) connected: bool,
    /// When it was last heard; 0 is never.
    pub(crate) last_contact: u32,
    /// MCLT in force, seconds.
    pub(crate) mclt: u32,
    /// Updates waiting to be sent.
    pub(crate) queued: usize,
    /// Updates sent and not yet acknowledged.
    pub(crate) unacked: usize,
}

/// One pool.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Pool {
    /// The shared network that it is in.
    pub(crate) network: String,
    /// Its ranges, first and last address.
    pub(crate) ranges: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// Its relationship, if it has one.
    pub(crate) peer: Option<String>,
    /// Addresses.
    pub(crate) size: u32,
    /// The primary's to give.
    pub(crate) free: u32,
    /// The secondary's to give.
    pub(crate) backup: u32,
    /// Held by clients.
    pub(crate) active: u32,
    /// Over, and perhaps unknown to the partner.
    pub(crate) expired: u32,
    /// Given back, and perhaps unknown to the partner.
    pub(crate) released: u32,
    /// Found in use by somebody else.
    pub(crate) abandoned: u32,
    /// Taken away by an operator.
    pub(crate) reset: u32,
}

/// How often things happened.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of the messages")]
pub(crate) struct Counters {
    pub(crate) discover: u64,
    pub(crate) request: u64,
    pub(crate) release: u64,
    pub(crate) decline: u64,
    pub(crate) inform: u64,
    pub(crate) bootp: u64,
    pub(crate) malformed: u64,
    pub(crate) offer: u64,
    pub(crate) ack: u64,
    pub(crate) nak: u64,
    pub(crate) load_balanced: u64,
    pub(crate) no_free_lease: u64,
}

impl Report {
    /// The report of a server.
    pub(crate) fn new(status: &Status) -> Self {
        Self {
            time: status.time.0,
            relationships: status.relationships.iter().map(Relationship::new).collect(),
            pools: status.pools.iter().map(Pool::new).collect(),
            offers: status.offers,
            counters: Counters::new(&status.stats),
        }
    }

    /// One relationship as one line of `key=value`, for scripts.
    pub(crate) fn line(&self, name: &str) -> Option<String> {
        let r = self.relationships.iter().find(|r| r.name == name)?;
        let pools = self
            .pools
            .iter()
            .filter(|p| p.peer.as_deref() == Some(name));
        let (free, backup, active) = pools.fold((0, 0, 0), |(f, b, a), p| {
            (f + p.free, b + p.backup, a + p.active)
        });
        Some(format!(
            "local={} partner={} connected={} queued={} unacked={} free={free} backup={backup} active={active}",
            r.state, r.partner_state, r.connected, r.queued, r.unacked
        ))
    }

    /// The table for people.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for relationship in &self.relationships {
            // Writing to a String can't fail.
            _ = relationship.write(self.time, &mut text);
        }
        for pool in &self.pools {
            _ = pool.write(&mut text);
        }
        let c = &self.counters;
        _ = writeln!(
            text,
            "since start  DISCOVER {}  OFFER {}  REQUEST {}  ACK {}  NAK {}  RELEASE {}  DECLINE {}  INFORM {}",
            c.discover, c.offer, c.request, c.ack, c.nak, c.release, c.decline, c.inform
        );
        text
    }
}

impl Relationship {
    fn new(status: &RelationshipStatus) -> Self {
        let state =
            |state: Option<_>| state.map_or_else(|| "unknown-state".into(), |s| format!("{s}"));
        Self {
            name: status.name.clone(),
            role: format!("{:?}", status.role).to_ascii_lowercase(),
            state: state(Some(status.state)),
            since: status.since.0,
            partner_state: state(status.partner_state),
            partner_since: status.partner_since.0,
            partner_address: status.partner_address,
            connected: status.connected,
            last_contact: status.last_contact.0,
            mclt: status.mclt,
            queued: status.queued,
            unacked: status.unacked,
        }
    }

    fn write(&self, now: u32, out: &mut String) -> std::fmt::Result {
        let link = match (self.connected, self.last_contact) {
            (true, _) => "up",
            (false, _) => "down",
        };
        writeln!(out, "failover peer {} ({})", self.name, self.role)?;
        writeln!(
            out,
            "  my state       {:<26} {}",
            self.state,
            ago(now, self.since)
        )?;
        writeln!(
            out,
            "  partner state  {:<26} {}",
            self.partner_state,
            ago(now, self.partner_since)
        )?;
        write!(
            out,
            "  link           {link}, partner {}",
            self.partner_address
        )?;
        match self.last_contact {
            0 => writeln!(out)?,
            heard => writeln!(out, ", heard {} s ago", now.saturating_sub(heard))?,
        }
        writeln!(
            out,
            "  updates        {} queued, {} unacked",
            self.queued, self.unacked
        )?;
        writeln!(out, "  mclt           {} s\n", self.mclt)
    }
}

impl Pool {
    fn new(status: &PoolStatus) -> Self {
        Self {
            network: status.network.clone(),
            ranges: status.ranges.clone(),
            peer: status.relationship.clone(),
            size: status.size,
            free: status.free,
            backup: status.backup,
            active: status.active,
            expired: status.expired,
            released: status.released,
            abandoned: status.abandoned,
            reset: status.reset,
        }
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        write!(out, "pool")?;
        for (first, last) in &self.ranges {
            write!(out, " {first}-{last}")?;
        }
        let peer = self.peer.as_deref().unwrap_or("none");
        writeln!(out, " of {}, failover peer {peer}", self.network)?;
        writeln!(
            out,
            "  {} addresses: free {}  backup {}  active {}  expired {}  released {}  abandoned {}  reset {}\n",
            self.size,
            self.free,
            self.backup,
            self.active,
            self.expired,
            self.released,
            self.abandoned,
            self.reset
        )
    }
}

impl Counters {
    fn new(stats: &Stats) -> Self {
        Self {
            discover: stats.discover,
            request: stats.request,
            release: stats.release,
            decline: stats.decline,
            inform: stats.inform,
            bootp: stats.bootp,
            malformed: stats.malformed,
            offer: stats.offer,
            ack: stats.ack,
            nak: stats.nak,
            load_balanced: stats.load_balanced,
            no_free_lease: stats.no_free_lease,
        }
    }
}

/// `for 1 d 2 h 3 min 4 s`; nothing if it never began.
fn ago(now: u32, since: u32) -> String {
    if since == 0 {
        return String::new();
    }
    let seconds = now.saturating_sub(since);
    let mut text = String::from("for");
    let mut rest = seconds;
    for (unit, length) in [("d", 86_400), ("h", 3600), ("min", 60)] {
        if rest >= length {
            _ = write!(text, " {} {unit}", rest / length);
            rest %= length;
        }
    }
    _ = write!(text, " {rest} s");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let pool = Pool {
            network: "net".into(),
            ranges: vec![([10, 0, 0, 1].into(), [10, 0, 0, 9].into())],
            peer: Some("lab".into()),
            size: 9,
            free: 4,
            backup: 3,
            active: 2,
            expired: 0,
            released: 0,
            abandoned: 0,
            reset: 0,
        };
        let relationship = Relationship {
            name: "lab".into(),
            role: "primary".into(),
            state: "normal".into(),
            since: 1000,
            partner_state: "communications-interrupted".into(),
            partner_since: 90_000,
            partner_address: [10, 0, 0, 2].into(),
            connected: true,
            last_contact: 94_660,
            mclt: 3600,
            queued: 5,
            unacked: 1,
        };
        Report {
            time: 94_661,
            relationships: vec![relationship],
            pools: vec![pool.clone(), Pool { peer: None, ..pool }],
            offers: 0,
            counters: Counters::new(&Stats {
                ack: 7,
                ..Stats::default()
            }),
        }
    }

    #[test]
    fn a_line_for_scripts() {
        let line = "local=normal partner=communications-interrupted connected=true queued=5 unacked=1 \
                    free=4 backup=3 active=2";
        assert_eq!(report().line("lab").as_deref(), Some(line));
        assert_eq!(report().line("other"), None);
    }

    #[test]
    fn a_table_for_people() {
        let table = report().table();
        for part in [
            "failover peer lab (primary)",
            "my state       normal                     for 1 d 2 h 1 min 1 s",
            "partner state  communications-interrupted for 1 h 17 min 41 s",
            "link           up, partner 10.0.0.2, heard 1 s ago",
            "5 queued, 1 unacked",
            "pool 10.0.0.1-10.0.0.9 of net, failover peer lab",
            "9 addresses: free 4  backup 3  active 2",
            "failover peer none",
            "ACK 7",
        ] {
            assert!(table.contains(part), "{part:?} in\n{table}");
        }
    }

    #[test]
    fn json_keeps_everything() {
        let report = report();
        let json = serde_json::to_string(&report).unwrap();
        assert!(json.contains(r#""partner-state":"communications-interrupted""#));
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }
}
