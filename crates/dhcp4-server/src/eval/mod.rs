//! The configuration's language at work: which classes a client is in, what is in force for it, and what is to be done
//! when something happens to its lease.

mod billing;
mod classify;
mod ending;
mod facts;
mod lease;
mod view;
mod watch;

pub(crate) use billing::{Billing, Exhausted};
pub(crate) use classify::Member;
pub(crate) use facts::Facts;
pub(crate) use lease::with_language;
pub(crate) use view::effects_of;
pub(crate) use watch::{Account, Watch, settled};
