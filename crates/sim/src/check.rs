//! What is checked of each answer, as it leaves the server.

use std::net::Ipv4Addr;

use dhcp_failover::{Binding, BindingStatus, Client, ServerState, UnixTime};
use dhcp4_server::Now;
use dhcp4_wire::{MessageType, Packet};

use crate::event::NodeId;
use crate::promise::{Broken, Promise};
use crate::shadow::Shadow;

/// An address that an ACK gives to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Promised {
    /// The address.
    pub(crate) address: Ipv4Addr,
    /// For how long, seconds.
    pub(crate) seconds: u32,
    /// The transaction.
    pub(crate) xid: u32,
}

/// What a reply promises; `None` if it is no ACK of a lease.
#[must_use]
pub(crate) fn promise(packet: &Packet<'_>) -> Option<Promised> {
    if packet.message_type() != Some(MessageType::ACK) || packet.yiaddr().is_unspecified() {
        return None;
    }
    Some(Promised {
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
) -> Result<(), Broken> {
    let Some(Promised {
        address, seconds, ..
    }) = promise(packet)
    else {
        return Ok(());
    };
    let failed = |promise, what: &str| {
        let what = format!(
            "ACK of {address} for {seconds} s: {what}; stored: {:?}",
            stored.latest(address)
        );
        Err(Broken::new(promise, what))
    };
    let Some(record) = stored.latest(address) else {
        return failed(Promise::Durable, "sent before its record");
    };
    if record.status != BindingStatus::Active || !is_client(packet, &record.client) {
        return failed(Promise::Durable, "its record is not the client's");
    }
    if record.ends.saturating_sub(now.unix) != seconds {
        return failed(
            Promise::Lead,
            &format!(
                "its record has another end, {} s from now",
                record.ends.saturating_sub(now.unix)
            ),
        );
    }
    let known = record.acked.max(record.received).max(record.starts);
    if record.ends > known.saturating_add(mclt) {
        return failed(
            Promise::Lead,
            "longer than MCLT beyond what the partner knows",
        );
    }
    Ok(())
}

/// What a server knew of an address before the input that it answers with an ACK.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before<'a> {
    /// Which server.
    pub(crate) node: NodeId,
    /// Its state.
    pub(crate) state: ServerState,
    /// The record of the address; `None` if it was never used.
    pub(crate) record: Option<&'a Binding>,
    /// Since when the server has been in its state.
    pub(crate) since: UnixTime,
    /// MCLT, seconds.
    pub(crate) mclt: u32,
}

/// A client gets an address only from a server whose it is to give, in a state in which it gives any (draft §9).
///
/// # Errors
/// Says what it breaks.
pub(crate) fn ownership(
    packet: &Packet<'_>,
    before: Before<'_>,
    now: UnixTime,
) -> Result<(), Broken> {
    use ServerState as S;
    let Some(Promised {
        address, seconds, ..
    }) = promise(packet)
    else {
        return Ok(());
    };
    let failed = |what: &str| {
        let what = format!(
            "ACK of {address} for {seconds} s: {what}; state {}, before {:?}",
            before.state, before.record
        );
        Err(Broken::new(Promise::Ownership, what))
    };
    let unused = Binding::unused(BindingStatus::Free);
    let record = before.record.unwrap_or(&unused);
    let is_tenant = is_client(packet, &record.client);
    let renews = is_tenant && record.status == BindingStatus::Active;
    match before.state {
        S::Normal | S::CommunicationsInterrupted | S::PartnerDown | S::ConflictDone => {}
        S::RecoverDone if renews => {}
        _ => return failed("the server doesn't serve"),
    }
    // An address that was never used is the primary's until its record says otherwise.
    let mine = [BindingStatus::Free, BindingStatus::Backup][before.node];
    let returns = is_tenant && record.is_ending();
    // What is out of use is the primary's to try again, once the partner knows of it.
    let reclaims = record.status == BindingStatus::Abandoned
        && before.node == 0
        && (!record.pending || record.begun_alone)
        && record.received < now;
    if renews || returns || reclaims || record.status == mine {
        return Ok(());
    }
    if before.state != S::PartnerDown {
        return failed("the address isn't this server's");
    }
    let waited = |since: UnixTime| since.saturating_add(before.mclt) <= now;
    let alone = record.begun_alone;
    let promised = match record.status {
        // A quarantine binds nobody.
        BindingStatus::Abandoned if alone => record.received,
        BindingStatus::Abandoned => record.horizon().saturating_add(before.mclt),
        _ if alone => record.ends,
        _ => record
            .horizon()
            .max(record.ends)
            .saturating_add(before.mclt),
    };
    match record.status {
        BindingStatus::Free | BindingStatus::Backup
            if waited(before.since) || (alone && record.ends <= now) =>
        {
            Ok(())
        }
        BindingStatus::Free | BindingStatus::Backup => failed("it is the partner's for MCLT more"),
        _ if promised <= now && (alone || waited(before.since)) => Ok(()),
        _ => failed("what either server may have promised hasn't run out"),
    }
}

/// What is known of a tenancy's promises never falls while it lasts.
///
/// # Errors
/// Names the address.
pub(crate) fn monotone(
    address: Ipv4Addr,
    was: Option<&Binding>,
    is: &Binding,
) -> Result<(), Broken> {
    let Some(was) = was else {
        return Ok(());
    };
    let lasts = [was, is]
        .iter()
        .all(|binding| binding.status == BindingStatus::Active)
        && was.client.is_same(&is.client);
    // One by one they may: the file has no room for `acked` beside a change that isn't acknowledged.
    let falls = is.tsfp() < was.tsfp() || is.horizon() < was.horizon();
    if lasts && falls {
        let what = format!("{address} knew {was:?}, and now {is:?}");
        return Err(Broken::new(Promise::Monotone, what));
    }
    Ok(())
}

fn is_client(packet: &Packet<'_>, client: &Client) -> bool {
    // The client's identifier, if it has one, is of its hardware address.
    client.hardware.address() == packet.chaddr()
}
