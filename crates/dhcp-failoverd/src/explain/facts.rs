//! The parts of the answer, each with the statement that it comes from.

use std::net::Ipv4Addr;

use dhcp4_wire::{OptionCode, Packet};
use dhcpd_text::conf::{Location, OptionId, Pool, Role, SpaceId};
use dhcpd_text::review::Place;

use super::Answer;

/// One thing that the reply says.
pub(super) struct Item {
    /// Its code; `None` for a field of the header.
    pub(super) code: Option<u8>,
    pub(super) name: String,
    pub(super) value: String,
    pub(super) bytes: Vec<u8>,
    /// The statement that it comes from.
    pub(super) place: Option<Place>,
    /// What it comes from besides, or instead.
    pub(super) note: Option<String>,
}

/// A pool of the client's network.
pub(super) struct PoolItem {
    pub(super) ranges: String,
    pub(super) admits: bool,
    pub(super) chosen: bool,
    pub(super) place: Option<Place>,
}

impl Answer<'_> {
    fn place(&self, at: Location) -> Option<Place> {
        self.document.place_at(at)
    }

    /// The statement that set an option or parameter.
    fn origin(&self, option: OptionId) -> Option<Place> {
        let origins = &self.trace.lease.as_ref()?.origins;
        let (_, at) = origins.iter().find(|(other, _)| *other == option)?;
        self.place(*at)
    }

    /// The statement that set a parameter.
    fn parameter(&self, name: &str) -> Option<Place> {
        let spaces = &self.document.config.spaces;
        let origins = &self.trace.lease.as_ref()?.origins;
        let named = |option: &OptionId| {
            option.space == SpaceId::SERVER && spaces.name(*option).rsplit('.').next() == Some(name)
        };
        let (_, at) = origins.iter().find(|(option, _)| named(option))?;
        self.place(*at)
    }

    /// What the reply says, in its order.
    pub(super) fn items(&self) -> Vec<Item> {
        let Some(packet) = self
            .reply
            .as_deref()
            .and_then(|reply| Packet::parse(reply).ok())
        else {
            return Vec::new();
        };
        let mut items = Vec::new();
        let header = |name: &str, parameter: &str, value: String, bytes: &[u8]| Item {
            code: None,
            name: name.to_owned(),
            value,
            bytes: bytes.to_vec(),
            place: self.parameter(parameter),
            note: None,
        };
        if !packet.siaddr().is_unspecified() {
            let octets = packet.siaddr().octets();
            items.push(header(
                "siaddr",
                "next-server",
                packet.siaddr().to_string(),
                &octets,
            ));
        }
        for (name, parameter, field) in [
            ("sname", "server-name", &packet.sname()[..]),
            ("file", "filename", &packet.file()[..]),
        ] {
            let end = field
                .iter()
                .position(|byte| *byte == 0)
                .unwrap_or(field.len());
            if end > 0 && self.parameter(parameter).is_some() {
                let text = String::from_utf8_lossy(&field[..end])
                    .escape_debug()
                    .to_string();
                items.push(header(
                    name,
                    parameter,
                    format!("\"{text}\""),
                    &field[..end],
                ));
            }
        }
        let mut seen = Vec::new();
        for (code, _) in packet.options() {
            if seen.contains(&code) {
                continue; // a part of the same one
            }
            seen.push(code);
            let bytes = packet
                .option(code)
                .map(|joined| joined.to_vec())
                .unwrap_or_default();
            items.push(self.option(code, bytes));
        }
        items
    }

    fn option(&self, code: OptionCode, bytes: Vec<u8>) -> Item {
        let option = OptionId::dhcp(code.0);
        let mut place = self.origin(option);
        let mut note = None;
        match code {
            OptionCode::DHCP_MESSAGE_TYPE => note = Some("the answer to a DHCPDISCOVER".to_owned()),
            OptionCode::DHCP_LEASE_TIME => {
                place = self.parameter("default-lease-time");
                note = self.lease_time(&bytes, place.is_some());
            }
            _ if place.is_some() => {}
            OptionCode::DHCP_SERVER_IDENTIFIER => {
                note = Some("the address of the server's interface".to_owned())
            }
            OptionCode::SUBNET_MASK => note = Some("the netmask of the subnet".to_owned()),
            OptionCode::HOST_NAME => {
                place = self.parameter("use-host-decl-names");
                note = Some("the name of the host declaration".to_owned());
            }
            OptionCode::RELAY_AGENT_INFORMATION => {
                note = Some("what the relay agent sent".to_owned())
            }
            OptionCode::VENDOR_ENCAPSULATED_OPTIONS => {
                place = self.parameter("vendor-option-space");
                note = Some("put together of an option space".to_owned());
            }
            _ => note = Some("put together by the server".to_owned()),
        }
        Item {
            code: Some(code.0),
            name: self.document.config.spaces.name(option),
            value: shown(code, &bytes),
            bytes,
            place,
            note,
        }
    }

    /// What became of the configured lease time.
    fn lease_time(&self, bytes: &[u8], configured: bool) -> Option<String> {
        let given = u32::from_be_bytes(bytes.try_into().ok()?);
        let relationship = self.trace.lease.as_ref()?.relationship.as_ref();
        let peer = self.peer.filter(|_| relationship.is_some());
        match peer.map(|peer| (peer.role, peer.mclt)) {
            Some((_, Some(mclt))) if mclt == given => {
                Some("the MCLT: until the partner knows of the lease, it is not longer".to_owned())
            }
            Some((Role::Secondary, None)) => Some(
                "at most the MCLT, which the primary's CONNECT tells, until the partner knows of the lease".to_owned(),
            ),
            _ => (!configured).then(|| "ISC's default, or a bound of the lease time".to_owned()),
        }
    }

    pub(super) fn pools(&self) -> Vec<PoolItem> {
        let networks = &self.document.config.shared_networks;
        let all = || {
            let of = |n: &'_ dhcpd_text::conf::SharedNetwork| -> Vec<Pool> {
                n.subnets
                    .iter()
                    .flat_map(|s| &s.pools)
                    .chain(&n.pools)
                    .cloned()
                    .collect()
            };
            networks.iter().flat_map(of)
        };
        let chosen = self.trace.lease.as_ref().and_then(|lease| lease.pool);
        let item = |(first, admits): &((Ipv4Addr, Ipv4Addr), bool)| {
            let pool = all().find(|pool| {
                pool.ranges
                    .iter()
                    .any(|range| (range.low, range.high) == *first)
            });
            let ranges = pool.iter().flat_map(|pool| &pool.ranges);
            let ranges: Vec<String> = ranges
                .map(|range| format!("{}-{}", range.low, range.high))
                .collect();
            PoolItem {
                ranges: ranges.join(", "),
                admits: *admits,
                chosen: chosen == Some(*first),
                place: pool.and_then(|pool| self.place(pool.at)),
            }
        };
        self.trace.pools.iter().map(item).collect()
    }

    pub(super) fn classes(&self) -> Vec<(String, Option<Vec<u8>>, Option<Place>)> {
        let classes = &self.document.config.classes;
        let class = |(index, value): &(usize, Option<Vec<u8>>)| {
            let class = &classes[*index];
            let sub = value.as_ref().and_then(|value| class.subclasses.get(value));
            let at = sub.map_or(class.at, |sub| sub.at);
            (class.name.clone(), value.clone(), self.place(at))
        };
        self.trace.classes.iter().map(class).collect()
    }

    pub(super) fn host(&self) -> Option<(String, Option<Place>)> {
        let name = self.trace.lease.as_ref()?.host.as_ref()?;
        let host = self
            .document
            .config
            .hosts
            .iter()
            .find(|host| host.name == *name)?;
        Some((name.clone(), self.place(host.at)))
    }

    pub(super) fn subnet(&self) -> Option<(String, Option<Place>)> {
        let (number, mask) = self.trace.lease.as_ref()?.subnet;
        let networks = &self.document.config.shared_networks;
        let mut subnets = networks.iter().flat_map(|network| &network.subnets);
        let subnet = subnets.find(|subnet| (subnet.network, subnet.netmask) == (number, mask))?;
        Some((
            format!("{number}/{}", mask.to_bits().leading_ones()),
            self.place(subnet.at),
        ))
    }
}

/// A value in words, as far as its kind is plain.
fn shown(code: OptionCode, bytes: &[u8]) -> String {
    // Options of addresses, and of seconds, among those that are usual (RFC 2132).
    const ADDRESSES: [u8; 16] = [1, 3, 4, 5, 6, 7, 9, 28, 32, 41, 42, 44, 45, 54, 150, 118];
    const NUMBERS: [u8; 7] = [2, 23, 26, 51, 57, 58, 59];
    match (code, bytes) {
        (OptionCode::DHCP_MESSAGE_TYPE, [2]) => "DHCPOFFER".to_owned(),
        _ if ADDRESSES.contains(&code.0) && bytes.len().is_multiple_of(4) => {
            let addresses = bytes
                .chunks_exact(4)
                .filter_map(|octets| octets.first_chunk::<4>());
            let addresses: Vec<String> = addresses
                .map(|octets| Ipv4Addr::from(*octets).to_string())
                .collect();
            addresses.join(", ")
        }
        _ if NUMBERS.contains(&code.0) && bytes.len() <= 4 => {
            let number = bytes
                .iter()
                .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
            number.to_string()
        }
        _ => plain_or_hex(bytes),
    }
}

/// Text in quotes, or octets.
pub(super) fn plain_or_hex(bytes: &[u8]) -> String {
    let plain = !bytes.is_empty() && bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    match plain {
        true => format!("{:?}", String::from_utf8_lossy(bytes)),
        false => hex(bytes),
    }
}

/// Octets with colons.
pub(super) fn hex(bytes: &[u8]) -> String {
    let octets: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    octets.join(":")
}
