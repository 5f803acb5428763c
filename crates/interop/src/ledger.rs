//! Who holds which address, as the clients know it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;

use dhcp4_wire::MessageType;
use dhcpd_text::leases::BindingState;

use crate::database::Database;
use crate::watch::Seen;

/// Servers reckon in whole seconds and have clocks of their own, so an end may differ by this much.
pub(crate) const SLACK: Duration = Duration::from_secs(1);

/// An address in a client's hands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holding {
    /// The client's hardware address.
    pub client: Vec<u8>,
    /// Since when, since 1970.
    pub since: Duration,
    /// Until when: the lease time counted from the client's request (RFC 2131 §4.4.1).
    pub until: Duration,
    /// The server that said so last.
    pub server: Ipv4Addr,
}

/// The books, kept from what was seen.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The last holder of each address, its time perhaps over.
    pub holdings: BTreeMap<Ipv4Addr, Holding>,
    /// Addresses given to one client while another held them, in words.
    pub twice: Vec<String>,
    /// Number of ACKs with a lease.
    pub acks: usize,
    /// Every client that got one.
    served: BTreeSet<Vec<u8>>,
    /// When each client last gave each address back.
    released: HashMap<(Ipv4Addr, Vec<u8>), Duration>,
}

impl Ledger {
    /// The books over all that was seen.
    pub fn new(seen: &[Seen]) -> Self {
        let mut ledger = Self::default();
        let mut asked = HashMap::new();
        for message in seen {
            match message.kind {
                MessageType::REQUEST => {
                    // Of repeated requests the last one: the longest that a client could believe in.
                    asked.insert((message.client.clone(), message.xid), message.at);
                }
                MessageType::ACK => {
                    let asked = asked.get(&(message.client.clone(), message.xid));
                    ledger.given(message, asked.copied().unwrap_or(message.at));
                }
                MessageType::RELEASE => ledger.returned(message, message.ciaddr),
                MessageType::DECLINE => {
                    ledger.returned(message, message.requested.unwrap_or(message.ciaddr))
                }
                _ => {}
            }
        }
        ledger
    }

    fn given(&mut self, ack: &Seen, asked: Duration) {
        // The answer to an INFORM gives nothing.
        let Some(length) = ack.lease.filter(|_| !ack.yiaddr.is_unspecified()) else {
            return;
        };
        self.acks += 1;
        self.served.insert(ack.client.clone());
        // The client gave the address back before the answer to its last request came: perfdhcp does.
        if self
            .released
            .get(&(ack.yiaddr, ack.client.clone()))
            .is_some_and(|released| *released >= asked)
        {
            return;
        }
        let until = asked + Duration::from_secs(length.into());
        let Some(held) = self.holdings.get_mut(&ack.yiaddr) else {
            let holding = Holding {
                client: ack.client.clone(),
                since: ack.at,
                until,
                server: ack.from,
            };
            self.holdings.insert(ack.yiaddr, holding);
            return;
        };
        if held.client != ack.client {
            if held.until > ack.at + SLACK {
                let left = (held.until - ack.at).as_secs_f64();
                self.twice.push(format!(
                    "{} given by {} to {:02x?} at {:.3}, {left:.1} s before the end of {:02x?}, who had it from {}",
                    ack.yiaddr, ack.from, ack.client, ack.at.as_secs_f64(), held.client, held.server
                ));
            }
            held.since = ack.at;
        }
        (held.client, held.until, held.server) = (ack.client.clone(), until, ack.from);
    }

    fn returned(&mut self, message: &Seen, address: Ipv4Addr) {
        self.released
            .insert((address, message.client.clone()), message.at);
        if self
            .holdings
            .get(&address)
            .is_some_and(|held| held.client == message.client)
        {
            self.holdings.remove(&address);
        }
    }

    /// The clients that ever got an address.
    pub fn clients(&self) -> impl Iterator<Item = &[u8]> {
        self.served.iter().map(Vec::as_slice)
    }

    /// The addresses that are in a client's hands at `now`.
    pub fn held(&self, now: Duration) -> impl Iterator<Item = (Ipv4Addr, &Holding)> {
        self.holdings
            .iter()
            .filter(move |(_, held)| held.until > now)
            .map(|(address, held)| (*address, held))
    }

    /// Where a client holds more than `database` knows of at `now`: each is a lost lease, in words.
    pub fn lost(&self, database: &Database, now: Duration) -> Vec<String> {
        self.lost_by(database, now, SLACK)
    }

    /// As [`lost`](Self::lost), where the end may differ by `slack`. A client that repeats its request counts from the last
    /// one, its server from the one that it answers.
    pub fn lost_by(&self, database: &Database, now: Duration, slack: Duration) -> Vec<String> {
        let mut lost = Vec::new();
        for (address, held) in self.held(now + slack) {
            let lease = database.get(address);
            let ends = lease
                .and_then(|lease| lease.ends)
                .map_or(0, |ends| ends.seconds());
            let kept = lease.is_some_and(|lease| {
                lease.binding_state == Some(BindingState::Active)
                    && lease
                        .hardware
                        .is_some_and(|hardware| hardware.address() == held.client)
                    && Duration::from_secs(ends.into()) + slack >= held.until
            });
            if !kept {
                let mut text = format!(
                    "{address} of {:02x?} until {:.1}: ",
                    held.client,
                    held.until.as_secs_f64()
                );
                _ = match lease {
                    Some(lease) => write!(
                        text,
                        "{:?} ends {ends}, {:02x?}",
                        lease.binding_state, lease.hardware
                    ),
                    None => write!(text, "no record"),
                };
                lost.push(text);
            }
        }
        lost
    }

    /// Fails if an address was given twice.
    ///
    /// # Panics
    ///
    /// One was.
    pub fn assert_none_twice(&self) {
        assert!(
            self.twice.is_empty(),
            "{} addresses given twice:\n{}",
            self.twice.len(),
            self.twice.join("\n")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    fn seen(at: u64, kind: MessageType, client: u8, lease: Option<u32>) -> Seen {
        let request = kind != MessageType::ACK;
        Seen {
            at: Duration::from_secs(at),
            from: [10, 0, 0, 254].into(),
            kind,
            xid: client.into(),
            client: vec![client],
            ciaddr: if request {
                ADDRESS
            } else {
                Ipv4Addr::UNSPECIFIED
            },
            yiaddr: if request {
                Ipv4Addr::UNSPECIFIED
            } else {
                ADDRESS
            },
            requested: None,
            lease,
        }
    }

    fn ack(at: u64, client: u8) -> Seen {
        seen(at, MessageType::ACK, client, Some(60))
    }

    #[test]
    fn two_clients_at_one_time() {
        assert_eq!(Ledger::new(&[ack(0, 1), ack(58, 2)]).twice.len(), 1);
        assert_eq!(
            Ledger::new(&[ack(0, 1), ack(30, 1), ack(61, 2)])
                .twice
                .len(),
            1,
            "it was renewed"
        );
    }

    #[test]
    fn one_after_the_other() {
        assert_eq!(
            Ledger::new(&[ack(0, 1), ack(60, 2)]).twice.len(),
            0,
            "it had run out"
        );
        let released = seen(5, MessageType::RELEASE, 1, None);
        assert_eq!(
            Ledger::new(&[ack(0, 1), released.clone(), ack(6, 2)])
                .twice
                .len(),
            0
        );
        let before_the_answer = [
            seen(0, MessageType::REQUEST, 1, None),
            released.clone(),
            ack(5, 1),
            ack(6, 2),
        ];
        assert_eq!(Ledger::new(&before_the_answer).twice.len(), 0);
        let of_another = seen(5, MessageType::RELEASE, 2, None);
        assert_eq!(
            Ledger::new(&[ack(0, 1), of_another, ack(6, 2)]).twice.len(),
            1
        );
    }

    #[test]
    fn a_lease_counts_from_its_request() {
        let ledger = Ledger::new(&[seen(100, MessageType::REQUEST, 1, None), ack(103, 1)]);
        assert_eq!(ledger.holdings[&ADDRESS].until, Duration::from_secs(160));
        assert_eq!(ledger.held(Duration::from_secs(159)).count(), 1);
        assert_eq!(ledger.held(Duration::from_secs(160)).count(), 0);
        assert_eq!(
            Ledger::new(&[seen(0, MessageType::ACK, 1, None)]).acks,
            0,
            "an INFORM's"
        );
    }

    #[test]
    fn what_the_database_lacks_is_lost() {
        let ledger = Ledger::new(&[ack(100, 1)]);
        let lost = |seconds| {
            ledger
                .lost(&Database::default(), Duration::from_secs(seconds))
                .len()
        };
        assert_eq!((lost(110), lost(160)), (1, 0));
    }
}
