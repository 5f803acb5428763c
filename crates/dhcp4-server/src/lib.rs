//! A whole DHCPv4 server without IO: packets, peer bytes and time in, ordered outputs out.
//!
//! [`Server`] holds the lease table, the failover relationships over it and the offers that wait for a request. It
//! opens no socket, reads no clock and writes no file: its driver hands it what arrived, with the time, and performs
//! what [`Server::poll_output`] says, in that order. The answers are those of ISC dhcpd 4.4.3-P1, as recorded from it.
//!
//! The driver's one rule: drain the outputs, write every [`Output::Store`], sync once, then perform the rest.
#![forbid(unsafe_code)]

mod allocate;
mod answer;
mod bootp;
mod config;
mod decline;
mod discover;
mod event;
mod exchange;
mod extra;
mod find;
mod host;
mod inform;
pub mod journal;
mod lease_time;
mod nak;
mod offers;
mod outbox;
mod output;
mod probe;
mod query;
mod release;
mod reply;
mod request;
mod server;
mod stats;
mod status;
mod view;

pub use config::{ConfigMessage, Interface, RelationshipLink, ServerConfig};
pub use dhcp_failover::{
    Command, CommandRefused, ConnId, Instant, Now, Record, RelationshipId, RelationshipRecord,
    Timer,
};
pub use event::{ClientEvent, Event, LeaseNote, Level, Line, Remark, Via};
pub use journal::StoredRecord;
pub use output::{Destination, Output};
pub use query::Ingress;
pub use server::{Seeds, Server, StartError, TimerReason};
pub use stats::Stats;
pub use status::{PoolStatus, RelationshipStatus, Status};
