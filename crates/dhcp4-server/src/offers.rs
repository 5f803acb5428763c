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
    /// By hash of the identifier, and by hash of the hardware address.
    by_client: BTreeSet<(u64, Instant, Ipv4Addr)>,
    by_end: BTreeSet<(Instant, Ipv4Addr)>,
    key: Keyed,
}

#[derive(Debug)]
struct Offer {
    /// Hash of the identifier, if the client gave one.
    uid: Option<u64>,
    /// Hash of the hardware address.
    hardware: u64,
    until: Instant,
}

/// Whom an address is kept for, as seen by some client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Whether it gave an identifier.
    pub(crate) has_uid: bool,
    /// It has the identifier of the client that asks.
    pub(crate) same_uid: bool,
    /// It has the hardware address of the client that asks.
    pub(crate) same_hardware: bool,
}

impl Holder {
    /// Whether it is the client that asks: by the identifier if it gave one, else by the hardware address.
    pub(crate) fn is_asking(self) -> bool {
        if self.has_uid {
            self.same_uid
        } else {
            self.same_hardware
        }
    }
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
    fn of_uid(&self, uid: &[u8]) -> u64 {
        self.of(0, uid)
    }

    fn of_hardware(&self, hardware: &[u8]) -> u64 {
        self.of(1, hardware)
    }

    fn of(&self, kind: u8, name: &[u8]) -> u64 {
        let mut hasher = self.build_hasher();
        hasher.write_u8(kind);
        hasher.write(name);
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
        self.forget(address);
        let full = self.by_address.len() >= MAX_OFFERS;
        if full && let Some(&(_, oldest)) = self.by_end.first() {
            self.forget(oldest);
        }
        let until = now.plus_secs(OFFER_TIME);
        let offer = Offer {
            uid: (!client.uid.is_empty()).then(|| self.key.of_uid(&client.uid)),
            hardware: self.key.of_hardware(client.hardware.as_wire()),
            until,
        };
        for key in offer.uid.into_iter().chain([offer.hardware]) {
            self.by_client.insert((key, until, address));
        }
        self.by_address.insert(address, offer);
        self.by_end.insert((until, address));
        full
    }

    /// The addresses that are kept for clients with an identifier, the first one first.
    pub(crate) fn of_uid(&self, uid: &[u8], now: Instant) -> impl Iterator<Item = Ipv4Addr> {
        self.of_key(self.key.of_uid(uid), now)
    }

    /// The addresses that are kept for clients with a hardware address, the first one first.
    pub(crate) fn of_hardware(
        &self,
        hardware: &[u8],
        now: Instant,
    ) -> impl Iterator<Item = Ipv4Addr> {
        self.of_key(self.key.of_hardware(hardware), now)
    }

    fn of_key(&self, key: u64, now: Instant) -> impl Iterator<Item = Ipv4Addr> {
        let first = (key, now, Ipv4Addr::UNSPECIFIED);
        let last = (key, Instant::from_millis(u64::MAX), Ipv4Addr::BROADCAST);
        let kept = self.by_client.range(first..=last);
        kept.filter(move |(_, until, _)| *until > now)
            .map(|&(_, _, address)| address)
    }

    /// Whom an address is kept for, compared with a client.
    pub(crate) fn holder(
        &self,
        address: Ipv4Addr,
        uid: &[u8],
        hardware: &[u8],
        now: Instant,
    ) -> Option<Holder> {
        let offer = self
            .by_address
            .get(&address)
            .filter(|offer| offer.until > now)?;
        let asking = (!uid.is_empty()).then(|| self.key.of_uid(uid));
        Some(Holder {
            has_uid: offer.uid.is_some(),
            same_uid: offer.uid.is_some() && offer.uid == asking,
            same_hardware: offer.hardware == self.key.of_hardware(hardware),
        })
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
            for key in offer.uid.into_iter().chain([offer.hardware]) {
                self.by_client.remove(&(key, offer.until, address));
            }
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
        offers.of_hardware(client(n).hardware.as_wire(), now).next()
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
    fn an_address_has_one_client_and_a_client_its_first_offer_first() {
        let mut offers = Offers::new([1, 2]);
        let (a, b) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        offers.hold(b, &client(1), T0);
        offers.hold(a, &client(1), T0.plus_secs(1));
        let one = client(1).hardware;
        let kept: Vec<_> = offers.of_hardware(one.as_wire(), T0).collect();
        assert_eq!(kept, [b, a]);
        offers.hold(b, &client(2), T0);
        assert_eq!(held(&offers, 1, T0), Some(a));
        assert_eq!(held(&offers, 2, T0), Some(b));
        assert_eq!(offers.len(), 2);
        let asks = |address| offers.holder(address, &[], one.as_wire(), T0).unwrap();
        assert!(asks(a).is_asking() && !asks(b).is_asking());
    }

    #[test]
    fn a_client_is_known_by_its_identifier_and_by_its_hardware() {
        let mut offers = Offers::new([1, 2]);
        let address = Ipv4Addr::new(10, 0, 0, 1);
        let named = Client {
            uid: b"name"[..].into(),
            ..client(1)
        };
        offers.hold(address, &named, T0);
        let one = named.hardware.as_wire();
        assert_eq!(offers.of_uid(b"name", T0).next(), Some(address));
        assert_eq!(offers.of_uid(b"other", T0).next(), None);
        assert_eq!(held(&offers, 1, T0), Some(address));
        let elsewhere = client(2).hardware;
        let asks = |uid: &[u8], hardware| offers.holder(address, uid, hardware, T0).unwrap();
        assert!(asks(b"name", elsewhere.as_wire()).is_asking());
        assert!(!asks(b"", one).is_asking() && asks(b"", one).same_hardware);
        offers.forget(address);
        assert!(offers.by_client.is_empty());
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
