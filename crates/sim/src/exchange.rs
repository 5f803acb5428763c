//! Datagrams between clients and servers, and what the clients make of them.

use std::net::{Ipv4Addr, SocketAddrV4};

use dhcp4_server::{Destination, Ingress};
use dhcp4_wire::{Message, MessageType, OptionCode, Packet};

use crate::check;
use crate::client::Client;
use crate::clock::Time;
use crate::event::{Event, NodeId};
use crate::fault::Fault;
use crate::mark::Mark;
use crate::phase::Step;
use crate::promise::{Broken, Promise};
use crate::scenario::INTERFACE;
use crate::sighting::Sighting;
use crate::trace::Who;
use crate::world::World;

/// Longest DHCP message that a client sends, bytes.
const MAX_MESSAGE: usize = 548;

impl World {
    pub(crate) fn send_reply(
        &mut self,
        node: NodeId,
        to: Destination,
        packet: Vec<u8>,
    ) -> Result<(), Broken> {
        let view = Packet::parse(&packet)
            .map_err(|error| Broken::new(Promise::NoPanic, error.to_string()))?;
        if view.chaddr().starts_with(&[2, 0xc2]) {
            // Somebody who asks without end, and listens to nobody.
            return Ok(());
        }
        let Some(client) = self.addressee(&view) else {
            let what = format!("a reply to nobody: {:?}", view.chaddr());
            return Err(Broken::new(Promise::Ownership, what));
        };
        if let Some(kind) = view.message_type() {
            self.tally.mark(Mark::Reply(kind));
        }
        if let Some(promise) = check::promise(&view) {
            self.tally.acks += 1;
            self.see(|at| Sighting::Ack { at, node, client });
            if let Some(since) = self.clients[client].awaits(promise.xid) {
                let until = since + Time::from(promise.seconds) * 1000;
                self.promise(node, client, promise.address, until)?;
            }
        }
        // Only who has an address can be reached at it.
        let reaches = match to {
            Destination::Unicast { to, .. } => self.clients[client]
                .used()
                .is_some_and(|lease| lease.address == *to.ip()),
            Destination::Broadcast { .. }
            | Destination::Client { .. }
            | Destination::Relay { .. } => true,
        };
        if reaches {
            for delay in self.udp.send() {
                self.queue.after(
                    delay,
                    Event::Reply {
                        client,
                        packet: packet.clone(),
                    },
                );
            }
        }
        if let Some(process) = &mut self.nodes[node].process {
            process.server.recycle(packet);
        }
        Ok(())
    }

    /// Who is to have a reply. Of two clients with one identity, the one that waits for it.
    fn addressee(&self, view: &Packet<'_>) -> Option<usize> {
        let number = Client::number_of(view.chaddr())?;
        let clone = number + 1;
        let is_clones = number == 0
            && self.scenario.faults.has(Fault::Clones)
            && self
                .clients
                .get(clone)
                .is_some_and(|c| c.is_present(view.xid()));
        Some(if is_clones { clone } else { number })
    }

    /// A server promises an address. The ledger of the run and the judge of its history, who know nothing of each other,
    /// have to agree on whether somebody else has it; and if so, whether that is permitted.
    fn promise(
        &mut self,
        node: NodeId,
        client: usize,
        address: Ipv4Addr,
        until: Time,
    ) -> Result<(), Broken> {
        let now = self.queue.now();
        let conflicts = self.recorder.ack(now, node, client, address, until);
        let ledger = self.ledger.promise(client, address, until, now);
        // An operator may declare a partner down that isn't: what comes of it is for the reader of the sightings.
        if self.scenario.site.is_some() {
            return Ok(());
        }
        match (ledger, conflicts.iter().find(|c| c.legal.is_none())) {
            (_, Some(conflict)) => Err(Broken::new(Promise::Exclusive, conflict.to_string())),
            (Err(broken), None) if conflicts.is_empty() => Err(Broken::new(
                Promise::Exclusive,
                format!("{}; the judge of the history saw nothing", broken.what),
            )),
            (Ok(()), None) if !conflicts.is_empty() => Err(Broken::new(
                Promise::Exclusive,
                format!("{}; the ledger of the run saw nothing", conflicts[0]),
            )),
            (Err(_), None) => {
                for conflict in conflicts {
                    self.trace
                        .line(now, Who::World, format_args!("### {conflict}"));
                    self.tally.legal(conflict.legal);
                }
                Ok(())
            }
            (Ok(()), None) => Ok(()),
        }
    }

    pub(crate) fn reply(&mut self, client: usize, packet: &[u8]) {
        self.trace.mix_bytes(packet);
        let Ok(view) = Packet::parse(packet) else {
            return;
        };
        let mut steps = Vec::new();
        self.clients[client].receive(&view, self.queue.now(), &mut steps);
        self.client_steps(client, steps);
    }

    /// Does what a client wants done, and sets its timer.
    pub(crate) fn client_steps(&mut self, client: usize, steps: Vec<Step>) {
        let now = self.queue.now();
        for step in steps {
            match step {
                Step::Send(message, to) => self.send_request(client, *message, to),
                Step::Exchange => {
                    self.ledger.new_exchange(client);
                    self.recorder.moves_on(now, client);
                }
                Step::Use(lease) => {
                    let seconds = (lease.ends - now) / 1000;
                    self.trace.line(
                        now,
                        Who::Client(client),
                        format_args!("has {} for {seconds} s", lease.address),
                    );
                    self.ledger.take(client, lease.address, lease.ends);
                    let server = usize::from(lease.server == self.scenario.server(1));
                    self.recorder
                        .takes(now, server, client, lease.address, lease.ends);
                    self.see(|at| Sighting::Take {
                        at,
                        client,
                        address: lease.address,
                        until: lease.ends,
                    });
                }
                Step::Drop(address) => {
                    self.trace
                        .line(now, Who::Client(client), format_args!("gives up {address}"));
                    self.ledger.drop(client, address);
                    self.recorder.drops(now, client, address);
                    self.see(|at| Sighting::Drop {
                        at,
                        client,
                        address,
                    });
                }
            }
        }
        self.set_timer(client);
    }

    pub(crate) fn set_timer(&mut self, client: usize) {
        self.generations[client] += 1;
        if let Some(at) = self.clients[client].deadline() {
            let generation = self.generations[client];
            self.queue.at(at, Event::Client { client, generation });
        }
    }

    fn send_request(&mut self, client: usize, mut message: Message, to: Option<Ipv4Addr>) {
        let kind = message
            .options
            .get(OptionCode::DHCP_MESSAGE_TYPE)
            .and_then(|value| value.first().copied());
        let kind = MessageType(kind.unwrap_or_default());
        self.trace.line(
            self.queue.now(),
            Who::Client(client),
            format_args!("{kind}"),
        );
        let relayed = to.is_none() && self.scenario.network_of(client) == 1;
        if relayed {
            message.giaddr = self.scenario.relay(client);
            message.hops = 1;
        }
        let from = match (to, relayed) {
            (_, true) => SocketAddrV4::new(message.giaddr, 67),
            (Some(_), _) => SocketAddrV4::new(message.ciaddr, 68),
            (None, _) => SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
        };
        let ingress = Ingress {
            interface: INTERFACE,
            from,
            unicast: relayed || to.is_some(),
        };
        let ends_leases = match kind {
            MessageType::RELEASE | MessageType::DECLINE => true,
            // A server takes it that the client has no other lease.
            MessageType::REQUEST => message.ciaddr.is_unspecified(),
            _ => false,
        };
        let final_in = ends_leases.then_some((client, message.xid));
        let mut packet = std::mem::take(&mut self.datagram);
        message
            .encode(MAX_MESSAGE, &mut packet)
            .expect("a request is short");
        for node in [0, 1] {
            if to.is_some_and(|to| !self.scenario.hears(node, to)) {
                continue;
            }
            for delay in self.udp.send() {
                let packet = packet.clone();
                self.queue.after(
                    delay,
                    Event::Request {
                        node,
                        from: ingress,
                        packet,
                        final_in,
                    },
                );
            }
        }
        self.datagram = packet;
    }
}
