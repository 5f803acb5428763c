//! The lease file, `dhcpd.leases`: a journal of records, of which the last one for a key holds.
//!
//! [`Reader`] and [`Writer`] know all that ISC dhcpd 4.4.3-P1 writes and reads for DHCPv4 (`server/db.c`,
//! `server/confpars.c`), and write each record as it does. A file of ours holds one thing more, a comment line in each
//! lease, which dhcpd skips as it skips all comments:
//!
//! ```text
//! lease 10.77.0.100 {
//!   starts 1 2026/11/23 15:35:10;
//!   ends 1 2026/11/23 16:35:10;
//!   tstp 1 2026/11/23 17:05:10;
//!   tsfp 1 2026/11/23 17:05:10;
//!   atsfp 1 2026/11/23 17:05:10;
//!   cltt 1 2026/11/23 15:35:10;
//!   binding state active;
//!   next binding state expired;
//!   hardware ethernet 00:16:3e:00:00:01;
//!   # s=18 sent=1795455310 received=1795451710 c=ad75f08f
//! }
//! ```
//!
//! * `s` numbers the records of a file that have such a line, from 1: a number left out is a record lost, a smaller one is
//!   a record from an older file.
//! * `sent` and `received` are the potential expiry times sent to and received from the partner, in seconds since 1970.
//!   Each is there only where it differs from what dhcpd's own fields say
//!   ([`LeaseRecord::sent_expiry`], [`LeaseRecord::received_expiry`]).
//! * `c` is the CRC-32C of all from `lease` to the byte before the blank in front of `c`.
//!
//! Records without the line are accepted: dhcpd's own, those of a file left plain by a clean stop, and failover states,
//! which operators edit by hand. These have at most a line `# mclt=3600 wait=7200` of their own ([`McltNote`]), and
//! nothing is wrong with one that lacks it.
//!
//! ```
//! use dhcpd_text::leases::{BindingState, LeaseRecord, LeaseTime, Reader, Record, Tail, Writer};
//!
//! let mut lease = LeaseRecord::new([10, 77, 0, 100].into());
//! lease.ends = LeaseTime::new(1_795_451_710);
//! lease.binding_state = Some(BindingState::Active);
//!
//! let mut file = Vec::new();
//! let mut writer = Writer::journal(1);
//! writer.header("example 0.1", &mut file);
//! writer.lease(&lease, &mut file);
//! let whole = file.len();
//! file.extend_from_slice(b"lease 10.77.0.101 {\n  starts 1 20"); // the server died here
//!
//! let mut reader = Reader::new("dhcpd.leases", &file);
//! let leases: Vec<_> = reader
//!     .by_ref()
//!     .filter_map(|entry| match entry.expect("no damage before a good record").record {
//!         Record::Lease(lease) => Some(lease),
//!         _ => None,
//!     })
//!     .collect();
//! assert_eq!(leases, [lease]);
//! assert!(matches!(reader.tail(), Tail::Torn(damage) if damage.diagnostic.line == 11));
//! assert_eq!((reader.end(), reader.next_sequence()), (whole, 2)); // append here
//! ```

mod agent;
mod damage;
mod hardware;
mod lease;
mod parse;
mod reader;
mod record;
mod state;
pub(crate) mod text;
mod value;
mod writer;

pub use agent::AgentOption;
pub use damage::Damage;
pub use hardware::Hardware;
pub use reader::{Entry, Reader, Tail};
pub use record::{
    Billing, FailoverStateRecord, LeaseRecord, McltNote, OtherRecord, Record, StateSince, Value,
    Variable,
};
pub use state::{BindingState, ServerState};
pub use writer::Writer;

pub use crate::date::LeaseTime;
