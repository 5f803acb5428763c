//! What the fuzzer looks for, as functions: the same ones run over the committed corpus in a plain test.

use bytes::BytesMut;

use crate::{DecodeError, Frame, decode};

/// Reads `bytes` as one side of a connection and checks what must hold for any bytes at all:
/// nothing panics, the segmentation does not matter, and a frame survives its own encoding.
///
/// # Panics
///
/// When one of these does not hold.
pub fn failover_codec(bytes: &[u8]) {
    let at_once = read(bytes, bytes.len().max(1));
    assert_eq!(at_once, read(bytes, 1), "segments of one byte");
    assert_eq!(at_once, read(bytes, 13), "segments of thirteen bytes");
    for frame in &at_once.0 {
        let mut encoded = BytesMut::new();
        frame
            .encode(&mut encoded)
            .expect("what came in one message fits in one");
        assert_eq!(decode(&mut encoded).as_ref(), Ok(&Some(frame.clone())));
        assert!(encoded.is_empty(), "one frame is one message");
    }
}

/// The frames up to the end or the first error, and how many bytes wait for more.
fn read(bytes: &[u8], segment: usize) -> (Vec<Frame>, Result<usize, DecodeError>) {
    let mut src = BytesMut::new();
    let mut frames = Vec::new();
    for segment in bytes.chunks(segment) {
        src.extend_from_slice(segment);
        loop {
            match decode(&mut src) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
    }
    (frames, Ok(src.len()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn the_corpus_passes() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/failover_codec");
        let mut seeds = 0;
        for entry in fs::read_dir(corpus).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "bin") {
                super::failover_codec(&fs::read(path).unwrap());
                seeds += 1;
            }
        }
        assert!(
            seeds >= 12 + 13,
            "only {seeds} seeds: one a message type and malformed case at least"
        );
    }

    /// Messages with a true length, and options that now and then have one that is not.
    fn almost_a_message() -> impl Strategy<Value = Vec<u8>> {
        let size = prop_oneof![4 => Just(0), 1 => any::<i8>()];
        let value = vec(any::<u8>(), 0..6);
        let option = (0..32u16, value, size).prop_map(|(code, value, error)| {
            let length = (value.len() as u16).wrapping_add_signed(error.into());
            [&code.to_be_bytes()[..], &length.to_be_bytes(), &value].concat()
        });
        (
            0..15u8,
            prop_oneof![8 => Just(12), 1 => 0..20u8],
            vec(option, 0..8),
        )
            .prop_map(|(message_type, payload_offset, options)| {
                let options = options.concat();
                let length = (12 + options.len()) as u16;
                let header = [message_type, payload_offset, 0, 0, 0, 1, 0, 0, 0, 2];
                [&length.to_be_bytes()[..], &header, &options].concat()
            })
    }

    proptest! {
        #[test]
        fn any_bytes_pass(bytes in vec(any::<u8>(), 0..100)) {
            super::failover_codec(&bytes);
        }

        #[test]
        fn any_stream_passes(messages in vec(almost_a_message(), 0..4)) {
            super::failover_codec(&messages.concat());
        }
    }
}
