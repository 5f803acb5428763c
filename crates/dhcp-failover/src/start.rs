//! How a relationship begins: from its record by way of STARTUP, or from nothing.

use dhcp_split::Role;
use failover_wire::{ServerState, UnixTime};

use crate::binding::Binding;
use crate::bindings::Bindings;
use crate::config::Config;
use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::output::{RelationshipId, RelationshipRecord};
use crate::owed::is_leaky;
use crate::state;
use crate::time::Now;
use crate::timer::Timer;

impl Endpoint {
    pub(crate) fn new(
        id: RelationshipId,
        config: Config,
        record: Option<&RelationshipRecord>,
        bindings: &Bindings,
        now: Now,
    ) -> Self {
        let saved = record.map_or(ServerState::Recover, |record| match record.my_state {
            ServerState::Startup => ServerState::Recover,
            state => state,
        });
        let recorded = record.and_then(|record| record.mclt);
        let mclt = match config.role {
            // A longer one holds from when the secondary knows.
            Role::Primary => config
                .mclt
                .map(|mclt| recorded.map_or(mclt, |old| old.min(mclt))),
            Role::Secondary => recorded.or(config.mclt),
        };
        let mclt = mclt.unwrap_or(0);
        let waits = [recorded, config.mclt, record.map(|record| record.wait_mclt)];
        let wait_mclt = waits.into_iter().flatten().max().unwrap_or(0);
        let own = || bindings.slots_of(id).map(|slot| bindings.at(slot));
        let recovering = matches!(saved, ServerState::Recover | ServerState::RecoverWait);
        let last_grant = match record {
            // Nothing was granted since, and an ordered shutdown sets it back if the partner knew all.
            Some(record) if recovering => {
                newest(own().filter(|b| b.is_pending())).max(record.my_stos)
            }
            Some(_) => newest(own()),
            None => now.unix,
        };
        let newest = own()
            .map(|binding| binding.starts.max(binding.cltt))
            .max()
            .unwrap_or_default();
        let ahead = newest.0.saturating_sub(now.unix.0);
        let behind = ahead > config.timing.max_skew && !config.trust_clock;
        Self {
            id,
            name: config.name.as_str().into(),
            pools: bindings
                .pools()
                .filter(|p| bindings.relationship(*p) == Some(id))
                .collect(),
            state: ServerState::Startup,
            saved,
            stos: record.map_or(now.unix, |record| record.my_stos),
            partner: record.and_then(|record| record.partner_state),
            partner_stos: record.map_or(now.unix, |record| record.partner_stos),
            mclt,
            wait_mclt,
            normal_since: None,
            hba: config.hba,
            peer_max_unacked: config.peer_max_unacked_updates.unwrap_or(1).max(1),
            peer_receive_timer: config
                .peer_max_response_delay
                .unwrap_or(config.max_response_delay),
            links: Default::default(),
            timers: Default::default(),
            updates: Default::default(),
            owed: Default::default(),
            alone_since: now,
            reclaim_at: now.mono,
            waiting: Default::default(),
            taken_over: Default::default(),
            // Without a record the file was lost: anything may have been granted up to now.
            last_grant,
            leaving: false,
            amnesic: saved == ServerState::Recover,
            lost_at: record.map_or(now.unix, |_| UnixTime(0)),
            needs_all: matches!(
                saved,
                ServerState::Recover
                    | ServerState::PotentialConflict
                    | ServerState::ResolutionInterrupted
            ),
            not_before: if behind { newest } else { UnixTime(0) },
            last_heard: None,
            lag: 0,
            last_balance: None,
            config,
        }
    }

    /// After a sleep that others may have taken for death.
    pub(crate) fn restart(&mut self, cx: &mut Context<'_>) {
        self.drop_link(cx);
        if self.state != ServerState::Startup {
            self.leave(self.state, cx);
            self.state = ServerState::Startup;
            self.start(cx);
        }
    }

    /// STARTUP has waited long enough, unless the clock still has to catch up.
    pub(crate) fn startup_over(&mut self, cx: &mut Context<'_>) {
        if self.state != ServerState::Startup {
            return;
        }
        let behind = self.clock_behind(cx.now);
        if behind > 0 {
            self.timers
                .set(Timer::Startup, cx.now.mono.plus_secs(behind));
        } else if self.config.wait_for_contact && self.links.live.is_none() {
            let again = self.config.timing.startup;
            self.timers
                .set(Timer::Startup, cx.now.mono.plus_secs(again));
        } else {
            self.fall_back(cx);
        }
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
        if is_leaky(self.partner) {
            // Our last link may have ended in such a state.
            self.allow_for_leak(cx);
        }
        let wait = self.clock_behind(cx.now);
        if wait > 0 {
            self.event(What::ClockBehindLeases(wait), cx);
        }
        let startup = self.config.timing.startup;
        self.timers
            .set(Timer::Startup, cx.now.mono.plus_secs(startup.max(wait)));
        self.dial(cx);
    }

    /// The link is gone, or STARTUP ends without one.
    pub(crate) fn fall_back(&mut self, cx: &mut Context<'_>) {
        if self.state == ServerState::Startup
            && (self.clock_behind(cx.now) > 0 || self.config.wait_for_contact)
        {
            return;
        }
        self.move_to(state::without_link(self.saved), cx);
    }
}

/// The newest grant or renewal.
fn newest<'a>(bindings: impl Iterator<Item = &'a Binding>) -> UnixTime {
    bindings.map(|b| b.cltt).max().unwrap_or_default()
}
