//! What must hold for any input: called by the fuzzer, and by a test over its corpus.

use crate::{Message, OptionCode, Packet};

/// Room for any message that a datagram can hold.
const AMPLE: usize = 1 << 17;
/// What is read again must be a datagram again: options from `file` and `sname` come on top.
const LONGEST: usize = 65_000;
/// What an Ethernet frame holds, what every client takes, and too little.
const LIMITS: [usize; 4] = [1472, 548, 300, 240];

/// Bytes from the network: they are refused, or all getters agree, and what a [`Message`] of them
/// writes says the same.
pub fn packet(data: &[u8]) {
    let Ok(packet) = Packet::parse(&data[..data.len().min(LONGEST)]) else {
        return;
    };
    getters_agree(&packet);
    let message = Message::from(&packet);
    let mut bytes = Vec::new();
    assert_eq!(
        message.encode(AMPLE, &mut bytes),
        Ok(0),
        "there is room for all"
    );
    let again = Message::decode(&bytes).expect("what was written parses");
    assert_eq!(in_order(&again), in_order(&message));
    let mut twice = Vec::new();
    assert_eq!(again.encode(AMPLE, &mut twice), Ok(0));
    assert_eq!(twice, bytes, "written twice, the same");
    LIMITS
        .into_iter()
        .for_each(|limit| in_little_room(&message, limit));
}

/// Each way to an option leads to the same bytes.
fn getters_agree(packet: &Packet<'_>) {
    for code in (0..=255).map(OptionCode) {
        let fragments = packet.options().filter(|(other, _)| *other == code);
        let walked: Vec<u8> = fragments
            .clone()
            .flat_map(|(_, value)| value)
            .copied()
            .collect();
        let there = fragments.count() > 0;
        assert_eq!(packet.has_option(code), there);
        let joined = packet.option(code);
        assert_eq!(
            joined.as_ref().map(|value| value.to_vec()),
            there.then_some(walked)
        );
        if let Some(value) = joined {
            let mut scratch = vec![0; value.len()];
            assert!(value == *value.contiguous(&mut scratch).expect("room enough"));
            assert!(!format!("{value:?}").is_empty());
        }
    }
    let texts = [packet.host_name(), packet.user_class(), packet.message()];
    assert!(
        texts
            .into_iter()
            .flatten()
            .all(|text| text.bytes().last() != Some(0))
    );
    assert!(
        packet
            .client_identifier()
            .is_none_or(|value| !value.is_empty())
    );
    assert!(packet.chaddr().len() == usize::from(packet.hlen()));
    if let Some(relay) = packet.relay_agent_information() {
        let mut scratch = vec![0; packet.as_bytes().len()];
        assert!(relay.echo(&mut scratch).is_some());
    }
    lengths_are_as_told(packet);
    assert!(!format!("{packet:?}").is_empty());
}

/// [`Packet::check_lengths`] against the rules, one option at a time.
fn lengths_are_as_told(packet: &Packet<'_>) {
    let right = packet.options().all(|(code, value)| {
        let len = packet.option(code).map_or(0, |value| value.len());
        let whole = crate::relay::well_formed(value) == value.len();
        code.length_rule().allows(len) && (code != OptionCode::RELAY_AGENT_INFORMATION || whole)
    });
    assert_eq!(packet.check_lengths().is_ok(), right);
}

/// Within a limit: an option that is there once is written whole, or not at all and counted.
fn in_little_room(message: &Message, limit: usize) {
    let mut bytes = Vec::new();
    let left_out = message
        .encode(limit, &mut bytes)
        .expect("a limit of 240 bytes is enough");
    let relay = message.options.get(OptionCode::RELAY_AGENT_INFORMATION);
    let relay_len = relay.map_or(0, |value| value.len() + value.len().div_ceil(255) * 2);
    assert!(bytes.len() <= (limit + relay_len).max(300));
    let packet = Packet::parse(&bytes).expect("what was written parses");
    let mut missing = 0;
    for (code, value) in message.options.iter() {
        let repeated = message
            .options
            .iter()
            .filter(|(other, _)| *other == code)
            .count()
            > 1;
        match packet.option(code) {
            _ if repeated || code == OptionCode::RELAY_AGENT_INFORMATION => {}
            Some(written) => assert!(written == *value),
            None => missing += 1,
        }
    }
    assert!(missing <= left_out);
}

/// A message as it comes back: option 82 joined, last, and not there when it is empty.
fn in_order(message: &Message) -> Message {
    let mut message = message.clone();
    let code = OptionCode::RELAY_AGENT_INFORMATION;
    if let Some(relay) = message.options.get(code) {
        message.options.remove(code);
        relay
            .chunks(255)
            .for_each(|fragment| message.options.push(code, fragment));
    }
    message
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn corpus() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/dhcp4_packet");
        let files = std::fs::read_dir(seeds)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut count = 0;
        for file in files.filter(|file| file.extension().is_some_and(|end| end == "bin")) {
            super::packet(&std::fs::read(file).unwrap());
            count += 1;
        }
        assert!(count >= 20, "the seeds are there");
    }
}
