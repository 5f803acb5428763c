//! What the core asks its driver to do, in order.

use core::net::Ipv4Addr;

use failover_wire::{Frame, ServerState, UnixTime};

use crate::binding::Binding;
use crate::event::Event;

/// Names one TCP connection to a partner; chosen by the driver, never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId(pub u64);

/// Names one relationship: its index in the order of configuration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RelationshipId(pub u16);

/// A change that has to be on disk before any output after it is performed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// An address as it is now.
    Binding(Ipv4Addr, Binding),
    /// A relationship as it is now.
    Relationship(RelationshipId, RelationshipRecord),
}

/// The `failover peer … state` record of the lease file.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RelationshipRecord {
    /// Our state; the saved one while in STARTUP.
    pub my_state: ServerState,
    /// Since when.
    pub my_stos: UnixTime,
    /// The partner's last state; `None` is `unknown-state`.
    pub partner_state: Option<ServerState>,
    /// When we heard of it.
    pub partner_stos: UnixTime,
    /// MCLT in force, seconds; `None` where none is known.
    pub mclt: Option<u32>,
    /// The greatest MCLT that a lease was granted under which may still be out, seconds; what is
    /// less than `mclt` stands for that.
    pub wait_mclt: u32,
}

/// One thing for the driver to do. Outputs are performed in order; a [`Output::Store`] is on disk
/// before anything after it is performed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Output {
    /// Write to the lease file.
    Store(Record),
    /// Send to the partner.
    Send(ConnId, Frame),
    /// Close the connection, after what was sent on it.
    Close(ConnId),
    /// Open a connection to the partner of this relationship.
    Dial(RelationshipId),
    /// Something an operator may want to know.
    Event(Event),
}
