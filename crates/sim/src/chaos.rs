//! What goes wrong with machines and the link between them, and the operator who looks after them.

use dhcp_failover::ServerState;
use dhcp4_server::Command;

use crate::clock::Time;
use crate::event::{Event, NodeId};
use crate::fault::{Fault, Faults};
use crate::node::RELATIONSHIP;
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
    /// A server is started.
    Start(NodeId),
    /// The operator looks at a server whose partner is down.
    Look(NodeId),
}

/// Plans faults. Each class has its own stream.
#[derive(Clone, Debug)]
pub(crate) struct Chaos {
    faults: Faults,
    classes: Vec<Class>,
    disk_loss: Stream,
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

    pub(crate) fn act(&mut self, act: Act) -> Result<(), String> {
        match act {
            Act::Strike(_) if self.chaos.over => {}
            Act::Strike(fault) => {
                self.strike(fault);
                self.plan(fault);
            }
            Act::Heal => self.heal_link(),
            Act::Start(node) => self.start(node)?,
            Act::Look(_) if self.chaos.over => {}
            Act::Look(node) => self.look(node)?,
        }
        Ok(())
    }

    fn strike(&mut self, fault: Fault) {
        let now = self.now();
        let Some(class) = self.chaos.class(fault) else {
            return;
        };
        let node = class.stream.below(2) as NodeId;
        let repair = class.stream.spread(1000, class.repair);
        let last_acts = class.stream.below(LAST_ACTS);
        match fault {
            Fault::LinkCut
                if self.tcp.is_connected() && !self.serves_alone(0) && !self.serves_alone(1) =>
            {
                self.trace.line(
                    now,
                    Who::World,
                    format_args!("the link is cut for {} s", repair / 1000),
                );
                self.tally.fault(fault, 1);
                self.tcp.cut();
                self.queue.after(repair, Event::Chaos(Act::Heal));
            }
            Fault::LinkReset if !self.is_left_alone(0) && !self.is_left_alone(1) => {
                let connections = self.tcp.reset(&mut self.queue);
                self.trace.line(
                    now,
                    Who::World,
                    format_args!("{connections} connections are reset"),
                );
                self.tally.fault(fault, connections as u64);
            }
            Fault::Crash | Fault::PowerLoss | Fault::Stop => {
                if let Some(process) = &mut self.nodes[node].process {
                    process.doom.get_or_insert((last_acts, fault));
                }
            }
            _ => {}
        }
    }

    fn heal_link(&mut self) {
        if !self.tcp.is_connected() {
            self.trace
                .line(self.now(), Who::World, format_args!("the link is repaired"));
            self.tcp.heal(&mut self.queue);
        }
    }

    /// An act of a server's driver: if the server is doomed to die before it, it does.
    pub(crate) fn dies(&mut self, node: NodeId) -> Result<bool, String> {
        let Some(how) = self.nodes[node].act() else {
            return Ok(false);
        };
        if self.chaos.over || self.is_left_alone(1 - node) {
            if let Some(process) = &mut self.nodes[node].process {
                process.doom = None;
            }
            return Ok(false);
        }
        self.crash(node, how)?;
        Ok(true)
    }

    fn crash(&mut self, node: NodeId, how: Fault) -> Result<(), String> {
        let now = self.now();
        self.nodes[node].check_table()?;
        let loses_disk = self.chaos.disk_loss.chance(300) && self.may_lose_disk(node);
        let unsynced = self.nodes[node].disk.unsynced() as u64;
        let kept = self.chaos.disk.below(unsynced + 1) as usize;
        self.tally.fault(how, 1);
        match how {
            Fault::PowerLoss => {
                self.nodes[node].crash(kept);
                self.tcp.power_off(node);
            }
            Fault::Stop => {
                self.nodes[node].stop();
                self.tcp.kill(node, &mut self.queue);
            }
            _ => {
                self.nodes[node].crash(kept);
                self.tcp.kill(node, &mut self.queue);
            }
        }
        self.trace.line(
            now,
            Who::Node(node),
            format_args!("### {how}: {kept} of {unsynced} unsynced bytes are left"),
        );
        if loses_disk {
            self.trace
                .line(now, Who::Disk(node), format_args!("### lost"));
            self.tally.fault(Fault::DiskLoss, 1);
            self.nodes[node].lose_disk();
        }
        let repair = self
            .chaos
            .class(how)
            .map_or(LATER, |class| class.stream.spread(1000, class.repair));
        self.queue.after(repair, Event::Chaos(Act::Start(node)));
        if self.chaos.faults.has(Fault::PartnerDown) {
            let look = self.chaos.operator.spread(1000, HOUR);
            self.queue.after(look, Event::Chaos(Act::Look(1 - node)));
        }
        Ok(())
    }

    pub(crate) fn start(&mut self, node: NodeId) -> Result<(), String> {
        if self.nodes[node].process.is_some() {
            return Ok(());
        }
        if self.serves_alone(1 - node) {
            if self.nodes[1 - node].process.is_none() {
                self.queue.after(LATER, Event::Chaos(Act::Start(node)));
                return Ok(());
            }
            self.heal_link();
        }
        let now = self.now();
        self.trace
            .line(now, Who::Node(node), format_args!("### starts"));
        if !self.tcp.is_powered(node) {
            self.nodes[node].clock.boot(now);
            self.tcp.power_on(node, &mut self.queue);
        }
        self.nodes[node].start(now)?;
        self.tcp.listen(node);
        self.turn(node)
    }

    /// An honest operator: the partner is really down, and what is left has its leases.
    fn look(&mut self, node: NodeId) -> Result<(), String> {
        let survives = self.nodes[node].state() == Some(ServerState::CommunicationsInterrupted);
        if !survives || self.nodes[1 - node].process.is_some() {
            return Ok(());
        }
        let command = Command::PartnerDown {
            id: RELATIONSHIP,
            force: false,
        };
        let mut refused = None;
        self.input(node, |server, now| {
            refused = server.handle_command(command, now).err()
        })?;
        let now = self.now();
        if let Some(refused) = refused {
            // A handshake was under way when the partner died, and hasn't timed out.
            self.trace.line(
                now,
                Who::World,
                format_args!("the operator is told: {refused}"),
            );
            self.queue.after(LATER, Event::Chaos(Act::Look(node)));
            return Ok(());
        }
        self.tally.fault(Fault::PartnerDown, 1);
        self.trace.line(
            now,
            Who::World,
            format_args!("the operator has declared the partner of server {node} down"),
        );
        self.heal_link();
        Ok(())
    }

    /// Whether a server is in PARTNER-DOWN, or is down with that on its disk: nobody else knows its leases.
    pub(crate) fn serves_alone(&self, node: NodeId) -> bool {
        let node = &self.nodes[node];
        let recorded = node.shadow.state().map(|record| record.my_state);
        [node.state(), recorded].contains(&Some(ServerState::PartnerDown))
    }

    /// Whether a server would serve if it lost the link now, without what its partner, serving alone, has done meanwhile
    /// (draft §5.9): it has started beside it and doesn't know yet.
    fn is_left_alone(&self, node: NodeId) -> bool {
        self.serves_alone(1 - node) && !self.keeps_silent(node)
    }

    /// Whether a server answers no client until its partner is back.
    fn keeps_silent(&self, node: NodeId) -> bool {
        use ServerState as S;
        matches!(
            self.nodes[node].state(),
            None | Some(
                S::Recover
                    | S::RecoverWait
                    | S::RecoverDone
                    | S::PotentialConflict
                    | S::ResolutionInterrupted
            )
        )
    }

    /// A disk is lost only while the partner has everything.
    fn may_lose_disk(&self, node: NodeId) -> bool {
        let normal = [0, 1]
            .iter()
            .all(|node| self.nodes[*node].state() == Some(ServerState::Normal));
        let acked = self.nodes[node].endpoint().is_some_and(|endpoint| {
            endpoint.queued_updates() + endpoint.unacked_updates() + endpoint.refused_updates() == 0
        });
        self.chaos.faults.has(Fault::DiskLoss) && normal && acked
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
        for node in [0, 1] {
            self.queue.after(1, Event::Chaos(Act::Start(node)));
        }
    }
}
