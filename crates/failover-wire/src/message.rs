//! The twelve messages.

use std::fmt;

use crate::read::OptionReader;
use crate::write::MessageWriter;
use crate::{
    BindingAck, BindingUpdate, Connect, ConnectAck, DecodeError, Disconnect, PoolResponse,
    StateMessage,
};

/// A message's type code. Open; `Display` gives the draft's name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MessageType(pub u8);

macro_rules! message_types {
    ($($code:literal $constant:ident $name:literal $doc:literal;)*) => {
        impl MessageType {
            $(#[doc = $doc] pub const $constant: Self = Self($code);)*

            const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$constant => Some($name),)*
                    Self(_) => None,
                }
            }
        }
    };
}

message_types! {
    1 POOL_REQUEST "POOLREQ" "Asks for more addresses.";
    2 POOL_RESPONSE "POOLRESP" "Says how many addresses are handed over.";
    3 BINDING_UPDATE "BNDUPD" "Tells the state of one address.";
    4 BINDING_ACK "BNDACK" "Accepts or refuses a BNDUPD.";
    5 CONNECT "CONNECT" "Opens the relationship; the primary sends it.";
    6 CONNECT_ACK "CONNECTACK" "Accepts or refuses a CONNECT.";
    7 UPDATE_REQUEST_ALL "UPDREQALL" "Asks for every address. Wireshark 4.0 swaps the names of 7 and 9.";
    8 UPDATE_DONE "UPDDONE" "Answers UPDREQ or UPDREQALL once the last update is acked.";
    9 UPDATE_REQUEST "UPDREQ" "Asks for what was not acked yet.";
    10 STATE "STATE" "Tells the sender's server state.";
    11 CONTACT "CONTACT" "Keeps the link alive.";
    12 DISCONNECT "DISCONNECT" "Says why the link is about to be closed.";
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "message type {}", self.0),
        }
    }
}

/// What a frame says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// POOLREQ (1): the sender wants addresses.
    PoolRequest,
    /// POOLRESP (2), with the POOLREQ's xid.
    PoolResponse(PoolResponse),
    /// BNDUPD (3): the state of one address.
    BindingUpdate(BindingUpdate),
    /// BNDACK (4), with the BNDUPD's xid.
    BindingAck(BindingAck),
    /// CONNECT (5): the primary's first message.
    Connect(Connect),
    /// CONNECTACK (6), with the CONNECT's xid.
    ConnectAck(ConnectAck),
    /// UPDREQALL (7): send every address.
    UpdateRequestAll,
    /// UPDDONE (8), with the request's xid.
    UpdateDone,
    /// UPDREQ (9): send what I have not acked.
    UpdateRequest,
    /// STATE (10): the sender's server state.
    State(StateMessage),
    /// CONTACT (11): keepalive.
    Contact,
    /// DISCONNECT (12): the sender is about to close.
    Disconnect(Disconnect),
    /// Type 0, or one above 12 without options. ISC dhcpd ignores it and restarts its receive timer.
    Unknown {
        /// The type code, 0 or 13..=255.
        message_type: u8,
    },
}

impl Message {
    /// The type code that this message has on the wire.
    #[must_use]
    pub const fn message_type(&self) -> MessageType {
        match self {
            Self::PoolRequest => MessageType::POOL_REQUEST,
            Self::PoolResponse(_) => MessageType::POOL_RESPONSE,
            Self::BindingUpdate(_) => MessageType::BINDING_UPDATE,
            Self::BindingAck(_) => MessageType::BINDING_ACK,
            Self::Connect(_) => MessageType::CONNECT,
            Self::ConnectAck(_) => MessageType::CONNECT_ACK,
            Self::UpdateRequestAll => MessageType::UPDATE_REQUEST_ALL,
            Self::UpdateDone => MessageType::UPDATE_DONE,
            Self::UpdateRequest => MessageType::UPDATE_REQUEST,
            Self::State(_) => MessageType::STATE,
            Self::Contact => MessageType::CONTACT,
            Self::Disconnect(_) => MessageType::DISCONNECT,
            Self::Unknown { message_type } => MessageType(*message_type),
        }
    }

    pub(crate) fn decode(
        message_type: MessageType,
        options: &mut OptionReader<'_>,
    ) -> Result<Self, DecodeError> {
        Ok(match message_type {
            MessageType::POOL_RESPONSE => Self::PoolResponse(PoolResponse::decode(options)?),
            MessageType::BINDING_UPDATE => Self::BindingUpdate(BindingUpdate::decode(options)?),
            MessageType::BINDING_ACK => Self::BindingAck(BindingAck::decode(options)?),
            MessageType::CONNECT => Self::Connect(Connect::decode(options)?),
            MessageType::CONNECT_ACK => Self::ConnectAck(ConnectAck::decode(options)?),
            MessageType::STATE => Self::State(StateMessage::decode(options)?),
            MessageType::DISCONNECT => Self::Disconnect(Disconnect::decode(options)?),
            bodiless => Self::decode_bodiless(bodiless, options)?,
        })
    }

    /// A message that keeps no option: whatever it has is carried.
    fn decode_bodiless(
        message_type: MessageType,
        options: &mut OptionReader<'_>,
    ) -> Result<Self, DecodeError> {
        while let Some(option) = options.next_kept()? {
            options.carry(&option);
        }
        Ok(match message_type {
            MessageType::POOL_REQUEST => Self::PoolRequest,
            MessageType::UPDATE_REQUEST_ALL => Self::UpdateRequestAll,
            MessageType::UPDATE_DONE => Self::UpdateDone,
            MessageType::UPDATE_REQUEST => Self::UpdateRequest,
            MessageType::CONTACT => Self::Contact,
            MessageType(message_type) => Self::Unknown { message_type },
        })
    }

    pub(crate) fn encode(&self, out: &mut MessageWriter<'_>) {
        match self {
            Self::PoolResponse(body) => body.encode(out),
            Self::BindingUpdate(body) => body.encode(out),
            Self::BindingAck(body) => body.encode(out),
            Self::Connect(body) => body.encode(out),
            Self::ConnectAck(body) => body.encode(out),
            Self::State(body) => body.encode(out),
            Self::Disconnect(body) => body.encode(out),
            Self::PoolRequest
            | Self::UpdateRequestAll
            | Self::UpdateDone
            | Self::UpdateRequest
            | Self::Contact
            | Self::Unknown { .. } => {}
        }
    }
}
