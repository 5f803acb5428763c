//! What the fuzzer looks for, as functions: the same ones run over the committed corpus in a plain test.

use std::rc::Rc;

use crate::{
    FailoverState, HEADER_LEN, Key, Keyring, MAX_MESSAGE_LEN, Objects, ResultCode, Session,
    SessionError, Startup, decode,
};

/// Longest answer: a relationship with a name of the greatest length that a configuration can have.
const MAX_ANSWER_LEN: usize = 1024;

/// Reads `bytes` as one connection, with a server that asks for no key and with one that does and whose client has not
/// got the secret. Checks what must hold for any bytes at all: nothing panics, the segmentation does not matter, each
/// message has one answer, which is bounded and can be read; and without the secret nothing changes.
///
/// # Panics
///
/// When one of these does not hold.
pub fn omapi(bytes: &[u8]) {
    let open = converse(bytes, bytes.len().max(1), false);
    assert!(open == converse(bytes, 1, false), "segments of one byte");
    assert!(open == converse(bytes, 13, false), "segments of thirteen");
    let secured = converse(bytes, 7, true);
    assert!(secured.server == Server::default(), "without the secret");
}

/// How a connection went.
#[derive(PartialEq)]
struct Outcome {
    server: Server,
    sent: Vec<u8>,
    error: Option<SessionError>,
}

fn converse(bytes: &[u8], segment: usize, secured: bool) -> Outcome {
    let keys: Vec<Box<dyn Key>> = vec![Box::new(Unknown("k1")), Box::new(Unknown("k2"))];
    let mut sent = Vec::new();
    let keys = Rc::new(Keyring::new(keys, secured.then_some(0)));
    let mut session = Session::new(keys, &mut sent);
    let mut server = Server::default();
    let mut error = None;
    for segment in bytes.chunks(segment) {
        if let Err(end) = receive(&mut session, segment, &mut server, &mut sent) {
            error = Some(end);
            break;
        }
    }
    Outcome {
        server,
        sent,
        error,
    }
}

fn receive(
    session: &mut Session,
    mut bytes: &[u8],
    server: &mut Server,
    sent: &mut Vec<u8>,
) -> Result<(), SessionError> {
    while !bytes.is_empty() || session.is_ready() {
        let room = session.room().min(bytes.len());
        assert!(room > 0 || session.is_ready(), "it is stuck");
        let (now, later) = bytes.split_at(room);
        session.receive(now);
        bytes = later;
        let before = sent.len();
        while session.is_ready() {
            let answer = sent.len();
            session.handle(server, sent)?;
            check_answer(&sent[answer..]);
        }
        assert!(sent.len() - before <= (MAX_MESSAGE_LEN / HEADER_LEN) * MAX_ANSWER_LEN);
    }
    Ok(())
}

fn check_answer(answer: &[u8]) {
    if answer.is_empty() {
        return; // the client's startup message has none
    }
    assert!(answer.len() <= MAX_ANSWER_LEN, "{} bytes", answer.len());
    let read = decode(answer, Startup::OURS.header_len).expect("ours is in bounds");
    let (message, len) = read.expect("it is whole");
    assert_eq!(len, answer.len(), "one answer");
    assert!(message.operation == 3 || message.values.get("result").is_some());
}

/// A key whose secret the client can't have.
struct Unknown(&'static str);

impl Key for Unknown {
    fn name(&self) -> &str {
        self.0
    }

    fn algorithm(&self) -> &str {
        "hmac-md5"
    }

    fn signature_len(&self) -> u32 {
        16
    }

    fn sign(&self, _: &[u8]) -> Vec<u8> {
        vec![0; 16]
    }

    fn verify(&self, _: [&[u8]; 2], _: &[u8]) -> bool {
        false
    }
}

/// A server that notes what it is told.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Server {
    /// States set, in order.
    pub(crate) set: Vec<(usize, u32)>,
    /// Told to stop.
    pub(crate) stopped: bool,
}

impl Server {
    const NAMES: [&str; 2] = ["lab", "other"];
}

impl Objects for Server {
    fn find_relationship(&self, name: &[u8]) -> Option<usize> {
        Self::NAMES.iter().position(|n| n.as_bytes() == name)
    }

    fn failover_state(&self, relationship: usize) -> Option<FailoverState> {
        let name = Self::NAMES.get(relationship)?;
        // That of the lab which the captured answers are from.
        Some(FailoverState {
            name: (*name).into(),
            partner_address: [10, 78, 0, 2].into(),
            partner_port: 847,
            local_address: [10, 78, 0, 1].into(),
            local_port: 647,
            max_outstanding_updates: 10,
            mclt: 60,
            load_balance_max_secs: 3,
            load_balance_hba: Some(std::array::from_fn(|i| if i < 16 { 0xff } else { 0 })),
            partner_state: 2,
            local_state: self.set.last().map_or(2, |(_, state)| *state),
            partner_stos: 0x6b04_d02e,
            local_stos: 0x6b04_d02e,
            is_secondary: relationship == 1,
            max_response_delay: 10,
            cur_unacked_updates: 0,
        })
    }

    fn set_local_state(&mut self, relationship: usize, state: u32) -> Result<(), ResultCode> {
        if state == 0 || state > 11 {
            return Err(ResultCode::INVALID_ARGUMENT);
        }
        self.set.push((relationship, state));
        Ok(())
    }

    fn shut_down(&mut self) {
        self.stopped = true;
    }

    fn is_shutting_down(&self) -> bool {
        self.stopped
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::{Operation, Outgoing, SHUTDOWN, Value};

    #[test]
    fn the_corpus_passes() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/omapi");
        let mut seeds = 0;
        for entry in fs::read_dir(corpus).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "bin") {
                omapi(&fs::read(path).unwrap());
                seeds += 1;
            }
        }
        assert!(seeds >= 12, "only {seeds} seeds");
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            prop_oneof![0..12_u32, Just(SHUTDOWN), any::<u32>()].prop_map(Value::Number),
            prop_oneof![
                Just("lab"),
                Just("control"),
                Just("failover-state"),
                Just("authenticator"),
                Just("hmac-md5.SIG-ALG.REG.INT."),
                Just("k1"),
                Just("host"),
                Just("")
            ]
            .prop_map(Value::from),
            vec(any::<u8>(), 0..8).prop_map(Value::Bytes),
        ]
    }

    fn list() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
        let name = prop_oneof![
            Just("type"),
            Just("name"),
            Just("algorithm"),
            Just("handle"),
            Just("state"),
            Just("local-state"),
            Just("create"),
            Just("update"),
            Just("exclusive"),
            Just("mclt"),
            Just("zz")
        ];
        vec((name, value()), 0..4)
    }

    /// A message as clients send it, which now and then isn't.
    fn almost_a_message() -> impl Strategy<Value = Vec<u8>> {
        let operation = prop_oneof![
            Just(Operation::Open),
            Just(Operation::Refresh),
            Just(Operation::Update),
            Just(Operation::Delete),
            Just(Operation::Notify)
        ];
        let damage = prop_oneof![8 => Just(None), 1 => (0..60_usize, any::<u8>()).prop_map(Some)];
        let parts = (operation, 0..7_u32, list(), list(), any::<bool>(), damage);
        parts.prop_map(|(operation, handle, values, object, sign, damage)| {
            let message = Outgoing {
                operation,
                handle,
                id: 9,
                response_to: 0,
                values: &values,
                object: &object,
            };
            let mut bytes = Vec::new();
            let key = Unknown("k1");
            message.encode(sign.then_some((2, &key)), &mut bytes);
            if let Some((at, byte)) = damage
                && let Some(damaged) = bytes.get_mut(at)
            {
                *damaged = byte;
            }
            bytes
        })
    }

    proptest! {
        #[test]
        fn any_bytes_pass(bytes in vec(any::<u8>(), 0..100)) {
            omapi(&bytes);
        }

        #[test]
        fn any_conversation_passes(messages in vec(almost_a_message(), 0..6), long in any::<bool>()) {
            let len = if long { 25 } else { 24 };
            let startup = [0, 0, 0, 100, 0, 0, 0, len];
            omapi(&[&startup[..], &messages.concat()].concat());
        }

        #[test]
        fn what_is_sent_is_read(values in list(), object in list(), handle: u32, id: u32, response_to: u32) {
            let sent = Outgoing { operation: Operation::Update, handle, id, response_to, values: &values, object: &object };
            let mut bytes = Vec::new();
            sent.encode(Some((5, &Unknown("k1"))), &mut bytes);
            let whole = bytes.len();
            for cut in 0..whole {
                prop_assert_eq!(decode(&bytes[..cut], HEADER_LEN), Ok(None));
            }
            bytes.push(0xff); // of the next one
            let (read, len) = decode(&bytes, HEADER_LEN).unwrap().unwrap();
            prop_assert_eq!(len, whole);
            let header = (read.authenticator, read.operation, read.handle, read.id, read.response_to);
            prop_assert_eq!(header, (5, 3, handle, id, response_to));
            prop_assert_eq!(read.signature, [0; 16]);
            prop_assert_eq!(read.signed.concat(), &bytes[4..whole - 16]);
            for (got, sent) in [(read.values, &values), (read.object, &object)] {
                let got: Vec<_> = got.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect();
                let raw = |value: &Value| match value {
                    Value::Number(number) => number.to_be_bytes().to_vec(),
                    Value::Bytes(bytes) => bytes.clone(),
                };
                let sent: Vec<_> = sent.iter().map(|(n, v)| (n.as_bytes().to_vec(), raw(v))).collect();
                prop_assert_eq!(got, sent);
            }
        }
    }
}
