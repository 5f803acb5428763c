//! A whole DHCPv4 server without IO: packets, peer bytes and time in, ordered outputs out.
//!
//! [`Server`] holds the lease table, the failover relationships over it and the offers that wait for a request. It
//! opens no socket, reads no clock and writes no file: its driver hands it what arrived, with the time, and performs
//! what [`Server::poll_output`] says, in that order. The answers are those of ISC dhcpd 4.4.3-P1, as recorded from it.
//!
//! The driver's one rule: drain the outputs, write every [`Output::Store`], sync once, then perform the rest.
//!
//! ```
//! use std::net::{Ipv4Addr, SocketAddrV4};
//!
//! use dhcp4_server::{Ingress, Instant, Interface, Now, Output, Seeds, Server, ServerConfig};
//! use dhcp4_server::journal::RecordWriter;
//! use dhcp4_wire::{Message, MessageType};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = "ping-check false; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.50 10.0.0.99; }";
//! let mut includes = |file: &str| std::fs::read_to_string(file).map_err(|error| error.to_string());
//! let conf = dhcpd_text::conf::parse("dhcpd.conf", text, &mut includes).map_err(|errors| errors[0].clone())?;
//! let eth0 = Interface {
//!     name: "eth0".into(),
//!     index: 2,
//!     addresses: vec![(Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(255, 255, 255, 0))],
//!     mac: [2, 0, 0, 0, 0, 1],
//! };
//! let (config, _warnings) = ServerConfig::from_conf(&conf.config, &[eth0]).map_err(|errors| errors[0].clone())?;
//! let mut records = RecordWriter::journal(&config, 1);
//!
//! // The clocks and the secret come from outside, as do the records of the lease file.
//! let now = Now { mono: Instant::from_millis(5_000), unix: dhcp_failover::UnixTime(1_800_000_000) };
//! let mut server = Server::new(config, [], Seeds { hash_key: [1, 2] }, now)?;
//!
//! // A client that knows its address asks for it.
//! let mut request = Message::request(0x1234, [2, 0, 0, 0, 0, 7]);
//! request.options.set_message_type(MessageType::REQUEST);
//! request.options.set_requested_address(Ipv4Addr::new(10, 0, 0, 70));
//! let mut datagram = Vec::new();
//! request.encode(548, &mut datagram)?;
//! let from = Ingress { interface: 2, from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68), unicast: false };
//! server.handle_packet(&datagram, &from, now);
//!
//! let mut said = Vec::new();
//! let mut file = Vec::new();
//! while let Some(output) = server.poll_output() {
//!     match output {
//!         Output::Store(record) => {
//!             records.record(&record, &mut file); // and to disk, before what follows
//!             said.push("store".to_owned());
//!         }
//!         Output::Reply { to, packet } => {
//!             said.push(format!("reply to {}", to.to()));
//!             server.recycle(packet);
//!         }
//!         Output::Event(event) => said.push(event.to_string()),
//!         other => panic!("not expected here: {other:?}"),
//!     }
//! }
//! assert_eq!(
//!     said,
//!     [
//!         "store",
//!         "DHCPREQUEST for 10.0.0.70 from 02:00:00:00:00:07 via eth0",
//!         "DHCPACK on 10.0.0.70 to 02:00:00:00:00:07 via eth0",
//!         "reply to 10.0.0.70:68",
//!     ]
//! );
//! assert!(file.starts_with(b"lease 10.0.0.70 {"));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod allocate;
mod answer;
mod bootp;
mod config;
mod ddns;
mod decline;
mod discover;
mod eval;
mod event;
mod exchange;
mod extra;
mod find;
mod host;
mod inform;
pub mod journal;
mod lease_time;
mod nak;
mod offers;
mod outbox;
mod output;
mod probe;
mod query;
mod release;
mod reply;
mod request;
mod server;
mod stats;
mod status;
mod trace;
mod view;

pub use config::{ConfigMessage, DnsZone, Interface, RelationshipLink, ServerConfig};
pub use ddns::{DnsAnswer, DnsChange, DnsData, DnsName, DnsPrerequisite, DnsRecordType, DnsUpdate};
pub use dhcp_failover::{
    Command, CommandRefused, ConnId, Instant, Now, Record, RelationshipId, RelationshipRecord,
    Timer,
};
pub use event::{ClientEvent, Event, LeaseNote, Level, Line, Remark, Via};
pub use journal::StoredRecord;
pub use output::{Destination, Output};
pub use query::Ingress;
pub use server::{Seeds, Server, StartError, TimerReason};
pub use stats::Stats;
pub use status::{PoolStatus, RelationshipStatus, Status};
pub use trace::{Trace, TracedLease};
