//! Configuration of one relationship.

use core::net::Ipv4Addr;

use dhcp_split::{BalanceParams, Hba, Role};

/// One `failover peer` declaration.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Config {
    /// Relationship name; compared byte for byte.
    pub name: String,
    /// Our role.
    pub role: Role,
    /// Address of the partner; connections from it belong to this relationship.
    pub peer_address: Ipv4Addr,
    /// `max-response-delay`, seconds: the link is dead after this long without a message.
    pub max_response_delay: u32,
    /// `max-unacked-updates`: how many of its updates the partner may leave unacknowledged.
    pub max_unacked_updates: u32,
    /// `peer max-response-delay`: assumed until the partner says otherwise.
    pub peer_max_response_delay: Option<u32>,
    /// `peer max-unacked-updates`: assumed until the partner says otherwise.
    pub peer_max_unacked_updates: Option<u32>,
    /// `mclt`, seconds. The primary's governs; a secondary learns it from the primary.
    pub mclt: Option<u32>,
    /// `split` or `hba`; the primary's governs.
    pub hba: Option<Hba>,
    /// `load balance max seconds`; 0 switches load balancing off.
    pub load_balance_max_seconds: u32,
    /// `check-secs-byte-order`.
    pub check_secs_byte_order: bool,
    /// `max-lease-misbalance`, `max-lease-ownership`, `min-balance`, `max-balance`.
    pub balance: BalanceParams,
    /// `auto-partner-down`, seconds; 0 is never.
    pub auto_partner_down: u32,
    /// Wait for the partner or the operator when restarted out of contact, instead of serving.
    pub wait_for_contact: bool,
    /// Protocol constants.
    pub timing: Timing,
}

/// The constants of the protocol, in one place so that a model checker can shrink them.
///
/// The defaults are ISC's (spec: connection timers).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Timing {
    /// How long STARTUP waits for the partner, seconds.
    pub startup: u32,
    /// How long a new connection may take to complete the handshake, seconds.
    pub handshake: u32,
    /// Pause before the next dial after a connection is lost or refused, seconds.
    pub redial: u32,
    /// Pause before an update that the partner refused is offered again, seconds.
    pub retry: u32,
    /// Greatest clock difference at which a connection is accepted, seconds.
    pub max_skew: u32,
    /// A step of the wall clock beyond this closes the links, seconds.
    pub max_clock_step: u32,
    /// How much earlier than its end the partner may report a lease as expired, seconds.
    pub expiry_fudge: u32,
    /// How long a declined or conflicting address stays ABANDONED (`abandon-lease-time`), seconds.
    pub abandon_time: u32,
    /// Largest `max-lease-time` that applies, seconds: what an ISC partner may add to a promise
    /// that we no longer remember.
    pub max_lease_time: u32,
    /// Leases handled by one expiry run; the next run follows at once.
    pub expiry_batch: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            startup: 15,
            handshake: 15,
            redial: 5,
            retry: 60,
            max_skew: 60,
            max_clock_step: 60,
            expiry_fudge: 65,
            abandon_time: 86_400,
            max_lease_time: 86_400,
            expiry_batch: 1024,
        }
    }
}
