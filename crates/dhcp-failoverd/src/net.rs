//! The machine's interfaces.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use dhcp4_server::Interface;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// One interface and what decides whether it is served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Device {
    /// Name, index, addresses.
    pub(crate) interface: Interface,
    /// Can carry broadcasts.
    pub(crate) broadcast: bool,
    /// Up.
    pub(crate) up: bool,
    /// The loopback interface.
    pub(crate) loopback: bool,
}

/// A name on the command line that is no interface.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DevicesError {
    /// Asking the kernel failed.
    #[error("can't list the interfaces: {0}")]
    List(#[from] nix::Error),
    /// No interface of that name.
    #[error("{0}: not found")]
    NotFound(String),
}

/// The interfaces that may be served: the named ones, or all that are up and can carry broadcasts.
pub(crate) fn devices(names: &[String]) -> Result<Vec<Device>, DevicesError> {
    let all = list()?;
    if names.is_empty() {
        return Ok(all
            .into_iter()
            .filter(|d| d.up && d.broadcast && !d.loopback)
            .collect());
    }
    names
        .iter()
        .map(|name| {
            let found = all.iter().find(|d| d.interface.name == *name);
            found
                .cloned()
                .ok_or_else(|| DevicesError::NotFound(name.clone()))
        })
        .collect()
}

/// All interfaces, by index.
fn list() -> Result<Vec<Device>, DevicesError> {
    let mut devices: BTreeMap<String, Device> = BTreeMap::new();
    for entry in getifaddrs()? {
        // An alias (eth0:1) is an address of its interface.
        let name = entry
            .interface_name
            .split(':')
            .next()
            .unwrap_or_default()
            .to_owned();
        let device = devices.entry(name.clone()).or_insert_with(|| Device {
            interface: Interface {
                name,
                index: 0,
                addresses: Vec::new(),
                mac: [0; 6],
            },
            broadcast: entry.flags.contains(InterfaceFlags::IFF_BROADCAST),
            up: entry.flags.contains(InterfaceFlags::IFF_UP),
            loopback: entry.flags.contains(InterfaceFlags::IFF_LOOPBACK),
        });
        let Some(address) = entry.address else {
            continue;
        };
        if let Some(link) = address.as_link_addr() {
            device.interface.index = u32::try_from(link.ifindex()).unwrap_or(0);
            device.interface.mac = link.addr().unwrap_or([0; 6]);
        } else if let Some(ip) = address.as_sockaddr_in() {
            let netmask = entry
                .netmask
                .and_then(|mask| mask.as_sockaddr_in().map(|mask| mask.ip()));
            device
                .interface
                .addresses
                .push((ip.ip(), netmask.unwrap_or(Ipv4Addr::BROADCAST)));
        }
    }
    let mut devices: Vec<_> = devices
        .into_values()
        .filter(|d| d.interface.index > 0)
        .collect();
    devices.sort_by_key(|d| d.interface.index);
    Ok(devices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_served_only_by_name() {
        let named = devices(&["lo".into()]).unwrap();
        assert_eq!(named.len(), 1);
        assert!(named[0].loopback && !named[0].broadcast);
        assert!(
            named[0]
                .interface
                .addresses
                .contains(&(Ipv4Addr::LOCALHOST, Ipv4Addr::new(255, 0, 0, 0)))
        );
        assert!(devices(&[]).unwrap().iter().all(|d| !d.loopback));
    }

    #[test]
    fn a_name_that_is_no_interface() {
        let error = devices(&["nosuch0".into()]).unwrap_err();
        assert_eq!(error.to_string(), "nosuch0: not found");
    }
}
