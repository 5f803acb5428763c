//! S8g, S8h: a partner that greets in odd ways, against one server alone.

use super::Scenario;
use crate::pair::{A, B};
use crate::probe::Draft;
use crate::setup::Setup;

/// What is odd, and the message.
pub(crate) type Case = (&'static str, fn() -> Draft);

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "S8g",
        what: "odd CONNECTs to the secondary alone",
        setup: Setup::USUAL,
        seconds: 60,
        quick: true,
        run: |stage| stage.probe(B, CONNECTS),
    },
    Scenario {
        name: "S8h",
        what: "odd CONNECTACKs to the primary alone",
        setup: Setup::USUAL,
        seconds: 40,
        quick: false,
        run: |stage| stage.probe(A, CONNECT_ACKS),
    },
];

const CONNECTS: &[Case] = &[
    ("nothing odd", Draft::connect),
    ("another relationship-name", || {
        Draft::connect().with(22, b"nosuch")
    }),
    ("no relationship-name", || Draft::connect().without(&[22])),
    ("relationship-name with a NUL at its end", || {
        Draft::connect().with(22, b"lab\0")
    }),
    ("time 120 s ahead", || Draft {
        ahead: 120,
        ..Draft::connect()
    }),
    ("time 120 s behind", || Draft {
        ahead: -120,
        ..Draft::connect()
    }),
    ("no hash-bucket-assignment", || {
        Draft::connect().without(&[11])
    }),
    ("hash-bucket-assignment of 31 bytes", || {
        Draft::connect().with(11, &[0xff; 31])
    }),
    ("no MCLT", || Draft::connect().without(&[15])),
    ("MCLT of 2 bytes", || Draft::connect().with(15, &[0, 60])),
    ("MCLT twice", || Draft::connect().and(15, &[0, 0, 0, 99])),
    ("protocol-version 9", || Draft::connect().with(20, &[9])),
    ("no protocol-version", || Draft::connect().without(&[20])),
    ("TLS-request 2", || Draft::connect().with(27, &[2])),
    ("no TLS-request", || Draft::connect().without(&[27])),
    ("no max-unacked-bndupd, receive-timer, vendor-class", || {
        Draft::connect().without(&[14, 19, 28])
    }),
    ("max-unacked-bndupd 0", || {
        Draft::connect().with(14, &[0; 4])
    }),
    ("option 200", || Draft::connect().and(200, b"hello")),
    ("4 spare bytes behind the header", || Draft {
        spare: 4,
        ..Draft::connect()
    }),
    ("payload offset 8", || Draft {
        offset: Some(8),
        ..Draft::connect()
    }),
    ("length 8", || Draft {
        length: Some(8),
        ..Draft::connect()
    }),
    ("length 3000", || Draft {
        length: Some(3000),
        ..Draft::connect()
    }),
    ("an option longer than the message", || {
        let mut draft = Draft::connect().and(16, &[b'x'; 50]);
        draft.length = Some(120);
        draft
    }),
    ("message type 99 instead", || Draft {
        kind: 99,
        options: Vec::new(),
        ..Draft::connect()
    }),
    ("STATE instead", || Draft {
        kind: 10,
        ..Draft::connect().with(24, &[2]).with(23, &[0])
    }),
    ("one byte at a time", || Draft {
        in_pieces: true,
        ..Draft::connect()
    }),
    ("twice", || Draft {
        twice: true,
        ..Draft::connect()
    }),
    ("nothing odd, at the end", Draft::connect),
];

const CONNECT_ACKS: &[Case] = &[
    ("nothing odd", Draft::connect_ack),
    ("reject-reason 4", || Draft::connect_ack().with(21, &[4])),
    ("reject-reason 5", || Draft::connect_ack().with(21, &[5])),
    ("reject-reason 7", || Draft::connect_ack().with(21, &[7])),
    ("reject-reason 8", || Draft::connect_ack().with(21, &[8])),
    ("reject-reason 18", || Draft::connect_ack().with(21, &[18])),
    ("reject-reason 200", || {
        Draft::connect_ack().with(21, &[200])
    }),
    ("another relationship-name", || {
        Draft::connect_ack().with(22, b"nosuch")
    }),
    ("no relationship-name", || {
        Draft::connect_ack().without(&[22])
    }),
    ("time 120 s ahead", || Draft {
        ahead: 120,
        ..Draft::connect_ack()
    }),
    ("no max-unacked-bndupd", || {
        Draft::connect_ack().without(&[14])
    }),
    ("receive-timer 3", || {
        Draft::connect_ack().with(19, &[0, 0, 0, 3])
    }),
    ("protocol-version 9", || Draft::connect_ack().with(20, &[9])),
    ("TLS-reply 1", || Draft::connect_ack().with(26, &[1])),
    ("DISCONNECT instead", || Draft {
        kind: 12,
        ..Draft::connect_ack().with(21, &[17])
    }),
    ("nothing odd, at the end", Draft::connect_ack),
];
