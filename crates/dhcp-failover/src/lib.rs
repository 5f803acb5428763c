//! The DHCPv4 failover protocol (draft-ietf-dhc-failover-12, as ISC dhcpd 4.4 speaks it) as a
//! pure state machine.

#![forbid(unsafe_code)]

mod alone;
mod balance;
mod binding;
mod bindings;
mod config;
pub mod conflict;
mod context;
mod core;
mod ending;
mod endpoint;
mod event;
mod grant;
mod handshake;
mod index;
mod link;
mod output;
pub mod promise;
mod receive;
pub mod state;
mod time;
mod timer;
mod update;

pub use binding::{Binding, Client, Extra};
pub use bindings::{Bindings, BindingsError, MAX_ADDRESSES, PoolId, PoolSpec};
pub use config::{Config, Timing};
pub use core::{Command, CommandRefused, Core};
pub use endpoint::Endpoint;
pub use event::{Event, What};
pub use grant::{Grant, Granted, Refused};
pub use output::{ConnId, Output, Record, RelationshipId, RelationshipRecord};
pub use state::Service;
pub use time::{Instant, Now};
pub use timer::Timer;

pub use dhcp_split::{BalanceParams, Decision, Hba, Role};
pub use failover_wire::{BindingStatus, Frame, HardwareAddress, ServerState, UnixTime};
