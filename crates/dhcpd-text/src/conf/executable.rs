//! Statements that are executed: which there are, and the simple ones.

use std::sync::Arc;

use super::Permission;
use super::code::{Action, Function, Operation, OptionAction, OptionValue, Priority, Statement};
use super::expression::Wanted;
use super::parser::{Parser, Read};
use super::statement::Context;
use super::{OptionId, SpaceId, words};
use crate::lex::{Token, TokenKind};

/// Arguments of one function.
const MAX_PARAMETERS: usize = 256;

impl<'t> Parser<'_, '_, 't> {
    /// Reads a statement that can be executed; `None` if it is none. Some are done with when they are read, and then
    /// no statement comes of them.
    pub(super) fn executable(
        &mut self,
        word: Option<&str>,
        token: Token<'t>,
        context: Context,
        cases: Option<Wanted>,
    ) -> Option<Read<Option<Statement>>> {
        let word = word?;
        if let Some(read) = self.option_statement(word, token, context, cases) {
            return Some(read);
        }
        let at = self.location(&token);
        let action = match word {
            "if" => self.conditional(context),
            "switch" => self.switch(context),
            "case" => self.case(cases),
            "on" => self.on(context),
            "break" => self.break_out(),
            "add" => self.add(),
            "set" => self.set(),
            "define" => self.define(context),
            "unset" => self.unset(),
            "eval" => self.eval(),
            "return" => self.return_value(),
            "log" => self.log(),
            "execute" => self.execute(),
            "parse-vendor-option" => {
                self.next();
                self.semicolon("the word")
                    .map(|()| Action::ParseVendorOption)
            }
            "zone" => return Some(self.zone().map(|()| None)),
            "key" => return Some(self.key().map(|()| None)),
            "db-time-format" => return Some(self.db_time_format().map(|()| None)),
            _ if words::is_reserved(word) => return None,
            _ => return Some(self.function_call(word, token)),
        };
        Some(action.map(|action| Some(Statement { at, action })))
    }

    /// Options, parameters, and what is one of these in disguise.
    fn option_statement(
        &mut self,
        word: &str,
        token: Token<'t>,
        context: Context,
        cases: Option<Wanted>,
    ) -> Option<Read<Option<Statement>>> {
        Some(match word {
            "option" if context.nested => self.option_action(Operation::Supersede),
            "option" => self.option(context),
            "supersede" | "send" => self.option_action(Operation::Supersede),
            "append" => self.option_action(Operation::Append),
            "prepend" => self.option_action(Operation::Prepend),
            "default" => {
                let at = self.location(&token);
                self.next();
                match self.peek().is(b':') {
                    true => self
                        .switch_default(&token, cases)
                        .map(|action| Some(Statement { at, action })),
                    false => self.option_to_set(&token, Operation::Default),
                }
            }
            "allow" => self.allow(Permission::Allow).map(Some),
            "deny" => self.allow(Permission::Deny).map(Some),
            "ignore" => self.allow(Permission::Ignore).map(Some),
            "server-identifier" if !context.nested => self.server_identifier().map(Some),
            _ => {
                let parameter = self.build.config.spaces.by_name(SpaceId::SERVER, word)?;
                self.parameter(context, token, parameter.code).map(Some)
            }
        })
    }

    /// `allow KEYWORD;` and the like, outside of pools.
    fn allow(&mut self, permission: Permission) -> Read<Statement> {
        let first = self.next();
        let at = self.location(&first);
        let expected = "one of unknown-clients, bootp, booting, dynamic-bootp, duplicates, declines, client-updates, leasequery";
        let token = self.peek();
        let word = token.word().map(str::to_ascii_lowercase);
        let name = match word.as_deref() {
            Some("unknown-clients") => "boot-unknown-clients",
            Some("bootp") => "allow-bootp",
            Some("booting") => "allow-booting",
            Some(
                other @ ("dynamic-bootp" | "duplicates" | "declines" | "client-updates"
                | "leasequery"),
            ) => other,
            _ => return Err(self.error_next("expecting allow/deny key", expected)),
        };
        self.next();
        self.semicolon("the keyword")?;
        let parameter = self.build.config.spaces.by_name(SpaceId::SERVER, name);
        let code = parameter.map_or(0, |parameter| parameter.code);
        let value: u8 = match permission {
            Permission::Deny => 0,
            Permission::Allow => 1,
            Permission::Ignore => 2,
        };
        Ok(Statement {
            at,
            action: Action::Option(OptionAction {
                option: OptionId {
                    space: SpaceId::SERVER,
                    code,
                },
                operation: Operation::Supersede,
                value: OptionValue::Bytes([value].into()),
            }),
        })
    }

    fn break_out(&mut self) -> Read<Action> {
        self.next();
        self.semicolon("break").map(|()| Action::Break)
    }

    /// `add "CLASS";`
    fn add(&mut self) -> Read<Action> {
        self.next();
        let token = self.peek();
        let name = self.quoted(
            "expecting class name.",
            "the name of a class in double quotes",
        )?;
        let name = String::from_utf8_lossy(&name).into_owned();
        let Some(class) = self.class_named(&name) else {
            let message = format!("class {name}: not found");
            return Err(self.error(&token, &message, "a class that is declared above"));
        };
        self.semicolon("the name of the class")?;
        Ok(Action::Add(class))
    }

    /// `set NAME = VALUE;`
    fn set(&mut self) -> Read<Action> {
        self.next();
        let name = self.variable_name()?;
        self.punctuation(b'=', "expecting '=' in set statement.")?;
        let value = self.expression(Wanted::Any)?;
        self.semicolon("the value")?;
        Ok(Action::Set { name, value })
    }

    /// `define NAME (PARAMETER, …) { … }`; also `define NAME = VALUE;`, which ISC takes for a `set` that fails.
    fn define(&mut self, context: Context) -> Read<Action> {
        self.next();
        let name = self.variable_name()?;
        if !self.take(b'(') {
            return Err(self.error_next(
                "not supported: define without parameters, at which ISC dhcpd crashes",
                "`(` after the name of the function",
            ));
        }
        let mut parameters: Vec<Arc<str>> = Vec::new();
        while !self.peek().is(b')') {
            let token = self.peek();
            let Some(word) = token.word().filter(|word| !words::is_reserved(word)) else {
                return Err(self.error_next("expecting argument name", "a name or `)`"));
            };
            if parameters.len() == MAX_PARAMETERS {
                return Err(self.error_next("too many parameters", "fewer"));
            }
            self.next();
            parameters.push(word.into());
            if !self.take(b',') {
                break;
            }
        }
        self.punctuation(b')', "expecting right paren.")?;
        let body = self.body(context, "the parameters", None)?;
        let function = Arc::new(Function { parameters, body });
        Ok(Action::Define { name, function })
    }

    fn unset(&mut self) -> Read<Action> {
        self.next();
        let name = self.variable_name()?;
        self.semicolon("the variable")?;
        Ok(Action::Unset(name))
    }

    fn eval(&mut self) -> Read<Action> {
        self.next();
        let value = self.expression(Wanted::Data)?;
        self.semicolon("the expression")?;
        Ok(Action::Eval(value))
    }

    fn return_value(&mut self) -> Read<Action> {
        self.next();
        let value = self.expression(Wanted::Data)?;
        self.semicolon("the value")?;
        Ok(Action::Return(value))
    }

    /// `log ([PRIORITY,] MESSAGE);`
    fn log(&mut self) -> Read<Action> {
        self.next();
        self.punctuation(b'(', "left parenthesis expected.")?;
        let token = self.peek();
        let priority = match token.word().map(str::to_ascii_lowercase).as_deref() {
            Some("fatal") => Some(Priority::Fatal),
            Some("error") => Some(Priority::Error),
            Some("debug") => Some(Priority::Debug),
            Some("info") => Some(Priority::Info),
            _ => None,
        };
        if priority.is_some() {
            self.next();
            self.comma()?;
        }
        if priority == Some(Priority::Fatal) {
            self.warn(&token, "this server goes on after a fatal message: ISC dhcpd ends, and no client may cause that");
        }
        let message = self.data()?;
        self.close_parenthesis()?;
        self.semicolon("the message")?;
        Ok(Action::Log {
            priority: priority.unwrap_or(Priority::Debug),
            message,
        })
    }

    /// `execute ("PROGRAM", ARGUMENT, …);`
    fn execute(&mut self) -> Read<Action> {
        self.next();
        self.punctuation(b'(', "left parenthesis expected.")?;
        let expected = "a program in double quotes";
        let program = self.quoted("Expecting a quoted string.", expected)?;
        let arguments = match self.take(b',') {
            true => self.parts(Self::data)?,
            false => {
                self.close_parenthesis()?;
                Vec::new()
            }
        };
        self.semicolon("the program")?;
        Ok(Action::Execute { program, arguments })
    }

    /// A function's name and its arguments; or a word that means nothing.
    fn function_call(&mut self, word: &str, token: Token<'t>) -> Read<Option<Statement>> {
        let at = self.location(&token);
        let called = self.peek_second().is_some_and(|next| {
            matches!(next.kind, TokenKind::Punctuation(byte) if byte != b';' && byte != b'{')
        });
        if !called {
            return self.unknown_word(word, token).map(|()| None);
        }
        let value = self.expression(Wanted::Data)?;
        self.semicolon("the function")?;
        Ok(Some(Statement {
            at,
            action: Action::Eval(value),
        }))
    }
}
