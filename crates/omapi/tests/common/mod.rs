//! A client of a session, and a server behind it that notes what it is told.

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test uses its part"
)]

use std::rc::Rc;

use omapi::{
    FailoverState, HEADER_LEN, Key, Keyring, Objects, Operation, Outgoing, ResultCode, Session,
    SessionError, Value, decode,
};

/// Signs with a byte that the client may know or not.
pub struct Toy(pub &'static str, pub u8);

impl Key for Toy {
    fn name(&self) -> &str {
        self.0
    }
    fn algorithm(&self) -> &str {
        "hmac-md5"
    }
    fn signature_len(&self) -> u32 {
        1
    }
    fn sign(&self, _: &[u8]) -> Vec<u8> {
        vec![self.1]
    }
    fn verify(&self, _: [&[u8]; 2], signature: &[u8]) -> bool {
        signature == [self.1]
    }
}

#[derive(Default)]
pub struct Server {
    pub set: Vec<(usize, u32)>,
    pub stopped: bool,
}

impl Objects for Server {
    fn find_relationship(&self, name: &[u8]) -> Option<usize> {
        (name == b"lab").then_some(0)
    }
    fn failover_state(&self, relationship: usize) -> Option<FailoverState> {
        (relationship == 0).then(|| FailoverState {
            name: "lab".into(),
            partner_address: [10, 0, 0, 2].into(),
            partner_port: 647,
            local_address: [10, 0, 0, 1].into(),
            local_port: 647,
            max_outstanding_updates: 10,
            mclt: 60,
            load_balance_max_secs: 3,
            load_balance_hba: None,
            partner_state: 0,
            local_state: 1,
            partner_stos: 0,
            local_stos: 0,
            is_secondary: true,
            max_response_delay: 10,
            cur_unacked_updates: 0,
        })
    }
    fn set_local_state(&mut self, relationship: usize, state: u32) -> Result<(), ResultCode> {
        if state == 99 {
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

pub type List<'a> = &'a [(&'a str, Value)];

/// A client, the session that serves it and the server behind.
pub struct Client {
    pub session: Session,
    pub server: Server,
    pub key: Option<(u32, Toy)>,
}

/// What came back.
#[derive(PartialEq, Debug)]
pub enum Answer {
    Status(u32, String),
    /// Its handle, and the names of its attributes.
    Object(u32, Vec<String>),
}

pub const CONTROL: u32 = 1;
/// With two keys, as `secured` has them, the first.
pub const KEY: u32 = 2;
/// Without keys.
pub const LAB: u32 = 2;

impl Client {
    pub fn new(keyring: Keyring) -> Self {
        let mut session = Session::new(Rc::new(keyring), &mut Vec::new());
        session.receive(&[0, 0, 0, 100, 0, 0, 0, 24]);
        Self {
            session,
            server: Server::default(),
            key: None,
        }
    }

    pub fn plain() -> Self {
        Self::new(Keyring::open())
    }

    pub fn secured() -> Self {
        let keys: Vec<Box<dyn Key>> = vec![Box::new(Toy("k1", 7)), Box::new(Toy("other", 8))];
        Self::new(Keyring::new(keys, Some(0)))
    }

    pub fn try_send(&mut self, message: &Outgoing<'_>) -> Result<Answer, SessionError> {
        let mut request = Vec::new();
        let signer = self
            .key
            .as_ref()
            .map(|(handle, key)| (*handle, key as &dyn Key));
        message.encode(signer, &mut request);
        self.session.receive(&request);
        let mut answer = Vec::new();
        self.session.handle(&mut self.server, &mut answer)?;
        let (answer, _) = decode(&answer, HEADER_LEN)?.expect("there is an answer");
        assert_eq!(answer.response_to, message.id);
        if answer.operation == Operation::Update as u32 {
            let names = answer.object.iter();
            let names = names.map(|(name, _)| String::from_utf8(name.into()).unwrap());
            return Ok(Answer::Object(answer.handle, names.collect()));
        }
        let result = answer.values.get("result").unwrap().try_into().unwrap();
        let text = answer.values.get("message").unwrap_or_default();
        Ok(Answer::Status(
            u32::from_be_bytes(result),
            String::from_utf8(text.into()).unwrap(),
        ))
    }

    pub fn send(
        &mut self,
        operation: Operation,
        handle: u32,
        values: List<'_>,
        object: List<'_>,
    ) -> Answer {
        let message = Outgoing {
            operation,
            handle,
            id: 77,
            response_to: 0,
            values,
            object,
        };
        self.try_send(&message).expect("dhcpd stays")
    }

    pub fn open(&mut self, kind: &str, object: List<'_>) -> Answer {
        self.send(Operation::Open, 0, &[("type", kind.into())], object)
    }

    /// Opens the authenticator of this name.
    pub fn authenticate(&mut self, name: &str) -> Answer {
        let algorithm = "HMAC-MD5.sig-alg.reg.int.".into();
        self.open(
            "authenticator",
            &[("name", name.into()), ("algorithm", algorithm)],
        )
    }
}

pub fn status(code: ResultCode, text: &str) -> Answer {
    Answer::Status(code.0, text.into())
}
