//! Events as ISC's log has them, word for word.

use core::fmt;
use core::net::Ipv4Addr;

use failover_wire::HardwareAddress;

use super::{ClientEvent, Event, LeaseNote, Line, Remark, Via};

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(event) => event.fmt(f),
            Self::Lease(address, note) => note.write(*address, f),
            Self::Duplicate {
                address: Some(address),
                client,
                network,
            } => {
                write!(
                    f,
                    "uid lease {address} for client {} is duplicate on {network}",
                    Mac(client)
                )
            }
            Self::Duplicate {
                address: None,
                client,
                network,
            } => {
                write!(
                    f,
                    "client {} has duplicate leases on {network}",
                    Mac(client)
                )
            }
            Self::Ignored {
                relationship,
                reason,
            } => {
                write!(f, "{relationship}: ignored ({reason})")
            }
            Self::Said { text, .. } | Self::Dns { text, .. } => said(text, f),
            Self::Failover(event) => event.fmt(f),
        }
    }
}

/// A text that a client may have made: it must not look like several lines.
fn said(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write;
    text.chars().try_for_each(|c| match c {
        c if c.is_control() => write!(f, "\\{:03o}", u32::from(c)),
        c => f.write_char(c),
    })
}

impl fmt::Display for ClientEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mac, via) = (Mac(&self.client), &self.via);
        let name = Name(self.hostname.as_deref());
        match &self.message {
            Line::Discover => write!(f, "DHCPDISCOVER from {mac} {name}via {via}")?,
            Line::Request { address, server_id } => {
                write!(f, "DHCPREQUEST for {address}")?;
                if let Some(server_id) = server_id {
                    write!(f, " ({server_id})")?;
                }
                write!(f, " from {mac} {name}via {via}")?;
            }
            Line::Release { address, found } => {
                let not = if *found { "" } else { "not " };
                write!(
                    f,
                    "DHCPRELEASE of {address} from {mac} {name}via {via} ({not}found)"
                )?;
            }
            Line::ReleaseWithAddress => {
                write!(f, "DHCPRELEASE from {mac} specified requested-address.")?;
            }
            Line::Decline { address } => {
                write!(f, "DHCPDECLINE of {address} from {mac} {name}via {via}")?;
            }
            Line::Inform { address } => write!(f, "DHCPINFORM from {address} via {via}")?,
            Line::BootRequest => write!(f, "BOOTREQUEST from {mac} via {via}")?,
            Line::Other { message_type } => {
                write!(f, "{} from {mac} via {via}", TypeName(*message_type))?;
            }
            Line::Offer { address } => {
                write!(f, "DHCPOFFER on {address} to {mac} {name}via {via}")?
            }
            Line::Ack { address } => write!(f, "DHCPACK on {address} to {mac} {name}via {via}")?,
            Line::InformAck { address } => write!(f, "DHCPACK to {address} ({mac}) via {via}")?,
            Line::Nak { address } => write!(f, "DHCPNAK on {address} to {mac} via {via}")?,
            Line::BootReply { address } => {
                write!(f, "BOOTREPLY on {address} to {mac} {name}via {via}")?;
            }
            Line::BootReplyFor { address, host } => {
                write!(f, "BOOTREPLY for {address} to {host} ({mac}) via {via}")?;
            }
        }
        self.remark.fmt(f)
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::NoFreeLeases(network) => write!(f, ": network {network}: no free leases"),
            Self::LeaseLimit(class) => write!(
                f,
                ": no available billing: lease limit reached in all matching classes (last: '{class}')"
            ),
            Self::PeerHoldsAll => f.write_str(": peer holds all free leases"),
            Self::NotResponding(reason) => write!(f, ": not responding ({reason})"),
            Self::LoadBalance(peer) => write!(f, ": load balance to peer {peer}"),
            Self::CancelLoadBalance(peer) => {
                write!(f, ": cancel load balance to peer {peer} - no free leases")
            }
            Self::OwnedByPeer => f.write_str(": lease owned by peer"),
            Self::InTransition(state) => write!(f, ": lease in transition state {state}"),
            Self::Reset => f.write_str(": lease reset by administrator"),
            Self::NotOurServerId => f.write_str(": not our server id"),
            Self::WrongNetwork => f.write_str(": wrong network."),
            Self::Ignored(why) => write!(f, ": ignored ({why})."),
            Self::Unavailable(address) => write!(f, ": lease {address} unavailable."),
            Self::UnknownLease(address) => write!(f, ": unknown lease {address}."),
            Self::MinSecs { min, secs } => write!(
                f,
                ": configured min-secs value ({min}) is greater than secs field ({secs}).  message dropped."
            ),
            Self::UnknownClient => f.write_str(": unknown client"),
            Self::BootpDisallowed => f.write_str(": bootp disallowed"),
            Self::BootingDisallowed => f.write_str(": booting disallowed"),
            Self::UnknownSegment => f.write_str(": unknown network segment"),
            Self::NetworkUnknown => f.write_str(": network unknown"),
            Self::UnknownType => f.write_str(": unknown packet type"),
            Self::UnknownSubnet { kind, address } => {
                write!(f, ": unknown subnet for {kind} address {address}")
            }
            Self::NotAuthoritative(subnet) => {
                write!(f, ": not authoritative for subnet {subnet}")
            }
            Self::NullSource => f.write_str(": ignored (null source address)."),
            Self::Status(status) => write!(f, ": {status}"),
            Self::NoDynamicBootp => {
                f.write_str(": BOOTP from dynamic client and no dynamic leases")
            }
        }
    }
}

impl LeaseNote {
    fn write(&self, address: Ipv4Addr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abandoning(why) => write!(f, "Abandoning IP address {address}: {why}"),
            Self::ReclaimingAbandoned => write!(f, "Reclaiming abandoned lease {address}."),
            Self::ReclaimingRequested => {
                write!(f, "Reclaiming REQUESTed abandoned IP address {address}.")
            }
            Self::Reused { age, threshold } => write!(
                f,
                "reuse_lease: lease age {age} (secs) under {threshold}% threshold, \
                 reply with unaltered, existing lease for {address}"
            ),
            Self::OverThreshold { from, to } => write!(
                f,
                "Pool over threshold, time for {address} reduced from {from} to {to}."
            ),
            Self::DynamicAndStatic => {
                write!(f, "Dynamic and static leases present for {address}.")
            }
            Self::RemoveHost(host) => {
                write!(f, "Remove host declaration {host} or remove {address}")
            }
            Self::RemoveFromPool(network) => {
                write!(f, "from the dynamic address pool for {network}")
            }
            Self::InNoPool => {
                write!(
                    f,
                    "lease {address} is in no pool; its record is kept as it is"
                )
            }
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(name) => f.write_str(name),
            Self::Relay(address) => address.fmt(f),
        }
    }
}

/// A hardware address with colons, as ISC prints it.
pub(crate) struct Mac<'a>(pub(crate) &'a HardwareAddress);

impl fmt::Display for Mac<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.htype() == 0 {
            return f.write_str("<no identifier>");
        }
        for (i, byte) in self.0.address().iter().enumerate() {
            let colon = if i == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

/// Longest host name that is put into a log line (ISC's limit).
const MAX_LOGGED_NAME: usize = 64;

/// A host name in parentheses with a blank behind it, or nothing.
struct Name<'a>(Option<&'a [u8]>);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = self.0 else { return Ok(()) };
        match core::str::from_utf8(name) {
            Ok(text) if name.len() <= MAX_LOGGED_NAME && name.iter().all(is_printable) => {
                write!(f, "({text}) ")
            }
            _ => f.write_str("(Hostname Unsuitable for Printing) "),
        }
    }
}

fn is_printable(byte: &u8) -> bool {
    byte.is_ascii_graphic() || *byte == b' '
}

/// The name of a message type, as ISC prints it.
struct TypeName(u8);

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 13] = [
            "DHCPDISCOVER",
            "DHCPOFFER",
            "DHCPREQUEST",
            "DHCPDECLINE",
            "DHCPACK",
            "DHCPNAK",
            "DHCPRELEASE",
            "DHCPINFORM",
            "type 9",
            "DHCPLEASEQUERY",
            "DHCPLEASEUNASSIGNED",
            "DHCPLEASEUNKNOWN",
            "DHCPLEASEACTIVE",
        ];
        match NAMES.get(usize::from(self.0).wrapping_sub(1)) {
            Some(name) => f.write_str(name),
            None => write!(f, "type {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;

    fn line(message: Line, hostname: Option<&'static str>, remark: Remark) -> String {
        let client = HardwareAddress::new(1, &[2, 0, 0x5e, 0x77, 0, 1]).unwrap();
        let hostname = hostname.map(|name| Bytes::from_static(name.as_bytes()));
        let via = Via::Interface("eth0".into());
        ClientEvent {
            message,
            client,
            hostname,
            via,
            remark,
        }
        .to_string()
    }

    /// Lines of the real dhcpd's log.
    #[test]
    fn lines_are_iscs_own() {
        let address = Ipv4Addr::new(10, 77, 1, 100);
        let server_id = Some(Ipv4Addr::new(10, 77, 1, 2));
        let network: Arc<str> = "office".into();
        let rows = [
            (
                line(Line::Discover, None, Remark::LoadBalance("lab".into())),
                "DHCPDISCOVER from 02:00:5e:77:00:01 via eth0: load balance to peer lab",
            ),
            (
                line(
                    Line::Discover,
                    Some("lamp"),
                    Remark::NoFreeLeases(network.clone()),
                ),
                "DHCPDISCOVER from 02:00:5e:77:00:01 (lamp) via eth0: network office: no free leases",
            ),
            (
                line(
                    Line::Request { address, server_id },
                    None,
                    Remark::OwnedByPeer,
                ),
                "DHCPREQUEST for 10.77.1.100 (10.77.1.2) from 02:00:5e:77:00:01 via eth0: lease owned by peer",
            ),
            (
                line(
                    Line::Request {
                        address,
                        server_id: None,
                    },
                    None,
                    Remark::InTransition("expired"),
                ),
                "DHCPREQUEST for 10.77.1.100 from 02:00:5e:77:00:01 via eth0: lease in transition state expired",
            ),
            (
                line(
                    Line::Request {
                        address,
                        server_id: None,
                    },
                    None,
                    Remark::NotResponding("recover wait"),
                ),
                "DHCPREQUEST for 10.77.1.100 from 02:00:5e:77:00:01 via eth0: not responding (recover wait)",
            ),
            (
                line(
                    Line::Decline { address },
                    Some("lamp"),
                    Remark::Status("abandoned"),
                ),
                "DHCPDECLINE of 10.77.1.100 from 02:00:5e:77:00:01 (lamp) via eth0: abandoned",
            ),
            (
                line(
                    Line::Release {
                        address,
                        found: false,
                    },
                    None,
                    Remark::None,
                ),
                "DHCPRELEASE of 10.77.1.100 from 02:00:5e:77:00:01 via eth0 (not found)",
            ),
            (
                line(Line::InformAck { address }, None, Remark::None),
                "DHCPACK to 10.77.1.100 (02:00:5e:77:00:01) via eth0",
            ),
            (
                line(
                    Line::BootReplyFor {
                        address,
                        host: "ws1".into(),
                    },
                    None,
                    Remark::None,
                ),
                "BOOTREPLY for 10.77.1.100 to ws1 (02:00:5e:77:00:01) via eth0",
            ),
        ];
        for (ours, isc) in rows {
            assert_eq!(ours, isc);
        }
    }

    #[test]
    fn a_name_that_could_confuse_a_log_is_not_printed() {
        let long = "x".repeat(65);
        for name in ["two\nlines", "caf\u{e9}", &*long] {
            let name: &'static str = name.to_owned().leak();
            let text = line(Line::Discover, Some(name), Remark::None);
            assert!(
                text.contains("(Hostname Unsuitable for Printing) via"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_client_without_hardware_address_has_a_name_too() {
        let via = Via::Relay(Ipv4Addr::new(10, 0, 0, 9));
        let event = ClientEvent {
            message: Line::Discover,
            client: HardwareAddress::EMPTY,
            hostname: None,
            via,
            remark: Remark::UnknownSegment,
        };
        let text = "DHCPDISCOVER from <no identifier> via 10.0.0.9: unknown network segment";
        assert_eq!(event.to_string(), text);
    }
}
