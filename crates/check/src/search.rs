//! Breadth first, so that what is found is found by the shortest way.

use dhcp_failover::BindingStatus;

use crate::collection::Collection;
use crate::setting::Setting;
use crate::world::{Action, State, World};

/// Steps within which two servers that nothing befalls any more must be NORMAL.
const PATIENCE: usize = 300;

/// How far to go.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Steps from the beginning.
    pub depth: u32,
    /// States.
    pub states: u32,
    /// Whether to look, from every state, whether the servers find back to NORMAL.
    pub liveness: bool,
}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Broken {
    /// Two clients believe to hold this address.
    HeldTwice(u8),
    /// The code panicked.
    Panic(String),
    /// A timer is due again at once, for ever.
    Spin,
    /// Without further faults the servers don't get to NORMAL.
    Stuck,
    /// The model itself is wrong: server and link disagree about being connected.
    Model,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// Different states.
    pub states: u32,
    /// Steps between them.
    pub steps: u64,
    /// Greatest distance from the beginning.
    pub depth: u32,
    /// Whether nothing is left.
    pub complete: bool,
    /// Different servers, messages, links, and reactions of one server.
    pub parts: (u32, u32, u32, usize),
    /// How many states had the servers looked back to NORMAL from.
    pub healed: u64,
    /// What is wrong, and the shortest way to it, ready to be shown.
    pub broken: Option<(Broken, Vec<String>)>,
}

/// A search under way.
struct Search {
    world: World,
    states: Collection<State>,
    parents: Vec<u32>,
    steps: u64,
}

/// Looks at everything that can happen, within limits. `progress` hears of each finished depth.
pub fn search(setting: &Setting, limits: Limits, mut progress: impl FnMut(u32, u32)) -> Report {
    let mut search = Search {
        world: World::new(setting.clone()),
        states: Collection::default(),
        parents: Vec::new(),
        steps: 0,
    };
    for status in [BindingStatus::Free, BindingStatus::Backup] {
        let mut begin = search.world.beginning(status);
        let mut found = Vec::new();
        // Together, and quiet.
        let start = begin;
        for _ in 0..PATIENCE {
            let Some(action) = search.world.heal(begin) else {
                break;
            };
            search.world.take(begin, action, &mut found);
            begin = found.pop().expect("possible").1;
        }
        if !search.world.is_settled(begin) {
            let start = search.begin(start);
            return search.report(0, false, 0, Some((Broken::Stuck, start, None)));
        }
        search.begin(begin);
    }
    let (mut depth, mut from, mut broken) = (0, 0, None);
    let mut complete = false;
    while broken.is_none() && depth < limits.depth {
        let until = search.states.len();
        if from == until {
            complete = true;
            break;
        }
        broken = search.level(from, until, limits);
        from = until;
        if search.states.len() >= limits.states {
            break;
        }
        depth += 1;
        progress(depth, search.states.len());
    }
    let mut healed = 0;
    if broken.is_none() && limits.liveness {
        broken = search.liveness(&mut healed);
    }
    search.report(depth, complete, healed, broken)
}

impl Search {
    /// A beginning is its own parent.
    fn begin(&mut self, state: State) -> u32 {
        let number = self.states.len();
        self.add(state, number).unwrap_or(number)
    }

    fn add(&mut self, state: State, parent: u32) -> Option<u32> {
        let (number, new) = self.states.insert(state);
        if new {
            self.parents.push(parent);
        }
        new.then_some(number)
    }

    /// One step from each of these.
    fn level(
        &mut self,
        from: u32,
        until: u32,
        limits: Limits,
    ) -> Option<(Broken, u32, Option<Action>)> {
        let mut found = Vec::new();
        for number in from..until {
            let state = *self.states.get(number);
            self.world.next(state, &mut found);
            if let Some(flaw) = self.world.flaw.take() {
                let broken = match flaw {
                    crate::server::Flaw::Panic(text) => Broken::Panic(text),
                    crate::server::Flaw::Spin => Broken::Spin,
                };
                return Some((broken, number, None));
            }
            self.steps += found.len() as u64;
            for (_, next) in &found {
                let Some(new) = self.add(*next, number) else {
                    continue;
                };
                if let Some(address) = self.world.held_twice(*next) {
                    return Some((Broken::HeldTwice(address), new, None));
                }
                if !self.world.is_consistent(*next) {
                    return Some((Broken::Model, new, None));
                }
            }
            if self.states.len() >= limits.states {
                return None;
            }
        }
        None
    }

    /// From every state, without further faults, to NORMAL.
    fn liveness(&mut self, healed: &mut u64) -> Option<(Broken, u32, Option<Action>)> {
        let mut good = vec![false; self.states.len() as usize];
        let mut found = Vec::new();
        for number in 0..self.states.len() {
            if good[number as usize] {
                continue;
            }
            let mut state = *self.states.get(number);
            let mut way = Vec::new();
            loop {
                let known = self.states.number(&state);
                if known.is_some_and(|known| good[known as usize]) {
                    break;
                }
                way.extend(known);
                let Some(action) = self.world.heal(state) else {
                    break;
                };
                *healed += 1;
                if way.len() > PATIENCE || *healed > u64::MAX / 2 {
                    return Some((Broken::Stuck, number, None));
                }
                found.clear();
                self.world.take(state, action, &mut found);
                let Some((_, next)) = found.pop() else {
                    return Some((Broken::Stuck, number, Some(action)));
                };
                if next == state {
                    return Some((Broken::Stuck, number, Some(action)));
                }
                state = next;
            }
            for known in way {
                good[known as usize] = true;
            }
        }
        None
    }

    fn report(
        mut self,
        depth: u32,
        complete: bool,
        healed: u64,
        broken: Option<(Broken, u32, Option<Action>)>,
    ) -> Report {
        let broken = broken.map(|(broken, at, _)| {
            let way = self.way_to(at);
            let healing = broken == Broken::Stuck;
            (broken, crate::chart::chart(&mut self.world, &way, healing))
        });
        Report {
            states: self.states.len(),
            steps: self.steps,
            depth,
            complete,
            parts: self.world.parts(),
            healed,
            broken,
        }
    }

    fn way_to(&mut self, mut at: u32) -> Vec<(Option<Action>, State)> {
        let mut way = Vec::new();
        let mut found = Vec::new();
        loop {
            let state = *self.states.get(at);
            let parent = self.parents[at as usize];
            // The beginnings are their own parents, or each other's.
            let before = *self.states.get(parent);
            self.world.next(before, &mut found);
            let action = found.iter().find(|(_, next)| *next == state);
            if parent == at {
                way.push((None, state));
                break;
            }
            way.push((action.map(|(action, _)| *action), state));
            at = parent;
        }
        way.reverse();
        way
    }
}
