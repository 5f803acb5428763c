//! An ending of ours and a lease of the partner's that cross: who decides, and when.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::collections::BTreeMap;

use common::*;
use dhcp_failover::{
    Binding, BindingStatus as B, Bindings, Command, ConnId, Core, Grant, Hba, Instant, Now, Output,
    PoolSpec, Record, RelationshipRecord, Role, ServerState as St, UnixTime,
};
use failover_wire::{
    BindingAck, BindingUpdate, Connect, ConnectAck, Frame, Message, PROTOCOL_VERSION, RejectReason,
    ServerFlags, StateMessage, Xid,
};

/// A server in NORMAL with one address, and a scripted partner.
struct Scene {
    core: Core,
    now: Now,
    out: Vec<Output>,
    conn: ConnId,
}

const OURS: &[u8] = b"dhcp-failover";
const DHCPD: &[u8] = b"isc-V4.4.3-P1";

impl Scene {
    /// A primary; the lease of client 1 on the address is known to both.
    fn new(vendor: &'static [u8]) -> Self {
        Self::of(Role::Primary, vendor)
    }

    fn of(role: Role, vendor: &'static [u8]) -> Self {
        let spec = PoolSpec {
            ranges: vec![(host(1), host(1))],
            relationship: Some(ID),
        };
        let mut bindings = Bindings::new(vec![spec], [1, 2]).unwrap();
        if role == Role::Secondary {
            bindings.load(host(1), Binding::unused(B::Backup));
        }
        let record = RelationshipRecord {
            my_state: St::Normal,
            my_stos: UnixTime(START - 1000),
            partner_state: Some(St::Normal),
            partner_stos: UnixTime(START - 1000),
            mclt: None,
            wait_mclt: 0,
        };
        let now = Now {
            mono: Instant::from_millis(20_000),
            unix: UnixTime(START),
        };
        let records = BTreeMap::from([(ID, record)]);
        let (config, mut out) = (config(role), vec![]);
        let core = Core::new(bindings, vec![config], &records, 60, now, &mut out);
        let conn = ConnId(0);
        let mut scene = Self {
            core,
            now,
            out,
            conn,
        };
        scene.core.handle_dialed(ID, conn, now, &mut scene.out);
        scene.hear(0, greeting(role, vendor));
        for state in [St::CommunicationsInterrupted, St::Normal] {
            let state = StateMessage::new(state, ServerFlags(0), UnixTime(START));
            scene.hear(0, Message::State(state));
        }
        assert_eq!(scene.core.endpoint(ID).state(), St::Normal);
        // A dhcpd speaks first.
        scene.now = Now {
            mono: now.mono.plus_secs(5),
            unix: UnixTime(START + 5),
        };
        scene.core.handle_timeout(scene.now, &mut scene.out);
        scene.grant(1);
        let xid = scene.update().0;
        scene.answer(xid, None);
        scene
    }

    fn hear(&mut self, xid: u32, message: Message) {
        let mut bytes = bytes::BytesMut::new();
        let frame = Frame::new(self.now.unix, Xid(xid), message);
        frame.encode(&mut bytes).unwrap();
        self.core
            .handle_peer_bytes(self.conn, &bytes, self.now, &mut self.out);
    }

    fn grant(&mut self, id: u8) {
        let grant = Grant {
            address: host(1),
            client: client(id),
            desired: 600,
            bootp: false,
            extra: None,
        };
        self.core.grant(grant, self.now, &mut self.out).unwrap();
    }

    /// The lease of client 1, as the partner says it.
    fn hear_lease(&mut self, xid: u32) {
        let update = BindingUpdate {
            address: Some(host(1)),
            status: Some(B::Active),
            hardware: Some(client(1).hardware),
            lease_expiration: Some(UnixTime(self.now.unix.0 + 60)),
            potential_expiration: Some(UnixTime(self.now.unix.0 + 900)),
            start_of_state: Some(self.now.unix),
            client_last_transaction: Some(self.now.unix),
            ..BindingUpdate::default()
        };
        self.hear(xid, Message::BindingUpdate(update));
    }

    /// The end of client 1's lease, which the partner saw at `at`.
    fn hear_ending(&mut self, xid: u32, status: B, at: UnixTime) {
        let update = BindingUpdate {
            address: Some(host(1)),
            status: Some(status),
            hardware: (status != B::Abandoned).then_some(client(1).hardware),
            lease_expiration: Some(at),
            potential_expiration: Some(UnixTime(0)),
            start_of_state: Some(at),
            ..BindingUpdate::default()
        };
        self.hear(xid, Message::BindingUpdate(update));
    }

    fn answer(&mut self, xid: Xid, reject: Option<RejectReason>) {
        let ack = BindingAck {
            address: Some(host(1)),
            reject,
            ..BindingAck::default()
        };
        self.hear(xid.0, Message::BindingAck(ack));
    }

    fn said(&mut self) -> Vec<Frame> {
        let sent = |output| match output {
            Output::Send(_, frame) => Some(frame),
            _ => None,
        };
        std::mem::take(&mut self.out)
            .into_iter()
            .filter_map(sent)
            .collect()
    }

    /// The only update that was sent.
    fn update(&mut self) -> (Xid, B) {
        let said = self.said();
        let mut updates = said.iter().filter_map(|frame| match &frame.message {
            Message::BindingUpdate(update) => Some((frame.xid, update.status.unwrap())),
            _ => None,
        });
        let update = updates.next().expect("an update");
        assert_eq!(updates.next(), None);
        update
    }

    /// The answers that were given, by transaction.
    fn answers(&mut self) -> Vec<(u32, Option<RejectReason>)> {
        let answer = |frame: Frame| match frame.message {
            Message::BindingAck(ack) => Some((frame.xid.0, ack.reject)),
            _ => None,
        };
        self.said().into_iter().filter_map(answer).collect()
    }

    fn status(&self) -> B {
        self.core.bindings().get(host(1)).unwrap().status
    }

    /// Client 1 releases; the update is on its way.
    fn release(&mut self) -> Xid {
        self.core.release(host(1), self.now, &mut self.out);
        let (xid, status) = self.update();
        assert_eq!(status, B::Released);
        xid
    }
}

/// How the partner of such a server completes the handshake.
fn greeting(role: Role, vendor: &'static [u8]) -> Message {
    let (name, window, timer) = (Some("lab".into()), Some(10), Some(60));
    match role {
        Role::Primary => Message::ConnectAck(ConnectAck {
            relationship_name: name,
            vendor_class: Some(vendor.into()),
            max_unacked: window,
            receive_timer: timer,
            ..ConnectAck::default()
        }),
        Role::Secondary => Message::Connect(Connect {
            relationship_name: name,
            vendor_class: Some(vendor.into()),
            max_unacked: window,
            receive_timer: timer,
            protocol_version: Some(PROTOCOL_VERSION),
            mclt: Some(60),
            hba: Some(Hba::from_split(128).as_bytes().to_vec().into()),
            ..Connect::default()
        }),
    }
}

const LESS: Option<RejectReason> = Some(RejectReason::LESS_CRITICAL_BINDING_INFO);

/// The partner may have accepted the ending, and given the address away.
#[test]
fn an_ending_stands_until_the_partner_has_answered_it() {
    let mut scene = Scene::new(OURS);
    scene.release();
    scene.hear_lease(70);
    assert_eq!((scene.answers(), scene.status()), (vec![], B::Released));
    let (now, conn) = (scene.now, scene.conn);
    scene.core.handle_disconnected(conn, now, &mut scene.out);
    assert_eq!(scene.status(), B::Released);
    let lease = |output: &Output| match output {
        Output::Store(Record::Binding(_, binding)) => binding.status == B::Active,
        _ => false,
    };
    assert!(!scene.out.iter().any(lease));
    assert!(!scene.core.may_give(host(1), &client(1), scene.now));
}

#[test]
fn an_ending_accepted_ends_the_lease_that_crossed_it() {
    let mut scene = Scene::new(OURS);
    let xid = scene.release();
    scene.hear_lease(70);
    scene.answer(xid, None);
    assert_eq!(scene.answers(), [(70, LESS)]);
    assert_ne!(scene.status(), B::Active);
}

#[test]
fn an_ending_refused_gives_way_to_the_lease_that_crossed_it() {
    let mut scene = Scene::new(OURS);
    let xid = scene.release();
    // The second outdates the first, which nobody waits for any more.
    scene.hear_lease(70);
    scene.hear_lease(71);
    scene.answer(xid, LESS);
    assert_eq!(scene.answers(), [(71, None)]);
    assert_eq!(scene.status(), B::Active);
}

#[test]
fn an_ending_refused_waits_for_the_lease_that_is_on_its_way() {
    let mut scene = Scene::new(OURS);
    let xid = scene.release();
    scene.answer(xid, LESS);
    assert_eq!((scene.said(), scene.status()), (vec![], B::Released));
    scene.hear_lease(70);
    assert_eq!(scene.answers(), [(70, None)]);
    assert_eq!(scene.status(), B::Active);
}

/// What was put off is answered whatever becomes of the ending.
#[test]
fn a_lease_that_crossed_an_ending_is_answered_when_that_is_sent_again() {
    let mut scene = Scene::new(OURS);
    scene.release();
    scene.hear_lease(70);
    let command = Command::SetState {
        id: ID,
        state: St::PartnerDown,
    };
    let (now, out) = (scene.now, &mut scene.out);
    scene.core.handle_command(command, now, out).unwrap();
    assert_eq!(scene.answers(), [(70, LESS)]);
}

/// The partner takes an acceptance for leave to give the address away.
#[test]
fn an_ending_that_crosses_a_newer_lease_of_ours_is_refused() {
    for role in [Role::Primary, Role::Secondary] {
        for ending in [B::Released, B::Abandoned] {
            let mut scene = Scene::of(role, OURS);
            scene.grant(1);
            let (xid, _) = scene.update();
            scene.hear_ending(70, ending, scene.now.unix);
            assert_eq!(scene.answers(), [(70, LESS)], "{role:?} {ending}");
            assert_eq!(scene.status(), B::Active);
            scene.answer(xid, None);
            assert!(!scene.core.bindings().get(host(1)).unwrap().is_pending());
        }
    }
}

/// Whoever has the lease decides, so the primary's isn't the better one.
#[test]
fn an_ending_that_crosses_an_older_lease_of_ours_ends_it() {
    for role in [Role::Primary, Role::Secondary] {
        for ending in [B::Released, B::Abandoned] {
            let mut scene = Scene::of(role, OURS);
            scene.grant(1);
            scene.update();
            // By as much as the clocks may differ.
            scene.hear_ending(70, ending, UnixTime(scene.now.unix.0 + 60));
            assert_eq!(scene.answers(), [(70, None)], "{role:?} {ending}");
            assert_ne!(scene.status(), B::Active);
        }
    }
}

/// It gives way to any lease, and never waits for an answer of ours to decide.
#[test]
fn dhcpd_is_answered_as_it_answers() {
    let mut scene = Scene::new(DHCPD);
    let xid = scene.release();
    scene.hear_lease(70);
    assert_eq!(scene.answers(), [(70, None)]);
    assert_eq!(scene.status(), B::Active);
    // It took ours all the same: it hears what holds.
    scene.answer(xid, None);
    assert_eq!(scene.update().1, B::Active);
}
