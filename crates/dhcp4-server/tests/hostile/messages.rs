//! Messages to be said.

use std::net::Ipv4Addr;

use failover_wire::{BindingStatus, BindingUpdate, HardwareAddress, UnixTime};

use crate::rig;

/// An ordinary update: the address is leased to `client` until `ends`.
pub(crate) fn active(address: Ipv4Addr, client: u32, ends: u32) -> BindingUpdate {
    BindingUpdate {
        address: Some(address),
        status: Some(BindingStatus::Active),
        hardware: HardwareAddress::new(1, &rig::mac(client)),
        lease_expiration: Some(UnixTime(ends)),
        potential_expiration: Some(UnixTime(ends + 600)),
        start_of_state: Some(UnixTime(rig::START)),
        client_last_transaction: Some(UnixTime(rig::START)),
        ..BindingUpdate::default()
    }
}

/// A message made by hand: type, then options.
pub(crate) fn raw(message_type: u8, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (code, value) in options {
        body.extend(code.to_be_bytes());
        body.extend((value.len() as u16).to_be_bytes());
        body.extend(*value);
    }
    raw_body(message_type, 12, &body)
}

/// A message made by hand: type, payload offset, and all that follows the header.
pub(crate) fn raw_body(message_type: u8, payload_offset: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = ((12 + body.len()) as u16).to_be_bytes().to_vec();
    bytes.extend([message_type, payload_offset]);
    bytes.extend(rig::START.to_be_bytes());
    bytes.extend([0, 0, 0, 77]);
    bytes.extend(body);
    bytes
}
