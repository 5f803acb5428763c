//! What the clients go through: who waits, and who uses which address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use sim::{Sighting, Time};

/// Follows every client through a run.
#[derive(Debug, Default)]
pub(super) struct Witness {
    clients: Vec<Client>,
    /// Who uses an address, of those that are there.
    users: BTreeMap<Ipv4Addr, BTreeSet<usize>>,
    /// The waits that have ended, by an address or by leaving.
    longest: Option<Wait>,
    /// Clients that have left without ever having had an address.
    unserved: BTreeSet<usize>,
    /// Addresses that two clients used at once, and when that began.
    twice: BTreeMap<Ipv4Addr, Time>,
    /// ACKs of each server since they were asked for last.
    acks: [u32; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct Client {
    is_there: bool,
    /// Without an address since then.
    waits: Option<Time>,
    address: Option<(Ipv4Addr, Time)>,
    served: bool,
}

/// Time that a client was there without an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wait {
    /// Which client.
    pub(super) client: usize,
    /// Since when, ms.
    pub(super) since: Time,
    /// How long, ms.
    pub(super) length: Time,
    /// It ended with an address.
    pub(super) served: bool,
}

impl Witness {
    /// For so many clients, none of which is there yet.
    pub(super) fn new(clients: usize) -> Self {
        Self {
            clients: vec![Client::default(); clients],
            ..Self::default()
        }
    }

    /// A client is switched on.
    pub(super) fn arrive(&mut self, client: usize, now: Time) {
        self.clients[client].is_there = true;
        self.clients[client].waits = Some(now);
    }

    /// It goes.
    pub(super) fn leave(&mut self, client: usize, now: Time) {
        let state = &mut self.clients[client];
        state.is_there = false;
        let (waits, served) = (state.waits.take(), state.served);
        self.end_wait(client, waits, now, false);
        if !served {
            self.unserved.insert(client);
        }
        self.let_go(client);
    }

    /// Something was seen.
    pub(super) fn see(&mut self, sighting: &Sighting) {
        match *sighting {
            Sighting::State { .. } => {}
            Sighting::Ack { node, .. } => self.acks[node] += 1,
            Sighting::Take {
                at,
                client,
                address,
                until,
            } => {
                let waits = self.clients[client].waits.take();
                self.end_wait(client, waits, at, true);
                self.clients[client].served = true;
                self.take(client, address, until, at);
            }
            Sighting::Drop { at, client, .. } => {
                self.let_go(client);
                let state = &mut self.clients[client];
                if state.is_there && state.waits.is_none() {
                    state.waits = Some(at);
                }
            }
        }
    }

    fn take(&mut self, client: usize, address: Ipv4Addr, until: Time, now: Time) {
        if self.clients[client]
            .address
            .is_none_or(|(held, _)| held != address)
        {
            self.let_go(client);
        }
        self.clients[client].address = Some((address, until));
        let users = self.users.entry(address).or_default();
        users.insert(client);
        let clients = &self.clients;
        let uses = |user: &&usize| {
            clients[**user]
                .address
                .is_some_and(|(_, until)| until > now)
        };
        if users.iter().filter(uses).count() > 1 {
            self.twice.entry(address).or_insert(now);
        }
    }

    fn let_go(&mut self, client: usize) {
        if let Some((address, _)) = self.clients[client].address.take()
            && let Some(users) = self.users.get_mut(&address)
        {
            users.remove(&client);
        }
    }

    fn end_wait(&mut self, client: usize, since: Option<Time>, now: Time, served: bool) {
        let Some(since) = since else {
            return;
        };
        let wait = Wait {
            client,
            since,
            length: now - since,
            served,
        };
        if self
            .longest
            .is_none_or(|longest| longest.length < wait.length)
        {
            self.longest = Some(wait);
        }
    }

    /// The longest wait so far, those included that go on; begins anew.
    pub(super) fn take_longest(&mut self, now: Time) -> Option<Wait> {
        let waiting = self.clients.iter().enumerate();
        let waiting: Vec<(usize, Time)> = waiting
            .filter_map(|(client, state)| Some((client, state.waits?)))
            .collect();
        for (client, since) in waiting {
            self.end_wait(client, Some(since), now, false);
        }
        self.longest.take()
    }

    /// Clients that are there without an address.
    pub(super) fn waiting(&self) -> u32 {
        self.clients
            .iter()
            .filter(|client| client.waits.is_some())
            .count() as u32
    }

    /// Clients that went without ever having had an address, or are there and haven't had one yet; begins anew.
    pub(super) fn take_unserved(&mut self) -> u32 {
        let gone = std::mem::take(&mut self.unserved);
        let there = self
            .clients
            .iter()
            .filter(|client| client.is_there && !client.served);
        (gone.len() + there.count()) as u32
    }

    /// ACKs of each server since this was asked last.
    pub(super) fn take_acks(&mut self) -> [u32; 2] {
        std::mem::take(&mut self.acks)
    }

    /// The addresses that two clients used at once, and when that was first so.
    pub(super) fn twice(&self) -> (u32, Option<Time>) {
        (self.twice.len() as u32, self.twice.values().min().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    fn take(at: Time, client: usize, until: Time) -> Sighting {
        Sighting::Take {
            at,
            client,
            address: A,
            until,
        }
    }

    #[test]
    fn waits_end_with_an_address_or_by_leaving() {
        let mut witness = Witness::new(3);
        witness.arrive(0, 10);
        witness.see(&take(30, 0, 500));
        assert_eq!(witness.waiting(), 0);
        let longest = witness.take_longest(30).expect("it waited");
        assert_eq!(
            (longest.client, longest.length, longest.served),
            (0, 20, true)
        );
        witness.arrive(1, 40);
        witness.arrive(2, 45);
        assert_eq!(witness.waiting(), 2);
        witness.leave(1, 100);
        assert_eq!(witness.take_unserved(), 2, "one has left");
        assert_eq!(witness.take_unserved(), 1);
        let longest = witness.take_longest(120).expect("they waited");
        assert_eq!(
            (longest.client, longest.length, longest.served),
            (2, 75, false)
        );
    }

    #[test]
    fn a_lost_lease_is_a_wait_too() {
        let mut witness = Witness::new(1);
        witness.arrive(0, 0);
        witness.see(&take(0, 0, 100));
        witness.see(&Sighting::Drop {
            at: 100,
            client: 0,
            address: A,
        });
        witness.see(&take(160, 0, 300));
        assert_eq!(witness.take_longest(200).expect("it waited").length, 60);
    }

    #[test]
    fn an_address_with_two_users_is_counted_once() {
        let mut witness = Witness::new(3);
        (0..3).for_each(|client| witness.arrive(client, 0));
        witness.see(&take(10, 0, 100));
        witness.see(&take(100, 1, 200));
        assert_eq!(witness.twice(), (0, None), "the first lease was over");
        witness.see(&take(150, 2, 300));
        witness.see(&take(160, 1, 400));
        assert_eq!(witness.twice(), (1, Some(150)));
    }

    #[test]
    fn who_has_left_uses_nothing() {
        let mut witness = Witness::new(2);
        (0..2).for_each(|client| witness.arrive(client, 0));
        witness.see(&take(10, 0, 100));
        witness.leave(0, 20);
        witness.see(&take(30, 1, 100));
        assert_eq!(witness.twice(), (0, None));
    }
}
