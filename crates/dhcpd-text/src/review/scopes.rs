//! Options, lease times and other parameters: what clients get, wherever the two files say it.

use std::collections::{BTreeMap, BTreeSet};

use super::Place;
use super::compare::Both;
use super::declared::{Declared, Role};
use super::pools::counterpart;
use crate::conf::code::{Action, Operation, OptionAction, OptionValue, Statement};
use crate::conf::{OptionId, Scope, ScopeId, SpaceId};

/// An option or parameter by name, and how it is set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    space: String,
    /// A parameter has a name and no code that means anything.
    name: String,
    operation: u8,
}

/// Parameters that clients notice by what is in their replies.
const IN_REPLIES: [&str; 11] = [
    "next-server",
    "filename",
    "server-name",
    "always-broadcast",
    "get-lease-hostnames",
    "use-host-decl-names",
    "use-lease-addr-for-default-route",
    "echo-client-id",
    "vendor-option-space",
    "site-option-space",
    "always-reply-rfc1048",
];

/// Parameters that say how long a lease is.
const LEASE_TIMES: [&str; 6] = [
    "default-lease-time",
    "max-lease-time",
    "min-lease-time",
    "dynamic-bootp-lease-length",
    "dynamic-bootp-lease-cutoff",
    "adaptive-lease-time-threshold",
];

/// Parameters that decide whom a server serves, and how: partners may differ in them, but seldom mean to.
const SERVICE: [&str; 13] = [
    "boot-unknown-clients",
    "allow-bootp",
    "allow-booting",
    "dynamic-bootp",
    "duplicates",
    "declines",
    "client-updates",
    "leasequery",
    "one-lease-per-client",
    "ignore-client-uids",
    "min-secs",
    "dhcp-cache-threshold",
    "abandon-lease-time",
];

/// What is the same as saying nothing.
const DEFAULTS: [(&str, u32); 16] = [
    ("default-lease-time", 43_200),
    ("max-lease-time", 86_400),
    ("min-lease-time", 300),
    ("always-broadcast", 0),
    ("get-lease-hostnames", 0),
    ("use-host-decl-names", 0),
    ("use-lease-addr-for-default-route", 0),
    ("echo-client-id", 0),
    ("always-reply-rfc1048", 0),
    ("one-lease-per-client", 0),
    ("ignore-client-uids", 0),
    ("min-secs", 0),
    ("boot-unknown-clients", 1),
    ("allow-bootp", 1),
    ("allow-booting", 1),
    ("declines", 1),
];

/// The option that names the server itself.
const SERVER_IDENTIFIER: &str = "dhcp-server-identifier";

type Chain = Vec<(Role, ScopeId)>;

impl Both<'_> {
    /// Compares what is in force for the clients of each pool, subnet and network that is on both sides.
    pub(super) fn scopes(&mut self) {
        let (a, b) = (self.a, self.b);
        for mine in &a.pools {
            for theirs in b.pools.iter().filter(|theirs| mine.overlaps(theirs)) {
                let name = format!("pool {}", mine.shown());
                self.chains(&mine.chain, &theirs.chain, &name);
                if let Some((mine, theirs)) = mine.chain.first().zip(theirs.chain.first()) {
                    self.code_of(*mine, *theirs, mine_at(a, mine.1), mine_at(b, theirs.1));
                }
            }
        }
        for mine in a.subnets() {
            let Some(theirs) = counterpart(mine, b) else {
                continue;
            };
            let name = format!("subnet {}", mine.network);
            let chains = (
                a.chain(mine.scope, Role::Subnet),
                b.chain(theirs.scope, Role::Subnet),
            );
            self.chains(&chains.0, &chains.1, &name);
            self.authority(mine.scope, theirs.scope, &name);
            self.code(a.outline.at(mine.at), b.outline.at(theirs.at));
            self.network_code(mine.network, theirs.network);
        }
        self.code(None, None);
    }

    /// Two scopes with all that is around them, from the innermost outwards.
    pub(super) fn chains(&mut self, a: &Chain, b: &Chain, name: &str) {
        let (on_a, on_b) = (in_force(self.a, a), in_force(self.b, b));
        let keys: BTreeSet<&Key> = on_a.keys().chain(on_b.keys()).collect();
        for key in keys {
            let (x, y) = (on_a.get(key), on_b.get(key));
            if !same(self.a, self.b, key, x, y) {
                self.setting(key, x, y, name);
            }
        }
    }

    fn setting(&mut self, key: &Key, a: Option<&Set<'_>>, b: Option<&Set<'_>>, name: &str) {
        // Where one side says it further in, the other side's is not its counterpart, but the rule that it is an
        // exception to.
        let (mut shown_a, mut shown_b) = (a, b);
        if let (Some(x), Some(y)) = (a, b)
            && x.role != y.role
        {
            if x.depth <= y.depth {
                shown_b = None;
            } else {
                shown_a = None;
            }
        }
        let at = |side: &Declared<'_>, set: Option<&Set<'_>>| side.place_at(set?.statement.at);
        let (at_a, at_b) = (at(self.a, shown_a), at(self.b, shown_b));
        let role = [shown_a, shown_b]
            .into_iter()
            .flatten()
            .map(|set| set.role)
            .next();
        let r#where = match role {
            Some(Role::Root) => "at the top level".to_owned(),
            Some(Role::Group) => format!("in the group around {name}"),
            Some(Role::Network) => "in the shared network".to_owned(),
            _ => format!("in {name}"),
        };
        let shown = match key.space.as_str() {
            "dhcp" | "server" => key.name.clone(),
            space => format!("{space}.{}", key.name),
        };
        let is_parameter = key.space == "server";
        let listed = |list: &[&str]| is_parameter && list.contains(&key.name.as_str());
        if listed(&LEASE_TIMES) {
            let text = format!(
                "{shown} {} on a, {} on b, {where}",
                number(shown_a),
                number(shown_b)
            );
            if !self.is_known("lease-time-differs", at_a.as_ref(), at_b.as_ref()) {
                self.warning("lease-time-differs", text, at_a, at_b);
            }
        } else if !is_parameter || listed(&IN_REPLIES) {
            if !self.is_known("option-differs", at_a.as_ref(), at_b.as_ref()) {
                self.warning(
                    "option-differs",
                    format!("{shown} differ {where}"),
                    at_a,
                    at_b,
                );
            }
        } else if listed(&SERVICE) {
            let text = format!(
                "{shown} differs {where}: the two servers don't serve the same clients the same way"
            );
            self.remind("parameter-differs", text, at_a, at_b);
        }
    }

    /// A piece of advice about two statements, once.
    fn remind(&mut self, what: &'static str, text: String, a: Option<Place>, b: Option<Place>) {
        self.advice(what, text, a, b);
    }

    fn authority(&mut self, a: ScopeId, b: ScopeId, name: &str) {
        let says = |side: &Declared<'_>, scope| side.scope(scope).settings.authoritative;
        let (x, y) = (
            says(self.a, a).unwrap_or(false),
            says(self.b, b).unwrap_or(false),
        );
        if x != y {
            let (does, not) = if x { ("a", "b") } else { ("b", "a") };
            let text = format!(
                "only {does} is authoritative for {name}: {not} leaves clients with a wrong address in silence"
            );
            self.remind("parameter-differs", text, None, None);
        }
    }
}

fn mine_at(side: &Declared<'_>, scope: ScopeId) -> Option<usize> {
    let pool = side.pools.iter().find(|p| p.pool.scope == scope)?;
    side.outline.at(pool.pool.at)
}

/// A statement that is in force.
struct Set<'d> {
    role: Role,
    depth: usize,
    statement: &'d Statement,
    value: &'d OptionValue,
}

/// The statement that counts for each option, of a scope and those around it.
fn in_force<'d>(side: &Declared<'d>, chain: &Chain) -> BTreeMap<Key, Set<'d>> {
    let mut found = BTreeMap::new();
    for (depth, (role, scope)) in chain.iter().enumerate() {
        let scope: &Scope = side.scope(*scope);
        // The last one of a scope counts.
        for statement in scope.statements.iter().rev() {
            let Action::Option(OptionAction {
                option,
                operation,
                value,
            }) = &statement.action
            else {
                continue;
            };
            let Some(key) = key(side, *option, *operation) else {
                continue;
            };
            let set = Set {
                role: *role,
                depth,
                statement,
                value,
            };
            found.entry(key).or_insert(set);
        }
    }
    found
}

fn key(side: &Declared<'_>, option: OptionId, operation: Operation) -> Option<Key> {
    let spaces = &side.config.spaces;
    let space = spaces.get(option.space).name.clone();
    let name = spaces.name(option);
    let name = name
        .rsplit_once('.')
        .map_or(name.as_str(), |(_, name)| name)
        .to_ascii_lowercase();
    let local = option.space == SpaceId::DHCP && name == SERVER_IDENTIFIER;
    let operation = match operation {
        Operation::Supersede => 0,
        Operation::Default => 1,
        Operation::Append => 2,
        Operation::Prepend => 3,
    };
    (!local).then_some(Key {
        space: space.to_ascii_lowercase(),
        name,
        operation,
    })
}

/// Whether the two come to the same.
fn same(
    a: &Declared<'_>,
    b: &Declared<'_>,
    key: &Key,
    x: Option<&Set<'_>>,
    y: Option<&Set<'_>>,
) -> bool {
    let tokens = |side: &Declared<'_>, set: &Set<'_>| {
        let node = side.outline.at(set.statement.at);
        node.map(|node| side.outline.tokens(node))
    };
    let default = DEFAULTS
        .iter()
        .find(|(name, _)| key.space == "server" && *name == key.name);
    let is_default = |set: &Set<'_>| match (set.value, default) {
        (OptionValue::Bytes(bytes), Some((_, default))) => {
            bytes
                .iter()
                .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
                == u64::from(*default)
        }
        _ => false,
    };
    match (x, y) {
        (Some(x), Some(y)) => x.value == y.value || tokens(a, x) == tokens(b, y),
        (Some(only), None) | (None, Some(only)) => is_default(only),
        (None, None) => true,
    }
}

/// The number that a parameter is set to.
fn number(set: Option<&Set<'_>>) -> String {
    match set.map(|set| set.value) {
        Some(OptionValue::Bytes(bytes)) => {
            let number = bytes
                .iter()
                .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            number.to_string()
        }
        Some(OptionValue::Expr(_)) => "computed".to_owned(),
        None => "not said".to_owned(),
    }
}
