//! Who believes to hold which address: the promise that everything else is for.

use std::net::Ipv4Addr;

use crate::clock::Time;
use crate::promise::{Broken, Promise};

/// What one client may believe in.
#[derive(Clone, Debug, Default)]
struct Claims {
    /// The lease it has taken.
    held: Option<Claim>,
    /// Leases that are on their way to it, in ACKs to its present exchange.
    coming: Vec<Claim>,
}

#[derive(Clone, Copy, Debug)]
struct Claim {
    address: Ipv4Addr,
    until: Time,
}

impl Claims {
    fn all(&self) -> impl Iterator<Item = &Claim> {
        self.held.iter().chain(&self.coming)
    }
}

/// The claims of all clients, by true time.
///
/// A claim begins when a server sends its ACK and ends with the lease as the client counts it (from the request,
/// RFC 2131 §4.4.1), or when the client gives it up. A client that is away keeps its claim: it may come back.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    claims: Vec<Claims>,
    /// Two claims may overlap by this much, ms: the servers' clocks differ so much.
    tolerance: Time,
}

impl Ledger {
    /// Nobody holds anything.
    #[must_use]
    pub(crate) fn new(clients: usize, tolerance: Time) -> Self {
        Self {
            claims: vec![Claims::default(); clients],
            tolerance,
        }
    }

    /// A server promises an address to a client; that stands also where it shouldn't.
    ///
    /// # Errors
    /// If another client may believe to hold it.
    pub(crate) fn promise(
        &mut self,
        client: usize,
        address: Ipv4Addr,
        until: Time,
        now: Time,
    ) -> Result<(), Broken> {
        let mut conflict = Ok(());
        if let Some((other, claim)) = self
            .holders(address, now + self.tolerance)
            .find(|(other, _)| *other != client)
        {
            let what = format!(
                "held twice: {address} goes to c{client:02}, and is c{other:02}'s for another {:.3} s",
                (claim.until - now) as f64 / 1000.0
            );
            conflict = Err(Broken::new(Promise::Exclusive, what));
        }
        let coming = &mut self.claims[client].coming;
        coming.retain(|claim| claim.address != address);
        coming.push(Claim { address, until });
        conflict
    }

    /// The client uses this lease, and no other.
    pub(crate) fn take(&mut self, client: usize, address: Ipv4Addr, until: Time) {
        self.claims[client] = Claims {
            held: Some(Claim { address, until }),
            coming: Vec::new(),
        };
    }

    /// ACKs to the client's former exchange mean nothing to it any more.
    pub(crate) fn new_exchange(&mut self, client: usize) {
        self.claims[client].coming.clear();
    }

    /// The client gave up its lease.
    pub(crate) fn drop(&mut self, client: usize, address: Ipv4Addr) {
        let held = &mut self.claims[client].held;
        *held = held.filter(|claim| claim.address != address);
    }

    /// Whether someone uses the address.
    #[must_use]
    pub(crate) fn is_used(&self, address: Ipv4Addr, now: Time) -> bool {
        self.claims
            .iter()
            .filter_map(|claims| claims.held)
            .any(|claim| claim.address == address && claim.until > now)
    }

    fn holders(&self, address: Ipv4Addr, after: Time) -> impl Iterator<Item = (usize, &Claim)> {
        let claims = self.claims.iter().enumerate();
        let claims =
            claims.flat_map(|(client, claims)| claims.all().map(move |claim| (client, claim)));
        claims.filter(move |(_, claim)| claim.address == address && claim.until > after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 0);

    #[test]
    fn an_address_has_one_holder_until_its_lease_is_over() {
        let mut ledger = Ledger::new(2, 0);
        ledger.promise(0, A, 1000, 0).unwrap();
        assert!(
            ledger.promise(1, A, 1500, 999).is_err(),
            "promised, if not taken"
        );
        ledger.take(0, A, 1000);
        assert!(ledger.promise(1, A, 1500, 999).is_err());
        ledger.new_exchange(1);
        ledger.promise(0, A, 2000, 999).expect("its own");
        ledger.new_exchange(0);
        ledger
            .promise(1, A, 3000, 1000)
            .expect("the renewal never reached client 0");
    }

    #[test]
    fn what_is_given_up_is_free() {
        let mut ledger = Ledger::new(2, 0);
        ledger.take(0, A, 1000);
        assert!(ledger.is_used(A, 10));
        ledger.drop(0, A);
        assert!(!ledger.is_used(A, 10));
        ledger.promise(1, A, 1000, 10).unwrap();
    }

    #[test]
    fn clocks_that_differ_are_no_excuse_for_more_than_that() {
        let mut ledger = Ledger::new(2, 500);
        ledger.take(0, A, 1000);
        assert!(ledger.promise(1, A, 2000, 499).is_err());
        ledger.promise(1, A, 2000, 500).unwrap();
    }
}
