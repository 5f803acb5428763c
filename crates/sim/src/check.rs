//! What is checked of each answer, as it leaves the server.

use std::net::Ipv4Addr;

use dhcp_failover::{BindingStatus, Client};
use dhcp4_server::Now;
use dhcp4_wire::{MessageType, Packet};

use crate::shadow::Shadow;

/// An address that an ACK gives to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Promise {
    /// The address.
    pub(crate) address: Ipv4Addr,
    /// For how long, seconds.
    pub(crate) seconds: u32,
    /// The transaction.
    pub(crate) xid: u32,
}

/// What a reply promises; `None` if it is no ACK of a lease.
#[must_use]
pub(crate) fn promise(packet: &Packet<'_>) -> Option<Promise> {
    if packet.message_type() != Some(MessageType::ACK) || packet.yiaddr().is_unspecified() {
        return None;
    }
    Some(Promise {
        address: packet.yiaddr(),
        seconds: packet.lease_time()?,
        xid: packet.xid(),
    })
}

/// A reply keeps to what was stored before it: its lease is the record's, and no longer than the partner knows by
/// more than MCLT (draft §7.1.5). PARTNER-DOWN is no exception, since a disk may be lost later.
///
/// # Errors
/// Says what it breaks.
pub(crate) fn reply(
    packet: &Packet<'_>,
    stored: &Shadow,
    now: Now,
    mclt: u32,
) -> Result<(), String> {
    let Some(Promise {
        address, seconds, ..
    }) = promise(packet)
    else {
        return Ok(());
    };
    let failed = |what: &str| {
        Err(format!(
            "ACK of {address} for {seconds} s: {what}; stored: {:?}",
            stored.latest(address)
        ))
    };
    let Some(record) = stored.latest(address) else {
        return failed("sent before its record");
    };
    if record.status != BindingStatus::Active || !is_client(packet, &record.client) {
        return failed("its record is not the client's");
    }
    if record.ends.saturating_sub(now.unix) != seconds {
        return failed(&format!(
            "its record has another end, {} s from now",
            record.ends.saturating_sub(now.unix)
        ));
    }
    let known = record.acked.max(record.received).max(record.starts);
    if record.ends > known.saturating_add(mclt) {
        return failed("longer than MCLT beyond what the partner knows");
    }
    Ok(())
}

fn is_client(packet: &Packet<'_>, client: &Client) -> bool {
    // The client's identifier, if it has one, is of its hardware address.
    client.hardware.address() == packet.chaddr()
}
