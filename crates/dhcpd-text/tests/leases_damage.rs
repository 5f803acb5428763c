//! Damaged files: torn anywhere, with any bit flipped, with lost blocks, with records missing or stale.

#![allow(clippy::unwrap_used, reason = "here a failure is a failed test")]

use dhcpd_text::leases::{
    BindingState, Damage, FailoverStateRecord, LeaseRecord, LeaseTime, Reader, Record, ServerState,
    StateSince, Tail, Writer,
};

struct File {
    bytes: Vec<u8>,
    records: Vec<Record>,
    /// Offset behind each record.
    ends: Vec<usize>,
}

fn lease(last_octet: u8, ends: u32) -> LeaseRecord {
    let mut lease = LeaseRecord::new([10, 77, 0, last_octet].into());
    lease.ends = LeaseTime::new(ends);
    lease.tstp = LeaseTime::new(ends + 1800);
    lease.binding_state = Some(BindingState::Active);
    lease.next_binding_state = Some(BindingState::Expired);
    lease.uid = Some(vec![1, 0, 0x16, b'>', b'"', 0]);
    lease.sent = Some(ends + 3600);
    lease
}

fn failover_state() -> Record {
    Record::FailoverState(FailoverStateRecord {
        name: b"lab".to_vec(),
        mine: Some(StateSince {
            state: ServerState::Normal,
            since: Some(1_795_448_110),
        }),
        partner: Some(StateSince {
            state: ServerState::Normal,
            since: Some(1_795_448_110),
        }),
        mclt: Some(3600),
        mclt_note: None,
    })
}

fn file(records: Vec<Record>) -> File {
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    let mut writer = Writer::journal(1);
    writer.header("test", &mut bytes);
    for record in &records {
        writer.record(record, &mut bytes);
        ends.push(bytes.len());
    }
    let records = [Record::ByteOrder].into_iter().chain(records).collect();
    File {
        bytes,
        records,
        ends,
    }
}

fn three_leases() -> File {
    file(
        (1..=3)
            .map(|n| Record::Lease(lease(n, 1_795_448_110 + u32::from(n))))
            .collect(),
    )
}

/// Records and damages in order, and how the file ends.
fn read(bytes: &[u8]) -> (Vec<Result<Record, Damage>>, Tail, usize) {
    let mut reader = Reader::new("dhcpd.leases", bytes);
    let items: Vec<_> = reader
        .by_ref()
        .map(|entry| entry.map(|entry| entry.record))
        .collect();
    assert!(reader.next().is_none(), "the end is the end");
    (items, reader.tail().clone(), reader.end())
}

fn good(items: &[Result<Record, Damage>]) -> Vec<Record> {
    items.iter().flatten().cloned().collect()
}

#[test]
fn a_file_torn_anywhere_holds_the_records_before_the_tear() {
    let other = file(vec![
        failover_state(),
        Record::Lease(lease(1, 1_795_448_110)),
        failover_state(),
    ]);
    for file in [three_leases(), other] {
        for length in 0..file.bytes.len() {
            let (items, tail, end) = read(&file.bytes[..length]);
            let records = good(&items);
            assert_eq!(
                items.len(),
                records.len(),
                "a torn file isn't corrupt: {length}"
            );
            assert_eq!(records, file.records[..records.len()], "{length}");
            // The newline behind a record's brace may be missing; all else of it must be there.
            let whole = file.ends.iter().filter(|&&end| end - 1 <= length).count();
            assert_eq!(records.len().saturating_sub(1), whole, "{length}");
            assert!(end <= length);
            if let Tail::Torn(damage) = tail {
                assert!(
                    damage.offset >= end && damage.offset < length,
                    "{length}: {damage}"
                );
            }
        }
    }
}

#[test]
fn each_flipped_bit_of_a_marked_record_is_found() {
    let file = three_leases();
    let first = file
        .bytes
        .windows(6)
        .position(|window| window == b"lease ")
        .unwrap();
    let mut silent = 0;
    for offset in first..file.bytes.len() {
        for bit in 0..8 {
            let mut bytes = file.bytes.clone();
            bytes[offset] ^= 1 << bit;
            let (items, tail, _) = read(&bytes);
            let found = items.iter().any(Result::is_err) || tail != Tail::Whole;
            let records = good(&items);
            assert!(
                records.iter().all(|record| file.records.contains(record)),
                "{offset}.{bit}: {records:?}"
            );
            assert!(
                found || records == file.records,
                "{offset}.{bit}: {:?}",
                String::from_utf8_lossy(&bytes)
            );
            silent += usize::from(!found);
            // Damage in a record with another one behind it is no torn tail.
            if found && offset < file.ends[1] - 1 {
                assert!(items.iter().any(Result::is_err), "{offset}.{bit}");
            }
        }
    }
    // Three newlines behind braces, where other white space or a comment changes nothing; and hexadecimal in capitals.
    assert!(silent < 60, "{silent}");
}

#[test]
fn lost_blocks_at_the_end_are_cut_and_in_the_middle_are_corruption() {
    let file = three_leases();
    let mut torn = file.bytes.clone();
    torn.extend_from_slice(&[0; 10_000]);
    let (items, tail, end) = read(&torn);
    assert_eq!(good(&items), file.records);
    assert!(matches!(tail, Tail::Torn(damage) if damage.offset == file.bytes.len()));
    assert_eq!(end, file.bytes.len());

    for (from, to) in [
        (file.ends[0], file.ends[1]),
        (file.ends[0] + 20, file.ends[1] - 20),
    ] {
        let mut bytes = file.bytes.clone();
        bytes[from..to].fill(0);
        let (items, tail, _) = read(&bytes);
        assert!(items[2].is_err(), "{items:?}");
        assert_eq!(
            good(&items),
            [&file.records[..2], &file.records[3..]].concat()
        );
        assert_eq!(tail, Tail::Whole);
    }
}

#[test]
fn a_record_that_is_missing_or_stale_is_found_by_its_number() {
    let file = three_leases();
    let [first, second] = [file.ends[0], file.ends[1]];
    let without_second = [&file.bytes[..first], b"#####\n", &file.bytes[second..]].concat();
    let (items, tail, _) = read(&without_second);
    let damage = items[2].as_ref().unwrap_err();
    assert_eq!(
        damage.diagnostic.message,
        "1 records are missing before this one"
    );
    assert_eq!(
        good(&items),
        [&file.records[..2], &file.records[3..]].concat()
    );
    assert_eq!(tail, Tail::Whole);

    let stale = [&file.bytes[..], &file.bytes[first..second]].concat();
    let (items, tail, end) = read(&stale);
    assert_eq!(good(&items), file.records);
    assert!(
        matches!(tail, Tail::Torn(damage) if damage.diagnostic.message.contains("record number 2"))
    );
    assert_eq!(end, file.bytes.len());
}

#[test]
fn padding_and_plain_records_are_accepted_among_marked_ones() {
    let mut file = three_leases();
    let mut plain = Vec::new();
    Writer::plain().lease(&lease(9, 1_795_448_119), &mut plain);
    file.bytes.extend_from_slice(&plain);
    file.bytes.extend_from_slice(&b"#\n".repeat(5000));
    let mut reader = Reader::new("dhcpd.leases", &file.bytes);
    let entries: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!(reader.tail(), &Tail::Whole);
    assert_eq!(reader.end(), file.ends[2] + plain.len());
    assert_eq!(reader.next_sequence(), 4);
    let sequences: Vec<_> = entries.iter().map(|entry| entry.sequence).collect();
    assert_eq!(sequences, [None, Some(1), Some(2), Some(3), None]);
}

#[test]
fn a_record_torn_over_padding_is_cut_where_it_begins() {
    let file = three_leases();
    for padding in [b"#\n".repeat(50_000), b"#".repeat(100_000)] {
        for torn in file.ends[1] + 1..file.ends[2] - 1 {
            let bytes = [&file.bytes[..torn], &padding].concat();
            let (items, tail, end) = read(&bytes);
            assert_eq!(good(&items), file.records[..3], "{torn}");
            assert!(
                matches!(tail, Tail::Torn(damage) if damage.offset == file.ends[1]),
                "{torn}"
            );
            assert_eq!(end, file.ends[1]);
        }
    }
}

#[test]
fn a_record_may_follow_one_whose_newline_was_lost() {
    let file = three_leases();
    let cut = &file.bytes[..file.ends[0] - 1];
    let (items, tail, end) = read(cut);
    assert_eq!(
        (good(&items), tail, end),
        (file.records[..2].to_vec(), Tail::Whole, cut.len())
    );
    let bytes = [cut, &file.bytes[file.ends[0]..]].concat();
    let (items, tail, _) = read(&bytes);
    assert_eq!((good(&items), tail), (file.records, Tail::Whole));
}

#[test]
fn damage_names_its_place() {
    let source = "authoring-byte-order little-endian;\nlease 10.77.0.1 {\n  binding state fred;\n}\nlease 10.77.0.2 {\n}\n";
    let (items, ..) = read(source.as_bytes());
    assert_eq!(items.len(), 3);
    assert_eq!(
        items[1].as_ref().unwrap_err().to_string(),
        "dhcpd.leases line 3: unexpected 'fred'\n  binding state fred;\n                ^^^^\nexpected a binding state"
    );
    assert_eq!(items[1].as_ref().unwrap_err().offset, 36);
}
