//! All addresses that have something under way, one operation each: what comes meanwhile waits for its end, so that
//! messages about one address never overtake each other.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use dhcp_failover::{BindingStatus, Client, Core, Names, Now};

use super::message::{DnsAnswer, DnsUpdate};
use super::operation::{Holder, Operation, Wish};
use crate::config::DnsConfig;
use crate::event::{Event, Level};
use crate::outbox::Outbox;
use crate::output::Output;

/// Addresses with something under way: what a name server does in some seconds. More are left out, until their clients
/// renew.
const MAX_OPERATIONS: usize = 16_384;
/// Steps of one operation that come to nothing before a message goes out: more than it has.
const MAX_STEPS: usize = 8;

/// Names of a tenancy that is over.
#[derive(Clone, Debug)]
pub(crate) struct Lapsed {
    pub(crate) address: Ipv4Addr,
    pub(crate) client: Client,
    pub(crate) names: Names,
}

/// What to do with the names of an address.
#[derive(Clone, Debug)]
struct Task {
    holder: Holder,
    /// Names that are to go.
    remove: Option<Names>,
    wish: Option<Wish>,
}

#[derive(Debug)]
struct UnderWay {
    operation: Operation,
    /// What is being removed, to know it again.
    removing: Option<Names>,
    then: Option<Task>,
}

/// Everything under way.
#[derive(Debug)]
pub(crate) struct Engine {
    by_address: BTreeMap<Ipv4Addr, UnderWay>,
    by_id: BTreeMap<u64, Ipv4Addr>,
    last_id: u64,
    left_out: u64,
    /// When the last input came.
    pub(crate) now: Now,
}

/// What an engine works on.
pub(crate) struct Surroundings<'a> {
    pub(crate) config: &'a DnsConfig,
    pub(crate) core: &'a mut Core,
    pub(crate) out: &'a mut Outbox,
    pub(crate) now: Now,
}

impl Engine {
    pub(crate) fn new(now: Now) -> Self {
        Self {
            by_address: BTreeMap::new(),
            by_id: BTreeMap::new(),
            last_id: 0,
            left_out: 0,
            now,
        }
    }

    /// Removes names that nobody has any more.
    pub(crate) fn lapse(&mut self, lapsed: Lapsed, around: &mut Surroundings<'_>) {
        let Lapsed {
            address,
            client,
            names,
        } = lapsed;
        let known = self.by_address.get(&address);
        if known.is_some_and(|under_way| under_way.removing.as_ref() == Some(&names)) {
            return;
        }
        let task = Task {
            holder: Holder::Tenant(client),
            remove: Some(names),
            wish: None,
        };
        self.take(address, task, around);
    }

    /// Gives an address a name; `remove` are those that it has, if they are to go first.
    pub(crate) fn wish(
        &mut self,
        address: Ipv4Addr,
        holder: Holder,
        remove: Option<Names>,
        wish: Option<Wish>,
        around: &mut Surroundings<'_>,
    ) {
        // A client that repeats itself.
        let same = |under_way: &UnderWay| {
            under_way.then.is_none()
                && under_way.operation.holder == holder
                && under_way.operation.wish == wish
        };
        if self.by_address.get(&address).is_some_and(same) {
            return;
        }
        let task = Task {
            holder,
            remove,
            wish,
        };
        self.take(address, task, around);
    }

    /// The answer to a message.
    pub(crate) fn answered(&mut self, id: u64, answer: &DnsAnswer, around: &mut Surroundings<'_>) {
        let Some(address) = self.by_id.remove(&id) else {
            return;
        };
        if let Some(mut under_way) = self.by_address.remove(&address) {
            under_way
                .operation
                .answered(answer, around.config.detection);
            self.go_on(under_way, around);
        }
    }

    fn take(&mut self, address: Ipv4Addr, task: Task, around: &mut Surroundings<'_>) {
        if let Some(under_way) = self.by_address.get_mut(&address) {
            let former = under_way.then.take().and_then(|former| former.remove);
            // What was to go still is; what was wished isn't any more.
            let remove = task.remove.or(former);
            under_way.then = Some(Task { remove, ..task });
            return;
        }
        if self.by_address.len() >= MAX_OPERATIONS {
            self.left_out += 1;
            if self.left_out.is_power_of_two() {
                let line = format!(
                    "DDNS: {address} left out, too much is under way ({} so far)",
                    self.left_out
                );
                say(Level::Error, line, around.out);
            }
            return;
        }
        self.begin(address, task, around);
    }

    fn begin(&mut self, address: Ipv4Addr, task: Task, around: &mut Surroundings<'_>) {
        let Task {
            holder,
            remove,
            wish,
        } = task;
        let known = match &holder {
            Holder::Tenant(_) => names_of(address, around.core),
            Holder::Fixed => None,
        };
        let under_way = UnderWay {
            operation: Operation::new(address, holder, known, remove.clone(), wish),
            removing: remove,
            then: None,
        };
        self.go_on(under_way, around);
    }

    /// Sends the next message, or ends the operation.
    fn go_on(&mut self, mut under_way: UnderWay, around: &mut Surroundings<'_>) {
        let detection = around.config.detection;
        for _ in 0..MAX_STEPS {
            for (level, line) in under_way.operation.said.drain(..) {
                say(level, line, around.out);
            }
            let Some(message) = under_way.operation.message(detection) else {
                return self.end(under_way, around);
            };
            let zoned = message.and_then(|message| match around.config.zone_of(&message.name) {
                Some(zone) => Ok((zone, message)),
                None => Err("no zone is declared for it".to_owned()),
            });
            let (zone, message) = match zoned {
                Ok(found) => found,
                Err(reason) => {
                    let failure = DnsAnswer::Failed(reason);
                    under_way.operation.answered(&failure, detection);
                    continue;
                }
            };
            self.last_id += 1;
            around.out.push(Output::Dns(DnsUpdate {
                id: self.last_id,
                zone,
                name: message.name,
                prerequisites: message.prerequisites,
                changes: message.changes,
            }));
            let address = under_way.operation.address;
            self.by_id.insert(self.last_id, address);
            self.by_address.insert(address, under_way);
            return;
        }
        self.end(under_way, around);
    }

    /// Keeps with the lease what DNS has now, and goes on to what has come meanwhile.
    fn end(&mut self, under_way: UnderWay, around: &mut Surroundings<'_>) {
        let UnderWay {
            operation, then, ..
        } = under_way;
        let address = operation.address;
        let leftover = match &operation.holder {
            Holder::Fixed => None,
            Holder::Tenant(client) => keep(&operation, client, around),
        };
        match (leftover, then) {
            // Names that nobody will remove otherwise.
            (Some(task), then) => {
                self.begin(address, task, around);
                match (self.by_address.get_mut(&address), then) {
                    (Some(under_way), then) => under_way.then = then,
                    (None, Some(then)) => self.begin(address, then, around),
                    (None, None) => {}
                }
            }
            (None, Some(then)) => self.begin(address, then, around),
            (None, None) => {}
        }
    }
}

/// Keeps with the lease what DNS has now. If the lease is over by now, and names were put there for it, they are to be
/// removed.
fn keep(operation: &Operation, client: &Client, around: &mut Surroundings<'_>) -> Option<Task> {
    let Operation {
        address,
        known,
        names,
        wish,
        ..
    } = operation;
    let to = Some(names.clone()).filter(|names| !names.is_empty());
    let added = wish.is_some() && to.is_some() && to != *known;
    let binding = around.core.bindings().get(*address);
    let lasts = binding.is_some_and(|binding| {
        binding.client.is_same(client)
            && matches!(
                binding.status,
                BindingStatus::Active | BindingStatus::Expired
            )
    });
    let kept = (!added || lasts)
        && (to == *known || {
            let (core, out) = (&mut *around.core, &mut around.out.core);
            core.replace_names(
                *address,
                client,
                known.as_ref(),
                to.clone(),
                around.now,
                out,
            )
        });
    around.out.take_core();
    (added && !kept).then(|| Task {
        holder: operation.holder.clone(),
        remove: to,
        wish: None,
    })
}

/// What the lease of an address says that DNS has.
fn names_of(address: Ipv4Addr, core: &Core) -> Option<Names> {
    let extra = core.bindings().get(address)?.extra.as_ref()?;
    extra.names.as_deref().cloned()
}

fn say(level: Level, line: String, out: &mut Outbox) {
    out.event(Event::Dns {
        level,
        text: line.into(),
    });
}
