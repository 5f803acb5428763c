//! What goes wrong between the servers.

use super::Act;
use crate::clock::Time;
use crate::event::{Event, NodeId};
use crate::fault::Fault;
use crate::trace::Who;
use crate::world::World;

/// Longest delay of a slow link, ms.
const SLOW: Time = 20_000;

impl World {
    pub(super) fn strike_link(&mut self, fault: Fault, node: NodeId, repair: Time) {
        let now = self.now();
        let cuts = matches!(fault, Fault::LinkCut | Fault::OneWay);
        let lawful = match cuts {
            true => !self.serves_alone(0) && !self.serves_alone(1),
            false => !self.is_left_alone(0) && !self.is_left_alone(1),
        };
        if (!lawful && self.is_lawful()) || (cuts && !self.tcp.is_connected()) {
            return;
        }
        let what = match fault {
            Fault::LinkCut => {
                self.tcp.cut();
                format!("the link is cut for {} s", repair / 1000)
            }
            Fault::OneWay => {
                self.tcp.cut_from(node);
                format!("the link from server {node} is cut for {} s", repair / 1000)
            }
            Fault::HalfOpen => {
                let connections = self.tcp.reset_end(node, &mut self.queue);
                format!("{connections} connections are gone for server {node} only")
            }
            _ => {
                let connections = self.tcp.reset(&mut self.queue);
                format!("{connections} connections are reset")
            }
        };
        self.trace.line(now, Who::World, format_args!("{what}"));
        self.tally.fault(fault, 1);
        if cuts {
            self.queue.after(repair, Event::Chaos(Act::Heal));
        }
    }

    pub(super) fn slow_link(&mut self, repair: Time) {
        let Some(class) = self.chaos.class(Fault::SlowLink) else {
            return;
        };
        let most = class.stream.spread(100, SLOW);
        let lawful = !self.is_left_alone(0) && !self.is_left_alone(1);
        // A link as slow as that may be given up, as one that is cut.
        if !lawful && self.is_lawful() {
            return;
        }
        self.trace.line(
            self.now(),
            Who::World,
            format_args!("the link takes up to {most} ms, for {} s", repair / 1000),
        );
        self.tally.fault(Fault::SlowLink, 1);
        self.tcp.slow_down(most);
        self.queue.after(repair, Event::Chaos(Act::SpeedUp));
    }

    pub(super) fn heal_link(&mut self) {
        if !self.tcp.is_connected() {
            self.trace
                .line(self.now(), Who::World, format_args!("the link is repaired"));
            self.tcp.heal(&mut self.queue);
        }
    }
}
