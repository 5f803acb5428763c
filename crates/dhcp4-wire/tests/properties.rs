//! What holds for any packet and any message.

#![allow(clippy::unwrap_used, reason = "a test")]

use dhcp4_wire::{Flags, HardwareType, Message, OpCode, OptionCode, Options, Packet};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

const WELL_KNOWN: &[u8] = &[
    1, 3, 12, 43, 50, 51, 53, 54, 55, 57, 60, 61, 77, 81, 93, 118,
];

/// Option codes, well-known ones more often.
fn code() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => prop::sample::select(WELL_KNOWN),
        2 => 1..=254u8,
    ]
}

fn options(longest: usize) -> impl Strategy<Value = Options> {
    let option = (code(), vec(any::<u8>(), 0..longest));
    // An empty option 61 is refused, and the writer puts option 82 last.
    let kept = |(code, value): &(u8, Vec<u8>)| match code {
        61 => !value.is_empty(),
        82 => false,
        _ => true,
    };
    vec(option.prop_filter("legal", kept), 0..20).prop_map(|list| {
        list.into_iter()
            .map(|(code, value)| (OptionCode(code), value))
            .collect()
    })
}

fn name<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    prop_oneof![
        Just([0; N]),
        vec(1..=255u8, 0..=N)
            .prop_map(|text| core::array::from_fn(|i| text.get(i).copied().unwrap_or(0))),
    ]
}

fn message(longest: usize) -> impl Strategy<Value = Message> {
    let numbers = (
        any::<u8>(),
        any::<u8>(),
        0..=16u8,
        any::<u8>(),
        any::<u32>(),
        any::<u16>(),
        any::<u16>(),
    );
    let addresses = any::<[[u8; 4]; 4]>();
    let rest = (
        any::<[u8; 16]>(),
        name::<64>(),
        name::<128>(),
        options(longest),
    );
    (numbers, addresses, rest).prop_map(|(numbers, addresses, (chaddr, sname, file, options))| {
        let (op, htype, hlen, hops, xid, secs, flags) = numbers;
        let [ciaddr, yiaddr, siaddr, giaddr] = addresses.map(Into::into);
        Message {
            op: OpCode(op),
            htype: HardwareType(htype),
            hlen,
            hops,
            xid,
            secs,
            flags: Flags(flags),
            ciaddr,
            yiaddr,
            siaddr,
            giaddr,
            chaddr,
            sname,
            file,
            magic_cookie: true,
            options,
        }
    })
}

/// The fields that hold options, read byte by byte as RFC 2131 and RFC 2132 have it.
fn reference(packet: &[u8]) -> Option<Vec<(u8, Vec<u8>)>> {
    let mut found = Vec::new();
    if packet.get(236..240)? != [99, 130, 83, 99] {
        return Some(found);
    }
    read_field(&packet[240..], &mut found)?;
    let overload: Vec<u8> = found
        .iter()
        .filter(|(code, _)| *code == 52)
        .flat_map(|(_, value)| value.clone())
        .collect();
    let overload = overload.first().copied().unwrap_or(0);
    if overload & 1 != 0 {
        read_field(&packet[108..236], &mut found)?;
    }
    if overload & 2 != 0 {
        read_field(&packet[44..108], &mut found)?;
    }
    let mut identifiers = found.iter().filter(|(code, _)| *code == 61).peekable();
    let nameless = identifiers.peek().is_some() && identifiers.all(|(_, value)| value.is_empty());
    (!nameless).then_some(found)
}

fn read_field(field: &[u8], found: &mut Vec<(u8, Vec<u8>)>) -> Option<()> {
    let mut at = 0;
    while at < field.len() && field[at] != 255 {
        if field[at] == 0 {
            at += 1;
            continue;
        }
        let len = usize::from(*field.get(at + 1)?);
        found.push((field[at], field.get(at + 2..at + 2 + len)?.to_vec()));
        at += 2 + len;
    }
    Some(())
}

/// Bytes that look like options, some of them wrong.
fn field(len: usize) -> impl Strategy<Value = Vec<u8>> {
    let item = prop_oneof![
        8 => (code(), vec(any::<u8>(), 0..12))
            .prop_map(|(code, value)| [&[code, value.len() as u8][..], &value].concat()),
        1 => Just(vec![52, 1, 3]),
        1 => (0..4u8).prop_map(|bits| vec![52, 1, bits]),
        1 => Just(vec![0]),
        1 => Just(vec![255]),
        1 => vec(any::<u8>(), 1..3),
    ];
    vec(item, 0..16).prop_map(move |items| items.concat().into_iter().take(len).collect())
}

fn packet() -> impl Strategy<Value = Vec<u8>> {
    (field(600), field(128), field(64), any::<u8>()).prop_map(|(options, file, sname, tweak)| {
        let mut packet = vec![0; 236];
        packet[2] = tweak % 17;
        packet[44..44 + sname.len()].copy_from_slice(&sname);
        packet[108..108 + file.len()].copy_from_slice(&file);
        packet.extend_from_slice(&[99, 130, 83, if tweak == 0 { 0 } else { 99 }]);
        packet.extend_from_slice(&options);
        packet
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_a_plain_reader_reads(bytes in packet()) {
        let read = Packet::parse(&bytes).ok().map(|packet| {
            packet.options().map(|(code, value)| (code.0, value.to_vec())).collect::<Vec<_>>()
        });
        prop_assert_eq!(read, reference(&bytes));
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..700)) {
        _ = Packet::parse(&bytes).map(|packet| packet.check_lengths());
    }

    #[test]
    fn a_message_comes_back_as_it_was(message in message(256)) {
        let mut bytes = Vec::new();
        prop_assert_eq!(message.encode(1 << 16, &mut bytes), Ok(0));
        prop_assert!(bytes.len() >= 300);
        prop_assert_eq!(Message::decode(&bytes), Ok(message));
    }

    #[test]
    fn a_long_message_comes_back_joined(message in message(700)) {
        let mut bytes = Vec::new();
        prop_assert_eq!(message.encode(1 << 15, &mut bytes), Ok(0));
        let packet = Packet::parse(&bytes).unwrap();
        for (code, _) in message.options.iter() {
            let written = packet.option(code).map(|value| value.to_vec());
            prop_assert_eq!(written, message.options.get(code));
        }
    }

    #[test]
    fn a_limit_is_kept(message in message(100), limit in 240..1000usize) {
        let mut bytes = Vec::new();
        let left_out = message.encode(limit, &mut bytes).unwrap();
        prop_assert!(bytes.len() <= limit.max(300));
        let packet = Packet::parse(&bytes).unwrap();
        for (at, name) in [(44, &message.sname[..]), (108, &message.file)] {
            let kept = name.iter().all(|byte| *byte == 0) || bytes[at..at + name.len()] == *name;
            prop_assert!(kept, "a field that holds a name is left alone");
        }
        let codes: BTreeSet<_> = message.options.iter().map(|(code, _)| code).collect();
        let missing = codes.iter().filter(|code| !packet.has_option(**code)).count();
        prop_assert!(missing <= left_out);
        prop_assert!(left_out > 0 || missing == 0);
    }
}
