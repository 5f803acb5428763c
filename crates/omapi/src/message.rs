//! Messages to and from bytes.

use crate::SessionError;
use crate::key::Key;
use crate::startup::HEADER_LEN;
use crate::values::{Value, Values};

/// The longest message, bytes. The longest that omshell sends about a failover relationship, all attributes of the
/// object together, has about 600; a host with all its statements few thousand. It bounds what a client can make us hold.
pub const MAX_MESSAGE_LEN: usize = 16 << 10;
/// Most values in one list: the largest object, a lease, has about 20 attributes.
pub const MAX_VALUES: usize = 64;
/// The longest signature, bytes: that of HMAC-SHA512.
pub const MAX_SIGNATURE_LEN: u32 = 64;
/// Bytes of the header in front of what is signed: the authenticator's handle.
const UNSIGNED: usize = 4;

/// What a message is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u32)]
pub enum Operation {
    /// Find an object, or make one.
    Open = 1,
    /// Send an object again.
    Refresh = 2,
    /// An object's values: to be set, or as they are.
    Update = 3,
    /// Something happened to an object. Never implemented by dhcpd.
    Notify = 4,
    /// How a request ended.
    Status = 5,
    /// Remove an object.
    Delete = 6,
}

impl Operation {
    /// The operation of this number.
    pub fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Open,
            2 => Self::Refresh,
            3 => Self::Update,
            4 => Self::Notify,
            5 => Self::Status,
            6 => Self::Delete,
            _ => return None,
        })
    }
}

/// A message from a client, in the buffer that it came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message<'a> {
    /// Handle of the authenticator that signed it; 0 for none.
    pub authenticator: u32,
    /// What it is about: see [`Operation`].
    pub operation: u32,
    /// The object; 0 for none.
    pub handle: u32,
    /// Names the request.
    pub id: u32,
    /// The request that this answers; 0 for none.
    pub response_to: u32,
    /// What belongs to the message itself.
    pub values: Values<'a>,
    /// The object's values.
    pub object: Values<'a>,
    /// What the signature is over: the header behind the authenticator's handle (without what a longer header has more),
    /// and both lists with their ends.
    pub signed: [&'a [u8]; 2],
    /// The signature; empty if there is none.
    pub signature: &'a [u8],
}

/// Reads the message that `bytes` begin with, and tells how long it is; `None` while there is more to come.
///
/// `header_len` is what the sender's [`Startup`](crate::Startup) announced.
///
/// # Errors
///
/// What it declares is out of bounds, found as soon as it is declared.
pub fn decode(
    bytes: &[u8],
    header_len: usize,
) -> Result<Option<(Message<'_>, usize)>, SessionError> {
    match (Reader { bytes, at: 0 }).message(header_len) {
        Ok(message) => Ok(Some(message)),
        Err(Stop::Incomplete) => Ok(None),
        Err(Stop::Wrong(error)) => Err(error),
    }
}

/// Why there is no message.
enum Stop {
    Incomplete,
    Wrong(SessionError),
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn message(&mut self, header_len: usize) -> Result<(Message<'a>, usize), Stop> {
        let [
            authenticator,
            signature_len,
            operation,
            handle,
            id,
            response_to,
        ] = self.header()?;
        if signature_len > MAX_SIGNATURE_LEN {
            return Err(Stop::Wrong(SessionError::SignatureLength(signature_len)));
        }
        self.take(header_len.saturating_sub(HEADER_LEN))?;
        let body = self.at;
        let values = self.values()?;
        let object = self.values()?;
        let signed = [
            &self.bytes[UNSIGNED..HEADER_LEN],
            &self.bytes[body..self.at],
        ];
        let message = Message {
            authenticator,
            operation,
            handle,
            id,
            response_to,
            values,
            object,
            signed,
            signature: self.take(signature_len as usize)?,
        };
        Ok((message, self.at))
    }

    fn header(&mut self) -> Result<[u32; 6], Stop> {
        let mut header = [0; 6];
        for field in &mut header {
            *field = u32::from_be_bytes(self.array()?);
        }
        Ok(header)
    }

    fn values(&mut self) -> Result<Values<'a>, Stop> {
        let begin = self.at;
        for _ in 0..=MAX_VALUES {
            let end = self.at;
            let name_len = u16::from_be_bytes(self.array()?);
            if name_len == 0 {
                return Ok(Values::new(&self.bytes[begin..end]));
            }
            self.take(name_len.into())?;
            let value_len = u32::from_be_bytes(self.array()?);
            self.take(value_len as usize)?;
        }
        Err(Stop::Wrong(SessionError::ValueCount))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("it takes as many as there are"))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Stop> {
        if len > MAX_MESSAGE_LEN - self.at {
            return Err(Stop::Wrong(SessionError::MessageLength));
        }
        let taken = self.bytes.get(self.at..self.at + len);
        let taken = taken.ok_or(Stop::Incomplete)?;
        self.at += len;
        Ok(taken)
    }
}

/// A message to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outgoing<'a> {
    /// What it is about.
    pub operation: Operation,
    /// The object; 0 for none.
    pub handle: u32,
    /// Names the message.
    pub id: u32,
    /// The request that this answers; 0 for none.
    pub response_to: u32,
    /// What belongs to the message itself.
    pub values: &'a [(&'a str, Value)],
    /// The object's values.
    pub object: &'a [(&'a str, Value)],
}

impl Outgoing<'_> {
    /// Appends the message, signed with the authenticator of this handle if there is one.
    pub fn encode(&self, signer: Option<(u32, &dyn Key)>, out: &mut Vec<u8>) {
        let begin = out.len();
        let (authenticator, signature_len) =
            signer.map_or((0, 0), |(handle, key)| (handle, key.signature_len()));
        for field in [
            authenticator,
            signature_len,
            self.operation as u32,
            self.handle,
            self.id,
            self.response_to,
        ] {
            out.extend_from_slice(&field.to_be_bytes());
        }
        for list in [self.values, self.object] {
            for (name, value) in list {
                out.extend_from_slice(&(name.len() as u16).to_be_bytes());
                out.extend_from_slice(name.as_bytes());
                value.encode(out);
            }
            out.extend_from_slice(&[0, 0]);
        }
        if let Some((_, key)) = signer {
            let signature = key.sign(&out[begin + UNSIGNED..]);
            out.extend_from_slice(&signature);
        }
    }
}
