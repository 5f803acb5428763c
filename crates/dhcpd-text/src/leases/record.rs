//! What the records of a lease file hold.

use std::net::Ipv4Addr;

use super::{AgentOption, BindingState, Hardware, ServerState};
use crate::date::LeaseTime;

/// One record of a lease file.
///
/// The file is a journal: of several records for one key (a lease's address, a failover peer's name, the
/// [key](OtherRecord::key) of anything else) the last one holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// `lease A.B.C.D { ... }`
    Lease(LeaseRecord),
    /// `failover peer "name" state { ... }`
    FailoverState(FailoverStateRecord),
    /// The `authoring-byte-order` statement. It says how DHCPv6 records are to be read, and the header that a
    /// [`Writer`](super::Writer) begins a file with has its own.
    ByteOrder,
    /// What this server has no use for: `server-duid`, and the `host`, `group`, `class` and `subclass` declarations that
    /// dhcpd keeps for OMAPI and spawned classes. Kept, so that a rewritten file loses nothing.
    Other(OtherRecord),
}

/// The state of one address.
///
/// Every field but the address may be missing. How dhcpd reads a missing field: times as 0 (`tstp` as `ends`),
/// `binding_state` as active where `ends` lies ahead and otherwise as expired (in a pool with failover) or free, `next`
/// and `rewind` as the binding state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRecord {
    /// The address.
    pub address: Ipv4Addr,
    /// Start of the present lease or state.
    pub starts: Option<LeaseTime>,
    /// End of the lease as the client knows it.
    pub ends: Option<LeaseTime>,
    /// "Time sent to partner": the potential expiry that is announced to the partner.
    pub tstp: Option<LeaseTime>,
    /// "Time sent from partner": the potential expiry that bounds what may be granted.
    pub tsfp: Option<LeaseTime>,
    /// "Actual time sent from partner": the potential expiry that the partner acknowledged.
    pub atsfp: Option<LeaseTime>,
    /// Client last transaction time.
    pub cltt: Option<LeaseTime>,
    /// `binding state`: the present state.
    pub binding_state: Option<BindingState>,
    /// `next binding state`: the state at `ends`, where it isn't the present one.
    pub next_binding_state: Option<BindingState>,
    /// `rewind binding state`: the last state that the partner may know of, where it isn't the present one.
    pub rewind_binding_state: Option<BindingState>,
    /// `reserved`: kept for its client.
    pub reserved: bool,
    /// `dynamic-bootp`: given to a BOOTP client.
    pub bootp: bool,
    /// `billing class`, `billing subclass`: the class whose lease limit this lease counts towards.
    pub billing: Option<Billing>,
    /// `hardware`: the client's hardware type and address.
    pub hardware: Option<Hardware>,
    /// `uid`: the client identifier (option 61), never empty.
    pub uid: Option<Vec<u8>>,
    /// `set`: variables, in file order.
    pub variables: Vec<Variable>,
    /// `option agent.*`: sub-options of the relay agent information option, in file order.
    pub agent_options: Vec<AgentOption>,
    /// `client-hostname`: the name that the client gave. dhcpd writes it only when it is printable ASCII without `"` and
    /// `\`, and so does [`Writer`](super::Writer).
    pub client_hostname: Option<Vec<u8>>,
    /// `on expiry { ... }`, `on release { ... }`: whole statements to the closing brace, as they stood behind `on` and a
    /// blank.
    pub events: Vec<Vec<u8>>,
    /// Statements that aren't known, as they stood, first word to semicolon or closing brace.
    pub unknown: Vec<Vec<u8>>,
    /// The potential expiry sent to the partner, in seconds since 1970 (0 is none), where it differs from what the fields
    /// above say: ours alone, in the comment line (see the [module](super)).
    pub sent: Option<u32>,
    /// The potential expiry received from the partner; otherwise as `sent`.
    pub received: Option<u32>,
}

impl LeaseRecord {
    /// A record of `address` and nothing else.
    pub fn new(address: Ipv4Addr) -> Self {
        Self {
            address,
            starts: None,
            ends: None,
            tstp: None,
            tsfp: None,
            atsfp: None,
            cltt: None,
            binding_state: None,
            next_binding_state: None,
            rewind_binding_state: None,
            reserved: false,
            bootp: false,
            billing: None,
            hardware: None,
            uid: None,
            variables: Vec::new(),
            agent_options: Vec::new(),
            client_hostname: None,
            events: Vec::new(),
            unknown: Vec::new(),
            sent: None,
            received: None,
        }
    }

    /// The potential expiry sent to the partner: `sent` where the record has it, otherwise the later of `tstp` (where
    /// that is missing `ends`, as dhcpd reads it) and `tsfp`. Seconds since 1970, 0 for none.
    pub fn sent_expiry(&self) -> u32 {
        self.sent.unwrap_or_else(|| self.implied_sent())
    }

    /// The potential expiry received from the partner: `received` where the record has it, otherwise `tsfp`.
    pub fn received_expiry(&self) -> u32 {
        self.received.unwrap_or_else(|| self.implied_received())
    }

    /// The potential expiry that the partner acknowledged: `atsfp`.
    pub fn acknowledged_expiry(&self) -> u32 {
        seconds(self.atsfp)
    }

    pub(crate) fn implied_sent(&self) -> u32 {
        seconds(self.tstp.or(self.ends)).max(seconds(self.tsfp))
    }

    pub(crate) fn implied_received(&self) -> u32 {
        seconds(self.tsfp)
    }
}

fn seconds(time: Option<LeaseTime>) -> u32 {
    time.map_or(0, LeaseTime::seconds)
}

/// The class that a lease is billed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Billing {
    /// A class by its name.
    Class(Vec<u8>),
    /// A subclass.
    Subclass {
        /// Name of the class it belongs to.
        class: Vec<u8>,
        /// The value that it matches.
        value: Vec<u8>,
    },
}

/// A variable that is kept with a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    name: String,
    /// Its value.
    pub value: Value,
}

impl Variable {
    /// A variable, unless `name` is nothing that the lexer takes for one name.
    pub fn new(name: &str, value: Value) -> Option<Self> {
        let mut bytes = name.bytes();
        let fits = bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        fits.then(|| Self {
            name: name.to_owned(),
            value,
        })
    }

    /// Its name: a letter, then letters, digits, `-` and `_`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Value of a [`Variable`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Bytes, written as a string.
    Data(Vec<u8>),
    /// A number, written with `%` before it.
    Number(i64),
    /// `true` or `false`.
    Boolean(bool),
}

/// States of a failover relationship, ours and the partner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailoverStateRecord {
    /// Name of the relationship.
    pub name: Vec<u8>,
    /// `my state`; where it is missing, dhcpd keeps what it has.
    pub mine: Option<StateSince>,
    /// `partner state`; where it is missing, dhcpd keeps what it has.
    pub partner: Option<StateSince>,
    /// `mclt`, in seconds: written by a secondary; real dhcpd refuses it in a primary's file.
    pub mclt: Option<u32>,
    /// What there is no statement for: ours alone, in a comment line (see the [module](super)).
    pub mclt_note: Option<McltNote>,
}

/// MCLT as a server goes by it, where the configuration may say something else by the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct McltNote {
    /// MCLT in force, in seconds.
    pub mclt: u32,
    /// The greatest under which a lease was granted that may still be out, in seconds.
    pub wait: u32,
}

impl McltNote {
    /// Finds the note among the comments in front of a record's closing brace. A line that an operator has
    /// spoiled is a comment like any other.
    pub(crate) fn read(comments: &[u8]) -> Option<Self> {
        let number = |digits: &[u8]| core::str::from_utf8(digits).ok()?.parse().ok();
        comments.split(|&byte| byte == b'\n').find_map(|line| {
            let fields = line.trim_ascii().strip_prefix(b"# mclt=")?;
            let blank = fields.iter().position(|&byte| byte == b' ')?;
            let wait = fields[blank..].strip_prefix(b" wait=")?;
            Some(Self {
                mclt: number(&fields[..blank])?,
                wait: number(wait)?,
            })
        })
    }
}

/// A server state and when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateSince {
    /// The state.
    pub state: ServerState,
    /// When it began, in seconds since 1970; `None` where the record doesn't say, which means the time of reading.
    /// (dhcpd ignores a state that began at 0.)
    pub since: Option<u32>,
}

/// A record that is kept as it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRecord {
    text: Vec<u8>,
    key_length: usize,
}

impl OtherRecord {
    pub(super) fn new(text: &[u8], key_length: usize) -> Self {
        Self {
            text: text.to_owned(),
            key_length,
        }
    }

    /// The whole record, first word to closing brace or semicolon.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// What this record is about, so that a later one with the same key replaces it: all before the brace (`host fred`),
    /// and the first word of what has no braces (`server-duid`).
    pub fn key(&self) -> &[u8] {
        &self.text[..self.key_length]
    }
}
