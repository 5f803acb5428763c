//! ISC dhcpd text formats: `dhcpd.leases`, read and written, and `dhcpd.conf`, read.
//!
//! * [`lex`]: the lexer of both, tokens with spans.
//! * [`leases`]: the lease file's records, with checksums that dhcpd takes for comments, torn ends cut and damage found.
//! * [`conf`]: the configuration as a model, or all that is wrong with it.
//! * [`eval`]: the statements of a configuration, executed for one client.
//! * [`review`]: what a careful colleague says of a configuration, and of the two of a failover pair.
//! * [`diagnostic`]: what there is to say about a place in a text.
//!
//! Nothing here touches a file or asks for the time.
//!
//! ```
//! use dhcpd_text::leases::{BindingState, Reader, Record, Writer};
//!
//! let file = "lease 10.77.0.100 {
//!   ends 1 2026/11/23 15:35:10;
//!   binding state active;
//!   hardware ethernet 00:16:3e:00:00:01;
//! }
//! ";
//! for entry in Reader::new("dhcpd.leases", file) {
//!     let Record::Lease(mut lease) = entry.expect("nothing is damaged").record else {
//!         continue;
//!     };
//!     assert_eq!(lease.ends.map(|ends| ends.seconds()), Some(1_795_448_110));
//!     lease.binding_state = Some(BindingState::Expired);
//!     let mut out = Vec::new();
//!     Writer::plain().lease(&lease, &mut out);
//!     assert_eq!(out, file.replace("active", "expired").into_bytes());
//! }
//! ```

#![forbid(unsafe_code)]

pub mod lex;

pub mod conf;
pub mod diagnostic;
pub mod eval;
pub mod review;

#[cfg(any(test, fuzzing))]
pub mod checks;
mod checksum;
mod date;
pub mod leases;
