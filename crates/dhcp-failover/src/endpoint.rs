//! One relationship: its state, its link, and what moves it from state to state.

use std::collections::BTreeSet;
use std::sync::Arc;

use dhcp_split::Hba;
use failover_wire::{ServerState, UnixTime};

use crate::bindings::{PoolId, Slot};
use crate::config::Config;
use crate::context::Context;
use crate::event::{Event, What};
use crate::link::Links;
use crate::output::{Output, Record, RelationshipId, RelationshipRecord};
use crate::owed::Owed;
use crate::state::{self, Service};
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
    /// The greatest MCLT that a lease was granted under, by either server, which may still be out.
    pub(crate) wait_mclt: u32,
    /// Since when both servers have been NORMAL on this link.
    pub(crate) normal_since: Option<Instant>,
    pub(crate) hba: Option<Hba>,
    pub(crate) peer_max_unacked: u32,
    pub(crate) peer_receive_timer: u32,
    pub(crate) links: Links,
    pub(crate) timers: Timers,
    pub(crate) updates: Updates,
    pub(crate) owed: Owed,
    /// When PARTNER-DOWN began, on both clocks.
    pub(crate) alone_since: Now,
    /// Not before this is the head of `waiting` to be looked at again.
    pub(crate) reclaim_at: Instant,
    /// In PARTNER-DOWN: addresses that wait for the partner's promises to run out, by when.
    pub(crate) waiting: BTreeSet<(UnixTime, Slot)>,
    /// In PARTNER-DOWN: addresses of the partner's that we may use, oldest first.
    pub(crate) taken_over: BTreeSet<(PoolId, UnixTime, Slot)>,
    /// Newest grant or renewal of ours that we know of, and that the partner may not.
    pub(crate) last_grant: UnixTime,
    /// We may lack leases that the partner thinks we have: an update request has to be for all.
    pub(crate) needs_all: bool,
    /// In SHUTDOWN because the server is about to stop.
    pub(crate) leaving: bool,
    /// Our lease file was lost: what we once promised and acknowledged is unknown.
    pub(crate) amnesic: bool,
    /// When either server lost its lease file, as far as this process knows: tenancies from before
    /// may have been renewed by it unheard.
    pub(crate) lost_at: UnixTime,
    /// STARTUP goes on until the wall clock reaches this: leases on file are newer than now.
    pub(crate) not_before: UnixTime,
    pub(crate) last_heard: Option<UnixTime>,
    /// Seconds by which the partner's clock was behind ours when it last spoke, within what is
    /// accepted: so much later than its word says do its leases end.
    pub(crate) lag: u32,
    pub(crate) last_balance: Option<Instant>,
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
        let my_state = if self.leaving {
            ServerState::Recover
        } else {
            self.saved
        };
        RelationshipRecord {
            my_state,
            my_stos: self.stos,
            partner_state: self.partner,
            partner_stos: self.partner_stos,
            mclt: (self.mclt != 0).then_some(self.mclt),
            wait_mclt: self.wait_mclt,
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

    /// Writes the relationship's record.
    pub(crate) fn store(&self, cx: &mut Context<'_>) {
        cx.out
            .push(Output::Store(Record::Relationship(self.id, self.record())));
    }
}
