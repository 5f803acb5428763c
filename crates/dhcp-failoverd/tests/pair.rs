//! Two servers of ours as partners: real processes, real TCP, real files.
#![allow(clippy::unwrap_used, reason = "test code")]

mod common;

use std::io::{ErrorKind, Read as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};

use common::pair::{PEER, Pair, dora};
use common::{ACK, is_kept, last_leases, mac, renew, unix_now};
use socket2::{Domain, Socket, Type};

#[test]
fn both_know_every_lease_and_one_goes_on_alone() {
    let mut pair = Pair::new("alone", 10);
    pair.start();
    let relays = pair.relays();
    let acks: Vec<_> = (1..=40)
        .map(|client| (client, dora(&relays, client), unix_now()))
        .collect();
    pair.wait_quiet();
    for rig in [&pair.primary, &pair.secondary] {
        let leases = last_leases(&rig.leases());
        for (client, ack, at) in &acks {
            assert!(
                is_kept(&leases, ack, mac(*client), *at),
                "{ack:?} in {}",
                rig.dir.display()
            );
        }
    }

    let refused = pair.secondary.ask(&["partner-down", PEER]);
    assert_eq!(refused.status.code(), Some(1), "the partner is connected");
    pair.primary.kill9();
    pair.secondary
        .wait_for(PEER, "local=communications-interrupted");
    // Whoever served a client before: the survivor serves it now.
    let survivor = &relays[1..];
    survivor[0]
        .socket
        .set_read_timeout(Some(common::PATIENCE))
        .unwrap();
    for (client, ack, _) in &acks {
        assert_eq!(survivor[0].exchange(&renew(*client, ack.yiaddr)).kind, ACK);
    }
    assert!(pair.secondary.ask(&["partner-down", PEER]).status.success());
    pair.secondary.wait_for(PEER, "local=partner-down");
    let newcomer = dora(survivor, 1000);
    assert!(
        acks.iter().all(|(_, ack, _)| ack.yiaddr != newcomer.yiaddr),
        "{newcomer:?} is somebody's"
    );

    pair.primary.start();
    pair.wait_normal();
    pair.wait_quiet();
    let leases = last_leases(&pair.primary.leases());
    let learned = leases[&newcomer.yiaddr]
        .hardware
        .as_ref()
        .expect("it has a tenant");
    assert_eq!(
        learned.address(),
        mac(1000),
        "the primary learns what it missed"
    );
}

#[test]
fn a_clean_stop_tells_nobody_and_needs_no_recovery() {
    let mut pair = Pair::new("stop", 3600);
    pair.start();
    let before = pair.primary.log().len();
    assert!(pair.primary.stop("TERM").success());
    pair.secondary
        .wait_for(PEER, "local=communications-interrupted partner=normal");
    pair.primary.start();
    pair.wait_normal();
    let since = pair.primary.log().split_off(before);
    assert!(!since.contains("startup to recover"), "{since}");
}

#[test]
fn strangers_are_shown_out_and_are_in_nobodys_way() {
    let mut pair = Pair::new("strangers", 3600);
    pair.primary.start();
    let port = pair.primary_port;
    let stranger = |last: u8| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let from = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, last), 0);
        socket.bind(&from.into()).unwrap();
        socket
            .connect(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into())
            .unwrap();
        TcpStream::from(socket)
    };
    let strangers: Vec<_> = (0..200).map(|n| stranger(100 + n % 50)).collect();
    for mut stream in strangers {
        stream.set_read_timeout(Some(common::PATIENCE)).unwrap();
        let end = stream.read(&mut [0; 16]);
        assert!(
            matches!(&end, Ok(0))
                || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
        );
    }
    // The partner's own address may have a few links at one time, and no more.
    let partners: Vec<_> = (0..50).map(|_| stranger(2)).collect();
    pair.secondary.start();
    drop(partners);
    pair.wait_normal();
}
