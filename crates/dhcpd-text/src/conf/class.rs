//! `class` and `subclass`.

use std::collections::BTreeMap;

use super::expr::{Boolean, Data};
use super::number::Number;
use super::parser::{Parser, Read, Reported};
use super::statement::{Block, Context};
use super::{Location, ScopeId};
use crate::lex::{Token, TokenKind};

/// A `class`: clients that have something in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// What its members get.
    pub scope: ScopeId,
    /// `match if …`: who is a member; with [`value`](Self::value) too, who is looked at.
    pub condition: Option<Boolean>,
    /// `match …` or `spawn with …`: by what its subclasses are found.
    pub value: Option<Data>,
    /// `spawn with …`: each value makes a subclass of its own.
    pub spawning: bool,
    /// `lease limit N;`: leases that the members of each of its subclasses may have together; its own, if it has no
    /// subclasses. `None` and 0: any number.
    pub lease_limit: Option<u32>,
    /// Subclasses by the values that they match.
    pub subclasses: BTreeMap<Vec<u8>, Subclass>,
    /// Where it is declared.
    pub at: Location,
}

/// A `subclass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subclass {
    /// What its members get: the class's own scope if the subclass has no block.
    pub scope: ScopeId,
    /// As of [`Class`]: the class's, if the subclass says nothing else.
    pub lease_limit: Option<u32>,
    /// Where it is declared.
    pub at: Location,
}

/// Whose block is being read.
#[derive(Clone)]
struct Open {
    class: usize,
    /// The value of the subclass; `None` if it is the class itself.
    subclass: Option<Vec<u8>>,
    condition_read: bool,
    value_read: bool,
}

impl<'t> Parser<'_, '_, 't> {
    /// `class "NAME" { … }`
    pub(super) fn class(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        self.class_allowed(&token, context)?;
        let name = self.class_name()?;
        let index = match self.class_named(&name) {
            Some(index) => index,
            None => {
                let scope = self.build.open_scope(context.scope);
                let at = self.location(&token);
                let index = self.build.config.classes.len();
                self.build.class_names.insert(name.clone(), index);
                self.build.config.classes.push(Class {
                    name,
                    scope,
                    condition: None,
                    value: None,
                    spawning: false,
                    lease_limit: None,
                    subclasses: BTreeMap::new(),
                    at,
                });
                index
            }
        };
        let scope = self.build.config.classes[index].scope;
        self.class_block(context, index, None, scope)
    }

    /// `subclass "NAME" VALUE;` or `subclass "NAME" VALUE { … }`
    pub(super) fn subclass(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        self.class_allowed(&token, context)?;
        let named = self.peek();
        let name = self.class_name()?;
        let Some(index) = self.class_named(&name) else {
            let message = format!("no class named {name}");
            return Err(self.error(&named, &message, "a class that is declared above"));
        };
        let value = match self.peek().kind {
            TokenKind::String => self.quoted("", "")?,
            TokenKind::Number | TokenKind::NumberOrName => self.hexadecimal("the subclass")?,
            _ => {
                let expected = "the value that members have, as a string or octets";
                return Err(self.error_next("Expecting string or hex list.", expected));
            }
        };
        let at = self.location(&token);
        let class = &mut self.build.config.classes[index];
        let (scope, lease_limit) = (class.scope, class.lease_limit);
        let entry = class.subclasses.entry(value.clone());
        let former = entry.or_insert(Subclass {
            scope,
            lease_limit,
            at,
        });
        let outer = former.scope;
        if self.take(b';') {
            return Ok(());
        }
        let scope = self.build.open_scope(outer);
        if let Some(subclass) = self.build.config.classes[index].subclasses.get_mut(&value) {
            subclass.scope = scope;
        }
        self.class_block(context, index, Some(value), scope)
    }

    fn class_allowed(&mut self, token: &Token<'t>, context: Context) -> Read<()> {
        if context.block != Block::Class {
            return Ok(());
        }
        let message = "class declarations not allowed here.";
        Err(self.error(token, message, "this outside of classes"))
    }

    fn class_name(&mut self) -> Read<String> {
        let name = self.quoted(
            "Expecting class name",
            "the name of a class in double quotes",
        )?;
        Ok(String::from_utf8_lossy(&name).into_owned())
    }

    /// The class of this name.
    pub(super) fn class_named(&self, name: &str) -> Option<usize> {
        self.build.class_names.get(name).copied()
    }

    fn class_block(
        &mut self,
        context: Context,
        class: usize,
        subclass: Option<Vec<u8>>,
        scope: ScopeId,
    ) -> Read<()> {
        let mut open = Open {
            class,
            subclass,
            condition_read: false,
            value_read: false,
        };
        let inner = context.inside(Block::Class, scope);
        self.block(inner, "the class", |parser, token| {
            parser.class_statement(token, &mut open)
        })
    }

    fn class_statement(&mut self, token: Token<'t>, open: &mut Open) -> Option<Read<()>> {
        let read = match token.word()?.to_ascii_lowercase().as_str() {
            "match" => self.class_match(open),
            "spawn" => self.spawn(open),
            "lease" => self.lease_limit(open),
            // Written by the server itself in lease files.
            "dynamic" => {
                self.next();
                self.semicolon("dynamic")
            }
            "deleted" => {
                self.next();
                Err(self.unsupported(&token, "deleted classes"))
            }
            _ => return None,
        };
        Some(read)
    }

    /// `match if CONDITION;` or `match VALUE;`
    fn class_match(&mut self, open: &mut Open) -> Read<()> {
        let token = self.next();
        self.not_in_subclass(&token, open, "match")?;
        if !self.peek().is_word("if") {
            return self.class_value(open);
        }
        let token = self.next();
        if open.condition_read {
            let message = "A class may only have one 'match if' clause.";
            return Err(self.error(&token, message, "one condition, with `or` in it"));
        }
        open.condition_read = true;
        let condition = self.boolean()?;
        self.build.config.classes[open.class].condition = Some(condition);
        self.semicolon("the condition")
    }

    /// `spawn with VALUE;`
    fn spawn(&mut self, open: &mut Open) -> Read<()> {
        let token = self.next();
        self.not_in_subclass(&token, open, "spawn")?;
        self.build.config.classes[open.class].spawning = true;
        self.expect_word("with", "expecting with after spawn")?;
        self.class_value(open)
    }

    fn class_value(&mut self, open: &mut Open) -> Read<()> {
        if open.value_read {
            let message = "can't override existing submatch/spawn.";
            return Err(self.error_next(message, "one `match` or `spawn with` in a class"));
        }
        open.value_read = true;
        let value = self.data()?;
        self.build.config.classes[open.class].value = Some(value);
        self.semicolon("the value")
    }

    fn not_in_subclass(&mut self, token: &Token<'t>, open: &Open, what: &str) -> Read<()> {
        if open.subclass.is_none() {
            return Ok(());
        }
        let message = format!("invalid {what} in subclass.");
        Err(self.error(token, &message, "this in the class itself"))
    }

    /// `lease limit N;`
    fn lease_limit(&mut self, open: &Open) -> Read<()> {
        self.next();
        self.expect_word("limit", "expecting \"limit\"")?;
        let token = self.peek();
        if token.kind != TokenKind::Number {
            return Err(self.error_next("expecting a number", "how many leases there may be"));
        }
        self.next();
        let limit = Some(Number::atoi(token.text).value);
        let class = &mut self.build.config.classes[open.class];
        match &open.subclass {
            None => class.lease_limit = limit,
            Some(value) => {
                if let Some(subclass) = class.subclasses.get_mut(value) {
                    subclass.lease_limit = limit;
                }
            }
        }
        self.semicolon("the limit")
    }

    /// `members of "CLASS"` in a pool; answers the class.
    pub(super) fn members(&mut self) -> Read<usize> {
        self.next();
        self.expect_word("of", "expecting \"of\"")?;
        let name = self.quoted(
            "expecting class name.",
            "the name of a class in double quotes",
        )?;
        let name = String::from_utf8_lossy(&name).into_owned();
        self.class_named(&name).ok_or_else(|| self.no_class(&name))
    }

    fn no_class(&mut self, name: &str) -> Reported {
        let expected = "a class that is declared above the pool";
        self.error_last(&format!("no such class: {name}"), expected)
    }
}
