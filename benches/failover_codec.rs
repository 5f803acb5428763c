//! Failover messages: decode and encode by kind, and a stream as it comes from a socket.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use failover_wire::{Frame, decode};

/// Captured from ISC dhcpd, smallest to largest.
const MESSAGES: [(&str, &[u8]); 4] = [
    (
        "BNDACK",
        include_bytes!("../fuzz/corpus/failover_codec/bndack-accept.bin"),
    ),
    (
        "BNDUPD never used",
        include_bytes!("../fuzz/corpus/failover_codec/bndupd-free-never-used.bin"),
    ),
    (
        "BNDUPD",
        include_bytes!("../fuzz/corpus/failover_codec/bndupd-active.bin"),
    ),
    (
        "BNDUPD client-id",
        include_bytes!("../fuzz/corpus/failover_codec/bndupd-active-client-id.bin"),
    ),
];

/// Frames in the benchmarked stream; a read from a busy link brings a few hundred.
const STREAM: usize = 1000;

fn decode_one(c: &mut Criterion) {
    let mut group = c.benchmark_group("failover/decode");
    group.throughput(Throughput::Elements(1));
    for (name, bytes) in MESSAGES {
        let mut src = BytesMut::with_capacity(1 << 16);
        group.bench_function(name, |b| {
            b.iter(|| {
                src.extend_from_slice(bytes);
                next(&mut src)
            });
        });
    }
    group.finish();
}

fn encode_one(c: &mut Criterion) {
    let mut group = c.benchmark_group("failover/encode");
    group.throughput(Throughput::Elements(1));
    for (name, bytes) in MESSAGES {
        let frame = next(&mut BytesMut::from(bytes));
        let mut dst = BytesMut::with_capacity(1 << 16);
        group.bench_function(name, |b| {
            b.iter(|| {
                dst.clear();
                frame.encode(&mut dst).expect("a short message");
                black_box(&dst);
            });
        });
    }
    group.finish();
}

fn stream(c: &mut Criterion) {
    let bytes: Vec<u8> = MESSAGES
        .iter()
        .cycle()
        .take(STREAM)
        .flat_map(|(_, bytes)| *bytes)
        .copied()
        .collect();
    let mut group = c.benchmark_group("failover/stream");
    group.throughput(Throughput::Elements(STREAM as u64));
    group.bench_function("decode", |b| {
        let mut src = BytesMut::new();
        b.iter(|| {
            src.extend_from_slice(&bytes);
            for _ in 0..STREAM {
                black_box(next(&mut src));
            }
        });
    });
    group.bench_function("decode and encode", |b| {
        let mut src = BytesMut::new();
        let mut dst = BytesMut::new();
        b.iter(|| {
            src.extend_from_slice(&bytes);
            dst.clear();
            for _ in 0..STREAM {
                next(&mut src)
                    .encode(&mut dst)
                    .expect("as short as it came");
            }
            black_box(&dst);
        });
    });
    group.finish();
}

fn next(src: &mut BytesMut) -> Frame {
    decode(src)
        .expect("a valid message")
        .expect("a whole message")
}

criterion_group!(benches, decode_one, encode_one, stream);
criterion_main!(benches);
