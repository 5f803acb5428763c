//! `decode` on recorded traffic between two ISC dhcpd: the lines word for word, and every message byte for byte.
#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers panic as the test does"
)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bytes::BytesMut;
use serde_json::Value;

const PRIMARY: &str = "10.78.0.1";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/decode")
        .join(name)
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dhcp-failoverd"));
    command.arg("decode").args(words);
    command
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What `decode` prints of a capture that is in order.
fn decoded(words: &[&str], capture: &Path) -> String {
    let output = command(words).arg(capture).output().unwrap();
    assert!(output.status.success(), "{}", complaint(&output));
    assert_eq!(complaint(&output), "");
    printed(&output)
}

fn is_as_kept(printed: &str, name: &str) {
    let kept = fs::read_to_string(data(name)).unwrap();
    for (at, (line, expected)) in printed.lines().zip(kept.lines()).enumerate() {
        assert_eq!(line, expected, "{name}, line {}", at + 1);
    }
    assert_eq!(printed.lines().count(), kept.lines().count(), "{name}");
}

#[test]
fn text_is_as_kept() {
    for name in ["S1d", "S3b"] {
        let printed = decoded(&[], &data(&format!("{name}.pcap")));
        is_as_kept(&printed, &format!("{name}.txt"));
    }
}

#[test]
fn json_is_as_kept() {
    let printed = decoded(&["--json", "--count", "90"], &data("S3b.pcap"));
    is_as_kept(&printed, "S3b.jsonl");
}

/// Sender and bytes of each message, in the order in which Wireshark's dissector was shown them.
fn recorded() -> Vec<(String, String, String)> {
    let lines = "../failover-wire/tests/data/captures.jsonl";
    let lines = Path::new(env!("CARGO_MANIFEST_DIR")).join(lines);
    let lines = fs::read_to_string(lines).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| {
            let stream = text(&line["stream"]);
            let (scenario, rest) = stream.split_once('/').unwrap();
            let (_, sender) = rest.split_once('/').unwrap();
            (scenario.to_owned(), sender.to_owned(), text(&line["hex"]))
        })
        .collect()
}

fn unhex(text: &str) -> BytesMut {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn the_messages_of_all_captures_are_those_that_others_find_and_encode_to_the_same_bytes() {
    let mut messages = Vec::new();
    let mut captures: Vec<_> = fs::read_dir(data(""))
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    captures.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "pcap")
    });
    assert_eq!(captures.len(), 14);
    for capture in captures {
        let scenario = capture.file_stem().unwrap().to_str().unwrap();
        for line in decoded(&["--json"], &capture).lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert!(
                !["undecodable", "skipped", "gap"].contains(&event["event"].as_str().unwrap()),
                "{line}"
            );
            if event["event"] != "message" {
                continue;
            }
            let is_primary = event["from"]["address"] == PRIMARY;
            let sender = if is_primary { "primary" } else { "secondary" };
            assert_eq!(event["from"]["role"], sender, "{line}");
            let hex = event["hex"].as_str().unwrap();
            let mut rest = unhex(hex);
            let frame = failover_wire::decode(&mut rest).unwrap().unwrap();
            let mut again = BytesMut::new();
            frame.encode(&mut again).unwrap();
            assert!(rest.is_empty() && again == unhex(hex), "{line}");
            messages.push((scenario.to_owned(), sender.to_owned(), hex.to_owned()));
        }
    }
    let mut expected = recorded();
    // Scenario by scenario, in the order of each.
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    messages.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(messages.len(), 4421);
    for (seen, expected) in messages.iter().zip(&expected) {
        assert_eq!(seen, expected);
    }
    assert_eq!(messages.len(), expected.len());
}

#[test]
fn standard_input_is_read_as_a_file() {
    let mut command = command(&["-"]);
    command.stdin(File::open(data("S3b.pcap")).unwrap());
    is_as_kept(&printed(&command.output().unwrap()), "S3b.txt");
}

#[test]
fn a_capture_that_was_cut_is_decoded_as_far_as_it_goes() {
    let dir = std::env::temp_dir().join(format!("decode-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let cut = dir.join("cut.pcap");
    let whole = fs::read(data("S3b.pcap")).unwrap();
    fs::write(&cut, &whole[..whole.len() - 5]).unwrap();
    let output = command(&[]).arg(&cut).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).ends_with("cut.pcap: the file ends inside a packet\n"));
    let text = printed(&output);
    assert!(text.lines().count() > 240, "{text}");
    assert!(text.lines().last().unwrap().contains("SUMMARY"));
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn what_cant_be_decoded_is_said() {
    let run = |words: &[&str]| {
        let output = command(words).stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success(), "{words:?}");
        assert_eq!(printed(&output), "", "{words:?}");
        complaint(&output)
    };
    assert!(run(&["/nonexistent.pcap"]).contains("/nonexistent.pcap: No such file"));
    assert!(run(&["-"]).contains("-: the file is empty"));
    let not_one = data("README.md");
    assert!(run(&[not_one.to_str().unwrap()]).contains("neither a pcap nor a pcapng file"));
    assert!(run(&[]).contains("Usage"));
    assert!(run(&["x.pcap", "--live", "lo"]).contains("cannot be used with"));
    assert!(run(&["--count", "0", "x.pcap"]).contains("0 is not in"));
    assert!(run(&["--live", "no-such-if0"]).contains("no-such-if0: no such interface"));
}

#[test]
fn a_capture_without_failover_says_so() {
    let dir = std::env::temp_dir().join(format!("decode-none-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let empty = dir.join("empty.pcap");
    fs::write(&empty, &fs::read(data("S3b.pcap")).unwrap()[..24]).unwrap();
    let output = command(&[]).arg(&empty).output().unwrap();
    assert!(output.status.success());
    assert_eq!(printed(&output), "");
    assert!(complaint(&output).contains("no failover messages"));
    fs::remove_dir_all(dir).unwrap();
}
