//! What came of one run. Moments count from the failure.

use serde::Serialize;

use super::span::Span;

/// One run of a drill.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Record {
    /// What the operator does meanwhile.
    pub(super) course: Course,
    /// The states of both servers, in order, from just before the failure to the end.
    pub(super) states: Vec<Change>,
    /// How things stood at the failure, and at regular intervals until the repair.
    pub(super) rows: Vec<Row>,
    /// The longest time that a client was there without an address, from the failure to the repair.
    pub(super) longest_wait: Option<Longest>,
    /// The same for the time before the failure, for comparison.
    pub(super) longest_wait_before: Option<Longest>,
    /// Clients that came, and had no address by the time they left or it was repaired.
    pub(super) unserved: u32,
    /// When the survivor had no address left for strangers on one of its networks, if that was before the repair. If the
    /// link failed, the first of the two.
    pub(super) dry: Option<Dry>,
    /// When the survivor began to have the partner's addresses.
    pub(super) rest: Option<Rest>,
    /// Addresses that two clients used at once.
    pub(super) used_twice: u32,
    /// When that was first so.
    pub(super) used_twice_at: Option<Span>,
    /// When it was repaired.
    pub(super) repaired: Span,
    /// From the repair until both servers were NORMAL and had told each other everything; nothing if they weren't in time.
    pub(super) resync: Option<Span>,
}

/// What the operator does in a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Course {
    /// Nothing but repair it.
    Wait,
    /// Declares the partner down, which it is.
    PartnerDown,
    /// Declares the partner down, though only the link is.
    Mistake,
}

/// A server's state changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Change {
    /// When.
    pub(super) at: Span,
    /// Which server: `primary` or `secondary`.
    pub(super) server: &'static str,
    /// Its state in ISC's words, or `off`.
    pub(super) state: String,
}

/// How things stand.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Row {
    /// When.
    pub(super) at: Span,
    /// The primary, if it runs.
    pub(super) primary: Option<Side>,
    /// The secondary.
    pub(super) secondary: Option<Side>,
    /// Clients that are there without an address.
    pub(super) waiting: u32,
}

/// One server's view.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Side {
    /// Addresses that it could give to strangers now.
    pub(super) available: u32,
    /// FREE, the primary's to give.
    pub(super) free: u32,
    /// BACKUP, the secondary's.
    pub(super) backup: u32,
    /// ACTIVE.
    pub(super) active: u32,
    /// ACKs that it has sent since the row before.
    pub(super) answered: u32,
}

/// A long wait.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Longest {
    /// How long.
    pub(super) seconds: Span,
    /// Since when.
    pub(super) since: Span,
    /// The client's hardware address.
    pub(super) client: String,
    /// It ended with an address; else the client left, or still waits.
    pub(super) served: bool,
}

/// Nothing is left for strangers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Dry {
    /// When.
    pub(super) at: Span,
    /// On which shared network.
    pub(super) network: String,
}

/// The partner's addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Rest {
    /// When.
    pub(super) at: Span,
    /// How many at first.
    pub(super) addresses: u32,
}

/// The name of a server.
pub(super) fn server(node: usize) -> &'static str {
    ["primary", "secondary"][node]
}

impl Row {
    /// The side of a server.
    pub(super) fn side(&self, node: usize) -> Option<Side> {
        [self.primary, self.secondary][node]
    }
}
