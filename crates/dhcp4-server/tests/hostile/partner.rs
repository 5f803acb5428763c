//! A scripted partner, without sockets: what it says is handed to a server as bytes, what the server says is decoded.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use bytes::{Bytes, BytesMut};
use dhcp_failover::{Endpoint, ServerState};
use dhcp4_server::{ConnId, Output};
use dhcp4_wire::MessageType;
use failover_wire::{
    BindingAck, BindingUpdate, Connect, ConnectAck, Frame, Message, ServerFlags, StateMessage,
    UnixTime, Xid, decode,
};

use crate::rig::{self, Rig};

pub(crate) const OURS: [u8; 4] = [192, 168, 1, 10];
pub(crate) const PARTNER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 11);
pub(crate) const NAME: &str = "dhcp-failover";
pub(crate) const MCLT: u32 = 3600;
/// What both say in CONNECT: seconds of silence that end the link, and updates that may be unanswered.
pub(crate) const RECEIVE_TIMER: u32 = 30;
pub(crate) const WINDOW: u32 = 10;
/// Connections of one relationship that a server may hold: the link, and two that may become it.
const MAX_CONNECTIONS: usize = 3;
/// A client that has waited so long is anybody's.
const IMPATIENT: u16 = 60;

/// The server under test, and what its partner has of it.
pub(crate) struct Partner {
    pub(crate) rig: Rig,
    /// The role of the server under test.
    primary: bool,
    /// Performed outputs that were looked at.
    seen: usize,
    open: BTreeSet<ConnId>,
    received: BTreeMap<ConnId, BytesMut>,
    next_conn: u64,
    next_xid: u32,
    next_client: u32,
    /// How often the server has dialled; each dial is refused.
    pub(crate) dials: usize,
}

/// The configuration of the server under test.
pub(crate) fn conf(primary: bool) -> String {
    let role = if primary {
        "primary; mclt 3600; split 128;"
    } else {
        "secondary;"
    };
    format!(
        "ping-check false;
         dhcp-cache-threshold 0;
         default-lease-time 7200;
         max-lease-time 7200;
         failover peer \"{NAME}\" {{
           {role} address 192.168.1.10; peer address {PARTNER};
           max-response-delay {RECEIVE_TIMER}; max-unacked-updates {WINDOW}; load balance max seconds 3;
         }}
         subnet 192.168.1.0 netmask 255.255.255.0 {{
           pool {{ failover peer \"{NAME}\"; range 192.168.1.50 192.168.1.149; }}
         }}"
    )
}

/// A lease file whose states were these, and where both servers have half of the addresses.
pub(crate) fn file(primary: bool, mine: ServerState, theirs: ServerState) -> String {
    let since = rig::START - 100_000;
    // A parse error in a primary's file.
    let mclt = if primary {
        String::new()
    } else {
        format!("mclt {MCLT};")
    };
    let mut text = format!(
        "failover peer \"{NAME}\" state {{ my state {mine} at epoch {since}; partner state {theirs} at epoch {since}; {mclt} }}\n"
    );
    for last in 100..150 {
        text += &format!(
            "lease 192.168.1.{last} {{ starts epoch {since}; tstp epoch {since}; tsfp epoch {since}; \
             atsfp epoch {since}; binding state backup; }}\n"
        );
    }
    text
}

impl Partner {
    /// The partner of a server that was NORMAL before it was started; not yet connected.
    pub(crate) fn of(primary: bool) -> Self {
        let normal = ServerState::Normal;
        Self::of_file(primary, &file(primary, normal, normal))
    }

    /// The partner of a server that starts from this lease file; not yet connected.
    pub(crate) fn of_file(primary: bool, file: &str) -> Self {
        Self::configured(primary, &conf(primary), file)
    }

    /// As [`of_file`](Self::of_file), with a configuration other than [`conf`].
    pub(crate) fn configured(primary: bool, conf: &str, file: &str) -> Self {
        let mut partner = Self {
            rig: Rig::with_file(conf, OURS, file),
            primary,
            seen: 0,
            open: BTreeSet::new(),
            received: BTreeMap::new(),
            next_conn: 0,
            next_xid: 0,
            next_client: 1000,
            dials: 0,
        };
        partner.look();
        partner
    }

    /// The partner of a server with which it is NORMAL, and the link.
    pub(crate) fn normal(primary: bool) -> (Self, ConnId) {
        let mut partner = Self::of(primary);
        let link = partner.link_up(ServerState::Normal);
        assert_eq!(partner.state(), ServerState::Normal);
        (partner, link)
    }

    /// Opens a connection, says nothing.
    pub(crate) fn open(&mut self) -> ConnId {
        self.open_from(PARTNER)
    }

    /// Opens a connection from any address.
    pub(crate) fn open_from(&mut self, from: Ipv4Addr) -> ConnId {
        let conn = ConnId(self.next_conn);
        self.next_conn += 1;
        self.open.insert(conn);
        self.received.insert(conn, BytesMut::new());
        let now = self.rig.now();
        self.rig.server.handle_peer_accepted(conn, from, now);
        self.perform();
        conn
    }

    /// The connection is lost.
    pub(crate) fn lose(&mut self, conn: ConnId) {
        assert!(self.open.remove(&conn), "it was open");
        let now = self.rig.now();
        self.rig.server.handle_peer_disconnected(conn, now);
        self.perform();
    }

    /// The whole handshake as an honest partner has it, up to its STATE.
    pub(crate) fn link_up(&mut self, state: ServerState) -> ConnId {
        let conn = self.shake_hands();
        self.say_state(conn, state, ServerFlags(0));
        self.say_no_more();
        conn
    }

    /// The partner has nothing to tell after an outage: so long does the server hold its own updates.
    pub(crate) fn say_no_more(&mut self) {
        self.rig.pass(500);
        self.perform();
    }

    /// The handshake without a STATE.
    pub(crate) fn shake_hands(&mut self) -> ConnId {
        let conn = self.open();
        if self.primary {
            let ack = self.connect_ack();
            self.say(conn, Message::ConnectAck(ack));
        } else {
            let connect = self.connect();
            self.say(conn, Message::Connect(connect));
        }
        assert!(self.endpoint().is_connected(), "{:#?}", self.rig.log);
        conn
    }

    /// What an honest primary says first.
    pub(crate) fn connect(&self) -> Connect {
        Connect {
            relationship_name: Some(Bytes::from_static(NAME.as_bytes())),
            max_unacked: Some(WINDOW),
            receive_timer: Some(RECEIVE_TIMER),
            vendor_class: Some(Bytes::from_static(b"isc-4.4.3-P1")),
            protocol_version: Some(1),
            tls_request: Some(0),
            mclt: Some(MCLT),
            hba: Some(Bytes::from([[0xff; 16], [0; 16]].concat())),
        }
    }

    /// What an honest secondary answers.
    pub(crate) fn connect_ack(&self) -> ConnectAck {
        ConnectAck {
            relationship_name: Some(Bytes::from_static(NAME.as_bytes())),
            max_unacked: Some(WINDOW),
            receive_timer: Some(RECEIVE_TIMER),
            vendor_class: Some(Bytes::from_static(b"isc-4.4.3-P1")),
            protocol_version: Some(1),
            tls_reply: Some(0),
            ..ConnectAck::default()
        }
    }

    pub(crate) fn say_state(&mut self, conn: ConnId, state: ServerState, flags: ServerFlags) {
        let since = UnixTime(rig::START - 1000);
        self.say(conn, Message::State(StateMessage::new(state, flags, since)));
    }

    /// Says a message with the next transaction id, which is answered here.
    pub(crate) fn say(&mut self, conn: ConnId, message: Message) -> Xid {
        let xid = Xid(self.next_xid);
        self.next_xid += 1;
        self.say_as(conn, xid, message);
        xid
    }

    /// Says a message with a transaction id of one's choice.
    pub(crate) fn say_as(&mut self, conn: ConnId, xid: Xid, message: Message) {
        let at = self.rig.now().unix;
        self.say_at(conn, at, xid, message);
    }

    /// Says a message with a clock of one's own.
    pub(crate) fn say_at(&mut self, conn: ConnId, at: UnixTime, xid: Xid, message: Message) {
        let mut bytes = BytesMut::new();
        Frame::new(at, xid, message).encode(&mut bytes).unwrap();
        self.say_bytes(conn, &bytes);
    }

    /// Says anything.
    pub(crate) fn say_bytes(&mut self, conn: ConnId, bytes: &[u8]) {
        let now = self.rig.now();
        self.rig.server.handle_peer_bytes(conn, bytes, now);
        self.perform();
    }

    /// What the server has said on this connection since the last call.
    pub(crate) fn hear(&mut self, conn: ConnId) -> Vec<Frame> {
        let bytes = self
            .received
            .get_mut(&conn)
            .expect("a connection of this test");
        std::iter::from_fn(|| decode(bytes).expect("no message of ours is malformed")).collect()
    }

    /// The updates among what the server has said since the last call.
    pub(crate) fn hear_updates(&mut self, conn: ConnId) -> Vec<(Xid, BindingUpdate)> {
        let updates = self
            .hear(conn)
            .into_iter()
            .filter_map(|frame| match frame.message {
                Message::BindingUpdate(update) => Some((frame.xid, update)),
                _ => None,
            });
        updates.collect()
    }

    /// Says an update, and what the server answers to it.
    pub(crate) fn update(&mut self, conn: ConnId, update: BindingUpdate) -> BindingAck {
        self.hear(conn);
        let xid = self.say(conn, Message::BindingUpdate(update));
        let answers = self
            .hear(conn)
            .into_iter()
            .filter_map(|frame| match frame.message {
                Message::BindingAck(ack) if frame.xid == xid => Some(ack),
                _ => None,
            });
        let mut answers: Vec<_> = answers.collect();
        assert_eq!(answers.len(), 1, "{:#?}", self.rig.log);
        answers.pop().expect("there is one")
    }

    /// Accepts an update of the server's.
    pub(crate) fn accept(&mut self, conn: ConnId, (xid, update): &(Xid, BindingUpdate)) {
        let ack = BindingAck {
            address: update.address,
            ..BindingAck::default()
        };
        self.say_as(conn, *xid, Message::BindingAck(ack));
    }

    /// Accepts all updates until there are no more; answers how many there were.
    pub(crate) fn accept_all(&mut self, conn: ConnId) -> usize {
        let mut count = 0;
        loop {
            let updates = self.hear_updates(conn);
            if updates.is_empty() {
                return count;
            }
            count += updates.len();
            updates.iter().for_each(|update| self.accept(conn, update));
            assert!(count < 100_000, "it never ends");
        }
    }

    /// Has the server closed this connection?
    pub(crate) fn is_closed(&self, conn: ConnId) -> bool {
        !self.open.contains(&conn)
    }

    /// Seconds pass; the partner is silent.
    pub(crate) fn pass(&mut self, seconds: u32) {
        for _ in 0..seconds {
            self.rig.pass(1000);
            self.perform();
        }
    }

    /// Seconds pass, in which the partner says CONTACT often enough.
    pub(crate) fn pass_in_contact(&mut self, conn: ConnId, seconds: u32) {
        for _ in 0..seconds / 10 {
            self.pass(10);
            self.say(conn, Message::Contact);
        }
        self.pass(seconds % 10);
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.rig.server.core().endpoints()[0]
    }

    pub(crate) fn state(&self) -> ServerState {
        self.endpoint().state()
    }

    /// Whether a client never seen before is offered an address.
    pub(crate) fn serves(&mut self) -> bool {
        self.next_client += 1;
        let mut discover = rig::discover(self.next_client);
        discover.secs = IMPATIENT;
        let replies = self.rig.send(&discover);
        self.perform();
        replies
            .iter()
            .any(|reply| reply.kind == Some(MessageType::OFFER))
    }

    /// A new client gets a lease: its number and address.
    pub(crate) fn lease(&mut self) -> (u32, Ipv4Addr) {
        self.next_client += 1;
        let client = self.next_client;
        let mut discover = rig::discover(client);
        discover.secs = IMPATIENT;
        let offer = self.rig.ask(&discover);
        let ack = self.rig.ask(&rig::request(client, offer.yiaddr));
        assert_eq!(ack.kind, Some(MessageType::ACK));
        self.perform();
        (client, ack.yiaddr)
    }

    /// The client renews; seconds granted.
    pub(crate) fn renew(&mut self, (client, address): (u32, Ipv4Addr)) -> u32 {
        let ack = self.rig.ask(&rig::renew(client, address));
        assert_eq!(ack.kind, Some(MessageType::ACK));
        self.perform();
        ack.lease_time()
    }

    /// What no partner may do to a server, however it behaves: ours stands, serves, and is an honest partner's again at
    /// once.
    #[track_caller]
    pub(crate) fn assert_unharmed(&mut self) {
        let state = self.state();
        let fitting = if self.endpoint().is_connected() {
            ServerState::Normal
        } else {
            ServerState::CommunicationsInterrupted
        };
        assert_eq!(state, fitting, "{:#?}", self.rig.log);
        assert!(self.open.len() <= MAX_CONNECTIONS, "{:?}", self.open);
        assert!(self.serves(), "{:#?}", self.rig.log);
        for conn in std::mem::take(&mut self.open) {
            let now = self.rig.now();
            self.rig.server.handle_peer_disconnected(conn, now);
        }
        self.perform();
        assert_eq!(self.state(), ServerState::CommunicationsInterrupted);
        assert!(self.serves(), "{:#?}", self.rig.log);
        let link = self.link_up(ServerState::Normal);
        assert_eq!(self.state(), ServerState::Normal, "{:#?}", self.rig.log);
        self.accept_all(link);
        assert_eq!(
            self.endpoint().queued_updates() + self.endpoint().unacked_updates(),
            0
        );
        assert!(self.serves(), "{:#?}", self.rig.log);
    }

    /// Looks at what the server wants done.
    fn perform(&mut self) {
        self.rig.perform();
        self.look();
    }

    fn look(&mut self) {
        while let Some(output) = self.rig.done.get(self.seen).cloned() {
            self.seen += 1;
            match output {
                Output::PeerBytes(conn, bytes) => {
                    self.received
                        .entry(conn)
                        .or_default()
                        .extend_from_slice(&bytes);
                }
                Output::PeerClose(conn) => _ = self.open.remove(&conn),
                Output::Dial(id) => {
                    self.dials += 1;
                    let now = self.rig.now();
                    self.rig.server.handle_dial_failed(id, true, now);
                    self.rig.perform();
                }
                _ => {}
            }
        }
    }
}
