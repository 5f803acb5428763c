//! The one queue of outputs, and the buffers that come back.

use std::collections::VecDeque;

use bytes::BytesMut;
use dhcp_failover::{Output as CoreOutput, Record};

use crate::eval::{Watch, settled};
use crate::event::Event;
use crate::output::{Destination, Output};

/// Reply buffers kept for reuse: more than a driver has in flight in one batch serves nobody.
const MAX_KEPT_BUFFERS: usize = 1024;
/// Capacity of a new reply buffer: an Ethernet frame, so that it never grows.
const BUFFER_LEN: usize = 1500;
/// A buffer that has grown beyond this isn't kept.
const MAX_KEPT_LEN: usize = 4096;

/// Outputs in order.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Output>,
    /// Where the failover core puts its outputs; empty between calls.
    pub(crate) core: Vec<CoreOutput>,
    buffers: Vec<Vec<u8>>,
    /// Leases that have something to do when they end.
    pub(crate) watch: Watch,
}

impl Outbox {
    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.push(Output::Event(event));
    }

    pub(crate) fn reply(&mut self, to: Destination, packet: Vec<u8>) {
        self.push(Output::Reply { to, packet });
    }

    /// An empty buffer for a reply.
    pub(crate) fn buffer(&mut self) -> Vec<u8> {
        self.buffers
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(BUFFER_LEN))
    }

    pub(crate) fn recycle(&mut self, mut buffer: Vec<u8>) {
        if self.buffers.len() < MAX_KEPT_BUFFERS && buffer.capacity() <= MAX_KEPT_LEN {
            buffer.clear();
            self.buffers.push(buffer);
        }
    }

    /// Moves what the core has to say into the queue.
    pub(crate) fn take_core(&mut self) {
        for output in self.core.drain(..) {
            self.queue.push_back(match output {
                CoreOutput::Store(record) => {
                    if let Record::Binding(address, binding) = &record {
                        self.watch.observe(*address, binding);
                    }
                    Output::Store(settled(record))
                }
                CoreOutput::Send(conn, frame) => {
                    let mut bytes = BytesMut::new();
                    match frame.encode(&mut bytes) {
                        Ok(()) => Output::PeerBytes(conn, bytes.into()),
                        // What can't be put on the wire can't be said: a new link begins afresh.
                        Err(_) => Output::PeerClose(conn),
                    }
                }
                CoreOutput::Close(conn) => Output::PeerClose(conn),
                CoreOutput::Dial(relationship) => Output::Dial(relationship),
                CoreOutput::Event(event) => Output::Event(Event::Failover(event)),
            });
        }
    }
}
