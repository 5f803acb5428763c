//! A laboratory for live tests: real servers and real clients in network namespaces of their own.
//!
//! ```text
//!  server 0  eth0 ──┐
//!            fo0 ─┐ │
//!                 │ ├── bridge, in a namespace of its own ── clients  eth0 (+ mvN, one per dhclient or udhcpc)
//!            fo0 ─┘ │
//!  server 1  eth0 ──┘
//! ```
//!
//! * [`Lab`] makes the namespaces, cuts and heals the failover links, and leaves nothing behind, also after a panic.
//! * [`Server`] is one server process, ours or ISC's dhcpd, that can be started, killed and asked for its state.
//! * [`client`] runs dhclient, udhcpc and perfdhcp; [`relay`] runs exchanges of clients of our own behind a relay agent to
//!   their ends; in a [`crowd`] such clients live on beside the test.
//! * [`Watch`] sees every DHCP message at the clients' side, and [`Ledger`] tells from them who holds which address.
//! * [`History`] is what clients and operators saw of a pair, for the judge that the simulator has too.
//! * [`scripted`] is a failover partner that follows a test's script.
//! * [`Chance`] has the random numbers of a run.
//! * [`Capture`] keeps what passes between two servers.
//! * [`Database`] is a lease file as it stands, to be compared with another.
//!
//! Everything here is for tests, so what can't go on panics and says why. Root is needed, and the peers: `scripts/test`
//! installs them.

mod batch;
mod capture;
mod chance;
pub mod client;
pub mod conf;
pub mod crowd;
mod database;
mod history;
mod lab;
mod ledger;
mod log;
mod netns;
pub mod relay;
pub mod scripted;
mod server;
mod state;
mod wait;
mod watch;

pub use capture::Capture;
pub use chance::Chance;
pub use database::{Database, Difference};
pub use history::History;
pub use lab::{Cut, Lab, Site};
pub use ledger::{Holding, Ledger};
pub use log::Log;
pub use netns::{Namespace, run};
pub use server::{Kind, Server, binary};
pub use state::State;
pub use wait::{until, wait_for};
pub use watch::{Seen, Watch};
