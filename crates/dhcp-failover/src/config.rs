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
    /// Start although stamps in the lease file are later than the wall clock.
    pub trust_clock: bool,
    /// Protocol constants.
    pub timing: Timing,
}

impl Config {
    /// A primary with ISC's defaults: `max-response-delay` 20, `max-unacked-updates` 100, no load
    /// balancing by time. `mclt` is in seconds.
    pub fn primary(name: &str, peer_address: Ipv4Addr, mclt: u32, hba: Hba) -> Self {
        let mclt = Some(mclt);
        let hba = Some(hba);
        Self {
            mclt,
            hba,
            ..Self::of_role(Role::Primary, name, peer_address)
        }
    }

    /// A secondary with ISC's defaults; it learns MCLT and the hash bucket assignment from the
    /// primary.
    pub fn secondary(name: &str, peer_address: Ipv4Addr) -> Self {
        Self::of_role(Role::Secondary, name, peer_address)
    }

    fn of_role(role: Role, name: &str, peer_address: Ipv4Addr) -> Self {
        Self {
            name: name.to_owned(),
            role,
            peer_address,
            max_response_delay: 20,
            max_unacked_updates: 100,
            peer_max_response_delay: None,
            peer_max_unacked_updates: None,
            mclt: None,
            hba: None,
            load_balance_max_seconds: 0,
            check_secs_byte_order: false,
            balance: BalanceParams::default(),
            auto_partner_down: 0,
            wait_for_contact: false,
            trust_clock: false,
            timing: Timing::default(),
        }
    }
}

/// The constants of the protocol, in one place so that a model checker can shrink them.
///
/// The defaults are ISC's where ISC has such a time; `listen`, `retry` and `max_clock_step` are ours.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Timing {
    /// How long STARTUP waits for the partner, seconds.
    pub startup: u32,
    /// How long a new connection may take to complete the handshake, seconds.
    pub handshake: u32,
    /// How long a primary that resolves a conflict waits for the secondary to say its state first,
    /// seconds.
    pub listen: u32,
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
            listen: 3,
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
