//! Every state that a failover pair can get into, looked at.
//!
//! The shipped machine, `dhcp_failover::Core`, on both sides; a driver that keeps the one rule (a record is on
//! disk before anything after it is said); a link that may be cut at any time, seen by one
//! end before the other; disks; clients that ask, renew, release and decline wherever they like; an honest operator.
//! No client ever holds an address that another holds.
//!
//! There is no horizon: times are relative to the present, and what is long over is
//! forgotten, so the number of states is finite and all are looked at.

#![forbid(unsafe_code)]

mod age;
mod chart;
mod collection;
mod mutants;
mod number;
mod runs;
mod search;
mod server;
mod setting;
mod world;

pub use mutants::{Missing, Mutant, mutants};
pub use runs::{Run, quick};
pub use search::{Broken, Limits, Report, search};
pub use setting::{Assumption, Setting};
