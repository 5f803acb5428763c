//! Load balancing in plain words.

use core::fmt;

use crate::{Bucket, LoadBalance, Role, bucket, client_key};

/// Which server answers a client, and why. `Display` says it in one sentence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Explanation<'a> {
    /// The bytes that were hashed.
    pub key: &'a [u8],
    /// Whether the key is the client identifier; otherwise it is the hardware address.
    pub by_client_identifier: bool,
    /// The key's bucket.
    pub bucket: Bucket,
    /// `secs` as it counts, byte order mended.
    pub secs: u16,
    /// `load balance max seconds`.
    pub max_seconds: u32,
    /// Who answers.
    pub verdict: Verdict,
}

/// Who answers a client that broadcasts to both servers, as long as both have addresses for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// Both: load balancing is off.
    BothUnbalanced,
    /// Both: the client has waited longer than the maximum.
    BothWaitedTooLong,
    /// The server that the bucket is assigned to.
    One(Role),
    /// Nobody can say: no assignment is known here, as in a secondary before the first CONNECT.
    Unknown,
}

/// Explains which server answers a client's DHCPDISCOVER while both are up and in touch.
///
/// `client_identifier` is the content of DHCP option 61, `hardware_address` the first `hlen` bytes of
/// `chaddr`, `secs` the packet's field.
///
/// ```
/// use dhcp_split::{Hba, LoadBalance, Role, Verdict, explain};
///
/// let balance = LoadBalance {
///     hba: Some(Hba::from_split(128)),
///     max_seconds: 3,
///     check_secs_byte_order: false,
/// };
/// let explanation = explain(&balance, None, &[0x02, 0, 0, 0, 0, 0x02], 0);
/// assert_eq!(explanation.verdict, Verdict::One(Role::Primary));
/// assert_eq!(
///     explanation.to_string(),
///     "the primary answers: hardware address 02:00:00:00:00:02 hashes to bucket 45 of 256, which is \
///      the primary's; the secondary joins in when secs is above 3 (now 0)"
/// );
/// ```
#[must_use]
pub fn explain<'a>(
    balance: &LoadBalance,
    client_identifier: Option<&'a [u8]>,
    hardware_address: &'a [u8],
    secs: u16,
) -> Explanation<'a> {
    let key = client_key(client_identifier, hardware_address);
    let bucket = bucket(key);
    let secs = balance.secs(secs);
    let verdict = if balance.max_seconds == 0 {
        Verdict::BothUnbalanced
    } else if u32::from(secs) > balance.max_seconds {
        Verdict::BothWaitedTooLong
    } else {
        balance
            .hba
            .map_or(Verdict::Unknown, |hba| Verdict::One(hba.server_of(bucket)))
    };
    Explanation {
        key,
        by_client_identifier: client_identifier.is_some(),
        bucket,
        secs,
        max_seconds: balance.max_seconds,
        verdict,
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            secs, max_seconds, ..
        } = self;
        match self.verdict {
            Verdict::BothUnbalanced => f.write_str(
                "both servers answer: load balance max seconds is 0, which turns balancing off",
            ),
            Verdict::BothWaitedTooLong => write!(
                f,
                "both servers answer: the client's secs is {secs}, above load balance max seconds {max_seconds}"
            ),
            Verdict::Unknown => write!(
                f,
                "not known which server answers: {}; the hash bucket assignment comes with the \
                 primary's CONNECT",
                HashedKey(self),
            ),
            Verdict::One(role) => write!(
                f,
                "the {role} answers: {}, which is the {role}'s; the {} joins in when secs is above \
                 {max_seconds} (now {secs})",
                HashedKey(self),
                role.partner(),
            ),
        }
    }
}

/// "hardware address 02:... hashes to bucket 45 of 256".
struct HashedKey<'a>(&'a Explanation<'a>);

impl fmt::Display for HashedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.0.by_client_identifier {
            "client identifier"
        } else {
            "hardware address"
        };
        write!(f, "{kind} ")?;
        for (i, byte) in self.0.key.iter().enumerate() {
            let colon = if i == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        if self.0.key.is_empty() {
            f.write_str("(empty)")?;
        }
        write!(f, " hashes to bucket {} of 256", self.0.bucket)
    }
}
