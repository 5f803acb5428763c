//! Two servers, their disks and the network between them, in virtual time.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test uses its part"
)]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::net::Ipv4Addr;

use bytes::BytesMut;
use dhcp_failover::{
    Binding, BindingStatus, Bindings, Client, Command, Config, ConnId, Core, Event, Frame, Grant,
    Granted, HardwareAddress, Hba, Instant, Now, Output, PoolId, PoolSpec, Record, Refused,
    RelationshipId, RelationshipRecord, Role, ServerState, UnixTime,
};
use failover_wire::Message;

/// Wall clock at the start of every test.
pub const START: u32 = 1_800_000_000;
/// One-way delay of the network, ms.
const LATENCY: u64 = 1;
/// The only relationship.
pub const ID: RelationshipId = RelationshipId(0);
/// The only pool.
pub const POOL: PoolId = PoolId(0);

pub const P: usize = 0;
pub const S: usize = 1;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Bytes {
        to: usize,
        conn: ConnId,
        bytes: Vec<u8>,
    },
    Dial {
        by: usize,
    },
    Connected {
        by: usize,
        conn: ConnId,
    },
    Lost {
        to: usize,
        conn: ConnId,
    },
}

pub struct Side {
    pub core: Option<Core>,
    pub config: Config,
    pub leases: BTreeMap<Ipv4Addr, Binding>,
    pub record: BTreeMap<RelationshipId, RelationshipRecord>,
    pub events: Vec<Event>,
    /// Frames sent, as one word each.
    pub said: Vec<String>,
    /// The wall clock is ahead of the truth by this.
    pub skew: i64,
    /// Its partner takes it for a dhcpd.
    pub is_isc: bool,
}

pub struct Pair {
    pub ms: u64,
    pub sides: [Side; 2],
    pub connected: bool,
    ends: (Ipv4Addr, Ipv4Addr),
    queue: BinaryHeap<Reverse<(u64, u64, Happening)>>,
    sequence: u64,
    conns: BTreeSet<ConnId>,
    next_conn: u64,
    /// What TCP retransmits once the network is back.
    held: Vec<Happening>,
    /// Every so many messages behind the handshake one arrives twice; 0 is never.
    pub repeat: u64,
    sent: u64,
}

pub fn config(role: Role) -> Config {
    let address = |last| Ipv4Addr::new(192, 0, 2, last);
    let config = match role {
        Role::Primary => Config::primary("lab", address(2), 60, Hba::from_split(128)),
        Role::Secondary => Config::secondary("lab", address(1)),
    };
    Config {
        max_response_delay: 10,
        max_unacked_updates: 10,
        load_balance_max_seconds: 3,
        ..config
    }
}

impl Pair {
    /// Two new servers that share `count` addresses from 10.0.0.1 up; none is started.
    pub fn new(count: u32) -> Self {
        let side = |role| Side {
            core: None,
            config: config(role),
            leases: BTreeMap::new(),
            record: BTreeMap::new(),
            events: Vec::new(),
            said: Vec::new(),
            skew: 0,
            is_isc: false,
        };
        let first = u32::from(Ipv4Addr::new(10, 0, 0, 1));
        Self {
            ms: 0,
            sides: [side(Role::Primary), side(Role::Secondary)],
            connected: true,
            ends: (first.into(), (first + count - 1).into()),
            queue: BinaryHeap::new(),
            sequence: 0,
            conns: BTreeSet::new(),
            next_conn: 0,
            held: Vec::new(),
            repeat: 0,
            sent: 0,
        }
    }

    /// Two servers in NORMAL, the pool balanced.
    pub fn normal(count: u32) -> Self {
        let mut pair = Self::new(count);
        pair.start(P);
        pair.start(S);
        pair.run(5);
        pair.assert_states(ServerState::Normal, ServerState::Normal);
        pair
    }

    pub fn now(&self, side: usize) -> Now {
        let unix = i64::from(START) + (self.ms / 1000) as i64 + self.sides[side].skew;
        Now {
            mono: Instant::from_millis(self.ms),
            unix: UnixTime(unix as u32),
        }
    }

    pub fn start(&mut self, side: usize) {
        let spec = PoolSpec {
            ranges: vec![self.ends],
            relationship: Some(ID),
        };
        let mut bindings = Bindings::new(vec![spec], [1, 2]).expect("one range");
        let now = self.now(side);
        for (address, binding) in &self.sides[side].leases {
            let mut binding = binding.clone();
            binding.ends_mono = now.mono_after(binding.ends);
            binding.begun_alone = false;
            binding.sent = binding.sent.max(binding.tstp).max(binding.tsfp());
            assert!(bindings.load(*address, binding));
        }
        let mut out = Vec::new();
        let config = self.sides[side].config.clone();
        let core = Core::new(
            bindings,
            vec![config],
            &self.sides[side].record,
            60,
            now,
            &mut out,
        );
        self.sides[side].core = Some(core);
        self.perform(side, out);
    }

    /// Kill -9; the partner's connection breaks at once.
    pub fn kill(&mut self, side: usize) {
        self.sides[side].core = None;
        self.break_connections();
    }

    pub fn lose_disk(&mut self, side: usize) {
        self.sides[side].leases.clear();
        self.sides[side].record.clear();
    }

    /// The network drops everything from now on, silently; TCP keeps it for later.
    pub fn cut(&mut self) {
        self.connected = false;
        let mut queued = std::mem::take(&mut self.queue).into_sorted_vec();
        queued.reverse();
        for Reverse((at, sequence, happening)) in queued {
            match happening {
                Happening::Bytes { .. } | Happening::Lost { .. } => self.held.push(happening),
                Happening::Connected { by, .. } => self.at(3000, Happening::Dial { by }),
                Happening::Dial { .. } => self.queue.push(Reverse((at, sequence, happening))),
            }
        }
    }

    pub fn heal(&mut self) {
        self.connected = true;
        for happening in std::mem::take(&mut self.held) {
            self.at(LATENCY, happening);
        }
    }

    fn break_connections(&mut self) {
        for conn in std::mem::take(&mut self.conns) {
            for to in [P, S] {
                self.deliver(Happening::Lost { to, conn });
            }
        }
    }

    fn deliver(&mut self, happening: Happening) {
        if self.connected {
            self.at(LATENCY, happening);
        } else {
            self.held.push(happening);
        }
    }

    fn at(&mut self, delay: u64, happening: Happening) {
        self.sequence += 1;
        self.queue
            .push(Reverse((self.ms + delay, self.sequence, happening)));
    }

    /// Breaks every connection; the network stays up.
    pub fn reset_connections(&mut self) {
        self.queue
            .retain(|Reverse((_, _, happening))| !matches!(happening, Happening::Bytes { .. }));
        self.break_connections();
    }

    /// Lets `secs` seconds pass.
    pub fn run(&mut self, secs: u64) {
        self.run_ms(secs * 1000);
    }

    pub fn run_ms(&mut self, ms: u64) {
        let end = self.ms + ms;
        for _ in 0..1_000_000 {
            let Some(next) = self.next_time().filter(|at| *at <= end) else {
                self.ms = end;
                return;
            };
            self.ms = self.ms.max(next);
            self.step();
        }
        panic!("a busy loop at {} ms", self.ms);
    }

    fn next_time(&self) -> Option<u64> {
        let queued = self.queue.peek().map(|Reverse((at, ..))| *at);
        let timers = self.sides.iter().filter_map(|side| {
            side.core
                .as_ref()?
                .poll_timeout()
                .map(|(at, _)| at.as_millis())
        });
        queued.into_iter().chain(timers).min()
    }

    fn step(&mut self) {
        if let Some(Reverse((at, ..))) = self.queue.peek()
            && *at <= self.ms
        {
            let Reverse((_, _, happening)) = self.queue.pop().expect("just seen");
            self.happen(happening);
            return;
        }
        for side in [P, S] {
            let due = |core: &Core| {
                core.poll_timeout()
                    .is_some_and(|(at, _)| at.as_millis() <= self.ms)
            };
            if self.sides[side].core.as_ref().is_some_and(due) {
                self.with(side, |core, now, out| core.handle_timeout(now, out));
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Bytes { to, conn, bytes } => {
                self.with(to, |core, now, out| {
                    core.handle_peer_bytes(conn, &bytes, now, out)
                });
            }
            Happening::Lost { to, conn } => {
                self.with(to, |core, now, out| {
                    core.handle_disconnected(conn, now, out)
                });
            }
            Happening::Dial { by } => {
                if !self.connected {
                    self.with(by, |core, now, out| {
                        core.handle_dial_failed(ID, false, now, out)
                    });
                } else if self.sides[1 - by].core.is_none() {
                    self.with(by, |core, now, out| {
                        core.handle_dial_failed(ID, true, now, out)
                    });
                } else {
                    let conn = ConnId(self.next_conn);
                    self.next_conn += 1;
                    self.conns.insert(conn);
                    self.at(LATENCY, Happening::Connected { by, conn });
                }
            }
            Happening::Connected { by, conn } if !self.conns.contains(&conn) => {
                // One end died before the other knew.
                self.with(by, |core, now, out| {
                    core.handle_dial_failed(ID, true, now, out)
                });
            }
            Happening::Connected { by, conn } => {
                let from = self.sides[1 - by].config.peer_address;
                self.with(1 - by, |core, now, out| {
                    core.handle_accepted(conn, from, now, out)
                });
                self.with(by, |core, now, out| core.handle_dialed(ID, conn, now, out));
            }
        }
    }

    /// Feeds one side an input, and performs what it says.
    pub fn with<R>(
        &mut self,
        side: usize,
        input: impl FnOnce(&mut Core, Now, &mut Vec<Output>) -> R,
    ) -> Option<R> {
        let now = self.now(side);
        let mut out = Vec::new();
        let result = input(self.sides[side].core.as_mut()?, now, &mut out);
        self.perform(side, out);
        Some(result)
    }

    fn perform(&mut self, side: usize, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Store(Record::Binding(address, binding)) => {
                    self.sides[side].leases.insert(address, binding);
                }
                Output::Store(Record::Relationship(id, record)) => {
                    self.sides[side].record.insert(id, record);
                }
                Output::Send(conn, mut frame) => {
                    if self.sides[side].is_isc {
                        disguise(&mut frame.message);
                    }
                    let mut bytes = BytesMut::new();
                    frame.encode(&mut bytes).expect("fits");
                    let word = format!("{:?}", frame.message);
                    let word = word.split(['(', ' ']).next().unwrap_or_default().to_owned();
                    let shakes_hands = word.starts_with("Connect");
                    self.sides[side].said.push(word);
                    if self.conns.contains(&conn) {
                        let (to, mut bytes) = (1 - side, bytes.to_vec());
                        self.sent += 1;
                        if self.repeat > 0 && self.sent.is_multiple_of(self.repeat) && !shakes_hands
                        {
                            bytes.extend_from_within(..);
                        }
                        self.deliver(Happening::Bytes { to, conn, bytes });
                    }
                }
                Output::Close(conn) => {
                    if self.conns.remove(&conn) {
                        self.deliver(Happening::Lost { to: 1 - side, conn });
                    }
                }
                Output::Dial(_) => {
                    let delay = if self.connected { LATENCY } else { 3000 };
                    self.at(delay, Happening::Dial { by: side });
                }
                Output::Event(event) => self.sides[side].events.push(event),
            }
        }
    }

    /// A side says something of its own accord, on the only connection.
    pub fn say(&mut self, side: usize, message: Message) {
        let conn = *self.conns.last().expect("connected");
        let frame = Frame::new(self.now(side).unix, failover_wire::Xid(u32::MAX), message);
        self.perform(side, vec![Output::Send(conn, frame)]);
    }

    pub fn core(&self, side: usize) -> &Core {
        self.sides[side].core.as_ref().expect("running")
    }

    pub fn state(&self, side: usize) -> ServerState {
        self.core(side).endpoint(ID).state()
    }

    #[track_caller]
    pub fn assert_states(&self, primary: ServerState, secondary: ServerState) {
        let states = (self.state(P), self.state(S));
        assert_eq!(
            states,
            (primary, secondary),
            "at {} ms\n{}",
            self.ms,
            self.story()
        );
    }

    /// Everything that both sides logged.
    pub fn story(&self) -> String {
        let mut text = String::new();
        for (name, side) in ["P", "S"].iter().zip(&self.sides) {
            for event in &side.events {
                text += &format!("{name}: {event}\n");
            }
        }
        text
    }

    pub fn command(&mut self, side: usize, state: ServerState) {
        let command = Command::SetState { id: ID, state };
        self.with(side, |core, now, out| {
            core.handle_command(command, now, out)
        })
        .expect("running")
        .expect("accepted");
    }

    pub fn binding(&self, side: usize, address: Ipv4Addr) -> &Binding {
        self.core(side)
            .bindings()
            .get(address)
            .expect("in the pool")
    }

    pub fn count(&self, side: usize, status: BindingStatus) -> u32 {
        self.core(side).bindings().count(POOL, status)
    }

    /// Leases the next free address of a side to a client, as an allocator would.
    pub fn lease(&mut self, side: usize, id: u8, desired: u32) -> Option<(Ipv4Addr, Granted)> {
        let address = self.with(side, |core, now, _| core.next_free(POOL, now, |_| false))??;
        let granted = self.renew(side, id, address, desired).expect("granted");
        Some((address, granted))
    }

    pub fn renew(
        &mut self,
        side: usize,
        id: u8,
        address: Ipv4Addr,
        desired: u32,
    ) -> Result<Granted, Refused> {
        let grant = Grant {
            address,
            client: client(id),
            desired,
            bootp: false,
            extra: None,
        };
        self.with(side, |core, now, out| core.grant(grant, now, out))
            .expect("running")
    }

    pub fn release(&mut self, side: usize, address: Ipv4Addr) {
        self.with(side, |core, now, out| core.release(address, now, out));
    }

    /// Waits until no update is on its way.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            let busy = [P, S].iter().any(|side| {
                let endpoint = self.core(*side).endpoint(ID);
                let waiting = endpoint.queued_updates() + endpoint.unacked_updates();
                waiting + endpoint.refused_updates() > 0
            });
            if !busy {
                return;
            }
            self.run_ms(11);
        }
        panic!("updates that never end\n{}", self.story());
    }

    /// Both tables agree: state, and for ACTIVE client and end.
    #[track_caller]
    pub fn assert_equal_tables(&self) {
        let theirs = self.core(S).bindings();
        for (address, ours) in self.core(P).bindings().iter() {
            let theirs = theirs.get(address).expect("same pool");
            assert_eq!(ours.status, theirs.status, "{address}\n{}", self.story());
            if ours.status == BindingStatus::Active {
                assert_eq!(ours.client, theirs.client, "{address}");
                assert_eq!(ours.ends, theirs.ends, "{address}");
            }
        }
        for side in [P, S] {
            let endpoint = self.core(side).endpoint(ID);
            assert_eq!(
                (endpoint.queued_updates(), endpoint.unacked_updates()),
                (0, 0)
            );
        }
        self.assert_disk_is_memory();
    }

    /// What is on disk is what is in memory.
    #[track_caller]
    pub fn assert_disk_is_memory(&self) {
        for side in [P, S] {
            for (address, stored) in &self.sides[side].leases {
                let held = self.binding(side, *address);
                assert_eq!(
                    (held.status, &held.client, held.ends, held.acked),
                    (stored.status, &stored.client, stored.ends, stored.acked),
                    "{address} of side {side}"
                );
            }
        }
    }
}

/// As a dhcpd names itself.
fn disguise(message: &mut Message) {
    match message {
        Message::Connect(connect) => connect.vendor_class = Some("isc-V4.4.3-P1".into()),
        Message::ConnectAck(ack) => ack.vendor_class = Some("isc-V4.4.3-P1".into()),
        _ => {}
    }
}

pub fn client(id: u8) -> Client {
    let hardware = HardwareAddress::new(1, &[2, 0, 0, 0, 0, id]).expect("six bytes");
    Client {
        hardware,
        ..Client::default()
    }
}

pub fn host(n: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, n)
}
