//! A server in memory with a clock and a disk, for tests that write their own packets.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::{Ipv4Addr, SocketAddrV4};

use dhcp_failover::UnixTime;
use dhcp4_server::journal::{Reader, RecordWriter};
use dhcp4_server::{
    Destination, Event, Ingress, Instant, Interface, Now, Output, Record, Seeds, Server,
    ServerConfig, StoredRecord,
};
use dhcp4_wire::{Message, MessageType, OptionCode, Packet};
use dhcpd_text::conf;

pub(crate) const START: u32 = 1_795_400_000;
pub(crate) const ETH0: u32 = 2;
/// A machine that has been up for a year.
const UPTIME: u64 = 31_536_000_000;

/// One server and what it did.
pub(crate) struct Rig {
    pub(crate) server: Server,
    pub(crate) millis: u64,
    /// Everything performed, in order, but for events.
    pub(crate) done: Vec<Output>,
    /// The log.
    pub(crate) log: Vec<String>,
    /// The lease file.
    pub(crate) disk: Vec<u8>,
    writer: RecordWriter,
}

/// A reply as it came.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) to: Destination,
    pub(crate) kind: Option<MessageType>,
    pub(crate) yiaddr: Ipv4Addr,
    pub(crate) message: Message,
}

impl Reply {
    pub(crate) fn lease_time(&self) -> u32 {
        let value = self
            .message
            .options
            .get(OptionCode::DHCP_LEASE_TIME)
            .expect("has option 51");
        u32::from_be_bytes(value.try_into().unwrap())
    }
}

pub(crate) fn parse(text: &str) -> conf::Config {
    let mut none = |file: &str| Err::<String, _>(format!("no {file}"));
    let parsed = conf::parse("dhcpd.conf", text, &mut none);
    parsed.unwrap_or_else(|errors| panic!("{errors:?}")).config
}

pub(crate) fn eth0(address: [u8; 4]) -> Interface {
    Interface {
        name: "eth0".to_owned(),
        index: ETH0,
        addresses: vec![(address.into(), Ipv4Addr::new(255, 255, 255, 0))],
        mac: [2, 0, 0, 0, 0, 1],
    }
}

impl Rig {
    pub(crate) fn new(text: &str, address: [u8; 4]) -> Self {
        Self::with_file(text, address, "")
    }

    pub(crate) fn with_file(text: &str, address: [u8; 4], file: &str) -> Self {
        let (config, _) = ServerConfig::from_conf(&parse(text), &[eth0(address)]).unwrap();
        let records: Vec<StoredRecord> = Reader::new("dhcpd.leases", file.as_bytes())
            .map(|entry| entry.unwrap().record)
            .collect();
        let writer = RecordWriter::journal(&config, 1);
        let seeds = Seeds { hash_key: [1, 2] };
        let server = Server::new(config, records, seeds, now_at(0)).unwrap();
        let mut rig = Self {
            server,
            millis: 0,
            done: Vec::new(),
            log: Vec::new(),
            disk: file.as_bytes().to_vec(),
            writer,
        };
        rig.perform();
        rig
    }

    pub(crate) fn now(&self) -> Now {
        now_at(self.millis)
    }

    /// Drains the outputs.
    pub(crate) fn perform(&mut self) {
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Event(event) => self.event(&event),
                Output::Store(record) => {
                    self.writer.record(&record, &mut self.disk);
                    self.done.push(Output::Store(record));
                }
                other => self.done.push(other),
            }
        }
    }

    fn event(&mut self, event: &Event) {
        self.log.push(event.to_string());
    }

    /// Lets time pass, with all timeouts at their time.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.millis + millis;
        loop {
            let due = self
                .server
                .poll_timeout()
                .map(|(at, _)| at.as_millis().saturating_sub(UPTIME));
            match due
                .map(|at| at.max(self.millis + 1))
                .filter(|at| *at <= end)
            {
                Some(at) => {
                    self.millis = at;
                    self.server.handle_timeout(self.now());
                    self.perform();
                }
                None => {
                    self.millis = end;
                    return;
                }
            }
        }
    }

    /// Sends a packet from a client on the wire and gives what the server said at once.
    pub(crate) fn send(&mut self, message: &Message) -> Vec<Reply> {
        let source = match message.giaddr {
            Ipv4Addr::UNSPECIFIED => message.ciaddr,
            giaddr => giaddr,
        };
        let mut bytes = Vec::new();
        message.encode(1472, &mut bytes).unwrap();
        self.send_bytes(&bytes, source)
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8], source: Ipv4Addr) -> Vec<Reply> {
        let from = Ingress {
            interface: ETH0,
            from: SocketAddrV4::new(source, 68),
            unicast: false,
        };
        let before = self.done.len();
        self.server.handle_packet(bytes, &from, self.now());
        self.perform();
        self.replies_since(before)
    }

    pub(crate) fn replies_since(&self, before: usize) -> Vec<Reply> {
        let replies = self.done[before..]
            .iter()
            .filter_map(|output| match output {
                Output::Reply { to, packet } => {
                    let parsed = Packet::parse(packet).unwrap();
                    let kind = parsed.message_type();
                    let message = Message::decode(packet).unwrap();
                    Some(Reply {
                        to: *to,
                        kind,
                        yiaddr: parsed.yiaddr(),
                        message,
                    })
                }
                _ => None,
            });
        replies.collect()
    }

    /// The one reply to a packet.
    pub(crate) fn ask(&mut self, message: &Message) -> Reply {
        let mut replies = self.send(message);
        assert_eq!(replies.len(), 1, "{:#?}", self.log);
        replies.pop().unwrap()
    }

    /// Discover and request; the ACK.
    pub(crate) fn dora(&mut self, client: u32) -> Reply {
        let offer = self.ask(&discover(client));
        assert_eq!(offer.kind, Some(MessageType::OFFER));
        let ack = self.ask(&request(client, offer.yiaddr));
        assert_eq!(ack.kind, Some(MessageType::ACK));
        assert_eq!(ack.yiaddr, offer.yiaddr);
        ack
    }

    /// The records stored since the start, in order.
    pub(crate) fn stored(&self) -> Vec<&Record> {
        let stored = self.done.iter().filter_map(|output| match output {
            Output::Store(record) => Some(record),
            _ => None,
        });
        stored.collect()
    }

    pub(crate) fn log_has(&self, line: &str) -> bool {
        self.log.iter().any(|logged| logged == line)
    }
}

pub(crate) fn now_at(millis: u64) -> Now {
    Now {
        mono: Instant::from_millis(UPTIME + millis),
        unix: UnixTime(START + (millis / 1000) as u32),
    }
}

pub(crate) fn mac(client: u32) -> [u8; 6] {
    let [a, b, c, d] = client.to_be_bytes();
    [2, 0, a, b, c, d]
}

pub(crate) fn message(client: u32, kind: MessageType) -> Message {
    let mut message = Message::request(client, mac(client));
    message.options.set_message_type(kind);
    message
}

pub(crate) fn discover(client: u32) -> Message {
    message(client, MessageType::DISCOVER)
}

/// A request in the SELECTING or INIT-REBOOT state.
pub(crate) fn request(client: u32, address: Ipv4Addr) -> Message {
    let mut message = message(client, MessageType::REQUEST);
    message.options.set_requested_address(address);
    message
}

/// A request in the RENEWING state.
pub(crate) fn renew(client: u32, address: Ipv4Addr) -> Message {
    Message {
        ciaddr: address,
        ..message(client, MessageType::REQUEST)
    }
}

pub(crate) fn release(client: u32, address: Ipv4Addr) -> Message {
    Message {
        ciaddr: address,
        ..message(client, MessageType::RELEASE)
    }
}
