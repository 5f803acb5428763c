//! Why a server refuses a binding or a connection.

use std::fmt;

/// The reject-reason option (21): an open code, since a peer may send any and we mostly log it.
///
/// `Display` gives the words that ISC dhcpd logs, so that operators' log filters keep working.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RejectReason(pub u8);

macro_rules! reject_reasons {
    ($($code:literal $name:ident $text:literal $doc:literal;)*) => {
        impl RejectReason {
            $(#[doc = $doc] pub const $name: Self = Self($code);)*

            /// ISC's words for a code that draft-12 §12.21 or ISC defines.
            const fn text(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($text),)*
                    Self(_) => None,
                }
            }
        }
    };
}

reject_reasons! {
    1 ILLEGAL_IP "Illegal IP address (not part of any address pool)." "The address is in no pool of this relationship.";
    2 FATAL_CONFLICT "Fatal conflict exists: address in use by other client." "The receiver's table says the address is another client's, or the change is illegal.";
    3 MISSING_BINDING_INFO "Missing binding information." "An option that the binding needs is absent.";
    4 TIME_MISMATCH "Connection rejected, time mismatch too great." "The two clocks differ by more than 60 s.";
    5 INVALID_MCLT "Connection rejected, invalid MCLT." "CONNECT without a usable MCLT.";
    6 UNKNOWN_REASON "Connection rejected, unknown reason." "Refused for a reason without a code of its own.";
    7 DUPLICATE_CONNECTION "Connection rejected, duplicate connection." "There is a live link already.";
    8 INVALID_PARTNER "Connection rejected, invalid failover partner." "Unknown or missing relationship name.";
    9 TLS_UNSUPPORTED "TLS not supported." "The partner requires TLS and we have none.";
    10 TLS_UNCONFIGURED "TLS supported but not configured." "TLS is possible but not configured.";
    11 TLS_REQUIRED "TLS required but not supported by partner." "We require TLS and the partner has none.";
    12 DIGEST_UNSUPPORTED "Message digest not supported." "Message digests are not supported.";
    13 DIGEST_UNCONFIGURED "Message digest not configured." "Message digests are not configured.";
    14 VERSION_MISMATCH "Protocol version mismatch." "Another protocol version.";
    15 OUTDATED_BINDING_INFO "Outdated binding information." "The receiver knows something newer about the address.";
    16 LESS_CRITICAL_BINDING_INFO "Less critical binding information." "The receiver's own pending update for the address wins.";
    17 NO_TRAFFIC "No traffic within sufficient time." "The receive timer ran out.";
    18 HBA_CONFLICT "Hash bucket assignment conflict." "CONNECT without 32 bytes of hash bucket assignment.";
    19 IP_NOT_RESERVED "IP not reserved on this server." "The update says reserved, the receiver's configuration does not.";
    20 DIGEST_MISMATCH "Message digest failed to compare." "The message digest does not match.";
    21 DIGEST_MISSING "Missing message digest." "A message digest is required and absent.";
    254 UNKNOWN "Unknown Error." "Anything else.";
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => f.write_str(text),
            None => write!(
                f,
                "Undefined-{}: This reason code is not defined in the protocol standard.",
                self.0
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_as_isc_logs() {
        assert_eq!(
            RejectReason::FATAL_CONFLICT.to_string(),
            "Fatal conflict exists: address in use by other client."
        );
        assert!(RejectReason(99).to_string().starts_with("Undefined-99:"));
    }
}
