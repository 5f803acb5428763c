//! Whatever a record holds is read back from what was written, and a damaged record is never taken for a good one.

#![allow(clippy::unwrap_used, reason = "here a failure is a failed test")]

use std::net::Ipv4Addr;

use dhcpd_text::leases::{
    AgentOption, Billing, BindingState, FailoverStateRecord, Hardware, LeaseRecord, LeaseTime,
    McltNote, Reader, Record, ServerState, StateSince, Tail, Value, Variable, Writer,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// 2038-01-01 00:00:00 UTC: from here on dates read as never.
const NEVER_BEGINS: u32 = 2_145_916_800;

fn time() -> impl Strategy<Value = Option<LeaseTime>> {
    prop_oneof![
        Just(None),
        Just(Some(LeaseTime::NEVER)),
        (1..NEVER_BEGINS).prop_map(LeaseTime::new),
        (1_795_000_000..1_796_000_000_u32).prop_map(LeaseTime::new),
    ]
}

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 1..max), vec(32..127_u8, 1..max)]
}

fn variable() -> impl Strategy<Value = Variable> {
    let value = prop_oneof![
        vec(any::<u8>(), 0..20).prop_map(Value::Data),
        any::<i64>().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Boolean),
    ];
    ("[a-zA-Z][a-zA-Z0-9_-]{0,9}", value)
        .prop_map(|(name, value)| Variable::new(&name, value).unwrap())
}

fn agent_option() -> impl Strategy<Value = AgentOption> {
    let data = bytes(40);
    (1..255_u8, data).prop_map(|(code, mut data)| {
        match code {
            3..=5 => data.resize(4, 7),
            19 => data.clear(),
            _ => {}
        }
        AgentOption { code, data }
    })
}

fn billing() -> impl Strategy<Value = Billing> {
    let subclass =
        (bytes(20), bytes(20)).prop_map(|(class, value)| Billing::Subclass { class, value });
    prop_oneof![bytes(20).prop_map(Billing::Class), subclass]
}

/// A state other than the present one; the writer leaves equal ones out.
fn other_state(present: Option<BindingState>, other: Option<BindingState>) -> Option<BindingState> {
    other.filter(|_| other != present)
}

prop_compose! {
    fn times_and_states()(
        address in any::<u32>(),
        times in [time(), time(), time(), time(), time(), time()],
        states in [option::of(select(BindingState::ALL)), option::of(select(BindingState::ALL)),
            option::of(select(BindingState::ALL))],
        reserved: bool,
        bootp: bool,
        sent in option::of(0..0x8000_0000_u32),
        received in option::of(0..0x8000_0000_u32),
    ) -> LeaseRecord {
        let mut lease = LeaseRecord::new(Ipv4Addr::from(address));
        [lease.starts, lease.ends, lease.tstp, lease.tsfp, lease.atsfp, lease.cltt] = times;
        lease.binding_state = states[0];
        lease.next_binding_state = other_state(states[0], states[1]);
        lease.rewind_binding_state = other_state(states[0], states[2]);
        (lease.reserved, lease.bootp) = (reserved, bootp);
        (lease.sent, lease.received) = (sent, received);
        lease
    }
}

prop_compose! {
    fn lease()(
        base in times_and_states(),
        billing in option::of(billing()),
        hardware in option::of((any::<u8>(), vec(any::<u8>(), 0..=Hardware::MAX_LENGTH))),
        uid in option::of(bytes(60)),
        variables in vec(variable(), 0..3),
        agent_options in vec(agent_option(), 0..3),
        client_hostname in option::of("[ !#-\\[\\]-~]{0,20}"),
        events in vec(select(vec!["on expiry {\n    execute (\"x\");\n  }", "on release { }"]), 0..2),
        unknown in vec(select(vec!["class \"x\";", "later \"}\" { a; { b } }"]), 0..2),
    ) -> LeaseRecord {
        let mut lease = base;
        lease.billing = billing;
        lease.hardware = hardware.map(|(htype, address)| Hardware::new(htype, &address).unwrap());
        lease.uid = uid;
        for variable in variables {
            if lease.variables.iter().all(|known| known.name() != variable.name()) {
                lease.variables.push(variable);
            }
        }
        lease.agent_options = agent_options;
        lease.client_hostname = client_hostname.map(String::into_bytes);
        lease.events = events.into_iter().map(|text| text.as_bytes().to_vec()).collect();
        lease.unknown = unknown.into_iter().map(|text| text.as_bytes().to_vec()).collect();
        lease
    }
}

fn state_since() -> impl Strategy<Value = StateSince> {
    let since = option::of(prop_oneof![0..NEVER_BEGINS, Just(0x7fff_ffff)]);
    (select(ServerState::ALL), since).prop_map(|(state, since)| StateSince { state, since })
}

prop_compose! {
    fn failover_state()(
        name in bytes(20),
        mine in option::of(state_since()),
        partner in option::of(state_since()),
        mclt in option::of(any::<u32>()),
        note in option::of(any::<(u32, u32)>()),
    ) -> FailoverStateRecord {
        let mclt_note = note.map(|(mclt, wait)| McltNote { mclt, wait });
        FailoverStateRecord { name, mine, partner, mclt, mclt_note }
    }
}

/// All records, and whether the file ends whole; panics where there is damage before a good record.
fn read(source: &[u8]) -> (Vec<Record>, bool) {
    let mut reader = Reader::new("test", source);
    let records = reader.by_ref().map(|entry| entry.unwrap().record).collect();
    (records, reader.tail() == &Tail::Whole)
}

/// The record as a plain file holds it.
fn without_times_of_ours(lease: &LeaseRecord) -> LeaseRecord {
    LeaseRecord {
        sent: None,
        received: None,
        ..lease.clone()
    }
}

proptest! {
    #[test]
    fn leases_come_back(leases in vec(lease(), 1..4)) {
        let (mut journal, mut plain) = (Vec::new(), Vec::new());
        let (mut marked, mut unmarked) = (Writer::journal(1), Writer::plain());
        for lease in &leases {
            marked.lease(lease, &mut journal);
            unmarked.lease(lease, &mut plain);
        }
        let (records, whole) = read(&journal);
        prop_assert!(whole);
        for (record, lease) in records.iter().zip(&leases) {
            let Record::Lease(found) = record else { panic!("{record:?}") };
            prop_assert_eq!(found.sent_expiry(), lease.sent_expiry());
            prop_assert_eq!(found.received_expiry(), lease.received_expiry());
            prop_assert_eq!(without_times_of_ours(found), without_times_of_ours(lease));
        }
        let expected: Vec<_> = leases.iter().map(|lease| Record::Lease(without_times_of_ours(lease))).collect();
        prop_assert_eq!(read(&plain), (expected, true));
    }

    #[test]
    fn failover_states_come_back(state in failover_state()) {
        let mut out = Vec::new();
        Writer::journal(1).failover_state(&state, &mut out);
        prop_assert!(!out.contains(&b'#') || state.name.contains(&b'#') || state.mclt_note.is_some());
        prop_assert_eq!(read(&out), (vec![Record::FailoverState(state)], true));
    }
}
