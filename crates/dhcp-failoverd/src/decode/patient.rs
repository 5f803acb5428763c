//! The first read of a capture file.
//!
//! The parser of capture files tells pcap from pcapng by what its first read gives, and a pipe may give a few bytes.

use std::io::{self, Read};

/// Length of a pcap file's header.
const PCAP_HEADER: usize = 24;
/// The block type that opens a pcapng file, the same in both byte orders.
const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// The byte-order magic of a section, as it is in a little-endian one.
const LITTLE_ENDIAN: [u8; 4] = [0x4d, 0x3c, 0x2b, 0x1a];

/// Input whose first read waits for the whole header.
pub(crate) struct Patient<R> {
    input: R,
    has_begun: bool,
}

impl<R> Patient<R> {
    /// The input from its beginning.
    pub(crate) const fn new(input: R) -> Self {
        Self {
            input,
            has_begun: false,
        }
    }
}

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.has_begun {
            return self.input.read(buffer);
        }
        self.has_begun = true;
        let mut filled = 0;
        while filled < header_length(&buffer[..filled]) {
            match self.input.read(&mut buffer[filled..])? {
                0 => break, // the end, or no room
                more => filled += more,
            }
        }
        Ok(filled)
    }
}

/// How long the header is, as far as these first bytes tell.
fn header_length(bytes: &[u8]) -> usize {
    let Some(&[a, b, c, d, length @ .., e, f, g, h]) = bytes.first_chunk::<12>() else {
        return PCAP_HEADER;
    };
    if [a, b, c, d] != SECTION {
        return PCAP_HEADER;
    }
    let length = if [e, f, g, h] == LITTLE_ENDIAN {
        u32::from_le_bytes(length)
    } else {
        u32::from_be_bytes(length)
    };
    length as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte a read.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let room = buffer.len().min(1);
            self.0.read(&mut buffer[..room])
        }
    }

    fn first_read(bytes: &[u8]) -> usize {
        Patient::new(Drops(bytes)).read(&mut [0; 100]).unwrap()
    }

    #[test]
    fn the_first_read_has_the_header() {
        let section = |length: [u8; 4], magic| [&SECTION, &length, &magic, &[0; 200][..]].concat();
        assert_eq!(first_read(&section([40, 0, 0, 0], LITTLE_ENDIAN)), 40);
        assert_eq!(
            first_read(&section([0, 0, 0, 40], [0x1a, 0x2b, 0x3c, 0x4d])),
            40
        );
        assert_eq!(first_read(&[0xd4; 200]), PCAP_HEADER);
        assert_eq!(first_read(&[0xd4; 7]), 7);
        assert_eq!(first_read(&section([255; 4], LITTLE_ENDIAN)), 100);
        assert_eq!(first_read(&[]), 0);
    }
}
