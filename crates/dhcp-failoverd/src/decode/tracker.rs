//! The connections of a capture: which are failover, and which packet belongs to which.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use super::connection::{Connection, First};
use super::event::{Event, Kind};
use super::packet::{Fragment, LinkLayer, Packet, Segment, parse};
use super::stamp::Stamp;

/// The ports of failover: ISC dhcpd's default, and the one that IANA has assigned.
pub(crate) const PORTS: [u16; 2] = [647, 847];
/// Connections that are kept; each may keep some 100 KiB of segments, and a pair needs one. Of more the oldest is
/// summed up and forgotten.
const MAX_CONNECTIONS: usize = 1024;
/// Connections on other ports that have said nothing yet. CONNECT comes within milliseconds.
const MAX_CANDIDATES: usize = 256;

type Ends = (SocketAddrV4, SocketAddrV4);

/// All connections.
#[derive(Debug)]
pub(crate) struct Tracker {
    ports: Vec<u16>,
    /// Failover connections in the order in which they came into sight, by number.
    connections: BTreeMap<u64, Connection>,
    /// The newest of each pair of ends.
    numbers: BTreeMap<Ends, u64>,
    /// What may turn out to be one.
    candidates: BTreeMap<Ends, Candidate>,
    /// Connections so far, candidates apart.
    count: u64,
    now: Stamp,
}

/// A connection between other ports: failover if it begins with CONNECT.
#[derive(Debug)]
struct Candidate {
    connection: Connection,
    held: Vec<Event>,
    since: Stamp,
}

impl Tracker {
    /// Follows connections to and from [`PORTS`] and these.
    pub(crate) fn new(ports: &[u16]) -> Self {
        Self {
            ports: PORTS.iter().chain(ports).copied().collect(),
            connections: BTreeMap::new(),
            numbers: BTreeMap::new(),
            candidates: BTreeMap::new(),
            count: 0,
            now: Stamp::default(),
        }
    }

    /// Takes a packet, adding what it shows to `out`.
    pub(crate) fn packet(
        &mut self,
        time: Stamp,
        link: LinkLayer,
        bytes: &[u8],
        out: &mut Vec<Event>,
    ) {
        self.now = time;
        match parse(link, bytes) {
            Packet::Segment(segment) => self.segment(&segment, out),
            Packet::Fragment(fragment) => self.fragment(fragment, out),
            Packet::Other => {}
        }
    }

    /// There are no more packets: adds what was left, and the summaries.
    pub(crate) fn finish(&mut self, out: &mut Vec<Event>) {
        for connection in self.connections.values_mut() {
            connection.finish(self.now, out);
        }
        let summaries = self.connections.values();
        out.extend(summaries.filter_map(|connection| connection.summary(self.now)));
        self.connections.clear();
        self.numbers.clear();
    }

    fn segment(&mut self, segment: &Segment<'_>, out: &mut Vec<Event>) {
        let ends = ends(segment);
        let opens = segment.syn && segment.acknowledgement.is_none();
        if let Some(connection) = self
            .numbers
            .get(&ends)
            .and_then(|number| self.connections.get_mut(number))
        {
            if !opens || connection.is_opened_by(segment) {
                connection.segment(segment, self.now, out);
                return;
            }
            // The ports are used again.
            connection.finish(self.now, out);
        }
        let ports = [ends.0.port(), ends.1.port()];
        if ports.iter().any(|port| self.ports.contains(port)) {
            // An acknowledgement or the end of a connection that the capture has missed shows nothing.
            if segment.syn || !segment.payload.is_empty() {
                let mut connection = Connection::new(self.count + 1, segment);
                connection.begin(self.now, out);
                connection.segment(segment, self.now, out);
                self.keep(ends, connection, out);
            }
        } else {
            self.candidate(ends, opens, segment, out);
        }
    }

    /// A segment between other ports.
    fn candidate(&mut self, ends: Ends, opens: bool, segment: &Segment<'_>, out: &mut Vec<Event>) {
        if opens {
            self.nominate(ends, segment);
        }
        let Some(Candidate {
            connection, held, ..
        }) = self.candidates.get_mut(&ends)
        else {
            return;
        };
        connection.segment(segment, self.now, held);
        if connection.first() == First::Unknown && !connection.is_over() {
            return;
        }
        if let Some(mut found) = self.candidates.remove(&ends)
            && found.connection.first() == First::Connect
        {
            found.connection.number = self.count + 1;
            out.extend(found.held.into_iter().map(|event| Event {
                connection: self.count + 1,
                ..event
            }));
            self.keep(ends, found.connection, out);
        }
    }

    fn nominate(&mut self, ends: Ends, segment: &Segment<'_>) {
        let known = self.candidates.get(&ends);
        if known.is_some_and(|known| known.connection.is_opened_by(segment)) {
            return;
        }
        if self.candidates.len() >= MAX_CANDIDATES {
            let oldest = self.candidates.iter().min_by_key(|(_, known)| known.since);
            if let Some(oldest) = oldest.map(|(&ends, _)| ends) {
                self.candidates.remove(&oldest);
            }
        }
        let connection = Connection::new(0, segment);
        let mut held = Vec::new();
        connection.begin(self.now, &mut held);
        let candidate = Candidate {
            connection,
            held,
            since: self.now,
        };
        self.candidates.insert(ends, candidate);
    }

    fn keep(&mut self, ends: Ends, connection: Connection, out: &mut Vec<Event>) {
        self.count += 1;
        self.numbers.insert(ends, self.count);
        self.connections.insert(self.count, connection);
        if self.connections.len() > MAX_CONNECTIONS
            && let Some((number, mut oldest)) = self.connections.pop_first()
        {
            oldest.finish(self.now, out);
            out.extend(oldest.summary(self.now));
            self.numbers.retain(|_, &mut kept| kept != number);
        }
    }

    /// Names a fragment that may be failover's: by its ports, or by its addresses if it has none.
    fn fragment(&self, fragment: Fragment, out: &mut Vec<Event>) {
        let Fragment { from, to, ports } = fragment;
        let is_ours = match ports {
            Some(ports) => ports.iter().any(|port| self.ports.contains(port)),
            None => self.numbers.keys().any(|ends| is_between(*ends, from, to)),
        };
        if is_ours {
            out.push(Event {
                time: self.now,
                connection: 0,
                kind: Kind::Fragment { from, to },
            });
        }
    }
}

/// The same for both directions.
fn ends(segment: &Segment<'_>) -> Ends {
    if segment.from <= segment.to {
        (segment.from, segment.to)
    } else {
        (segment.to, segment.from)
    }
}

fn is_between(ends: Ends, from: Ipv4Addr, to: Ipv4Addr) -> bool {
    let addresses = (*ends.0.ip(), *ends.1.ip());
    addresses == (from, to) || addresses == (to, from)
}
