//! Offers that wait for the client's request.

use core::hash::{BuildHasher, BuildHasherDefault, Hasher};
use core::net::Ipv4Addr;
use std::collections::{BTreeSet, HashMap};

use dhcp_failover::Client;
use dhcp_failover::Instant;
use siphasher::sip::SipHasher13;

/// How long an address is kept for a client that was offered it, seconds (ISC: two minutes).
pub(crate) const OFFER_TIME: u32 = 120;

/// Most offers held; beyond it the oldest is forgotten, which costs its client another DHCPDISCOVER. Offers stand at the
/// front of the free addresses, where each allocation steps over them: so many take some ten microseconds.
const MAX_OFFERS: usize = 1 << 12;

/// Addresses that were offered and not yet requested. Memory only: an offer promises nothing (RFC 2131 §3.1).
#[derive(Debug)]
pub(crate) struct Offers {
    by_address: HashMap<Ipv4Addr, Offer, BuildHasherDefault<Spread>>,
    by_client: BTreeSet<(u64, Instant, Ipv4Addr)>,
    by_end: BTreeSet<(Instant, Ipv4Addr)>,
    key: Keyed,
}

#[derive(Debug)]
struct Offer {
    client: u64,
    until: Instant,
}

/// Spreads addresses over a table. Addresses are of our own pools: nobody can choose many that collide.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // 2⁶⁴ over the golden ratio.
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        for &byte in bytes {
            self.0 = (self.0.rotate_left(8) ^ u64::from(byte)).wrapping_mul(FACTOR);
        }
    }
}

/// SipHash with the server's secret, so that clients can't choose colliding identifiers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyed(pub(crate) [u64; 2]);

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0[0], self.0[1])
    }
}

impl Keyed {
    fn of(&self, uid: &[u8], hardware: &[u8]) -> u64 {
        let mut hasher = self.build_hasher();
        hasher.write_u8(u8::from(uid.is_empty()));
        hasher.write(if uid.is_empty() { hardware } else { uid });
        hasher.finish()
    }
}

impl Offers {
    pub(crate) fn new(key: [u64; 2]) -> Self {
        let key = Keyed(key);
        Self {
            by_address: HashMap::default(),
            by_client: BTreeSet::new(),
            by_end: BTreeSet::new(),
            key,
        }
    }

    /// Keeps an address for a client, beside what else is kept for it: it may be about to move to another network, or
    /// share its identifier. Says whether an older offer had to be forgotten for it.
    pub(crate) fn hold(&mut self, address: Ipv4Addr, client: &Client, now: Instant) -> bool {
        let client = self.key.of(&client.uid, client.hardware.as_wire());
        self.forget(address);
        let full = self.by_address.len() >= MAX_OFFERS;
        if full && let Some(&(_, oldest)) = self.by_end.first() {
            self.forget(oldest);
        }
        let until = now.plus_secs(OFFER_TIME);
        self.by_address.insert(address, Offer { client, until });
        self.by_client.insert((client, until, address));
        self.by_end.insert((until, address));
        full
    }

    /// The addresses that are kept for a client, the last one first.
    pub(crate) fn of_client(
        &self,
        uid: &[u8],
        hardware: &[u8],
        now: Instant,
    ) -> impl Iterator<Item = Ipv4Addr> {
        let client = self.key.of(uid, hardware);
        let (first, last) = (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
        let range = (client, Instant::from_millis(0), first)
            ..=(client, Instant::from_millis(u64::MAX), last);
        let kept = self.by_client.range(range).rev();
        kept.take_while(move |(_, until, _)| *until > now)
            .map(|&(_, _, address)| address)
    }

    /// Whether an address is kept for this client.
    pub(crate) fn is_held_for(
        &self,
        address: Ipv4Addr,
        uid: &[u8],
        hardware: &[u8],
        now: Instant,
    ) -> bool {
        self.is_held(address, now) && !self.is_held_for_other(address, uid, hardware, now)
    }

    /// Whether an address is kept for another client than this one.
    pub(crate) fn is_held_for_other(
        &self,
        address: Ipv4Addr,
        uid: &[u8],
        hardware: &[u8],
        now: Instant,
    ) -> bool {
        let offer = self
            .by_address
            .get(&address)
            .filter(|offer| offer.until > now);
        offer.is_some_and(|offer| offer.client != self.key.of(uid, hardware))
    }

    /// Whether an address is kept for anyone.
    pub(crate) fn is_held(&self, address: Ipv4Addr, now: Instant) -> bool {
        self.by_address
            .get(&address)
            .is_some_and(|offer| offer.until > now)
    }

    /// Forgets the offer of an address.
    pub(crate) fn forget(&mut self, address: Ipv4Addr) {
        if let Some(offer) = self.by_address.remove(&address) {
            self.by_client.remove(&(offer.client, offer.until, address));
            self.by_end.remove(&(offer.until, address));
        }
    }

    /// Seconds that an address is still kept.
    pub(crate) fn remaining(&self, address: Ipv4Addr, now: Instant) -> u32 {
        let offer = self.by_address.get(&address);
        offer.map_or(0, |offer| offer.until.since(now).as_secs() as u32)
    }

    /// Drops what is over.
    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some(&(until, address)) = self.by_end.first()
            && until <= now
        {
            self.forget(address);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_address.len()
    }
}

#[cfg(test)]
mod tests {
    use failover_wire::HardwareAddress;

    use super::*;

    fn client(n: u32) -> Client {
        let hardware = HardwareAddress::new(1, &n.to_be_bytes()).unwrap();
        Client {
            hardware,
            ..Client::default()
        }
    }

    fn held(offers: &Offers, n: u32, now: Instant) -> Option<Ipv4Addr> {
        offers
            .of_client(&[], client(n).hardware.as_wire(), now)
            .next()
    }

    const T0: Instant = Instant::from_millis(0);

    #[test]
    fn an_offer_lasts_two_minutes() {
        let mut offers = Offers::new([1, 2]);
        let address = Ipv4Addr::new(10, 0, 0, 1);
        offers.hold(address, &client(1), T0);
        assert_eq!(held(&offers, 1, T0.plus_secs(119)), Some(address));
        assert!(offers.is_held(address, T0.plus_secs(119)));
        assert_eq!(held(&offers, 1, T0.plus_secs(120)), None);
        offers.expire(T0.plus_secs(120));
        assert_eq!(offers.len(), 0);
        assert!(offers.by_client.is_empty() && offers.by_end.is_empty());
    }

    #[test]
    fn an_address_has_one_client_and_a_client_its_last_offer_first() {
        let mut offers = Offers::new([1, 2]);
        let (a, b) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        offers.hold(b, &client(1), T0);
        offers.hold(a, &client(1), T0.plus_secs(1));
        let hardware = client(1).hardware;
        let kept: Vec<_> = offers.of_client(&[], hardware.as_wire(), T0).collect();
        assert_eq!(kept, [a, b]);
        offers.hold(b, &client(2), T0);
        assert_eq!(held(&offers, 1, T0), Some(a));
        assert_eq!(held(&offers, 2, T0), Some(b));
        assert_eq!(offers.len(), 2);
        assert!(!offers.is_held_for(b, &[], hardware.as_wire(), T0));
        assert!(offers.is_held_for(a, &[], hardware.as_wire(), T0));
    }

    #[test]
    fn the_oldest_gives_way_when_there_are_too_many() {
        let mut offers = Offers::new([1, 2]);
        for n in 0..MAX_OFFERS as u32 {
            let address = Ipv4Addr::from(0x0a00_0000 + n);
            assert!(!offers.hold(address, &client(n), T0.plus_secs(n / 1000)));
        }
        assert!(offers.hold(
            Ipv4Addr::new(11, 0, 0, 0),
            &client(u32::MAX),
            T0.plus_secs(60)
        ));
        assert_eq!(offers.len(), MAX_OFFERS);
        assert_eq!(held(&offers, 0, T0), None);
        assert!(held(&offers, 1, T0).is_some());
    }
}
