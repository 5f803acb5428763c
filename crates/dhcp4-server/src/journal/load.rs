//! Records of a lease file into the table.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use dhcp_failover::{
    Binding, BindingStatus, Bindings, Client, Extra, HardwareAddress, Now, RelationshipId,
    RelationshipRecord, ServerState, UnixTime,
};
use dhcpd_text::leases::{
    AgentOption, FailoverStateRecord, LeaseRecord, LeaseTime, OtherRecord, Record, StateSince,
};

use super::{names_in, statements_of, status_of};
use crate::config::ServerConfig;

/// What a lease file comes to.
pub(crate) struct Loaded<'c> {
    config: &'c ServerConfig,
    now: Now,
    pub(crate) bindings: Bindings,
    pub(crate) relationships: BTreeMap<RelationshipId, RelationshipRecord>,
    /// Leases of addresses that are in no pool.
    leases: BTreeMap<Ipv4Addr, LeaseRecord>,
    /// States of relationships that aren't configured, by name.
    states: BTreeMap<Vec<u8>, FailoverStateRecord>,
    /// Records of other kinds, by what they are about.
    others: BTreeMap<Vec<u8>, OtherRecord>,
}

impl<'c> Loaded<'c> {
    pub(crate) fn new(config: &'c ServerConfig, bindings: Bindings, now: Now) -> Self {
        Self {
            config,
            now,
            bindings,
            relationships: BTreeMap::new(),
            leases: BTreeMap::new(),
            states: BTreeMap::new(),
            others: BTreeMap::new(),
        }
    }

    /// Takes one record; the last one for a key holds.
    pub(crate) fn take(&mut self, record: Record) {
        match record {
            Record::Lease(lease) => self.take_lease(lease),
            Record::FailoverState(state) => self.take_state(state),
            Record::ByteOrder => {}
            Record::Other(other) => {
                self.others.insert(other.key().to_vec(), other);
            }
        }
    }

    /// The addresses with a lease that are in no pool.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.leases.keys().copied()
    }

    /// What isn't ours to change, to be written back as it was.
    pub(crate) fn kept(&mut self) -> Vec<Record> {
        let others = core::mem::take(&mut self.others)
            .into_values()
            .map(Record::Other);
        let states = core::mem::take(&mut self.states)
            .into_values()
            .map(Record::FailoverState);
        let leases = core::mem::take(&mut self.leases)
            .into_values()
            .map(Record::Lease);
        others.chain(states).chain(leases).collect()
    }

    fn take_lease(&mut self, record: LeaseRecord) {
        let address = record.address;
        let Some(pool) = self.bindings.pool_of(address) else {
            self.leases.insert(address, record);
            return;
        };
        let shared = self.bindings.relationship(pool).is_some();
        let binding = binding_of(record, shared, self.now);
        let taken = self.bindings.load(address, binding);
        debug_assert!(taken, "the address has a pool");
    }

    fn take_state(&mut self, record: FailoverStateRecord) {
        let name = core::str::from_utf8(&record.name).ok();
        let Some(id) = name.and_then(|name| self.config.relationship_named(name)) else {
            self.states.insert(record.name.clone(), record);
            return;
        };
        let former = self.relationships.get(&id);
        let start = || RelationshipRecord {
            my_state: ServerState::Recover,
            my_stos: self.now.unix,
            partner_state: None,
            partner_stos: self.now.unix,
            mclt: None,
            wait_mclt: 0,
        };
        let mut state = former.cloned().unwrap_or_else(start);
        let since = |at: StateSince| at.since.map_or(self.now.unix, UnixTime);
        if let Some(mine) = record.mine
            && let Some(known) = server_state(mine)
        {
            (state.my_state, state.my_stos) = (known, since(mine));
        }
        if let Some(partner) = record.partner {
            (state.partner_state, state.partner_stos) = (server_state(partner), since(partner));
        }
        let note = record.mclt_note;
        let mclt = record.mclt.or(note.map(|note| note.mclt));
        state.mclt = mclt.or(state.mclt);
        state.wait_mclt = note.map_or(0, |note| note.wait);
        self.relationships.insert(id, state);
    }
}

fn server_state(at: StateSince) -> Option<ServerState> {
    at.state.word().parse().ok()
}

/// `shared` if the address's pool has a partner.
fn binding_of(record: LeaseRecord, shared: bool, now: Now) -> Binding {
    let time = |time: Option<LeaseTime>| UnixTime(time.map_or(0, LeaseTime::seconds));
    let ends = time(record.ends);
    // As dhcpd has it: what is still to be done at its end keeps a lease active until that is done.
    let unsaid = if ends > now.unix || !record.events.is_empty() {
        BindingStatus::Active
    } else {
        BindingStatus::Free
    };
    let known = |status| match status {
        // Nobody else can own an address of a pool without a partner, or has to hear of the end of its lease.
        BindingStatus::Backup
        | BindingStatus::Expired
        | BindingStatus::Released
        | BindingStatus::Reset
            if !shared =>
        {
            BindingStatus::Free
        }
        status => status,
    };
    let status = known(record.binding_state.map_or(unsaid, status_of));
    let rewind = record
        .rewind_binding_state
        .map_or(status, |state| known(status_of(state)));
    let extra = extra_of(&record);
    let hardware = record.hardware.as_ref();
    let hardware = hardware.and_then(|hw| HardwareAddress::new(hw.htype, hw.address()));
    let tstp = time(record.tstp.or(record.ends));
    let acked = UnixTime(record.acknowledged_expiry());
    Binding {
        rewind,
        pending: tstp > acked,
        reserved: record.reserved,
        bootp: record.bootp,
        client: Client {
            hardware: hardware.unwrap_or(HardwareAddress::EMPTY),
            uid: record.uid.clone().map(Bytes::from).unwrap_or_default(),
        },
        starts: time(record.starts),
        ends,
        tstp,
        // What the last record was written to announce may have gone out right after it.
        sent: UnixTime(record.sent_expiry())
            .max(time(record.tstp))
            .max(time(record.tsfp)),
        acked,
        received: UnixTime(record.received_expiry()),
        cltt: time(record.cltt),
        // It may have been: the file doesn't say.
        repeated: time(record.cltt) >= time(record.starts),
        ends_mono: now.mono_after(ends),
        extra,
        ..Binding::unused(status)
    }
}

fn extra_of(record: &LeaseRecord) -> Option<Arc<Extra>> {
    let agent = agent_bytes(&record.agent_options);
    let statements = statements_of(record);
    let names = names_in(record);
    if record.client_hostname.is_none()
        && agent.is_empty()
        && statements.is_empty()
        && names.is_empty()
    {
        return None;
    }
    Some(Arc::new(Extra {
        client_hostname: record.client_hostname.clone().map(Bytes::from),
        agent_options: (!agent.is_empty()).then(|| agent.into()),
        names: (!names.is_empty()).then(|| Arc::new(names)),
        statements,
    }))
}

/// Sub-options as they stand in option 82.
fn agent_bytes(options: &[AgentOption]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for option in options {
        for part in option.data.chunks(255) {
            bytes.extend([option.code, part.len() as u8]);
            bytes.extend_from_slice(part);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use dhcp_failover::Instant;

    use super::super::state_of;
    use super::*;

    const NOW: Now = Now {
        mono: Instant::from_millis(5000),
        unix: UnixTime(1000),
    };

    fn record() -> LeaseRecord {
        LeaseRecord::new(Ipv4Addr::new(10, 0, 0, 1))
    }

    #[test]
    fn without_a_state_the_end_decides() {
        let at = |ends| {
            let record = LeaseRecord {
                ends: LeaseTime::new(ends),
                ..record()
            };
            binding_of(record, true, NOW).status
        };
        assert_eq!(at(1001), BindingStatus::Active);
        assert_eq!(at(1000), BindingStatus::Free);
    }

    #[test]
    fn backup_without_a_partner_is_free() {
        let record = LeaseRecord {
            binding_state: Some(state_of(BindingStatus::Backup)),
            rewind_binding_state: Some(state_of(BindingStatus::Backup)),
            ..record()
        };
        let alone = binding_of(record.clone(), false, NOW);
        assert_eq!(
            (alone.status, alone.rewind),
            (BindingStatus::Free, BindingStatus::Free)
        );
        assert_eq!(binding_of(record, true, NOW).status, BindingStatus::Backup);
    }

    #[test]
    fn times_of_a_file_of_iscs() {
        let record = LeaseRecord {
            ends: LeaseTime::new(1500),
            tstp: LeaseTime::new(2000),
            tsfp: LeaseTime::new(1800),
            atsfp: LeaseTime::new(1700),
            ..record()
        };
        let binding = binding_of(record, true, NOW);
        assert_eq!(binding.received, UnixTime(1800));
        assert_eq!(binding.acked, UnixTime(1700));
        assert_eq!(binding.sent, UnixTime(2000));
        assert_eq!(binding.ends_mono, Instant::from_millis(5000 + 501_000));
    }

    #[test]
    fn what_was_about_to_be_sent_counts_as_sent() {
        let record = LeaseRecord {
            tstp: LeaseTime::new(2000),
            sent: Some(0),
            ..record()
        };
        assert_eq!(binding_of(record, true, NOW).sent, UnixTime(2000));
    }

    #[test]
    fn a_missing_tstp_is_the_end() {
        let record = LeaseRecord {
            ends: LeaseTime::new(1500),
            ..record()
        };
        assert_eq!(binding_of(record, true, NOW).tstp, UnixTime(1500));
    }

    #[test]
    fn agent_options_become_option_82_again() {
        let options = [
            AgentOption {
                code: 1,
                data: b"port 7".to_vec(),
            },
            AgentOption {
                code: 2,
                data: vec![9],
            },
        ];
        assert_eq!(agent_bytes(&options), b"\x01\x06port 7\x02\x01\x09");
    }
}
