//! Connections between the servers: ordered bytes, silence, and resets.
//!
//! A connection is two lanes of pieces. A piece whose way is blocked, by a cut or by a machine without power, stays in
//! its lane and is sent again once the way is free, as TCP would. What a process wrote is still delivered after its
//! death; what a machine had not sent when it lost power is gone, from any byte on.

use std::collections::{BTreeMap, VecDeque};

use dhcp4_server::{ConnId, RelationshipId};

use crate::clock::Time;
use crate::event::{self, NodeId, Queue};
use crate::fault::{Fault, Faults};
use crate::random::Stream;

/// Longest delay of a piece whose way is free, ms.
const LATENCY: u64 = 3;
/// Longest wait for the next try after the way is free again, ms.
const RETRANSMIT: u64 = 10_000;
/// How long a dial may take, ms: the daemon's limit.
const DIAL: Time = 5_000;

/// Something on a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The first piece of a lane may have arrived.
    Arrive {
        /// The connection.
        conn: ConnId,
        /// The end that it comes from: 0 dialled.
        from: usize,
    },
    /// A dial has taken long enough.
    DialOver {
        /// The connection that it was to become.
        conn: ConnId,
    },
}

/// What a server is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Input {
    /// The partner connected.
    Accepted(ConnId),
    /// Our dialling succeeded.
    Dialed(RelationshipId, ConnId),
    /// It didn't; true if it was refused.
    DialFailed(RelationshipId, bool),
    /// Bytes came.
    Bytes(ConnId, Vec<u8>),
    /// The connection is gone.
    Disconnected(ConnId),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The dialling end, until it is answered.
    Dialing,
    /// The other end, until it is called.
    Called,
    Open,
    Closed,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Syn,
    SynAck,
    Bytes(Vec<u8>),
    Fin,
    Reset,
}

#[derive(Debug)]
struct Conn {
    relationship: RelationshipId,
    nodes: [NodeId; 2],
    states: [State; 2],
    lanes: [VecDeque<(Time, Piece)>; 2],
}

/// All connections between the servers, and the link that carries them.
#[derive(Debug)]
pub(crate) struct Tcp {
    conns: BTreeMap<ConnId, Conn>,
    next: u64,
    /// What comes from this server gets no further.
    blocked: [bool; 2],
    /// Longest delay of a piece beside the usual one, ms.
    slow: Time,
    powered: [bool; 2],
    listening: [bool; 2],
    segments: bool,
    latency: Stream,
    cutting: Stream,
}

impl Tcp {
    /// A link that is up between machines that are on.
    #[must_use]
    pub(crate) fn new(seed: u64, faults: &Faults) -> Self {
        Self {
            conns: BTreeMap::new(),
            next: 1,
            blocked: [false; 2],
            slow: 0,
            powered: [true; 2],
            listening: [false; 2],
            segments: faults.has(Fault::Segments),
            latency: Stream::new(seed, "tcp-latency"),
            cutting: Stream::new(seed, Fault::Segments.name()),
        }
    }

    /// Whether the link carries anything.
    #[must_use]
    pub(crate) fn is_connected(&self) -> bool {
        self.blocked == [false; 2]
    }

    /// Whether a machine is on.
    #[must_use]
    pub(crate) fn is_powered(&self, node: NodeId) -> bool {
        self.powered[node]
    }

    /// Who dials, or has dialled.
    #[must_use]
    pub(crate) fn dialler(&self, conn: ConnId) -> Option<NodeId> {
        self.conns.get(&conn).map(|ends| ends.nodes[0])
    }

    /// Whether nothing is on its way.
    #[must_use]
    pub(crate) fn is_idle(&self) -> bool {
        self.conns
            .values()
            .all(|conn| conn.lanes.iter().all(VecDeque::is_empty))
    }

    /// A process begins to listen.
    pub(crate) fn listen(&mut self, node: NodeId) {
        self.listening[node] = true;
    }

    /// A process dials its partner.
    pub(crate) fn dial(&mut self, node: NodeId, relationship: RelationshipId, queue: &mut Queue) {
        let conn = ConnId(self.next);
        self.next += 1;
        let ends = Conn {
            relationship,
            nodes: [node, 1 - node],
            states: [State::Dialing, State::Called],
            lanes: Default::default(),
        };
        self.conns.insert(conn, ends);
        self.push(conn, 0, Piece::Syn, queue);
        queue.after(DIAL, event::Event::Tcp(Event::DialOver { conn }));
    }

    /// A process writes.
    pub(crate) fn send(&mut self, node: NodeId, conn: ConnId, bytes: &[u8], queue: &mut Queue) {
        let Some(from) = self
            .end(node, conn)
            .filter(|end| self.is(conn, *end, State::Open))
        else {
            return;
        };
        let mut rest = bytes;
        while self.segments && rest.len() > 1 && self.cutting.chance(400) {
            let (piece, behind) =
                rest.split_at(self.cutting.between(1, rest.len() as u64 - 1) as usize);
            self.push(conn, from, Piece::Bytes(piece.to_vec()), queue);
            rest = behind;
        }
        self.push(conn, from, Piece::Bytes(rest.to_vec()), queue);
    }

    /// A process closes a connection, after what it wrote.
    pub(crate) fn close(&mut self, node: NodeId, conn: ConnId, queue: &mut Queue) {
        if let Some(from) = self
            .end(node, conn)
            .filter(|end| self.is(conn, *end, State::Open))
        {
            self.set(conn, from, State::Closed);
            self.push(conn, from, Piece::Fin, queue);
        }
    }

    /// A process ends; what it wrote still goes out.
    pub(crate) fn kill(&mut self, node: NodeId, queue: &mut Queue) {
        self.listening[node] = false;
        for (conn, end) in self.ends_of(node) {
            let was_open = self.is(conn, end, State::Open);
            self.set(conn, end, State::Closed);
            if was_open {
                self.push(conn, end, Piece::Fin, queue);
            }
        }
    }

    /// A machine loses power, and with it what it had not sent.
    pub(crate) fn power_off(&mut self, node: NodeId) {
        self.listening[node] = false;
        self.powered[node] = false;
        for (conn, end) in self.ends_of(node) {
            self.set(conn, end, State::Closed);
            self.tear(conn, end);
        }
    }

    /// It is on again.
    pub(crate) fn power_on(&mut self, node: NodeId, queue: &mut Queue) {
        self.powered[node] = true;
        self.retransmit(queue);
    }

    /// Nothing comes through any more, and nobody is told.
    pub(crate) fn cut(&mut self) {
        self.blocked = [true; 2];
    }

    /// Nothing comes through any more from one server.
    pub(crate) fn cut_from(&mut self, node: NodeId) {
        self.blocked[node] = true;
    }

    /// From now on everything takes up to so much longer, ms.
    pub(crate) fn slow_down(&mut self, most: Time) {
        self.slow = most;
    }

    /// A machine sleeps: what is sent to it waits.
    pub(crate) fn sleep(&mut self, node: NodeId) {
        self.powered[node] = false;
    }

    /// One end of each connection is gone, and the other one isn't told; says how many.
    pub(crate) fn reset_end(&mut self, node: NodeId, queue: &mut Queue) -> usize {
        let mut ends = self.ends_of(node);
        ends.retain(|(conn, end)| self.is(*conn, *end, State::Open));
        for &(conn, end) in &ends {
            self.tear(conn, 1 - end);
            self.push(conn, 1 - end, Piece::Reset, queue);
        }
        ends.len()
    }

    /// Everything comes through again.
    pub(crate) fn heal(&mut self, queue: &mut Queue) {
        self.blocked = [false; 2];
        self.retransmit(queue);
    }

    /// Something on the way resets every connection; says how many.
    pub(crate) fn reset(&mut self, queue: &mut Queue) -> usize {
        let open: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, c)| c.states.contains(&State::Open))
            .map(|(id, _)| *id)
            .collect();
        for conn in &open {
            for from in [0, 1] {
                self.tear(*conn, from);
                self.push(*conn, from, Piece::Reset, queue);
            }
        }
        open.len()
    }

    /// What an event means to a server.
    pub(crate) fn handle(&mut self, event: Event, queue: &mut Queue) -> Option<(NodeId, Input)> {
        let input = match event {
            Event::Arrive { conn, from } => self.arrive(conn, from, queue),
            Event::DialOver { conn } => self.dial_over(conn),
        };
        let (Event::Arrive { conn, .. } | Event::DialOver { conn }) = event;
        if let Some(ends) = self.conns.get(&conn)
            && ends.states == [State::Closed; 2]
            && ends.lanes.iter().all(VecDeque::is_empty)
        {
            self.conns.remove(&conn);
        }
        input
    }

    fn arrive(&mut self, conn: ConnId, from: usize, queue: &mut Queue) -> Option<(NodeId, Input)> {
        let to = 1 - from;
        let ends = self.conns.get_mut(&conn)?;
        let node = ends.nodes[to];
        if self.blocked[ends.nodes[from]] || !self.powered[node] {
            return None;
        }
        let lane = &mut ends.lanes[from];
        if lane.front().is_none_or(|(at, _)| *at > queue.now()) {
            return None;
        }
        let (_, piece) = lane.pop_front()?;
        let (state, relationship) = (ends.states[to], ends.relationship);
        let (after, answer, input) = match (piece, state) {
            (Piece::Syn, _) if self.listening[node] => (
                State::Open,
                Some(Piece::SynAck),
                Some(Input::Accepted(conn)),
            ),
            (Piece::SynAck, State::Dialing) => {
                (State::Open, None, Some(Input::Dialed(relationship, conn)))
            }
            (Piece::Bytes(bytes), State::Open) => {
                (State::Open, None, Some(Input::Bytes(conn, bytes)))
            }
            (Piece::Fin | Piece::Reset, State::Open) => {
                (State::Closed, None, Some(Input::Disconnected(conn)))
            }
            (Piece::Reset, State::Dialing) => (
                State::Closed,
                None,
                Some(Input::DialFailed(relationship, true)),
            ),
            (Piece::Fin | Piece::Reset, _) => (State::Closed, None, None),
            (Piece::Syn | Piece::SynAck | Piece::Bytes(_), _) => {
                (State::Closed, Some(Piece::Reset), None)
            }
        };
        self.set(conn, to, after);
        if let Some(answer) = answer {
            self.push(conn, to, answer, queue);
        }
        input.map(|input| (node, input))
    }

    fn dial_over(&mut self, conn: ConnId) -> Option<(NodeId, Input)> {
        let ends = self.conns.get_mut(&conn)?;
        // A call that hasn't come through is never heard of again.
        if let Some((_, Piece::Syn)) = ends.lanes[0].front() {
            ends.lanes[0].clear();
        }
        if ends.states[1] == State::Called {
            ends.states[1] = State::Closed;
        }
        if ends.states[0] != State::Dialing {
            return None;
        }
        ends.states[0] = State::Closed;
        Some((ends.nodes[0], Input::DialFailed(ends.relationship, false)))
    }

    fn push(&mut self, conn: ConnId, from: usize, piece: Piece, queue: &mut Queue) {
        let slow = match self.slow {
            0 => 0,
            most => self.latency.spread(1, most),
        };
        let at = queue.now() + 1 + self.latency.below(LATENCY) + slow;
        let Some(ends) = self.conns.get_mut(&conn) else {
            return;
        };
        let lane = &mut ends.lanes[from];
        let at = lane.back().map_or(at, |(last, _)| at.max(*last));
        lane.push_back((at, piece));
        queue.at(at, event::Event::Tcp(Event::Arrive { conn, from }));
    }

    fn retransmit(&mut self, queue: &mut Queue) {
        for (&conn, ends) in &mut self.conns {
            for (from, lane) in ends.lanes.iter_mut().enumerate() {
                let again = queue.now() + self.latency.spread(1, RETRANSMIT);
                for (at, _) in lane {
                    *at = again.max(*at);
                    queue.at(*at, event::Event::Tcp(Event::Arrive { conn, from }));
                }
            }
        }
    }

    /// Loses a lane from some byte on.
    fn tear(&mut self, conn: ConnId, from: usize) {
        let Some(ends) = self.conns.get_mut(&conn) else {
            return;
        };
        let lane = &mut ends.lanes[from];
        let kept = self.cutting.below(lane.len() as u64 + 1) as usize;
        let torn = lane.drain(kept..).next();
        if let Some((at, Piece::Bytes(mut bytes))) = torn
            && bytes.len() > 1
        {
            bytes.truncate(self.cutting.between(1, bytes.len() as u64 - 1) as usize);
            lane.push_back((at, Piece::Bytes(bytes)));
        }
    }

    fn end(&self, node: NodeId, conn: ConnId) -> Option<usize> {
        self.conns
            .get(&conn)?
            .nodes
            .iter()
            .position(|other| *other == node)
    }

    fn ends_of(&self, node: NodeId) -> Vec<(ConnId, usize)> {
        self.conns
            .keys()
            .filter_map(|conn| Some((*conn, self.end(node, *conn)?)))
            .collect()
    }

    fn is(&self, conn: ConnId, end: usize, state: State) -> bool {
        self.conns
            .get(&conn)
            .is_some_and(|ends| ends.states[end] == state)
    }

    fn set(&mut self, conn: ConnId, end: usize, state: State) {
        if let Some(ends) = self.conns.get_mut(&conn) {
            ends.states[end] = state;
        }
    }
}
