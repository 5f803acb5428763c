//! The lease file written anew from the table, a piece per turn, while the server serves.
//!
//! Each piece is the table as it is at that moment, and every record stored from the beginning on goes into the
//! replacement too. An address whose record changed before its piece was written has the later state in the piece;
//! one that changed afterwards has a later record behind it. So the replacement is complete with its last piece.

use std::net::Ipv4Addr;

use dhcp_failover::{Binding, BindingStatus};
use dhcp4_server::journal::RecordWriter;
use dhcp4_server::{Now, Record, Server};

use crate::cli::version;
use crate::sync::Step;

/// Addresses looked at per piece: some 2 ms.
const ADDRESSES: u32 = 4096;
/// Text after which a piece ends, bytes: what the disk takes in a few milliseconds.
const PIECE: usize = 512 << 10;

/// A replacement in the making.
#[derive(Debug)]
pub(crate) struct Rewriting {
    /// Numbers the replacement's records.
    pub(crate) text: RecordWriter,
    /// What is still to be looked at, last range first.
    ranges: Vec<(u32, u32)>,
    /// Name and beginning of the file, until they are on their way.
    begin: Option<(u32, Vec<u8>)>,
    /// The last piece is on its way.
    finished: bool,
    /// Leases written from the table.
    pub(crate) leases: u64,
}

impl Rewriting {
    /// Starts one; the time names the temporary file.
    pub(crate) fn new(server: &Server, now: Now) -> Self {
        let mut text = RecordWriter::journal(server.config(), 1);
        let mut beginning = Vec::new();
        head(&mut text, server, &mut beginning);
        let pools = server.status(now).pools;
        let ranges = pools.iter().rev().flat_map(|pool| pool.ranges.iter().rev());
        let ranges = ranges
            .map(|&(first, last)| (first.into(), last.into()))
            .collect();
        Self {
            text,
            ranges,
            begin: Some((now.unix.0, beginning)),
            finished: false,
            leases: 0,
        }
    }

    /// The next piece; `stored` is what was stored since the last one. `None` when all is under way.
    pub(crate) fn step(&mut self, server: &Server, stored: &mut Vec<u8>) -> Option<Step> {
        if self.finished {
            return None;
        }
        let (begin, beginning) = self.begin.take().unzip();
        // Their order in the file is that in which their records were numbered.
        let mut text: Vec<u8> = beginning.unwrap_or_default();
        text.append(stored);
        self.piece(server, &mut text);
        self.finished = self.ranges.is_empty();
        Some(Step {
            begin,
            text,
            finish: self.finished,
        })
    }

    fn piece(&mut self, server: &Server, out: &mut Vec<u8>) {
        let bindings = server.core().bindings();
        let unused = Binding::unused(BindingStatus::Free);
        let mut looked_at = 0;
        while let Some((first, last)) = self.ranges.pop() {
            for address in first..=last {
                if looked_at == ADDRESSES || out.len() > PIECE {
                    self.ranges.push((address, last));
                    return;
                }
                looked_at += 1;
                let address = Ipv4Addr::from(address);
                if let Some(binding) = bindings.get(address).filter(|binding| **binding != unused) {
                    self.text
                        .record(&Record::Binding(address, binding.clone()), out);
                    self.leases += 1;
                }
            }
        }
    }
}

/// What a lease file begins with: a heading, what is kept for others, and the failover states.
pub(crate) fn head(text: &mut RecordWriter, server: &Server, out: &mut Vec<u8>) {
    text.header(&version(), out);
    for record in server.kept() {
        text.kept(record, out);
    }
    for record in server
        .records()
        .take_while(|record| matches!(record, Record::Relationship(..)))
    {
        text.record(&record, out);
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddrV4;

    use dhcp_failover::{Instant, UnixTime};
    use dhcp4_server::journal::{Reader, StoredRecord, Tail};
    use dhcp4_server::{Ingress, Interface, Output, Seeds, ServerConfig};

    use super::*;

    const NOW: Now = Now {
        mono: Instant::from_millis(1_000_000),
        unix: UnixTime(1_800_000_000),
    };
    /// More addresses than one piece looks at.
    const CONF: &str = "ping-check false; authoritative;
        subnet 10.0.0.0 netmask 255.255.0.0 { range 10.0.0.1 10.0.63.254; }
        host kept { hardware ethernet 2:0:0:0:0:1; }";

    fn server(records: Vec<StoredRecord>) -> Server {
        let conf = dhcpd_text::conf::parse("conf", CONF, &mut |_| Err::<String, _>(String::new()))
            .unwrap();
        let interface = Interface {
            name: "eth0".into(),
            index: 1,
            addresses: vec![([10, 0, 0, 0].into(), [255, 255, 0, 0].into())],
            mac: [0; 6],
        };
        let (config, _) = ServerConfig::from_conf(&conf.config, &[interface]).unwrap();
        Server::new(config, records, Seeds { hash_key: [1, 2] }, NOW).unwrap()
    }

    /// A client asks for this address, as after a reboot, and has it afterwards; what was stored.
    fn lease(server: &mut Server, client: u16, address: Ipv4Addr) -> Vec<Record> {
        let mut packet = vec![0; 240];
        packet[..4].copy_from_slice(&[1, 1, 6, 0]);
        packet[32..34].copy_from_slice(&client.to_be_bytes());
        packet[236..].copy_from_slice(&[99, 130, 83, 99]);
        packet.extend([53, 1, 3, 50, 4]);
        packet.extend(address.octets());
        packet.push(255);
        let from = Ingress {
            interface: 1,
            from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
            unicast: false,
        };
        server.handle_packet(&packet, &from, NOW);
        let outputs = std::iter::from_fn(|| server.poll_output());
        let stored: Vec<_> = outputs
            .filter_map(|output| match output {
                Output::Store(record) => Some(record),
                _ => None,
            })
            .collect();
        assert!(!stored.is_empty(), "client {client} has {address}");
        stored
    }

    /// Reads a file back: the server that it makes has these records.
    fn read(text: &[u8]) -> Vec<Record> {
        let mut reader = Reader::new("replacement", text);
        let records: Vec<_> = reader
            .by_ref()
            .map(|entry| entry.expect("whole, and numbered without a gap").record)
            .collect();
        assert_eq!(*reader.tail(), Tail::Whole);
        server(records).records().collect()
    }

    #[test]
    fn what_changes_meanwhile_is_in_it() {
        let mut server = server(Vec::new());
        let address = |n: u16| Ipv4Addr::from(0x0a00_0001 + u32::from(n) * 13);
        for client in 1..1000 {
            lease(&mut server, client, address(client));
        }
        let mut rewriting = Rewriting::new(&server, NOW);
        let (mut text, mut stored) = (Vec::new(), Vec::new());
        let mut client = 1000;
        loop {
            // Between any two pieces somebody gets an address at the front, at the back, and one that had been given up.
            for n in [client % 50, 1250 - client % 50] {
                for record in lease(
                    &mut server,
                    client,
                    Ipv4Addr::from(u32::from(address(n)) + 1),
                ) {
                    rewriting.text.record(&record, &mut stored);
                }
                client += 1;
            }
            let step = rewriting.step(&server, &mut stored).expect("not finished");
            assert_eq!(step.begin.is_some(), text.is_empty());
            assert!(stored.is_empty());
            text.extend(step.text);
            if step.finish {
                break;
            }
        }
        assert!(rewriting.step(&server, &mut stored).is_none());
        assert!(client > 1005, "it took several pieces");
        // The same, written in one go: what a file doesn't keep is lost on both ways.
        let mut at_once = Vec::new();
        let mut writer = RecordWriter::journal(server.config(), 1);
        server
            .records()
            .for_each(|record| writer.record(&record, &mut at_once));
        let (found, expected) = (read(&text), read(&at_once));
        let differs = found
            .iter()
            .zip(&expected)
            .find(|(found, expected)| found != expected);
        assert_eq!((differs, found.len()), (None, expected.len()));
    }
}
