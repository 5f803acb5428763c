//! BNDUPD and BNDACK: the state of one address, and the answer.

use std::fmt;
use std::net::Ipv4Addr;

use bytes::Bytes;

use crate::error::DecodeErrorReason;
use crate::read::OptionReader;
use crate::write::MessageWriter;
use crate::{DecodeError, HardwareAddress, OptionCode, RejectReason, UnixTime};

/// The state of an address. Closed: behaviour branches on it.
///
/// The discriminants are the wire codes; `Display` uses the words of ISC's lease file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum BindingStatus {
    /// Unused, the primary's to give.
    Free = 1,
    /// Leased to a client.
    Active = 2,
    /// The lease ran out; the partner has not agreed to free the address yet.
    Expired = 3,
    /// The client gave the lease back; likewise.
    Released = 4,
    /// Somebody uses the address without a lease.
    Abandoned = 5,
    /// An operator freed the address.
    Reset = 6,
    /// Unused, the secondary's to give.
    Backup = 7,
}

impl BindingStatus {
    /// All states, by wire code.
    pub const ALL: [Self; 7] = [
        Self::Free,
        Self::Active,
        Self::Expired,
        Self::Released,
        Self::Abandoned,
        Self::Reset,
        Self::Backup,
    ];

    /// ISC's word for the state, as in `dhcpd.leases`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Released => "released",
            Self::Abandoned => "abandoned",
            Self::Reset => "reset",
            Self::Backup => "backup",
        }
    }
}

impl fmt::Display for BindingStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl TryFrom<u8> for BindingStatus {
    type Error = DecodeErrorReason;

    fn try_from(code: u8) -> Result<Self, Self::Error> {
        match code {
            1 => Ok(Self::Free),
            2 => Ok(Self::Active),
            3 => Ok(Self::Expired),
            4 => Ok(Self::Released),
            5 => Ok(Self::Abandoned),
            6 => Ok(Self::Reset),
            7 => Ok(Self::Backup),
            _ => Err(DecodeErrorReason::BindingStatus(code)),
        }
    }
}

/// The IP-flags option: a bit set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct IpFlags(pub u16);

impl IpFlags {
    /// The address is reserved for one client.
    pub const RESERVED: Self = Self(0x0001);
    /// The address is a BOOTP client's.
    pub const BOOTP: Self = Self(0x0002);

    /// Whether all bits of `flags` are set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

/// BNDUPD: what the sender wants acked about one address \[draft-12 §7.1\].
///
/// Everything is optional here because everything can be missing on the wire: ISC answers a missing
/// address or status with reject reason 3 and keeps the link. ISC itself sends `lease_expiration`,
/// `potential_expiration` and `start_of_state` in every update, 0 for an address never used.
///
/// The `Bytes` share the receive buffer and keep all of it alive: copy what is stored for long.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct BindingUpdate {
    /// The address.
    pub address: Option<Ipv4Addr>,
    /// Its new state.
    pub status: Option<BindingStatus>,
    /// DHCP option 61 of the client, type byte included. ISC takes a zero-length one for "no identifier".
    pub client_identifier: Option<Bytes>,
    /// The client's hardware address. Required by ISC for ACTIVE, EXPIRED and RELEASED.
    pub hardware: Option<HardwareAddress>,
    /// The end of the lease as the client knows it.
    pub lease_expiration: Option<UnixTime>,
    /// The end that the sender wants acked, so that it may grant up to it later.
    pub potential_expiration: Option<UnixTime>,
    /// Since when the address is in its state.
    pub start_of_state: Option<UnixTime>,
    /// When the client last spoke to the sender. ISC uses it to settle crossing updates and stores it nowhere.
    pub client_last_transaction: Option<UnixTime>,
    /// Marks on the address; absent means none. ISC sends the option only when a bit is set.
    pub ip_flags: Option<IpFlags>,
    /// Options that the client sent. ISC never sends and ignores it.
    pub client_request_options: Option<Bytes>,
    /// Options that the client was sent. ISC never sends and ignores it.
    pub client_reply_options: Option<Bytes>,
}

impl BindingUpdate {
    pub(crate) fn decode(options: &mut OptionReader<'_>) -> Result<Self, DecodeError> {
        let mut body = Self::default();
        while let Some(option) = options.next_kept()? {
            match option.code {
                OptionCode::ASSIGNED_IP_ADDRESS => body.address = Some(option.address()),
                OptionCode::BINDING_STATUS => {
                    let status = BindingStatus::try_from(option.u8());
                    body.status = Some(status.map_err(|reason| option.error(reason))?);
                }
                OptionCode::CLIENT_IDENTIFIER => body.client_identifier = Some(option.bytes()),
                OptionCode::CLIENT_HARDWARE_ADDRESS => {
                    let hardware = HardwareAddress::from_wire(option.value());
                    if hardware.is_oversized() {
                        options.carry(&option);
                    }
                    body.hardware = Some(hardware);
                }
                OptionCode::LEASE_EXPIRATION_TIME => body.lease_expiration = Some(option.time()),
                OptionCode::POTENTIAL_EXPIRATION_TIME => {
                    body.potential_expiration = Some(option.time());
                }
                OptionCode::START_TIME_OF_STATE => body.start_of_state = Some(option.time()),
                OptionCode::CLIENT_LAST_TRANSACTION_TIME => {
                    body.client_last_transaction = Some(option.time());
                }
                OptionCode::IP_FLAGS => body.ip_flags = Some(IpFlags(option.u16())),
                OptionCode::CLIENT_REQUEST_OPTIONS => {
                    body.client_request_options = Some(option.bytes());
                }
                OptionCode::CLIENT_REPLY_OPTIONS => {
                    body.client_reply_options = Some(option.bytes());
                }
                _ => options.carry(&option),
            }
        }
        Ok(body)
    }

    pub(crate) fn encode(&self, out: &mut MessageWriter<'_>) {
        out.address(OptionCode::ASSIGNED_IP_ADDRESS, self.address);
        out.u8(
            OptionCode::BINDING_STATUS,
            self.status.map(|status| status as u8),
        );
        out.bytes(
            OptionCode::CLIENT_IDENTIFIER,
            self.client_identifier.as_deref(),
        );
        // An oversized one's bytes are among the carried options.
        let hardware = self
            .hardware
            .as_ref()
            .filter(|hardware| !hardware.is_oversized());
        out.bytes(
            OptionCode::CLIENT_HARDWARE_ADDRESS,
            hardware.map(HardwareAddress::as_wire),
        );
        out.time(OptionCode::LEASE_EXPIRATION_TIME, self.lease_expiration);
        out.time(
            OptionCode::POTENTIAL_EXPIRATION_TIME,
            self.potential_expiration,
        );
        out.time(OptionCode::START_TIME_OF_STATE, self.start_of_state);
        out.time(
            OptionCode::CLIENT_LAST_TRANSACTION_TIME,
            self.client_last_transaction,
        );
        out.u16(OptionCode::IP_FLAGS, self.ip_flags.map(|flags| flags.0));
        out.bytes(
            OptionCode::CLIENT_REPLY_OPTIONS,
            self.client_reply_options.as_deref(),
        );
        out.bytes(
            OptionCode::CLIENT_REQUEST_OPTIONS,
            self.client_request_options.as_deref(),
        );
    }
}

/// BNDACK: the answer to a BNDUPD \[draft-12 §7.2\]. A `reject` makes it a refusal.
///
/// Nothing else belongs in it: an echoed client-identifier makes ISC overwrite its lease timer with
/// whatever potential-expiration-time the ack has, 0 if none. Other options that come in are carried.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct BindingAck {
    /// The address that is answered.
    pub address: Option<Ipv4Addr>,
    /// Why the update is refused.
    pub reject: Option<RejectReason>,
    /// The refusal in words.
    pub message: Option<Bytes>,
}

impl BindingAck {
    pub(crate) fn decode(options: &mut OptionReader<'_>) -> Result<Self, DecodeError> {
        let mut body = Self::default();
        while let Some(option) = options.next_kept()? {
            match option.code {
                OptionCode::ASSIGNED_IP_ADDRESS => body.address = Some(option.address()),
                OptionCode::REJECT_REASON => body.reject = Some(RejectReason(option.u8())),
                OptionCode::MESSAGE => body.message = Some(option.bytes()),
                _ => options.carry(&option),
            }
        }
        Ok(body)
    }

    pub(crate) fn encode(&self, out: &mut MessageWriter<'_>) {
        out.address(OptionCode::ASSIGNED_IP_ADDRESS, self.address);
        out.u8(
            OptionCode::REJECT_REASON,
            self.reject.map(|reason| reason.0),
        );
        out.bytes(OptionCode::MESSAGE, self.message.as_deref());
    }
}
