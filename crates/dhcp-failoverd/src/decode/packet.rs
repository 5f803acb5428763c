//! What a captured packet carries: a TCP segment over IPv4, if it does.

use std::net::{Ipv4Addr, SocketAddrV4};

use etherparse::{EtherType, IpNumber, LaxNetSlice, LaxSlicedPacket, TransportSlice};

/// What a captured packet begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LinkLayer {
    /// Ethernet, with VLAN tags or without.
    Ethernet,
    /// The IP header.
    Ip,
    /// Linux cooked capture, as `tcpdump -i any` writes it.
    Cooked,
    /// Its second version.
    Cooked2,
    /// Four bytes of address family, as on the loopback of BSDs.
    Family,
}

impl LinkLayer {
    /// By the number that capture files have for it (LINKTYPE_ values); `None` if it can't be read here.
    pub(crate) const fn from_code(code: i32) -> Option<Self> {
        match code {
            0 | 108 => Some(Self::Family),    // NULL, LOOP
            1 => Some(Self::Ethernet),        // ETHERNET
            12 | 101 | 228 => Some(Self::Ip), // RAW as BSDs have it, RAW, IPV4
            113 => Some(Self::Cooked),        // LINUX_SLL
            276 => Some(Self::Cooked2),       // LINUX_SLL2
            _ => None,
        }
    }
}

/// A packet.
#[derive(Debug)]
pub(crate) enum Packet<'a> {
    /// A whole TCP segment over IPv4.
    Segment(Segment<'a>),
    /// A piece of a TCP segment: IPv4 fragments aren't put together.
    Fragment(Fragment),
    /// Neither.
    Other,
}

/// A TCP segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// Who sent it.
    pub(crate) from: SocketAddrV4,
    /// To whom.
    pub(crate) to: SocketAddrV4,
    /// Number of its first byte, or of its SYN.
    pub(crate) sequence: u32,
    /// The byte that the sender expects next.
    pub(crate) acknowledgement: Option<u32>,
    /// Opens the connection.
    pub(crate) syn: bool,
    /// The sender will send no more.
    pub(crate) fin: bool,
    /// The connection is no more.
    pub(crate) rst: bool,
    /// What it carries, as far as it was captured.
    pub(crate) payload: &'a [u8],
    /// Bytes behind these that it carries too: the capture cuts packets short.
    pub(crate) missing: usize,
}

/// A piece of a TCP segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fragment {
    /// Who sent it.
    pub(crate) from: Ipv4Addr,
    /// To whom.
    pub(crate) to: Ipv4Addr,
    /// Both ports, which only the first piece has.
    pub(crate) ports: Option<[u16; 2]>,
}

/// Reads the headers of a packet.
pub(crate) fn parse(link: LinkLayer, bytes: &[u8]) -> Packet<'_> {
    let sliced = match link {
        LinkLayer::Ethernet => LaxSlicedPacket::from_ethernet(bytes).ok(),
        LinkLayer::Ip => LaxSlicedPacket::from_ip(bytes).ok(),
        LinkLayer::Cooked => behind(bytes, 16, 14),
        LinkLayer::Cooked2 => behind(bytes, 20, 0),
        LinkLayer::Family => bytes
            .get(4..)
            .and_then(|bytes| LaxSlicedPacket::from_ip(bytes).ok()),
    };
    sliced
        .and_then(|sliced| tcp_over_ipv4(&sliced))
        .unwrap_or(Packet::Other)
}

/// The packet behind a header of `len` bytes that has the EtherType at `at`.
fn behind(bytes: &[u8], len: usize, at: usize) -> Option<LaxSlicedPacket<'_>> {
    let (header, rest) = bytes.split_at_checked(len)?;
    let protocol = EtherType(u16::from_be_bytes([header[at], header[at + 1]]));
    Some(LaxSlicedPacket::from_ether_type(protocol, rest))
}

fn tcp_over_ipv4<'a>(sliced: &LaxSlicedPacket<'a>) -> Option<Packet<'a>> {
    let Some(LaxNetSlice::Ipv4(ip)) = &sliced.net else {
        return None;
    };
    let (from, to) = (ip.header().source_addr(), ip.header().destination_addr());
    if ip.is_payload_fragmented() {
        return (ip.payload_ip_number() == IpNumber::TCP).then(|| {
            let is_first = ip.header().fragments_offset().value() == 0;
            let ports = ip.payload().payload.first_chunk();
            let ports = ports
                .filter(|_| is_first)
                .map(|&[a, b, c, d]| [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]);
            Packet::Fragment(Fragment { from, to, ports })
        });
    }
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else {
        return None;
    };
    // Without a sensible length in the header (segmentation offload) what was captured is all there is.
    let length = ip.header().slice().len() + tcp.slice().len();
    let missing = usize::from(ip.header().total_len()).saturating_sub(length);
    Some(Packet::Segment(Segment {
        from: SocketAddrV4::new(from, tcp.source_port()),
        to: SocketAddrV4::new(to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        acknowledgement: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        payload: tcp.payload(),
        missing,
    }))
}

#[cfg(test)]
mod tests {
    use etherparse::{IpFragOffset, Ipv4Header, PacketBuilder, PacketBuilderStep, TcpHeader};

    use super::*;

    fn finish(builder: PacketBuilderStep<TcpHeader>) -> Vec<u8> {
        let mut bytes = Vec::new();
        builder.write(&mut bytes, b"payload").unwrap();
        bytes
    }

    fn ip() -> Vec<u8> {
        finish(
            PacketBuilder::ipv4([10, 78, 0, 1], [10, 78, 0, 2], 64)
                .tcp(647, 40000, 7, 1000)
                .ack(99)
                .fin(),
        )
    }

    fn is_the_segment(link: LinkLayer, bytes: &[u8]) {
        let Packet::Segment(segment) = parse(link, bytes) else {
            panic!("{link:?}: no segment");
        };
        assert_eq!(segment.from.to_string(), "10.78.0.1:647");
        assert_eq!(segment.to.to_string(), "10.78.0.2:40000");
        assert_eq!((segment.sequence, segment.acknowledgement), (7, Some(99)));
        assert!(segment.fin && !segment.syn && !segment.rst);
        assert_eq!((segment.payload, segment.missing), (&b"payload"[..], 0));
    }

    #[test]
    fn every_link_layer() {
        let ethernet = |tags: &[u8]| [&[2; 12], tags, &[8, 0], &ip()[..]].concat();
        is_the_segment(LinkLayer::Ethernet, &ethernet(&[]));
        is_the_segment(LinkLayer::Ethernet, &ethernet(&[0x81, 0, 0, 5]));
        is_the_segment(
            LinkLayer::Ethernet,
            &ethernet(&[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6]),
        );
        is_the_segment(LinkLayer::Ip, &ip());
        is_the_segment(LinkLayer::Cooked, &[&[0; 14], &[8, 0][..], &ip()].concat());
        is_the_segment(LinkLayer::Cooked2, &[&[8, 0], &[0; 18][..], &ip()].concat());
        is_the_segment(LinkLayer::Family, &[&[2, 0, 0, 0][..], &ip()].concat());
    }

    #[test]
    fn padding_of_a_short_frame_is_no_payload() {
        let padded = [&[2; 12], &[8, 0][..], &ip(), &[0; 13]].concat();
        is_the_segment(LinkLayer::Ethernet, &padded);
    }

    #[test]
    fn a_segment_cut_by_the_capture_has_the_rest() {
        let ip = ip();
        let Packet::Segment(segment) = parse(LinkLayer::Ip, &ip[..ip.len() - 3]) else {
            panic!("no segment");
        };
        assert_eq!((segment.payload, segment.missing), (&b"payl"[..], 3));
    }

    #[test]
    fn fragments_are_told_apart() {
        let fragment = |offset: u16, more| {
            let mut header =
                Ipv4Header::new(8, 64, IpNumber::TCP, [1, 2, 3, 4], [5, 6, 7, 8]).unwrap();
            header.more_fragments = more;
            header.fragment_offset = IpFragOffset::try_new(offset).unwrap();
            let mut bytes = Vec::new();
            header.write(&mut bytes).unwrap();
            bytes.extend([2, 135, 3, 79, 0, 0, 0, 0]);
            match parse(LinkLayer::Ip, &bytes) {
                Packet::Fragment(fragment) => fragment.ports,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(fragment(0, true), Some([647, 847]));
        assert_eq!(fragment(1, false), None);
    }

    #[test]
    fn anything_else_is_nothing() {
        for link in [0, 1, 101, 113, 276].map(LinkLayer::from_code) {
            let link = link.unwrap();
            assert!(matches!(parse(link, &[]), Packet::Other));
            assert!(matches!(parse(link, &[0x45; 19]), Packet::Other));
        }
        assert_eq!(LinkLayer::from_code(127), None);
    }
}
