//! Hosts and classes.

use std::collections::BTreeMap;

use super::Place;
use super::compare::Both;
use super::declared::{Declared, Role};
use crate::conf::{Class, Host, ScopeId};

impl Both<'_> {
    pub(super) fn hosts(&mut self) {
        let (a, b) = (self.a, self.b);
        let mut by_name: BTreeMap<&str, &Host> = b
            .config
            .hosts
            .iter()
            .map(|host| (host.name.as_str(), host))
            .collect();
        let mut left = Vec::new();
        for mine in &a.config.hosts {
            match by_name.remove(mine.name.as_str()) {
                Some(theirs) => self.host_pair(mine, theirs),
                None => left.push(mine),
            }
        }
        let found = by_name
            .values()
            .filter_map(|host| Some((identity(host)?, *host)));
        let by_identity: BTreeMap<Identity<'_>, &Host> = found.collect();
        for mine in left {
            // The same machine under another name.
            let other = identity(mine).and_then(|identity| by_identity.get(&identity).copied());
            match other.filter(|host| by_name.contains_key(host.name.as_str())) {
                Some(theirs) => {
                    by_name.remove(theirs.name.as_str());
                    let text = format!("host {} on a is called {} on b", mine.name, theirs.name);
                    self.warning(
                        "host-differs",
                        text,
                        a.place_at(mine.at),
                        b.place_at(theirs.at),
                    );
                    self.host_pair(mine, theirs);
                }
                None => {
                    let text = format!("host {} is not on b", mine.name);
                    self.warning("host-missing", text, a.place_at(mine.at), None);
                }
            }
        }
        let mut missing: Vec<&Host> = by_name.into_values().collect();
        missing.sort_by_key(|host| (host.at.file, host.at.line, host.at.column));
        for theirs in missing {
            let text = format!("host {} is not on a", theirs.name);
            self.warning("host-missing", text, None, b.place_at(theirs.at));
        }
    }

    fn host_pair(&mut self, a: &Host, b: &Host) {
        let addresses = |host: &Host| {
            let mut addresses = host.fixed_addresses.clone();
            addresses.sort_unstable();
            addresses
        };
        let checks: [(&str, &[&str], bool); 3] = [
            ("hardware", &["hardware"], a.hardware == b.hardware),
            (
                "fixed-address",
                &["fixed-address"],
                addresses(a) == addresses(b),
            ),
            (
                "client identifier",
                &["uid", "host-identifier", "option"],
                a.client_identifier == b.client_identifier
                    && a.identifier.is_some() == b.identifier.is_some(),
            ),
        ];
        if let Some((what, words, _)) = checks.iter().find(|(_, _, same)| !same) {
            let statement = |side: &Declared<'_>, host: &Host| host_statement(side, host, words);
            let (x, y) = (statement(self.a, a), statement(self.b, b));
            let text = format!("the {what} of host {} differs", a.name);
            let (x, y) = (
                x.or_else(|| self.a.place_at(a.at)),
                y.or_else(|| self.b.place_at(b.at)),
            );
            self.warning("host-differs", text, x, y);
        }
        self.own(
            a.scope,
            b.scope,
            Role::Host,
            &format!("host {}", a.name),
            what_identifies(a, b),
        );
        let (x, y) = (self.a.outline.at(a.at), self.b.outline.at(b.at));
        self.code(x, y);
    }

    /// What two scopes and the groups around them say, leaving out what they share with everybody.
    fn own(&mut self, a: ScopeId, b: ScopeId, role: Role, name: &str, identified: bool) {
        let of = |side: &Declared<'_>, scope| {
            let mut chain = side.chain(scope, role);
            chain.retain(|(role, _)| matches!(role, Role::Host | Role::Class | Role::Group));
            chain
        };
        // A client identifier that differs was found already.
        if identified {
            let (x, y) = (of(self.a, a), of(self.b, b));
            self.chains(&x, &y, name);
        }
    }

    pub(super) fn classes(&mut self) {
        let (a, b) = (self.a, self.b);
        let named = |side: &'_ Declared<'_>, name: &str| {
            side.config
                .classes
                .iter()
                .position(|class| class.name == name)
        };
        for mine in &a.config.classes {
            match named(b, &mine.name) {
                Some(theirs) => self.class_pair(mine, &b.config.classes[theirs]),
                None => {
                    let text = format!("class {:?} is not on b", mine.name);
                    self.warning("class-missing", text, a.place_at(mine.at), None);
                }
            }
        }
        for theirs in &b.config.classes {
            if named(a, &theirs.name).is_none() {
                let text = format!("class {:?} is not on a", theirs.name);
                self.warning("class-missing", text, None, b.place_at(theirs.at));
            }
        }
    }

    fn class_pair(&mut self, a: &Class, b: &Class) {
        let name = format!("class {:?}", a.name);
        self.own(a.scope, b.scope, Role::Class, &name, true);
        self.membership(a, b);
        for (value, mine) in &a.subclasses {
            match b.subclasses.get(value) {
                Some(theirs) => {
                    if mine.scope != a.scope || theirs.scope != b.scope {
                        self.own(
                            mine.scope,
                            theirs.scope,
                            Role::Class,
                            &format!("a subclass of {name}"),
                            true,
                        );
                    }
                }
                None => {
                    let text = format!("a subclass of {name} is not on b");
                    self.warning("class-missing", text, self.a.place_at(mine.at), None);
                }
            }
        }
        for (value, theirs) in &b.subclasses {
            if !a.subclasses.contains_key(value) {
                let text = format!("a subclass of {name} is not on a");
                self.warning("class-missing", text, None, self.b.place_at(theirs.at));
            }
        }
        let (x, y) = (self.a.outline.at(a.at), self.b.outline.at(b.at));
        self.code(x, y);
    }

    /// Who is in a class: ISC's statements `match`, `spawn with` and `lease limit`.
    fn membership(&mut self, a: &Class, b: &Class) {
        const WORDS: [&str; 3] = ["match", "spawn", "lease"];
        let said = |side: &Declared<'_>, class: &Class| -> Vec<(String, Place)> {
            let block = side.outline.at(class.at);
            let nodes = side.outline.named(block, &WORDS);
            let mut said: Vec<(String, Place)> = nodes
                .map(|node| {
                    (
                        side.outline.tokens(node).join(" "),
                        side.outline.place(node),
                    )
                })
                .collect();
            said.sort_by(|x, y| x.0.cmp(&y.0));
            said
        };
        let (mut x, mut y) = (said(self.a, a), said(self.b, b));
        let common: Vec<String> = x
            .iter()
            .map(|s| s.0.clone())
            .filter(|s| y.iter().any(|o| o.0 == *s))
            .collect();
        x.retain(|s| !common.contains(&s.0));
        y.retain(|s| !common.contains(&s.0));
        let places = |list: Vec<(String, Place)>| list.into_iter().map(|(_, place)| place);
        let (mut x, mut y) = (places(x), places(y));
        loop {
            let (at_a, at_b) = (x.next(), y.next());
            if at_a.is_none() && at_b.is_none() {
                return;
            }
            let text = format!(
                "class {:?} does not have the same members on both sides",
                a.name
            );
            self.advice("class-differs", text, at_a, at_b);
        }
    }
}

/// Whether both hosts would match the same client by the same means.
fn what_identifies(a: &Host, b: &Host) -> bool {
    a.client_identifier == b.client_identifier
}

/// What a host is found by.
type Identity<'h> = (Option<(u8, &'h [u8])>, Option<&'h [u8]>);

fn identity(host: &Host) -> Option<Identity<'_>> {
    let hardware = host
        .hardware
        .as_ref()
        .map(|h| (h.htype, h.address.as_slice()));
    let identifier = host.client_identifier.as_deref();
    (hardware.is_some() || identifier.is_some()).then_some((hardware, identifier))
}

/// The statement in a host that begins with one of these words; of options only the client identifier.
fn host_statement(side: &Declared<'_>, host: &Host, words: &[&str]) -> Option<Place> {
    let outline = side.outline;
    let block = outline.at(host.at)?;
    let statement = outline.within(Some(block)).iter().find(|node| {
        let tokens = outline.tokens(**node);
        let first = tokens.first().map_or("", String::as_str);
        words.contains(&first)
            && (first != "option"
                || tokens
                    .get(1)
                    .is_some_and(|word| word == "dhcp-client-identifier"))
    });
    statement.map(|node| outline.place(*node))
}
