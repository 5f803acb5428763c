//! The writer: records as ISC `write_lease` and `write_failover_state` have them.

use super::text::{QUOTES, is_plain, put_address, put_decimal, put_hex, put_quoted};
use super::{
    Billing, BindingState, FailoverStateRecord, LeaseRecord, McltNote, OtherRecord, Record,
    StateSince, Value, Variable,
};
use crate::checksum::Mark;
use crate::date::{DateWriter, LeaseTime};

/// Appends records to a buffer.
///
/// What real dhcpd writes for a record is written here byte for byte; a journal also has its comment line in each lease
/// (see the [module](super)). A record's own text is all that is allocated, in the caller's buffer.
#[derive(Debug, Clone)]
pub struct Writer {
    dates: DateWriter,
    /// Number of the next marked record, in a journal.
    sequence: Option<u64>,
}

impl Writer {
    /// A writer of plain records, as they are left for real dhcpd by a clean stop.
    pub fn plain() -> Self {
        Self {
            dates: DateWriter::new(),
            sequence: None,
        }
    }

    /// A writer whose leases have numbers and checksums. The first number is 1 in a new file, and
    /// [`Reader::next_sequence`](super::Reader::next_sequence) where a file that was read goes on.
    pub fn journal(next_sequence: u64) -> Self {
        Self {
            dates: DateWriter::new(),
            sequence: Some(next_sequence),
        }
    }

    /// Appends what a file begins with: who wrote it, and the byte order that dhcpd wants to know of before any lease.
    ///
    /// `written_by` is a name and a version; characters that could end a comment are left out.
    pub fn header(&mut self, written_by: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"# dhcpd.leases(5), written by ");
        out.extend(written_by.bytes().filter(|byte| !byte.is_ascii_control()));
        out.extend_from_slice(b"\n\nauthoring-byte-order little-endian;\n\n");
    }

    /// Appends a record of any kind.
    pub fn record(&mut self, record: &Record, out: &mut Vec<u8>) {
        match record {
            Record::Lease(lease) => self.lease(lease, out),
            Record::FailoverState(state) => self.failover_state(state, out),
            Record::ByteOrder => out.extend_from_slice(b"authoring-byte-order little-endian;\n"),
            Record::Other(other) => self.other(other, out),
        }
    }

    /// Appends a lease.
    pub fn lease(&mut self, lease: &LeaseRecord, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(b"lease ");
        put_address(lease.address, out);
        out.extend_from_slice(b" {");
        self.times(lease, out);
        states(lease, out);
        if let Some(billing) = &lease.billing {
            put_billing(billing, out);
        }
        client(lease, out);
        for statement in lease.events.iter().chain(&lease.unknown) {
            out.extend_from_slice(b"\n  ");
            out.extend_from_slice(statement);
        }
        if let Some(sequence) = &mut self.sequence {
            let mark = Mark {
                sequence: *sequence,
                sent: lease.sent.filter(|&sent| sent != lease.implied_sent()),
                received: lease
                    .received
                    .filter(|&received| received != lease.implied_received()),
            };
            mark.write(start, out);
            *sequence = sequence.saturating_add(1);
        }
        out.extend_from_slice(b"\n}\n");
    }

    /// Appends the states of a failover relationship. There is no checksum: operators edit these by hand.
    pub fn failover_state(&mut self, record: &FailoverStateRecord, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\nfailover peer ");
        put_quoted(&record.name, QUOTES, out);
        out.extend_from_slice(b" state {");
        for (whose, state) in [
            (b"\n  my state ".as_slice(), record.mine),
            (b"\n  partner state ", record.partner),
        ] {
            let Some(StateSince { state, since }) = state else {
                continue;
            };
            out.extend_from_slice(whose);
            out.extend_from_slice(state.word().as_bytes());
            match since {
                Some(since) => {
                    out.extend_from_slice(b" at ");
                    self.dates.write(since, out);
                }
                None => out.push(b';'),
            }
        }
        if let Some(mclt) = record.mclt {
            out.extend_from_slice(b"\n  mclt ");
            put_decimal(u64::from(mclt), out);
            out.push(b';');
        }
        if let Some(McltNote { mclt, wait }) = record.mclt_note {
            out.extend_from_slice(b"\n  # mclt=");
            put_decimal(u64::from(mclt), out);
            out.extend_from_slice(b" wait=");
            put_decimal(u64::from(wait), out);
        }
        out.extend_from_slice(b"\n}\n");
    }

    /// Appends a record that was kept as it stood.
    pub fn other(&mut self, record: &OtherRecord, out: &mut Vec<u8>) {
        out.extend_from_slice(record.text());
        out.push(b'\n');
    }

    fn times(&mut self, lease: &LeaseRecord, out: &mut Vec<u8>) {
        self.time(b"\n  starts ", lease.starts, out);
        self.time(b"\n  ends ", lease.ends, out);
        self.time(b"\n  tstp ", lease.tstp, out);
        self.time(b"\n  tsfp ", lease.tsfp, out);
        self.time(b"\n  atsfp ", lease.atsfp, out);
        self.time(b"\n  cltt ", lease.cltt, out);
    }

    fn time(&mut self, name: &[u8], time: Option<LeaseTime>, out: &mut Vec<u8>) {
        if let Some(time) = time {
            out.extend_from_slice(name);
            self.dates.write(time.seconds(), out);
        }
    }
}

fn states(lease: &LeaseRecord, out: &mut Vec<u8>) {
    let mut put = |name: &[u8], state: BindingState| {
        out.extend_from_slice(name);
        out.extend_from_slice(state.word().as_bytes());
        out.push(b';');
    };
    let present = lease.binding_state;
    if let Some(state) = present {
        put(b"\n  binding state ", state);
    }
    // A reader takes a missing state for the present one.
    if let Some(state) = lease
        .next_binding_state
        .filter(|_| lease.next_binding_state != present)
    {
        put(b"\n  next binding state ", state);
    }
    if let Some(state) = lease
        .rewind_binding_state
        .filter(|_| lease.rewind_binding_state != present)
    {
        put(b"\n  rewind binding state ", state);
    }
    if lease.reserved {
        out.extend_from_slice(b"\n  reserved;");
    }
    if lease.bootp {
        out.extend_from_slice(b"\n  dynamic-bootp;");
    }
}

fn put_billing(billing: &Billing, out: &mut Vec<u8>) {
    match billing {
        Billing::Class(name) => {
            out.extend_from_slice(b"\n  billing class ");
            put_quoted(name, QUOTES, out);
        }
        Billing::Subclass { class, value } => {
            out.extend_from_slice(b"\n  billing subclass ");
            put_quoted(class, QUOTES, out);
            out.push(b' ');
            if is_plain(value) {
                put_quoted(value, QUOTES, out);
            } else {
                put_hex(value, out);
            }
        }
    }
    out.push(b';');
}

/// What is known of the client.
fn client(lease: &LeaseRecord, out: &mut Vec<u8>) {
    if let Some(hardware) = &lease.hardware {
        out.extend_from_slice(b"\n  hardware ");
        hardware.write_type(out);
        out.push(b' ');
        put_hex(hardware.address(), out);
        out.push(b';');
    }
    if let Some(uid) = lease.uid.as_ref().filter(|uid| !uid.is_empty()) {
        out.extend_from_slice(b"\n  uid ");
        put_quoted(uid, QUOTES, out);
        out.push(b';');
    }
    for variable in &lease.variables {
        put_variable(variable, out);
    }
    for option in &lease.agent_options {
        option.write(out);
    }
    if let Some(name) = lease.client_hostname.as_ref().filter(|name| is_plain(name)) {
        out.extend_from_slice(b"\n  client-hostname ");
        put_quoted(name, QUOTES, out);
        out.push(b';');
    }
}

fn put_variable(variable: &Variable, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\n  set ");
    out.extend_from_slice(variable.name().as_bytes());
    out.extend_from_slice(b" = ");
    match &variable.value {
        Value::Data(data) => put_quoted(data, QUOTES, out),
        Value::Number(number) => {
            out.push(b'%');
            if *number < 0 {
                out.push(b'-');
            }
            put_decimal(number.unsigned_abs(), out);
        }
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
    }
    out.push(b';');
}
