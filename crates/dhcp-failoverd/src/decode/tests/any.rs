//! Whatever the bytes and whatever the segments are.

use std::ops::ControlFlow;

use proptest::prelude::*;

use super::made::{Capture, explained, messages};
use crate::decode::{file, hex};

/// A recorded scenario with a reset in the middle of two connections and a refused one.
const RECORDED: &[u8] = include_bytes!("../../../tests/data/decode/S3b.pcap");

/// The two streams of a connection, as a recorded scenario has them.
fn streams() -> Vec<(bool, Vec<u8>)> {
    messages(RECORDED)
        .into_iter()
        .map(|(from, hex)| {
            let octets = hex
                .as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
            (from == "10.78.0.1", octets.collect())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_segmentation_gives_the_same_messages(
        sizes in proptest::collection::vec(1..300usize, 1..30),
        mischief in proptest::collection::vec((any::<u16>(), 0..3u8), 0..60),
    ) {
        let mut capture = Capture::default();
        let (mut secondary, mut primary) = capture.open();
        let mut size = sizes.into_iter().cycle();
        let mut expected = [Vec::new(), Vec::new()];
        for from_primary in [true, false] {
            let end = if from_primary { &mut primary } else { &mut secondary };
            let mut stream = Vec::new();
            for (_, message) in streams().into_iter().filter(|(from, _)| *from == from_primary) {
                expected[usize::from(from_primary)].push(hex::plain(&message));
                stream.extend(message);
            }
            let mut rest = &stream[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(size.next().unwrap().min(rest.len()));
                capture.segment(end, "A", now);
                rest = later;
            }
        }
        // Some come twice, some later, always behind the two that open the connection.
        for (at, kind) in mischief {
            let at = 2 + usize::from(at) % (capture.packets.len() - 3);
            match kind {
                0 => capture.packets.swap(at, at + 1),
                1 => capture.packets.insert(at + 1, capture.packets[at].clone()),
                _ => {
                    let packet = capture.packets.remove(at);
                    let later = capture.packets.len().min(at + 5);
                    capture.packets.insert(later, packet);
                }
            }
        }
        let mut seen = [Vec::new(), Vec::new()];
        for (from, hex) in messages(&capture.file()) {
            seen[usize::from(from == "10.78.0.1")].push(hex);
        }
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        _ = explained(&bytes, false);
        for magic in [[0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0xc3, 0xd4], [10, 13, 13, 10]] {
            _ = explained(&[&magic, &bytes[..]].concat(), true);
        }
    }

    #[test]
    fn any_packets_are_read_to_their_end(
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 0..20),
    ) {
        let capture = Capture { packets };
        prop_assert_eq!(explained(&capture.file(), true).1, Ok(()));
    }

    #[test]
    fn a_hurt_capture_is_read_to_its_end(
        hurts in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..40),
        cut: proptest::sample::Index,
    ) {
        let mut file = RECORDED.to_vec();
        for (at, byte) in hurts {
            *at.get_mut(&mut file) = byte;
        }
        file.truncate(24 + cut.index(file.len() - 24));
        _ = explained(&file, false);
        _ = explained(&file, true);
    }

    #[test]
    fn hurt_packets_are_read_to_their_end(
        hurts in proptest::collection::vec((any::<proptest::sample::Index>(), 0..120usize, any::<u8>()), 1..60),
    ) {
        let mut capture = Capture::default();
        _ = file::read(RECORDED, |_, _, bytes| {
            capture.packets.push(bytes[14..].to_vec());
            ControlFlow::Continue(())
        });
        for (packet, at, byte) in hurts {
            if let Some(place) = packet.get_mut(&mut capture.packets).get_mut(at) {
                *place = byte;
            }
        }
        let (lines, end) = explained(&capture.file(), false);
        prop_assert_eq!(end, Ok(()));
        // Nothing that a peer sends reaches the terminal as it is.
        let has_control = |line: &&String| line.chars().any(char::is_control);
        prop_assert_eq!(lines.iter().find(has_control), None);
    }
}
