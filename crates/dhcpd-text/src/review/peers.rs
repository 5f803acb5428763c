//! The relationships: names, roles, addresses, ports, parameters.

use super::Place;
use super::compare::Both;
use super::declared::Declared;
use crate::conf::{AddressOrName, FailoverPeer, Role};

/// Which relationship of the first file is which of the second.
pub(super) struct Pairs<'d>(Vec<(&'d FailoverPeer, &'d FailoverPeer)>);

impl<'d> Pairs<'d> {
    /// By name; what is left over by the addresses, then in the order of the files.
    pub(super) fn of(a: &Declared<'d>, b: &Declared<'d>) -> Self {
        let mut pairs = Vec::new();
        let mut left: Vec<&FailoverPeer> = a.config.failover_peers.iter().collect();
        let mut right: Vec<&FailoverPeer> = b.config.failover_peers.iter().collect();
        let rules: [fn(&FailoverPeer, &FailoverPeer) -> bool; 3] = [
            |a, b| a.name == b.name,
            |a, b| {
                a.address.as_ref() == Some(&b.peer_address)
                    || b.address.as_ref() == Some(&a.peer_address)
            },
            |_, _| true,
        ];
        for same in rules {
            left.retain(|mine| {
                let Some(at) = right.iter().position(|theirs| same(mine, theirs)) else {
                    return true;
                };
                pairs.push((*mine, right.remove(at)));
                false
            });
        }
        Self(pairs)
    }

    /// Whether these names stand for one relationship.
    pub(super) fn are_one(&self, a: &str, b: &str) -> bool {
        self.0.iter().any(|(x, y)| x.name == a && y.name == b)
    }
}

/// A setting of a relationship that both servers should have alike: its statement, its value.
type Parameter = (&'static str, fn(&FailoverPeer) -> u32);

const PARAMETERS: [Parameter; 8] = [
    ("max-response-delay", |p| p.max_response_delay),
    ("max-unacked-updates", |p| p.max_unacked_updates),
    ("load balance max seconds", |p| p.load_balance_max_seconds),
    ("max-lease-misbalance", |p| p.max_lease_misbalance),
    ("max-lease-ownership", |p| p.max_lease_ownership),
    ("min-balance", |p| p.min_balance),
    ("max-balance", |p| p.max_balance),
    ("auto-partner-down", |p| p.auto_partner_down),
];

impl Both<'_> {
    pub(super) fn peers(&mut self, pairs: &Pairs<'_>) {
        for (a, b) in &pairs.0 {
            self.names_and_roles(a, b);
            self.addresses(a, b);
            self.ports(a, b);
            self.parameters(a, b);
        }
    }

    fn names_and_roles(&mut self, a: &FailoverPeer, b: &FailoverPeer) {
        if a.name != b.name {
            let text = format!(
                "peer {:?} on a, {:?} on b: a relationship has one name",
                a.name, b.name
            );
            self.error(
                "name-differs",
                text,
                self.a.place_at(a.at),
                self.b.place_at(b.at),
            );
        }
        let roles = ["primary", "secondary"];
        if a.role == b.role {
            let role = match a.role {
                Role::Primary => "primary",
                Role::Secondary => "secondary",
            };
            let text = format!("both are {role}: they will never speak to each other");
            self.error(
                "same-role",
                text,
                said(self.a, a, &roles),
                said(self.b, b, &roles),
            );
        }
        let (at_a, at_b) = (said(self.a, a, &["mclt"]), said(self.b, b, &["mclt"]));
        let (primary, secondary) = if a.role == Role::Secondary {
            (b, a)
        } else {
            (a, b)
        };
        if secondary.role == Role::Secondary
            && let Some(mclt) = secondary.mclt
        {
            let used = match (primary.role, primary.mclt) {
                (Role::Primary, Some(used)) => format!("the primary's {used} will be used"),
                _ => "the primary's will be used".to_owned(),
            };
            let text = format!("mclt {mclt} on the secondary has no place there; {used}");
            self.warning("mclt-on-secondary", text, at_a, at_b);
        }
    }

    fn addresses(&mut self, a: &FailoverPeer, b: &FailoverPeer) {
        let differ = |own: Option<&AddressOrName>, expected: &AddressOrName| match (own, expected) {
            (Some(AddressOrName::Address(own)), AddressOrName::Address(expected)) => {
                own != expected
            }
            // Which address a name has only its owner knows.
            _ => false,
        };
        let shown = |address: &AddressOrName| match address {
            AddressOrName::Address(address) => address.to_string(),
            AddressOrName::Name(name) => name.clone(),
        };
        let own = |peer: &FailoverPeer| peer.address.as_ref().map_or_else(String::new, shown);
        if differ(b.address.as_ref(), &a.peer_address) {
            let text = format!(
                "a's peer address {} is not b's address {}",
                shown(&a.peer_address),
                own(b)
            );
            let (at_a, at_b) = (
                said(self.a, a, &["peer address"]),
                said(self.b, b, &["address"]),
            );
            self.error("address-mismatch", text, at_a, at_b);
        }
        if differ(a.address.as_ref(), &b.peer_address) {
            let text = format!(
                "b's peer address {} is not a's address {}",
                shown(&b.peer_address),
                own(a)
            );
            let (at_a, at_b) = (
                said(self.a, a, &["address"]),
                said(self.b, b, &["peer address"]),
            );
            self.error("address-mismatch", text, at_a, at_b);
        }
    }

    fn ports(&mut self, a: &FailoverPeer, b: &FailoverPeer) {
        if a.port != b.peer_port {
            let text = format!(
                "a listens on {}, b expects its peer on {}",
                a.port, b.peer_port
            );
            let (at_a, at_b) = (said(self.a, a, &["port"]), said(self.b, b, &["peer port"]));
            self.error("port-mismatch", text, at_a, at_b);
        }
        if b.port != a.peer_port {
            let text = format!(
                "b listens on {}, a expects its peer on {}",
                b.port, a.peer_port
            );
            let (at_a, at_b) = (said(self.a, a, &["peer port"]), said(self.b, b, &["port"]));
            self.error("port-mismatch", text, at_a, at_b);
        }
    }

    fn parameters(&mut self, a: &FailoverPeer, b: &FailoverPeer) {
        for (statement, value) in PARAMETERS {
            let (on_a, on_b) = (value(a), value(b));
            if on_a != on_b {
                let text = format!("{statement} is {on_a} on a, {on_b} on b");
                let (at_a, at_b) = (said(self.a, a, &[statement]), said(self.b, b, &[statement]));
                self.warning("failover-parameter-differs", text, at_a, at_b);
            }
        }
        // Where both say that they are primary there is no telling whose is right.
        if a.role == Role::Primary && b.role == Role::Primary {
            if a.mclt != b.mclt {
                let (at_a, at_b) = (said(self.a, a, &["mclt"]), said(self.b, b, &["mclt"]));
                self.warning(
                    "failover-parameter-differs",
                    "mclt differs".into(),
                    at_a,
                    at_b,
                );
            }
            if a.hba != b.hba {
                let words = ["split", "hba"];
                let (at_a, at_b) = (said(self.a, a, &words), said(self.b, b, &words));
                self.warning(
                    "failover-parameter-differs",
                    "the split differs".into(),
                    at_a,
                    at_b,
                );
            }
        }
    }
}

/// The last statement of a relationship that begins with one of these words.
pub(super) fn said(side: &Declared<'_>, peer: &FailoverPeer, words: &[&str]) -> Option<Place> {
    let outline = side.outline;
    let block = outline.at(peer.at)?;
    let statement = outline.within(Some(block)).iter().rev().find(|node| {
        let mut tokens = outline.tokens(**node);
        // As in ISC, `peer peer port` is `peer port`.
        tokens.dedup_by(|second, first| second == "peer" && first == "peer");
        let tokens = tokens.join(" ");
        words.iter().any(|words| {
            tokens
                .strip_prefix(words)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    });
    statement.map(|node| outline.place(*node))
}
