//! Where a client stands, and what it does next.

use std::net::Ipv4Addr;

use dhcp4_wire::Message;

use crate::clock::Time;

/// What a client has been given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Lease {
    /// The address.
    pub(crate) address: Ipv4Addr,
    /// The server that gave it.
    pub(crate) server: Ipv4Addr,
    /// When it may be used no longer, true time.
    pub(crate) ends: Time,
    /// T1, true time.
    pub(crate) renew: Time,
    /// T2, true time.
    pub(crate) rebind: Time,
}

/// What the client is doing, in the words of RFC 2131 figure 5.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// It is switched off, or has left.
    Away,
    /// INIT, for a moment.
    Init,
    /// SELECTING
    Selecting,
    /// REQUESTING an offer.
    Requesting {
        /// The address offered.
        address: Ipv4Addr,
        /// Who offered it.
        server: Ipv4Addr,
    },
    /// REBOOTING: asking for the address it had.
    Rebooting,
    /// BOUND
    Bound,
    /// RENEWING
    Renewing,
    /// REBINDING
    Rebinding,
}

/// What a client does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// It sends: to everyone, or to one server if it says so.
    Send(Box<Message>, Option<Ipv4Addr>),
    /// It begins another exchange: answers to older requests mean nothing to it.
    Exchange,
    /// It uses this lease.
    Use(Lease),
    /// It gave its lease up, and uses nothing.
    Drop(Ipv4Addr),
}
