//! The same work on the same packet through this project's codec and its peers.
//!
//! Decoding means: all fixed fields, and every option with its length checked against what it is. A
//! peer that does less is said to do so in its name.

use dhcp4_wire::{Header, Limits, Message, OptionCode, Packet, ReplyWriter};
use dhcparse::dhcpv4::{Encode as _, Encoder as DhcparseEncoder, Message as Dhcparse};
use dhcproto::v4::{Decodable, Decoder, Encodable, Encoder, Message as Dhcproto};
use std::hint::black_box;

/// Parse with all checks; every fixed field is read.
#[inline(never)]
pub fn ours(packet: &[u8]) {
    let packet = Packet::parse(black_box(packet)).expect("a valid packet");
    black_box((
        packet.op(),
        packet.hlen(),
        packet.hops(),
        packet.xid(),
        packet.secs(),
        packet.flags(),
    ));
    black_box((
        packet.ciaddr(),
        packet.yiaddr(),
        packet.siaddr(),
        packet.giaddr(),
        packet.chaddr(),
    ));
    black_box(packet.check_lengths().is_ok());
    black_box(&packet);
}

/// The same, and then every option is looked at.
#[inline(never)]
pub fn ours_and_walk(packet: &[u8]) {
    let packet = Packet::parse(black_box(packet)).expect("a valid packet");
    black_box((
        packet.op(),
        packet.hlen(),
        packet.hops(),
        packet.xid(),
        packet.secs(),
        packet.flags(),
    ));
    black_box((
        packet.ciaddr(),
        packet.yiaddr(),
        packet.siaddr(),
        packet.giaddr(),
        packet.chaddr(),
    ));
    black_box(packet.check_lengths().is_ok());
    for option in packet.options() {
        black_box(option);
    }
}

/// Into a message of its own.
#[inline(never)]
pub fn ours_owned(packet: &[u8]) {
    black_box(Message::decode(black_box(packet)).expect("a valid packet"));
}

/// dhcparse: zero-copy too; checks the lengths of the options it knows, follows overload, joins
/// nothing.
#[inline(never)]
pub fn dhcparse(packet: &[u8]) {
    let message = Dhcparse::new(black_box(packet)).expect("a valid packet");
    black_box((
        message.op().expect("a known op"),
        message.hlen(),
        message.hops(),
        message.xid(),
        message.secs(),
        message.flags(),
    ));
    black_box((
        message.ciaddr(),
        message.yiaddr(),
        message.siaddr(),
        message.giaddr(),
    ));
    black_box(message.chaddr().expect("a valid hlen"));
    for option in message.options().expect("options") {
        black_box(option.expect("a valid option"));
    }
}

/// dhcproto: an owned message, every option a value of its own; overload is ignored.
#[inline(never)]
pub fn dhcproto(packet: &[u8]) {
    black_box(Dhcproto::decode(&mut Decoder::new(black_box(packet))).expect("a valid packet"));
}

/// The bound for anything that looks at each option: code, length, on.
#[inline(never)]
pub fn bare_walk(packet: &[u8]) {
    let mut rest = &black_box(packet)[240..];
    let mut sum = 0usize;
    loop {
        match rest {
            [] | [255, ..] | [_] => break,
            [0, after @ ..] => rest = after,
            [code, len, after @ ..] => {
                sum = sum.wrapping_add(usize::from(*code) << 8 | usize::from(*len));
                rest = after.get(usize::from(*len)..).unwrap_or_default();
            }
        }
    }
    black_box(sum);
}

/// Rebuild: decode into an owned message, encode it.
#[inline(never)]
pub fn ours_round_trip(packet: &[u8], out: &mut Vec<u8>) {
    let message = Message::decode(black_box(packet)).expect("a valid packet");
    black_box(message.encode(1472, out).expect("a valid header"));
    black_box(&out);
}

/// Rebuild without a message in between: from the view straight into the writer.
#[inline(never)]
pub fn ours_rewrite(packet: &[u8], out: &mut Vec<u8>) {
    let packet = Packet::parse(black_box(packet)).expect("a valid packet");
    let mut scratch = [0; 255];
    let relay = packet.relay_agent_information();
    let relay = relay
        .as_ref()
        .and_then(|relay| relay.echo(&mut scratch))
        .unwrap_or_default();
    let header = Header {
        op: packet.op(),
        yiaddr: packet.yiaddr(),
        ..Header::reply_to(&packet)
    };
    let mut writer =
        ReplyWriter::new(out, &header, Limits::dhcp(Some(1500)), relay).expect("a valid header");
    for (code, value) in packet.options() {
        if !matches!(
            code,
            OptionCode::RELAY_AGENT_INFORMATION | OptionCode::DHCP_OPTION_OVERLOAD
        ) {
            black_box(writer.option(code, value));
        }
    }
    writer.finish();
    black_box(&out);
}

/// dhcproto: decode, encode.
#[inline(never)]
pub fn dhcproto_round_trip(packet: &[u8], out: &mut Vec<u8>) {
    let message = Dhcproto::decode(&mut Decoder::new(black_box(packet))).expect("a valid packet");
    out.clear();
    message
        .encode(&mut Encoder::new(out))
        .expect("a message it made");
    black_box(&out);
}

/// dhcparse: copies the packet and walks it again, without building it anew.
#[inline(never)]
pub fn dhcparse_round_trip(packet: &[u8], out: &mut Vec<u8>) {
    out.resize(2048, 0);
    let message = Dhcparse::new(black_box(packet)).expect("a valid packet");
    black_box(
        DhcparseEncoder
            .encode(&message, &mut out[..])
            .expect("a message it made"),
    );
}

/// Writes the message of `packet` once more, out of what a codec holds between decoding and
/// encoding.
pub type Encode = Box<dyn FnMut(&mut Vec<u8>)>;

/// The encoders, each with its message made ready; `packet` has no overload.
#[must_use]
pub fn encoders(packet: &'static [u8]) -> [(&'static str, Encode); 4] {
    let view = Packet::parse(packet).expect("a valid packet");
    let header = Header {
        op: view.op(),
        yiaddr: view.yiaddr(),
        ..Header::reply_to(&view)
    };
    let is_relay = |code: OptionCode| code == OptionCode::RELAY_AGENT_INFORMATION;
    let options: Vec<_> = view
        .options()
        .filter(|(code, _)| !is_relay(*code))
        .collect();
    let relay = view
        .option(OptionCode::RELAY_AGENT_INFORMATION)
        .and_then(|value| value.as_slice())
        .unwrap_or_default();
    let message = Message::from(&view);
    let dhcproto = Dhcproto::decode(&mut Decoder::new(packet)).expect("a valid packet");
    let dhcparse = Dhcparse::new(packet).expect("a valid packet");
    [
        (
            "dhcp4-wire writer",
            Box::new(move |out| write_reply(black_box(&header), black_box(&options), relay, out)),
        ),
        (
            "dhcp4-wire message",
            Box::new(move |out| {
                black_box(
                    black_box(&message)
                        .encode(1472, out)
                        .expect("a valid header"),
                );
                black_box(&out);
            }),
        ),
        (
            "dhcproto",
            Box::new(move |out| {
                out.clear();
                black_box(&dhcproto)
                    .encode(&mut Encoder::new(out))
                    .expect("a message it made");
                black_box(&out);
            }),
        ),
        (
            "dhcparse (copies the fixed fields)",
            Box::new(move |out| {
                out.resize(2048, 0);
                let options = dhcparse
                    .options()
                    .expect("options")
                    .map(|option| option.expect("a valid option").0);
                let encoder = DhcparseEncoder.append_options(options);
                black_box(
                    encoder
                        .encode(&Dhcparse::default(), &mut out[..])
                        .expect("room enough"),
                );
            }),
        ),
    ]
}

fn write_reply(
    header: &Header<'_>,
    options: &[(OptionCode, &[u8])],
    relay: &[u8],
    out: &mut Vec<u8>,
) {
    let mut writer =
        ReplyWriter::new(out, header, Limits::dhcp(Some(1500)), relay).expect("a valid header");
    for (code, value) in options {
        writer.option(*code, value);
    }
    writer.finish();
    black_box(&out);
}
