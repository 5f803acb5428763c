//! All clients of a crowd, their messages and their turns.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use dhcp4_wire::Message;
use nix::sys::socket::{setsockopt, sockopt};

use super::client::{Client, Outcome, Stage};
use super::{Habits, Tally, Wait};
use crate::netns::Namespace;
use crate::relay::{Answer, Lease, SERVER_PORT, encode, release};

/// How long a turn waits for a datagram.
const TICK: Duration = Duration::from_millis(2);

/// How far renewals may lag behind their rate: the kernel's waits are longer than asked for.
const CATCH_UP: Duration = Duration::from_millis(100);

/// Longest datagram; DHCP over Ethernet has no longer one.
const LENGTH: usize = 1500;

/// What servers may answer while this thread isn't running, bytes.
const RECEIVE_BUFFER: usize = 4 << 20;

/// The low half of a transaction number is the client's place.
const MOST: usize = 1 << 16;

pub(super) struct Members {
    socket: UdpSocket,
    giaddr: Ipv4Addr,
    servers: Vec<Ipv4Addr>,
    habits: Habits,
    clients: Vec<Client>,
    places: BTreeMap<[u8; 6], usize>,
    /// Who renews next, and when.
    turns: BTreeSet<(Instant, usize)>,
    /// When each wait for an answer ends; the wait is the same for all, so in order.
    deadlines: VecDeque<(Instant, usize)>,
    next_renewal: Instant,
    paused: bool,
    tally: Tally,
}

impl Members {
    pub(super) fn new(
        namespace: &Namespace,
        giaddr: Ipv4Addr,
        servers: &[Ipv4Addr],
        habits: Habits,
    ) -> Self {
        let local = SocketAddrV4::new(giaddr, SERVER_PORT);
        let socket = namespace
            .enter(|| UdpSocket::bind(local))
            .unwrap_or_else(|error| panic!("{local}: {error}"));
        socket
            .set_read_timeout(Some(TICK))
            .unwrap_or_else(|error| panic!("read timeout: {error}"));
        setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER)
            .unwrap_or_else(|error| panic!("receive buffer: {error}"));
        Self {
            socket,
            giaddr,
            servers: servers.to_vec(),
            habits,
            clients: Vec::new(),
            places: BTreeMap::new(),
            turns: BTreeSet::new(),
            deadlines: VecDeque::new(),
            next_renewal: Instant::now(),
            paused: false,
            tally: Tally::default(),
        }
    }

    /// Sends what is due, takes what has come.
    pub(super) fn turn(&mut self) {
        let now = Instant::now();
        self.repeat(now);
        self.renew(now);
        let mut buffer = [0; LENGTH];
        // An error is a timeout, or word of a port that nobody listens at.
        if let Some(answer) = self
            .socket
            .recv(&mut buffer)
            .ok()
            .and_then(|length| Answer::read(&buffer[..length]))
        {
            self.answer(&answer);
        }
    }

    /// Their turns are spread over the interval.
    pub(super) fn take_over(&mut self, leases: &[Lease]) {
        let now = Instant::now();
        for (index, lease) in leases.iter().enumerate() {
            let place = self.place(lease.client, now);
            let client = &mut self.clients[place];
            let end = now + Duration::from_secs(lease.seconds.into());
            (client.lease, client.last) = (Some((*lease, end)), Some(lease.address));
            client.stage = Stage::Bound;
            let part = index as f64 / leases.len() as f64;
            self.turns
                .insert((now + self.habits.interval.mul_f64(part), place));
        }
    }

    /// A client that is there already stays as it is.
    pub(super) fn arrive(&mut self, mac: [u8; 6]) {
        let now = Instant::now();
        let place = self.place(mac, now);
        if self.clients[place].stage == Stage::Absent {
            self.begin(place, now);
        }
    }

    /// Up to `count` clients that have leases go, those first whose turn to renew is the last.
    pub(super) fn go(&mut self, count: usize, with_release: bool) -> Vec<[u8; 6]> {
        let mut gone = Vec::new();
        while gone.len() < count
            && let Some((_, place)) = self.turns.pop_last()
        {
            let client = &mut self.clients[place];
            client.stage = Stage::Absent;
            client.xid = client.xid.wrapping_add(1 << 16);
            if let Some((lease, _)) = client.lease.take()
                && with_release
            {
                let message = release(self.giaddr, client.xid, &lease);
                self.send(&message, Some(lease.server));
            }
            gone.push(self.clients[place].mac);
        }
        gone
    }

    /// One that isn't there stays away.
    pub(super) fn vanish(&mut self, mac: [u8; 6]) {
        let Some(place) = self.places.get(&mac).copied() else {
            return;
        };
        self.turns.retain(|(_, turn)| *turn != place);
        let client = &mut self.clients[place];
        client.stage = Stage::Absent;
        client.xid = client.xid.wrapping_add(1 << 16);
        client.lease = None;
    }

    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Does nobody wait for an answer?
    pub(super) fn at_rest(&self) -> bool {
        !self.clients.iter().any(Client::asks)
    }

    pub(super) fn leases(&self) -> Vec<Lease> {
        self.clients
            .iter()
            .filter_map(|client| Some(client.lease?.0))
            .collect()
    }

    pub(super) fn take_tally(&mut self, now: Instant) -> Tally {
        let mut tally = std::mem::take(&mut self.tally);
        for client in self.clients.iter().filter(|client| client.asks()) {
            let wait = Wait {
                time: now.duration_since(client.begun),
                client: client.mac,
                unanswered: true,
            };
            note(&mut tally, wait, client.lease.is_some());
        }
        tally
    }

    /// The place of a client, made if it has none.
    fn place(&mut self, mac: [u8; 6], now: Instant) -> usize {
        let (clients, next) = (&mut self.clients, self.places.len());
        *self.places.entry(mac).or_insert_with(|| {
            assert!(next < MOST, "more clients than transaction numbers");
            let mut client = Client::new(mac, now);
            client.xid = next as u32;
            clients.push(client);
            next
        })
    }

    fn begin(&mut self, place: usize, now: Instant) {
        let client = &mut self.clients[place];
        client.xid = client.xid.wrapping_add(1 << 16);
        client.begin(now);
        self.ask(place, now);
    }

    /// Sends the client's next message.
    fn ask(&mut self, place: usize, now: Instant) {
        let (message, only) = self.clients[place].next(self.giaddr, self.habits.alone, now);
        self.send(&message, only);
        self.deadlines.push_back((now + self.habits.timeout, place));
    }

    /// What can't be sent is lost, as on any network.
    fn send(&self, message: &Message, only: Option<Ipv4Addr>) {
        let mut buffer = Vec::new();
        encode(message, &mut buffer);
        for server in self
            .servers
            .iter()
            .filter(|to| only.is_none_or(|it| it == **to))
        {
            _ = self
                .socket
                .send_to(&buffer, SocketAddrV4::new(*server, SERVER_PORT));
        }
    }

    /// Those whose answer is overdue ask again.
    fn repeat(&mut self, now: Instant) {
        while let Some((_, place)) = self
            .deadlines
            .front()
            .copied()
            .filter(|(deadline, _)| *deadline <= now)
        {
            self.deadlines.pop_front();
            let client = &mut self.clients[place];
            // It went on, and has another deadline.
            if !client.asks() || client.sent + self.habits.timeout > now {
                continue;
            }
            if client.expire(now) {
                self.tally.ran_out += 1;
            }
            self.ask(place, now);
        }
    }

    /// Those renew whose turn it is.
    fn renew(&mut self, now: Instant) {
        // What nobody used of the rate is not made up for.
        self.next_renewal = self.next_renewal.max(now - CATCH_UP);
        while !self.paused
            && self.next_renewal <= now
            && let Some((due, place)) = self.turns.first().copied()
            && due <= now
        {
            self.turns.pop_first();
            self.next_renewal += Duration::from_secs_f64(1.0 / self.habits.rate);
            self.begin(place, now);
        }
    }

    /// The client renews after half of its lease, or sooner if that is the habit.
    fn await_turn(&mut self, place: usize, seconds: u32, now: Instant) {
        let half = Duration::from_secs(seconds.into()) / 2;
        self.turns
            .insert((now + half.min(self.habits.interval), place));
    }

    fn answer(&mut self, answer: &Answer) {
        let (now, place) = (Instant::now(), usize::from(answer.xid as u16));
        let Some(client) = self
            .clients
            .get_mut(place)
            .filter(|client| client.xid == answer.xid)
        else {
            return;
        };
        match client.answer(answer, now) {
            Outcome::Ignored => {}
            Outcome::Goes => self.ask(place, now),
            Outcome::Refused => {
                self.tally.refused += 1;
                self.ask(place, now);
            }
            Outcome::Served {
                renewal,
                moved,
                waited,
            } => {
                let wait = Wait {
                    time: waited,
                    client: client.mac,
                    unanswered: false,
                };
                self.tally.moved += usize::from(moved);
                *(if renewal {
                    &mut self.tally.renewed
                } else {
                    &mut self.tally.given
                }) += 1;
                note(&mut self.tally, wait, renewal);
                self.await_turn(place, answer.seconds, now);
            }
        }
    }
}

fn note(tally: &mut Tally, wait: Wait, renewal: bool) {
    let longest = if renewal {
        &mut tally.longest_renewal
    } else {
        &mut tally.longest_start
    };
    *longest = wait.max(*longest);
}
