//! What is going to happen, and the heap it waits in.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::net::Ipv4Addr;

use dhcp4_server::Ingress;

use crate::chaos::Act;
use crate::clock::Time;
use crate::tcp;

/// A server: 0 is the primary, 1 the secondary.
pub(crate) type NodeId = usize;

/// Something that happens at one point of the true time.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A server's timer may be due. Of a process that is gone, or a time that was moved, it means nothing.
    Wake {
        /// The server.
        node: NodeId,
        /// Which of its processes.
        epoch: u32,
    },
    /// A server's disk has what was written.
    Synced {
        /// The server.
        node: NodeId,
        /// Which of its processes.
        epoch: u32,
    },
    /// A datagram reaches a server.
    Request {
        /// The server.
        node: NodeId,
        /// Where it came from.
        from: Ingress,
        /// The UDP payload.
        packet: Vec<u8>,
        /// Of a message that ends a lease of its client's, or another than it asks for: the client and the message's
        /// transaction number. It isn't delivered once the client has gone on, since it would end the lease that the
        /// client has got meanwhile, and no server can tell.
        final_in: Option<(usize, u32)>,
    },
    /// A datagram reaches a client.
    Reply {
        /// The client's number.
        client: usize,
        /// The UDP payload.
        packet: Vec<u8>,
    },
    /// Somebody answers the ping of an address.
    Pong {
        /// Who asked.
        node: NodeId,
        /// Which of its processes.
        epoch: u32,
        /// The address.
        address: Ipv4Addr,
    },
    /// Something on the connections between the servers.
    Tcp(tcp::Event),
    /// A client's timer. One of an older generation was overtaken.
    Client {
        /// The client's number.
        client: usize,
        /// Counts the times that the timer was set.
        generation: u32,
    },
    /// A fault, the end of one, or an operator.
    Chaos(Act),
}

/// The events to come, in order of time, and of their making where times are equal.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Entry>,
    sequence: u64,
    now: Time,
}

#[derive(Debug)]
struct Entry {
    at: Time,
    sequence: u64,
    event: Event,
}

impl Queue {
    /// The time of the last event.
    #[must_use]
    pub(crate) fn now(&self) -> Time {
        self.now
    }

    /// Plans an event, `delay` ms from now.
    pub(crate) fn after(&mut self, delay: Time, event: Event) {
        self.at(self.now + delay, event);
    }

    /// Plans an event; one in the past happens next.
    pub(crate) fn at(&mut self, at: Time, event: Event) {
        self.sequence += 1;
        self.heap.push(Entry {
            at: at.max(self.now),
            sequence: self.sequence,
            event,
        });
    }

    /// The next event, if it is due by `end`; time moves on to it, or to `end`.
    pub(crate) fn pop(&mut self, end: Time) -> Option<Event> {
        if self.heap.peek().is_none_or(|entry| entry.at > end) {
            self.now = self.now.max(end);
            return None;
        }
        let entry = self.heap.pop()?;
        self.now = entry.at;
        Some(entry.event)
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        // The greatest entry of the heap is the one that comes first.
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(event: Option<Event>) -> usize {
        match event {
            Some(Event::Client { client, .. }) => client,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn by_time_then_by_order_of_making() {
        let mut queue = Queue::default();
        for (delay, client) in [(5, 0), (3, 1), (3, 2), (0, 3)] {
            queue.after(
                delay,
                Event::Client {
                    client,
                    generation: 0,
                },
            );
        }
        let order: Vec<_> = (0..3).map(|_| client(queue.pop(4))).collect();
        assert_eq!(order, [3, 1, 2]);
        assert!(queue.pop(4).is_none());
        assert_eq!(queue.now(), 4);
        assert_eq!(client(queue.pop(9)), 0);
        assert_eq!(queue.now(), 5);
    }
}
