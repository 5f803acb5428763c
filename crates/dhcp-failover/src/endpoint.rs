//! One relationship: its state, its link, and what moves it from state to state.

use std::collections::BTreeSet;
use std::sync::Arc;

use dhcp_split::{Hba, Role};
use failover_wire::{Message, ServerFlags, ServerState, StateMessage, UnixTime};

use crate::bindings::{PoolId, Slot};
use crate::config::Config;
use crate::context::Context;
use crate::event::{Event, What};
use crate::link::Links;
use crate::output::{Output, Record, RelationshipId, RelationshipRecord};
use crate::state::{self, Reaction, Service};
use crate::time::{Instant, Now};
use crate::timer::{Timer, Timers};
use crate::update::Updates;

/// One side of one failover relationship.
///
/// Driven through [`Core`](crate::Core), which owns the lease table and all relationships; the
/// methods here only look.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Endpoint {
    pub(crate) id: RelationshipId,
    pub(crate) name: Arc<str>,
    pub(crate) config: Config,
    pub(crate) pools: Vec<PoolId>,
    pub(crate) state: ServerState,
    /// In STARTUP, the state to resume; else equal to `state`.
    pub(crate) saved: ServerState,
    /// Start time of `saved`.
    pub(crate) stos: UnixTime,
    pub(crate) partner: Option<ServerState>,
    pub(crate) partner_stos: UnixTime,
    /// MCLT in force, seconds; 0 while a secondary doesn't know it.
    pub(crate) mclt: u32,
    /// The greatest MCLT that any lease of ours was granted under.
    pub(crate) wait_mclt: u32,
    pub(crate) hba: Option<Hba>,
    pub(crate) peer_max_unacked: u32,
    pub(crate) peer_receive_timer: u32,
    pub(crate) links: Links,
    pub(crate) timers: Timers,
    pub(crate) updates: Updates,
    /// When PARTNER-DOWN began, on both clocks.
    pub(crate) alone_since: Now,
    /// In PARTNER-DOWN: addresses that wait for the partner's promises to run out, by when.
    pub(crate) waiting: BTreeSet<(UnixTime, Slot)>,
    /// In PARTNER-DOWN: addresses of the partner's that we may use, oldest first.
    pub(crate) taken_over: BTreeSet<(UnixTime, Slot)>,
    /// Newest grant or renewal of ours that we know of.
    pub(crate) last_grant: UnixTime,
    /// We may lack leases that the partner thinks we have: an update request has to be for all.
    pub(crate) needs_all: bool,
    /// Our lease file was lost: what we once promised and acknowledged is unknown.
    pub(crate) amnesic: bool,
    /// STARTUP goes on until the wall clock reaches this: leases on file are newer than now.
    pub(crate) not_before: UnixTime,
    pub(crate) last_heard: Option<UnixTime>,
    pub(crate) last_balance: UnixTime,
}

impl Endpoint {
    /// Name of the relationship.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The relationship's pools.
    pub fn pools(&self) -> &[PoolId] {
        &self.pools
    }

    /// Our state.
    pub fn state(&self) -> ServerState {
        self.state
    }

    /// When the state began; in STARTUP, when the saved state did.
    pub fn state_since(&self) -> UnixTime {
        self.stos
    }

    /// The partner's state as last announced; `None` if it never was.
    pub fn partner_state(&self) -> Option<ServerState> {
        self.partner
    }

    /// When the partner's state was announced.
    pub fn partner_state_since(&self) -> UnixTime {
        self.partner_stos
    }

    /// Whether the handshake with the partner is complete.
    pub fn is_connected(&self) -> bool {
        self.links.live.is_some()
    }

    /// When the partner was last heard of.
    pub fn last_heard(&self) -> Option<UnixTime> {
        self.last_heard
    }

    /// MCLT in force, seconds; 0 while a secondary doesn't know it.
    pub fn mclt(&self) -> u32 {
        self.mclt
    }

    /// The hash bucket assignment in force.
    pub fn hba(&self) -> Option<&Hba> {
        self.hba.as_ref()
    }

    /// Updates that wait to be sent.
    pub fn queued_updates(&self) -> usize {
        self.updates.queued()
    }

    /// Updates that the partner has yet to answer.
    pub fn unacked_updates(&self) -> usize {
        self.updates.unacked()
    }

    /// Updates that the partner refused, and that are offered to it again.
    pub fn refused_updates(&self) -> usize {
        self.updates.refused()
    }

    /// Seconds that the wall clock has to catch up before STARTUP can end; 0 if it need not.
    pub fn clock_behind(&self, now: Now) -> u32 {
        self.not_before.0.saturating_sub(now.unix.0)
    }

    /// When RECOVER-WAIT ends, if that is what is waited for.
    pub fn recover_wait_ends(&self) -> Option<UnixTime> {
        (self.state == ServerState::RecoverWait).then(|| self.recover_wait_end())
    }

    /// What this server does for clients of the relationship's pools.
    pub fn service(&self) -> Service {
        state::service(self.state, self.partner)
    }

    /// What the lease file should say of the relationship.
    pub fn record(&self) -> RelationshipRecord {
        RelationshipRecord {
            my_state: self.saved,
            my_stos: self.stos,
            partner_state: self.partner,
            partner_stos: self.partner_stos,
            mclt: (self.config.role == Role::Secondary && self.mclt != 0).then_some(self.mclt),
        }
    }

    /// The deadlines that this relationship waits for, leases apart.
    pub(crate) fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let handshake = self.links.next_deadline().map(|at| (at, Timer::Handshake));
        self.timers.next().into_iter().chain(handshake).min()
    }

    pub(crate) fn event(&self, what: What, cx: &mut Context<'_>) {
        cx.out.push(Output::Event(Event {
            relationship: Arc::clone(&self.name),
            what,
        }));
    }

    /// Begins: resumes the saved state by way of STARTUP, and dials.
    pub(crate) fn start(&mut self, cx: &mut Context<'_>) {
        self.event(
            What::IMove {
                from: self.saved,
                to: ServerState::Startup,
            },
            cx,
        );
        self.store(cx);
        let wait = self.clock_behind(cx.now);
        if wait > 0 {
            self.event(What::ClockBehindLeases(wait), cx);
        }
        let startup = self.config.timing.startup;
        self.timers
            .set(Timer::Startup, cx.now.mono.plus_secs(startup.max(wait)));
        self.dial(cx);
    }

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
        let before = self.partner;
        self.note_partner_state(peer, cx);
        let resolving =
            first && self.config.role == Role::Secondary && peer == ServerState::ConflictDone;
        if resolving && !matches!(self.saved, ServerState::PotentialConflict) {
            // A primary in CONFLICT-DONE bears nothing but NORMAL or a state of resolution; and
            // it is right to think that we have yet to resolve.
            self.move_to(ServerState::ResolutionInterrupted, cx);
        }
        let starting = self.state == ServerState::Startup;
        let reaction = self.reaction(peer, message.is_startup(), before, starting);
        self.perform(reaction, starting, peer, cx);
        self.say_first_state(cx);
        if self.state == ServerState::PartnerDown && self.needs_all {
            // Declared alone before it had recovered: it still lacks what the partner knows.
            self.request_updates(true, cx);
        }
        self.note_states(before, cx);
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
            S::Normal
                | S::PotentialConflict
                | S::RecoverDone
                | S::Shutdown
                | S::Paused
                | S::RecoverWait
        );
        if unchanged && settled {
            return Reaction::Stay;
        }
        if unchanged && starting && self.saved == S::ResolutionInterrupted {
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

    /// Tells of the pair of states once an announcement is dealt with.
    fn note_states(&self, before: Option<ServerState>, cx: &mut Context<'_>) {
        if before != self.partner {
            self.event(
                What::States {
                    mine: self.state,
                    partner: self.partner,
                },
                cx,
            );
            let both = (self.state, self.partner);
            if both == (ServerState::Normal, Some(ServerState::Normal)) {
                self.event(What::BothNormal, cx);
            }
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
        self.leave(from, cx);
        self.state = to;
        self.saved = to;
        self.store(cx);
        self.event(What::IMove { from, to }, cx);
        self.event(
            What::States {
                mine: to,
                partner: self.partner,
            },
            cx,
        );
        if to == ServerState::Normal {
            self.enter_normal(cx);
        }
        self.say_state(cx);
        self.enter(to, cx);
    }

    fn leave(&mut self, from: ServerState, cx: &mut Context<'_>) {
        self.timers.stop(Timer::AutoPartnerDown);
        self.timers.stop(Timer::RecoverWait);
        self.timers.stop(Timer::Startup);
        match from {
            ServerState::Normal | ServerState::PotentialConflict => self.requeue_unacked(cx),
            ServerState::PartnerDown => {
                self.requeue_unacked(cx);
                self.end_partner_down(cx);
            }
            _ => {}
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
                self.timers.set(Timer::RecoverWait, cx.now.mono_at(end));
            }
            _ => {}
        }
    }

    fn enter_normal(&mut self, cx: &mut Context<'_>) {
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

    /// Writes the relationship's record.
    pub(crate) fn store(&self, cx: &mut Context<'_>) {
        cx.out
            .push(Output::Store(Record::Relationship(self.id, self.record())));
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

    /// The link is gone, or STARTUP ends without one.
    pub(crate) fn fall_back(&mut self, cx: &mut Context<'_>) {
        if self.state == ServerState::Startup && self.clock_behind(cx.now) > 0 {
            return;
        }
        self.move_to(state::without_link(self.saved), cx);
    }

    /// All that we asked for has arrived.
    pub(crate) fn handle_update_done(&mut self, cx: &mut Context<'_>) {
        let Some(all) = self.updates.take_request() else {
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
        if both || self.recover_wait_end() <= cx.now.unix {
            self.move_to(ServerState::RecoverDone, cx);
            if self.partner == Some(ServerState::RecoverDone) {
                self.move_to(ServerState::Normal, cx);
            }
        } else {
            self.move_to(ServerState::RecoverWait, cx);
        }
    }

    /// RECOVER-WAIT ends when every lease that we may have granted unheard has run out: MCLT after
    /// the newest grant that we know of.
    fn recover_wait_end(&self) -> UnixTime {
        self.last_grant.saturating_add(self.wait_mclt)
    }

    pub(crate) fn recover_wait_over(&mut self, cx: &mut Context<'_>) {
        if self.recover_wait_end() > cx.now.unix {
            // The wall clock was set back: it has to agree too.
            let end = self.recover_wait_end();
            self.timers.set(Timer::RecoverWait, cx.now.mono_at(end));
            return;
        }
        self.move_to(ServerState::RecoverDone, cx);
    }
}
