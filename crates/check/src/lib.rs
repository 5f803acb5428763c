//! Every state that a failover pair can get into, looked at.
//!
//! The shipped machine, `dhcp_failover::Core`, on both sides; a driver that keeps the one rule (a
//! record is on disk before anything after it is said); a link that may be cut at any time, seen by
//! one end before the other; disks; clients that ask, renew, release and decline wherever they like;
//! an honest operator. No client ever holds an address that another holds, nothing panics, and no
//! timer is due again for ever.
//!
//! There is no horizon: times are relative to the present, and what is long over is forgotten, so the
//! number of states is finite ([`search`] says whether all were looked at). Transactions are
//! numbered anew in each state. What a server does with an input is worked out once for each
//! server, and a state of the whole is sixteen bytes.
//!
//! Why not with the `stateright` crate: it keeps a state as a value of its own for each visit, and
//! works out each reaction anew. Here two machines with their tables, timers and queues are a
//! kilobyte and more, and most states are new combinations of servers seen before: named by number,
//! they cost sixteen bytes and a look-up.

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
