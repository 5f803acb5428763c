//! What the statements of the lease file mean, in every form that dhcpd reads, and what is no form of them.

#![allow(clippy::unwrap_used, reason = "here a failure is a failed test")]

use dhcpd_text::diagnostic::Severity;
use dhcpd_text::leases::{
    AgentOption, Billing, BindingState, Entry, FailoverStateRecord, Hardware, LeaseRecord,
    LeaseTime, McltNote, Reader, Record, ServerState, StateSince, Tail, Value, Variable, Writer,
};

fn entry(source: &str) -> Entry {
    let mut reader = Reader::new("test", source);
    let entry = reader
        .next()
        .unwrap_or_else(|| panic!("{:?}", reader.tail()));
    assert_eq!((reader.next(), reader.tail()), (None, &Tail::Whole));
    entry.unwrap()
}

fn lease(statements: &str) -> LeaseRecord {
    match entry(&format!("lease 10.77.0.1 {{ {statements} }}")).record {
        Record::Lease(lease) => lease,
        other => panic!("{other:?}"),
    }
}

/// Place and words of what is wrong with a file.
fn wrong(source: &str) -> String {
    let mut reader = Reader::new("test", source);
    assert_eq!(reader.next(), None, "{source}");
    let Tail::Torn(damage) = reader.tail() else {
        panic!("{source}")
    };
    let found = &damage.diagnostic;
    let expected = found.expected.as_deref().unwrap_or("nothing");
    format!(
        "{}:{} {}, expected {expected}",
        found.line, found.column, found.message
    )
}

fn empty() -> LeaseRecord {
    LeaseRecord::new([10, 77, 0, 1].into())
}

#[test]
fn a_full_lease_of_real_dhcpd() {
    let source = include_bytes!("data/leases/all-fields.leases");
    let mut leases =
        Reader::new("all-fields", source).filter_map(|entry| match entry.unwrap().record {
            Record::Lease(lease) if lease.address.octets()[3] == 100 => Some(lease),
            _ => None,
        });
    let variable = |name, value| Variable::new(name, value).unwrap();
    let agent = |code, data: &[u8]| AgentOption {
        code,
        data: data.to_vec(),
    };
    let event = b"on expiry or release {\n    set clip = \n       binary-to-ascii (10, 8, \".\", leased-address) ;\n    \
                  execute (\"/bin/true\", \"x\", clip);\n  }";
    let expected = LeaseRecord {
        starts: LeaseTime::new(1_795_448_110),
        ends: LeaseTime::new(2_116_510_510),
        tstp: LeaseTime::new(1_795_448_110),
        tsfp: Some(LeaseTime::NEVER),
        atsfp: LeaseTime::new(1_795_361_710),
        cltt: LeaseTime::new(1_795_451_710),
        binding_state: Some(BindingState::Active),
        next_binding_state: Some(BindingState::Expired),
        rewind_binding_state: Some(BindingState::Free),
        billing: Some(Billing::Class(b"foo".to_vec())),
        hardware: Hardware::new(1, &[0, 0x11, 0x22, 0x33, 0x44, 0x55]),
        uid: Some(b"\x01\xffa\"b\\c'$`|& \x7f".to_vec()),
        variables: vec![
            variable("ddns-fwd-name", Value::Data(b"foo.example.org".to_vec())),
            variable("hexy", Value::Data(b"ob\0".to_vec())),
            variable("flag", Value::Boolean(true)),
            variable("num", Value::Number(-42)),
            variable("vnd", Value::Data(b"a'b\"c\\d\x01 $".to_vec())),
        ],
        agent_options: vec![
            agent(1, b"abc'$`|&\"\\ x\x01"),
            agent(2, &[0, 4, 0, 0x1a]),
            agent(3, &[1, 2, 3, 4]),
            agent(4, &[0, 0, 0, 7]),
            agent(5, &[10, 77, 0, 0]),
            agent(151, b"\0foo"),
        ],
        client_hostname: Some(b"my-host name".to_vec()),
        events: vec![event.to_vec()],
        ..LeaseRecord::new([10, 77, 0, 100].into())
    };
    assert_eq!(leases.next(), Some(expected));
}

#[test]
fn dates_in_all_forms() {
    let ends = |date: &str| lease(&format!("ends {date}")).ends.map(LeaseTime::seconds);
    let noon = Some(1_795_435_200);
    assert_eq!(ends("1 2026/11/23 12:00:00;"), noon);
    assert_eq!(
        ends("6 2026/11/23 12:00:00;"),
        noon,
        "the day of the week doesn't matter"
    );
    assert_eq!(ends("1 2026/11/23 11:00:00 3600;"), noon);
    assert_eq!(ends("1 2026/11/23 13:00:00 -3600 ;"), noon);
    assert_eq!(
        ends("1 126/11/23 12:0:0;"),
        noon,
        "a small year counts from 1900"
    );
    assert_eq!(ends("epoch 1795435200; # Mon Nov 23 12:00:00 2026\n"), noon);
    assert_eq!(ends("never;"), Some(0x7fff_ffff));
    assert_eq!(ends("5 2038/01/01 00:00:00;"), Some(0x7fff_ffff));
    assert_eq!(ends("epoch 4000000000;"), Some(0x7fff_ffff));
    assert_eq!(ends("4 1970/01/01 00:00:00;"), None);
    assert_eq!(ends("epoch 0;"), None);
}

#[test]
fn statements_in_all_forms() {
    for (statements, expected) in [
        ("", empty()),
        (
            "abandoned;",
            LeaseRecord {
                binding_state: Some(BindingState::Abandoned),
                next_binding_state: Some(BindingState::Abandoned),
                ..empty()
            },
        ),
        (
            "binding state reserved;",
            LeaseRecord {
                binding_state: Some(BindingState::Active),
                reserved: true,
                ..empty()
            },
        ),
        (
            "BINDING State bootp;",
            LeaseRecord {
                binding_state: Some(BindingState::Active),
                bootp: true,
                ..empty()
            },
        ),
        (
            "hardware ethernet;",
            LeaseRecord {
                hardware: Hardware::new(1, &[]),
                ..empty()
            },
        ),
        (
            "hardware token-ring 1:0a:F;",
            LeaseRecord {
                hardware: Hardware::new(6, &[1, 10, 15]),
                ..empty()
            },
        ),
        (
            "hardware unknown-255 00;",
            LeaseRecord {
                hardware: Hardware::new(255, &[0]),
                ..empty()
            },
        ),
        (
            "uid 61:b:00;",
            LeaseRecord {
                uid: Some(b"a\x0b\0".to_vec()),
                ..empty()
            },
        ),
        ("uid \"\";", empty()),
        (
            "client-hostname a.b-1.7;",
            LeaseRecord {
                client_hostname: Some(b"a.b-1.7".to_vec()),
                ..empty()
            },
        ),
        (
            "ddns-rev-name \"x\";",
            LeaseRecord {
                variables: vec![
                    Variable::new("ddns-rev-name", Value::Data(b"x".to_vec())).unwrap(),
                ],
                ..empty()
            },
        ),
        (
            "set a = false; set a = 61:62;",
            LeaseRecord {
                variables: vec![Variable::new("a", Value::Data(b"ab".to_vec())).unwrap()],
                ..empty()
            },
        ),
        (
            "supersede agent.Circuit-ID \"a\\000\"; option agent.unknown-5 1.2.3.4;",
            LeaseRecord {
                agent_options: vec![
                    AgentOption {
                        code: 1,
                        data: vec![b'a', 0],
                    },
                    AgentOption {
                        code: 5,
                        data: vec![1, 2, 3, 4],
                    },
                ],
                ..empty()
            },
        ),
        (
            "billing subclass \"c\" 1:2;",
            LeaseRecord {
                billing: Some(Billing::Subclass {
                    class: b"c".to_vec(),
                    value: vec![1, 2],
                }),
                ..empty()
            },
        ),
    ] {
        assert_eq!(lease(statements), expected, "{statements}");
    }
}

#[test]
fn unknown_statements_are_kept_with_a_warning() {
    let entry = entry(
        "lease 10.77.0.1 {\n  shiny \"a;}\" { b; };\n  option host-name \"x\";\n}\n"
            .replace("};", "}")
            .as_str(),
    );
    let Record::Lease(lease) = &entry.record else {
        panic!("{entry:?}")
    };
    assert_eq!(
        lease.unknown,
        [
            b"shiny \"a;}\" { b; }".to_vec(),
            b"option host-name \"x\";".to_vec()
        ]
    );
    let places: Vec<_> = entry
        .warnings
        .iter()
        .map(|warning| (warning.severity, warning.line, warning.column))
        .collect();
    assert_eq!(
        places,
        [(Severity::Warning, 2, 3), (Severity::Warning, 3, 3)]
    );
}

#[test]
fn failover_states_in_all_forms() {
    let states =
        |statements: &str| match entry(&format!("failover peer lab state {{ {statements} }}"))
            .record
        {
            Record::FailoverState(record) => record,
            other => panic!("{other:?}"),
        };
    let record = FailoverStateRecord {
        name: b"lab".to_vec(),
        mine: None,
        partner: None,
        mclt: None,
        mclt_note: None,
    };
    assert_eq!(states(""), record);
    let mine = Some(StateSince {
        state: ServerState::PartnerDown,
        since: None,
    });
    assert_eq!(
        states("my state partner-down;"),
        FailoverStateRecord {
            mine,
            ..record.clone()
        }
    );
    let partner = Some(StateSince {
        state: ServerState::Unknown,
        since: Some(0),
    });
    assert_eq!(
        states("partner state unknown-state at 4 1970/01/01 00:00:00; mclt 60;"),
        FailoverStateRecord {
            partner,
            mclt: Some(60),
            ..record.clone()
        }
    );
    let note = McltNote {
        mclt: 3600,
        wait: 7200,
    };
    for (comments, mclt_note) in [
        ("\n  # mclt=3600 wait=7200\n", Some(note)),
        ("# by hand\n#mclt=1\n# mclt=3600 wait=7200 \n", Some(note)),
        ("\n  # mclt=3600 wait=\n", None),
        ("\n  # mclt=3600 wait=99999999999\n", None),
        ("\n  # mclt=3600\n", None),
    ] {
        assert_eq!(
            states(comments),
            FailoverStateRecord {
                mclt_note,
                ..record.clone()
            }
        );
    }
}

#[test]
fn other_records_keep_their_text_and_have_keys() {
    for (source, key) in [
        ("server-duid \"\\000\\001\";", "server-duid"),
        (
            "host fred {\n  dynamic;\n        supersede host-name = \"}\";\n}",
            "host fred",
        ),
        (
            "subclass \"a b\" 01:02 {\n  dynamic;\n}",
            "subclass \"a b\" 01:02",
        ),
    ] {
        let Record::Other(record) = entry(source).record else {
            panic!("{source}")
        };
        assert_eq!(record.text(), source.as_bytes());
        assert_eq!(record.key(), key.as_bytes());
    }
}

#[test]
fn wrong_text_is_named_with_its_place() {
    for (source, message) in [
        (
            "leese 10.0.0.1 { }",
            "1:1 unexpected 'leese', expected a record: lease, failover peer, host, group, class or server-duid",
        ),
        (
            "lease 10.0.256.1 { }",
            "1:12 unexpected '256', expected an address, as 10.0.0.1",
        ),
        (
            "lease 10.0.0.1\n{ ;",
            "2:3 unexpected ';', expected a statement of the lease, or '}'",
        ),
        (
            "lease 10.0.0.1 {\n  starts 1 2026/02/30 00:00:00;\n}",
            "2:12 the calendar has no such date from 1970 on, expected nothing",
        ),
        (
            "lease 10.0.0.1 {\n  starts soon;\n}",
            "2:10 unexpected 'soon', expected a date: day of the week, 'epoch' or 'never'",
        ),
        (
            "lease 10.0.0.1 {\n  next state free;\n}",
            "2:8 unexpected 'state', expected 'binding state'",
        ),
        (
            "lease 10.0.0.1 {\n  hardware ethernet 0:fg;\n}",
            "2:23 unexpected 'fg', expected a byte in hexadecimal",
        ),
        (
            "lease 10.0.0.1 {\n  uid \"\\9\\07\";\n}",
            "2:10 expected three octal digits after the backslash, expected nothing",
        ),
        (
            "lease 10.0.0.1 {\n  uid \"ab\n;}",
            "2:7 the string that starts here has no closing quote, expected nothing",
        ),
        (
            "lease 10.0.0.1 {\n  uid \"ab\n;\" }",
            "2:7 the string that starts here has no closing quote on its line, expected nothing",
        ),
        (
            "lease 10.0.0.1 {\n  odd\n}",
            "3:1 unexpected '}', expected ';'",
        ),
        (
            "lease 10.0.0.1 {\n  ends never;\n}x",
            "3:1 the brace doesn't end its line, expected nothing",
        ),
        (
            "failover peer \"a\" state {\n  peer state normal;\n}",
            "2:3 unexpected 'peer', expected 'my state', 'partner state', 'mclt' or '}'",
        ),
        (
            "failover peer \"a\" state {\n  my state fine;\n}",
            "2:12 unexpected 'fine', expected a failover state",
        ),
        (
            "server-duid \"a\"",
            "1:16 unexpected end of file, expected the end of the statement",
        ),
        (
            "\0\0",
            "1:1 unexpected the byte 0x00, expected a record: lease, failover peer, host, group, class or server-duid",
        ),
    ] {
        assert_eq!(wrong(source), message, "{source}");
    }
    let long = format!("host x {{\n{}", "  a;\n".repeat(20_000));
    assert_eq!(
        wrong(&long),
        "1:1 the record that starts here doesn't end within 64 KiB, expected nothing"
    );
}

#[test]
fn what_dhcpd_has_no_text_for_is_left_out() {
    let record = LeaseRecord {
        client_hostname: Some(b"tab\t".to_vec()),
        uid: Some(Vec::new()),
        agent_options: vec![
            AgentOption {
                code: 1,
                data: Vec::new(),
            },
            AgentOption {
                code: 3,
                data: vec![1, 2, 3],
            },
        ],
        ..empty()
    };
    let mut out = Vec::new();
    Writer::plain().lease(&record, &mut out);
    assert_eq!(out, b"lease 10.77.0.1 {\n}\n");
    assert_eq!(Hardware::new(1, &[0; 21]), None);
    assert_eq!(Variable::new("1a", Value::Boolean(true)), None);
    assert_eq!(Variable::new("a;b", Value::Boolean(true)), None);
}

#[test]
fn expiry_times_of_ours_are_those_of_the_file_unless_it_has_others() {
    let times = |lease: &LeaseRecord| {
        (
            lease.sent_expiry(),
            lease.received_expiry(),
            lease.acknowledged_expiry(),
        )
    };
    let mut record = empty();
    assert_eq!(times(&record), (0, 0, 0));
    record.ends = LeaseTime::new(70);
    assert_eq!(times(&record), (70, 0, 0), "a missing tstp reads as ends");
    record.tstp = LeaseTime::new(50);
    record.tsfp = LeaseTime::new(60);
    record.atsfp = LeaseTime::new(40);
    assert_eq!(times(&record), (60, 60, 40));
    (record.sent, record.received) = (Some(0), Some(55));
    assert_eq!(times(&record), (0, 55, 40));
    let mut out = Vec::new();
    Writer::journal(3).lease(&record, &mut out);
    assert!(String::from_utf8_lossy(&out).contains("\n  # s=3 sent=0 received=55 c="));
    (record.sent, record.received) = (Some(60), Some(60));
    out.clear();
    Writer::journal(4).lease(&record, &mut out);
    assert!(
        String::from_utf8_lossy(&out).contains("\n  # s=4 c="),
        "equal times aren't written"
    );
}

#[test]
fn the_example_of_the_documentation_is_true() {
    let example = include_str!("../src/leases/mod.rs")
        .lines()
        .skip_while(|line| !line.starts_with("//! lease "))
        .take_while(|line| *line != "//! ```")
        .map(|line| format!("{}\n", &line[4..]))
        .collect::<String>();
    let mut reader = Reader::new("example", &example);
    // It is the eighteenth of its file, and the seventeen before it aren't here.
    assert!(reader.next().unwrap().is_err());
    let entry = reader.next().unwrap().unwrap();
    assert_eq!(entry.sequence, Some(18));
    let mut out = Vec::new();
    Writer::journal(18).record(&entry.record, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), example);
}
