//! Every recorded vector: hash, bucket assignment, load balancing and pool balance as ISC dhcpd has them.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers panic as the test does"
)]

use dhcp_split::{Balance, BalanceParams, Decision, Hba, LoadBalance, Request, Role, bucket};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/vectors.json")).unwrap()
}

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
        .collect()
}

fn role(text: &Value) -> Role {
    match text.as_str().unwrap() {
        "primary" => Role::Primary,
        "secondary" => Role::Secondary,
        other => panic!("no role: {other}"),
    }
}

fn number<T: TryFrom<i64, Error: std::fmt::Debug>>(value: &Value) -> T {
    T::try_from(value.as_i64().unwrap()).unwrap()
}

#[test]
fn a_one_byte_key_reads_the_mixing_table() {
    // h starts at the length, 1, so key byte k looks up entry k ^ 1.
    let table = vectors()["pearson_table"].as_array().unwrap().clone();
    assert_eq!(table.len(), 256);
    for (index, entry) in table.iter().enumerate() {
        assert_eq!(
            bucket(&[index as u8 ^ 1]).0,
            number::<u8>(entry),
            "entry {index}"
        );
    }
}

#[test]
fn split_sets_the_lowest_buckets() {
    let vectors = vectors();
    let splits = vectors["split_to_hba"].as_object().unwrap();
    assert_eq!(splits.len(), 11);
    for (split, bytes) in splits {
        let split: u16 = split.parse().unwrap();
        let hba = Hba::from_split(split);
        assert_eq!(hba.as_bytes()[..], hex(bytes), "split {split}");
        assert_eq!(hba.primary_buckets(), split);
    }
}

#[test]
fn clients_hash_to_their_servers() {
    let vectors = vectors();
    let clients = vectors["load_balance"].as_array().unwrap();
    assert_eq!(clients.len(), 20);
    for client in clients {
        let key = match &client["key_hex"] {
            Value::Null => {
                let repeat = &client["key_repeat"];
                hex(&repeat["byte_hex"]).repeat(number(&repeat["count"]))
            }
            text => hex(text),
        };
        assert_eq!(key.len(), number::<usize>(&client["key_len"]));
        let bucket = bucket(&key);
        assert_eq!(bucket.0, number::<u8>(&client["hash"]), "{client}");

        let mut only_this_bit = [0; Hba::LEN];
        only_this_bit[number::<usize>(&client["hba_byte"])] = number(&client["hba_mask"]);
        assert!(Hba::from_bytes(only_this_bit).serves(bucket), "{client}");

        for (split, server) in client["served_by"].as_object().unwrap() {
            let hba = Hba::from_split(split.parse().unwrap());
            assert_eq!(
                hba.server_of(bucket),
                role(server),
                "split {split} of {client}"
            );
        }
    }
}

#[test]
fn a_client_that_waited_is_no_longer_balanced() {
    let vectors = vectors();
    let cases = vectors["load_balance_max_seconds"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let balance = LoadBalance {
            hba: Some(Hba::from_split(0)),
            max_seconds: number(&case["max"]),
            check_secs_byte_order: false,
        };
        let request = Request {
            key: b"any",
            secs: number(&case["secs"]),
            peer_has_leases: true,
        };
        let decision = balance.decide(Role::Primary, &request);
        assert_eq!(
            matches!(decision, Decision::Peers(_)),
            case["balanced"].as_bool().unwrap(),
            "{case}: {decision:?}"
        );
        assert_eq!(decision.serves(), !case["balanced"].as_bool().unwrap());
    }
}

#[test]
fn pools_balance_as_recorded() {
    let vectors = vectors();
    let cases = vectors["pool_balance"].as_array().unwrap();
    assert_eq!(cases.len(), 9);
    for case in cases {
        let balance = Balance::new(
            role(&case["role"]),
            number(&case["free"]),
            number(&case["backup"]),
            &BalanceParams::default(),
        );
        let expected = Balance {
            lts: number(&case["lts"]),
            thresh: number(&case["thresh"]),
            hold: number(&case["hold"]),
            panic: number(&case["panic"]),
        };
        assert_eq!(balance, expected, "{case}");
        assert_eq!(
            balance.requests_pool(),
            case["poolreq_if_timer"].as_bool().unwrap(),
            "{case}"
        );
    }
}
