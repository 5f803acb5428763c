//! What somebody at an operator's site could see.

use std::net::Ipv4Addr;

use dhcp_failover::ServerState;

use crate::clock::Time;

/// Something that was seen. Nodes: 0 is the primary, 1 the secondary. Clients are numbered as in
/// the relays of a [`Site`](crate::Site).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sighting {
    /// A server entered a state.
    State {
        /// When, ms.
        at: Time,
        /// Which server.
        node: usize,
        /// The state.
        state: ServerState,
    },
    /// A server sent an ACK of a lease.
    Ack {
        /// When, ms.
        at: Time,
        /// Which server.
        node: usize,
        /// To whom.
        client: usize,
    },
    /// A client begins to use a lease, or goes on with it.
    Take {
        /// When, ms.
        at: Time,
        /// The client.
        client: usize,
        /// The address.
        address: Ipv4Addr,
        /// The end of the lease, as the client counts, ms.
        until: Time,
    },
    /// A client no longer uses an address: its lease is over, or was taken away.
    Drop {
        /// When, ms.
        at: Time,
        /// The client.
        client: usize,
        /// The address.
        address: Ipv4Addr,
    },
}
