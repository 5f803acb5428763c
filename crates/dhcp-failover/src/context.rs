//! What every handler works with.

use crate::bindings::Bindings;
use crate::output::Output;
use crate::time::Now;

/// The table, the time, and where outputs go: the arguments common to all handlers.
pub(crate) struct Context<'a> {
    pub(crate) bindings: &'a mut Bindings,
    pub(crate) now: Now,
    pub(crate) out: &'a mut Vec<Output>,
}
