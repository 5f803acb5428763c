//! Captures made by hand, and what is printed of them.

use std::net::{Ipv4Addr, SocketAddrV4};

use bytes::BytesMut;
use etherparse::PacketBuilder;
use failover_wire::{
    BindingAck, BindingStatus, BindingUpdate, Connect, Frame, HardwareAddress, Message,
    RejectReason, UnixTime, Xid,
};
use serde_json::Value;

use crate::decode::explain;
use crate::decode::file::FileError;
use crate::decode::printer::Printer;
use crate::decode::tracker::Tracker;

/// The first packet's time, 2026-11-23 15:35:10 UTC; each is a second later than the one before.
pub(super) const START: u32 = 1_795_448_110;
pub(super) const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 101);
pub(super) fn primary() -> SocketAddrV4 {
    "10.78.0.1:647".parse().unwrap()
}

pub(super) fn secondary() -> SocketAddrV4 {
    "10.78.0.2:40000".parse().unwrap()
}

/// The lines for a capture file, and how reading it ends.
pub(super) fn explained(file: &[u8], is_json: bool) -> (Vec<String>, Result<(), FileError>) {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out, is_json, u64::MAX);
    let mut tracker = Tracker::new(&[]);
    let end = explain(file, &mut tracker, &mut printer);
    let mut events = Vec::new();
    tracker.finish(&mut events);
    printer.finish(events);
    let lines = String::from_utf8(out).unwrap();
    (lines.lines().map(str::to_owned).collect(), end)
}

/// The lines without time and connection, for a capture that is whole.
pub(super) fn said(capture: &Capture) -> Vec<String> {
    let (lines, end) = explained(&capture.file(), false);
    assert_eq!(end, Ok(()));
    let without = |line: String| line.split_once(' ').unwrap().1.to_owned();
    assert_eq!(lines.first().map(String::as_str), Some("2026-11-23 UTC"));
    lines.into_iter().skip(1).map(without).collect()
}

/// The messages' bytes with their senders' addresses, in order.
pub(super) fn messages(file: &[u8]) -> Vec<(String, String)> {
    let (lines, _) = explained(file, true);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["event"] == "message")
        .map(|event| (text(&event["from"]["address"]), text(&event["hex"])))
        .collect()
}

/// A capture in the making: raw IP, a second between packets.
#[derive(Default)]
pub(super) struct Capture {
    pub(super) packets: Vec<Vec<u8>>,
}

/// One end of a connection in the making.
pub(super) struct End {
    pub(super) address: SocketAddrV4,
    pub(super) to: SocketAddrV4,
    pub(super) next: u32,
}

impl Capture {
    pub(super) fn file(&self) -> Vec<u8> {
        let mut file = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65535, 101] {
            file.extend(word.to_le_bytes());
        }
        for (i, packet) in self.packets.iter().enumerate() {
            let length = packet.len() as u32;
            for word in [START + i as u32, 0, length, length] {
                file.extend(word.to_le_bytes());
            }
            file.extend(packet);
        }
        file
    }

    /// A segment with these flags (`S`, `F`, `R`, `A`) and bytes.
    pub(super) fn segment(&mut self, end: &mut End, flags: &str, bytes: &[u8]) {
        let (from, to) = (end.address, end.to);
        let mut builder = PacketBuilder::ipv4(from.ip().octets(), to.ip().octets(), 64).tcp(
            from.port(),
            to.port(),
            end.next,
            1000,
        );
        for flag in flags.chars() {
            builder = match flag {
                'S' => builder.syn(),
                'F' => builder.fin(),
                'R' => builder.rst(),
                _ => builder.ack(1),
            };
        }
        let mut packet = Vec::new();
        builder.write(&mut packet, bytes).unwrap();
        self.packets.push(packet);
        end.next = end
            .next
            .wrapping_add(bytes.len() as u32 + u32::from(flags.contains('S')));
    }

    /// The secondary dials; both ends.
    pub(super) fn open(&mut self) -> (End, End) {
        self.open_between(secondary(), primary())
    }

    pub(super) fn open_between(
        &mut self,
        dialling: SocketAddrV4,
        dialled: SocketAddrV4,
    ) -> (End, End) {
        let mut one = End {
            address: dialling,
            to: dialled,
            next: 0,
        };
        let mut other = End {
            address: dialled,
            to: dialling,
            next: 0,
        };
        self.segment(&mut one, "S", b"");
        self.segment(&mut other, "SA", b"");
        (one, other)
    }
}

pub(super) fn encoded(xid: u32, message: Message) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    let frame = Frame::new(UnixTime(START), Xid(xid), message);
    frame.encode(&mut bytes).unwrap();
    bytes.to_vec()
}

pub(super) fn connect() -> Connect {
    Connect {
        relationship_name: Some("lab".into()),
        max_unacked: Some(10),
        receive_timer: Some(30),
        vendor_class: Some("isc-4.4.3-P1".into()),
        protocol_version: Some(1),
        tls_request: Some(0),
        mclt: Some(3600),
        hba: Some(dhcp_split::Hba::from_split(128).as_bytes().to_vec().into()),
    }
}

pub(super) fn active() -> BindingUpdate {
    BindingUpdate {
        address: Some(ADDRESS),
        status: Some(BindingStatus::Active),
        hardware: HardwareAddress::new(1, &[0, 0x16, 0x3e, 0, 0, 1]),
        lease_expiration: Some(UnixTime(START + 120)),
        potential_expiration: Some(UnixTime(START + 180)),
        start_of_state: Some(UnixTime(START)),
        client_last_transaction: Some(UnixTime(START)),
        ..BindingUpdate::default()
    }
}

pub(super) fn ack(reject: Option<RejectReason>, message: Option<&'static str>) -> BindingAck {
    BindingAck {
        address: Some(ADDRESS),
        reject,
        message: message.map(Into::into),
    }
}
