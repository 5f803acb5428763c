//! One address and what is known about its tenant.

use std::sync::Arc;

use bytes::Bytes;
use failover_wire::{BindingStatus, HardwareAddress, UnixTime};

use crate::mutant::{Rule, is_off};
use crate::names::Names;
use crate::time::Instant;

/// Who holds, or last held, an address.
///
/// A client that sends a client identifier (option 61) is known by it, any other by its hardware
/// address, as RFC 2131 §4.2 has it and ISC does.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Client {
    /// Hardware type and address (`htype`, `chaddr`).
    pub hardware: HardwareAddress,
    /// Content of option 61, type byte included; empty if the client sends none.
    pub uid: Bytes,
}

impl Client {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.uid.is_empty() && self.hardware.is_empty()
    }

    /// Whether both stand for the same client: equal identifiers where both have one, else equal
    /// hardware addresses.
    pub fn is_same(&self, other: &Self) -> bool {
        if !self.uid.is_empty() && !other.uid.is_empty() {
            return self.uid == other.uid;
        }
        !self.hardware.is_empty() && self.hardware == other.hardware
    }

    /// The key that the load-balancing hash is taken of (RFC 3074 §6): the identifier, else the
    /// hardware address without its type.
    pub fn hash_key(&self) -> &[u8] {
        if self.uid.is_empty() {
            self.hardware.address()
        } else {
            &self.uid
        }
    }
}

/// What the lease file keeps of a tenancy and ISC's failover messages don't carry.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Extra {
    /// Option 12 of the client's last request.
    pub client_hostname: Option<Bytes>,
    /// Relay agent information (option 82) of the last relayed request: the raw sub-options.
    pub agent_options: Option<Bytes>,
    /// What DNS has for the address, as far as this server knows.
    pub names: Option<Arc<Names>>,
    /// Statements of the record that are carried as text (`set`, `on expiry`, `billing class` …),
    /// each as one complete line or block.
    pub statements: Vec<String>,
}

/// One address of a pool: state, tenant, and the times that bound what may be granted.
///
/// Times are 0 where there is none. The three potential expiry times, `sent`, `acked` and
/// `received`, never fall within a tenancy; they outlive it, and start anew with the next one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Binding {
    /// Binding state.
    pub status: BindingStatus,
    /// Last state that the partner may know of (ISC's rewind state).
    pub rewind: BindingStatus,
    /// The address is set aside for its tenant (IP-flags 0x0001).
    pub reserved: bool,
    /// The tenant is a BOOTP client (IP-flags 0x0002).
    pub bootp: bool,
    /// The partner has yet to acknowledge this state (`atsfp` is 0 in ISC's lease file). Beside the
    /// times, since an endless lease that is made finite announces nothing later than before.
    pub pending: bool,
    /// The tenancy began in PARTNER-DOWN: the partner can have promised nothing about it.
    pub begun_alone: bool,
    /// Who holds it, or last held it.
    pub client: Client,
    /// Start of the lease, or of the state.
    pub starts: UnixTime,
    /// End of the lease as the client was told; end of the state for ABANDONED.
    pub ends: UnixTime,
    /// Potential expiry that our next update announces (`tstp`).
    pub tstp: UnixTime,
    /// Greatest potential expiry that went out to the partner.
    pub sent: UnixTime,
    /// Greatest potential expiry that the partner acknowledged (`atsfp`).
    pub acked: UnixTime,
    /// Greatest potential expiry that the partner announced.
    pub received: UnixTime,
    /// Client last transaction time, as seen by this server.
    pub cltt: UnixTime,
    /// At `cltt` the client was told again what it had, without a renewal. The lease file doesn't
    /// keep it: where `cltt` isn't before `starts`, the client may have been.
    pub repeated: bool,
    /// `ends` on the monotonic clock, as of when it was set.
    pub ends_mono: Instant,
    /// What only the lease file keeps.
    pub extra: Option<Arc<Extra>>,
}

impl Binding {
    /// A never-used address in the given state.
    pub fn unused(status: BindingStatus) -> Self {
        Self {
            status,
            rewind: status,
            reserved: false,
            bootp: false,
            pending: false,
            begun_alone: false,
            client: Client::default(),
            starts: UnixTime(0),
            ends: UnixTime(0),
            tstp: UnixTime(0),
            sent: UnixTime(0),
            acked: UnixTime(0),
            received: UnixTime(0),
            cltt: UnixTime(0),
            repeated: false,
            ends_mono: Instant::from_millis(0),
            extra: None,
        }
    }

    /// ISC's `tsfp`: the potential expiry that bounds what may be granted.
    pub fn tsfp(&self) -> UnixTime {
        self.acked.max(self.received)
    }

    /// The latest time that either server may have told anyone about this tenancy, before MCLT.
    pub fn horizon(&self) -> UnixTime {
        if is_off(Rule::Sent) {
            return self.tsfp();
        }
        self.sent.max(self.acked).max(self.received)
    }

    /// Whether the partner has yet to acknowledge this state.
    pub fn is_pending(&self) -> bool {
        self.pending || self.is_ending()
    }

    /// The partner knows this state: there is nothing to announce.
    pub(crate) fn settle(&mut self) {
        self.pending = false;
        self.tstp = self.tstp.min(self.tsfp());
    }

    /// Ends what was known of the tenancy: the address changes hands, in this state, now. The
    /// times that bounded the tenancy bound nothing any more.
    pub(crate) fn change_hands(&mut self, status: BindingStatus, now: UnixTime) {
        self.status = status;
        self.pending = true;
        self.tstp = now;
        (self.sent, self.acked, self.received) = (UnixTime(0), UnixTime(0), UnixTime(0));
    }

    /// Whether the tenancy is over but the partner hasn't acknowledged it.
    pub fn is_ending(&self) -> bool {
        matches!(
            self.status,
            BindingStatus::Expired | BindingStatus::Released | BindingStatus::Reset
        )
    }
}
