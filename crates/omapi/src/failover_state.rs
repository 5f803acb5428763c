//! The attributes of a `failover-state` object.

use core::net::Ipv4Addr;

use crate::values::Value;

/// One failover relationship, as an operator sees it.
///
/// Where dhcpd shows something else than it means to, this shows what is meant: the addresses, which in dhcpd 4.4 are
/// eight bytes of a pointer, have the four bytes of an IPv4 address. `last-packet-sent`, `last-timestamp-received` and
/// `skew`, which dhcpd never sets, are 0 here too.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FailoverState {
    /// `name`: of the relationship.
    pub name: String,
    /// `partner-address`
    pub partner_address: Ipv4Addr,
    /// `partner-port`: TCP.
    pub partner_port: u16,
    /// `local-address`
    pub local_address: Ipv4Addr,
    /// `local-port`: TCP.
    pub local_port: u16,
    /// `max-outstanding-updates`: `max-unacked-updates` of our configuration.
    pub max_outstanding_updates: u32,
    /// `mclt`: in force, seconds.
    pub mclt: u32,
    /// `load-balance-max-secs`
    pub load_balance_max_secs: u32,
    /// `load-balance-hba`: the hash bucket assignment, where it is known.
    pub load_balance_hba: Option<[u8; 32]>,
    /// `partner-state`: as last heard; 0 if never.
    pub partner_state: u32,
    /// `local-state`: 1 STARTUP to 11 CONFLICT-DONE, 254 RECOVER-WAIT.
    pub local_state: u32,
    /// `partner-stos`: when the partner's state began, seconds since 1970.
    pub partner_stos: u32,
    /// `local-stos`: when ours began.
    pub local_stos: u32,
    /// `hierarchy`: 0 the primary, 1 the secondary.
    pub is_secondary: bool,
    /// `max-response-delay`: of our configuration, seconds.
    pub max_response_delay: u32,
    /// `cur-unacked-updates`: updates of ours that the partner has yet to answer.
    pub cur_unacked_updates: u32,
}

/// The attributes that may be set to anything without effect, as with dhcpd: omshell sends back what it has read.
/// `local-state` isn't among them.
pub(crate) const IGNORED: [&str; 18] = [
    "name",
    "partner-address",
    "local-address",
    "partner-port",
    "local-port",
    "max-outstanding-updates",
    "mclt",
    "load-balance-max-secs",
    "load-balance-hba",
    "partner-state",
    "partner-stos",
    "local-stos",
    "hierarchy",
    "last-packet-sent",
    "last-timestamp-received",
    "skew",
    "max-response-delay",
    "cur-unacked-updates",
];

impl FailoverState {
    /// The attributes in dhcpd's order.
    pub fn attributes(&self) -> Vec<(&'static str, Value)> {
        let address = |address: Ipv4Addr| Value::Bytes(address.octets().into());
        let mut all = vec![
            ("name", self.name.as_str().into()),
            ("partner-address", address(self.partner_address)),
            ("partner-port", u32::from(self.partner_port).into()),
            ("local-address", address(self.local_address)),
            ("local-port", u32::from(self.local_port).into()),
            (
                "max-outstanding-updates",
                self.max_outstanding_updates.into(),
            ),
            ("mclt", self.mclt.into()),
            ("load-balance-max-secs", self.load_balance_max_secs.into()),
        ];
        if let Some(hba) = self.load_balance_hba {
            all.push(("load-balance-hba", hba[..].into()));
        }
        all.extend([
            ("partner-state", self.partner_state.into()),
            ("local-state", self.local_state.into()),
            ("partner-stos", self.partner_stos.into()),
            ("local-stos", self.local_stos.into()),
            ("hierarchy", u32::from(self.is_secondary).into()),
            ("last-packet-sent", 0.into()),
            ("last-timestamp-received", 0.into()),
            ("skew", 0.into()),
            ("max-response-delay", self.max_response_delay.into()),
            ("cur-unacked-updates", self.cur_unacked_updates.into()),
        ]);
        all
    }
}
