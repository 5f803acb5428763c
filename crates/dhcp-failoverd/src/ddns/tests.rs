//! Against what dhcpd and BIND said to each other.

use std::net::Ipv4Addr;

use dhcp4_server::{DnsChange, DnsData, DnsName, DnsPrerequisite, DnsRecordType, DnsUpdate};
use dhcpd_text::conf::Key;

use super::message::message;
use super::tsig::{Signer, Unbelievable};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 50);
const TXT: &str = "31c4ca78f9cf3717b36cf11b2bb4fc190c";
const DHCID: &str = "000101aa475c64ce0dbfbe842132f9423c34cab6fccebbbf4318826d8688f32e7f6071";

fn recorded(name: &str) -> Vec<u8> {
    let mut lines = include_str!("recorded.txt").lines();
    let hex = lines
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap();
    bytes(hex)
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

fn name(text: &str) -> DnsName {
    DnsName::from_text(text.as_bytes()).unwrap()
}

fn signer(algorithm: &str) -> Signer {
    Signer::new(&Key {
        name: "ddns-key".into(),
        algorithm: algorithm.into(),
        secret: "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=".into(),
    })
    .unwrap()
}

/// When a message was signed: the 48 bits behind the algorithm's name.
fn signed_at(message: &[u8], algorithm: &[u8]) -> u64 {
    let at = message
        .windows(algorithm.len())
        .position(|window| window == algorithm)
        .unwrap();
    let time = &message[at + algorithm.len()..][..6];
    time.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn check(
    recording: &str,
    zone: &str,
    owner: &str,
    prerequisites: Vec<DnsPrerequisite>,
    changes: Vec<DnsChange>,
) {
    let (algorithm, end) = match recording.starts_with("interim") {
        true => ("hmac-md5", &b"\x07sig-alg\x03reg\x03int\0"[..]),
        false => ("hmac-sha256", &b"hmac-sha256\0"[..]),
    };
    let expected = recorded(recording);
    let update = DnsUpdate {
        id: 1,
        zone: 0,
        name: name(owner),
        prerequisites,
        changes,
    };
    let id = u16::from_be_bytes([expected[0], expected[1]]);
    let message = message(id, &name(zone), &update).unwrap();
    let signed = signer(algorithm).sign(message, signed_at(&expected, end));
    // The library spells the algorithm in capitals; case isn't signed, and means nothing.
    let bytes = signed.unwrap().0;
    assert_eq!(bytes.len(), expected.len(), "{recording}");
    assert!(
        bytes.eq_ignore_ascii_case(&expected),
        "{recording}\n{bytes:02x?}\n{expected:02x?}"
    );
}

#[test]
fn updates_are_those_of_dhcpd() {
    let add = |data| DnsChange::Add { data, ttl: 30 };
    let address = || DnsData::A(ADDRESS);
    let txt = || DnsData::Txt(TXT.into());
    let forward = ("example.org.", "pc1.example.org");
    let reverse = ("0.9.10.in-addr.arpa.", "50.0.9.10.in-addr.arpa.");
    check(
        "interim-add-new",
        forward.0,
        forward.1,
        vec![DnsPrerequisite::Unused],
        vec![add(address()), add(txt())],
    );
    check(
        "standard-add-new",
        forward.0,
        forward.1,
        vec![DnsPrerequisite::Unused],
        vec![add(address()), add(DnsData::Dhcid(bytes(DHCID).into()))],
    );
    let other = || DnsData::Txt("31cfddcbfa133d9c13db0455ad8d2d02e3".into());
    check(
        "interim-add-over",
        forward.0,
        "static.example.org",
        vec![DnsPrerequisite::Is(other())],
        vec![
            DnsChange::RemoveAll(DnsRecordType::A),
            add(DnsData::A(Ipv4Addr::new(10, 9, 0, 53))),
        ],
    );
    check(
        "interim-add-reverse",
        reverse.0,
        reverse.1,
        vec![],
        vec![
            DnsChange::RemoveAll(DnsRecordType::Ptr),
            add(DnsData::Ptr(name(forward.1))),
        ],
    );
    check(
        "interim-remove-forward",
        forward.0,
        forward.1,
        vec![DnsPrerequisite::Is(txt())],
        vec![DnsChange::Remove(address())],
    );
    check(
        "interim-remove-guard",
        forward.0,
        forward.1,
        vec![
            DnsPrerequisite::Absent(DnsRecordType::A),
            DnsPrerequisite::Absent(DnsRecordType::Aaaa),
        ],
        vec![DnsChange::Remove(txt())],
    );
    check(
        "interim-remove-reverse",
        reverse.0,
        reverse.1,
        vec![],
        vec![DnsChange::RemoveAll(DnsRecordType::Ptr)],
    );
}

#[test]
fn answers_are_believed_if_the_name_server_signed_them() {
    for (question, algorithm, end) in [
        (
            "interim-add-new",
            "hmac-md5",
            &b"\x07sig-alg\x03reg\x03int\0"[..],
        ),
        ("interim-taken", "hmac-md5", b"\x07sig-alg\x03reg\x03int\0"),
        ("standard-add-new", "hmac-sha256", b"hmac-sha256\0"),
    ] {
        let asked = recorded(question);
        let mac_len = if algorithm == "hmac-md5" { 16 } else { 32 };
        // Behind the signature: original id, error, length of other data.
        let mac = &asked[asked.len() - 6 - mac_len..asked.len() - 6];
        let answer = recorded(&format!("{question}-answer"));
        let now = signed_at(&answer, end);
        let signer = signer(algorithm);
        assert_eq!(signer.verify(&answer, mac, now), Ok(()), "{question}");
        assert_eq!(
            signer.verify(&answer, mac, now + 301),
            Err(Unbelievable::Clock)
        );
        let mut forged = answer.clone();
        forged[3] ^= 6;
        assert_eq!(signer.verify(&forged, mac, now), Err(Unbelievable::Wrong));
        assert_eq!(
            signer.verify(&answer, &[0; 16], now),
            Err(Unbelievable::Wrong)
        );
        assert_eq!(
            signer.verify(&answer[..31], mac, now),
            Err(Unbelievable::Unsigned)
        );
        assert_eq!(signer.verify(&[], mac, now), Err(Unbelievable::Unsigned));
    }
}
