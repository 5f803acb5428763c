//! Whatever comes in: no panic, and nothing said before it is stored.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod rig;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use dhcp_failover::BindingStatus;
use dhcp4_server::{Output, Record};
use dhcp4_wire::{Message, MessageType, OptionCode, Packet};
use proptest::prelude::*;
use rig::{Rig, discover, message, release, renew, request};

const CONF: &str = "
    authoritative; ping-check false; default-lease-time 600; stash-agent-options true;
    host lamp { hardware ethernet 02:00:00:00:00:03; fixed-address 10.0.0.20; }
    shared-network two {
      subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.100 10.0.0.104; }
      subnet 10.0.1.0 netmask 255.255.255.0 { range dynamic-bootp 10.0.1.100 10.0.1.102; }
    }";

fn rig() -> Rig {
    Rig::new(CONF, [10, 0, 0, 2])
}

/// Every ACK for an address of a pool is covered by what is on disk before it; no address is two clients' at once.
fn check(rig: &Rig) {
    let mut disk: BTreeMap<Ipv4Addr, dhcp_failover::Binding> = BTreeMap::new();
    for output in &rig.done {
        match output {
            Output::Store(Record::Binding(address, binding)) => {
                disk.insert(*address, binding.clone());
            }
            Output::Reply { packet, .. } => {
                let reply = Packet::parse(packet).unwrap();
                let ack = reply.message_type() == Some(MessageType::ACK);
                let pooled = rig.server.core().bindings().get(reply.yiaddr()).is_some();
                if ack && pooled {
                    let binding = &disk[&reply.yiaddr()];
                    assert_eq!(binding.status, BindingStatus::Active);
                    assert_eq!(binding.client.hardware.address(), reply.chaddr());
                }
            }
            _ => {}
        }
    }
}

/// A client's act.
#[derive(Clone, Debug)]
enum Act {
    Discover(u32),
    Request(u32, Ipv4Addr),
    Renew(u32, Ipv4Addr),
    Release(u32, Ipv4Addr),
    Decline(u32, Ipv4Addr),
    Boot(u32),
    Wait(u64),
}

impl Act {
    fn client(&self) -> Option<u32> {
        match *self {
            Self::Discover(client)
            | Self::Request(client, _)
            | Self::Renew(client, _)
            | Self::Release(client, _)
            | Self::Decline(client, _)
            | Self::Boot(client) => Some(client),
            Self::Wait(_) => None,
        }
    }
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let client = 1_u32..8;
    let address = prop_oneof![
        (100_u8..106).prop_map(|last| Ipv4Addr::new(10, 0, 0, last)),
        (100_u8..103).prop_map(|last| Ipv4Addr::new(10, 0, 1, last)),
        Just(Ipv4Addr::new(10, 0, 0, 20)),
        Just(Ipv4Addr::new(172, 16, 0, 1)),
    ];
    let act = prop_oneof![
        4 => client.clone().prop_map(Act::Discover),
        4 => (client.clone(), address.clone()).prop_map(|(c, a)| Act::Request(c, a)),
        2 => (client.clone(), address.clone()).prop_map(|(c, a)| Act::Renew(c, a)),
        1 => (client.clone(), address.clone()).prop_map(|(c, a)| Act::Release(c, a)),
        1 => (client.clone(), address).prop_map(|(c, a)| Act::Decline(c, a)),
        1 => client.prop_map(Act::Boot),
        1 => (0_u64..700_000).prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 1..60)
}

fn perform(rig: &mut Rig, act: &Act) {
    match *act {
        Act::Discover(client) => _ = rig.send(&discover(client)),
        Act::Request(client, address) => _ = rig.send(&request(client, address)),
        Act::Renew(client, address) => _ = rig.send(&renew(client, address)),
        Act::Release(client, address) => _ = rig.send(&release(client, address)),
        Act::Decline(client, address) => {
            let mut decline = message(client, MessageType::DECLINE);
            decline.options.set_requested_address(address);
            rig.send(&decline);
        }
        Act::Boot(client) => _ = rig.send(&Message::request(client, rig::mac(client))),
        Act::Wait(millis) => rig.pass(millis),
    }
}

/// Holders by what the replies said, at the time of each.
fn holders(rig: &mut Rig, acts: &[Act]) {
    let mut held: BTreeMap<Ipv4Addr, (Vec<u8>, u32)> = BTreeMap::new();
    for act in acts {
        let before = rig.done.len();
        perform(rig, act);
        let now = rig.now().unix.0;
        if let Act::Decline(_, address) = act {
            held.remove(address);
        }
        // Whatever a client says may end a lease of its own: it gives it back, takes another, isn't permitted it.
        if let Some(actor) = act.client() {
            let bindings = rig.server.core().bindings();
            let active = |at| {
                bindings
                    .get(at)
                    .is_none_or(|b| b.status == BindingStatus::Active)
            };
            held.retain(|at, (holder, _)| holder[..] != rig::mac(actor) || active(*at));
        }
        for reply in rig.replies_since(before) {
            if reply.kind != Some(MessageType::ACK) {
                continue;
            }
            let chaddr = reply.message.chaddr[..6].to_vec();
            let end = now + reply.lease_time();
            if let Some((holder, until)) = held.get(&reply.yiaddr) {
                assert!(
                    *holder == chaddr || *until <= now,
                    "{} is two clients'",
                    reply.yiaddr
                );
            }
            held.insert(reply.yiaddr, (chaddr, end));
        }
    }
}

proptest! {
    #[test]
    fn no_packet_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..700),
        header in any::<bool>(),
        kind in 0_u8..12,
    ) {
        let mut rig = rig();
        let mut packet = bytes.clone();
        if header {
            packet = vec![1, 1, 6, 0];
            packet.extend(&bytes);
            packet.resize(packet.len().max(240), 0);
            packet[236..240].copy_from_slice(&[99, 130, 83, 99]);
            packet.extend([53, 1, kind, 255]);
        }
        rig.send_bytes(&packet, Ipv4Addr::new(10, 0, 0, 77));
        rig.pass(1000);
        check(&rig);
    }

    #[test]
    fn no_options_panic(options in prop::collection::vec(
        (1_u8..255, prop::collection::vec(any::<u8>(), 0..40)), 0..12), kind in 1_u8..14,
        giaddr in prop_oneof![Just([0, 0, 0, 0]), Just([10, 0, 1, 1]), any::<[u8; 4]>()],
        ciaddr in prop_oneof![Just([0, 0, 0, 0]), Just([10, 0, 0, 100]), any::<[u8; 4]>()],
    ) {
        let mut rig = rig();
        rig.dora(1);
        let mut packet = message(1, MessageType(kind));
        packet.giaddr = giaddr.into();
        packet.ciaddr = ciaddr.into();
        for (code, value) in options {
            packet.options.push(OptionCode(code), value);
        }
        let mut bytes = Vec::new();
        if packet.encode(1472, &mut bytes).is_ok() {
            rig.send_bytes(&bytes, packet.ciaddr);
        }
        check(&rig);
    }

    #[test]
    fn nothing_is_said_before_it_is_stored(acts in acts()) {
        let mut rig = rig();
        acts.iter().for_each(|act| perform(&mut rig, act));
        check(&rig);
    }

    #[test]
    fn an_address_is_one_clients(acts in acts()) {
        holders(&mut rig(), &acts);
    }

    #[test]
    fn a_restart_finds_the_same_leases(acts in acts()) {
        let mut rig = rig();
        acts.iter().for_each(|act| perform(&mut rig, act));
        let file = String::from_utf8(rig.disk.clone()).unwrap();
        let mut again = Rig::with_file(CONF, [10, 0, 0, 2], &file);
        again.millis = rig.millis;
        // `cltt` apart: a lease that is only repeated to its client is not written again.
        let seen = |rig: &Rig| {
            let leases = rig.server.core().bindings().iter();
            leases
                .map(|(a, b)| (a, b.status, b.client.clone(), b.starts, b.ends, b.extra.clone()))
                .filter(|(_, status, ..)| *status != BindingStatus::Free)
                .collect::<Vec<_>>()
        };
        let at_once = seen(&again);
        let live: Vec<_> = seen(&rig).into_iter().collect();
        // The restart happens at the start of time, so nothing has run out yet that ran out since.
        for lease in live {
            prop_assert!(at_once.contains(&lease), "{lease:?}");
        }
    }
}
