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
}
