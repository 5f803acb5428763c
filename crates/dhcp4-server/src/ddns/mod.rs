//! Names in DNS for what is leased (RFC 2136), as `ddns-update-style` and its company say: which names, when, and which
//! messages that takes. Nothing here waits for a name server, and no client waits for this.
//!
//! [`wish`] decides what a client is to be called, [`message`] has the messages, [`operation`] the order in which they go
//! out for one address, and [`engine`] all addresses that have something under way.

mod engine;
mod guard;
mod message;
mod name;
mod operation;
mod option81;
mod wish;

pub(crate) use engine::{Engine, Lapsed, Surroundings};
pub use message::{DnsAnswer, DnsChange, DnsData, DnsPrerequisite, DnsRecordType, DnsUpdate};
pub use name::DnsName;
