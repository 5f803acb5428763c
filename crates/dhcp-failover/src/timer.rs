//! The deadlines of a relationship.

use crate::time::Instant;

/// Why the machine wants to be woken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// STARTUP has waited long enough for the partner.
    Startup,
    /// Time to dial the partner again.
    Redial,
    /// A new connection hasn't completed its handshake.
    Handshake,
    /// The partner hasn't said its state first: time to say ours.
    Speak,
    /// Time to send CONTACT.
    Contact,
    /// The partner has said what it had to say after an outage: time for our updates.
    Hold,
    /// The partner has been silent for max-response-delay.
    Receive,
    /// COMMUNICATIONS-INTERRUPTED has lasted for auto-partner-down.
    AutoPartnerDown,
    /// RECOVER-WAIT is over.
    RecoverWait,
    /// Time to look at the pool balance.
    Balance,
    /// Time to offer refused updates again.
    Retry,
    /// A lease ends, or an address may be reused.
    Lease,
}

/// Number of timers that a relationship sets; [`Timer::Lease`] follows from the table.
const COUNT: usize = Timer::Lease as usize;

/// The armed timers: one deadline each.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Timers([Option<Instant>; COUNT]);

impl Timers {
    pub(crate) fn set(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    /// Arms the timer unless it is due earlier already.
    pub(crate) fn bring_forward(&mut self, timer: Timer, at: Instant) {
        let slot = &mut self.0[timer as usize];
        *slot = Some(slot.map_or(at, |old| old.min(at)));
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    /// Stops the timer if it is due, and says whether it was.
    pub(crate) fn take_due(&mut self, timer: Timer, now: Instant) -> bool {
        let slot = &mut self.0[timer as usize];
        let due = slot.is_some_and(|at| at <= now);
        if due {
            *slot = None;
        }
        due
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Instant> {
        self.0.iter_mut().flatten()
    }

    pub(crate) fn next(&self) -> Option<(Instant, Timer)> {
        const ALL: [Timer; COUNT] = [
            Timer::Startup,
            Timer::Redial,
            Timer::Handshake,
            Timer::Speak,
            Timer::Contact,
            Timer::Hold,
            Timer::Receive,
            Timer::AutoPartnerDown,
            Timer::RecoverWait,
            Timer::Balance,
            Timer::Retry,
        ];
        ALL.into_iter()
            .filter_map(|timer| self.0[timer as usize].map(|at| (at, timer)))
            .min()
    }
}
