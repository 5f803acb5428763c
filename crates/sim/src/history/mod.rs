//! What clients and operators saw of a pair, and a judge of it that knows nothing else.
//!
//! A history is JSON lines, one [`Entry`] a line, oldest first; the first is [`Seen::Setup`]. The simulator writes
//! one, and so can anything that watches a live pair: what counts is who was promised which address for how long,
//! and what operators did to the servers. The judge shares no code with the simulator and reads no server's mind.
//!
//! ```
//! use sim::history::{Checker, Entry};
//!
//! let lines = r#"
//!   {"at":0,"event":"setup","mclt":60,"tolerance":0}
//!   {"at":1000,"event":"takes","server":0,"client":"a","address":"10.0.0.5","until":61000}
//!   {"at":9000,"event":"takes","server":1,"client":"b","address":"10.0.0.5","until":69000}"#;
//! let mut checker = Checker::default();
//! for line in lines.lines().filter(|line| !line.trim().is_empty()) {
//!     checker.take(&Entry::read(line)?)?;
//! }
//! let verdict = checker.finish();
//! assert_eq!(verdict.unlabelled().count(), 1);
//! # Ok::<(), sim::history::Damaged>(())
//! ```

mod checker;
mod claim;
mod entry;
mod excuse;
#[cfg(test)]
mod tests;

pub use checker::{Checker, Conflict, Verdict};
pub use claim::Claim;
pub use entry::{Damaged, Entry, Seen, State, Vendor};
pub use excuse::{Excuses, Legal};

/// Milliseconds on the recorder's clock.
pub type Time = u64;
