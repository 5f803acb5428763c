//! Pool balance: handing free addresses to the partner, and asking for some (ISC
//! `dhcp_failover_pool_dobalance`).

use std::collections::BTreeSet;

use dhcp_split::{Balance, BalanceTimes, Role, bucket, rebalance_delay};
use failover_wire::{BindingStatus, Message, PoolResponse, ServerState, Xid};

use crate::binding::Binding;
use crate::bindings::{PoolId, Slot};
use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::names::names_only;
use crate::timer::Timer;

/// Used addresses of a pool that one run examines for affinity: each costs a hash, and the packet
/// thread waits. What is further back ended later, and has its turn when those before it are gone.
const AFFINITY_SCAN: usize = 4096;
/// Shortest time in seconds between two runs that the partner's POOLREQ starts. A dhcpd asks once a
/// `min-balance`; one that asks without pause is told that there is nothing.
const REQUEST_PAUSE: u64 = 1;

impl Endpoint {
    /// The partner asks for addresses.
    pub(crate) fn handle_pool_request(&mut self, xid: Xid, cx: &mut Context<'_>) {
        // The answer goes out before the updates, which wait in the queue until it is said.
        let pause = |last| cx.now.mono.since(last).as_secs() < REQUEST_PAUSE;
        let rested = !self.last_balance.is_some_and(pause);
        let given = if rested && self.state == ServerState::Normal {
            self.balance(false, cx)
        } else {
            0
        };
        if given == 0 {
            self.event(What::PoolRequestRefused, cx);
        }
        let response = PoolResponse {
            addresses_transferred: Some(given),
        };
        self.reply(xid, Message::PoolResponse(response), cx);
        self.transmit(cx);
    }

    pub(crate) fn balance_due(&mut self, cx: &mut Context<'_>) {
        if self.state == ServerState::Normal {
            self.balance(true, cx);
            self.transmit(cx);
        }
    }

    /// Balances every pool; returns the number of addresses handed over. Only a run that the
    /// timer started asks the partner for some.
    pub(crate) fn balance(&mut self, by_timer: bool, cx: &mut Context<'_>) -> u32 {
        let mut given = 0;
        let mut ask = false;
        for pool in self.pools.clone() {
            let (gave, asks) = self.balance_pool(pool, by_timer, cx);
            given += gave;
            ask |= asks;
        }
        if ask {
            self.send(Message::PoolRequest, cx);
        }
        self.last_balance = Some(cx.now.mono);
        self.timers.stop(Timer::Balance);
        self.schedule_balance(cx);
        given
    }

    fn balance_pool(&mut self, pool: PoolId, by_timer: bool, cx: &mut Context<'_>) -> (u32, bool) {
        let mut balance = self.pool_balance(pool, cx);
        let (total, free, backup) = counts(pool, cx);
        let requesting = by_timer && balance.requests_pool();
        let pool_number = pool.0;
        self.event(
            What::Balancing {
                pool: pool_number,
                total,
                free,
                backup,
                lts: balance.lts,
                hold: balance.hold,
                requesting,
            },
            cx,
        );
        let gifts = self.choose_gifts(pool, &mut balance, cx);
        for slot in &gifts {
            self.hand_over(*slot, cx);
        }
        let (total, free, backup) = counts(pool, cx);
        self.event(
            What::Balanced {
                pool: pool_number,
                total,
                free,
                backup,
                lts: balance.lts,
                thresh: balance.thresh,
                imbalanced: balance.is_imbalanced(),
            },
            cx,
        );
        (gifts.len() as u32, requesting)
    }

    /// First addresses whose last client the partner serves, then any, oldest first.
    fn choose_gifts(&self, pool: PoolId, balance: &mut Balance, cx: &Context<'_>) -> Vec<Slot> {
        let own = self.own_free();
        let mut gifts = Vec::new();
        // An address that was never used has no client.
        for slot in cx.bindings.used_in_order(pool, own).take(AFFINITY_SCAN) {
            if !balance.gives_to_its_client() {
                break;
            }
            let binding = cx.bindings.at(slot);
            if !binding.reserved && self.peer_serves(binding) && binding.ends <= cx.now.unix {
                gifts.push(slot);
                balance.gave();
            }
        }
        let affine: BTreeSet<Slot> = gifts.iter().copied().collect();
        for slot in cx.bindings.in_order(pool, own) {
            let binding = cx.bindings.at(slot);
            // One that is held back stays here, where it is known why.
            if !balance.gives(binding.ends.0 != 0) || binding.ends > cx.now.unix {
                break;
            }
            if !binding.reserved && !affine.contains(&slot) {
                gifts.push(slot);
                balance.gave();
            }
        }
        gifts
    }

    /// Whether the last client of an address is one that the partner serves.
    fn peer_serves(&self, binding: &Binding) -> bool {
        let key = binding.client.hash_key();
        !key.is_empty()
            && self
                .hba
                .is_some_and(|hba| hba.server_of(bucket(key)) != self.config.role)
    }

    fn pool_balance(&self, pool: PoolId, cx: &Context<'_>) -> Balance {
        let (_, free, backup) = counts(pool, cx);
        Balance::new(self.config.role, free, backup, &self.config.balance)
    }

    /// Gives an address of ours to the partner.
    fn hand_over(&mut self, slot: Slot, cx: &mut Context<'_>) {
        let mut binding = cx.bindings.at(slot).clone();
        binding.change_hands(self.peer_free(), cx.now.unix);
        binding.rewind = binding.status;
        binding.starts = cx.now.unix;
        binding.extra = names_only(binding.extra.as_deref());
        cx.bindings.apply(slot, binding, cx.out);
        self.queue_update(slot, cx);
    }

    /// A primary gives an address that became free to the server that its last client belongs to.
    pub(crate) fn offer_affinity(&mut self, slot: Slot, cx: &mut Context<'_>) {
        let binding = cx.bindings.at(slot);
        let movable = binding.status == BindingStatus::Free
            && !binding.reserved
            && !binding.bootp
            && binding.ends <= cx.now.unix;
        if self.config.role == Role::Primary
            && self.state == ServerState::Normal
            && movable
            && self.peer_serves(binding)
            && self
                .pool_balance(cx.bindings.pool_at(slot), cx)
                .gives_to_its_client()
        {
            self.hand_over(slot, cx);
        }
    }

    /// A FREE or BACKUP list changed: the next look at the balance may be due earlier.
    pub(crate) fn after_membership_change(&mut self, slot: Slot, cx: &mut Context<'_>) {
        if self.state == ServerState::Normal {
            self.schedule_pool(cx.bindings.pool_at(slot), cx);
        }
    }

    /// Arms the balance timer for all pools.
    pub(crate) fn schedule_balance(&mut self, cx: &mut Context<'_>) {
        for at in 0..self.pools.len() {
            self.schedule_pool(self.pools[at], cx);
        }
    }

    fn schedule_pool(&mut self, pool: PoolId, cx: &mut Context<'_>) {
        let oldest = |status| {
            let slot = cx.bindings.in_order(pool, status).next()?;
            Some(cx.bindings.at(slot).ends.0)
        };
        let times = BalanceTimes {
            now: cx.now.unix.0,
            oldest_free_end: oldest(BindingStatus::Free),
            oldest_backup_end: oldest(BindingStatus::Backup),
            // By the clock that nobody sets, told in the other's terms.
            last_balance: self.last_balance.map(|last| {
                let since = cx.now.mono.since(last).as_secs();
                cx.now
                    .unix
                    .0
                    .saturating_sub(since.min(u64::from(u32::MAX)) as u32)
            }),
        };
        let delay = rebalance_delay(self.config.role, &times, &self.config.balance);
        // At least a second, so that a run that changes nothing can't call for the next at once.
        self.timers
            .bring_forward(Timer::Balance, cx.now.mono.plus_secs(delay.max(1)));
    }
}

fn counts(pool: PoolId, cx: &Context<'_>) -> (u32, u32, u32) {
    let free = cx.bindings.count(pool, BindingStatus::Free);
    let backup = cx.bindings.count(pool, BindingStatus::Backup);
    (cx.bindings.size(pool), free, backup)
}
