//! What an independent decoder, tshark, says about a capture of the failover connection.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::Command;

use interop::run;

use crate::setup::{LINK, PORTS};

/// BNDUPD and BNDACK: as many as there are leases to talk about.
const OF_LEASES: [u16; 2] = [3, 4];

/// Message types and options that there are (draft-ietf-dhc-failover-12 §6.2, §12); tshark passes over others in silence.
const KINDS: RangeInclusive<u16> = 1..=12;
const OPTIONS: RangeInclusive<u16> = 1..=28;

/// Per side.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Wire {
    /// Messages sent.
    pub(crate) messages: [usize; 2],
    /// Frames with a message that tshark can't make sense of.
    pub(crate) malformed: [Vec<u32>; 2],
    /// Most messages in one second that are about no lease.
    pub(crate) busiest: [usize; 2],
    /// Most connections begun in one second, repeated SYNs counted too.
    pub(crate) dials: [usize; 2],
}

/// Columns, in this order.
const FIELDS: [&str; 10] = [
    "frame.number",
    "frame.time_epoch",
    "ip.src",
    "tcp.flags.syn",
    "tcp.flags.ack",
    "dhcpfo.type",
    "dhcpfo.optioncode",
    "dhcpfo.bad_length",
    "dhcpfo.message_digest_type_not_allowed",
    "_ws.malformed",
];

impl Wire {
    /// Reads a capture.
    ///
    /// # Panics
    ///
    /// tshark isn't installed, or can't read the file.
    pub(crate) fn read(capture: &Path) -> Self {
        let mut command = Command::new("tshark");
        command.arg("-r").arg(capture);
        for port in PORTS {
            command.args(["-d", &format!("tcp.port=={port},dhcpfo")]);
        }
        command.args(["-T", "fields"]);
        for field in FIELDS {
            command.args(["-e", field]);
        }
        Self::from_fields(&run(&mut command))
    }

    /// Tab-separated columns, where a field that a frame has several of is a list with commas.
    fn from_fields(text: &str) -> Self {
        let mut wire = Self::default();
        let mut seconds = [BTreeMap::new(), BTreeMap::new()];
        let mut dials = [BTreeMap::new(), BTreeMap::new()];
        for line in text.lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [number, time, from, syn, ack, types, options, trouble @ ..] = columns.as_slice()
            else {
                continue;
            };
            let Some(side) = LINK.iter().position(|address| address == from) else {
                continue;
            };
            let second = time.split('.').next().and_then(|s| s.parse::<u64>().ok());
            if flag(syn) && !flag(ack) {
                *dials[side].entry(second).or_insert(0) += 1;
            }
            let mut readable = trouble.iter().all(|column| column.is_empty());
            for kind in numbers(types) {
                wire.messages[side] += 1;
                readable &= KINDS.contains(&kind);
                if !OF_LEASES.contains(&kind) {
                    *seconds[side].entry(second).or_insert(0) += 1;
                }
            }
            readable &= numbers(options).all(|option| OPTIONS.contains(&option));
            if !readable {
                wire.malformed[side].push(number.parse().unwrap_or(0));
            }
        }
        let most = |counts: BTreeMap<_, usize>| counts.into_values().max().unwrap_or(0);
        wire.busiest = seconds.map(most);
        wire.dials = dials.map(most);
        wire
    }
}

/// A list with commas.
fn numbers(column: &str) -> impl Iterator<Item = u16> {
    column.split(',').filter_map(|number| number.parse().ok())
}

/// tshark 4.0 prints `1`, later ones `True`.
fn flag(column: &str) -> bool {
    matches!(column, "1" | "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted() {
        let text = "1\t100.1\t10.78.0.1\t1\t0\t\t\t\t\t\n\
                    2\t100.2\t10.78.0.2\t1\t1\t\t\t\t\t\n\
                    3\t100.3\t10.78.0.1\t0\t1\t5\t22,14\t\t\t\n\
                    4\t100.9\t10.78.0.1\t0\t1\t10,3,11\t2\t\t\t\n\
                    5\t101.0\t10.78.0.2\t0\t1\t4\t2\t\t\t_ws.malformed\n\
                    6\t101.0\t10.78.0.2\t0\t1\t4\t2,29\t\t\t\n\
                    7\t101.0\t10.78.0.2\t0\t1\t13\t\t\t\t\n\
                    8\t102.0\t10.78.0.9\t0\t1\t4\t\t\t\t\n";
        let wire = Wire::from_fields(text);
        assert_eq!(wire.messages, [4, 3]);
        assert_eq!(wire.busiest, [3, 1]);
        assert_eq!(wire.dials, [1, 0]);
        assert_eq!(wire.malformed, [vec![], vec![5, 6, 7]]);
    }
}
