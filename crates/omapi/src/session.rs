//! The server's side of one connection.

use std::rc::Rc;

use crate::message::{MAX_MESSAGE_LEN, Message, Operation, Outgoing, decode};
use crate::object::{Found, Object, Objects, Type};
use crate::startup::Startup;
use crate::values::{Value, Values, number};
use crate::{Keyring, ResultCode, SessionError};

/// Names of values that a message can't have, since they are in its header.
const RESERVED: [&str; 7] = [
    "object",
    "notify-object",
    "authid",
    "op",
    "handle",
    "id",
    "rid",
];

/// One connection: bytes in, bytes out.
///
/// What it holds is bounded: as much of a message as there is, at most [`MAX_MESSAGE_LEN`] bytes, as long as no more
/// than [`room`](Self::room) is given to it.
#[derive(Debug)]
pub struct Session {
    received: Vec<u8>,
    /// What the client has announced.
    client: Option<Startup>,
    conversation: Conversation,
}

/// What is known of the client.
#[derive(Debug)]
struct Conversation {
    keys: Rc<Keyring>,
    /// Which keys it has opened.
    opened: Vec<bool>,
    /// Id of the next message. Nobody ever refers to it.
    next_id: u32,
}

/// What a request has come to.
enum Answer {
    /// Done: a STATUS says so.
    Done,
    /// This object is sent.
    Object(Object),
}

/// Why a request was refused: what a STATUS says, with words for people.
struct Refusal(ResultCode, &'static str);

impl Session {
    /// A connection was opened: appends our startup message to `out`.
    pub fn new(keys: Rc<Keyring>, out: &mut Vec<u8>) -> Self {
        Startup::OURS.encode(out);
        Self {
            received: Vec::new(),
            client: None,
            conversation: Conversation {
                opened: vec![false; keys.len()],
                keys,
                next_id: 1,
            },
        }
    }

    /// How many bytes may be given to [`receive`](Self::receive) now. When it is 0, [`handle`](Self::handle) has
    /// something to do.
    pub fn room(&self) -> usize {
        MAX_MESSAGE_LEN.saturating_sub(self.received.len())
    }

    /// Takes bytes from the client, cut anywhere.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// Whether [`handle`](Self::handle) has something to do.
    pub fn is_ready(&self) -> bool {
        match self.client {
            None => self.received.len() >= Startup::LEN,
            Some(client) => !matches!(decode(&self.received, client.header_len), Ok(None)),
        }
    }

    /// Does what the next message asks for, and appends the answer to `out`; nothing if there is none yet.
    ///
    /// # Errors
    ///
    /// The connection has to be closed.
    pub fn handle(
        &mut self,
        objects: &mut dyn Objects,
        out: &mut Vec<u8>,
    ) -> Result<(), SessionError> {
        let client = match self.client {
            Some(client) => client,
            None => {
                let Some(startup) = self.received.first_chunk() else {
                    return Ok(());
                };
                let client = Startup::decode(*startup)?;
                self.client = Some(client);
                self.received.drain(..Startup::LEN);
                client
            }
        };
        if let Some((message, len)) = decode(&self.received, client.header_len)? {
            self.conversation.handle(&message, objects, out)?;
            self.received.drain(..len);
        }
        Ok(())
    }
}

impl Conversation {
    fn handle(
        &mut self,
        message: &Message<'_>,
        objects: &mut dyn Objects,
        out: &mut Vec<u8>,
    ) -> Result<(), SessionError> {
        let reserved = |(name, _): (&[u8], _)| RESERVED.iter().any(|r| r.as_bytes() == name);
        if message.values.iter().any(reserved) {
            return Err(SessionError::ReservedName);
        }
        let (signer, answer) = match self.signer(message)? {
            Ok(signer) => (signer, self.answer(message, signer.is_some(), objects)?),
            Err(refusal) => (None, Err(refusal)),
        };
        self.send(message.id, signer, answer, objects, out);
        Ok(())
    }

    /// The key that has signed the message, if one has to have.
    fn signer(
        &self,
        message: &Message<'_>,
    ) -> Result<Result<Option<usize>, Refusal>, SessionError> {
        if message.authenticator == 0 {
            return Ok(Ok(None));
        }
        let unknown = SessionError::Authenticator(message.authenticator);
        let is_it = |index: &usize| {
            Object::Authenticator(*index).handle(&self.keys) == message.authenticator
                && self.opened[*index]
        };
        let index = (0..self.opened.len()).find(is_it).ok_or(unknown)?;
        let key = self.keys.get(index).ok_or(unknown)?;
        // dhcpd takes a message without any signature for signed, if it but names the authenticator.
        if key.verify(message.signed, message.signature) {
            Ok(Ok(Some(index)))
        } else {
            // As dhcpd: without words.
            Ok(Err(Refusal(ResultCode::INVALID_KEY, "")))
        }
    }

    fn answer(
        &mut self,
        message: &Message<'_>,
        is_signed: bool,
        objects: &mut dyn Objects,
    ) -> Result<Result<Answer, Refusal>, SessionError> {
        if message.response_to != 0 {
            return Err(SessionError::Unasked(message.response_to));
        }
        let operation = Operation::from_number(message.operation);
        let trusted = is_signed || !self.keys.is_required();
        if !trusted && operation != Some(Operation::Open) {
            return Ok(Err(UNSIGNED));
        }
        Ok(match operation {
            Some(Operation::Open) => self.open(message, trusted, objects),
            Some(Operation::Refresh) => self.find(message, objects).map(Answer::Object),
            Some(Operation::Update) => self.update(message, objects),
            Some(Operation::Delete) => self.delete(message, objects),
            Some(Operation::Notify) => Err(Refusal(
                ResultCode::NOT_IMPLEMENTED,
                "notify not implemented yet",
            )),
            Some(Operation::Status) | None => {
                return Err(SessionError::Operation(message.operation));
            }
        })
    }

    fn open(
        &mut self,
        message: &Message<'_>,
        trusted: bool,
        objects: &mut dyn Objects,
    ) -> Result<Answer, Refusal> {
        let kind = message.values.get("type").map(Type::find);
        if !trusted && kind != Some(Ok(Some(Type::Authenticator))) {
            return Err(UNSIGNED);
        }
        let create = flag(message.values, "create", "invalid create flag value")?;
        let update = flag(message.values, "update", "invalid update flag value")?;
        let exclusive = flag(message.values, "exclusive", "invalid exclusive flag value")?;
        let kind = match kind {
            Some(Err(_)) => {
                return Err(Refusal(
                    ResultCode::NOT_IMPLEMENTED,
                    "unsearchable object type",
                ));
            }
            Some(Ok(Some(kind))) => kind,
            Some(Ok(None)) | None if create => {
                return Err(Refusal(
                    ResultCode::INVALID_ARGUMENT,
                    "type required on create",
                ));
            }
            Some(Ok(None)) | None => return self.find(message, objects).map(Answer::Object),
        };
        let found = Object::look_up(kind, message.object, &self.keys, objects)
            .map_err(|code| Refusal(code, "object lookup failed"))?;
        let object = match found {
            Found::Object(_) if create && exclusive => {
                return Err(Refusal(
                    ResultCode::EXISTS,
                    "specified object already exists",
                ));
            }
            Found::Object(object) => object,
            Found::Nothing if !create => {
                return Err(Refusal(
                    ResultCode::NOT_FOUND,
                    "no object matches specification",
                ));
            }
            Found::Nothing | Found::Unnamed => {
                return Err(Refusal(
                    ResultCode::NOT_IMPLEMENTED,
                    "can't create new object",
                ));
            }
        };
        if create || update {
            object
                .update(message.object, objects)
                .map_err(not_updated)?;
        }
        if let Object::Authenticator(index) = object {
            if !self.keys.is_accepted(index) {
                return Err(Refusal(
                    ResultCode::INVALID_KEY,
                    "can't select authenticator",
                ));
            }
            self.opened[index] = true;
        }
        Ok(Answer::Object(object))
    }

    fn update(&self, message: &Message<'_>, objects: &mut dyn Objects) -> Result<Answer, Refusal> {
        match self.find(message, objects)? {
            // dhcpd says the same, and calls it a success.
            Object::Authenticator(_) => Err(Refusal(
                ResultCode::NO_PERMISSION,
                "cannot update authenticator",
            )),
            object => {
                object
                    .update(message.object, objects)
                    .map_err(not_updated)?;
                Ok(Answer::Done)
            }
        }
    }

    fn delete(&self, message: &Message<'_>, objects: &dyn Objects) -> Result<Answer, Refusal> {
        Err(match self.find(message, objects)? {
            Object::Control => Refusal(ResultCode::NO_PERMISSION, ""),
            Object::FailoverState(_) => Refusal(ResultCode::NOT_IMPLEMENTED, ""),
            Object::Authenticator(_) => {
                Refusal(ResultCode::NOT_IMPLEMENTED, "no remove method for object")
            }
        })
    }

    fn find(&self, message: &Message<'_>, objects: &dyn Objects) -> Result<Object, Refusal> {
        Object::by_handle(message.handle, &self.keys, objects)
            .ok_or(Refusal(ResultCode::NOT_FOUND, "no matching handle"))
    }

    fn send(
        &mut self,
        response_to: u32,
        signer: Option<usize>,
        answer: Result<Answer, Refusal>,
        objects: &dyn Objects,
        out: &mut Vec<u8>,
    ) {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        let status = |ResultCode(number)| vec![("result", Value::Number(number))];
        let (operation, handle, values, object) = match answer {
            Err(Refusal(code, text)) => {
                let mut values = status(code);
                if !text.is_empty() {
                    values.push(("message", text.into()));
                }
                (Operation::Status, 0, values, Vec::new())
            }
            Ok(Answer::Done) => (
                Operation::Status,
                0,
                status(ResultCode::SUCCESS),
                Vec::new(),
            ),
            Ok(Answer::Object(object)) => {
                let attributes = object.attributes(&self.keys, objects);
                let handle = object.handle(&self.keys);
                (Operation::Update, handle, Vec::new(), attributes)
            }
        };
        let signer = signer.and_then(|index| {
            let handle = Object::Authenticator(index).handle(&self.keys);
            Some((handle, self.keys.get(index)?))
        });
        let answer = Outgoing {
            operation,
            handle,
            id,
            response_to,
            values: &values,
            object: &object,
        };
        answer.encode(signer, out);
    }
}

const UNSIGNED: Refusal = Refusal(ResultCode::NO_KEYS, "No authenticator on message");

fn not_updated(code: ResultCode) -> Refusal {
    Refusal(code, "can't update object")
}

/// A flag of an OPEN: off if it isn't there.
fn flag(values: Values<'_>, name: &str, wrong: &'static str) -> Result<bool, Refusal> {
    match values.get(name) {
        None => Ok(false),
        Some(value) => number(value)
            .map(|number| number != 0)
            .ok_or(Refusal(ResultCode::INVALID_ARGUMENT, wrong)),
    }
}
