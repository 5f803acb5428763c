//! A server with a pool that no partner shares.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod rig;

use std::net::Ipv4Addr;

use dhcp_failover::BindingStatus;
use dhcp4_server::{Destination, Output, Record};
use dhcp4_wire::{Flags, Message, MessageType, OptionCode};
use rig::{Rig, discover, message, release, renew, request};

const SERVER: [u8; 4] = [10, 0, 0, 2];
const CONF: &str = "
    authoritative;
    ping-check false;
    default-lease-time 600;
    max-lease-time 7200;
    subnet 10.0.0.0 netmask 255.255.255.0 {
      option routers 10.0.0.1;
      range 10.0.0.100 10.0.0.109;
    }";

fn rig() -> Rig {
    Rig::new(CONF, SERVER)
}

fn with(extra: &str) -> Rig {
    Rig::new(&format!("{extra}\n{CONF}"), SERVER)
}

fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

#[test]
fn a_client_gets_a_lease_and_the_log_says_so() {
    let mut rig = rig();
    let ack = rig.dora(1);
    assert_eq!((ack.yiaddr, ack.lease_time()), (address(100), 600));
    assert_eq!(
        rig.log,
        [
            "DHCPDISCOVER from 02:00:00:00:00:01 via eth0",
            "DHCPOFFER on 10.0.0.100 to 02:00:00:00:00:01 via eth0",
            "DHCPREQUEST for 10.0.0.100 from 02:00:00:00:00:01 via eth0",
            "DHCPACK on 10.0.0.100 to 02:00:00:00:00:01 via eth0",
        ]
    );
}

#[test]
fn an_ack_stands_behind_its_record_and_an_offer_stores_nothing() {
    let mut rig = rig();
    rig.ask(&discover(1));
    assert!(rig.stored().is_empty());
    rig.dora(1);
    let outputs = &rig.done[1..];
    let is_ack = |output: &Output| matches!(output, Output::Reply { .. });
    let store = outputs
        .iter()
        .position(|o| matches!(o, Output::Store(_)))
        .unwrap();
    let ack = outputs.iter().rposition(is_ack).unwrap();
    assert!(store < ack);
    let Output::Store(Record::Binding(at, binding)) = &outputs[store] else {
        panic!()
    };
    assert_eq!((*at, binding.status), (address(100), BindingStatus::Active));
}

#[test]
fn an_early_renewal_gets_what_is_left_and_a_late_one_a_new_lease() {
    let mut rig = rig();
    let ack = rig.dora(1);
    rig.pass(100_000);
    assert_eq!(rig.ask(&renew(1, ack.yiaddr)).lease_time(), 500);
    assert_eq!(rig.stored().len(), 1, "nothing new to store");
    rig.pass(100_000);
    assert_eq!(rig.ask(&renew(1, ack.yiaddr)).lease_time(), 600);
    assert_eq!(rig.stored().len(), 2);
    assert_eq!(rig.server.stats().reused, 1);
}

/// It may have given its lease up elsewhere; the partner's news of that must stay older also after a crash.
#[test]
fn a_client_that_starts_over_gets_what_is_left_and_that_is_stored() {
    let mut rig = rig();
    rig.dora(1);
    rig.pass(100_000);
    let ack = rig.dora(1);
    assert_eq!(ack.lease_time(), 500);
    let [Record::Binding(_, before), Record::Binding(_, after)] = rig.stored()[..] else {
        panic!("two records")
    };
    assert_eq!(before.cltt.saturating_add(100), after.cltt);
    assert_eq!(before.ends, after.ends);
}

#[test]
fn another_name_makes_a_new_lease() {
    let mut rig = rig();
    let ack = rig.dora(1);
    rig.pass(10_000);
    let mut again = renew(1, ack.yiaddr);
    again.options.set_host_name("lamp");
    assert_eq!(rig.ask(&again).lease_time(), 600);
    assert!(rig.log_has("DHCPACK on 10.0.0.100 to 02:00:00:00:00:01 (lamp) via eth0"));
    rig.pass(10_000);
    assert_eq!(rig.ask(&again).lease_time(), 590);
}

#[test]
fn two_clients_are_offered_one_address_only_if_one_names_it() {
    let mut rig = rig();
    let first = rig.ask(&discover(1));
    let second = rig.ask(&discover(2));
    assert_ne!(first.yiaddr, second.yiaddr);
    let mut wants = discover(3);
    wants.options.set_requested_address(first.yiaddr);
    // As in ISC: who requests it first has it.
    assert_eq!(rig.ask(&wants).yiaddr, first.yiaddr);
    assert_eq!(
        rig.ask(&discover(2)).yiaddr,
        second.yiaddr,
        "the same client is offered the same"
    );
    rig.pass(121_000);
    assert_eq!(
        rig.ask(&wants).yiaddr,
        first.yiaddr,
        "an offer lasts two minutes"
    );
}

#[test]
fn a_full_pool_is_silent() {
    let mut rig = rig();
    (1..=10).for_each(|client| _ = rig.dora(client));
    assert!(rig.send(&discover(11)).is_empty());
    assert!(rig.log_has(
        "DHCPDISCOVER from 02:00:00:00:00:0b via eth0: network 10.0.0.0/24: no free leases"
    ));
    assert_eq!(rig.server.stats().no_free_lease, 1);
}

#[test]
fn the_address_that_was_idle_for_longest_is_given_first() {
    let mut rig = rig();
    (1..=10).for_each(|client| _ = rig.dora(client));
    for (client, last) in [(7, 106), (3, 102), (5, 104)] {
        rig.pass(5_000);
        rig.send(&release(client, address(last)));
    }
    assert_eq!(rig.dora(21).yiaddr, address(106));
    assert_eq!(rig.dora(22).yiaddr, address(102));
    assert_eq!(rig.dora(23).yiaddr, address(104));
}

#[test]
fn a_lease_that_ran_out_is_another_clients_but_first_its_own() {
    let mut rig = rig();
    (1..=10).for_each(|client| _ = rig.dora(client));
    rig.pass(700_000);
    assert_eq!(rig.dora(4).yiaddr, address(103));
    assert_eq!(rig.dora(11).yiaddr, address(100));
}

#[test]
fn a_taken_address_is_refused() {
    let mut rig = rig();
    let ack = rig.dora(1);
    let nak = rig.ask(&request(2, ack.yiaddr));
    assert_eq!(nak.kind, Some(MessageType::NAK));
    assert!(nak.message.flags.broadcast());
    assert!(rig.log_has(
        "DHCPREQUEST for 10.0.0.100 from 02:00:00:00:00:02 via eth0: lease 10.0.0.100 unavailable."
    ));
    assert!(rig.log_has("DHCPNAK on 10.0.0.100 to 02:00:00:00:00:02 via eth0"));
}

#[test]
fn an_address_of_another_network_is_refused_only_with_authority() {
    let foreign = request(1, Ipv4Addr::new(192, 168, 1, 1));
    let mut rig = rig();
    assert_eq!(rig.ask(&foreign).kind, Some(MessageType::NAK));
    assert!(rig.log[0].ends_with("via eth0: wrong network."));
    let mut rig = Rig::new(&CONF.replace("authoritative;", ""), SERVER);
    assert!(rig.send(&foreign).is_empty());
    assert!(rig.log[0].ends_with("via eth0: ignored (not authoritative)."));
}

#[test]
fn an_address_in_no_pool_is_unknown() {
    let mut rig = rig();
    assert!(rig.send(&request(1, address(50))).is_empty());
    assert!(rig.log[0].ends_with(": unknown lease 10.0.0.50."));
}

#[test]
fn a_client_by_identifier_is_the_same_on_another_card() {
    let mut rig = rig();
    let with_identifier = |client| {
        let mut message = discover(client);
        message.options.set_client_identifier(b"\x00the one");
        message
    };
    let offer = rig.ask(&with_identifier(1));
    let mut request = request(1, offer.yiaddr);
    request.options.set_client_identifier(b"\x00the one");
    rig.ask(&request);
    assert_eq!(rig.ask(&with_identifier(2)).yiaddr, offer.yiaddr);
    assert_ne!(
        rig.ask(&discover(1)).yiaddr,
        offer.yiaddr,
        "without the identifier it's another"
    );
}

#[test]
fn a_client_that_takes_a_second_address_loses_the_first() {
    let mut rig = rig();
    let identified = |mut message: Message| {
        message.options.set_client_identifier(b"\x01abcdef");
        message
    };
    rig.ask(&identified(request(1, address(101))));
    rig.ask(&identified(request(1, address(105))));
    let status = |rig: &Rig, last| {
        rig.server
            .core()
            .bindings()
            .get(address(last))
            .unwrap()
            .status
    };
    assert_eq!(status(&rig, 101), BindingStatus::Free);
    assert_eq!(status(&rig, 105), BindingStatus::Active);
    assert!(rig.log.iter().any(|line| line
        == "uid lease 10.0.0.101 for client 02:00:00:00:00:01 is duplicate on 10.0.0.0/24"));
}

#[test]
fn release_needs_the_right_hardware_address() {
    let mut rig = rig();
    let ack = rig.dora(1);
    rig.send(&release(2, ack.yiaddr));
    assert!(rig.log_has("DHCPRELEASE of 10.0.0.100 from 02:00:00:00:00:02 via eth0 (not found)"));
    assert_eq!(rig.stored().len(), 1);
    rig.send(&release(1, ack.yiaddr));
    assert!(rig.log_has("DHCPRELEASE of 10.0.0.100 from 02:00:00:00:00:01 via eth0 (found)"));
    let Record::Binding(_, binding) = rig.stored()[1] else {
        panic!()
    };
    assert_eq!(binding.status, BindingStatus::Free);
}

#[test]
fn a_declined_address_comes_back_when_nothing_else_is_left() {
    let mut rig = rig();
    let ack = rig.dora(1);
    let mut decline = message(1, MessageType::DECLINE);
    decline.options.set_requested_address(ack.yiaddr);
    rig.send(&decline);
    assert!(rig.log_has("Abandoning IP address 10.0.0.100: declined."));
    assert!(rig.log_has("DHCPDECLINE of 10.0.0.100 from 02:00:00:00:00:01 via eth0: abandoned"));
    (11..=19).for_each(|client| assert_ne!(rig.dora(client).yiaddr, address(100)));
    assert_eq!(rig.dora(20).yiaddr, address(100));
    assert!(rig.log_has("Reclaiming abandoned lease 10.0.0.100."));
    assert!(rig.log_has("Reclaiming REQUESTed abandoned IP address 10.0.0.100."));
}

/// Its tenant may not have heard of it: ISC would give the address away under it.
#[test]
fn an_address_that_a_stranger_declines_is_given_to_nobody_while_its_lease_runs() {
    let mut rig = rig();
    let ack = rig.dora(1);
    let mut decline = message(2, MessageType::DECLINE);
    decline.options.set_requested_address(ack.yiaddr);
    rig.send(&decline);
    assert!(rig.log_has("DHCPDECLINE of 10.0.0.100 from 02:00:00:00:00:02 via eth0: abandoned"));
    (11..=19).for_each(|client| assert_ne!(rig.dora(client).yiaddr, address(100)));
    assert!(rig.send(&discover(20)).is_empty());
}

/// The quarantine is over before the lease is.
#[test]
fn a_short_quarantine_outwaits_the_tenant() {
    let conf = CONF.replace("10.0.0.109", "10.0.0.100");
    let mut rig = Rig::new(&format!("abandon-lease-time 20;\n{conf}"), SERVER);
    let ack = rig.dora(1);
    let mut decline = message(2, MessageType::DECLINE);
    decline.options.set_requested_address(ack.yiaddr);
    rig.send(&decline);
    rig.send(&decline);
    rig.pass(599_000);
    assert!(rig.send(&discover(3)).is_empty());
    rig.pass(3_000);
    assert_eq!(rig.dora(3).yiaddr, address(100));
}

#[test]
fn an_abandoned_address_is_not_reclaimed_while_another_is_only_offered() {
    let mut rig = Rig::new(&CONF.replace("10.0.0.109", "10.0.0.101"), SERVER);
    let mut decline = message(1, MessageType::DECLINE);
    decline.options.set_requested_address(address(100));
    rig.send(&decline);
    assert_eq!(rig.ask(&discover(1)).yiaddr, address(101));
    assert!(rig.send(&discover(2)).is_empty());
    rig.ask(&request(1, address(101)));
    assert_eq!(rig.ask(&discover(2)).yiaddr, address(100));
}

#[test]
fn declines_can_be_ignored() {
    for (statement, logged) in [("ignore declines;", false), ("deny declines;", true)] {
        let mut rig = with(statement);
        let ack = rig.dora(1);
        let mut decline = message(1, MessageType::DECLINE);
        decline.options.set_requested_address(ack.yiaddr);
        rig.send(&decline);
        assert_eq!(rig.stored().len(), 1);
        let line = "DHCPDECLINE of 10.0.0.100 from 02:00:00:00:00:01 via eth0: ignored";
        assert_eq!(rig.log_has(line), logged);
    }
}

#[test]
fn where_replies_go() {
    let mut rig = rig();
    let offer = rig.ask(&discover(1));
    let Destination::Client {
        to, mac, source, ..
    } = offer.to
    else {
        panic!("{:?}", offer.to)
    };
    assert_eq!(
        (*to.ip(), to.port(), mac),
        (address(100), 68, [2, 0, 0, 0, 0, 1])
    );
    assert_eq!(source, Ipv4Addr::from(SERVER));
    let asks_broadcast = Message {
        flags: Flags::BROADCAST,
        ..discover(1)
    };
    assert!(matches!(
        rig.ask(&asks_broadcast).to,
        Destination::Broadcast { .. }
    ));
    let relayed = Message {
        giaddr: address(9),
        ..discover(1)
    };
    let Destination::Relay { to, .. } = rig.ask(&relayed).to else {
        panic!()
    };
    assert_eq!((*to.ip(), to.port()), (address(9), 67));
    assert!(rig.log_has("DHCPOFFER on 10.0.0.100 to 02:00:00:00:00:01 via 10.0.0.9"));
    rig.dora(1);
    let renewed = rig.ask(&renew(1, address(100)));
    let Destination::Unicast { to, .. } = renewed.to else {
        panic!()
    };
    assert_eq!((*to.ip(), to.port()), (address(100), 68));
}

#[test]
fn a_relay_of_no_subnet_is_not_served() {
    let mut rig = rig();
    let relayed = Message {
        giaddr: Ipv4Addr::new(172, 16, 0, 1),
        ..discover(1)
    };
    assert!(rig.send(&relayed).is_empty());
    assert_eq!(
        rig.log,
        ["DHCPDISCOVER from 02:00:00:00:00:01 via 172.16.0.1: unknown network segment"]
    );
}

#[test]
fn agent_options_come_back_and_are_kept() {
    let mut rig = rig();
    let agent = b"\x01\x04eth7\x02\x02ab";
    let relay = |mut message: Message| {
        message.giaddr = address(9);
        message
            .options
            .push(OptionCode::RELAY_AGENT_INFORMATION, agent.to_vec());
        message
    };
    let offer = rig.ask(&relay(discover(1)));
    let echoed = offer
        .message
        .options
        .get(OptionCode::RELAY_AGENT_INFORMATION);
    assert_eq!(echoed.as_deref(), Some(&agent[..]));
    rig.ask(&relay(request(1, offer.yiaddr)));
    let Record::Binding(_, binding) = rig.stored()[0] else {
        panic!()
    };
    let kept = binding
        .extra
        .as_ref()
        .and_then(|extra| extra.agent_options.clone());
    assert_eq!(kept.as_deref(), Some(&agent[..]));
    let text = String::from_utf8_lossy(&rig.disk).into_owned();
    assert!(text.contains("option agent.circuit-id \"eth7\";"), "{text}");
}

#[test]
fn a_probe_that_is_answered_abandons_the_address() {
    let mut rig = Rig::new(&CONF.replace("ping-check false;", ""), SERVER);
    assert!(rig.send(&discover(1)).is_empty());
    assert!(matches!(rig.done[..], [Output::Probe(at)] if at == address(100)));
    rig.pass(300);
    assert!(
        rig.send(&discover(1)).is_empty(),
        "the client waits for the probe"
    );
    rig.server.handle_probe_reply(address(100), rig.now());
    rig.perform();
    assert!(rig.log_has("Abandoning IP address 10.0.0.100: pinged before offer"));
    rig.pass(2_000);
    assert!(rig.replies_since(0).is_empty());
    let before = rig.done.len();
    rig.send(&discover(1));
    rig.pass(1_000);
    let replies = rig.replies_since(before);
    assert_eq!((replies.len(), replies[0].yiaddr), (1, address(101)));
}

#[test]
fn one_lease_per_client_ends_those_in_other_networks() {
    let mut rig = Rig::new(
        "one-lease-per-client on; ping-check false;
         subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.100; }
         subnet 10.0.1.0 netmask 255.255.255.0 { range 10.0.1.100; }",
        SERVER,
    );
    let here = rig.dora(1).yiaddr;
    let there = Ipv4Addr::new(10, 0, 1, 1);
    let offer = rig.ask(&Message {
        giaddr: there,
        ..discover(1)
    });
    rig.ask(&Message {
        giaddr: there,
        ..request(1, offer.yiaddr)
    });
    let status = |at| rig.server.core().bindings().get(at).unwrap().status;
    assert_eq!(status(here), BindingStatus::Free);
    assert_eq!(status(offer.yiaddr), BindingStatus::Active);
}

#[test]
fn bootp_has_its_address_for_ever() {
    let conf = CONF.replace("range", "range dynamic-bootp");
    let mut rig = Rig::new(&conf, SERVER);
    let bootp = Message::request(1, rig::mac(1));
    let reply = rig.ask(&bootp);
    assert_eq!(reply.kind, None);
    let Record::Binding(_, binding) = rig.stored()[0] else {
        panic!()
    };
    assert!(binding.bootp);
    assert_eq!(binding.ends.0, 0x7fff_ffff);
    assert!(rig.log_has("BOOTREPLY on 10.0.0.100 to 02:00:00:00:00:01 via eth0"));
    let mut denied = Rig::new(&format!("deny bootp; {conf}"), SERVER);
    assert!(denied.send(&bootp).is_empty());
    assert!(denied.log_has("BOOTREQUEST from 02:00:00:00:00:01 via eth0: bootp disallowed"));
}
