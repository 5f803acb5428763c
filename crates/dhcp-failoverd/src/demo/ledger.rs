//! Who held which address from when till when, by what the clients were told.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// A client's belief in an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Holding {
    client: u16,
    /// The end of the lease, or when the client gave it up.
    until: Duration,
}

/// Two clients that held one address at one time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Conflict {
    /// The address.
    pub(super) address: Ipv4Addr,
    /// Who had it.
    pub(super) holder: u16,
    /// Who was told that it is theirs.
    pub(super) other: u16,
    /// When.
    pub(super) at: Duration,
}

/// The book of all holdings.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The newest holding of each client that ever had the address.
    holdings: BTreeMap<Ipv4Addr, Vec<Holding>>,
    conflicts: Vec<Conflict>,
}

impl Ledger {
    /// A client was told at a time that an address is its own until another; for the first time or again.
    pub(super) fn granted(
        &mut self,
        client: u16,
        address: Ipv4Addr,
        at: Duration,
        until: Duration,
    ) {
        let holdings = self.holdings.entry(address).or_default();
        let others = holdings
            .iter()
            .filter(|held| held.client != client && held.until > at);
        self.conflicts.extend(others.map(|held| Conflict {
            address,
            holder: held.client,
            other: client,
            at,
        }));
        holdings.retain(|held| held.client != client);
        holdings.push(Holding { client, until });
    }

    /// A client gave an address up at a time.
    pub(super) fn given_up(&mut self, client: u16, address: Ipv4Addr, at: Duration) {
        let holdings = self.holdings.entry(address).or_default();
        for held in holdings.iter_mut().filter(|held| held.client == client) {
            held.until = held.until.min(at);
        }
    }

    /// Every time that an address was given to a client while another held it.
    pub(super) fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// Addresses that two clients held at one time.
    pub(super) fn held_twice(&self) -> usize {
        let mut addresses: Vec<_> = self
            .conflicts
            .iter()
            .map(|conflict| conflict.address)
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 10);
    const B: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 11);

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn one_after_the_other_is_right() {
        let mut ledger = Ledger::default();
        ledger.granted(1, A, s(0), s(10));
        ledger.granted(2, B, s(1), s(10));
        ledger.granted(2, A, s(10), s(20)); // in the very moment of its end
        ledger.granted(1, A, s(20), s(30));
        assert_eq!(ledger.conflicts(), []);
        assert_eq!(ledger.held_twice(), 0);
    }

    #[test]
    fn given_while_held_is_found() {
        let mut ledger = Ledger::default();
        ledger.granted(1, A, s(0), s(10));
        ledger.granted(2, A, Duration::from_millis(9_999), s(20));
        let found = Conflict {
            address: A,
            holder: 1,
            other: 2,
            at: Duration::from_millis(9_999),
        };
        assert_eq!(ledger.conflicts(), [found]);
    }

    #[test]
    fn a_renewal_moves_the_end() {
        let mut ledger = Ledger::default();
        ledger.granted(1, A, s(0), s(10));
        ledger.granted(1, A, s(5), s(30));
        ledger.granted(2, A, s(12), s(20));
        assert_eq!(ledger.held_twice(), 1);
    }

    #[test]
    fn a_renewal_may_shorten() {
        let mut ledger = Ledger::default();
        ledger.granted(1, A, s(0), s(30));
        ledger.granted(1, A, s(5), s(10));
        ledger.granted(2, A, s(12), s(20));
        assert_eq!(ledger.held_twice(), 0);
    }

    #[test]
    fn a_renewal_of_the_first_holder_is_a_conflict_too() {
        let mut ledger = Ledger::default();
        ledger.granted(1, A, s(0), s(10));
        ledger.granted(2, A, s(10), s(20));
        ledger.granted(1, A, s(11), s(21)); // a server that takes it for the first one's still
        assert_eq!(ledger.held_twice(), 1);
        assert_eq!(ledger.conflicts()[0].holder, 2);
    }

    #[test]
    fn what_was_given_up_is_free() {
        let mut ledger = Ledger::default();
        ledger.granted(1, A, s(0), s(100));
        ledger.given_up(1, A, s(5));
        ledger.given_up(1, A, s(50)); // doesn't bring it back
        ledger.granted(2, A, s(6), s(20));
        assert_eq!(ledger.held_twice(), 0);
    }

    #[test]
    fn an_address_counts_once() {
        let mut ledger = Ledger::default();
        for client in 0..3 {
            ledger.granted(client, A, s(1), s(10));
        }
        assert_eq!(ledger.conflicts().len(), 3);
        assert_eq!(ledger.held_twice(), 1);
    }
}
