//! From state to state: what the partner announces, what follows from it, and what is said.

use dhcp_split::Role;
use failover_wire::{Message, ServerFlags, ServerState, StateMessage, UnixTime, Xid};

use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::mutant::{Rule, is_off};
use crate::state::{self, Reaction, Service};
use crate::timer::Timer;

impl Endpoint {
    /// The partner announced a state on the live link.
    pub(crate) fn handle_state(&mut self, message: &StateMessage, cx: &mut Context<'_>) {
        if self.clock_behind(cx.now) > 0 {
            return;
        }
        let first = self
            .links
            .live
            .as_mut()
            .is_some_and(|live| !std::mem::replace(&mut live.heard_state, true));
        let Some(peer) = message.known_state().filter(|s| *s != ServerState::Startup) else {
            let peer = message.state.map_or(0, |code| code.0);
            self.illegal_peer_state(peer, cx);
            return;
        };
        let before = (self.state, self.partner);
        if first && peer == ServerState::Recover {
            self.note_partners_loss(cx);
        }
        self.note_partner_state(peer, cx);
        self.settle_owed(first, cx);
        let resolving =
            first && self.config.role == Role::Secondary && peer == ServerState::ConflictDone;
        if resolving && matches!(self.saved, ServerState::Shutdown | ServerState::Paused) {
            self.illegal_peer_state(peer as u8, cx);
            return;
        }
        if resolving && !matches!(self.saved, ServerState::PotentialConflict) {
            // A primary in CONFLICT-DONE bears nothing but NORMAL or a state of resolution; and
            // it is right to think that we have yet to resolve.
            self.move_to(ServerState::ResolutionInterrupted, cx);
        }
        let starting = self.state == ServerState::Startup;
        let reaction = self.reaction(peer, message.is_startup(), before.1, starting);
        self.perform(reaction, starting, peer, cx);
        self.say_first_state(cx);
        if !message.is_startup() {
            self.repeat_state(peer, before, cx);
        }
        if self.state == ServerState::PartnerDown && self.needs_all {
            // Declared alone before it had recovered: it still lacks what the partner knows.
            self.request_updates(true, cx);
        }
        self.note_states(before, cx);
        self.prolong_hold(cx);
        self.transmit(cx);
    }

    fn reaction(
        &self,
        peer: ServerState,
        peer_starting: bool,
        before: Option<ServerState>,
        starting: bool,
    ) -> Reaction {
        use ServerState as S;
        let unchanged = before == Some(peer);
        // An announcement repeated tells these states nothing (ISC).
        let settled = matches!(
            self.state,
            S::Normal | S::PotentialConflict | S::Shutdown | S::Paused | S::RecoverWait
        );
        if unchanged && settled {
            return Reaction::Stay;
        }
        let again = unchanged && starting && self.saved == S::ResolutionInterrupted;
        if again && peer != S::Normal {
            return Reaction::Move(S::PotentialConflict);
        }
        state::react(self.saved, starting, peer, peer_starting)
    }

    fn perform(
        &mut self,
        reaction: Reaction,
        starting: bool,
        peer: ServerState,
        cx: &mut Context<'_>,
    ) {
        if reaction == Reaction::Illegal {
            self.illegal_peer_state(peer as u8, cx);
            return;
        }
        if let Reaction::Move(to) = reaction {
            self.move_to(to, cx);
            return;
        }
        if starting {
            self.move_to(self.saved, cx);
        }
        match reaction {
            Reaction::Balance => self.schedule_balance(cx),
            Reaction::RequestAll if !starting => self.request_updates(true, cx),
            Reaction::Request => self.request_updates(false, cx),
            Reaction::Drain => self.begin_drain(cx),
            Reaction::RequestAll | Reaction::Stay | Reaction::Move(_) | Reaction::Illegal => {}
        }
    }

    /// The partner begins in RECOVER. Unless we know that it was there, or on its way by order, it has
    /// lost its lease file, and with it what it may have promised unheard.
    fn note_partners_loss(&mut self, cx: &Context<'_>) {
        use ServerState::{Recover, RecoverWait, Shutdown};
        let known = matches!(self.partner, None | Some(Recover | RecoverWait | Shutdown));
        if !known {
            self.lost_at = cx.now.unix;
        }
    }

    fn illegal_peer_state(&mut self, peer: u8, cx: &mut Context<'_>) {
        self.event(
            What::IllegalPeerState {
                mine: self.state,
                peer,
            },
            cx,
        );
        self.drop_link(cx);
    }

    fn note_partner_state(&mut self, peer: ServerState, cx: &mut Context<'_>) {
        if self.partner == Some(peer) {
            return;
        }
        let from = self.partner.replace(peer);
        self.partner_stos = cx.now.unix;
        self.store(cx);
        self.event(What::PeerMoves { from, to: peer }, cx);
    }

    /// Tells of the pair of states when only the partner's changed; a change of ours tells itself.
    fn note_states(&self, before: (ServerState, Option<ServerState>), cx: &mut Context<'_>) {
        if before.0 == self.state && before.1 != self.partner {
            self.tell_states(cx);
        }
    }

    fn tell_states(&self, cx: &mut Context<'_>) {
        let (mine, partner) = (self.state, self.partner);
        self.event(What::States { mine, partner }, cx);
        if (mine, partner) == (ServerState::Normal, Some(ServerState::Normal)) {
            self.event(What::BothNormal, cx);
        }
    }

    /// Enters a state: on disk first, then said, then acted on.
    pub(crate) fn move_to(&mut self, to: ServerState, cx: &mut Context<'_>) {
        let from = self.state;
        if from == to {
            return;
        }
        let resumed = from == ServerState::Startup && to == self.saved;
        // RECOVER entered from STARTUP keeps the start time of what was recorded before the
        // crash, and RECOVER-WAIT continues RECOVER (ISC).
        let keeps_stos = resumed
            || to == ServerState::RecoverWait
            || (from == ServerState::Startup && to == ServerState::Recover);
        if !keeps_stos {
            self.stos = cx.now.unix;
        }
        if from == ServerState::Shutdown && to == ServerState::Recover && self.is_all_known(cx) {
            // As if MCLT had passed, over a restart too (ISC).
            self.last_grant = UnixTime(0);
            self.stos = UnixTime(cx.now.unix.0.saturating_sub(self.wait_mclt));
        }
        self.leave(from, cx);
        self.state = to;
        self.saved = to;
        self.leaving &= to == ServerState::Shutdown;
        self.store(cx);
        self.event(What::IMove { from, to }, cx);
        self.tell_states(cx);
        if to == ServerState::Normal {
            self.enter_normal(from, cx);
        }
        self.say_state(cx);
        self.enter(to, cx);
    }

    pub(crate) fn leave(&mut self, from: ServerState, cx: &mut Context<'_>) {
        self.timers.stop(Timer::AutoPartnerDown);
        self.timers.stop(Timer::RecoverWait);
        self.timers.stop(Timer::Startup);
        match from {
            ServerState::Normal => {
                self.requeue_unacked(cx);
                self.forget_longer_mclt(cx);
            }
            ServerState::PotentialConflict => self.requeue_unacked(cx),
            ServerState::PartnerDown => {
                self.requeue_unacked(cx);
                self.end_partner_down(cx);
            }
            _ => {}
        }
    }

    /// A longer MCLT of before bounds nothing any more once both servers have told each other of
    /// all their leases, and those that weren't told of have run out.
    fn forget_longer_mclt(&mut self, cx: &Context<'_>) {
        let since = self.normal_since.take();
        let lasted = since.map_or(0, |since| cx.now.mono.since(since).as_secs());
        if lasted > u64::from(self.wait_mclt) {
            self.wait_mclt = self.mclt;
        }
    }

    fn enter(&mut self, to: ServerState, cx: &mut Context<'_>) {
        match to {
            ServerState::CommunicationsInterrupted => self.enter_interrupted(cx),
            ServerState::PartnerDown => self.begin_partner_down(cx),
            ServerState::PotentialConflict => {
                let second = self.partner == Some(ServerState::ConflictDone);
                if self.config.role == Role::Primary || second {
                    self.request_updates(false, cx);
                }
            }
            ServerState::Recover => {
                self.needs_all = true;
                self.request_updates(true, cx);
            }
            ServerState::RecoverWait => {
                let end = self.recover_wait_end();
                self.timers.set(Timer::RecoverWait, cx.now.mono_after(end));
            }
            _ => {}
        }
    }

    fn enter_normal(&mut self, from: ServerState, cx: &mut Context<'_>) {
        self.normal_since = Some(cx.now.mono);
        use ServerState::{CommunicationsInterrupted, Startup};
        if matches!(from, CommunicationsInterrupted | Startup) {
            self.hold_updates(cx);
        }
        self.balance(false, cx);
        self.queue_pending(cx);
        self.transmit(cx);
    }

    fn enter_interrupted(&mut self, cx: &mut Context<'_>) {
        let after = self.config.auto_partner_down;
        if after > 0 {
            self.timers
                .set(Timer::AutoPartnerDown, cx.now.mono.plus_secs(after));
        }
        if self.links.live.is_none() && self.service() == Service::NotCooperating {
            self.event(What::ServingWithoutContact, cx);
        }
    }

    /// Sends our state, if the link is past the point where that is due.
    fn say_state(&mut self, cx: &mut Context<'_>) {
        if self.links.live.as_ref().is_some_and(|live| live.said_state) {
            self.send_state(cx);
        }
    }

    /// Sends our first state on this link: a primary at once, a secondary after it has read the
    /// primary's, since a primary in CONFLICT-DONE bears few states.
    pub(crate) fn say_first_state(&mut self, cx: &mut Context<'_>) {
        let due = self.links.live.as_mut().is_some_and(|live| {
            let due = !live.said_state;
            live.said_state = true;
            due
        });
        if due {
            self.send_state(cx);
        }
    }

    /// dhcpd in STARTUP that hears the state which it has on record goes back to its own and looks no
    /// further: in COMMUNICATIONS-INTERRUPTED it would wait for our NORMAL, which we have said.
    fn repeat_state(
        &mut self,
        peer: ServerState,
        before: (ServerState, Option<ServerState>),
        cx: &mut Context<'_>,
    ) {
        const STUCK: (ServerState, Option<ServerState>) = (
            ServerState::Normal,
            Some(ServerState::CommunicationsInterrupted),
        );
        if before == STUCK && (self.state, Some(peer)) == STUCK {
            self.send_state(cx);
        }
    }

    fn send_state(&mut self, cx: &mut Context<'_>) {
        let starting = self.state == ServerState::Startup;
        let flags = if starting {
            ServerFlags::STARTUP
        } else {
            ServerFlags(0)
        };
        self.send(
            Message::State(StateMessage::new(self.saved, flags, self.stos)),
            cx,
        );
    }

    /// All that we asked for has arrived.
    pub(crate) fn handle_update_done(&mut self, xid: Xid, cx: &mut Context<'_>) {
        let Some(all) = self.updates.take_request(xid) else {
            return;
        };
        if all {
            self.needs_all = false;
        }
        self.event(What::PeerUpdateCompleted, cx);
        match (self.state, self.config.role) {
            (ServerState::PotentialConflict, Role::Primary) => {
                self.move_to(ServerState::ConflictDone, cx);
            }
            (ServerState::PotentialConflict, Role::Secondary)
                if self.partner == Some(ServerState::ConflictDone) =>
            {
                self.move_to(ServerState::Normal, cx);
            }
            (ServerState::Recover, _) => self.recovered(cx),
            (ServerState::PartnerDown, _) => self.end_drain(cx),
            _ => {}
        }
    }

    fn recovered(&mut self, cx: &mut Context<'_>) {
        let both = matches!(
            self.partner,
            Some(ServerState::Recover | ServerState::RecoverDone)
        );
        let over = self.recover_wait_end() < cx.now.unix || is_off(Rule::RecoverWait);
        if both || over {
            self.complete_recovery(cx);
        } else {
            self.move_to(ServerState::RecoverWait, cx);
        }
    }

    /// Whether a partner that serves alone has acknowledged everything: there is nothing of ours that
    /// it has to wait for.
    fn is_all_known(&self, cx: &Context<'_>) -> bool {
        let unheard = cx.bindings.pending(self.id).next();
        self.partner == Some(ServerState::PartnerDown) && unheard.is_none()
    }

    /// RECOVER-WAIT ends when every lease that we may have granted unheard has run out: MCLT after
    /// the newest grant that we know of. It is over once that second is: a lease granted late in one
    /// ends late in one.
    pub(crate) fn recover_wait_end(&self) -> UnixTime {
        self.last_grant.saturating_add(self.wait_mclt)
    }

    pub(crate) fn recover_wait_over(&mut self, cx: &mut Context<'_>) {
        if self.recover_wait_end() >= cx.now.unix {
            // The wall clock was set back: it has to agree too.
            let end = self.recover_wait_end();
            self.timers.set(Timer::RecoverWait, cx.now.mono_after(end));
            return;
        }
        self.complete_recovery(cx);
    }

    /// We have recovered. What the partner said meanwhile it won't say again.
    fn complete_recovery(&mut self, cx: &mut Context<'_>) {
        self.move_to(ServerState::RecoverDone, cx);
        if let Some(peer) = self.partner.filter(|_| self.is_connected())
            && let Reaction::Move(to) = state::react(self.state, false, peer, false)
        {
            self.move_to(to, cx);
        }
    }
}
