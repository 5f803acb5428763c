//! Two failover servers, their disks, clocks, network and clients in one thread, from one seed.
//!
//! The servers are the ones that ship ([`dhcp4_server::Server`]); DHCP and failover messages travel as bytes, and a
//! disk is the text of a lease file. Everything else is a model: time, the network, the clients, what goes wrong.
//!
//! ```
//! use sim::{Options, Trace, run};
//!
//! let outcome = run(1, &Options { duration: Some(600_000), ..Options::default() }, Trace::new(None));
//! assert_eq!(outcome.violation, None);
//! ```
#![forbid(unsafe_code)]

mod chaos;
mod check;
mod client;
mod clock;
mod disk;
mod drill;
mod event;
mod exchange;
mod fault;
mod habit;
pub mod history;
mod ledger;
mod mark;
mod node;
mod options;
mod phase;
mod promise;
mod random;
mod record;
mod run;
mod scenario;
mod shadow;
mod sighting;
mod site;
mod tally;
mod tcp;
mod trace;
mod udp;
mod world;

pub use clock::Time;
pub use drill::Drill;
pub use fault::{Fault, Faults};
pub use mark::{Mark, Step};
pub use options::Options;
pub use promise::{Broken, Promise};
pub use run::{Outcome, Violation, run, run_recorded};
pub use scenario::{HOUR, Scenario};
pub use sighting::Sighting;
pub use site::{Site, SiteError};
pub use tally::Tally;
pub use trace::{Trace, Who};
