//! Operators, honest and not, and clients who want too much.

use std::net::{Ipv4Addr, SocketAddrV4};

use dhcp_failover::ServerState;
use dhcp4_server::{Command, Ingress};
use dhcp4_wire::{Message, MessageType};

use super::{Act, LATER};
use crate::event::{Event, NodeId};
use crate::fault::Fault;
use crate::node::RELATIONSHIP;
use crate::promise::Broken;
use crate::scenario::INTERFACE;
use crate::trace::Who;
use crate::world::World;

/// Longest DHCPDISCOVER of somebody who asks without end, bytes.
const MAX_MESSAGE: usize = 548;

impl World {
    /// An honest operator: the partner is really down, and what is left has its leases.
    pub(super) fn look(&mut self, node: NodeId) -> Result<(), Broken> {
        let survives = self.nodes[node].state() == Some(ServerState::CommunicationsInterrupted);
        if !survives || self.nodes[1 - node].process.is_some() || self.nodes[node].asleep {
            return Ok(());
        }
        if !self.declare(node, Fault::PartnerDown)? {
            // A handshake was under way when the partner died, and hasn't timed out.
            self.queue.after(LATER, Event::Chaos(Act::Look(node)));
            return Ok(());
        }
        self.heal_link();
        Ok(())
    }

    /// One who doesn't look: the partner runs, and serves.
    pub(super) fn lie(&mut self, node: NodeId) -> Result<(), Broken> {
        let survives = self.nodes[node].state() == Some(ServerState::CommunicationsInterrupted);
        if survives && self.nodes[1 - node].process.is_some() && !self.nodes[node].asleep {
            self.declare(node, Fault::Lie)?;
        }
        Ok(())
    }

    fn declare(&mut self, node: NodeId, fault: Fault) -> Result<bool, Broken> {
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
            self.trace.line(
                now,
                Who::World,
                format_args!("the operator is told: {refused}"),
            );
            return Ok(false);
        }
        self.tally.fault(fault, 1);
        self.trace.line(
            now,
            Who::World,
            format_args!("the operator has declared the partner of server {node} down"),
        );
        Ok(true)
    }

    /// Somebody asks for addresses, each time under another hardware address, and takes none.
    pub(super) fn starve(&mut self, times: u64) {
        let Some(class) = self.chaos.class(Fault::Starve) else {
            return;
        };
        let mut stream = class.stream.clone();
        self.tally.fault(Fault::Starve, 1);
        for _ in 0..=times {
            let id = (stream.any() as u32).to_be_bytes();
            let chaddr = [2, 0xc2, id[0], id[1], id[2], id[3]];
            let mut message = Message::request(stream.any() as u32, chaddr);
            message.options.set_message_type(MessageType::DISCOVER);
            let mut packet = Vec::new();
            message
                .encode(MAX_MESSAGE, &mut packet)
                .expect("a request is short");
            let from = Ingress {
                interface: INTERFACE,
                from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
                unicast: false,
            };
            for node in [0, 1] {
                let packet = packet.clone();
                let delay = 1 + stream.below(1000);
                self.queue.after(
                    delay,
                    Event::Request {
                        node,
                        from,
                        packet,
                        final_in: None,
                    },
                );
            }
        }
        if let Some(class) = self.chaos.class(Fault::Starve) {
            class.stream = stream;
        }
    }
}
