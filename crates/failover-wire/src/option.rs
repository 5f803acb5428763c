//! Option codes and what is known of each: its name, its size, the messages that keep it.

use std::fmt;

use bytes::Bytes;

use crate::MessageType;

/// An option's code, 16 bits on the wire \[draft-12 §12\]. Open: unknown codes are carried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OptionCode(pub u16);

/// An option that its message has no field for: skipped unread by ISC dhcpd, carried here byte for byte.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UnknownOption {
    /// The option's code.
    pub code: OptionCode,
    /// The option's value, without code and length.
    pub data: Bytes,
}

/// One row of the option table.
pub(crate) struct OptionInfo {
    name: &'static str,
    /// The size of the value in bytes; `None` when any size goes.
    pub(crate) size: Option<usize>,
    /// The messages in which ISC stores the option: bit `n` is message type `n`.
    kept_in: u16,
}

impl OptionInfo {
    /// Whether a message of this type keeps the option. Repeats and wrong sizes matter only then.
    pub(crate) const fn kept_in(&self, message_type: MessageType) -> bool {
        message_type.0 < 16 && self.kept_in & (1 << message_type.0) != 0
    }
}

/// Binds each code to its constant and its row.
macro_rules! options {
    ($($code:literal $constant:ident $name:literal $size:expr, [$($kept:literal)*], $doc:literal;)*) => {
        impl OptionCode {
            $(#[doc = $doc] pub const $constant: Self = Self($code);)*

            pub(crate) const fn info(self) -> Option<&'static OptionInfo> {
                match self {
                    $(Self::$constant => Some(&OptionInfo {
                        name: $name,
                        size: $size,
                        kept_in: 0 $(| 1 << $kept)*,
                    }),)*
                    Self(_) => None,
                }
            }
        }
    };
}

const ANY: Option<usize> = None;

options! {
    1 ADDRESSES_TRANSFERRED "addresses-transferred" Some(4), [2], "How many addresses a POOLRESP hands over.";
    2 ASSIGNED_IP_ADDRESS "assigned-IP-address" Some(4), [3 4], "The address a binding is about.";
    3 BINDING_STATUS "binding-status" Some(1), [3 4], "The binding's state, 1..=7.";
    4 CLIENT_IDENTIFIER "client-identifier" ANY, [3 4], "DHCP option 61 as the client sent it, type byte included.";
    5 CLIENT_HARDWARE_ADDRESS "client-hardware-address" ANY, [3 4], "Hardware type byte, then `chaddr`.";
    6 CLIENT_LAST_TRANSACTION_TIME "client-last-transaction-time" Some(4), [3 4], "When the client last spoke to the sender.";
    7 CLIENT_REPLY_OPTIONS "client-reply-options" ANY, [3 4], "Options that the client was sent.";
    8 CLIENT_REQUEST_OPTIONS "client-request-options" ANY, [3 4], "Options that the client sent.";
    9 DDNS "DDNS" ANY, [], "Dynamic DNS state. ISC drops the link on it (its table gives it size 0): never send it. Carried unread.";
    10 DELAYED_SERVICE_PARAMETER "delayed-service-parameter" Some(1), [], "RFC 3074 delayed service; in the draft only.";
    11 HASH_BUCKET_ASSIGNMENT "hash-bucket-assignment" ANY, [5], "RFC 3074 bitmap, 32 bytes; another length is the receiver's to refuse (reason 18).";
    12 IP_FLAGS "IP-flags" Some(2), [3 4], "Reserved and BOOTP marks of the address.";
    13 LEASE_EXPIRATION_TIME "lease-expiration-time" Some(4), [3 4], "The end of the lease as the client knows it.";
    14 MAX_UNACKED_BNDUPD "max-unacked-bndupd" Some(4), [5 6], "How many updates may be un-acked toward the sender.";
    15 MCLT "MCLT" Some(4), [5], "Maximum client lead time in seconds.";
    16 MESSAGE "message" ANY, [4 6 12], "Text for the log, without a terminating NUL.";
    17 MESSAGE_DIGEST "message-digest" ANY, [], "Digest over the message; ISC neither makes nor checks it.";
    18 POTENTIAL_EXPIRATION_TIME "potential-expiration-time" Some(4), [3 4], "The end that the sender wants acked.";
    19 RECEIVE_TIMER "receive-timer" Some(4), [5 6], "Seconds of silence after which the sender drops the link.";
    20 PROTOCOL_VERSION "protocol-version" Some(1), [5 6], "Always 1.";
    21 REJECT_REASON "reject-reason" Some(1), [4 6 12], "Why the sender refuses.";
    22 RELATIONSHIP_NAME "relationship-name" ANY, [5 6], "Name of the failover relationship, without a terminating NUL.";
    23 SERVER_FLAGS "server-flags" Some(1), [10], "Bit 0: the server is in STARTUP.";
    24 SERVER_STATE "server-state" Some(1), [10], "The sender's state.";
    25 START_TIME_OF_STATE "start-time-of-state" Some(4), [3 4 10], "Since when the server or the binding is in its state.";
    26 TLS_REPLY "TLS-reply" Some(1), [6], "Answer to a TLS request.";
    27 TLS_REQUEST "TLS-request" Some(1), [5], "0 no TLS, 1 wanted, 2 required.";
    28 VENDOR_CLASS_IDENTIFIER "vendor-class-identifier" ANY, [5 6], "The sender's software; ISC's is `isc-4.4.3-P1`.";
    29 VENDOR_SPECIFIC_OPTIONS "vendor-specific-options" ANY, [], "In the draft only.";
}

impl fmt::Display for OptionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.info() {
            Some(info) => write!(f, "option {} ({})", self.0, info.name),
            None => write!(f, "option {}", self.0),
        }
    }
}
