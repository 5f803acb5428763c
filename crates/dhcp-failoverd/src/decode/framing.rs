//! One direction's bytes cut into messages, and how it goes on behind bytes that are none.
//!
//! A message begins where the one before it ends. Where that isn't known (the capture began in the middle, bytes are
//! missing, a length can't be) the next bytes that are a message in every respect are taken for one: right length, a
//! known type, options that decode.

use bytes::{Bytes, BytesMut};
use failover_wire::{DecodeError, HEADER_LEN, MAX_MESSAGE_LEN, MessageType, decode};

/// Bytes shown of those that aren't a message: as many as the longest has.
const MAX_SHOWN: usize = MAX_MESSAGE_LEN;

/// What comes out, in the order of the stream. Offsets count from its first byte.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Cut {
    /// As many bytes as its length says.
    Message { offset: u64, bytes: Bytes },
    /// A message can't begin with these bytes: the length is out of range.
    BadLength {
        offset: u64,
        bytes: Bytes,
        error: DecodeError,
    },
    /// These were passed over, up to the next message.
    Skipped {
        offset: u64,
        length: u64,
        /// The first [`MAX_SHOWN`] of them.
        bytes: Bytes,
    },
    /// The stream ends, or a gap begins, inside a message.
    Partial { offset: u64, bytes: Bytes },
}

/// The bytes of one direction that aren't cut yet; at most a message's and a segment's.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    buffer: BytesMut,
    /// Where the buffer's first byte is in the stream.
    offset: u64,
    /// While looking for the next message.
    passed: Option<Passed>,
}

/// Bytes passed over so far.
#[derive(Debug)]
struct Passed {
    offset: u64,
    length: u64,
    shown: Vec<u8>,
}

impl Framing {
    /// The first byte needn't begin a message.
    pub(crate) fn begin_inside(&mut self) {
        self.look_for_a_message();
    }

    /// Adds the next bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next `missing` bytes aren't known. [`Self::next`] must have been called until it had no more.
    pub(crate) fn gap(&mut self, missing: u64, out: &mut Vec<Cut>) {
        self.finish(out);
        self.offset += missing;
        self.look_for_a_message();
    }

    /// No bytes will come any more: hands out what is left.
    pub(crate) fn finish(&mut self, out: &mut Vec<Cut>) {
        if self.passed.is_some() {
            self.pass(self.buffer.len());
            out.extend(self.take_passed());
        } else if !self.buffer.is_empty() {
            let (offset, bytes) = self.take(self.buffer.len());
            out.push(Cut::Partial { offset, bytes });
        }
    }

    /// The next message or what is in its place; `None` when more bytes are needed.
    pub(crate) fn next(&mut self) -> Option<Cut> {
        if self.passed.is_some() {
            self.find()?;
            if let Some(skipped) = self.take_passed() {
                return Some(skipped);
            }
        }
        let length = usize::from(declared(&self.buffer)?);
        if (HEADER_LEN..=MAX_MESSAGE_LEN).contains(&length) {
            if self.buffer.len() < length {
                return None;
            }
            let (offset, bytes) = self.take(length);
            return Some(Cut::Message { offset, bytes });
        }
        // As many as can be told apart from a header, whatever the segments are.
        if self.buffer.len() < HEADER_LEN {
            return None;
        }
        let error = decode(&mut self.buffer.clone()).expect_err("the length is out of range");
        let (offset, bytes) = (
            self.offset,
            Bytes::copy_from_slice(&self.buffer[..HEADER_LEN]),
        );
        self.look_for_a_message();
        self.pass(1);
        Some(Cut::BadLength {
            offset,
            bytes,
            error,
        })
    }

    fn look_for_a_message(&mut self) {
        self.passed.get_or_insert(Passed {
            offset: self.offset,
            length: 0,
            shown: Vec::new(),
        });
    }

    /// Passes over what isn't a message; `None` when more bytes are needed to tell.
    fn find(&mut self) -> Option<()> {
        let mut at = 0;
        let found = loop {
            match message_at(&self.buffer[at..]) {
                Some(true) => break Some(()),
                Some(false) => at += 1,
                None => break None,
            }
        };
        self.pass(at);
        found
    }

    fn pass(&mut self, count: usize) {
        let (_, bytes) = self.take(count);
        if let Some(passed) = &mut self.passed {
            let room = MAX_SHOWN - passed.shown.len();
            passed.shown.extend(bytes.iter().take(room));
            passed.length += bytes.len() as u64;
        }
    }

    /// Ends the search.
    fn take_passed(&mut self) -> Option<Cut> {
        let passed = self.passed.take()?;
        (passed.length > 0).then(|| Cut::Skipped {
            offset: passed.offset,
            length: passed.length,
            bytes: passed.shown.into(),
        })
    }

    fn take(&mut self, count: usize) -> (u64, Bytes) {
        let offset = self.offset;
        self.offset += count as u64;
        (offset, self.buffer.split_to(count).freeze())
    }
}

fn declared(bytes: &[u8]) -> Option<u16> {
    bytes
        .first_chunk()
        .map(|&length| u16::from_be_bytes(length))
}

/// Whether the bytes begin with a message; `None` when there are too few to tell.
fn message_at(bytes: &[u8]) -> Option<bool> {
    let &[_, _, message_type, payload_offset] = bytes.first_chunk()?;
    let length = usize::from(declared(bytes)?);
    let known = MessageType::POOL_REQUEST.0..=MessageType::DISCONNECT.0;
    let plausible = (HEADER_LEN..=MAX_MESSAGE_LEN).contains(&length)
        && known.contains(&message_type)
        && usize::from(payload_offset) == HEADER_LEN;
    if !plausible {
        return Some(false);
    }
    let message = bytes.get(..length)?;
    Some(matches!(decode(&mut BytesMut::from(message)), Ok(Some(_))))
}

#[cfg(test)]
mod tests {
    use failover_wire::{Frame, Message, PoolResponse, UnixTime, Xid};
    use proptest::prelude::*;

    use super::*;

    fn message(xid: u32, message: Message) -> Vec<u8> {
        let mut bytes = BytesMut::new();
        let frame = Frame::new(UnixTime(1_795_448_110), Xid(xid), message);
        frame.encode(&mut bytes).unwrap();
        bytes.to_vec()
    }

    fn contact(xid: u32) -> Vec<u8> {
        message(xid, Message::Contact)
    }

    fn pool_response(xid: u32) -> Vec<u8> {
        let addresses_transferred = Some(5);
        message(
            xid,
            Message::PoolResponse(PoolResponse {
                addresses_transferred,
            }),
        )
    }

    /// All that comes out of `stream` in pieces of `size`.
    fn cuts(mut framing: Framing, stream: &[u8], size: usize) -> Vec<Cut> {
        let mut out = Vec::new();
        for piece in stream.chunks(size) {
            framing.bytes(piece);
            out.extend(std::iter::from_fn(|| framing.next()));
        }
        framing.finish(&mut out);
        out
    }

    fn at(offset: u64, bytes: Vec<u8>) -> Cut {
        let bytes = bytes.into();
        Cut::Message { offset, bytes }
    }

    #[test]
    fn messages_and_a_part_of_one() {
        let stream = [contact(1), pool_response(2), contact(3)].concat();
        let cuts = cuts(Framing::default(), &stream[..40], 3);
        let bytes = Bytes::copy_from_slice(&stream[32..40]);
        let partial = Cut::Partial { offset: 32, bytes };
        assert_eq!(cuts, [at(0, contact(1)), at(12, pool_response(2)), partial]);
    }

    #[test]
    fn begun_inside_a_message() {
        let stream = [&pool_response(1)[5..], &pool_response(2), &contact(3)].concat();
        let mut framing = Framing::default();
        framing.begin_inside();
        let skipped = Cut::Skipped {
            offset: 0,
            length: 15,
            bytes: Bytes::copy_from_slice(&stream[..15]),
        };
        let expected = [skipped, at(15, pool_response(2)), at(35, contact(3))];
        assert_eq!(cuts(framing, &stream, 100), expected);
        let mut framing = Framing::default();
        framing.begin_inside();
        assert_eq!(cuts(framing, &contact(1), 100), [at(0, contact(1))]);
    }

    #[test]
    fn behind_a_length_that_cant_be() {
        let junk = b"GET / HTTP/1.1\r\n\r\n".to_vec();
        let stream = [contact(1), junk.clone(), contact(2)].concat();
        for size in [1, 5, 100] {
            let cuts = cuts(Framing::default(), &stream, size);
            assert_eq!(cuts[0], at(0, contact(1)));
            let Cut::BadLength {
                offset: 12,
                bytes,
                error,
            } = &cuts[1]
            else {
                panic!("{:?}", cuts[1]);
            };
            assert_eq!(bytes[..], junk[..12]);
            assert!(
                error
                    .to_string()
                    .contains("message length 18245 is outside")
            );
            let skipped = Cut::Skipped {
                offset: 12,
                length: 18,
                bytes: junk.clone().into(),
            };
            assert_eq!(cuts[2..], [skipped, at(30, contact(2))]);
        }
    }

    #[test]
    fn behind_a_gap() {
        let mut framing = Framing::default();
        let mut out = Vec::new();
        framing.bytes(&contact(1)[..7]);
        assert_eq!(framing.next(), None);
        framing.gap(10, &mut out);
        framing.bytes(&[&contact(2)[9..], &contact(3)].concat());
        out.extend(std::iter::from_fn(|| framing.next()));
        let partial = Cut::Partial {
            offset: 0,
            bytes: contact(1)[..7].to_vec().into(),
        };
        let skipped = Cut::Skipped {
            offset: 17,
            length: 3,
            bytes: contact(2)[9..].to_vec().into(),
        };
        assert_eq!(out, [partial, skipped, at(20, contact(3))]);
    }

    #[test]
    fn what_is_passed_over_is_bounded() {
        let mut framing = Framing::default();
        for _ in 0..100 {
            framing.bytes(&[b'x'; 1000]);
            _ = std::iter::from_fn(|| framing.next()).count();
            assert!(framing.buffer.len() <= MAX_MESSAGE_LEN);
        }
        let mut out = Vec::new();
        framing.finish(&mut out);
        let [Cut::Skipped { length, bytes, .. }] = &out[..] else {
            panic!("{out:?}");
        };
        assert_eq!((*length, bytes.len()), (100_000, MAX_SHOWN));
    }

    proptest! {
        #[test]
        fn the_pieces_make_no_difference(
            parts in proptest::collection::vec(prop_oneof![
                Just(contact(7)),
                Just(pool_response(8)),
                proptest::collection::vec(any::<u8>(), 0..40),
            ], 0..8),
            size in 1..60usize,
            inside: bool,
        ) {
            let stream = parts.concat();
            let framing = || {
                let mut framing = Framing::default();
                if inside {
                    framing.begin_inside();
                }
                framing
            };
            prop_assert_eq!(cuts(framing(), &stream, size), cuts(framing(), &stream, stream.len().max(1)));
        }
    }
}
