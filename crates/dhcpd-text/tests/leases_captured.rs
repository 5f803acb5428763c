//! Lease files that real dhcpd 4.4.3-P1 wrote: pairs under load, and one lease of each kind (`all-fields`).

#![allow(clippy::unwrap_used, reason = "here a failure is a failed test")]

use std::path::{Path, PathBuf};

use dhcpd_text::leases::{Reader, Record, Tail, Writer};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/leases")
}

fn read(name: &str) -> (Vec<u8>, Vec<dhcpd_text::leases::Entry>) {
    let source = std::fs::read(data().join(name)).unwrap();
    let mut reader = Reader::new(name, &source);
    let entries = reader
        .by_ref()
        .map(|entry| entry.unwrap_or_else(|damage| panic!("{damage}")))
        .collect();
    assert_eq!(reader.tail(), &Tail::Whole, "{name}");
    (source, entries)
}

/// What dhcpd and we both write in front of a record.
fn blank_before(record: &Record) -> usize {
    usize::from(matches!(record, Record::FailoverState(_)))
}

#[test]
fn each_record_is_written_as_dhcpd_wrote_it() {
    let mut files = 0;
    for file in std::fs::read_dir(data()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let (source, entries) = read(&name);
        assert!(entries.len() > 1, "{name}");
        let mut writer = Writer::plain();
        for entry in entries {
            let mut out = Vec::new();
            writer.record(&entry.record, &mut out);
            let (written, theirs) = (&out[blank_before(&entry.record)..], entry.span.of(&source));
            let written = written.strip_suffix(b"\n").unwrap();
            assert_eq!(
                String::from_utf8_lossy(written),
                String::from_utf8_lossy(theirs),
                "{name}"
            );
            assert_eq!(entry.warnings, [], "{name}");
            assert_eq!(entry.sequence, None);
        }
        files += 1;
    }
    assert_eq!(files, 29);
}
