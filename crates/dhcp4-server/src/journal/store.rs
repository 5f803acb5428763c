//! Changes of the table into records.

use core::net::Ipv4Addr;

use dhcp_failover::{Binding, BindingStatus, RelationshipRecord, Role, UnixTime};
use dhcpd_text::leases::{
    AgentOption, BindingState, FailoverStateRecord, Hardware, LeaseRecord, LeaseTime, McltNote,
    ServerState, StateSince, Writer,
};

use super::{StoredRecord, name_variables, state_of};
use crate::Record;
use crate::config::ServerConfig;

/// Writes records as text.
#[derive(Clone, Debug)]
pub struct RecordWriter {
    writer: Writer,
    plain: bool,
    relationships: Vec<(Vec<u8>, Role)>,
    /// The ranges that are shared with a partner, in address order.
    shared: Vec<(Ipv4Addr, Ipv4Addr)>,
}

impl RecordWriter {
    /// A writer of plain records: what a clean stop leaves, and dhcpd writes itself.
    pub fn plain(config: &ServerConfig) -> Self {
        Self::new(config, Writer::plain(), true)
    }

    /// A writer of records with numbers and checksums in a comment line. The first number is 1 in a new file, and
    /// [`Reader::next_sequence`](super::Reader::next_sequence) in one that is appended to.
    pub fn journal(config: &ServerConfig, next_sequence: u64) -> Self {
        Self::new(config, Writer::journal(next_sequence), false)
    }

    fn new(config: &ServerConfig, writer: Writer, plain: bool) -> Self {
        let pools = config
            .pools
            .iter()
            .filter(|pool| pool.relationship.is_some());
        let mut shared: Vec<_> = pools.flat_map(|pool| pool.ranges.iter().copied()).collect();
        shared.sort_unstable();
        let relationships = config
            .relationships
            .iter()
            .map(|r| (r.config.name.clone().into_bytes(), r.config.role))
            .collect();
        Self {
            writer,
            plain,
            relationships,
            shared,
        }
    }

    /// Appends what a file begins with. `written_by` is a name and a version.
    pub fn header(&mut self, written_by: &str, out: &mut Vec<u8>) {
        self.writer.header(written_by, out);
    }

    /// Appends a change.
    pub fn record(&mut self, record: &Record, out: &mut Vec<u8>) {
        match record {
            Record::Binding(address, binding) => {
                let lease = self.lease_of(*address, binding);
                self.writer.lease(&lease, out);
            }
            Record::Relationship(id, state) => {
                if let Some((name, role)) = self.relationships.get(usize::from(id.0)) {
                    let state = state_record(name.clone(), *role, state);
                    self.writer.failover_state(&state, out);
                }
            }
        }
    }

    /// Appends a record that is kept as it was.
    pub fn kept(&mut self, record: &StoredRecord, out: &mut Vec<u8>) {
        self.writer.record(record, out);
    }

    fn lease_of(&self, address: Ipv4Addr, binding: &Binding) -> LeaseRecord {
        let time = |time: UnixTime| LeaseTime::new(time.0);
        let hardware = &binding.client.hardware;
        let hardware = if hardware.is_empty() {
            None
        } else {
            Hardware::new(hardware.htype(), hardware.address())
        };
        let extra = binding.extra.as_deref();
        let statements = extra.map_or(&[][..], |extra| &extra.statements);
        let agent = extra
            .and_then(|extra| extra.agent_options.as_deref())
            .unwrap_or_default();
        // A plain record has no other place for what was sent beyond the rest.
        let tstp = if self.plain && binding.sent > binding.tsfp() {
            binding.tstp.max(binding.sent)
        } else {
            binding.tstp
        };
        // As dhcpd has it, an update is pending where `tstp` is beyond `atsfp`; `tsfp` bounds grants in any case.
        let tsfp = binding.tsfp();
        let (atsfp, received) = match (binding.pending, binding.tstp > binding.acked) {
            (true, false) => (UnixTime(0), tsfp),
            (false, true) => (tsfp, binding.received),
            _ => (binding.acked, binding.received),
        };
        LeaseRecord {
            starts: time(binding.starts),
            ends: time(binding.ends),
            tstp: time(tstp),
            tsfp: time(tsfp),
            atsfp: time(atsfp),
            cltt: time(binding.cltt),
            binding_state: Some(state_of(binding.status)),
            next_binding_state: Some(self.next_state(address, binding.status)),
            rewind_binding_state: Some(state_of(binding.rewind)),
            reserved: binding.reserved,
            bootp: binding.bootp,
            hardware,
            uid: (!binding.client.uid.is_empty()).then(|| binding.client.uid.to_vec()),
            agent_options: agent_options(agent),
            client_hostname: extra.and_then(|extra| Some(extra.client_hostname.as_ref()?.to_vec())),
            variables: extra
                .and_then(|extra| extra.names.as_deref())
                .map_or_else(Vec::new, name_variables),
            unknown: statements
                .iter()
                .map(|statement| statement.as_bytes().to_vec())
                .collect(),
            sent: Some(binding.sent.0),
            received: Some(received.0),
            ..LeaseRecord::new(address)
        }
    }

    /// The state that follows by itself, as dhcpd has it.
    fn next_state(&self, address: Ipv4Addr, status: BindingStatus) -> BindingState {
        match status {
            BindingStatus::Active if self.is_shared(address) => BindingState::Expired,
            BindingStatus::Backup => BindingState::Backup,
            BindingStatus::Free
            | BindingStatus::Active
            | BindingStatus::Expired
            | BindingStatus::Released
            | BindingStatus::Abandoned
            | BindingStatus::Reset => BindingState::Free,
        }
    }

    fn is_shared(&self, address: Ipv4Addr) -> bool {
        let after = self.shared.partition_point(|(low, _)| *low <= address);
        self.shared[..after]
            .last()
            .is_some_and(|(_, high)| address <= *high)
    }
}

fn state_record(name: Vec<u8>, role: Role, record: &RelationshipRecord) -> FailoverStateRecord {
    let since = |state, at: UnixTime| StateSince {
        state,
        since: Some(at.0),
    };
    let word = |state: dhcp_failover::ServerState| {
        ServerState::from_word(state.as_str().as_bytes()).unwrap_or(ServerState::Unknown)
    };
    let partner = record.partner_state.map_or(ServerState::Unknown, word);
    FailoverStateRecord {
        name,
        mine: Some(since(word(record.my_state), record.my_stos)),
        partner: Some(since(partner, record.partner_stos)),
        // dhcpd has a statement for it in a secondary's file only.
        mclt: record.mclt.filter(|_| role == Role::Secondary),
        mclt_note: record
            .mclt
            .filter(|mclt| role == Role::Primary || record.wait_mclt != *mclt)
            .map(|mclt| McltNote {
                mclt,
                wait: record.wait_mclt,
            }),
    }
}

/// Sub-options of option 82; what runs over the end is left out.
fn agent_options(mut bytes: &[u8]) -> Vec<AgentOption> {
    let mut options = Vec::new();
    while let [code, len, rest @ ..] = bytes
        && let Some((data, rest)) = rest.split_at_checked(usize::from(*len))
    {
        options.push(AgentOption {
            code: *code,
            data: data.to_vec(),
        });
        bytes = rest;
    }
    options
}
