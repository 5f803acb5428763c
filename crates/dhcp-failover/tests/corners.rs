//! Corners: the rare orders of events that once gave an address to two clients, or left a pair
//! stuck.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;
use common::*;
use dhcp_failover::*;
use dhcp_failover::{BindingStatus as B, ServerState as St};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

fn of(role: Role) -> u8 {
    (1..100u8)
        .find(|id| {
            let hba = Hba::from_split(128);
            hba.server_of(dhcp_split::bucket(client(*id).hash_key())) == role
        })
        .unwrap()
}

/// The receiver of the update must not keep what was promised of the old one.
#[test]
fn a_new_tenancy_of_the_same_client_starts_with_new_times() {
    let mut pair = Pair::normal(6);
    let a = of(Role::Primary);
    let (x, _) = pair.lease(P, a, 600).unwrap();
    pair.run(1);
    pair.renew(P, a, x, 600).unwrap();
    pair.run(1);
    pair.release(P, x);
    pair.run(1);
    assert_eq!(pair.binding(P, x).status, B::Free);
    pair.renew(P, a, x, 600).unwrap();
    pair.run(1);
    pair.cut();
    pair.run(20);
    let mut ends = 0;
    for _ in 0..5 {
        if let Ok(g) = pair.renew(S, a, x, 600) {
            ends = g.ends.0;
        }
        pair.run(100);
    }
    pair.kill(S);
    pair.command(P, St::PartnerDown);
    for _ in 0..200 {
        pair.run(10);
        if pair.renew(P, 200, x, 600).is_ok() {
            break;
        }
    }
    let now = pair.now(P).unix.0;
    assert!(
        now >= ends,
        "given to B at {} while A holds until {}",
        now - START,
        ends - START
    );
}

#[test]
fn two_servers_whose_clocks_were_behind_find_each_other_again() {
    let mut pair = Pair::normal(6);
    pair.lease(P, 1, 600).unwrap();
    pair.lease(S, 2, 600).unwrap();
    pair.run(1);
    pair.kill(P);
    pair.kill(S);
    pair.sides[P].skew = -120;
    pair.sides[S].skew = -120;
    pair.start(P);
    pair.start(S);
    pair.run(600);
    pair.assert_states(St::Normal, St::Normal);
}

#[test]
fn a_server_in_recover_asks_a_partner_that_is_done_already() {
    for ms in 0..200 {
        let mut pair = Pair::new(6);
        pair.start(P);
        pair.start(S);
        pair.run_ms(ms);
        pair.reset_connections();
        pair.run(300);
        let states = (pair.state(P), pair.state(S));
        assert_eq!(
            states,
            (St::Normal, St::Normal),
            "cut at {ms} ms\n{}",
            pair.story()
        );
    }
}

#[test]
fn waiting_for_contact_outlasts_a_dial_that_times_out() {
    let mut pair = Pair::normal(6);
    pair.sides[P].config.wait_for_contact = true;
    pair.kill(P);
    pair.kill(S);
    pair.cut();
    pair.start(P);
    pair.run(60);
    assert_eq!(pair.state(P), St::Startup);
}

#[test]
fn a_second_start_after_a_lost_disk_waits_as_long_as_the_first() {
    let mut pair = Pair::normal(6);
    pair.cut();
    pair.run(15);
    let (x, g) = pair.lease(S, 7, 600).unwrap();
    pair.kill(S);
    pair.lose_disk(S);
    pair.heal();
    pair.start(S);
    pair.run_ms(6); // in RECOVER, not yet filled
    pair.kill(S);
    pair.start(S);
    pair.run(10);
    pair.renew(S, 9, x, 600)
        .expect_err(&format!("x {x} still leased to 7 until {:?}", g.ends));
}

/// The monotonic clock begins at 0 again.
#[test]
fn partner_down_goes_on_over_a_reboot() {
    let id = RelationshipId(0);
    let spec = PoolSpec {
        ranges: vec![(host(1), host(4))],
        relationship: Some(id),
    };
    let mut bindings = Bindings::new(vec![spec], [1, 2]).unwrap();
    let unix = START;
    for n in 1..=4 {
        let b = Binding {
            client: client(n),
            ends: UnixTime(unix - 10),
            starts: UnixTime(unix - 70),
            tstp: UnixTime(unix - 5),
            ..Binding::unused(B::Active)
        };
        bindings.load(host(n), b);
    }
    let mut records = BTreeMap::new();
    records.insert(
        id,
        RelationshipRecord {
            my_state: St::PartnerDown,
            my_stos: UnixTime(unix - 30 * 86400),
            partner_state: Some(St::Normal),
            partner_stos: UnixTime(unix - 40 * 86400),
            mclt: None,
            wait_mclt: 0,
        },
    );
    let mut now = Now {
        mono: Instant::from_millis(20_000),
        unix: UnixTime(unix),
    };
    let mut out = vec![];
    let mut core = Core::new(
        bindings,
        vec![config(Role::Primary)],
        &records,
        60,
        now,
        &mut out,
    );
    core.handle_dial_failed(id, false, now, &mut out);
    assert_eq!(core.endpoint(id).state(), St::PartnerDown);
    for _ in 0..600 {
        now = Now {
            mono: now.mono.plus_secs(1),
            unix: UnixTime(now.unix.0 + 1),
        };
        core.handle_timeout(now, &mut out);
        if core.next_free(PoolId(0), now, |_| false).is_some() {
            return;
        }
    }
    panic!(
        "nothing free ten minutes after leases ended, MCLT 60; next {:?}",
        core.poll_timeout()
    );
}

#[test]
fn a_clock_set_back_in_partner_down_makes_no_busy_loop() {
    let mut pair = Pair::normal(6);
    pair.lease(P, 1, 30).unwrap();
    pair.run(1);
    pair.kill(S);
    pair.run(1);
    pair.command(P, St::PartnerDown);
    pair.run(2);
    pair.sides[P].skew = -30;
    pair.run(200);
}

#[test]
fn a_small_pool_beside_a_big_one_is_taken_over_too() {
    let id = RelationshipId(0);
    let big = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 200));
    let small = (Ipv4Addr::new(10, 0, 1, 1), Ipv4Addr::new(10, 0, 1, 10));
    let specs = vec![
        PoolSpec {
            ranges: vec![big],
            relationship: Some(id),
        },
        PoolSpec {
            ranges: vec![small],
            relationship: Some(id),
        },
    ];
    let mut bindings = Bindings::new(specs, [1, 2]).unwrap();
    for (low, high) in [big, small] {
        for a in u32::from(low)..=u32::from(high) {
            bindings.load(a.into(), Binding::unused(B::Backup));
        }
    }
    let mut records = BTreeMap::new();
    records.insert(
        id,
        RelationshipRecord {
            my_state: St::PartnerDown,
            my_stos: UnixTime(START),
            partner_state: Some(St::Normal),
            partner_stos: UnixTime(START),
            mclt: None,
            wait_mclt: 0,
        },
    );
    let mut now = Now {
        mono: Instant::from_millis(20_000),
        unix: UnixTime(START),
    };
    let mut out = vec![];
    let mut core = Core::new(
        bindings,
        vec![config(Role::Primary)],
        &records,
        60,
        now,
        &mut out,
    );
    core.handle_dial_failed(id, false, now, &mut out);
    for _ in 0..100 {
        now = Now {
            mono: now.mono.plus_secs(1),
            unix: UnixTime(now.unix.0 + 1),
        };
        core.handle_timeout(now, &mut out);
    }
    assert!(core.next_free(PoolId(0), now, |_| false).is_some());
    assert!(
        core.next_free(PoolId(1), now, |_| false).is_some(),
        "the small pool starves"
    );
}

#[test]
fn a_secondary_in_partner_down_keeps_what_is_acknowledged() {
    let mut pair = Pair::normal(6);
    pair.kill(P);
    pair.run(1);
    pair.command(S, St::PartnerDown);
    pair.run(70);
    let mut n = 0;
    while pair.lease(S, 10 + n, 30).is_some() {
        n += 1;
    }
    assert_eq!(n, 6);
    // The partner is there but doesn't get out of RECOVER-WAIT for an hour.
    pair.lose_disk(P);
    pair.sides[P].config.mclt = Some(60);
    pair.start(P);
    pair.run(40);
    assert_eq!(pair.state(S), St::PartnerDown);
    assert!(
        pair.lease(S, 99, 30).is_some(),
        "freed addresses are lost to a secondary in PARTNER-DOWN"
    );
}

#[test]
fn a_suspended_server_does_not_wake_in_partner_down() {
    let mut pair = Pair::normal(6);
    pair.sides[P].config.auto_partner_down = 300;
    pair.kill(P);
    pair.start(P);
    pair.run(5);
    pair.assert_states(St::Normal, St::Normal);
    pair.cut();
    pair.run(15);
    assert_eq!(pair.state(P), St::CommunicationsInterrupted);
    // P is suspended for an hour, then the network is back.
    let core = pair.sides[P].core.take().unwrap();
    pair.run(3600);
    pair.sides[P].core = Some(core);
    pair.with(P, |c, now, out| c.handle_timeout(now, out));
    assert_eq!(pair.state(P), St::Startup);
}

struct Peer {
    core: Core,
    now: Now,
    out: Vec<Output>,
}
impl Peer {
    fn send(&mut self, conn: u64, xid: u32, message: failover_wire::Message) {
        let mut b = bytes::BytesMut::new();
        Frame::new(self.now.unix, failover_wire::Xid(xid), message)
            .encode(&mut b)
            .unwrap();
        self.core
            .handle_peer_bytes(ConnId(conn), &b, self.now, &mut self.out);
    }
    fn sent(&mut self, conn: u64) -> Vec<Frame> {
        std::mem::take(&mut self.out)
            .into_iter()
            .filter_map(|o| match o {
                Output::Send(c, f) if c == ConnId(conn) => Some(f),
                _ => None,
            })
            .collect()
    }
}

fn acks(name: &str) -> failover_wire::Message {
    failover_wire::Message::ConnectAck(failover_wire::ConnectAck {
        relationship_name: Some(name.to_owned().into()),
        max_unacked: Some(1),
        receive_timer: Some(60),
        vendor_class: Some(b"dhcp-failover".as_slice().into()),
        ..Default::default()
    })
}
fn state(s: St) -> failover_wire::Message {
    failover_wire::Message::State(failover_wire::StateMessage::new(
        s,
        failover_wire::ServerFlags(0),
        UnixTime(START),
    ))
}
fn normal_record() -> RelationshipRecord {
    RelationshipRecord {
        my_state: St::Normal,
        my_stos: UnixTime(START - 1000),
        partner_state: Some(St::Normal),
        partner_stos: UnixTime(START - 1000),
        mclt: None,
        wait_mclt: 0,
    }
}

/// A primary with two relationships, both NORMAL, scripted secondaries with a window of 1.
fn two() -> Peer {
    let mut a = config(Role::Primary);
    a.name = "a".into();
    a.config_peer(2);
    let mut b = config(Role::Primary);
    b.name = "b".into();
    b.config_peer(3);
    let specs = vec![
        PoolSpec {
            ranges: vec![(host(1), host(10))],
            relationship: Some(RelationshipId(0)),
        },
        PoolSpec {
            ranges: vec![(host(11), host(20))],
            relationship: Some(RelationshipId(1)),
        },
    ];
    let mut bindings = Bindings::new(specs, [1, 2]).unwrap();
    // Balanced, so that nothing is handed over.
    for n in (6..=10).chain(16..=20) {
        bindings.load(host(n), Binding::unused(B::Backup));
    }
    let records = BTreeMap::from([
        (RelationshipId(0), normal_record()),
        (RelationshipId(1), normal_record()),
    ]);
    let now = Now {
        mono: Instant::from_millis(20_000),
        unix: UnixTime(START),
    };
    let mut out = vec![];
    let core = Core::new(bindings, vec![a, b], &records, 60, now, &mut out);
    let mut p = Peer { core, now, out };
    for (n, name) in [(0u16, "a"), (1, "b")] {
        p.core
            .handle_dialed(RelationshipId(n), ConnId(n.into()), now, &mut p.out);
        p.send(n.into(), 0, acks(name));
        p.send(n.into(), 0, state(St::CommunicationsInterrupted));
        p.send(n.into(), 1, state(St::Normal));
        assert_eq!(p.core.endpoint(RelationshipId(n)).state(), St::Normal);
    }
    p.out.clear();
    p
}
trait ConfigPeer {
    fn config_peer(&mut self, last: u8);
}
impl ConfigPeer for Config {
    fn config_peer(&mut self, last: u8) {
        self.peer_address = Ipv4Addr::new(192, 0, 2, last);
    }
}

fn grant(p: &mut Peer, n: u8, id: u8) {
    let g = Grant {
        address: host(n),
        client: client(id),
        desired: 600,
        bootp: false,
        extra: None,
    };
    p.core.grant(g, p.now, &mut p.out).unwrap();
}

#[test]
fn an_ack_for_an_address_of_another_relationship_is_ignored() {
    let mut p = two();
    grant(&mut p, 1, 1);
    grant(&mut p, 11, 2);
    let xa = p.sent(0);
    assert_eq!(p.core.endpoint(RelationshipId(1)).unacked_updates(), 1);
    let _ = xa;
    let ack = failover_wire::BindingAck {
        address: Some(host(11)),
        reject: Some(failover_wire::RejectReason::FATAL_CONFLICT),
        ..Default::default()
    };
    p.send(0, 99, failover_wire::Message::BindingAck(ack));
    // b's update is still in flight for b; when b acknowledges it, it must count.
    let e = p.core.endpoint(RelationshipId(1));
    assert_eq!(
        (
            e.unacked_updates(),
            p.core.endpoint(RelationshipId(0)).refused_updates()
        ),
        (1, 0)
    );
}

/// It would mark the wrong lease, and leak a window on both links.
#[test]
fn an_ack_with_an_equal_xid_of_another_relationship_is_ignored() {
    let mut p = two();
    grant(&mut p, 1, 1);
    grant(&mut p, 11, 2);
    let b = p.core.endpoint(RelationshipId(1)).unacked_updates();
    assert_eq!(b, 1);
    let xid = |o: &Vec<Output>, conn| {
        o.iter()
            .find_map(|o| match o {
                Output::Send(c, f)
                    if *c == ConnId(conn)
                        && matches!(f.message, failover_wire::Message::BindingUpdate(_)) =>
                {
                    Some(f.xid)
                }
                _ => None,
            })
            .unwrap()
    };
    let (xa, xb) = (xid(&p.out, 0), xid(&p.out, 1));
    assert_eq!(xa, xb);
    let ack = failover_wire::BindingAck {
        address: Some(host(11)),
        ..Default::default()
    };
    p.send(0, xa.0, failover_wire::Message::BindingAck(ack));
    assert_eq!(
        p.core.bindings().get(host(11)).unwrap().acked,
        UnixTime(0),
        "acknowledged by a stranger"
    );
}

/// It must leave the queue, or the request waits for an entry that nothing will answer.
#[test]
fn an_update_sent_out_of_turn_keeps_no_request_waiting() {
    let mut p = two();
    grant(&mut p, 1, 1); // in flight, window 1
    let xid_of = |frames: &[Frame]| {
        let update = |f: &&Frame| matches!(f.message, failover_wire::Message::BindingUpdate(_));
        frames.iter().find(update).expect("an update").xid
    };
    let first = xid_of(&p.sent(0));
    p.now.unix.0 += 10;
    p.now.mono = p.now.mono.plus_secs(10);
    grant(&mut p, 2, 2); // queued
    p.out.clear();
    // b says that client 2's lease ended long ago: ours is newer and goes out at once.
    let update = failover_wire::BindingUpdate {
        address: Some(host(2)),
        status: Some(BindingStatus::Active),
        hardware: Some(client(2).hardware),
        lease_expiration: Some(UnixTime(START + 5)),
        potential_expiration: Some(UnixTime(START + 5)),
        start_of_state: Some(UnixTime(START)),
        ..Default::default()
    };
    p.send(0, 7, failover_wire::Message::BindingUpdate(update));
    let x = xid_of(&p.sent(0));
    let ack = failover_wire::BindingAck {
        address: Some(host(2)),
        ..Default::default()
    };
    p.send(0, x.0, failover_wire::Message::BindingAck(ack));
    // The first is still unanswered. Now the partner asks.
    p.send(0, 8, failover_wire::Message::UpdateRequest);
    // And answers the first, and everything that comes.
    let reject = |n| {
        failover_wire::Message::BindingAck(failover_wire::BindingAck {
            address: Some(host(n)),
            reject: Some(failover_wire::RejectReason::FATAL_CONFLICT),
            ..Default::default()
        })
    };
    p.send(0, first.0, reject(1));
    p.send(0, x.0, reject(2));
    let e = p.core.endpoint(RelationshipId(0));
    assert_eq!((e.queued_updates(), e.unacked_updates()), (0, 0));
    let done = p
        .sent(0)
        .iter()
        .any(|f| f.message == failover_wire::Message::UpdateDone);
    assert!(done, "UPDDONE never comes");
}

#[test]
fn a_request_ahead_of_the_first_state_is_served() {
    let mut p = two();
    p.core.handle_disconnected(ConnId(0), p.now, &mut p.out);
    p.core
        .handle_dialed(RelationshipId(0), ConnId(5), p.now, &mut p.out);
    grant(&mut p, 1, 1);
    p.send(5, 0, acks("a"));
    p.send(5, 1, failover_wire::Message::UpdateRequestAll);
    grant(&mut p, 1, 1);
}

/// Its start of state is far ahead.
#[test]
fn a_partner_with_a_clock_gone_wrong_does_not_keep_us_from_starting() {
    let mut p = two();
    let update = failover_wire::BindingUpdate {
        address: Some(host(6)),
        status: Some(BindingStatus::Free),
        lease_expiration: Some(UnixTime(0)),
        potential_expiration: Some(UnixTime(0)),
        start_of_state: Some(UnixTime(u32::MAX)),
        ..Default::default()
    };
    p.send(0, 7, failover_wire::Message::BindingUpdate(update));
    assert!(
        p.core.bindings().get(host(6)).unwrap().starts.0 < START + 61,
        "a restart waits for 2106"
    );
}

/// Each run costs a look at every pool.
#[test]
fn requests_for_addresses_without_pause_are_told_that_there_are_none() {
    let mut p = two();
    let lease = |n: u8| failover_wire::BindingUpdate {
        address: Some(host(n)),
        status: Some(B::Active),
        hardware: Some(client(n).hardware),
        lease_expiration: Some(UnixTime(START + 600)),
        potential_expiration: Some(UnixTime(START + 900)),
        start_of_state: Some(UnixTime(START)),
        ..Default::default()
    };
    let given = |p: &mut Peer| {
        p.send(0, 50, failover_wire::Message::PoolRequest);
        p.sent(0)
            .into_iter()
            .find_map(|frame| match frame.message {
                failover_wire::Message::PoolResponse(response) => response.addresses_transferred,
                _ => None,
            })
            .unwrap()
    };
    for n in 6..=9 {
        p.send(0, n.into(), failover_wire::Message::BindingUpdate(lease(n)));
    }
    p.now.mono = p.now.mono.plus_secs(1);
    p.now.unix.0 += 1;
    assert_eq!(given(&mut p), 2);
    for n in [10, 5] {
        p.send(0, n.into(), failover_wire::Message::BindingUpdate(lease(n)));
    }
    assert_eq!(given(&mut p), 0, "there are, but it has only just asked");
}

/// The second finds everything on its way, and takes the first one's place.
#[test]
fn a_second_request_for_all_sends_nothing_again() {
    let mut p = two();
    grant(&mut p, 1, 1);
    grant(&mut p, 2, 2);
    p.out.clear();
    let all = || failover_wire::Message::UpdateRequestAll;
    p.send(0, 70, all());
    let first = p.sent(0).len();
    p.send(0, 71, all());
    assert_eq!((first, p.sent(0).len()), (1, 0), "the window is one");
}

#[test]
fn an_option_of_no_length_takes_an_identity_away() {
    let mut p = two();
    let update = |hardware, uid: Option<&'static [u8]>| failover_wire::BindingUpdate {
        address: Some(host(6)),
        status: Some(B::Backup),
        hardware: Some(hardware),
        client_identifier: uid.map(Into::into),
        ..Default::default()
    };
    let known = update(client(1).hardware, Some(&[1, 2, 3]));
    p.send(0, 7, failover_wire::Message::BindingUpdate(known));
    assert_eq!(
        &*p.core.bindings().get(host(6)).unwrap().client.uid,
        [1, 2, 3]
    );
    let nobody = update(HardwareAddress::EMPTY, Some(&[]));
    p.send(0, 8, failover_wire::Message::BindingUpdate(nobody));
    assert!(p.core.bindings().get(host(6)).unwrap().client.is_empty());
}

#[test]
#[should_panic(expected = "a pool's relationship is configured")]
fn a_pool_of_a_relationship_that_is_not_configured_is_a_mistake_of_the_callers() {
    let spec = PoolSpec {
        ranges: vec![(host(1), host(2))],
        relationship: Some(RelationshipId(1)),
    };
    let bindings = Bindings::new(vec![spec], [1, 2]).unwrap();
    let now = Now {
        mono: Instant::from_millis(0),
        unix: UnixTime(START),
    };
    let config = config(Role::Primary);
    Core::new(
        bindings,
        vec![config],
        &BTreeMap::new(),
        60,
        now,
        &mut vec![],
    );
}
