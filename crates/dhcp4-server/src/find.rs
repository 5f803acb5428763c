//! Which address a client has already (ISC `find_lease`).

use core::net::Ipv4Addr;

use dhcp_failover::{Binding, Client};
use dhcp4_wire::MessageType;
use failover_wire::BindingStatus;

use crate::config::NetworkId;
use crate::event::{Event, LeaseNote};
use crate::exchange::{Exchange, Lease};
use crate::offers::Holder;

/// Leases of one client that are looked at. A client has one in each network it visits, and nobody has so many
/// networks that are served by one machine; a client that shares its identifier with more can't slow the server down.
const MAX_LEASES: usize = 32;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The address that the client should have.
    pub(crate) lease: Option<Lease>,
    /// The requested address is one of ours, so that a client that can't have it must be told so.
    pub(crate) ours: bool,
    /// A host declaration matches the client.
    pub(crate) known: bool,
}

const NOT_AVAILABLE: &str = "requested address not available";
const INCORRECT: &str = "requested address is incorrect";

impl Exchange<'_> {
    /// Looks for the client's lease in a shared network: by its fixed address, by the address that it asks for, by its
    /// identifier, by its hardware address. Ends leases of its that it mustn't have, and those it has too many of.
    pub(crate) fn find_lease(&mut self, network: NetworkId, client: &Client) -> Found {
        let is_request = self.query.is(MessageType::REQUEST);
        let asked = self.query.ciaddr().or(self.query.requested);
        let (fixed, known) = self.fixed_address(network);
        let mut found = Found {
            known,
            ..Found::default()
        };
        if is_request
            && let Some(lease) = fixed
            && Some(lease.address()) != asked
        {
            self.state.refusal = INCORRECT;
            return Found {
                ours: true,
                ..found
            };
        }
        let mut by_uid = self.lease_by_uid(network, client, known);
        let by_hardware = self.lease_by_hardware(network, client, known);
        let mut by_address = self.lease_by_address(network, asked, &mut found);
        if let Some(address) = by_address
            && !is_request
            && (by_uid.is_some() || by_hardware.is_some())
            && !self.is_usable(address, client)
        {
            by_address = None;
        }
        if let Some(address) = by_address {
            by_address = self.settle_duplicates(network, address, &mut by_uid);
        }
        if is_request && fixed.is_some() && by_address.is_some() {
            self.report_conflict(fixed, network);
            by_address = None;
        }
        let by_hardware = by_hardware.filter(|a| by_uid != Some(*a) && by_address != Some(*a));
        by_uid = by_uid.filter(|address| by_address != Some(*address));
        if let Some(address) = by_address
            && !self.is_permitted(address, known)
        {
            if self.query.ciaddr().is_none() && self.status(address) == Some(BindingStatus::Active)
            {
                self.end_lease(address);
            }
            by_address = None;
        }
        if by_address.is_none() {
            self.state.refusal = NOT_AVAILABLE;
        }
        if is_request && by_address.is_none() && fixed.is_none() {
            return found;
        }
        found.lease = self.choose(fixed, by_address, by_uid, by_hardware);
        self.refuse_abandoned(&mut found, by_address);
        found
    }

    /// The best of the leases with the client's identifier. Leases that the client isn't permitted are ended.
    fn lease_by_uid(
        &mut self,
        network: NetworkId,
        client: &Client,
        known: bool,
    ) -> Option<Ipv4Addr> {
        if self.query.uid.is_empty() {
            return None;
        }
        let (uid, now) = (self.query.uid, self.now.mono);
        let leases = self.state.core.bindings().of_uid(uid);
        let leases = leases.take(MAX_LEASES).map(|(address, _)| address);
        let offers = self.state.offers.of_uid(uid, now).take(MAX_LEASES);
        let here = offers
            .chain(leases)
            .filter_map(|address| self.candidate(address, network))
            .filter(|candidate| candidate.holder.is_none_or(|holder| holder.same_uid));
        let (best, refused) = self.best(here, client, known);
        let best = best.map(|candidate| candidate.address);
        self.end_all(&refused);
        best
    }

    /// The best of the leases with the client's hardware address, but for those that a client with another
    /// identifier may be using.
    fn lease_by_hardware(
        &mut self,
        network: NetworkId,
        client: &Client,
        known: bool,
    ) -> Option<Ipv4Addr> {
        let (hardware, now) = (self.query.hardware, self.now.mono);
        let leases = self.state.core.bindings().of_hardware(&hardware);
        let leases = leases.take(MAX_LEASES).map(|(address, _)| address);
        let offers = self.state.offers.of_hardware(hardware.as_wire(), now);
        let here = offers
            .take(MAX_LEASES)
            .chain(leases)
            .filter_map(|address| self.candidate(address, network))
            .filter(|candidate| candidate.holder.is_none_or(|holder| holder.same_hardware))
            .filter(|candidate| candidate.is_idle() || self.has_its_uid(candidate));
        let (best, refused) = self.best(here, client, known);
        // As ISC has it, a BOOTP client may have the lease of a client with an identifier, no other may.
        let boots = self.query.is_bootp() && self.query.uid.is_empty();
        let best = best.filter(|candidate| boots || self.has_its_uid(candidate));
        let best = best.map(|candidate| candidate.address);
        self.end_all(&refused);
        best
    }

    /// An address that the client had, has, or was offered a moment ago, if it is in this network.
    fn candidate(&self, address: Ipv4Addr, network: NetworkId) -> Option<Candidate<'_>> {
        if self.network_of(address) != Some(network) {
            return None;
        }
        let binding = self.binding(address)?;
        let holder = match binding.status {
            BindingStatus::Active => None,
            _ => self.holder(address),
        };
        Some(Candidate {
            address,
            binding,
            holder,
        })
    }

    /// Whether the one that the address is kept for, or was leased to, has no identifier or the client's.
    fn has_its_uid(&self, candidate: &Candidate<'_>) -> bool {
        match candidate.holder {
            Some(holder) => !holder.has_uid || holder.same_uid,
            None => {
                let uid = &candidate.binding.client.uid;
                uid.is_empty() || **uid == *self.query.uid
            }
        }
    }

    /// The best of some leases that may be used and are permitted, and those that aren't permitted.
    fn best<'b>(
        &self,
        leases: impl Iterator<Item = Candidate<'b>>,
        client: &Client,
        known: bool,
    ) -> (Option<Candidate<'b>>, Vec<Ipv4Addr>) {
        let mut best: Option<Candidate<'b>> = None;
        let mut refused = Vec::new();
        for candidate in leases {
            if !self.is_usable(candidate.address, client) {
                continue;
            }
            if !self.is_permitted(candidate.address, known) {
                refused.push(candidate.address);
                continue;
            }
            if best
                .as_ref()
                .is_none_or(|other| candidate.preference() > other.preference())
            {
                best = Some(candidate);
            }
        }
        (best, refused)
    }

    fn holder(&self, address: Ipv4Addr) -> Option<Holder> {
        let (uid, hardware) = (self.query.uid, self.query.hardware.as_wire());
        let offers = &self.state.offers;
        offers.holder(address, uid, hardware, self.now.mono)
    }

    pub(crate) fn is_offered(&self, address: Ipv4Addr) -> bool {
        self.holder(address).is_some_and(Holder::is_asking)
    }

    fn end_all(&mut self, refused: &[Ipv4Addr]) {
        if self.query.ciaddr().is_none() {
            refused.iter().for_each(|&address| self.end_lease(address));
        }
    }

    /// The lease of the address that the client asks for, unless it is another client's.
    fn lease_by_address(
        &self,
        network: NetworkId,
        asked: Option<Ipv4Addr>,
        found: &mut Found,
    ) -> Option<Ipv4Addr> {
        let address = asked?;
        let binding = self.binding(address)?;
        found.ours = true;
        if self.network_of(address) != Some(network) {
            return None;
        }
        let idle = matches!(binding.status, BindingStatus::Free | BindingStatus::Backup);
        let its = self.query.is_tenant(&binding.client) || self.is_offered(address);
        if !its && !idle {
            // Of an address whose tenancy is ending nothing certain can be said, so no DHCPNAK.
            if binding.status != BindingStatus::Active {
                found.ours = false;
            }
            return None;
        }
        Some(address)
    }

    /// Of two leases with one identifier keeps the one that the client asks for, and ends the other if it requests
    /// this one. A lease that is active for a client with an identifier goes to no other.
    fn settle_duplicates(
        &mut self,
        network: NetworkId,
        address: Ipv4Addr,
        by_uid: &mut Option<Ipv4Addr>,
    ) -> Option<Ipv4Addr> {
        let binding = self.binding(address)?;
        let identified = !binding.client.uid.is_empty();
        if binding.status != BindingStatus::Active || !identified || *by_uid == Some(address) {
            return Some(address);
        }
        if *binding.client.uid != *self.query.uid {
            return None;
        }
        let other = (*by_uid)?;
        if self.status(other) == Some(BindingStatus::Active) {
            self.report_duplicate(None, network);
            if self.query.ciaddr().is_none() && self.query.is(MessageType::REQUEST) {
                self.end_lease(other);
            }
        }
        *by_uid = Some(address);
        Some(address)
    }

    fn choose(
        &mut self,
        fixed: Option<Lease>,
        by_address: Option<Ipv4Addr>,
        by_uid: Option<Ipv4Addr>,
        by_hardware: Option<Ipv4Addr>,
    ) -> Option<Lease> {
        if let (Some(_), Some(address)) = (fixed, by_address)
            && self.query.ciaddr().is_none()
            && self
                .binding(address)
                .is_some_and(|b| self.query.is_tenant(&b.client))
        {
            self.end_lease(address);
        }
        let better = fixed.or(by_address.map(Lease::Dynamic));
        if let (Some(_), Some(other)) = (better, by_uid) {
            let network = self.network_of(other).unwrap_or(NetworkId(0));
            self.report_duplicate(Some(other), network);
            let requests = self.query.ciaddr().is_none() && self.query.is(MessageType::REQUEST);
            if requests && self.status(other) == Some(BindingStatus::Active) {
                self.end_lease(other);
            }
        }
        better.or(by_uid.or(by_hardware).map(Lease::Dynamic))
    }

    /// An abandoned address goes to a client that requests it by name: it is probably the one that was heard on it.
    fn refuse_abandoned(&mut self, found: &mut Found, by_address: Option<Ipv4Addr>) {
        let Some(Lease::Dynamic(address)) = found.lease else {
            return;
        };
        if self.status(address) != Some(BindingStatus::Abandoned) {
            return;
        }
        if by_address == Some(address) && self.query.is(MessageType::REQUEST) {
            self.note(address, LeaseNote::ReclaimingRequested);
        } else {
            found.ours = true;
            found.lease = None;
        }
    }

    /// Whether an address may be given to the client in its present state: it has it, had it last and the partner
    /// doesn't know otherwise, or we may give it to anyone.
    pub(crate) fn is_usable(&self, address: Ipv4Addr, client: &Client) -> bool {
        self.state.core.may_give(address, client, self.now)
    }

    pub(crate) fn status(&self, address: Ipv4Addr) -> Option<BindingStatus> {
        self.binding(address).map(|binding| binding.status)
    }

    fn report_duplicate(&mut self, address: Option<Ipv4Addr>, network: NetworkId) {
        let network = self.config.networks[network.0].name.clone();
        let client = self.query.hardware;
        self.state.out.event(Event::Duplicate {
            address,
            client,
            network,
        });
    }
}

/// An address that a client may get again.
struct Candidate<'b> {
    address: Ipv4Addr,
    binding: &'b Binding,
    /// Whom it is kept for since it was offered, if it isn't leased.
    holder: Option<Holder>,
}

impl Candidate<'_> {
    fn is_idle(&self) -> bool {
        matches!(
            self.binding.status,
            BindingStatus::Free | BindingStatus::Backup
        )
    }

    /// Which of a client's addresses it gets again: an active one before one that is over before one that was only
    /// offered, each time the latest (ISC `client_lease_preferred`). An offer doesn't count as its being heard.
    fn preference(&self) -> (u8, u32) {
        let binding = self.binding;
        match binding.status {
            BindingStatus::Active => (3, binding.ends.0),
            BindingStatus::Expired | BindingStatus::Released => (2, binding.cltt.0),
            BindingStatus::Free | BindingStatus::Backup | BindingStatus::Reset => {
                (1, binding.cltt.0)
            }
            BindingStatus::Abandoned => (0, binding.cltt.0),
        }
    }
}
