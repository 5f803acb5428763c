//! Who may believe to hold an address.

use std::net::Ipv4Addr;

use super::Time;

/// A client's belief that an address is its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Who.
    pub client: String,
    /// What.
    pub address: Ipv4Addr,
    /// Which server promised it.
    pub server: usize,
    /// Since when, ms.
    pub since: Time,
    /// Until when, ms.
    pub until: Time,
    /// Which line of the history says so, from 1.
    pub line: usize,
    /// The client has it, or an acknowledgement is on its way.
    pub taken: bool,
}

/// The claims that stand.
#[derive(Clone, Default, Debug)]
pub(super) struct Claims {
    /// By address, and where a client has several, by client.
    all: std::collections::BTreeMap<Ipv4Addr, Vec<Claim>>,
    /// The addresses that a client has claims on.
    of: std::collections::BTreeMap<String, Vec<Ipv4Addr>>,
}

impl Claims {
    /// Claims of others on an address that last longer than `after`.
    pub(super) fn of_others<'a>(
        &'a self,
        address: Ipv4Addr,
        client: &'a str,
        after: Time,
    ) -> impl Iterator<Item = &'a Claim> {
        let all = self.all.get(&address).into_iter().flatten();
        all.filter(move |claim| claim.client != client && claim.until > after)
    }

    /// The claim of a client on an address.
    pub(super) fn get(&self, address: Ipv4Addr, client: &str) -> impl Iterator<Item = &Claim> {
        let all = self.all.get(&address).into_iter().flatten();
        all.filter(move |claim| claim.client == client)
    }

    /// One more. Those on the address that have run out are forgotten.
    pub(super) fn add(&mut self, claim: Claim, now: Time) {
        let addresses = self.of.entry(claim.client.clone()).or_default();
        if !addresses.contains(&claim.address) {
            addresses.push(claim.address);
        }
        let all = self.all.entry(claim.address).or_default();
        all.retain(|other| other.until > now);
        all.push(claim);
    }

    /// Takes away a client's claims that `which` says.
    pub(super) fn remove(&mut self, client: &str, which: impl Fn(&Claim) -> bool) {
        let Some(addresses) = self.of.get_mut(client) else {
            return;
        };
        addresses.retain(|address| {
            let Some(all) = self.all.get_mut(address) else {
                return false;
            };
            all.retain(|claim| claim.client != client || !which(claim));
            all.iter().any(|claim| claim.client == client)
        });
    }
}
