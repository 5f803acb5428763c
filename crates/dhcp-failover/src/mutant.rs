//! Rules of lease safety that can be switched off, in builds with `--cfg mutants` only: the checks
//! that hold the others must notice.

/// A rule.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Rule {
    /// No lease runs more than MCLT beyond what the partner knows (draft §5.2).
    Mclt = 1,
    /// In PARTNER-DOWN, what the partner may have promised is waited for.
    Wait,
    /// That wait counts what was sent and not acknowledged (draft §7.1.5).
    Sent,
    /// An expired lease is waited for like any promise; not by ISC's rule, from its end alone.
    Expired,
    /// A lease that the client was told of later isn't ended by older news.
    Newer,
    /// An announced potential expiry never falls within a tenancy.
    NeverLower,
    /// A lease that a server without its disk may have renewed is held back.
    Loss,
    /// An address is free once the partner has acknowledged the end of its lease.
    Acknowledged,
    /// A lease that crosses an ending waits for its answer.
    Crossing,
    /// A lease repeated to its client is as good as one renewed.
    Repeated,
    /// After RECOVER, MCLT passes.
    RecoverWait,
}

#[cfg(mutants)]
mod switch {
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::Rule;

    static OFF: AtomicU8 = AtomicU8::new(0);

    /// Switches one rule off, and all others on.
    pub fn switch_off(rule: Option<Rule>) {
        OFF.store(rule.map_or(0, |rule| rule as u8), Ordering::Relaxed);
    }

    pub(crate) fn is_off(rule: Rule) -> bool {
        OFF.load(Ordering::Relaxed) == rule as u8
    }
}

#[cfg(not(mutants))]
mod switch {
    pub(crate) const fn is_off(_: super::Rule) -> bool {
        false
    }
}

pub(crate) use switch::is_off;
#[cfg(mutants)]
pub use switch::switch_off;
