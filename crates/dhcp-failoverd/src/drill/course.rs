//! One run of a drill in the simulator.

use std::collections::BTreeMap;

use dhcp_failover::ServerState;
use sim::{Drill, Sighting, Site, Time, Trace};

use super::arguments::Kill;
use super::pair::Pair;
use super::plan::Plan;
use super::record::{Change, Course, Dry, Longest, Record, Rest, Row, Side, server};
use super::span::Span;
use super::witness::{Wait, Witness};

/// Most events of a run: about two minutes of one core.
const MAX_EVENTS: u64 = 100_000_000;
/// Step while the pair gets to NORMAL, and finds together again, ms.
const SECOND: Time = 1000;
/// Longest that a pair may take to NORMAL beside its waits, ms: dials, timeouts and updates.
const GRACE: Time = 900_000;

/// Something that is done to the pair, at a time of the plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    Leave(usize),
    Arrive(usize),
    Fail,
    Declare,
    Look,
    Repair,
}

struct Runner<'p> {
    plan: &'p Plan,
    kill: Kill,
    course: Course,
    drill: Drill,
    witness: Witness,
    /// When both servers were NORMAL.
    begin: Time,
    /// Of each server: what is shown of it last.
    last: [Option<ServerState>; 2],
    record: Record,
}

/// Runs one course of a drill; `declared` is when the partner is declared down, ms after the failure.
///
/// # Errors
/// The servers can't run like this, or never get to NORMAL; the run is too long.
pub(super) fn run(
    pair: &Pair,
    plan: &Plan,
    kill: Kill,
    (course, declared): (Course, Time),
    seed: u64,
) -> Result<Record, String> {
    let relays = plan
        .visits
        .iter()
        .map(|visit| pair.networks[visit.network].relay);
    let site = Site::new(
        [&pair.confs[0], &pair.confs[1]],
        pair.addresses,
        relays.collect(),
    );
    let site = site.map_err(|error| {
        let lines = error
            .messages
            .iter()
            .map(|message| format!("{}: {message}", server(error.node)));
        lines.collect::<Vec<_>>().join("\n")
    })?;
    let mut runner = Runner {
        plan,
        kill,
        course,
        drill: Drill::new(site, seed, Trace::new(None)),
        witness: Witness::new(plan.visits.len()),
        begin: 0,
        last: [None; 2],
        record: Record {
            course,
            states: Vec::new(),
            rows: Vec::new(),
            longest_wait: None,
            longest_wait_before: None,
            unserved: 0,
            dry: None,
            rest: None,
            used_twice: 0,
            used_twice_at: None,
            repaired: Span((plan.repair - plan.failure) as i64),
            resync: None,
        },
    };
    let patience = patience(pair);
    runner.begin(patience)?;
    for (at, act) in acts(plan, course, declared) {
        runner.run_until(runner.begin + at)?;
        runner.act(act)?;
    }
    runner.finish(patience)?;
    Ok(runner.record)
}

/// How long the pair may take to NORMAL.
fn patience(pair: &Pair) -> Time {
    let peers = pair.confs.iter().flat_map(|conf| &conf.failover_peers);
    let waits = peers
        .map(|peer| Time::from(peer.mclt.unwrap_or(0)) + 4 * Time::from(peer.max_response_delay));
    2 * SECOND * waits.sum::<Time>() + GRACE
}

/// Everything that is done, in order.
fn acts(plan: &Plan, course: Course, declared: Time) -> Vec<(Time, Act)> {
    let mut acts = vec![(plan.failure, Act::Fail), (plan.repair, Act::Repair)];
    for (client, visit) in plan.visits.iter().enumerate() {
        acts.push((visit.arrives, Act::Arrive(client)));
        acts.extend(visit.leaves.map(|at| (at, Act::Leave(client))));
    }
    if course != Course::Wait && plan.failure + declared < plan.repair {
        acts.push((plan.failure + declared, Act::Declare));
    }
    let looks = (plan.failure..plan.repair).step_by(plan.step as usize);
    acts.extend(looks.map(|at| (at, Act::Look)));
    // At the same moment: who goes makes room for who comes, and then it is looked at.
    let order = |act: Act| match act {
        Act::Fail => 0,
        Act::Leave(_) => 1,
        Act::Arrive(_) => 2,
        Act::Declare => 3,
        Act::Look => 4,
        Act::Repair => 5,
    };
    acts.sort_by_key(|(at, act)| (*at, order(*act)));
    acts
}

impl Runner<'_> {
    fn begin(&mut self, patience: Time) -> Result<(), String> {
        (0..2).try_for_each(|node| self.drill.start(node))?;
        while !self.drill.is_settled() {
            if self.drill.now() > patience {
                let states = [0, 1].map(|node| self.drill.state(node));
                return Err(format!(
                    "the pair doesn't get to NORMAL within {} s: {states:?}",
                    patience / SECOND
                ));
            }
            self.drill.run_until(self.drill.now() + SECOND)?;
        }
        self.begin = self.drill.now();
        self.drill.sightings();
        Ok(())
    }

    fn run_until(&mut self, time: Time) -> Result<(), String> {
        if time <= self.drill.now() {
            return Ok(());
        }
        self.drill.run_until(time)?;
        if self.drill.events() > MAX_EVENTS {
            return Err(format!(
                "given up after {MAX_EVENTS} events, {} hours into it: fewer --clients, or a shorter --at or --hours",
                (self.drill.now() - self.begin) / (3600 * SECOND)
            ));
        }
        for sighting in self.drill.sightings() {
            self.witness.see(&sighting);
            if let Sighting::State { at, node, state } = sighting {
                self.state(at, node, Some(state));
            }
        }
        Ok(())
    }

    fn act(&mut self, act: Act) -> Result<(), String> {
        let now = self.drill.now();
        match act {
            Act::Arrive(client) => {
                self.witness.arrive(client, now);
                self.drill.arrive(client);
            }
            Act::Leave(client) => {
                self.witness.leave(client, now);
                self.drill.leave(client);
            }
            Act::Fail => self.fail(),
            Act::Look => self.look(),
            Act::Declare => {
                self.drill.partner_down(self.kill.survivor())?;
            }
            Act::Repair => self.repair()?,
        }
        Ok(())
    }

    fn fail(&mut self) {
        let now = self.drill.now();
        self.record.states.clear();
        for node in [0, 1] {
            let state = self.drill.state(node);
            self.record.states.push(self.change(now, node, state));
            self.last[node] = state;
        }
        self.record.longest_wait_before = self.witness.take_longest(now).map(|w| self.longest(w));
        self.witness.take_unserved();
        self.row();
        match (self.course, self.kill.victim()) {
            (Course::Mistake, _) | (_, None) => self.drill.cut(),
            (_, Some(node)) => {
                self.drill.power_off(node);
                self.state(now, node, None);
            }
        }
    }

    fn repair(&mut self) -> Result<(), String> {
        let now = self.drill.now();
        self.row();
        self.record.longest_wait = self.witness.take_longest(now).map(|w| self.longest(w));
        self.record.unserved = self.witness.take_unserved();
        match (self.course, self.kill.victim()) {
            (Course::Mistake, _) | (_, None) => self.drill.heal(),
            (_, Some(node)) => self.drill.start(node)?,
        }
        Ok(())
    }

    fn finish(&mut self, patience: Time) -> Result<(), String> {
        let repaired = self.drill.now();
        // One step at least: the servers don't know yet that it is repaired.
        loop {
            self.run_until(self.drill.now() + SECOND)?;
            let length = self.drill.now() - repaired;
            if self.drill.is_settled() {
                self.record.resync = Some(Span(length as i64));
                break;
            }
            if length > patience {
                break;
            }
        }
        let (twice, first) = self.witness.twice();
        self.record.used_twice = twice;
        self.record.used_twice_at = first.map(|at| self.moment(at));
        Ok(())
    }

    /// What is shown of a server is what its partner and the operator could know of it.
    fn state(&mut self, at: Time, node: usize, state: Option<ServerState>) {
        if self.last[node] != state {
            self.last[node] = state;
            let change = self.change(at, node, state);
            self.record.states.push(change);
        }
    }

    fn change(&self, at: Time, node: usize, state: Option<ServerState>) -> Change {
        Change {
            at: self.moment(at),
            server: server(node),
            state: state.map_or_else(|| "off".into(), |state| state.to_string()),
        }
    }

    /// Looks whether addresses have run out, or come; and at each row's time writes it down.
    fn look(&mut self) {
        let since = self.drill.now() - self.begin - self.plan.failure;
        let at = Span(since as i64);
        let mut survivors = vec![self.kill.survivor()];
        if self.kill == Kill::Link && self.course == Course::Wait {
            survivors.push(1);
        }
        for node in survivors {
            let Some(side) = self.side(node, 0) else {
                continue;
            };
            let own = [side.free, side.backup][node];
            if self.record.dry.is_none() {
                let network = self.dry_network(node);
                self.record.dry = network.map(|network| Dry { at, network });
            }
            let is_alone = self.drill.state(node) == Some(ServerState::PartnerDown);
            if is_alone && side.available > own && self.record.rest.is_none() {
                let addresses = side.available - own;
                self.record.rest = Some(Rest { at, addresses });
            }
        }
        if since > 0 && since.is_multiple_of(self.plan.row) {
            self.row();
        }
    }

    fn row(&mut self) {
        let acks = self.witness.take_acks();
        let [primary, secondary] = [0, 1].map(|node| self.side(node, acks[node]));
        self.record.rows.push(Row {
            at: self.moment(self.drill.now()),
            primary,
            secondary,
            waiting: self.witness.waiting(),
        });
    }

    /// A network on which a server has no address left for strangers.
    fn dry_network(&self, node: usize) -> Option<String> {
        let (available, status) = (self.drill.available(node)?, self.drill.status(node)?);
        let mut left: BTreeMap<String, u32> = BTreeMap::new();
        for (pool, available) in status.pools.into_iter().zip(available) {
            *left.entry(pool.network).or_default() += available;
        }
        left.into_iter()
            .find(|(_, left)| *left == 0)
            .map(|(network, _)| network)
    }

    fn side(&self, node: usize, answered: u32) -> Option<Side> {
        let available = self.drill.available(node)?.iter().sum();
        let pools = self.drill.status(node)?.pools;
        Some(Side {
            available,
            free: pools.iter().map(|pool| pool.free).sum(),
            backup: pools.iter().map(|pool| pool.backup).sum(),
            active: pools.iter().map(|pool| pool.active).sum(),
            answered,
        })
    }

    fn longest(&self, wait: Wait) -> Longest {
        Longest {
            seconds: Span(wait.length as i64),
            since: self.moment(wait.since),
            client: hardware(wait.client),
            served: wait.served,
        }
    }

    fn moment(&self, time: Time) -> Span {
        Span(time as i64 - (self.begin + self.plan.failure) as i64)
    }
}

/// The hardware address of a client, as people write it.
pub(super) fn hardware(client: usize) -> String {
    Drill::hardware(client)
        .map(|byte| format!("{byte:02x}"))
        .join(":")
}
