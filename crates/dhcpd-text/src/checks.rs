//! What the fuzzer looks for, as functions: the same ones run over the committed corpus in a plain test.

use crate::leases::{Entry, Reader, Record, Tail, Writer};

/// Reads `bytes` as one of the two formats: its first byte, `l` or `c` in the seeds, says which by its last bit.
///
/// # Panics
///
/// When something doesn't hold that must hold for any bytes at all.
pub fn dhcpd_text(bytes: &[u8]) {
    match bytes.split_first() {
        Some((format, text)) if format & 1 == 0 => leases(text),
        Some((_, text)) => crate::conf::checks::conf(text),
        None => {}
    }
}

/// Reads a lease file, writes each of its records and reads that.
fn leases(source: &[u8]) {
    let mut reader = Reader::new("fuzz", source);
    let mut last = 0;
    while let Some(item) = reader.next() {
        match item {
            Ok(entry) => {
                assert!(
                    entry.span.start >= last && entry.span.end > entry.span.start,
                    "records are in order"
                );
                last = entry.span.end;
                assert!(last <= reader.end() && reader.end() <= source.len());
                rewritten(&entry);
            }
            Err(damage) => {
                assert!(damage.offset >= last && damage.offset < source.len());
                assert!(!damage.to_string().is_empty());
                assert!(
                    reader.next().is_some_and(|next| next.is_ok()),
                    "a good record comes behind damage"
                );
            }
        }
    }
    if let Tail::Torn(damage) = reader.tail() {
        assert!(damage.offset >= reader.end() && damage.offset < source.len());
    }
}

/// A record that was written once is written the same again, and in a journal no byte of it can be missing.
fn rewritten(entry: &Entry) {
    let written = write(&entry.record);
    // Escapes make a record longer, and the reader's bound on records holds for us too.
    if written.len() > 64 * 1024 {
        return;
    }
    let read = only(&written);
    assert_eq!(
        String::from_utf8_lossy(&write(&read)),
        String::from_utf8_lossy(&written),
        "of {:?}",
        entry.record
    );

    // Statements that are kept as they stand may hold anything, other records among it.
    if let Record::Lease(lease) = &entry.record
        && lease.events.is_empty()
        && lease.unknown.is_empty()
    {
        let mut journal = Vec::new();
        Writer::journal(7).lease(lease, &mut journal);
        let closing_brace = journal.len() - 2;
        let torn = &journal[..entry.span.start % closing_brace];
        assert_eq!(
            Reader::new("torn", torn).count(),
            0,
            "{}",
            String::from_utf8_lossy(torn)
        );
    }
}

fn write(record: &Record) -> Vec<u8> {
    let mut out = Vec::new();
    Writer::plain().record(record, &mut out);
    out
}

fn only(source: &[u8]) -> Record {
    let mut reader = Reader::new("written", source);
    let entry = reader.next().and_then(Result::ok);
    let entry =
        entry.unwrap_or_else(|| panic!("{:?}: {}", reader.tail(), String::from_utf8_lossy(source)));
    assert_eq!((reader.next(), reader.tail()), (None, &Tail::Whole));
    entry.record
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    #[test]
    fn the_corpus_passes() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/dhcpd_text");
        let mut seeds = 0;
        for entry in fs::read_dir(corpus).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "bin") {
                super::dhcpd_text(&fs::read(path).unwrap());
                seeds += 1;
            }
        }
        assert!(seeds >= 8, "{seeds}");
    }

    /// Parts that lease files are made of, whole and broken.
    const PARTS: &[&str] = &[
        "lease ",
        "10.77.0.1",
        " {\n",
        "}\n",
        ";\n",
        "starts ",
        "ends ",
        "1 2026/11/23 15:35:10",
        "never",
        "epoch 17",
        "binding state active;\n",
        "next ",
        "rewind ",
        "uid ",
        "\"\\001\\377\"",
        "\"",
        "\\",
        "00:1f:",
        "aa",
        "hardware ethernet ",
        "hardware unknown-7 ",
        "client-hostname ",
        "a.b",
        "set x = ",
        "%-4",
        "true",
        "option agent.circuit-id ",
        "option agent.unknown-9 ",
        "option agent.agent-id ",
        "option agent.relay-port",
        "on expiry { x; }\n",
        "billing class ",
        "billing subclass ",
        "reserved;\n",
        "dynamic-bootp;\n",
        "# s=1 c=",
        "00000000\n",
        "failover peer \"lab\" state {\n",
        "my state normal at ",
        "partner state recover;\n",
        "mclt 3600;\n",
        "authoring-byte-order little-endian;\n",
        "server-duid ",
        "host x {\n",
        "subclass \"a\" 01 {\n",
        "\0",
        "\u{ff}",
        "\n",
    ];

    proptest! {
        #[test]
        fn any_parts_in_any_order_pass(parts in vec(select(PARTS), 0..60)) {
            super::leases(parts.concat().as_bytes());
        }

        #[test]
        fn a_damaged_real_file_passes(changes in vec((any::<Index>(), any::<u8>()), 1..8)) {
            let mut bytes = include_bytes!("../tests/data/leases/all-fields.leases").to_vec();
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            super::leases(&bytes);
        }
    }
}
