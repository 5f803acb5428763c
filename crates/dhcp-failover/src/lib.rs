//! The DHCPv4 failover protocol as a pure state machine: draft-ietf-dhc-failover-12 as ISC dhcpd
//! 4.4 speaks it, and stricter wherever ISC could give one address to two clients.
//!
//! [`Core`] owns the lease table of a server ([`Bindings`]) and any number of failover
//! relationships over it ([`Endpoint`]), beside pools that have no partner. It reads no clock,
//! opens no socket and writes no file. Inputs are calls that carry both clocks ([`Now`]); what is
//! to be done is appended to a list of [`Output`]s, and there is one rule:
//!
//! > Perform the outputs in order, and have each [`Output::Store`] on disk before anything after
//! > it is performed.
//!
//! A driver calls [`Core::handle_timeout`] when [`Core::poll_timeout`] says so, which may change
//! with every input. It opens a connection when it finds [`Output::Dial`], and says how that went.
//!
//! ```
//! use std::collections::BTreeMap;
//! use dhcp_failover::*;
//!
//! // One pool, shared in one relationship, in which we are the primary.
//! let pool = PoolSpec {
//!     ranges: vec![("192.0.2.10".parse()?, "192.0.2.250".parse()?)],
//!     relationship: Some(RelationshipId(0)),
//! };
//! let bindings = Bindings::new(vec![pool], [0, 0])?;
//! let config = Config::primary("dhcp", "192.0.2.3".parse()?, 3600, Hba::from_split(128));
//!
//! let mut now = Now { mono: Instant::from_millis(0), unix: UnixTime(1_800_000_000) };
//! let mut out = Vec::new();
//! let mut core = Core::new(bindings, vec![config], &BTreeMap::new(), 86_400, now, &mut out);
//! assert!(out.contains(&Output::Dial(RelationshipId(0))));
//!
//! // Nobody answers: STARTUP ends, and a server without a lease file is in RECOVER.
//! core.handle_dial_failed(RelationshipId(0), true, now, &mut out);
//! now = Now { mono: now.mono.plus_secs(15), unix: UnixTime(now.unix.0 + 15) };
//! core.handle_timeout(now, &mut out);
//! assert_eq!(core.endpoint(RelationshipId(0)).state(), ServerState::Recover);
//!
//! // The operator knows that there is no partner yet.
//! let command = Command::PartnerDown { id: RelationshipId(0), force: false };
//! core.handle_command(command, now, &mut out)?;
//! let client = Client { hardware: HardwareAddress::new(1, &[2, 0, 0, 0, 0, 1]).unwrap(), ..Client::default() };
//! let address = core.next_free(PoolId(0), now, |_| false).unwrap();
//! let grant = Grant { address, client, desired: 86_400, bootp: false, extra: None };
//! let granted = core.grant(grant, now, &mut out)?;
//! // What no partner knows of is never longer than MCLT.
//! assert_eq!(granted.length, 3600);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod alone;
mod balance;
mod binding;
mod bindings;
mod config;
pub mod conflict;
mod contact;
mod context;
mod core;
mod crossing;
mod deadlines;
mod dispatch;
mod ending;
mod endpoint;
mod event;
mod grant;
mod handshake;
mod hold;
mod index;
mod lessor;
mod link;
#[doc(hidden)]
pub mod mutant;
mod names;
mod output;
mod owed;
pub mod promise;
mod ranges;
mod receive;
mod rename;
mod request;
mod shared;
mod shutdown;
mod start;
pub mod state;
mod time;
mod timer;
mod transition;
mod update;

pub use binding::{Binding, Client, Extra};
pub use bindings::{Bindings, BindingsError, MAX_ADDRESSES, PoolId, PoolSpec};
pub use config::{Config, Timing};
pub use core::{Command, CommandRefused, Core};
pub use endpoint::Endpoint;
pub use event::{Event, What};
pub use grant::{Grant, Granted, Refused};
pub use names::Names;
pub use output::{ConnId, Output, Record, RelationshipId, RelationshipRecord};
#[doc(hidden)]
pub use rename::Rename;
pub use state::Service;
pub use time::{Instant, Now};
pub use timer::Timer;

pub use dhcp_split::{BalanceParams, Decision, Hba, Role};
pub use failover_wire::{BindingStatus, Frame, HardwareAddress, ServerState, UnixTime};
