//! What waits until the partner has had its say.
//!
//! A dhcpd takes an older update of a lease over its own newer renewal, and then sends the older one
//! back; and it takes our word that a lease is over when less than a minute of its own is left. We
//! know which of two is the newer, and insist on it. So after an outage a dhcpd speaks first: what it
//! renewed unheard has come before ours goes out. One of our kind judges as we do, and needs none of
//! this.

use std::time::Duration;

use failover_wire::{BindingUpdate, Frame, ServerState, UnixTime};

use crate::bindings::Slot;
use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::time::Instant;
use crate::timer::Timer;

/// With nothing of its backlog for so long, the partner has sent all of it: a dhcpd that has become
/// NORMAL sends a window full at once, and on with each answer.
const QUIET: Duration = Duration::from_millis(500);
/// How long a partner is waited for that hears NORMAL and doesn't say so itself.
const MUTE: Duration = Duration::from_secs(2);
/// How long updates are held at most, however much the partner has to say: it is then busy enough for
/// ours to matter, and a client's next lease needs its answers.
const LONGEST: Duration = Duration::from_secs(10);
/// How soon to look again whether the partner spoke after a lease of its ended.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Our updates wait for the partner's.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Hold {
    /// Not beyond this.
    latest: Instant,
    /// What happened before this, by the partner's clock, is its backlog.
    since: UnixTime,
}

impl Endpoint {
    /// NORMAL is entered after an outage: what both changed meanwhile comes from the partner first.
    pub(crate) fn hold_updates(&mut self, cx: &Context<'_>) {
        let Some(live) = self.links.live.as_mut().filter(|live| !live.is_our_kind) else {
            return;
        };
        let mute = cx.now.mono + MUTE;
        live.hold = Some(Hold {
            latest: cx.now.mono + LONGEST,
            since: live.heard_at,
        });
        self.timers.set(Timer::Hold, mute);
        self.prolong_hold(cx);
    }

    /// The partner has something to say that it hadn't said by now.
    pub(crate) fn prolong_hold(&mut self, cx: &Context<'_>) {
        let hold = self.links.live.as_ref().and_then(|live| live.hold.as_ref());
        if let Some(hold) = hold
            && self.partner == Some(ServerState::Normal)
        {
            let quiet = cx.now.mono + QUIET;
            self.timers.set(Timer::Hold, quiet.min(hold.latest));
        }
    }

    /// An update came: there may be more where that came from, if it is of something past.
    pub(crate) fn note_backlog(&mut self, update: &BindingUpdate, cx: &Context<'_>) {
        let hold = self.links.live.as_ref().and_then(|live| live.hold.as_ref());
        let happened = update.client_last_transaction.max(update.start_of_state);
        if hold.is_some_and(|hold| happened.is_none_or(|at| at <= hold.since)) {
            self.prolong_hold(cx);
        }
    }

    /// Whether updates wait. What the partner asks for, it gets.
    pub(crate) fn holds_updates(&self) -> bool {
        let held = self.links.live.as_ref().is_some_and(|l| l.hold.is_some());
        held && self.state == ServerState::Normal && self.updates.marker.is_none()
    }

    pub(crate) fn end_hold(&mut self, cx: &mut Context<'_>) {
        self.timers.stop(Timer::Hold);
        if let Some(live) = &mut self.links.live {
            live.hold = None;
        }
        self.transmit(cx);
    }

    /// When the partner sent what we read.
    pub(crate) fn note_time(&mut self, frame: &Frame) {
        if let Some(live) = self.links.live.as_mut().filter(|live| !live.is_our_kind) {
            live.heard_at = live.heard_at.max(frame.time);
        }
    }

    /// Whether the partner, whose word the end of this lease is, may have renewed it unheard: unless it
    /// spoke after that end, since what it sent before has come before.
    pub(crate) fn awaits_renewal(&self, slot: Slot, cx: &Context<'_>) -> bool {
        let Some(live) = self.links.live.as_ref().filter(|live| !live.is_our_kind) else {
            return false;
        };
        let binding = cx.bindings.at(slot);
        binding.received >= binding.ends && live.heard_at <= binding.ends
    }

    /// Looks at the end of a lease again in a while.
    pub(crate) fn ask_again(&self, slot: Slot, cx: &mut Context<'_>) {
        let later = cx.now.mono + ASK_AGAIN;
        cx.bindings.note(slot, |binding| {
            binding.ends_mono = binding.ends_mono.max(later)
        });
    }
}
