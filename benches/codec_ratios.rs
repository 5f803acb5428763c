//! `cargo bench --bench codec_ratios`: how this project's codec compares with its peers, both in
//! one run. Criterion's benches have the absolute figures; the ratios here hold on a busy machine
//! too.

use benches::dhcp4_cases as cases;
use benches::inputs_dhcp4 as inputs;
use benches::paired::{Contender, table};

const ROUNDS: usize = 41;

fn main() {
    // `cargo bench -- --test`, and cargo test, only want to see it run.
    let rounds = if std::env::args().any(|arg| arg == "--test") {
        1
    } else {
        ROUNDS
    };
    decode(rounds);
    encode(rounds);
    round_trip(rounds);
}

fn decode(rounds: usize) {
    for (name, packet) in inputs::fixed() {
        let packet = &packet[..];
        let mut contenders = [
            Contender::new("dhcp4-wire", || cases::ours(packet)),
            Contender::new("dhcp4-wire + walk", || cases::ours_and_walk(packet)),
            Contender::new("dhcp4-wire owned", || cases::ours_owned(packet)),
            Contender::new("dhcparse", || cases::dhcparse(packet)),
            Contender::new("dhcproto", || cases::dhcproto(packet)),
            Contender::new("bare walk (bound)", || cases::bare_walk(packet)),
        ];
        table(
            &format!("DHCPv4 decode, {name}, {} bytes", packet.len()),
            rounds,
            &mut contenders,
        );
    }
    let packets = &inputs::mix()[..];
    let each = |run: fn(&[u8])| move || packets.iter().for_each(|packet| run(packet));
    let mut contenders = [
        Contender::new("dhcp4-wire", each(cases::ours)),
        Contender::new("dhcp4-wire + walk", each(cases::ours_and_walk)),
        Contender::new("dhcp4-wire owned", each(cases::ours_owned)),
        Contender::new("dhcparse", each(cases::dhcparse)),
        Contender::new("dhcproto", each(cases::dhcproto)),
        Contender::new("bare walk (bound)", each(cases::bare_walk)),
    ];
    table("DHCPv4 decode, mix, 256 packets", rounds, &mut contenders);
}

fn encode(rounds: usize) {
    for (name, packet) in [("discover", inputs::discover()), ("ack12", inputs::ack12())] {
        let mut contenders = cases::encoders(packet.leak()).map(|(codec, mut run)| {
            let mut out = Vec::with_capacity(2048);
            Contender::new(codec, move || run(&mut out))
        });
        table(&format!("DHCPv4 encode, {name}"), rounds, &mut contenders);
    }
}

fn round_trip(rounds: usize) {
    type RoundTrip = fn(&[u8], &mut Vec<u8>);
    for (name, packet) in inputs::fixed() {
        let packet = &packet[..];
        let on_packet = |codec, run: RoundTrip| {
            let mut out = Vec::with_capacity(2048);
            Contender::new(codec, move || run(packet, &mut out))
        };
        let mut contenders = [
            on_packet("dhcp4-wire", cases::ours_round_trip),
            on_packet("dhcp4-wire rewrite", cases::ours_rewrite),
            on_packet("dhcproto", cases::dhcproto_round_trip),
            on_packet("dhcparse (copy)", cases::dhcparse_round_trip),
        ];
        table(
            &format!("DHCPv4 decode and encode, {name}"),
            rounds,
            &mut contenders,
        );
    }
}
