//! CONNECT, CONNECTACK and DISCONNECT: how a link begins and ends.

use bytes::Bytes;

use crate::read::OptionReader;
use crate::write::MessageWriter;
use crate::{DecodeError, OptionCode, RejectReason};

/// CONNECT: the primary's first message on a link, whichever side dialled \[draft-12 §7.8\].
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Connect {
    /// Name of the relationship, matched byte by byte. Refused with reason 8 when missing or unknown.
    pub relationship_name: Option<Bytes>,
    /// How many un-acked updates the primary takes. ISC sends none to a peer that leaves it out.
    pub max_unacked: Option<u32>,
    /// Seconds of silence after which the primary drops the link. ISC floods a peer that leaves it out.
    pub receive_timer: Option<u32>,
    /// The primary's software; ISC sends `isc-4.4.3-P1` and checks nothing.
    pub vendor_class: Option<Bytes>,
    /// Protocol version: [`crate::PROTOCOL_VERSION`].
    pub protocol_version: Option<u8>,
    /// 0 no TLS, 1 wanted, 2 required. ISC sends 0.
    pub tls_request: Option<u8>,
    /// Maximum client lead time in seconds. The secondary adopts it, even 0.
    pub mclt: Option<u32>,
    /// Hash bucket assignment, 32 bytes, bit set = the primary serves. Another length is refused with reason 18.
    pub hba: Option<Bytes>,
}

impl Connect {
    pub(crate) fn decode(options: &mut OptionReader<'_>) -> Result<Self, DecodeError> {
        let mut body = Self::default();
        while let Some(option) = options.next_kept()? {
            match option.code {
                OptionCode::RELATIONSHIP_NAME => body.relationship_name = Some(option.bytes()),
                OptionCode::MAX_UNACKED_BNDUPD => body.max_unacked = Some(option.u32()),
                OptionCode::RECEIVE_TIMER => body.receive_timer = Some(option.u32()),
                OptionCode::VENDOR_CLASS_IDENTIFIER => body.vendor_class = Some(option.bytes()),
                OptionCode::PROTOCOL_VERSION => body.protocol_version = Some(option.u8()),
                OptionCode::TLS_REQUEST => body.tls_request = Some(option.u8()),
                OptionCode::MCLT => body.mclt = Some(option.u32()),
                OptionCode::HASH_BUCKET_ASSIGNMENT => body.hba = Some(option.bytes()),
                _ => options.carry(&option),
            }
        }
        Ok(body)
    }

    pub(crate) fn encode(&self, out: &mut MessageWriter<'_>) {
        out.bytes(
            OptionCode::RELATIONSHIP_NAME,
            self.relationship_name.as_deref(),
        );
        out.u32(OptionCode::MAX_UNACKED_BNDUPD, self.max_unacked);
        out.u32(OptionCode::RECEIVE_TIMER, self.receive_timer);
        out.bytes(
            OptionCode::VENDOR_CLASS_IDENTIFIER,
            self.vendor_class.as_deref(),
        );
        out.u8(OptionCode::PROTOCOL_VERSION, self.protocol_version);
        out.u8(OptionCode::TLS_REQUEST, self.tls_request);
        out.u32(OptionCode::MCLT, self.mclt);
        out.bytes(OptionCode::HASH_BUCKET_ASSIGNMENT, self.hba.as_deref());
    }
}

/// CONNECTACK: the secondary's answer \[draft-12 §7.9\]. A `reject` makes it a refusal.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ConnectAck {
    /// The name as the CONNECT had it; absent when that had none.
    pub relationship_name: Option<Bytes>,
    /// How many un-acked updates the secondary takes. ISC leaves it out when it refuses the name.
    pub max_unacked: Option<u32>,
    /// Seconds of silence after which the secondary drops the link. Left out likewise.
    pub receive_timer: Option<u32>,
    /// The secondary's software.
    pub vendor_class: Option<Bytes>,
    /// Protocol version: [`crate::PROTOCOL_VERSION`].
    pub protocol_version: Option<u8>,
    /// 0, present exactly when the CONNECT had a TLS request.
    pub tls_reply: Option<u8>,
    /// Why the connection is refused.
    pub reject: Option<RejectReason>,
    /// The refusal in words.
    pub message: Option<Bytes>,
}

impl ConnectAck {
    pub(crate) fn decode(options: &mut OptionReader<'_>) -> Result<Self, DecodeError> {
        let mut body = Self::default();
        while let Some(option) = options.next_kept()? {
            match option.code {
                OptionCode::RELATIONSHIP_NAME => body.relationship_name = Some(option.bytes()),
                OptionCode::MAX_UNACKED_BNDUPD => body.max_unacked = Some(option.u32()),
                OptionCode::RECEIVE_TIMER => body.receive_timer = Some(option.u32()),
                OptionCode::VENDOR_CLASS_IDENTIFIER => body.vendor_class = Some(option.bytes()),
                OptionCode::PROTOCOL_VERSION => body.protocol_version = Some(option.u8()),
                OptionCode::TLS_REPLY => body.tls_reply = Some(option.u8()),
                OptionCode::REJECT_REASON => body.reject = Some(RejectReason(option.u8())),
                OptionCode::MESSAGE => body.message = Some(option.bytes()),
                _ => options.carry(&option),
            }
        }
        Ok(body)
    }

    pub(crate) fn encode(&self, out: &mut MessageWriter<'_>) {
        out.bytes(
            OptionCode::RELATIONSHIP_NAME,
            self.relationship_name.as_deref(),
        );
        out.u32(OptionCode::MAX_UNACKED_BNDUPD, self.max_unacked);
        out.u32(OptionCode::RECEIVE_TIMER, self.receive_timer);
        out.bytes(
            OptionCode::VENDOR_CLASS_IDENTIFIER,
            self.vendor_class.as_deref(),
        );
        out.u8(OptionCode::PROTOCOL_VERSION, self.protocol_version);
        out.u8(OptionCode::TLS_REPLY, self.tls_reply);
        out.u8(
            OptionCode::REJECT_REASON,
            self.reject.map(|reason| reason.0),
        );
        out.bytes(OptionCode::MESSAGE, self.message.as_deref());
    }
}

/// DISCONNECT: why the sender closes the link \[draft-12 §7.12\]. ISC sends it only after a bad CONNECTACK.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Disconnect {
    /// The reason.
    pub reject: Option<RejectReason>,
    /// The reason in words.
    pub message: Option<Bytes>,
}

impl Disconnect {
    pub(crate) fn decode(options: &mut OptionReader<'_>) -> Result<Self, DecodeError> {
        let mut body = Self::default();
        while let Some(option) = options.next_kept()? {
            match option.code {
                OptionCode::REJECT_REASON => body.reject = Some(RejectReason(option.u8())),
                OptionCode::MESSAGE => body.message = Some(option.bytes()),
                _ => options.carry(&option),
            }
        }
        Ok(body)
    }

    pub(crate) fn encode(&self, out: &mut MessageWriter<'_>) {
        out.u8(
            OptionCode::REJECT_REASON,
            self.reject.map(|reason| reason.0),
        );
        out.bytes(OptionCode::MESSAGE, self.message.as_deref());
    }
}
