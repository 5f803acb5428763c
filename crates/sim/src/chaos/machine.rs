//! What goes wrong with a server and its machine.

use dhcp_failover::ServerState;

use super::{Act, LATER};
use crate::clock::Time;
use crate::event::{Event, NodeId};
use crate::fault::Fault;
use crate::history::Seen;
use crate::mark::{Mark, Step};
use crate::promise::Broken;
use crate::scenario::MAX_OFFSET;
use crate::trace::Who;
use crate::world::World;

impl World {
    /// An act of a server's driver: if the server is doomed to die before it, it does.
    pub(crate) fn dies(&mut self, node: NodeId, before: Step) -> Result<bool, Broken> {
        let Some(how) = self.nodes[node].act() else {
            return Ok(false);
        };
        if how == Fault::SyncFails && before != Step::Sync {
            return Ok(false);
        }
        if self.chaos.over || (self.is_lawful() && self.is_left_alone(1 - node)) {
            if let Some(process) = &mut self.nodes[node].process {
                process.doom = None;
            }
            return Ok(false);
        }
        self.tally.mark(Mark::Point(how, before));
        self.crash(node, how)?;
        Ok(true)
    }

    fn crash(&mut self, node: NodeId, how: Fault) -> Result<(), Broken> {
        let now = self.now();
        self.nodes[node].check_table()?;
        let unsynced = self.nodes[node].disk.unsynced() as u64;
        let loses_disk = self.chaos.disk_loss.chance(300) && self.may_lose_disk(node);
        let kept = self.chaos.disk.below(unsynced + 1) as usize;
        let misfortune = self.misfortune(node, loses_disk);
        self.tally.fault(how, 1);
        self.recorder.see(now, Seen::Ends { server: node });
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
        self.befall(node, misfortune);
        let repair = self
            .chaos
            .class(how)
            .map_or(LATER, |class| class.stream.spread(1000, class.repair));
        self.queue.after(repair, Event::Chaos(Act::Start(node)));
        if self.chaos.faults.has(Fault::PartnerDown) {
            let look = self.chaos.operator.spread(1000, crate::scenario::HOUR);
            self.queue.after(look, Event::Chaos(Act::Look(1 - node)));
        }
        Ok(())
    }

    pub(crate) fn start(&mut self, node: NodeId) -> Result<(), Broken> {
        if self.nodes[node].process.is_some() {
            return Ok(());
        }
        if self.serves_alone(1 - node) && !self.serves_alone(node) && self.is_lawful() {
            if self.nodes[1 - node].process.is_none() || self.nodes[1 - node].asleep {
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
        self.recorder.see(now, Seen::Starts { server: node });
        if self.nodes[node].start(now)? {
            // As the daemon does, it goes on as if the disk were lost.
            self.trace.line(
                now,
                Who::Disk(node),
                format_args!("### the lease file is damaged, and isn't used"),
            );
            self.recorder.see(now, Seen::LosesDisk { server: node });
        }
        self.tcp.listen(node);
        self.turn(node)
    }

    /// A wall clock is set, though not so wrong that the servers refuse each other.
    pub(super) fn step_clock(&mut self, node: NodeId) {
        let Some(class) = self.chaos.class(Fault::ClockStep) else {
            return;
        };
        let offset = class.stream.between(0, 2 * MAX_OFFSET) as i64 - MAX_OFFSET as i64;
        let by = offset - self.nodes[node].clock.offset;
        self.nodes[node].clock.offset = offset;
        self.tally.fault(Fault::ClockStep, 1);
        self.trace.line(
            self.now(),
            Who::Node(node),
            format_args!("### its clock is set by {by} ms"),
        );
    }

    /// A machine sleeps.
    pub(super) fn suspend(&mut self, node: NodeId, repair: Time) {
        let runs = self.nodes[node].process.is_some() && !self.nodes[node].asleep;
        let lawful = !self.serves_alone(0) && !self.serves_alone(1);
        if !runs || (!lawful && self.is_lawful()) {
            return;
        }
        self.trace.line(
            self.now(),
            Who::Node(node),
            format_args!("### sleeps for {} s", repair / 1000),
        );
        self.tally.fault(Fault::Suspend, 1);
        self.nodes[node].asleep = true;
        self.tcp.sleep(node);
        self.queue.after(repair, Event::Chaos(Act::WakeUp(node)));
    }

    pub(super) fn wake_up(&mut self, node: NodeId) -> Result<(), Broken> {
        if !self.nodes[node].asleep {
            return Ok(());
        }
        self.trace
            .line(self.now(), Who::Node(node), format_args!("### wakes up"));
        self.nodes[node].wake_up();
        self.tcp.power_on(node, &mut self.queue);
        let epoch = self.nodes[node].epoch;
        self.queue.after(0, Event::Synced { node, epoch });
        self.input(node, dhcp4_server::Server::handle_timeout)
    }

    /// Whether a server is in PARTNER-DOWN, or is down with that on its disk: nobody else knows its leases.
    pub(crate) fn serves_alone(&self, node: NodeId) -> bool {
        let node = &self.nodes[node];
        let recorded = node.shadow.state().map(|record| record.my_state);
        [node.state(), recorded].contains(&Some(ServerState::PartnerDown))
    }

    /// Whether a server would serve if it lost the link now, without what its partner, serving alone, has done meanwhile
    /// (draft §5.9): it has started beside it and doesn't know yet.
    pub(super) fn is_left_alone(&self, node: NodeId) -> bool {
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
}
