//! The lease file written anew from the table, a piece per turn, while the server serves.
//!
//! Each piece is the table as it is at that moment, and every record stored from the beginning on goes into the
//! replacement too. An address whose record changed before its piece was written has the later state in the piece;
//! one that changed afterwards has a later record behind it. So the replacement is complete with its last piece.

use std::net::Ipv4Addr;

use dhcp_failover::{Binding, BindingStatus};
use dhcp4_server::journal::RecordWriter;
use dhcp4_server::{Now, Record, Server};

use crate::cli::version;
use crate::sync::Step;

/// Addresses looked at per piece: some 2 ms.
const ADDRESSES: u32 = 4096;
/// Text after which a piece ends, bytes: what the disk takes in a few milliseconds.
const PIECE: usize = 512 << 10;

/// A replacement in the making.
#[derive(Debug)]
pub(crate) struct Rewriting {
    /// Numbers the replacement's records.
    pub(crate) text: RecordWriter,
    /// What is still to be looked at, last range first.
    ranges: Vec<(u32, u32)>,
    begin: Option<u32>,
    /// The last piece is on its way.
    finished: bool,
    /// Leases written from the table.
    pub(crate) leases: u64,
}

impl Rewriting {
    /// Starts one; the time names the temporary file.
    pub(crate) fn new(server: &Server, now: Now) -> Self {
        let text = RecordWriter::journal(server.config(), 1);
        let pools = server.status(now).pools;
        let ranges = pools.iter().rev().flat_map(|pool| pool.ranges.iter().rev());
        let ranges = ranges
            .map(|&(first, last)| (first.into(), last.into()))
            .collect();
        Self {
            text,
            ranges,
            begin: Some(now.unix.0),
            finished: false,
            leases: 0,
        }
    }

    /// The next piece; `stored` is what was stored since the last one. `None` when all is under way.
    pub(crate) fn step(&mut self, server: &Server, stored: &mut Vec<u8>) -> Option<Step> {
        if self.finished {
            return None;
        }
        let mut text = Vec::with_capacity(PIECE + 4096);
        let begin = self.begin.take();
        if begin.is_some() {
            // Records stored before this moment are in the table, and so in a piece to come.
            stored.clear();
            head(&mut self.text, server, &mut text);
        }
        text.append(stored);
        self.piece(server, &mut text);
        self.finished = self.ranges.is_empty();
        Some(Step {
            begin,
            text,
            finish: self.finished,
        })
    }

    fn piece(&mut self, server: &Server, out: &mut Vec<u8>) {
        let bindings = server.core().bindings();
        let unused = Binding::unused(BindingStatus::Free);
        let mut looked_at = 0;
        while let Some((first, last)) = self.ranges.pop() {
            for address in first..=last {
                if looked_at == ADDRESSES || out.len() > PIECE {
                    self.ranges.push((address, last));
                    return;
                }
                looked_at += 1;
                let address = Ipv4Addr::from(address);
                if let Some(binding) = bindings.get(address).filter(|binding| **binding != unused) {
                    self.text
                        .record(&Record::Binding(address, binding.clone()), out);
                    self.leases += 1;
                }
            }
        }
    }
}

/// What a lease file begins with: a heading, what is kept for others, and the failover states.
pub(crate) fn head(text: &mut RecordWriter, server: &Server, out: &mut Vec<u8>) {
    text.header(&version(), out);
    for record in server.kept() {
        text.kept(record, out);
    }
    for record in server
        .records()
        .take_while(|record| matches!(record, Record::Relationship(..)))
    {
        text.record(&record, out);
    }
}
