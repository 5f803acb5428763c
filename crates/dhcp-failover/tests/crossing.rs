//! An ending of ours and a lease of the partner's that cross: who decides, and when.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::collections::BTreeMap;

use common::*;
use dhcp_failover::{
    BindingStatus as B, Bindings, Command, ConnId, Core, Grant, Instant, Now, Output, PoolSpec,
    Record, RelationshipRecord, Role, ServerState as St, UnixTime,
};
use failover_wire::{
    BindingAck, BindingUpdate, ConnectAck, Frame, Message, RejectReason, ServerFlags, StateMessage,
    Xid,
};

/// A primary in NORMAL with one address, and a scripted secondary.
struct Scene {
    core: Core,
    now: Now,
    out: Vec<Output>,
    conn: ConnId,
}

const OURS: &[u8] = b"dhcp-failover";
const DHCPD: &[u8] = b"isc-V4.4.3-P1";

impl Scene {
    /// The lease of client 1 on the address is known to both.
    fn new(vendor: &'static [u8]) -> Self {
        let spec = PoolSpec {
            ranges: vec![(host(1), host(1))],
            relationship: Some(ID),
        };
        let bindings = Bindings::new(vec![spec], [1, 2]).unwrap();
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
        let (config, mut out) = (config(Role::Primary), vec![]);
        let core = Core::new(bindings, vec![config], &records, 60, now, &mut out);
        let conn = ConnId(0);
        let mut scene = Self {
            core,
            now,
            out,
            conn,
        };
        scene.core.handle_dialed(ID, conn, now, &mut scene.out);
        let ack = ConnectAck {
            relationship_name: Some("lab".into()),
            vendor_class: Some(vendor.into()),
            max_unacked: Some(10),
            receive_timer: Some(60),
            ..ConnectAck::default()
        };
        scene.hear(0, Message::ConnectAck(ack));
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
    fn hear_lease(&mut self, xid: u32, status: B) {
        let left = if status == B::Active { 60 } else { 0 };
        let update = BindingUpdate {
            address: Some(host(1)),
            status: Some(status),
            hardware: Some(client(1).hardware),
            lease_expiration: Some(UnixTime(self.now.unix.0 + left)),
            potential_expiration: Some(UnixTime(self.now.unix.0 + 900)),
            start_of_state: Some(self.now.unix),
            client_last_transaction: Some(self.now.unix),
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

const LESS: Option<RejectReason> = Some(RejectReason::LESS_CRITICAL_BINDING_INFO);

/// The partner may have accepted the ending, and given the address away.
#[test]
fn an_ending_stands_until_the_partner_has_answered_it() {
    let mut scene = Scene::new(OURS);
    scene.release();
    scene.hear_lease(70, B::Active);
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
    scene.hear_lease(70, B::Active);
    scene.answer(xid, None);
    assert_eq!(scene.answers(), [(70, LESS)]);
    assert_ne!(scene.status(), B::Active);
}

#[test]
fn an_ending_refused_gives_way_to_the_lease_that_crossed_it() {
    let mut scene = Scene::new(OURS);
    let xid = scene.release();
    // The second outdates the first, which nobody waits for any more.
    scene.hear_lease(70, B::Active);
    scene.hear_lease(71, B::Active);
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
    scene.hear_lease(70, B::Active);
    assert_eq!(scene.answers(), [(70, None)]);
    assert_eq!(scene.status(), B::Active);
}

/// What was put off is answered whatever becomes of the ending.
#[test]
fn a_lease_that_crossed_an_ending_is_answered_when_that_is_sent_again() {
    let mut scene = Scene::new(OURS);
    scene.release();
    scene.hear_lease(70, B::Active);
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
    let mut scene = Scene::new(OURS);
    scene.grant(1);
    let (xid, _) = scene.update();
    scene.hear_lease(70, B::Released);
    assert_eq!(scene.answers(), [(70, LESS)]);
    assert_eq!(scene.status(), B::Active);
    scene.answer(xid, None);
    assert!(!scene.core.bindings().get(host(1)).unwrap().is_pending());
}

/// It gives way to any lease, and never waits for an answer of ours to decide.
#[test]
fn dhcpd_is_answered_as_it_answers() {
    let mut scene = Scene::new(DHCPD);
    let xid = scene.release();
    scene.hear_lease(70, B::Active);
    assert_eq!(scene.answers(), [(70, None)]);
    assert_eq!(scene.status(), B::Active);
    // It took ours all the same: it hears what holds.
    scene.answer(xid, None);
    assert_eq!(scene.update().1, B::Active);
}
