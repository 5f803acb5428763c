//! The load-balancing hash and the decision that it makes for each DHCPDISCOVER.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dhcp_split::{Hba, LoadBalance, Request, Role, bucket};

/// Keys by their usual lengths.
const KEYS: [(&str, &[u8]); 3] = [
    ("Ethernet address", &[0x02, 0, 0, 0, 0, 0x07]),
    (
        "RFC 4361 client-id",
        b"\xff\0\0\0\x01\0\x01\0\x01\x29\xab\xcd\xef\0\x11\x22\x33\x44\x55",
    ),
    ("longest option", &[0x61; 255]),
];

fn hash(c: &mut Criterion) {
    let mut group = c.benchmark_group("split/hash");
    group.throughput(Throughput::Elements(1));
    for (name, key) in KEYS {
        group.bench_function(name, |b| b.iter(|| bucket(black_box(key))));
    }
    group.finish();
}

fn decide(c: &mut Criterion) {
    let balance = LoadBalance {
        hba: Some(Hba::from_split(128)),
        max_seconds: 3,
        check_secs_byte_order: false,
    };
    let mut group = c.benchmark_group("split/decide");
    group.throughput(Throughput::Elements(1));
    for (name, key) in KEYS {
        let request = Request {
            key,
            secs: 0,
            peer_has_leases: true,
        };
        group.bench_function(name, |b| {
            b.iter(|| balance.decide(Role::Primary, black_box(&request)))
        });
    }
    group.finish();
}

criterion_group!(benches, hash, decide);
criterion_main!(benches);
