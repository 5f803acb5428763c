//! DHCPv4: parse, option walk, encode and round trip, beside other codecs on the same inputs.

use benches::dhcp4_cases as cases;
use benches::inputs_dhcp4 as inputs;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dhcp4_wire::Packet;
use std::hint::black_box;

type Decode = fn(&[u8]);
type RoundTrip = fn(&[u8], &mut Vec<u8>);

const DECODERS: [(&str, Decode); 6] = [
    ("dhcp4-wire", cases::ours),
    ("dhcp4-wire + walk", cases::ours_and_walk),
    ("dhcp4-wire owned", cases::ours_owned),
    ("dhcparse", cases::dhcparse),
    ("dhcproto", cases::dhcproto),
    ("bare walk (bound)", cases::bare_walk),
];

const ROUND_TRIPS: [(&str, RoundTrip); 4] = [
    ("dhcp4-wire", cases::ours_round_trip),
    ("dhcp4-wire rewrite", cases::ours_rewrite),
    ("dhcproto", cases::dhcproto_round_trip),
    ("dhcparse (copy)", cases::dhcparse_round_trip),
];

/// One group an input: ids are codecs.
fn decode(c: &mut Criterion) {
    for (name, packet) in inputs::fixed() {
        let mut group = c.benchmark_group(format!("dhcp4/decode/{name}"));
        group.throughput(Throughput::Bytes(packet.len() as u64));
        for (codec, run) in DECODERS {
            group.bench_function(codec, |b| b.iter(|| run(&packet)));
        }
        group.finish();
    }
    let packets = inputs::mix();
    let mut group = c.benchmark_group("dhcp4/decode/mix");
    group.throughput(Throughput::Elements(packets.len() as u64));
    for (codec, run) in DECODERS {
        group.bench_function(codec, |b| {
            b.iter(|| packets.iter().for_each(|packet| run(packet)))
        });
    }
    group.finish();
}

/// The options of a packet already parsed: one after the other, and a few by their code as a server
/// asks for them.
fn options(c: &mut Criterion) {
    let mut group = c.benchmark_group("dhcp4/options");
    for (name, bytes) in inputs::fixed() {
        let packet = Packet::parse(&bytes).expect("a valid packet");
        group.bench_with_input(BenchmarkId::new("walk", name), &packet, |b, packet| {
            b.iter(|| {
                black_box(packet)
                    .options()
                    .for_each(|option| _ = black_box(option))
            });
        });
        group.bench_with_input(BenchmarkId::new("getters", name), &packet, |b, packet| {
            b.iter(|| {
                let packet = black_box(packet);
                black_box((
                    packet.message_type(),
                    packet.requested_address(),
                    packet.server_identifier(),
                ));
                black_box((
                    packet.client_identifier(),
                    packet.parameter_request_list(),
                    packet.max_message_size(),
                ));
                black_box(packet.relay_agent_information());
            });
        });
    }
    group.finish();
}

fn encode(c: &mut Criterion) {
    for (name, packet) in [("discover", inputs::discover()), ("ack12", inputs::ack12())] {
        let mut group = c.benchmark_group(format!("dhcp4/encode/{name}"));
        let mut out = Vec::with_capacity(2048);
        for (codec, mut run) in cases::encoders(packet.leak()) {
            group.bench_function(codec, |b| b.iter(|| run(&mut out)));
        }
        group.finish();
    }
}

fn round_trip(c: &mut Criterion) {
    for (name, packet) in inputs::fixed() {
        let mut group = c.benchmark_group(format!("dhcp4/round trip/{name}"));
        let mut out = Vec::with_capacity(2048);
        for (codec, run) in ROUND_TRIPS {
            group.bench_function(codec, |b| b.iter(|| run(&packet, &mut out)));
        }
        group.finish();
    }
}

criterion_group!(dhcp4, decode, options, encode, round_trip);
criterion_main!(dhcp4);
