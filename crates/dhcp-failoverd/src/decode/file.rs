//! Capture files: pcap and pcapng.

use std::io::Read;
use std::ops::ControlFlow;

use pcap_parser::traits::{PcapNGPacketBlock as _, PcapReaderIterator};
use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};
use thiserror::Error;

use super::packet::LinkLayer;
use super::patient::Patient;
use super::stamp::Stamp;

/// Room for the longest packet: tcpdump's snap length is at most 256 KiB, and pcapng adds options.
const LONGEST_BLOCK: usize = 1 << 20;
/// Interfaces in one section of a pcapng file; `dumpcap` of a whole switch has some hundred.
const MAX_INTERFACES: usize = 4096;

/// Why a capture file can't be read, or not to its end.
#[derive(PartialEq, Eq, Debug, Error)]
pub(crate) enum FileError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is something else.
    #[error("neither a pcap nor a pcapng file")]
    NotACapture,
    /// Packets of a kind that can't be read.
    #[error("packets with link-layer type {0} can't be read")]
    LinkLayer(i32),
    /// The last packet is not all there.
    #[error("the file ends inside a packet")]
    CutShort,
    /// What comes is no packet.
    #[error("the file is damaged behind byte {0}")]
    Damaged(usize),
    /// Reading failed.
    #[error("it can't be read")]
    Read,
}

/// An interface that was captured on.
#[derive(Clone, Copy)]
struct Interface {
    /// `None`: packets of a kind that can't be read.
    link: Option<LinkLayer>,
    /// Units of time in a second.
    units: u64,
    /// Seconds to be added.
    offset: i64,
}

/// What is known of the file so far.
#[derive(Default)]
struct State {
    interfaces: Vec<Interface>,
    /// The time of the last packet that had one.
    last: Stamp,
    /// A link-layer type that can't be read.
    unreadable: Option<i32>,
}

/// Hands the packets of a capture file to `each`, in the file's order, until that breaks.
///
/// # Errors
///
/// What came before has been handed out.
pub(crate) fn read(
    input: impl Read + Send,
    mut each: impl FnMut(Stamp, LinkLayer, &[u8]) -> ControlFlow<()>,
) -> Result<(), FileError> {
    let mut reader =
        create_reader(LONGEST_BLOCK, Patient::new(input)).map_err(|error| match error {
            PcapError::Eof => FileError::Empty,
            PcapError::ReadError => FileError::Read,
            _ => FileError::NotACapture,
        })?;
    let mut state = State::default();
    loop {
        let wants_more = match reader.next() {
            Ok((size, block)) => {
                let goes_on = match state.packet(&block) {
                    Some((stamp, link, bytes)) => each(stamp, link, bytes),
                    None => ControlFlow::Continue(()),
                };
                reader.consume(size);
                if goes_on.is_break() {
                    return Ok(());
                }
                false
            }
            Err(PcapError::Incomplete(_)) => true,
            Err(PcapError::Eof) => break,
            Err(PcapError::UnexpectedEof) => return Err(FileError::CutShort),
            Err(_) => return Err(FileError::Damaged(reader.consumed())),
        };
        if wants_more {
            refill(reader.as_mut())?;
        }
    }
    match state.unreadable {
        Some(code) => Err(FileError::LinkLayer(code)),
        None => Ok(()),
    }
}

/// Reads on; a block that the whole buffer can't hold is none.
fn refill(reader: &mut dyn PcapReaderIterator) -> Result<(), FileError> {
    let before = reader.data().len();
    if reader.refill().is_err() {
        return Err(FileError::Read);
    }
    if reader.data().len() == before && !reader.reader_exhausted() {
        return Err(FileError::Damaged(reader.consumed()));
    }
    Ok(())
}

impl State {
    /// The packet in a block, if it has one that can be read.
    fn packet<'a>(
        &mut self,
        block: &'a PcapBlockOwned<'_>,
    ) -> Option<(Stamp, LinkLayer, &'a [u8])> {
        let (interface, bytes) = match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let nanoseconds = header.is_nanosecond_precision();
                let units = if nanoseconds {
                    1_000_000_000
                } else {
                    1_000_000
                };
                // The upper half may say how long the frame check sequence is.
                self.interface(header.network.0 & 0xffff, units, 0);
                return None;
            }
            PcapBlockOwned::Legacy(packet) => {
                let interface = self.interfaces[0]; // the header was the first block
                let fraction = u64::from(packet.ts_usec) * (1_000_000_000 / interface.units);
                self.last = Stamp::new(packet.ts_sec.into(), fraction);
                (interface, packet.data)
            }
            PcapBlockOwned::NG(block) => self.next_generation(block)?,
        };
        interface.link.map(|link| (self.last, link, bytes))
    }

    fn next_generation<'a>(&mut self, block: &'a Block<'_>) -> Option<(Interface, &'a [u8])> {
        match block {
            Block::SectionHeader(_) => {
                self.interfaces.clear();
                None
            }
            Block::InterfaceDescription(description) => {
                if self.interfaces.len() < MAX_INTERFACES {
                    let units = units(description.if_tsresol);
                    self.interface(description.linktype.0, units, description.if_tsoffset);
                }
                None
            }
            Block::EnhancedPacket(packet) => {
                let interface = self.interfaces.get(packet.if_id as usize).copied();
                if let Some(interface) = interface {
                    let count = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                    self.last = interface.stamp(count);
                }
                interface.map(|interface| (interface, packet.packet_data()))
            }
            // It has no time of its own, and is from the first interface.
            Block::SimplePacket(packet) => self
                .interfaces
                .first()
                .map(|&interface| (interface, packet.packet_data())),
            _ => None,
        }
    }

    fn interface(&mut self, code: i32, units: u64, offset: i64) {
        let link = LinkLayer::from_code(code);
        if link.is_none() {
            self.unreadable = Some(code);
        }
        self.interfaces.push(Interface {
            link,
            units,
            offset,
        });
    }
}

impl Interface {
    /// The time that a packet's count of units stands for.
    fn stamp(self, count: u64) -> Stamp {
        let seconds = (count / self.units).saturating_add_signed(self.offset);
        let fraction = u128::from(count % self.units) * 1_000_000_000 / u128::from(self.units);
        // Less than a second.
        Stamp::new(seconds, fraction as u64)
    }
}

/// The units in a second that an `if_tsresol` stands for: a power of ten, or of two if its top bit is set. One that
/// can't be is taken for the default, microseconds.
fn units(resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7f);
    let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(exponent).unwrap_or(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Packets = Vec<(Stamp, LinkLayer, Vec<u8>)>;

    /// What [`read`] hands out, and how it ends.
    fn packets(bytes: &[u8]) -> (Packets, Result<(), FileError>) {
        let mut packets = Vec::new();
        let end = read(bytes, |stamp, link, bytes| {
            packets.push((stamp, link, bytes.to_vec()));
            ControlFlow::Continue(())
        });
        (packets, end)
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// A pcap file of raw IP with two packets, `ab` and `cde`.
    fn pcap(magic: u32) -> Vec<u8> {
        let header = words(&[magic, 0x0004_0002, 0, 0, 65535, 101]);
        let first = words(&[10, 500, 2, 2]);
        let second = words(&[11, 0, 3, 9]);
        [&header[..], &first, b"ab", &second, b"cde"].concat()
    }

    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let length = 12 + body.len() as u32;
        [&words(&[kind, length])[..], body, &words(&[length])].concat()
    }

    fn section() -> Vec<u8> {
        block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]))
    }

    fn interface(link: u32, options: &[u8]) -> Vec<u8> {
        block(1, &[&words(&[link, 65535])[..], options].concat())
    }

    fn packet(interface: u32, count: u64, data: &[u8; 4]) -> Vec<u8> {
        let head = words(&[interface, (count >> 32) as u32, count as u32, 4, 4]);
        block(6, &[&head[..], data].concat())
    }

    #[test]
    fn pcap_with_microseconds_and_nanoseconds() {
        for (magic, fraction) in [(0xa1b2_c3d4, 500_000), (0xa1b2_3c4d, 500)] {
            let (packets, end) = packets(&pcap(magic));
            assert_eq!(end, Ok(()));
            let first = (Stamp::new(10, fraction), LinkLayer::Ip, b"ab".to_vec());
            let second = (Stamp::new(11, 0), LinkLayer::Ip, b"cde".to_vec());
            assert_eq!(packets, [first, second]);
        }
    }

    #[test]
    fn pcapng_with_two_interfaces_and_two_sections() {
        // if_tsresol 9, and if_tsoffset 100 with the default resolution.
        let nanoseconds = words(&[0x0001_0009, 9, 0]);
        let shifted = words(&[0x0008_000e, 100, 0, 0]);
        let file = [
            section(),
            interface(101, &nanoseconds),
            interface(1, &shifted),
            packet(0, 1_000_000_007, b"null"),
            packet(1, 2_000_003, b"eins"),
            packet(2, 0, b"none"),
            block(3, &[&words(&[4])[..], b"zwei"].concat()),
            section(),
            interface(113, &[]),
            packet(0, 5_000_000, b"drei"),
        ];
        let (packets, end) = packets(&file.concat());
        assert_eq!(end, Ok(()));
        let expected = [
            (Stamp::new(1, 7), LinkLayer::Ip, b"null".to_vec()),
            (Stamp::new(102, 3000), LinkLayer::Ethernet, b"eins".to_vec()),
            (Stamp::new(102, 3000), LinkLayer::Ip, b"zwei".to_vec()),
            (Stamp::new(5, 0), LinkLayer::Cooked, b"drei".to_vec()),
        ];
        assert_eq!(packets, expected);
    }

    #[test]
    fn resolutions() {
        assert_eq!(
            (units(6), units(9), units(0)),
            (1_000_000, 1_000_000_000, 1)
        );
        assert_eq!((units(0x80 | 10), units(0x80 | 63)), (1024, 1 << 63));
        assert_eq!((units(20), units(0x80 | 64)), (1_000_000, 1_000_000));
    }

    #[test]
    fn what_cant_be_read_is_named_and_the_rest_is_handed_out() {
        let whole = pcap(0xa1b2_c3d4);
        assert_eq!(packets(&[]).1, Err(FileError::Empty));
        assert_eq!(
            packets(b"#!/bin/sh\nexit\n# no capture").1,
            Err(FileError::NotACapture)
        );
        for cut in [1, 3, 4, 18] {
            let (packets, end) = packets(&whole[..whole.len() - cut]);
            assert_eq!((packets.len(), end), (1, Err(FileError::CutShort)), "{cut}");
        }
        let too_long = [&whole[..], &words(&[0, 0, 1 << 30, 1 << 30])].concat();
        let (some, end) = packets(&too_long);
        assert_eq!(some.len(), 2);
        assert!(end.is_err());
        let usb = [section(), interface(220, &[]), packet(0, 1, b"usb!")].concat();
        assert_eq!(packets(&usb), (vec![], Err(FileError::LinkLayer(220))));
        let damaged = [
            section(),
            interface(1, &[]),
            words(&[6, 32, 0, 0, 0, 0, 0, 33]),
        ]
        .concat();
        assert_eq!(packets(&damaged).1, Err(FileError::Damaged(48)));
    }

    #[test]
    fn reading_stops_when_told() {
        let mut count = 0;
        let end = read(&pcap(0xa1b2_c3d4)[..], |_, _, _| {
            count += 1;
            ControlFlow::Break(())
        });
        assert_eq!((count, end), (1, Ok(())));
    }
}
