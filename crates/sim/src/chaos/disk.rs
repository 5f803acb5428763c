//! What goes wrong with lease files while nobody has them open.

use dhcp_failover::ServerState;

use super::Act;
use crate::event::{Event, NodeId};
use crate::fault::Fault;
use crate::history::Seen;
use crate::random::Stream;
use crate::scenario::HOUR;
use crate::trace::Who;
use crate::world::World;

/// What becomes of a lease file in a crash, beside what wasn't synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Misfortune {
    None,
    Lost(Fault),
    Damaged,
    Old,
}

impl World {
    /// What becomes of the lease file; decided while the server still runs.
    pub(super) fn misfortune(&mut self, node: NodeId, loses_disk: bool) -> Misfortune {
        let faults = self.chaos.faults;
        if loses_disk {
            return Misfortune::Lost(Fault::DiskLoss);
        }
        if faults.has(Fault::LeaseLoss) && self.chaos.lease_loss.chance(200) {
            return Misfortune::Lost(Fault::LeaseLoss);
        }
        if faults.has(Fault::Damage)
            && self.chaos.damage.chance(300)
            && self.partner_has_everything(node)
        {
            return Misfortune::Damaged;
        }
        if faults.has(Fault::OldBackup) && self.chaos.old_backup.chance(200) {
            return Misfortune::Old;
        }
        Misfortune::None
    }

    pub(super) fn befall(&mut self, node: NodeId, misfortune: Misfortune) {
        let now = self.now();
        match misfortune {
            Misfortune::None => {}
            Misfortune::Lost(fault) => {
                self.trace
                    .line(now, Who::Disk(node), format_args!("### lost"));
                self.tally.fault(fault, 1);
                self.recorder.see(now, Seen::LosesDisk { server: node });
                self.nodes[node].lose_disk();
            }
            Misfortune::Damaged => {
                if let Some(what) = self.nodes[node].damage(&mut self.chaos.damage) {
                    self.trace
                        .line(now, Who::Disk(node), format_args!("### {what}"));
                    self.tally.fault(Fault::Damage, 1);
                }
            }
            Misfortune::Old => {
                if self.nodes[node].restore() {
                    self.trace
                        .line(now, Who::Disk(node), format_args!("### an old backup"));
                    self.tally.fault(Fault::OldBackup, 1);
                    self.recorder.see(now, Seen::OldBackup { server: node });
                }
            }
        }
    }

    /// A copy of a server's lease file, for a bad day.
    pub(super) fn back_up(&mut self, node: NodeId) {
        self.nodes[node].back_up();
        let again = self.chaos.old_backup.spread(HOUR / 2, 8 * HOUR);
        self.queue.after(again, Event::Chaos(Act::BackUp(node)));
    }

    /// A disk is lost only while the partner has everything.
    pub(super) fn may_lose_disk(&self, node: NodeId) -> bool {
        self.chaos.faults.has(Fault::DiskLoss) && self.partner_has_everything(node)
    }

    fn partner_has_everything(&self, node: NodeId) -> bool {
        let normal = [0, 1]
            .iter()
            .all(|node| self.nodes[*node].state() == Some(ServerState::Normal));
        let acked = self.nodes[node].endpoint().is_some_and(|endpoint| {
            endpoint.queued_updates() + endpoint.unacked_updates() + endpoint.refused_updates() == 0
        });
        normal && acked
    }
}

/// Damages a lease file: one bit, or one record that is gone, with a whole record behind it, since the end of a file may
/// be missing after any crash. Says what it did.
pub(crate) fn damage(text: &mut Vec<u8>, stream: &mut Stream) -> Option<&'static str> {
    let mut begins: Vec<usize> = text
        .windows(7)
        .enumerate()
        .filter(|(_, window)| *window == b"\nlease ")
        .map(|(at, _)| at + 1)
        .collect();
    // The last one may be torn.
    begins.pop();
    let last = *begins.last()?;
    if stream.chance(500) && begins.len() > 2 {
        let record = stream.below(begins.len() as u64 - 1) as usize;
        text.drain(begins[record]..begins[record + 1]);
        return Some("a record is missing");
    }
    let at = stream.below(last as u64) as usize;
    text[at] ^= 1 << stream.below(8);
    Some("a bit is flipped")
}
