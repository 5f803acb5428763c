//! What goes wrong with machines and the link between them, and the operator who looks after them.

mod disk;
mod link;
mod machine;
mod operator;

pub(crate) use disk::damage;

use crate::clock::Time;
use crate::event::{Event, NodeId};
use crate::fault::{Fault, Faults};
use crate::promise::Broken;
use crate::random::Stream;
use crate::scenario::{HOUR, Scenario};
use crate::trace::Who;
use crate::world::World;

/// Most acts of a doomed server before it crashes.
const LAST_ACTS: u64 = 40;
/// Pause before something is tried again that mustn't be done now, ms.
const LATER: Time = 10_000;

/// Something that happens to machines or the link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    /// The time of a fault has come.
    Strike(Fault),
    /// The link is repaired.
    Heal,
    /// The link is as fast as usual again.
    SpeedUp,
    /// A machine that slept wakes up.
    WakeUp(NodeId),
    /// A server is started.
    Start(NodeId),
    /// The operator looks at a server whose partner is down.
    Look(NodeId),
    /// The operator keeps a copy of a server's lease file.
    BackUp(NodeId),
}

/// Plans faults. Each class has its own stream.
#[derive(Clone, Debug)]
pub(crate) struct Chaos {
    faults: Faults,
    classes: Vec<Class>,
    disk_loss: Stream,
    lease_loss: Stream,
    damage: Stream,
    old_backup: Stream,
    disk: Stream,
    starts: Stream,
    operator: Stream,
    over: bool,
}

/// A class that strikes from time to time.
#[derive(Clone, Debug)]
struct Class {
    fault: Fault,
    stream: Stream,
    /// Longest time between two strikes, ms.
    pause: Time,
    /// Longest time until it is repaired, ms.
    repair: Time,
}

impl Chaos {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let seed = scenario.seed;
        let striking = [
            Fault::LinkCut,
            Fault::LinkReset,
            Fault::Crash,
            Fault::PowerLoss,
            Fault::Stop,
            Fault::OneWay,
            Fault::HalfOpen,
            Fault::SlowLink,
            Fault::SyncFails,
            Fault::ClockStep,
            Fault::Suspend,
            Fault::Starve,
            Fault::Lie,
        ];
        let class = |fault: Fault| {
            let mut stream = Stream::new(seed, fault.name());
            let pause = stream.spread(HOUR / 6, 6 * HOUR);
            let repair = stream.spread(60_000, 2 * HOUR);
            Class {
                fault,
                stream,
                pause,
                repair,
            }
        };
        Self {
            faults: scenario.faults,
            classes: striking
                .into_iter()
                .filter(|fault| scenario.faults.has(*fault))
                .map(class)
                .collect(),
            disk_loss: Stream::new(seed, Fault::DiskLoss.name()),
            lease_loss: Stream::new(seed, Fault::LeaseLoss.name()),
            damage: Stream::new(seed, Fault::Damage.name()),
            old_backup: Stream::new(seed, Fault::OldBackup.name()),
            disk: Stream::new(seed, "disk"),
            starts: Stream::new(seed, "starts"),
            operator: Stream::new(seed, Fault::PartnerDown.name()),
            over: false,
        }
    }

    /// Whether everything is to be well from now on.
    #[must_use]
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    fn class(&mut self, fault: Fault) -> Option<&mut Class> {
        self.classes.iter_mut().find(|class| class.fault == fault)
    }
}

impl World {
    /// Starts both servers, and plans the first strike of each class.
    pub(crate) fn begin_chaos(&mut self) {
        for node in [0, 1] {
            let delay = self.chaos.starts.spread(1, 60_000);
            self.queue.after(delay, Event::Chaos(Act::Start(node)));
            if self.chaos.faults.has(Fault::OldBackup) {
                self.queue.after(HOUR, Event::Chaos(Act::BackUp(node)));
            }
        }
        let classes: Vec<Fault> = self.chaos.classes.iter().map(|class| class.fault).collect();
        classes.into_iter().for_each(|fault| self.plan(fault));
    }

    fn plan(&mut self, fault: Fault) {
        if let Some(class) = self.chaos.class(fault) {
            let pause = class.stream.spread(60_000, class.pause.max(60_000));
            self.queue.after(pause, Event::Chaos(Act::Strike(fault)));
        }
    }

    pub(crate) fn act(&mut self, act: Act) -> Result<(), Broken> {
        match act {
            Act::Strike(_) | Act::Look(_) | Act::BackUp(_) if self.chaos.over => {}
            Act::Strike(fault) => {
                self.strike(fault)?;
                self.plan(fault);
            }
            Act::Heal => self.heal_link(),
            Act::SpeedUp => self.tcp.slow_down(0),
            Act::WakeUp(node) => self.wake_up(node)?,
            Act::Start(node) => self.start(node)?,
            Act::Look(node) => self.look(node)?,
            Act::BackUp(node) => self.back_up(node),
        }
        Ok(())
    }

    fn strike(&mut self, fault: Fault) -> Result<(), Broken> {
        let Some(class) = self.chaos.class(fault) else {
            return Ok(());
        };
        let node = class.stream.below(2) as NodeId;
        let repair = class.stream.spread(1000, class.repair);
        let last_acts = class.stream.below(LAST_ACTS);
        match fault {
            Fault::LinkCut | Fault::OneWay | Fault::LinkReset | Fault::HalfOpen => {
                self.strike_link(fault, node, repair);
            }
            Fault::SlowLink => self.slow_link(repair),
            Fault::Crash | Fault::PowerLoss | Fault::Stop | Fault::SyncFails => {
                if let Some(process) = &mut self.nodes[node].process {
                    process.doom.get_or_insert((last_acts, fault));
                }
            }
            Fault::ClockStep => self.step_clock(node),
            Fault::Suspend => self.suspend(node, repair),
            Fault::Starve => self.starve(last_acts),
            Fault::Lie => self.lie(node)?,
            _ => {}
        }
        Ok(())
    }

    /// Whether what the protocol doesn't cope with is let happen: a server alone beside one that serves for both.
    fn is_lawful(&self) -> bool {
        !self.chaos.faults.has(Fault::LoneStart)
    }

    /// Ends all faults: the link is up, and both servers run.
    pub(crate) fn end_chaos(&mut self) {
        self.trace.line(
            self.now(),
            Who::World,
            format_args!("everything is repaired"),
        );
        self.chaos.over = true;
        self.udp.heal();
        self.heal_link();
        self.tcp.slow_down(0);
        for node in [0, 1] {
            self.queue.after(1, Event::Chaos(Act::WakeUp(node)));
            self.queue.after(1, Event::Chaos(Act::Start(node)));
        }
    }
}
