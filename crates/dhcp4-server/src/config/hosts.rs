//! Host declarations.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;
use std::sync::Arc;

use dhcpd_text::conf::{self, OptionId};
use failover_wire::HardwareAddress;

use super::network::{NetworkId, SubnetId};

/// Index into the list of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HostId(pub(crate) usize);

/// A host declaration.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) name: Arc<str>,
    /// Whether it has a client identifier, and so is found by it.
    pub(crate) has_identifier: bool,
    /// The fixed addresses that lie in a subnet, with the subnet and its network.
    pub(crate) addresses: Vec<(Ipv4Addr, SubnetId, NetworkId)>,
    /// Whether it has a `fixed-address` at all, in a known subnet or not.
    pub(crate) fixed: bool,
    /// Whether its scopes say the same to everyone, by options of DHCP itself and parameters only.
    pub(crate) plain: bool,
    /// Its own scope and those around it, from the innermost outwards, the root left out.
    pub(crate) scopes: Vec<usize>,
}

/// Hosts by the value of an option.
type ByValue = BTreeMap<Vec<u8>, Vec<HostId>>;

/// All hosts, found as ISC finds them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    list: Vec<Host>,
    by_identifier: BTreeMap<Vec<u8>, Vec<HostId>>,
    by_hardware: BTreeMap<HardwareAddress, Vec<HostId>>,
    /// Options that hosts are found by (`host-identifier`), and the hosts by their values.
    by_option: Vec<(OptionId, ByValue)>,
}

impl Hosts {
    pub(crate) fn push(&mut self, host: Host, declared: &conf::Host) {
        let id = HostId(self.list.len());
        self.list.push(host);
        if let Some(identifier) = &declared.client_identifier {
            self.by_identifier
                .entry(identifier.clone())
                .or_default()
                .push(id);
        }
        let hardware = declared.hardware.as_ref();
        if let Some(hardware) = hardware.and_then(|hw| HardwareAddress::new(hw.htype, &hw.address))
        {
            self.by_hardware.entry(hardware).or_default().push(id);
        }
        if let Some((option, value)) = &declared.identifier {
            let known = self.by_option.iter().position(|(other, _)| other == option);
            let at = known.unwrap_or(self.by_option.len());
            if known.is_none() {
                self.by_option.push((*option, BTreeMap::new()));
            }
            let values = &mut self.by_option[at].1;
            values.entry(value.clone()).or_default().push(id);
        }
    }

    pub(crate) fn get(&self, id: HostId) -> &Host {
        &self.list[id.0]
    }

    /// The hosts with this client identifier, in the order of the file.
    pub(crate) fn of_identifier(&self, identifier: &[u8]) -> &[HostId] {
        self.by_identifier
            .get(identifier)
            .map_or(&[], Vec::as_slice)
    }

    /// The hosts with this hardware address, in the order of the file.
    pub(crate) fn of_hardware(&self, hardware: &HardwareAddress) -> &[HostId] {
        self.by_hardware.get(hardware).map_or(&[], Vec::as_slice)
    }

    /// The hosts with a `host-identifier` that the client has, in the order of the file. As in ISC the option that was
    /// named last is asked for first.
    pub(crate) fn of_option(&self, received: impl Fn(OptionId) -> Option<Vec<u8>>) -> &[HostId] {
        let found = self.by_option.iter().rev().find_map(|(option, values)| {
            let value = received(*option)?;
            values.get(&value)
        });
        found.map_or(&[], Vec::as_slice)
    }

    /// Whether a host declaration claims the address for itself.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
