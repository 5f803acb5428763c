//! What is not a constant: statements of code, and definitions of options.

use std::net::Ipv4Addr;

use super::compare::Both;
use super::declared::{Declared, Role};
use super::outline::NodeId;
use crate::conf::ScopeId;

/// Statements that choose or compute what a client gets. What only concerns the server, such as `log`, may differ.
const CODE: [&str; 12] = [
    "if", "elsif", "else", "switch", "case", "default", "break", "set", "unset", "eval", "return",
    "define",
];

/// Statements within code that do something for the client.
const ACTIONS: [&str; 9] = [
    "option",
    "supersede",
    "append",
    "prepend",
    "send",
    "filename",
    "next-server",
    "server-name",
    "add",
];

/// Words of a definition: what it defines, and how.
struct Definition {
    node: NodeId,
    space: String,
    name: String,
    code: String,
    /// The type, or the widths of a space.
    rest: String,
}

impl Both<'_> {
    /// Code in two scopes that are one.
    pub(super) fn code_of(
        &mut self,
        a: (Role, ScopeId),
        b: (Role, ScopeId),
        at_a: Option<NodeId>,
        at_b: Option<NodeId>,
    ) {
        // Ranges directly in a subnet have no block of their own.
        if a.0 == Role::Pool && b.0 == Role::Pool && at_a.is_some() && at_b.is_some() {
            self.code(at_a, at_b);
        }
    }

    /// Code in the shared networks of two subnets.
    pub(super) fn network_code(&mut self, a: Ipv4Addr, b: Ipv4Addr) {
        let block = |side: &Declared<'_>, number: Ipv4Addr| {
            let mut networks = side.config.shared_networks.iter();
            let has =
                |n: &&crate::conf::SharedNetwork| n.subnets.iter().any(|s| s.network == number);
            let network = networks.find(has)?;
            (!network.implicit).then(|| side.outline.at(network.at))?
        };
        if let (Some(x), Some(y)) = (block(self.a, a), block(self.b, b)) {
            self.code(Some(x), Some(y));
        }
    }

    /// Code directly in two blocks, or outside of all.
    pub(super) fn code(&mut self, a: Option<NodeId>, b: Option<NodeId>) {
        let statements =
            |side: &Declared<'_>, block| side.outline.named(block, &CODE).collect::<Vec<_>>();
        let (x, y) = (statements(self.a, a), statements(self.b, b));
        self.statements(&x, &y);
    }

    fn statements(&mut self, a: &[NodeId], b: &[NodeId]) {
        let head = |side: &Declared<'_>, node: NodeId| side.outline.tokens(node);
        let mut right: Vec<NodeId> = b.to_vec();
        let mut left = Vec::new();
        for &mine in a {
            let tokens = head(self.a, mine);
            match right
                .iter()
                .position(|theirs| head(self.b, *theirs) == tokens)
            {
                Some(at) => {
                    let theirs = right.remove(at);
                    self.bodies(mine, theirs);
                }
                None => left.push(mine),
            }
        }
        // What begins alike, as `option routers` does, is meant to be one statement.
        for mine in left {
            let tokens = head(self.a, mine);
            let alike = |theirs: &NodeId| {
                let theirs = head(self.b, *theirs);
                theirs.first() == tokens.first()
                    && (tokens[0] != "option" || theirs.get(1) == tokens.get(1))
            };
            let theirs = right.iter().position(alike).map(|at| right.remove(at));
            self.differing(Some(mine), theirs);
            if let Some(theirs) = theirs {
                self.bodies(mine, theirs);
            }
        }
        for theirs in right {
            self.differing(None, Some(theirs));
        }
    }

    fn bodies(&mut self, a: NodeId, b: NodeId) {
        let inner = |side: &Declared<'_>, node: NodeId| -> Vec<NodeId> {
            let all = side.outline.within(Some(node)).iter().copied();
            all.filter(|node| {
                let word = side.outline.word(*node);
                CODE.contains(&word.as_str())
                    || ACTIONS.contains(&word.as_str())
                    || word.ends_with("-lease-time")
            })
            .collect()
        };
        let (x, y) = (inner(self.a, a), inner(self.b, b));
        self.statements(&x, &y);
    }

    fn differing(&mut self, a: Option<NodeId>, b: Option<NodeId>) {
        let (at_a, at_b) = (
            a.map(|n| self.a.outline.place(n)),
            b.map(|n| self.b.outline.place(n)),
        );
        if self.is_known("option-differs", at_a.as_ref(), at_b.as_ref()) {
            return;
        }
        let text = match (&at_a, &at_b) {
            (Some(_), Some(_)) => "what is computed for clients differs".to_owned(),
            (Some(_), None) => "only a does this for clients".to_owned(),
            _ => "only b does this for clients".to_owned(),
        };
        self.warning("option-differs", text, at_a, at_b);
    }

    /// `option NAME code N = TYPE;` and `option space …`.
    pub(super) fn definitions(&mut self) {
        let left = definitions(self.a);
        let mut right = definitions(self.b);
        let mut rest = Vec::new();
        // A code that has one type on both sides is the same option, whatever it is called.
        for mine in left {
            let same = |theirs: &Definition| {
                (&theirs.space, &theirs.code, &theirs.rest) == (&mine.space, &mine.code, &mine.rest)
                    && (theirs.name == mine.name || !mine.code.is_empty())
            };
            match right.iter().position(same) {
                Some(at) => drop(right.remove(at)),
                None => rest.push(mine),
            }
        }
        for mine in rest {
            let by_name =
                |theirs: &Definition| (&theirs.space, &theirs.name) == (&mine.space, &mine.name);
            let by_code = |theirs: &Definition| {
                !mine.code.is_empty() && (&theirs.space, &theirs.code) == (&mine.space, &mine.code)
            };
            let other = right
                .iter()
                .position(by_name)
                .or_else(|| right.iter().position(by_code));
            let theirs = other.map(|at| right.remove(at));
            let text = match &theirs {
                Some(_) => format!("option {} is defined in two ways", mine.name),
                None => format!("option {} is defined on a only", mine.name),
            };
            let (at_a, at_b) = (
                Some(self.a.outline.place(mine.node)),
                theirs.map(|theirs| self.b.outline.place(theirs.node)),
            );
            self.warning("option-definition-differs", text, at_a, at_b);
        }
        for theirs in right {
            let text = format!("option {} is defined on b only", theirs.name);
            self.warning(
                "option-definition-differs",
                text,
                None,
                Some(self.b.outline.place(theirs.node)),
            );
        }
    }
}

fn definitions(side: &Declared<'_>) -> Vec<Definition> {
    let mut found = Vec::new();
    for node in side.outline.named(None, &["option"]) {
        let tokens = side.outline.tokens(node);
        if tokens.get(1).is_some_and(|word| word == "space") {
            found.push(Definition {
                node,
                space: "option space".to_owned(),
                name: tokens.get(2).cloned().unwrap_or_default(),
                code: String::new(),
                rest: tokens.get(3..).unwrap_or_default().join(" "),
            });
            continue;
        }
        let Some(at) = tokens.iter().position(|word| word == "code") else {
            continue;
        };
        // A value may be the word `code` too, but no `=` stands two behind it then.
        if tokens.get(at + 2).is_none_or(|word| word != "=") {
            continue;
        }
        let (space, name) = match &tokens[1..at] {
            [space, dot, name] if dot == "." => (space.clone(), name.clone()),
            name => ("dhcp".to_owned(), name.concat()),
        };
        found.push(Definition {
            node,
            space,
            name,
            code: tokens[at + 1].clone(),
            rest: tokens[at + 3..].join(" "),
        });
    }
    found
}
