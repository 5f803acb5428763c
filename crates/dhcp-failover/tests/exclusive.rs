//! No address is ever held by two clients, and a healed pair always gets back to NORMAL: random
//! lives of a pair under an honest operator.

mod common;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use common::*;
use dhcp_failover::{BindingStatus, Hba, ServerState as St};
use proptest::prelude::*;

/// One thing that happens to the pair.
#[derive(Clone, Copy, Debug)]
enum Step {
    Lease {
        side: usize,
        client: u8,
        desired: u32,
    },
    Renew {
        side: usize,
        client: u8,
        desired: u32,
    },
    Release {
        side: usize,
        client: u8,
    },
    Decline {
        side: usize,
        client: u8,
    },
    Wait {
        ms: u64,
    },
    Cut,
    Heal,
    Reset,
    Kill {
        side: usize,
    },
    Start {
        side: usize,
    },
    LoseDisk {
        side: usize,
    },
    /// The wall clock of a side is set to be so far ahead of the truth, seconds.
    Skew {
        side: usize,
        to: i64,
    },
    /// The primary's next start brings this MCLT.
    Mclt {
        to: u32,
    },
    PartnerDown {
        side: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let side = 0..2_usize;
    let client = 0..10_u8;
    let desired = prop::sample::select(vec![20_u32, 60, 100, 600, 600, 3000]);
    prop_oneof![
        6 => (side.clone(), client.clone(), desired.clone())
            .prop_map(|(side, client, desired)| Step::Lease { side, client, desired }),
        6 => (side.clone(), client.clone(), desired)
            .prop_map(|(side, client, desired)| Step::Renew { side, client, desired }),
        2 => (side.clone(), client.clone()).prop_map(|(side, client)| Step::Release { side, client }),
        1 => (side.clone(), client).prop_map(|(side, client)| Step::Decline { side, client }),
        6 => (0..20_u64).prop_map(|ms| Step::Wait { ms }),
        6 => (0..100_u64).prop_map(|s| Step::Wait { ms: s * 1000 }),
        2 => (0..800_u64).prop_map(|s| Step::Wait { ms: s * 1000 }),
        1 => (side.clone(), -30..=30_i64).prop_map(|(side, to)| Step::Skew { side, to }),
        1 => prop::sample::select(vec![30_u32, 60, 300]).prop_map(|to| Step::Mclt { to }),
        1 => Just(Step::Cut),
        2 => Just(Step::Heal),
        1 => Just(Step::Reset),
        2 => side.clone().prop_map(|side| Step::Kill { side }),
        3 => side.clone().prop_map(|side| Step::Start { side }),
        1 => side.clone().prop_map(|side| Step::LoseDisk { side }),
        2 => side.prop_map(|side| Step::PartnerDown { side }),
    ]
}

/// What the clients believe: who holds which address until when, by true time in ms.
#[derive(Default)]
struct Ledger(BTreeMap<Ipv4Addr, (u8, u64)>);

impl Ledger {
    fn holder(&self, address: Ipv4Addr, now: u64) -> Option<u8> {
        self.0
            .get(&address)
            .filter(|(_, until)| *until > now)
            .map(|(client, _)| *client)
    }

    fn address_of(&self, client: u8, now: u64) -> Option<Ipv4Addr> {
        let held = self
            .0
            .iter()
            .find(|(_, (c, until))| *c == client && *until > now);
        held.map(|(address, _)| *address)
    }

    fn acked(&mut self, address: Ipv4Addr, client: u8, now: u64, length: u32, slack: u64) {
        if let Some(holder) = self.holder(address, now + slack) {
            assert_eq!(
                holder, client,
                "{address} is held by client {holder} until {:?}",
                self.0
            );
        }
        self.0
            .insert(address, (client, now + u64::from(length) * 1000));
    }
}

/// What a life is lived under.
#[derive(Clone, Copy, Debug)]
struct Terms {
    split: u16,
    window: u32,
    mclt: u32,
    skew: bool,
    auto: bool,
    repeat: u64,
    addresses: u32,
}

fn terms() -> impl Strategy<Value = Terms> {
    let split = prop::sample::select(vec![0_u16, 128, 128, 256]);
    let window = prop::sample::select(vec![1_u32, 2, 10]);
    let mclt = prop::sample::select(vec![30_u32, 60, 300]);
    let repeat = prop::sample::select(vec![0_u64, 0, 2, 3]);
    let addresses = prop::sample::select(vec![1_u32, 2, 6]);
    let auto = prop::bool::weighted(0.2);
    (
        split,
        window,
        mclt,
        prop::bool::ANY,
        auto,
        repeat,
        addresses,
    )
        .prop_map(
            |(split, window, mclt, skew, auto, repeat, addresses)| Terms {
                split,
                window,
                mclt,
                skew,
                auto,
                repeat,
                addresses,
            },
        )
}

/// How much earlier than its client thinks a lease may be over when the clocks are apart, ms: the
/// servers tolerate a minute between them, and count in whole seconds.
const SLACK: u64 = 62_000;

struct Life {
    terms: Terms,
    pair: Pair,
    ledger: Ledger,
    next_mclt: Option<u32>,
}

impl Life {
    fn new(terms: Terms) -> Self {
        let mut pair = Pair::new(terms.addresses);
        for side in [P, S] {
            let config = &mut pair.sides[side].config;
            config.max_unacked_updates = terms.window;
            config.auto_partner_down = if terms.auto { 100 } else { 0 };
        }
        let config = &mut pair.sides[P].config;
        config.mclt = Some(terms.mclt);
        config.hba = Some(Hba::from_split(terms.split));
        pair.repeat = terms.repeat;
        pair.start(P);
        pair.start(S);
        pair.run(5);
        pair.assert_states(St::Normal, St::Normal);
        Self {
            terms,
            pair,
            ledger: Ledger::default(),
            next_mclt: None,
        }
    }

    fn acked(&mut self, address: Ipv4Addr, client: u8, length: u32) {
        let slack = if self.terms.skew { SLACK } else { 0 };
        self.ledger
            .acked(address, client, self.pair.ms, length, slack);
    }

    fn alive(&self, side: usize) -> bool {
        self.pair.sides[side].core.is_some()
    }

    fn take(&mut self, step: Step) {
        let now = self.pair.ms;
        match step {
            Step::Lease {
                side,
                client,
                desired,
            } => self.lease(side, client, desired),
            Step::Renew {
                side,
                client,
                desired,
            } => {
                if let Some(address) = self.ledger.address_of(client, now)
                    && self.alive(side)
                    && let Ok(granted) = self.pair.renew(side, client, address, desired)
                {
                    self.acked(address, client, granted.length);
                }
            }
            Step::Release { side, client } => {
                if let Some(address) = self.ledger.address_of(client, now) {
                    // A client that releases is gone, heard or not.
                    self.ledger.0.remove(&address);
                    if self.serves(side) && self.is_tenant(side, address, client) {
                        self.pair.release(side, address);
                    }
                }
            }
            Step::Decline { side, client } => {
                if let Some(address) = self.ledger.address_of(client, now)
                    && self.serves(side)
                    && self.is_tenant(side, address, client)
                {
                    self.ledger.0.remove(&address);
                    self.pair.with(side, |core, now, out| {
                        core.abandon(address, Some(&common::client(client)), now, out)
                    });
                }
            }
            Step::Wait { ms } => self.pair.run_ms(ms),
            // Nobody honest is asked before auto-partner-down acts.
            Step::Cut if self.terms.auto => {}
            Step::Cut => self.cut(),
            Step::Skew { side, to } if self.terms.skew => self.pair.sides[side].skew = to,
            Step::Mclt { to } => self.next_mclt = Some(to),
            Step::Heal => self.pair.heal(),
            Step::Reset if !self.unmet() => self.pair.reset_connections(),
            Step::Kill { side } if self.alive(side) && !self.unmet() => self.pair.kill(side),
            Step::Start { side } if !self.alive(side) => self.start(side),
            Step::LoseDisk { side } => self.lose_disk(side),
            Step::PartnerDown { side } => self.partner_down(side),
            Step::Kill { .. } | Step::Start { .. } | Step::Reset | Step::Skew { .. } => {}
        }
    }

    fn lease(&mut self, side: usize, client: u8, desired: u32) {
        let now = self.pair.ms;
        if !self.serves(side) || self.ledger.address_of(client, now).is_some() {
            return;
        }
        if let Some((address, granted)) = self.pair.lease(side, client, desired) {
            self.acked(address, client, granted.length);
        }
    }

    fn serves(&self, side: usize) -> bool {
        use dhcp_failover::Service;
        self.alive(side) && !matches!(self.pair.core(side).service(POOL), Service::None(_))
    }

    fn is_tenant(&self, side: usize, address: Ipv4Addr, client: u8) -> bool {
        let binding = self.pair.binding(side, address);
        binding.status == BindingStatus::Active && binding.client == common::client(client)
    }

    fn alone(&self, side: usize) -> bool {
        self.alive(side) && self.pair.state(side) == St::PartnerDown
    }

    /// An isolated server must not be restarted, or cut off, while its partner serves alone
    /// (draft §5.9): those double holders are the operator's.
    fn cut(&mut self) {
        let one_alone = self.was_alone(P) || self.was_alone(S);
        if !one_alone {
            self.pair.cut();
        }
    }

    /// In PARTNER-DOWN, or down with that on its disk.
    fn was_alone(&self, side: usize) -> bool {
        let recorded = self.pair.sides[side]
            .record
            .get(&ID)
            .map(|record| record.my_state);
        self.alone(side) || recorded == Some(St::PartnerDown)
    }

    /// A server has just been started beside one that serves alone, and hasn't heard of it: losing
    /// that one now would leave it isolated.
    fn unmet(&self) -> bool {
        let starting = |side| self.alive(side) && self.pair.state(side) == St::Startup;
        (starting(P) && self.was_alone(S)) || (starting(S) && self.was_alone(P))
    }

    fn start(&mut self, side: usize) {
        if self.was_alone(1 - side) {
            if !self.alive(1 - side) {
                return;
            }
            self.pair.heal();
        }
        // Nobody knows what it was once the record is lost too: that one is the operator's.
        let recorded = self.pair.sides[P].record.contains_key(&ID);
        if side == P
            && recorded
            && let Some(mclt) = self.next_mclt.take()
        {
            self.pair.sides[P].config.mclt = Some(mclt);
        }
        self.pair.start(side);
    }

    /// Honest: the partner is dead, and stays so until the link is healed; and what is left has
    /// its leases.
    fn partner_down(&mut self, side: usize) {
        let recorded = self.pair.sides[side]
            .record
            .get(&ID)
            .map(|record| record.my_state);
        let recovering = matches!(recorded, None | Some(St::Recover | St::RecoverWait));
        if self.alive(side) && !self.alive(1 - side) && !recovering {
            self.pair.command(side, St::PartnerDown);
            self.pair.heal();
        }
    }

    /// A disk is lost only while the partner lives and has its own: what was unheard then is bounded
    /// by what the partner knows.
    fn lose_disk(&mut self, side: usize) {
        let whole = |side: usize| {
            use St::{PartnerDown, Recover, RecoverWait, Startup};
            let state = self.alive(side).then(|| self.pair.state(side));
            state.is_some_and(|s| !matches!(s, PartnerDown | Recover | RecoverWait | Startup))
        };
        if whole(P) && whole(S) {
            self.pair.kill(side);
            self.pair.lose_disk(side);
        }
    }

    /// Heals everything, and demands that all is well again.
    fn recover(&mut self) {
        self.pair.heal();
        for side in [P, S] {
            if !self.alive(side) {
                self.pair.start(side);
            }
        }
        self.pair.run(60 + 2 * 300 + 60);
        self.pair.assert_states(St::Normal, St::Normal);
        // What one server ends by its clock, the other may hold for running by its own.
        self.pair.run(120);
        self.pair.settle();
        self.pair.assert_equal_tables();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_address_is_held_twice(terms in terms(), steps in prop::collection::vec(step(), 1..120)) {
        let mut life = Life::new(terms);
        for step in steps {
            life.take(step);
        }
        life.recover();
    }
}
