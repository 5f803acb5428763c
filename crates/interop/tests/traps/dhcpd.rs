//! The traps themselves: a real dhcpd beside a scripted partner.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use failover_wire::{
    BindingStatus, BindingUpdate, Connect, ConnectAck, Frame, HardwareAddress, Message,
    RejectReason, ServerFlags, ServerState, StateMessage, UnixTime, Xid,
};
use interop::Kind;
use interop::scripted::{Heard, Scripted, Solo, Terms, now};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 60);
/// Long enough for a server that has something to say.
const MOMENT: Duration = Duration::from_secs(2);
/// Leases on file.
const LEASES: usize = 30;
/// Updates that dhcpd may leave unanswered.
const WINDOW: u32 = 5;

/// A dhcpd that has been started in this state.
fn dhcpd(primary: bool, mine: ServerState, partner: ServerState, leases: &str) -> Solo {
    let mut solo = Solo::new(Kind::Isc, primary);
    solo.write_leases(mine, partner, 10, leases);
    solo.server.start();
    solo
}

/// A link to a dhcpd that is NORMAL.
fn normal(primary: bool) -> (Solo, Scripted) {
    let solo = dhcpd(primary, ServerState::Normal, ServerState::Normal, "");
    let link = link(&solo, &solo.terms(), ServerState::Normal);
    (solo, link)
}

/// A link on which the partner has announced this state, and dhcpd has seen to it.
fn link(solo: &Solo, terms: &Terms, state: ServerState) -> Scripted {
    let mut link = solo.dial();
    link.shake_hands(terms);
    link.say_state(state, ServerFlags(0));
    assert!(link.fence(), "it stands");
    link
}

/// Leases on file, as dhcpd has them.
fn records(count: usize) -> String {
    let (starts, ends) = (now().0 - 100, now().0 + 3600);
    let record = |index| {
        format!(
            "lease 192.168.1.{} {{\n  starts epoch {starts};\n  ends epoch {ends};\n  tstp epoch {ends};\n  \
             cltt epoch {starts};\n  binding state active;\n  hardware ethernet 02:00:00:00:01:{index:02x};\n}}\n",
            50 + index
        )
    };
    (0..count).map(record).collect()
}

fn active(ends: u32, potential: u32) -> BindingUpdate {
    BindingUpdate {
        address: Some(ADDRESS),
        status: Some(BindingStatus::Active),
        hardware: HardwareAddress::new(1, &[2, 0, 0, 0, 0, 1]),
        lease_expiration: Some(UnixTime(ends)),
        potential_expiration: Some(UnixTime(potential)),
        start_of_state: Some(now()),
        client_last_transaction: Some(now()),
        ..BindingUpdate::default()
    }
}

/// The updates heard until there is silence.
fn updates(link: &mut Scripted) -> Vec<(Xid, BindingUpdate)> {
    let mut updates = Vec::new();
    while let Heard::Frame(frame) = link.hear(MOMENT) {
        if let Message::BindingUpdate(update) = frame.message {
            updates.push((frame.xid, update));
        }
    }
    updates
}

/// Accepts updates until UPDDONE comes: the updates.
fn accept_until_done(link: &mut Scripted) -> Vec<BindingUpdate> {
    let mut updates = Vec::new();
    loop {
        let of_interest = |frame: &Frame| {
            matches!(
                frame.message,
                Message::BindingUpdate(_) | Message::UpdateDone
            )
        };
        let frame = link.wait_for("BNDUPD or UPDDONE", of_interest);
        let Message::BindingUpdate(update) = frame.message else {
            return updates;
        };
        link.accept(frame.xid, &update);
        updates.push(update);
    }
}

/// dhcpd in RECOVER has sent what the window allows, and the link is lost.
fn leaked() -> (Solo, Terms, Vec<(Xid, BindingUpdate)>) {
    let recover = ServerState::Recover;
    let solo = dhcpd(
        true,
        recover,
        ServerState::CommunicationsInterrupted,
        &records(LEASES),
    );
    let terms = Terms {
        max_unacked: Some(WINDOW),
        ..solo.terms()
    };
    let mut link = link(&solo, &terms, ServerState::CommunicationsInterrupted);
    link.say(Message::UpdateRequestAll);
    let unanswered = updates(&mut link);
    assert_eq!(unanswered.len(), WINDOW as usize, "a full window");
    link.reset();
    (solo, terms, unanswered)
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn a_window_leaks() {
    let (solo, terms, _) = leaked();
    let mut link = link(&solo, &terms, ServerState::CommunicationsInterrupted);
    link.say(Message::UpdateRequestAll);
    assert_eq!(updates(&mut link), [], "mute for good");
    assert!(
        !link
            .heard
            .iter()
            .any(|frame| frame.message == Message::UpdateDone)
    );
    // One of the cures: a window that is larger than what has leaked.
    link.reset();
    let larger = Terms {
        max_unacked: Some(2 * WINDOW),
        ..terms
    };
    let mut link = self::link(&solo, &larger, ServerState::CommunicationsInterrupted);
    link.say(Message::UpdateRequestAll);
    assert_eq!(
        updates(&mut link).len(),
        WINDOW as usize,
        "as many as the window has grown by"
    );
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn old_xids_cure_a_leak() {
    let (solo, terms, unanswered) = leaked();
    let mut link = link(&solo, &terms, ServerState::CommunicationsInterrupted);
    for (xid, update) in &unanswered {
        link.accept(*xid, update);
    }
    link.say(Message::UpdateRequestAll);
    assert!(accept_until_done(&mut link).len() > LEASES - WINDOW as usize);
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn acknowledgements_come_late() {
    let (solo, mut link) = normal(false);
    let ends = now().0 + 600;
    let old = Xid(4711);
    link.answer(old, Message::BindingUpdate(active(ends, ends)));
    // It keeps the answer back for 2 s, in case there are more to be given.
    std::thread::sleep(Duration::from_millis(300));
    link.reset();
    let mut link = self::link(&solo, &solo.terms(), ServerState::Normal);
    let of_old =
        |frame: &Frame| frame.xid == old && matches!(frame.message, Message::BindingAck(_));
    let late = link.heard.iter().any(of_old);
    assert!(
        late || of_old(&link.wait_for("BNDACK", of_old)),
        "from the link before"
    );
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn refusals_that_are_bare_closes() {
    let solo = dhcpd(false, ServerState::Normal, ServerState::Normal, "");
    let mut link = solo.dial();
    let connect = Connect {
        relationship_name: Some(bytes::Bytes::from_static(interop::conf::PEER.as_bytes())),
        max_unacked: Some(10),
        receive_timer: Some(30),
        protocol_version: Some(1),
        tls_request: Some(0),
        hba: Some(bytes::Bytes::from_static(&[0xff; 32])),
        ..Connect::default()
    };
    link.say(Message::Connect(connect));
    assert_eq!(
        link.hear(MOMENT),
        Heard::Closed,
        "no MCLT, and no word about it"
    );
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn a_state_behind_a_refused_acknowledgement_is_executed() {
    let solo = dhcpd(
        true,
        ServerState::CommunicationsInterrupted,
        ServerState::Recover,
        "",
    );
    let mut link = solo.dial();
    let connect = link.wait_for("CONNECT", |frame| {
        matches!(frame.message, Message::Connect(_))
    });
    let other = bytes::Bytes::from_static(b"other");
    let ack = Message::ConnectAck(ConnectAck {
        relationship_name: Some(other),
        ..ConnectAck::default()
    });
    let normal = StateMessage::new(ServerState::Normal, ServerFlags(0), now());
    // Both in one segment, as servers do.
    let mut bytes = bytes::BytesMut::new();
    for (xid, message) in [(connect.xid, ack), (Xid(1), Message::State(normal))] {
        Frame::new(now(), xid, message)
            .encode(&mut bytes)
            .expect("a short message");
    }
    link.say_bytes(&bytes);
    interop::wait_for("NORMAL without a link", interop::scripted::PATIENCE, || {
        solo.server
            .log
            .count(0, "peer moves from recover to normal")
            > 0
    });
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn missing_numbers_make_a_flood_and_silence() {
    let file = records(LEASES);
    let solo = dhcpd(true, ServerState::Normal, ServerState::Normal, &file);
    let terms = Terms {
        max_unacked: None,
        receive_timer: None,
        ..solo.terms()
    };
    let mut link = solo.dial();
    link.shake_hands(&terms);
    link.say_state(ServerState::Normal, ServerFlags(0));
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(300) {
        link.hear(Duration::from_millis(10));
    }
    let contacts = link
        .heard
        .iter()
        .filter(|frame| frame.message == Message::Contact)
        .count();
    assert!(contacts > 1000, "{contacts} CONTACT in 0.3 s");
    let updates = link
        .heard
        .iter()
        .filter(|frame| matches!(frame.message, Message::BindingUpdate(_)));
    assert_eq!(updates.count(), 0, "a window of none");
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn an_echo_is_stale() {
    let (_solo, mut link) = normal(false);
    let ends = now().0 + 600;
    let xid = link.say(Message::BindingUpdate(active(ends, ends + 300)));
    let ack = link.wait_for("BNDACK", |frame| {
        frame.xid == xid && matches!(frame.message, Message::BindingAck(_))
    });
    let Message::BindingAck(ack) = ack.message else {
        unreachable!("waited for")
    };
    assert_eq!(ack.reject, None);
    link.say(Message::UpdateRequestAll);
    let mut updates = accept_until_done(&mut link).into_iter();
    let echo = updates
        .find(|update| update.address == Some(ADDRESS))
        .expect("all includes this one");
    assert_eq!(echo.status, Some(BindingStatus::Active));
    assert_eq!(echo.lease_expiration, Some(UnixTime(ends)));
    assert_eq!(
        echo.potential_expiration,
        Some(UnixTime(0)),
        "not what it has just acknowledged"
    );
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn expired_is_refused_until_65_seconds_before_the_end() {
    // Some way from the edge, so that a slow machine says the same.
    for (left, refused) in [(120, true), (30, false)] {
        let (_solo, mut link) = normal(false);
        let lease = active(now().0 + left, now().0 + left);
        link.say(Message::BindingUpdate(lease.clone()));
        let expired = BindingUpdate {
            status: Some(BindingStatus::Expired),
            ..lease
        };
        let xid = link.say(Message::BindingUpdate(expired));
        let ack = link.wait_for("BNDACK", |frame| {
            frame.xid == xid && matches!(frame.message, Message::BindingAck(_))
        });
        let Message::BindingAck(ack) = ack.message else {
            unreachable!("waited for")
        };
        assert_eq!(
            ack.reject,
            refused.then_some(RejectReason::FATAL_CONFLICT),
            "{left} s left"
        );
    }
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn the_startup_flag_is_missing_beside_some_partners() {
    let silencing = [ServerState::PartnerDown, ServerState::ConflictDone];
    for partner in [ServerState::Normal, ServerState::Recover]
        .into_iter()
        .chain(silencing)
    {
        let solo = dhcpd(true, ServerState::CommunicationsInterrupted, partner, "");
        let mut link = solo.dial();
        link.shake_hands(&solo.terms());
        link.wait_for("STATE", |frame| matches!(frame.message, Message::State(_)));
        let first = link.states()[0];
        assert_eq!(
            first,
            (
                ServerState::CommunicationsInterrupted,
                !silencing.contains(&partner)
            ),
            "{partner}"
        );
    }
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn the_last_of_several_requests_is_answered() {
    let solo = dhcpd(true, ServerState::Normal, ServerState::Normal, &records(3));
    let mut link = link(&solo, &solo.terms(), ServerState::Normal);
    for frame in link.heard.clone() {
        if let Message::BindingUpdate(update) = frame.message {
            link.accept(frame.xid, &update);
        }
    }
    let mut last = Xid(0);
    for _ in 0..3 {
        last = link.say(Message::UpdateRequestAll);
    }
    accept_until_done(&mut link);
    while link.hear(MOMENT) != Heard::Silence {}
    let done = link
        .heard
        .iter()
        .filter(|frame| frame.message == Message::UpdateDone);
    let done: Vec<_> = done.map(|frame| frame.xid).collect();
    assert_eq!(done, [last]);
}
