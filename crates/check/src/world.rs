//! The whole: two servers, the link, what clients believe; and what can happen next.

use dhcp_failover::{Binding, BindingStatus, ServerState};
use failover_wire::{Frame, Xid};
use hashbrown::HashMap;

use crate::age::NOW;
use crate::collection::Collection;
use crate::number::{Known, Renumbering, chosen_by_sender};
use crate::server::{self, Flaw, Input, Outcome, Server, happen};
use crate::setting::Setting;

/// A state of the whole, small: its parts are kept once, and named here by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct State {
    pub(crate) servers: [u32; 2],
    pub(crate) link: u32,
    /// Units for which clients believe to hold addresses, 4 bits each; then what is left.
    bits: u32,
}

mod heal;
mod link;
mod possible;

/// Where in [`State::bits`] what is.
const CRASHES: u32 = 16;
const LOSSES: u32 = 18;
const FORGETFUL: u32 = 20;

/// The link, as both ends see it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Link {
    /// Whether this server thinks that it is up.
    pub(crate) up: [bool; 2],
    /// Messages to this server, oldest first.
    pub(crate) to: [Vec<u32>; 2],
    /// How many of them are late: they were under way when time last passed.
    pub(crate) late: [u8; 2],
    /// Time has passed since one end found the link gone and the other didn't.
    pub(crate) stale: bool,
}

/// One step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// A unit of time passes for all.
    Tick,
    /// The servers connect, and shake hands.
    Connect,
    /// The link is cut, and both ends see it.
    Cut,
    /// Something happens to a server, which may die of it after its n-th record.
    At(usize, Input, Option<u8>),
}

/// What the checker needs to know of a server, worked out once.
#[derive(Clone, Debug)]
struct Facts {
    known: Known,
    due: bool,
    up: bool,
    state: Option<ServerState>,
    saved: Option<ServerState>,
    unsynced: u8,
    connected: bool,
}

/// All parts seen so far, and what came of each input to each server.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) setting: Setting,
    servers: Collection<Server>,
    facts: Vec<Facts>,
    frames: Collection<Frame>,
    links: Collection<Link>,
    outcomes: Vec<Option<Outcome<u32, u32>>>,
    happened: HashMap<(u32, Input), u32>,
    aged_frames: HashMap<u32, u32>,
    renamed: HashMap<(u32, Renumbering), u32>,
    /// The first input that had no outcome.
    pub(crate) flaw: Option<Flaw>,
}

impl State {
    pub(crate) fn holds(self, client: u8, address: u8) -> u32 {
        self.bits >> Self::shift(client, address) & 15
    }

    fn set_hold(&mut self, client: u8, address: u8, units: u32) {
        let shift = Self::shift(client, address);
        self.bits = self.bits & !(15 << shift) | units.min(15) << shift;
    }

    fn shift(client: u8, address: u8) -> u32 {
        // Two addresses are shared by two clients at most.
        4 * (u32::from(client) + 2 * u32::from(address))
    }

    fn left(self, at: u32) -> u32 {
        self.bits >> at & 3
    }

    fn spend(&mut self, at: u32) {
        self.bits -= 1 << at;
    }

    fn forgetful(self, side: usize) -> bool {
        self.bits >> (FORGETFUL + side as u32) & 1 == 1
    }

    fn set_forgetful(&mut self, side: usize, lost: bool) {
        let at = FORGETFUL + side as u32;
        self.bits = self.bits & !(1 << at) | u32::from(lost) << at;
    }
}

impl World {
    pub(crate) fn new(setting: Setting) -> Self {
        Self {
            setting,
            servers: Collection::default(),
            facts: Vec::new(),
            frames: Collection::default(),
            links: Collection::default(),
            outcomes: Vec::new(),
            happened: HashMap::new(),
            aged_frames: HashMap::new(),
            renamed: HashMap::new(),
            flaw: None,
        }
    }

    /// Both servers down, their files saying NORMAL, all addresses in `status`.
    pub(crate) fn beginning(&mut self, status: BindingStatus) -> State {
        let mut servers = [0; 2];
        for (side, number) in servers.iter_mut().enumerate() {
            let disk = server::normal(&self.setting, status);
            let mut server = Server::down(side, disk);
            server.age(0, &self.setting);
            *number = self.keep(server);
        }
        let (link, _) = self.links.insert(Link::default());
        let bits =
            u32::from(self.setting.crashes) << CRASHES | u32::from(self.setting.losses) << LOSSES;
        State {
            servers,
            link,
            bits,
        }
    }

    pub(crate) fn server(&self, state: State, side: usize) -> &Server {
        self.servers.get(state.servers[side])
    }

    pub(crate) fn link(&self, state: State) -> &Link {
        self.links.get(state.link)
    }

    pub(crate) fn frame(&self, number: u32) -> &Frame {
        self.frames.get(number)
    }

    /// How many servers, messages and links were seen.
    pub(crate) fn parts(&self) -> (u32, u32, u32, usize) {
        (
            self.servers.len(),
            self.frames.len(),
            self.links.len(),
            self.outcomes.len(),
        )
    }

    /// An address that two clients believe to hold.
    pub(crate) fn held_twice(&self, state: State) -> Option<u8> {
        (0..self.setting.addresses).find(|address| {
            let holders = (0..self.setting.clients).filter(|c| state.holds(*c, *address) > 0);
            holders.count() > 1
        })
    }

    /// Both in NORMAL, all said and heard.
    pub(crate) fn is_settled(&self, state: State) -> bool {
        let link = self.links.get(state.link);
        let normal = |side: usize| self.facts(state, side).state == Some(ServerState::Normal);
        let quiet = link.up == [true; 2] && link.to.iter().all(Vec::is_empty);
        quiet && normal(0) && normal(1)
    }

    fn facts(&self, state: State, side: usize) -> &Facts {
        &self.facts[state.servers[side] as usize]
    }

    fn keep(&mut self, server: Server) -> u32 {
        let (number, new) = self.servers.insert(server);
        if new {
            let server = self.servers.get(number);
            let mut known = Known::default();
            if let Some(core) = &server.core {
                core.clone().rename(NOW, &mut known);
            }
            self.facts.push(Facts {
                known,
                due: server.is_due(),
                up: server.core.is_some(),
                state: server.state(),
                saved: server.saved(),
                unsynced: server.unsynced.len() as u8,
                connected: server
                    .core
                    .as_ref()
                    .is_some_and(|c| c.endpoint(crate::setting::ID).is_connected()),
            });
        }
        number
    }

    /// What comes of an input, from memory if it was seen before.
    fn outcome(&mut self, server: u32, input: Input) -> u32 {
        if let Some(known) = self.happened.get(&(server, input)) {
            return *known;
        }
        let frame = match input {
            Input::Frame(number) => Some(self.frames.get(number)),
            _ => None,
        };
        let outcome = match happen(self.servers.get(server), input, &self.setting, frame) {
            Ok(outcome) => outcome,
            Err(flaw) => {
                self.flaw = Some(flaw);
                None
            }
        };
        let outcome = outcome.map(|outcome| Outcome {
            server: self.keep(outcome.server),
            sent: self.keep_frames(outcome.sent),
            closed: outcome.closed,
            told: outcome.told,
            torn: outcome
                .torn
                .into_iter()
                .map(|(server, sent)| (self.keep(server), self.keep_frames(sent)))
                .collect(),
        });
        let number = self.outcomes.len() as u32;
        self.outcomes.push(outcome);
        self.happened.insert((server, input), number);
        number
    }

    fn keep_frames(&mut self, frames: Vec<Frame>) -> Vec<u32> {
        let keep = |mut frame: Frame| {
            if chosen_by_sender(&frame).is_none() {
                frame.xid = Xid(0);
            }
            self.frames.insert(frame).0
        };
        frames.into_iter().map(keep).collect()
    }

    /// All that can happen next, and where it leads.
    pub(crate) fn next(&mut self, state: State, found: &mut Vec<(Action, State)>) {
        found.clear();
        let mut actions = Vec::new();
        self.possible(state, &mut actions);
        for action in actions {
            self.take(state, action, found);
        }
    }

    /// Takes an action, and adds where it leads: more than one state if the server can die of it.
    pub(crate) fn take(&mut self, state: State, action: Action, found: &mut Vec<(Action, State)>) {
        match action {
            Action::Tick => {
                let next = self.tick(state);
                found.push((action, next));
            }
            Action::Connect => {
                let next = self.connect(state);
                found.push((action, next));
            }
            Action::Cut => {
                let mut both = Vec::new();
                self.at(state, 0, Input::Lost, &mut both);
                for (_, next) in both {
                    self.at(next, 1, Input::Lost, found);
                }
                found.iter_mut().for_each(|(of, _)| *of = Action::Cut);
            }
            Action::At(side, input, _) => self.at(state, side, input, found),
        }
    }

    fn at(&mut self, state: State, side: usize, input: Input, found: &mut Vec<(Action, State)>) {
        let at = self.outcome(state.servers[side], input);
        let Some(outcome) = self.outcomes[at as usize].clone() else {
            return;
        };
        if state.left(CRASHES) > 0 && self.facts(state, side).up {
            for (index, (server, sent)) in outcome.torn.iter().enumerate() {
                let mut next = state;
                next.spend(CRASHES);
                next.servers[side] = *server;
                let link = self.link_after(state, side, input, sent, true);
                let next = self.with_link(next, link);
                found.push((Action::At(side, input, Some(index as u8 + 1)), next));
            }
        }
        let mut next = state;
        next.servers[side] = outcome.server;
        match input {
            Input::Crash { .. } => next.spend(CRASHES),
            Input::Lose => {
                next.spend(CRASHES);
                next.spend(LOSSES);
                next.set_forgetful(side, true);
            }
            Input::Ask { client, address } | Input::Repeat { client, address } => {
                // A lease that began late in a unit ends late in one.
                let told = outcome.told.expect("it was granted") + 1;
                let held = state.holds(client, address);
                if told <= held && self.is_no_news(state, side, outcome.server, address) {
                    return;
                }
                next.set_hold(client, address, held.max(told));
            }
            Input::Decline { client, address } => next.set_hold(client, address, 0),
            Input::Release { address } => {
                let client = self
                    .server(state, side)
                    .binding(&self.setting, address)
                    .client
                    .clone();
                if let Some(client) = self.setting.name_of(&client) {
                    next.set_hold(client, address, 0);
                }
            }
            _ => {}
        }
        if next.forgetful(side) && self.has_recovered(outcome.server) {
            next.set_forgetful(side, false);
        }
        let ends =
            matches!(input, Input::Crash { .. } | Input::Lose | Input::Lost) || outcome.closed;
        let link = self.link_after(state, side, input, &outcome.sent, ends);
        let next = self.with_link(next, link);
        found.push((Action::At(side, input, None), next));
    }

    /// Whether a client asks again within a unit of time, and is told what it was told. Left out: each such
    /// renewal raises what is announced by a second, for as long as one likes.
    fn is_no_news(&self, state: State, side: usize, server: u32, address: u8) -> bool {
        let before = self.server(state, side).binding(&self.setting, address);
        let after = self.servers.get(server).binding(&self.setting, address);
        let said = |b: &Binding| (b.status, b.starts, b.ends, b.begun_alone);
        before.client == after.client && said(before) == said(after)
    }

    fn has_recovered(&self, server: u32) -> bool {
        let facts = &self.facts[server as usize];
        let recovering = matches!(
            facts.state,
            Some(ServerState::Startup | ServerState::Recover | ServerState::RecoverWait)
        );
        facts.up && !recovering
    }
}
