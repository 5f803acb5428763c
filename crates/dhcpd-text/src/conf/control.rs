//! Statements that decide: `if`, `switch`, `on`; and the bodies that they have.

use std::sync::Arc;

use super::code::{Action, Events, OnStatement, Statement};
use super::expr::{Boolean, Expr};
use super::expression::Wanted;
use super::parser::{Parser, Read};
use super::statement::Context;
use crate::lex::{Span, Token};

/// One branch of an `if`: its condition and what it does.
type Branch = (Boolean, Vec<Statement>);

impl<'t> Parser<'_, '_, 't> {
    /// `if … { … } elsif … { … } else { … }`
    pub(super) fn conditional(&mut self, context: Context) -> Read<Action> {
        self.next();
        let mut branches = vec![self.branch(context)?];
        let mut otherwise = Vec::new();
        loop {
            if self.take_word("elsif") {
                branches.push(self.branch(context)?);
            } else if !self.take_word("else") {
                break;
            } else if self.take_word("if") {
                branches.push(self.branch(context)?);
            } else {
                if !self.peek().is(b'{') {
                    let expected = "`{` or `if` after else";
                    return Err(self.error_next("left brace or if expected.", expected));
                }
                otherwise = self.body(context, "the else branch", None)?;
                break;
            }
        }
        Ok(Action::If {
            branches,
            otherwise,
        })
    }

    fn branch(&mut self, context: Context) -> Read<Branch> {
        // As in ISC, a parenthesis here is around the whole condition.
        let whole = self.take(b'(');
        let condition = self.boolean()?;
        if whole && !self.take(b')') {
            let expected = "`)` behind the condition";
            return Err(self.error_next("expecting right paren.", expected));
        }
        let body = self.body(context, "the condition", None)?;
        Ok((condition, body))
    }

    /// `switch (VALUE) { case VALUE: … default: … }`
    pub(super) fn switch(&mut self, context: Context) -> Read<Action> {
        self.next();
        self.punctuation(b'(', "expecting left brace.")?;
        let value = self.expression(Wanted::DataOrNumber)?;
        self.punctuation(b')', "right paren expected.")?;
        let cases = match value {
            Expr::Data(_) => Wanted::Data,
            Expr::Number(_) | Expr::Boolean(_) | Expr::Variable(_) | Expr::Call(_) => {
                Wanted::Number
            }
        };
        let body = self.body(context, "the value", Some(cases))?;
        Ok(Action::Switch { value, body })
    }

    /// `case VALUE:`
    pub(super) fn case(&mut self, cases: Option<Wanted>) -> Read<Action> {
        let token = self.next();
        let Some(wanted) = cases else {
            let message = "case statement in inappropriate scope.";
            return Err(self.error(&token, message, "this directly in a switch"));
        };
        let value = self.expression(wanted)?;
        self.punctuation(b':', "colon expected.")?;
        Ok(Action::Case(value))
    }

    /// `default:`; the word was taken.
    pub(super) fn switch_default(
        &mut self,
        token: &Token<'t>,
        cases: Option<Wanted>,
    ) -> Read<Action> {
        self.next();
        if cases.is_none() {
            let message = "switch default statement in inappropriate scope.";
            return Err(self.error(token, message, "this directly in a switch"));
        }
        Ok(Action::Default)
    }

    /// `on EVENT or EVENT { … }`
    pub(super) fn on(&mut self, context: Context) -> Read<Action> {
        self.on_statement(context)
            .map(|on| Action::On(Arc::new(on)))
    }

    /// An `on` statement and nothing else.
    pub(super) fn on_alone(&mut self) -> Read<OnStatement> {
        if !self.peek().is_word("on") {
            return Err(self.error_next("expecting an on statement", "`on`"));
        }
        let on = self.on_statement(Context::ROOT)?;
        match self.peek() {
            token if token.is_end() => Ok(on),
            _ => Err(self.error_next("this is behind the on statement", "nothing more")),
        }
    }

    fn on_statement(&mut self, context: Context) -> Read<OnStatement> {
        self.next();
        let mut events = Events::default();
        loop {
            let token = self.peek();
            if self.take_word("expiry") {
                events.expiry = true;
            } else if self.take_word("commit") {
                events.commit = true;
            } else if self.take_word("release") {
                events.release = true;
            } else if self.take_word("transmission") {
                self.warn(
                    &token,
                    "`on transmission` has no effect: it is for clients only",
                );
            } else {
                let expected = "commit, release or expiry";
                return Err(self.error_next("expecting a lease event type", expected));
            }
            if !self.take_word("or") {
                break;
            }
        }
        if self.take(b';') {
            let (body, text) = (Vec::new(), "{ }".to_owned());
            return Ok(OnStatement { events, body, text });
        }
        let start = self.peek().span;
        let body = self.body(context, "the event", None)?;
        let text = self.text_since(start);
        Ok(OnStatement { events, body, text })
    }

    /// Reads a block of statements to execute. `cases` is what the cases of the switch are of which this is the body.
    pub(super) fn body(
        &mut self,
        context: Context,
        what: &str,
        cases: Option<Wanted>,
    ) -> Read<Vec<Statement>> {
        if !self.peek().is(b'{') {
            let expected = format!(
                "`{{` after {what}; ISC dhcpd takes a parenthesis at its start for one around the whole of it"
            );
            return Err(self.error_next("left brace expected.", &expected));
        }
        self.open_block(what)?;
        let inner = Context {
            nested: true,
            ..context
        };
        let mut body = Vec::new();
        while !self.block_ends("the block") {
            let token = self.peek();
            let word = token.word().map(str::to_ascii_lowercase);
            let read = match self.executable(word.as_deref(), token, inner, cases) {
                Some(read) => read,
                None => {
                    let expected =
                        "`}`, or a statement that can be executed: no declaration stands here";
                    Err(self.error_next("right brace expected.", expected))
                }
            };
            match read {
                Ok(statement) => body.extend(statement),
                Err(_) => self.recover(),
            }
        }
        Ok(body)
    }

    /// What was taken from `start` on, without comments and in one line.
    fn text_since(&mut self, start: Span) -> String {
        let span = start.to(self.last_span());
        let mut lexer = self.lexer_at(span.start);
        let mut text = String::new();
        let mut end = span.start;
        while let Ok(token) = lexer.next_token() {
            if token.is_end() || token.span.start >= span.end {
                break;
            }
            if token.span.start > end {
                text.push(' ');
            }
            end = token.span.end;
            for byte in token.span.of(lexer.source()) {
                match byte {
                    b'\n' => text.push_str("\\n"),
                    0x20..=0x7e => text.push(char::from(*byte)),
                    byte => text.push_str(&format!("\\{byte:03o}")),
                }
            }
        }
        text
    }
}
