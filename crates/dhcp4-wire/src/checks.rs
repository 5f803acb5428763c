//! What must hold for any input: called by the fuzzer, and by tests over its corpus.

use crate::{Message, Packet};

/// Room for any message that a datagram can hold, option 52 aside.
const AMPLE: usize = 1 << 17;

/// A packet that parses says the same when it is read again from what a [`Message`] of it writes.
pub fn packet(data: &[u8]) {
    let Ok(packet) = Packet::parse(data) else {
        return;
    };
    let message = Message::from(&packet);
    let mut bytes = Vec::new();
    assert_eq!(message.encode(AMPLE, &mut bytes), Ok(0));
    let again = Message::decode(&bytes).expect("what was written parses");
    assert_eq!(again.options.len(), message.options.len());
}
