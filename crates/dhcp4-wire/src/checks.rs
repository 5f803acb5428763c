//! What must hold for any input: called by the fuzzer, and by a test over its corpus.

use crate::relay::well_formed;
use crate::{Message, OptionCode, Packet};
use std::collections::BTreeMap;

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

/// The fragments of each option, by walking.
fn fragments<'a>(
    options: impl Iterator<Item = (OptionCode, &'a [u8])>,
) -> BTreeMap<OptionCode, Vec<&'a [u8]>> {
    let mut by_code = BTreeMap::<_, Vec<_>>::new();
    options.for_each(|(code, value)| by_code.entry(code).or_default().push(value));
    by_code
}

/// Each way to an option leads to the same bytes.
fn getters_agree(packet: &Packet<'_>) {
    let walked = fragments(packet.options());
    for code in (0..=255).map(OptionCode) {
        assert_eq!(packet.has_option(code), walked.contains_key(&code));
        assert!(walked.contains_key(&code) || packet.option(code).is_none());
    }
    for (code, fragments) in &walked {
        let value = packet.option(*code).expect("it was walked over");
        assert_eq!(value.to_vec(), fragments.concat());
        assert_eq!(value.as_slice().is_some(), fragments.len() == 1);
        let mut scratch = vec![0; value.len()];
        assert!(value == *value.contiguous(&mut scratch).expect("room enough"));
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
    lengths_are_as_told(packet, &walked);
    assert!(!format!("{packet:?}").is_empty());
}

/// [`Packet::check_lengths`] against the rules, one option at a time.
fn lengths_are_as_told(packet: &Packet<'_>, options: &BTreeMap<OptionCode, Vec<&[u8]>>) {
    let right = options.iter().all(|(code, fragments)| {
        let len = fragments.iter().map(|fragment| fragment.len()).sum();
        let whole = |fragment: &&[u8]| well_formed(fragment) == fragment.len();
        let relay = *code == OptionCode::RELAY_AGENT_INFORMATION;
        code.length_rule().allows(len) && (!relay || fragments.iter().all(whole))
    });
    assert_eq!(packet.check_lengths().is_ok(), right);
}

/// Within a limit: an option that is there once is written whole, or not at all and counted.
fn in_little_room(message: &Message, limit: usize) {
    let mut bytes = Vec::new();
    let left_out = message
        .encode(limit, &mut bytes)
        .expect("a limit of 240 bytes is enough");
    let mut wanted = fragments(message.options.iter());
    let relay = wanted
        .remove(&OptionCode::RELAY_AGENT_INFORMATION)
        .unwrap_or_default()
        .concat();
    let relay_len = relay.len() + relay.len().div_ceil(255) * 2;
    assert!(bytes.len() <= (limit + relay_len).max(300));
    let packet = Packet::parse(&bytes).expect("what was written parses");
    let written = fragments(packet.options());
    let mut missing = 0;
    for (code, value) in wanted.iter().filter(|(_, fragments)| fragments.len() == 1) {
        match written.get(code) {
            Some(fragments) => assert_eq!(fragments.concat(), value[0]),
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
