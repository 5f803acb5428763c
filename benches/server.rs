//! A whole DISCOVER → ACK through the server without IO, small and large: the cost mustn't grow with the pool.
//!
//! Each exchange is two packets in, an OFFER, a stored record and an ACK out; the record is turned into text for the
//! lease file too. The file itself and the sockets are not here.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddrV4};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dhcp4_server::journal::{Reader, RecordWriter};
use dhcp4_server::{Ingress, Instant, Interface, Now, Output, Seeds, Server, ServerConfig};
use dhcp4_wire::{Message, MessageType, OptionCode};
use failover_wire::UnixTime;

const START: u32 = 1_800_000_000;
const FIRST: u32 = 0x0a00_0100;

/// Requests of one client, made once: only what differs is written for the next.
struct Client {
    discover: Vec<u8>,
    request: Vec<u8>,
    release: Vec<u8>,
}

/// Where `yiaddr` stands in a message.
const YIADDR: usize = 16;
/// Where `chaddr` stands in a message.
const CHADDR: usize = 28;

impl Client {
    fn new() -> Self {
        let make = |kind, address: bool| {
            let mut message = Message::request(1, [2, 0, 0, 0, 0, 0]);
            message.options.set_message_type(kind);
            if address {
                message.options.set_requested_address(Ipv4Addr::UNSPECIFIED);
            }
            let list = [1, 28, 2, 3, 15, 6, 12, 42].map(OptionCode);
            message.options.set_parameter_request_list(&list);
            let mut bytes = Vec::new();
            message.encode(548, &mut bytes).expect("it is short");
            bytes
        };
        Self {
            discover: make(MessageType::DISCOVER, false),
            request: make(MessageType::REQUEST, true),
            release: make(MessageType::RELEASE, false),
        }
    }

    fn become_client(&mut self, n: u32) {
        for packet in [&mut self.discover, &mut self.request, &mut self.release] {
            packet[CHADDR + 2..CHADDR + 6].copy_from_slice(&n.to_be_bytes());
        }
    }

    fn ask_for(&mut self, address: [u8; 4]) {
        // Option 50 is the second, behind the three bytes of option 53.
        self.request[240 + 3 + 2..][..4].copy_from_slice(&address);
        self.release[12..16].copy_from_slice(&address);
    }
}

struct Rig {
    server: Server,
    writer: RecordWriter,
    disk: Vec<u8>,
    now: Now,
    from: Ingress,
    client: Client,
}

impl Rig {
    /// A pool of which `leases` addresses are leased and as many are free.
    fn new(leases: u32) -> Self {
        let last = Ipv4Addr::from(FIRST + 2 * leases - 1);
        let text = format!(
            "ping-check false; dhcp-cache-threshold 0; default-lease-time 86400;
             option domain-name \"example.org\"; option domain-name-servers 10.0.0.1, 10.0.0.2;
             subnet 10.0.0.0 netmask 255.0.0.0 {{
               option routers 10.0.0.1; option broadcast-address 10.255.255.255;
               pool {{ range {} {last}; }}
             }}",
            Ipv4Addr::from(FIRST)
        );
        let mut none = |file: &str| Err::<String, _>(format!("no {file}"));
        let conf = dhcpd_text::conf::parse("bench", &text, &mut none)
            .expect("it is valid")
            .config;
        let interface = Interface {
            name: "eth0".to_owned(),
            index: 1,
            addresses: vec![(Ipv4Addr::new(10, 0, 0, 2), Ipv4Addr::new(255, 0, 0, 0))],
            mac: [2, 0, 0, 0, 0, 1],
        };
        let (config, _) = ServerConfig::from_conf(&conf, &[interface]).expect("it is valid");
        let now = Now {
            mono: Instant::from_millis(1_000_000),
            unix: UnixTime(START),
        };
        let mut text = Vec::new();
        let records = (0..leases).map(|n| {
            text.clear();
            let mac = n.to_be_bytes();
            let lease = format!(
                "lease {} {{\n  starts epoch {START};\n  ends epoch {};\n  binding state active;\n  \
                 hardware ethernet 02:00:{:02x}:{:02x}:{:02x}:{:02x};\n}}\n",
                Ipv4Addr::from(FIRST + n),
                START + 1_000_000,
                mac[0],
                mac[1],
                mac[2],
                mac[3]
            );
            text.extend_from_slice(lease.as_bytes());
            Reader::new("bench", &text).next().expect("a record").expect("a good one").record
        });
        let writer = RecordWriter::journal(&config, 1);
        let server =
            Server::new(config, records, Seeds { hash_key: [1, 2] }, now).expect("pools fit");
        let from = Ingress {
            interface: 1,
            from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
            unicast: false,
        };
        Self {
            server,
            writer,
            disk: Vec::new(),
            now,
            from,
            client: Client::new(),
        }
    }

    /// Drains the outputs; the address of the last reply.
    fn drain(&mut self) -> [u8; 4] {
        let mut yiaddr = [0; 4];
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Store(record) => {
                    self.disk.clear();
                    self.writer.record(&record, &mut self.disk);
                    black_box(&self.disk);
                }
                Output::Reply { packet, .. } => {
                    yiaddr.copy_from_slice(&packet[YIADDR..YIADDR + 4]);
                    self.server.recycle(packet);
                }
                other => _ = black_box(other),
            }
        }
        yiaddr
    }

    fn dora(&mut self, client: u32) -> [u8; 4] {
        self.client.become_client(client);
        self.server
            .handle_packet(&self.client.discover, &self.from, self.now);
        let offered = self.drain();
        self.client.ask_for(offered);
        self.server
            .handle_packet(&self.client.request, &self.from, self.now);
        let granted = self.drain();
        assert_eq!(offered, granted);
        granted
    }
}

fn server(c: &mut Criterion) {
    let mut group = c.benchmark_group("server");
    group.throughput(Throughput::Elements(1));
    for (size, leases) in [("10k", 10_000), ("1M", 1_000_000)] {
        let mut rig = Rig::new(leases);
        let mut n = 0;
        group.bench_function(
            format!("DISCOVER to ACK, client with a lease, {size} leases"),
            |b| {
                b.iter(|| {
                    // A stride that visits all, far apart.
                    n = (n + 7919) % leases;
                    rig.dora(n)
                });
            },
        );
        let mut n = leases;
        group.bench_function(
            format!("DISCOVER to ACK and RELEASE, new client, {size} leases"),
            |b| {
                b.iter(|| {
                    n = leases + (n + 1) % leases;
                    rig.dora(n);
                    rig.server
                        .handle_packet(&rig.client.release, &rig.from, rig.now);
                    rig.drain()
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, server);
criterion_main!(benches);
