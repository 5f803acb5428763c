//! One direction of a TCP connection: segments as they were captured become bytes in order.

use std::collections::BTreeMap;
use std::time::Duration;

use super::stamp::Stamp;

/// Bytes that may wait for others before them, with what it costs to keep them. So much isn't on its way at once: at
/// most `max-unacked-updates` messages are. What is missing then was not captured.
const MAX_WAITING: usize = 64 << 10;
/// What keeping a segment costs besides its bytes.
const SEGMENT_COST: usize = 64;
/// How long bytes that the receiver has acknowledged may be captured later than the acknowledgement. They are not
/// sent again, so after this they were not captured at all.
const PATIENCE: Duration = Duration::from_secs(1);

/// What comes out, in the order of the stream.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Piece {
    /// The next bytes.
    Bytes(Vec<u8>),
    /// So many bytes were not captured.
    Gap(u64),
    /// The sender has finished.
    End,
}

/// One direction. Positions count from its first byte, sequence numbers wrap.
#[derive(Debug, Default)]
pub(crate) struct Half {
    /// Sequence number of the first byte; `None` before the first segment.
    first: Option<u32>,
    /// Sequence number of the next byte; likewise.
    next: Option<u32>,
    /// Position of the next byte.
    position: u64,
    /// Segments behind bytes that are missing, by position.
    waiting: BTreeMap<u64, Vec<u8>>,
    /// What they cost.
    cost: usize,
    /// Where the stream ends, once the sender has said so.
    end: Option<u64>,
    has_ended: bool,
    unseen: Option<Unseen>,
}

/// Bytes that the receiver has acknowledged and the capture doesn't have.
#[derive(Clone, Copy, Debug)]
struct Unseen {
    /// Where the stream was when that was noticed.
    position: u64,
    /// Where the acknowledged bytes end.
    acknowledged: u64,
    since: Stamp,
}

impl Half {
    /// The sender opens the connection: its first byte has the number after `sequence`.
    pub(crate) fn open(&mut self, sequence: u32) {
        self.begin(sequence.wrapping_add(1));
    }

    /// Whether a SYN with this number opens it, for the first time or again.
    pub(crate) fn opens_at(&self, sequence: u32) -> bool {
        self.first
            .is_none_or(|first| first == sequence.wrapping_add(1))
    }

    /// Whether a segment of it has been seen.
    pub(crate) const fn is_known(&self) -> bool {
        self.first.is_some()
    }

    /// Whether the number is one that the sender may be at; a receiver ignores others.
    pub(crate) fn is_near(&self, sequence: u32) -> bool {
        self.next.is_none_or(|next| {
            let distance = sequence.wrapping_sub(next) as i32;
            distance.unsigned_abs() as usize <= MAX_WAITING
        })
    }

    /// Takes a segment whose first byte has the number `sequence`; `missing` more bytes of it were not captured.
    pub(crate) fn segment(
        &mut self,
        sequence: u32,
        payload: &[u8],
        missing: usize,
        fin: bool,
        out: &mut Vec<Piece>,
    ) {
        if self.has_ended || (payload.is_empty() && missing == 0 && !fin) {
            return;
        }
        let start = self.position_of(sequence);
        let end = start + payload.len() as i64;
        // What was sent again ends before the next byte.
        if let Ok(end) = u64::try_from(end)
            && end >= self.position
        {
            if fin {
                self.end.get_or_insert(end + missing as u64);
            }
            let start = u64::try_from(start).unwrap_or(0).max(self.position);
            let fresh = &payload[payload.len() - (end - start) as usize..];
            self.wait(start, fresh);
            self.drain(out);
            if missing > 0 && self.position == end {
                self.skip(end + missing as u64, out);
            }
        }
        while self.cost > MAX_WAITING {
            self.skip(self.first_waiting(), out);
        }
    }

    /// The receiver expects the byte with the number `acknowledgement` next.
    pub(crate) fn acknowledge(&mut self, acknowledgement: u32, now: Stamp, out: &mut Vec<Piece>) {
        if self.next.is_none() || self.has_ended {
            return;
        }
        // A FIN counts as a byte and is none.
        let limit = self.end.unwrap_or(u64::MAX);
        let acknowledged = u64::try_from(self.position_of(acknowledgement))
            .unwrap_or(0)
            .min(limit);
        if acknowledged <= self.position {
            self.unseen = None;
            return;
        }
        let since = match self.unseen {
            Some(unseen) if unseen.position == self.position => unseen.since,
            _ => now,
        };
        self.unseen = Some(Unseen {
            position: self.position,
            acknowledged,
            since,
        });
        if now.since(since) >= PATIENCE {
            self.skip(acknowledged.min(self.first_waiting()), out);
        }
    }

    /// No segment will come any more: hands out what waits.
    pub(crate) fn finish(&mut self, out: &mut Vec<Piece>) {
        while !self.waiting.is_empty() {
            self.skip(self.first_waiting(), out);
        }
        if let Some(unseen) = self.unseen.take()
            && unseen.acknowledged > self.position
        {
            self.skip(unseen.acknowledged, out);
        }
        self.has_ended = true;
    }

    /// The position of the byte with that number: the one nearest to the next byte, before it or behind.
    fn position_of(&mut self, sequence: u32) -> i64 {
        let next = self.begin(sequence);
        let distance = sequence.wrapping_sub(next) as i32;
        self.position as i64 + i64::from(distance)
    }

    /// The number of the next byte, which is `sequence` if this is the first.
    fn begin(&mut self, sequence: u32) -> u32 {
        self.first.get_or_insert(sequence);
        *self.next.get_or_insert(sequence)
    }

    /// Where the first bytes that wait begin; the end of all if none do.
    fn first_waiting(&self) -> u64 {
        self.waiting
            .first_key_value()
            .map_or(u64::MAX, |(&position, _)| position)
    }

    /// Of two segments that begin at the same byte the longer is kept.
    fn wait(&mut self, start: u64, bytes: &[u8]) {
        let kept = self.waiting.get(&start);
        if bytes.len() > kept.map_or(0, Vec::len) {
            self.cost += SEGMENT_COST + bytes.len();
            let shorter = self.waiting.insert(start, bytes.to_vec());
            self.cost -= shorter.map_or(0, |shorter| SEGMENT_COST + shorter.len());
        }
    }

    /// Hands out whatever follows on what was handed out.
    fn drain(&mut self, out: &mut Vec<Piece>) {
        while let Some(entry) = self.waiting.first_entry()
            && *entry.key() <= self.position
        {
            let (start, mut bytes) = entry.remove_entry();
            self.cost -= SEGMENT_COST + bytes.len();
            let known = (self.position - start) as usize; // both are within what was waited for
            if known < bytes.len() {
                bytes.drain(..known);
                self.advance(bytes.len() as u64);
                out.push(Piece::Bytes(bytes));
            }
        }
        if self.end.is_some_and(|end| end <= self.position) && !self.has_ended {
            self.has_ended = true;
            out.push(Piece::End);
        }
    }

    /// Gives up the bytes before `position`.
    fn skip(&mut self, position: u64, out: &mut Vec<Piece>) {
        let missing = position - self.position;
        self.advance(missing);
        out.push(Piece::Gap(missing));
        self.drain(out);
    }

    fn advance(&mut self, bytes: u64) {
        self.position += bytes;
        self.next = self.next.map(|next| next.wrapping_add(bytes as u32));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Stamp = Stamp::new(1000, 0);

    fn opened(sequence: u32) -> Half {
        let mut half = Half::default();
        half.open(sequence);
        half
    }

    fn bytes(text: &[u8]) -> Piece {
        Piece::Bytes(text.to_vec())
    }

    #[test]
    fn out_of_order_again_and_overlapping() {
        let mut half = opened(u32::MAX - 2); // wraps within
        let mut out = Vec::new();
        half.segment(1, b"defg", 0, false, &mut out);
        half.segment(1, b"de", 0, false, &mut out);
        assert_eq!(out, []);
        half.segment(u32::MAX - 1, b"abcd", 0, false, &mut out);
        assert_eq!(out, [bytes(b"abcd"), bytes(b"efg")]);
        half.segment(u32::MAX - 1, b"abcd", 0, false, &mut out);
        half.segment(3, b"fgh", 0, true, &mut out);
        assert_eq!(out[2..], [bytes(b"h"), Piece::End]);
        half.segment(6, b"behind the end", 0, true, &mut out);
        assert_eq!(out.len(), 4);
    }

    #[test]
    fn an_end_waits_for_what_is_before_it() {
        let mut half = opened(0);
        let mut out = Vec::new();
        half.segment(4, b"", 0, true, &mut out);
        assert_eq!(out, []);
        half.segment(1, b"abc", 0, false, &mut out);
        assert_eq!(out, [bytes(b"abc"), Piece::End]);
    }

    #[test]
    fn without_a_syn_it_begins_at_the_first_segment() {
        let mut half = Half::default();
        let mut out = Vec::new();
        assert!(!half.is_known());
        half.acknowledge(5, NOW, &mut out);
        half.segment(77, b"", 0, false, &mut out);
        half.segment(77, b"ab", 0, false, &mut out);
        assert_eq!(out, [bytes(b"ab")]);
    }

    #[test]
    fn what_the_receiver_has_and_the_capture_lacks_is_a_gap() {
        let mut half = opened(0);
        let mut out = Vec::new();
        half.segment(6, b"behind", 0, false, &mut out);
        half.acknowledge(12, NOW, &mut out);
        half.acknowledge(12, Stamp::new(1000, 999_999_999), &mut out);
        assert_eq!(out, []);
        half.acknowledge(12, Stamp::new(1001, 0), &mut out);
        assert_eq!(out, [Piece::Gap(5), bytes(b"behind")]);
    }

    #[test]
    fn an_acknowledgement_that_was_captured_first_is_no_gap() {
        let mut half = opened(0);
        let mut out = Vec::new();
        for i in 0..10 {
            let at = 1 + 3 * i;
            half.acknowledge(at + 3, Stamp::new(1000 + u64::from(i), 0), &mut out);
            half.segment(at, b"abc", 0, false, &mut out);
        }
        assert_eq!(out.len(), 10);
        assert!(!out.contains(&Piece::Gap(3)));
    }

    #[test]
    fn what_the_capture_has_cut_off_is_a_gap_at_once() {
        let mut half = opened(0);
        let mut out = Vec::new();
        half.segment(1, b"abc", 4, false, &mut out);
        half.segment(8, b"d", 1, true, &mut out);
        let expected = [
            bytes(b"abc"),
            Piece::Gap(4),
            bytes(b"d"),
            Piece::Gap(1),
            Piece::End,
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut half = opened(0);
        let mut out = Vec::new();
        let mut at = 100;
        while out.is_empty() {
            half.segment(at, &[7; 1000], 0, false, &mut out);
            at += 2000;
            assert!(at < 300_000, "no end");
        }
        assert_eq!(out[0], Piece::Gap(99));
        let kept: usize = half.waiting.values().map(Vec::len).sum();
        assert!(
            (MAX_WAITING * 8 / 10..=MAX_WAITING).contains(&kept),
            "{kept}"
        );
        half.finish(&mut out);
        assert_eq!(half.cost, 0);
    }

    #[test]
    fn at_the_end_all_that_waits_comes_out() {
        let mut half = opened(0);
        let mut out = Vec::new();
        half.segment(3, b"cd", 0, false, &mut out);
        half.segment(9, b"ij", 0, false, &mut out);
        half.acknowledge(20, NOW, &mut out);
        half.finish(&mut out);
        let expected = [
            Piece::Gap(2),
            bytes(b"cd"),
            Piece::Gap(4),
            bytes(b"ij"),
            Piece::Gap(9),
        ];
        assert_eq!(out, expected);
    }

    proptest! {
        #[test]
        fn any_segments_in_any_order_are_the_stream(
            first: u32,
            stream in proptest::collection::vec(any::<u8>(), 1..300),
            cuts in proptest::collection::vec((any::<u16>(), 1..40usize), 0..40),
            order in proptest::collection::vec(any::<u16>(), 40),
        ) {
            // Random pieces, then the whole stream in pieces of seven, so that nothing is missing.
            let mut pieces: Vec<_> = cuts.into_iter().map(|(at, len)| {
                let at = usize::from(at) % stream.len();
                at..stream.len().min(at + len)
            }).collect();
            pieces.extend((0..stream.len()).step_by(7).map(|at| at..stream.len().min(at + 7)));
            for (i, other) in order.into_iter().enumerate() {
                let count = pieces.len();
                pieces.swap(i % count, usize::from(other) % count);
            }
            let mut half = opened(first);
            let mut out = Vec::new();
            for piece in pieces {
                let sequence = first.wrapping_add(1).wrapping_add(piece.start as u32);
                half.segment(sequence, &stream[piece], 0, false, &mut out);
            }
            let joined: Vec<u8> = out.into_iter().flat_map(|piece| match piece {
                Piece::Bytes(bytes) => bytes,
                other => panic!("{other:?}"),
            }).collect();
            prop_assert_eq!(joined, stream);
        }

        #[test]
        fn any_numbers_pass(
            calls in proptest::collection::vec((any::<u32>(), 0..3u8, 0..50usize, any::<u16>()), 0..50),
        ) {
            let mut half = Half::default();
            let mut out = Vec::new();
            for (number, kind, len, at) in calls {
                match kind {
                    0 => half.acknowledge(number, Stamp::new(at.into(), 0), &mut out),
                    kind => half.segment(number, &vec![1; len], 0, kind == 2, &mut out),
                }
            }
            half.finish(&mut out);
        }
    }
}
