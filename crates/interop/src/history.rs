//! What clients and operators saw of a pair, written down for a judge that knows nothing else.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use dhcp4_wire::MessageType;
use sim::history::{Checker, Damaged, Entry, Seen as Happened, State, Vendor, Verdict};

use crate::lab::Lab;
use crate::ledger::SLACK;
use crate::server::Kind;
use crate::watch::Seen;

/// The history of a pair.
#[derive(Clone, Debug)]
pub struct History(Vec<Entry>);

impl History {
    /// All that happened in `lab` so far to the pair of server 0, the primary, and server 1, which answer clients from
    /// `addresses`. `mclt` is in seconds.
    pub fn new(lab: &Lab, addresses: [Ipv4Addr; 2], mclt: u32) -> Self {
        let mut entries = clients(&lab.watch.seen(), addresses);
        let mut vendors = [Vendor::Ours; 2];
        for server in [0, 1] {
            let Some(of) = lab.servers.get(server) else {
                continue;
            };
            if of.kind == Kind::Isc {
                vendors[server] = Vendor::Isc;
            }
            let lines = of.log.timed();
            entries.extend(
                lines
                    .iter()
                    .filter_map(|(at, line)| Some(entry(*at, operator(server, line)?))),
            );
        }
        entries.sort_by_key(|entry| entry.at);
        let setup = Happened::Setup {
            mclt,
            tolerance: millis(SLACK),
            vendors,
        };
        let begin = entries.first().map_or(0, |entry| entry.at);
        entries.insert(
            0,
            Entry {
                at: begin,
                seen: setup,
            },
        );
        Self(entries)
    }

    /// What the judge says.
    ///
    /// # Panics
    ///
    /// The history makes no sense.
    pub fn verdict(&self) -> Verdict {
        let mut checker = Checker::default();
        let judged: Result<(), Damaged> = self.0.iter().try_for_each(|entry| checker.take(entry));
        judged.expect("the entries are in order");
        checker.finish()
    }

    /// Writes it to a file, as `sim judge` reads it.
    ///
    /// # Panics
    ///
    /// The file can't be written.
    pub fn write(&self, path: &Path) {
        let lines: String = self.0.iter().map(|entry| entry.line() + "\n").collect();
        std::fs::write(path, lines).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// What clients saw.
fn clients(seen: &[Seen], servers: [Ipv4Addr; 2]) -> Vec<Entry> {
    let mut entries = Vec::new();
    // When each client asked, by transaction: of repeated requests the last one, the longest that it could believe in.
    let mut asked = HashMap::new();
    let mut released = HashMap::new();
    for message in seen {
        let client = name(&message.client);
        let mut drops = |address: Ipv4Addr| {
            released.insert((client.clone(), address), message.at);
            let client = client.clone();
            entries.push(entry(message.at, Happened::Drops { client, address }));
        };
        match message.kind {
            MessageType::REQUEST => {
                asked.insert((client, message.xid), message.at);
            }
            MessageType::RELEASE => drops(message.ciaddr),
            MessageType::DECLINE => drops(message.requested.unwrap_or(message.ciaddr)),
            MessageType::ACK => {
                let since = asked.get(&(client.clone(), message.xid));
                let since = since.copied().unwrap_or(message.at);
                let address = message.yiaddr;
                let back = released.get(&(client.clone(), address));
                // The answer to an INFORM gives nothing; nor does one that comes when the client has given up already.
                let server = servers.iter().position(|server| *server == message.from);
                if let (Some(lease), Some(server)) = (message.lease, server)
                    && !address.is_unspecified()
                    && back.is_none_or(|back| *back < since)
                {
                    let until = millis(since + Duration::from_secs(lease.into()));
                    entries.push(entry(
                        message.at,
                        Happened::Takes {
                            server,
                            client,
                            address,
                            until,
                        },
                    ));
                }
            }
            _ => {}
        }
    }
    entries
}

/// What an operator saw, or did, by a line of a server's log.
fn operator(server: usize, line: &str) -> Option<Happened> {
    if line.starts_with("-- start ") {
        Some(Happened::Starts { server })
    } else if ["-- SIGKILL", "-- SIGTERM", "-- shutdown by OMAPI"].contains(&line) {
        Some(Happened::Ends { server })
    } else if line == "-- the lease file is emptied" {
        Some(Happened::LosesDisk { server })
    } else {
        let (_, states) = line.split_once(": I move from ")?;
        let (_, to) = states.split_once(" to ")?;
        let state = match to.trim_end() {
            "normal" => State::Normal,
            "communications-interrupted" => State::CommunicationsInterrupted,
            "partner-down" => State::PartnerDown,
            _ => State::Other,
        };
        Some(Happened::State { server, state })
    }
}

fn entry(at: Duration, seen: Happened) -> Entry {
    Entry {
        at: millis(at),
        seen,
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

fn name(client: &[u8]) -> String {
    let bytes: Vec<_> = client.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)];
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);

    fn seen(at: u64, kind: MessageType, client: u8) -> Seen {
        let ack = kind == MessageType::ACK;
        Seen {
            at: Duration::from_secs(at),
            from: SERVERS[1],
            kind,
            xid: client.into(),
            client: vec![2, client],
            ciaddr: if ack { [0; 4].into() } else { ADDRESS },
            yiaddr: if ack { ADDRESS } else { [0; 4].into() },
            requested: None,
            lease: ack.then_some(60),
        }
    }

    #[test]
    fn a_lease_counts_from_its_request() {
        let entries = clients(
            &[
                seen(10, MessageType::REQUEST, 1),
                seen(12, MessageType::ACK, 1),
            ],
            SERVERS,
        );
        let takes = Happened::Takes {
            server: 1,
            client: "02:01".into(),
            address: ADDRESS,
            until: 70_000,
        };
        assert_eq!(entries, [entry(Duration::from_secs(12), takes)]);
    }

    #[test]
    fn an_answer_to_one_who_has_given_up_gives_nothing() {
        let entries = clients(
            &[
                seen(10, MessageType::REQUEST, 1),
                seen(11, MessageType::RELEASE, 1),
                seen(12, MessageType::ACK, 1),
            ],
            SERVERS,
        );
        assert_eq!(entries.len(), 1, "{entries:?}");
    }

    #[test]
    fn what_a_log_tells() {
        let of = |line| operator(1, line);
        let state = State::PartnerDown;
        assert_eq!(
            of("failover peer x: I move from normal to partner-down"),
            Some(Happened::State { server: 1, state })
        );
        assert_eq!(of("-- start Isc"), Some(Happened::Starts { server: 1 }));
        assert_eq!(of("-- SIGKILL"), Some(Happened::Ends { server: 1 }));
        assert_eq!(
            of("failover peer x: peer moves from normal to partner-down"),
            None
        );
    }
}
