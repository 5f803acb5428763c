//! One TCP connection: its segments become events.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;

use bytes::{Bytes, BytesMut};
use dhcp_split::Role;
use failover_wire::{DecodeError, Frame, Message, MessageType, decode};

use super::event::{Answers, Bad, Event, Kind, Party, Seen, SideSummary, Summary, Undecodable};
use super::framing::{Cut, Framing};
use super::half::{Half, Piece};
use super::packet::Segment;
use super::stamp::Stamp;
use super::updates::Updates;

/// Unanswered updates that a summary names.
const NAMED: usize = 10;

/// One TCP connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// As the events have it.
    pub(crate) number: u64,
    sides: [Side; 2],
    /// Whether its first SYN was seen.
    is_whole: bool,
    /// The side that sent CONNECT; none if both did.
    primary: Option<usize>,
    relationship: Option<Bytes>,
    first: First,
    is_over: bool,
    was_refused: bool,
}

/// What the first message of a connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum First {
    /// It hasn't come yet.
    Unknown,
    /// CONNECT: this is failover.
    Connect,
    /// Something else, or no message at all.
    Other,
}

/// One end, and what it sends.
#[derive(Debug)]
struct Side {
    address: SocketAddrV4,
    half: Half,
    framing: Framing,
    updates: Updates,
    messages: BTreeMap<MessageType, u64>,
    undecodable: u64,
    has_connected: bool,
    has_closed: bool,
}

impl Side {
    fn new(address: SocketAddrV4) -> Self {
        Self {
            address,
            half: Half::default(),
            framing: Framing::default(),
            updates: Updates::default(),
            messages: BTreeMap::new(),
            undecodable: 0,
            has_connected: false,
            has_closed: false,
        }
    }
}

impl Connection {
    /// A connection whose first segment this is; the segment itself is still to be taken.
    pub(crate) fn new(number: u64, segment: &Segment<'_>) -> Self {
        // A SYN that answers one comes from the dialled end.
        let answers = segment.syn && segment.acknowledgement.is_some();
        let (dialling, dialled) = if answers {
            (segment.to, segment.from)
        } else {
            (segment.from, segment.to)
        };
        Self {
            number,
            sides: [Side::new(dialling), Side::new(dialled)],
            is_whole: segment.syn,
            primary: None,
            relationship: None,
            first: First::Unknown,
            is_over: false,
            was_refused: false,
        }
    }

    /// What its first message is.
    pub(crate) const fn first(&self) -> First {
        self.first
    }

    /// Whether both ends have closed it, or one has broken it.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether a SYN from `from` with this number would open it once more.
    pub(crate) fn is_opened_by(&self, segment: &Segment<'_>) -> bool {
        let side = &self.sides[self.side(segment.from)];
        !self.is_over && self.is_whole && side.half.opens_at(segment.sequence)
    }

    /// How the connection comes into sight.
    pub(crate) fn begin(&self, time: Stamp, out: &mut Vec<Event>) {
        let (from, to) = (self.party(0), self.party(1));
        let kind = if self.is_whole {
            Kind::Opened { from, to }
        } else {
            Kind::Joined { from, to }
        };
        out.push(self.event(time, kind));
    }

    /// Takes a segment of this connection.
    pub(crate) fn segment(&mut self, segment: &Segment<'_>, time: Stamp, out: &mut Vec<Event>) {
        if self.is_over {
            return;
        }
        let from = self.side(segment.from);
        let mut sequence = segment.sequence;
        if segment.rst {
            if self.sides[from].half.is_near(sequence) {
                self.reset(from, time, out);
            }
            return;
        }
        if segment.syn {
            self.sides[from].half.open(sequence);
            sequence = sequence.wrapping_add(1);
            if let Some(expected) = segment.acknowledgement {
                self.sides[1 - from].half.open(expected.wrapping_sub(1));
            }
        } else if !self.sides[from].half.is_known() {
            self.sides[from].framing.begin_inside();
        }
        let mut pieces = Vec::new();
        let half = &mut self.sides[from].half;
        let Segment {
            payload,
            missing,
            fin,
            ..
        } = *segment;
        half.segment(sequence, payload, missing, fin, &mut pieces);
        self.pieces(from, pieces, time, out);
        if let Some(acknowledgement) = segment.acknowledgement {
            let mut pieces = Vec::new();
            let half = &mut self.sides[1 - from].half;
            half.acknowledge(acknowledgement, time, &mut pieces);
            self.pieces(1 - from, pieces, time, out);
        }
    }

    /// No segment will come any more: hands out what waits.
    pub(crate) fn finish(&mut self, time: Stamp, out: &mut Vec<Event>) {
        if self.is_over {
            return;
        }
        for from in [0, 1] {
            let mut pieces = Vec::new();
            self.sides[from].half.finish(&mut pieces);
            self.pieces(from, pieces, time, out);
            let mut cuts = Vec::new();
            self.sides[from].framing.finish(&mut cuts);
            self.cuts(from, cuts, time, out);
        }
        self.is_over = true;
    }

    /// All that was seen of it; nothing is to be said of one that was refused.
    pub(crate) fn summary(&self, time: Stamp) -> Option<Event> {
        let sides = [0, 1].map(|side| {
            let party = self.party(side);
            let side = &self.sides[side];
            SideSummary {
                party,
                messages: side.messages.clone(),
                undecodable: side.undecodable,
                accepted: side.updates.accepted(),
                refused: side.updates.refused(),
                unanswered: side.updates.unanswered(),
                waiting: side.updates.waiting(NAMED),
            }
        });
        let relationship = self.relationship.clone();
        let summary = Summary {
            relationship,
            sides,
        };
        (!self.was_refused).then(|| self.event(time, Kind::Summary(Box::new(summary))))
    }

    fn side(&self, address: SocketAddrV4) -> usize {
        usize::from(self.sides[0].address != address)
    }

    fn party(&self, side: usize) -> Party {
        let role = self.primary.map(|primary| {
            if primary == side {
                Role::Primary
            } else {
                Role::Secondary
            }
        });
        Party {
            address: self.sides[side].address,
            role,
        }
    }

    const fn event(&self, time: Stamp, kind: Kind) -> Event {
        Event {
            time,
            connection: self.number,
            kind,
        }
    }

    fn reset(&mut self, from: usize, time: Stamp, out: &mut Vec<Event>) {
        self.was_refused = self.is_whole && from == 1 && !self.sides[1].half.is_known();
        self.finish(time, out);
        let by = self.party(from);
        let kind = if self.was_refused {
            Kind::Refused { by }
        } else {
            Kind::Reset { by }
        };
        out.push(self.event(time, kind));
    }

    fn pieces(&mut self, from: usize, pieces: Vec<Piece>, time: Stamp, out: &mut Vec<Event>) {
        for piece in pieces {
            let framing = &mut self.sides[from].framing;
            let mut cuts = Vec::new();
            match &piece {
                Piece::Bytes(bytes) => {
                    framing.bytes(bytes);
                    cuts.extend(std::iter::from_fn(|| framing.next()));
                }
                Piece::Gap(missing) => {
                    framing.gap(*missing, &mut cuts);
                    self.decide(First::Other);
                }
                Piece::End => framing.finish(&mut cuts),
            }
            self.cuts(from, cuts, time, out);
            // Behind what was left of a message.
            let (by, to) = (self.party(from), self.party(1 - from));
            let kind = match piece {
                Piece::Bytes(_) => continue,
                Piece::Gap(missing) => Kind::Gap {
                    from: by,
                    to,
                    missing,
                },
                Piece::End => {
                    self.sides[from].has_closed = true;
                    self.is_over = self.sides[1 - from].has_closed;
                    Kind::Closed { by }
                }
            };
            out.push(self.event(time, kind));
        }
    }

    fn cuts(&mut self, from: usize, cuts: Vec<Cut>, time: Stamp, out: &mut Vec<Event>) {
        for cut in cuts {
            let kind = match cut {
                Cut::Message { offset, bytes } => {
                    self.message(from, offset, bytes, time, out);
                    continue;
                }
                Cut::BadLength {
                    offset,
                    bytes,
                    error,
                } => self.undecodable(from, offset, bytes, error),
                Cut::Skipped {
                    offset,
                    length,
                    bytes,
                } => Kind::Skipped(self.bad(from, offset, length, bytes)),
                Cut::Partial { offset, bytes } => {
                    Kind::Partial(self.bad(from, offset, bytes.len() as u64, bytes))
                }
            };
            self.decide(First::Other);
            out.push(self.event(time, kind));
        }
    }

    /// Decodes the message at `offset`; a batch is several frames.
    fn message(
        &mut self,
        from: usize,
        offset: u64,
        bytes: Bytes,
        time: Stamp,
        out: &mut Vec<Event>,
    ) {
        let mut rest = BytesMut::from(&bytes[..]);
        let error = loop {
            match decode(&mut rest) {
                Ok(Some(frame)) => {
                    let answers = self.note(from, &frame, time);
                    let seen = Seen {
                        from: self.party(from),
                        to: self.party(1 - from),
                        frame,
                        bytes: bytes.clone(),
                        answers,
                    };
                    out.push(self.event(time, Kind::Message(Box::new(seen))));
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        if let Some(error) = error {
            self.decide(First::Other);
            let kind = self.undecodable(from, offset, bytes, error);
            out.push(self.event(time, kind));
        }
    }

    /// Learns from a message; says what it answers.
    fn note(&mut self, from: usize, frame: &Frame, time: Stamp) -> Answers {
        let message_type = frame.message.message_type();
        let counted = self.sides[from].messages.entry(message_type).or_default();
        *counted += 1;
        match &frame.message {
            Message::Connect(connect) => {
                self.decide(First::Connect);
                self.sides[from].has_connected = true;
                let both = self.sides[1 - from].has_connected;
                self.primary = (!both).then_some(from);
                self.relationship = connect
                    .relationship_name
                    .clone()
                    .or(self.relationship.take());
            }
            Message::BindingUpdate(update) => {
                self.sides[from].updates.sent(frame.xid, update, time);
            }
            Message::BindingAck(ack) => {
                let answers = self.sides[1 - from].updates.answered(frame.xid, ack, time);
                if self.is_whole || answers != Answers::Nothing {
                    return answers;
                }
            }
            _ => {}
        }
        self.decide(First::Other);
        Answers::Unknown
    }

    /// The first message decides, once and for all.
    fn decide(&mut self, first: First) {
        if self.first == First::Unknown {
            self.first = first;
        }
    }

    fn undecodable(&mut self, from: usize, offset: u64, bytes: Bytes, error: DecodeError) -> Kind {
        self.sides[from].undecodable += 1;
        let bad = self.bad(from, offset, bytes.len() as u64, bytes);
        Kind::Undecodable(Undecodable { bad, error })
    }

    fn bad(&self, from: usize, offset: u64, length: u64, bytes: Bytes) -> Bad {
        Bad {
            from: self.party(from),
            to: self.party(1 - from),
            offset,
            length,
            bytes,
        }
    }
}
