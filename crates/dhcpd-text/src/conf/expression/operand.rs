//! Operands of expressions: constants, what the client said, functions, variables, parentheses.

use std::sync::Arc;

use super::super::expr::{Boolean, Call, Data, Expr, Number};
use super::super::number;
use super::super::parser::{Parser, Read};
use super::super::words;
use super::Wanted;
use crate::lex::{Token, TokenKind};

/// Parts of one `concat` or `pick-first-value`, and arguments of one call.
const MAX_PARTS: usize = 256;

/// Words that stand for numbers: states of clients and results of DNS updates, which are of no use in a server.
const NUMBERS: &[(&str, u64)] = &[
    ("noerror", 0),
    ("booting", 2),
    ("reboot", 1),
    ("select", 3),
    ("request", 4),
    ("bound", 5),
    ("renew", 6),
    ("rebind", 7),
];

impl<'t> Parser<'_, '_, 't> {
    /// Reads one operand. Where one is missing, this says so.
    pub(super) fn operand(&mut self, wanted: Wanted) -> Read<Expr> {
        let token = self.peek();
        self.deeper(&token)?;
        let read = self.any_operand(token, wanted);
        self.build.leave();
        read
    }

    fn any_operand(&mut self, token: Token<'t>, wanted: Wanted) -> Read<Expr> {
        match token.kind {
            TokenKind::String => self.quoted("", "").map(Data::Constant).map(Expr::Data),
            TokenKind::Number if matches!(wanted, Wanted::Number | Wanted::DataOrNumber) => {
                self.next();
                let value = number::Number::atoi(token.text).value.cast_signed();
                Ok(Expr::Number(Number::Constant(
                    i64::from(value).cast_unsigned(),
                )))
            }
            TokenKind::Number | TokenKind::NumberOrName => {
                self.hexadecimal("data").map(Data::Constant).map(Expr::Data)
            }
            TokenKind::Punctuation(b'(') => {
                self.next();
                let inner = self.expression(wanted)?;
                self.punctuation(b')', "right paren expected")?;
                Ok(inner)
            }
            TokenKind::Name => {
                let word = token.word().unwrap_or_default().to_ascii_lowercase();
                self.named_operand(&word, token)
            }
            _ => Err(self.no_operand(wanted)),
        }
    }

    fn no_operand(&mut self, wanted: Wanted) -> super::Reported {
        let message = match wanted {
            Wanted::Any => "expecting expression.",
            Wanted::Boolean => "boolean expression expected.",
            Wanted::Data => "expecting a data expression.",
            Wanted::Number => "expecting numeric expression.",
            Wanted::DataOrNumber => "expecting data or numeric expression.",
        };
        self.error_next(message, "an expression of dhcp-eval(5)")
    }

    fn named_operand(&mut self, word: &str, token: Token<'t>) -> Read<Expr> {
        if let Some(boolean) = self.boolean_operand(word)? {
            return Ok(Expr::Boolean(boolean));
        }
        if let Some(data) = self.data_operand(word)? {
            return Ok(Expr::Data(data));
        }
        if let Some(number) = self.number_operand(word)? {
            return Ok(Expr::Number(number));
        }
        let refused = match word {
            "check" => Some("`check`, which has the client classified again"),
            "gethostbyname" => Some("gethostbyname(): no name is looked up while a client waits"),
            _ => None,
        };
        if let Some(what) = refused {
            return Err(self.unsupported(&token, what));
        }
        if words::is_reserved(word) {
            return Err(self.no_operand(Wanted::Any));
        }
        if token.text.iter().skip(1).all(u8::is_ascii_hexdigit) {
            let message = format!("Bogus number {}", String::from_utf8_lossy(token.text));
            let expected = "another name: ISC dhcpd takes one whose letters behind the first are all from a to f for a number";
            return Err(self.error(&token, &message, expected));
        }
        self.next();
        let name: Arc<str> = token.word().unwrap_or_default().into();
        if !self.peek().is(b'(') {
            return Ok(Expr::Variable(name));
        }
        self.next();
        let arguments = self.parts(|parser| parser.expression(Wanted::Any))?;
        Ok(Expr::Call(Call { name, arguments }))
    }

    fn boolean_operand(&mut self, word: &str) -> Read<Option<Boolean>> {
        let known = matches!(word, "not" | "exists" | "known" | "static" | "defined");
        if !known {
            return Ok(None);
        }
        self.next();
        Ok(Some(match word {
            "not" => {
                let token = self.peek();
                let read = self.operand(Wanted::Boolean)?;
                let Expr::Boolean(inner) = read else {
                    let message = "boolean expression expected";
                    return Err(self.error(&token, message, "such a one after `not`"));
                };
                Boolean::Not(Box::new(inner))
            }
            "exists" => Boolean::Exists(self.option_name()?),
            "known" => Boolean::Known,
            "static" => Boolean::Static,
            _ => {
                self.open_parenthesis()?;
                let name = self.variable_name()?;
                self.close_parenthesis()?;
                Boolean::Defined(name)
            }
        }))
    }

    fn data_operand(&mut self, word: &str) -> Read<Option<Data>> {
        let simple = match word {
            "hardware" => Some(Data::Hardware),
            "leased-address" => Some(Data::LeasedAddress),
            "filename" => Some(Data::Filename),
            "server-name" => Some(Data::ServerName),
            "host-decl-name" => Some(Data::HostDeclName),
            "null" => Some(Data::Null),
            _ => None,
        };
        if simple.is_some() {
            self.next();
            return Ok(simple);
        }
        match word {
            "option" | "config-option" => {
                self.next();
                let option = self.option_name()?;
                Ok(Some(match word {
                    "option" => Data::Option(option),
                    _ => Data::ConfigOption(option),
                }))
            }
            "substring" | "suffix" | "lcase" | "ucase" | "concat" | "binary-to-ascii"
            | "reverse" | "pick" | "pick-first-value" | "packet" | "encode-int" | "gethostname"
            | "v6relay" => {
                self.next();
                self.open_parenthesis()?;
                self.data_function(word).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The arguments of a function whose `(` was taken.
    fn data_function(&mut self, word: &str) -> Read<Data> {
        let data = match word {
            "concat" | "pick" | "pick-first-value" => {
                let mut parts = self.parts(Self::data)?;
                return match (word, parts.len()) {
                    ("concat", 1) => Err(self.error_last("comma expected.", "a second part")),
                    ("concat", _) => Ok(Data::Concat(parts)),
                    (_, 1) => Ok(parts.remove(0)),
                    _ => Ok(Data::PickFirstValue(parts)),
                };
            }
            "substring" => {
                let of = Box::new(self.data()?);
                self.comma()?;
                let offset = Box::new(self.number_expression()?);
                self.comma()?;
                let length = Box::new(self.number_expression()?);
                Data::Substring { of, offset, length }
            }
            "suffix" => {
                let of = Box::new(self.data()?);
                self.comma()?;
                let length = Box::new(self.number_expression()?);
                Data::Suffix { of, length }
            }
            "lcase" => Data::Lowercase(Box::new(self.data()?)),
            "ucase" => Data::Uppercase(Box::new(self.data()?)),
            "binary-to-ascii" => {
                let base = Box::new(self.number_expression()?);
                self.comma()?;
                let width = Box::new(self.number_expression()?);
                self.comma()?;
                let separator = Box::new(self.data()?);
                self.comma()?;
                let of = Box::new(self.data()?);
                Data::BinaryToAscii {
                    base,
                    width,
                    separator,
                    of,
                }
            }
            "reverse" => {
                let width = Box::new(self.number_expression()?);
                self.comma()?;
                let of = Box::new(self.data()?);
                Data::Reverse { width, of }
            }
            "packet" => {
                let offset = Box::new(self.number_expression()?);
                self.comma()?;
                let length = Box::new(self.number_expression()?);
                Data::Packet { offset, length }
            }
            "encode-int" => {
                let of = Box::new(self.number_expression()?);
                self.comma()?;
                let bytes = self.width()?;
                Data::EncodeInt { of, bytes }
            }
            "v6relay" => {
                let relay = Box::new(self.number_expression()?);
                self.comma()?;
                let of = Box::new(self.data()?);
                Data::V6Relay { relay, of }
            }
            _ => Data::HostName,
        };
        self.close_parenthesis()?;
        Ok(data)
    }

    fn number_operand(&mut self, word: &str) -> Read<Option<Number>> {
        let simple = match word {
            "lease-time" => Some(Number::LeaseTime),
            "client-state" => Some(Number::ClientState),
            _ => {
                let known = NUMBERS.iter().find(|(name, _)| *name == word);
                known.map(|(_, value)| Number::Constant(*value))
            }
        };
        if simple.is_some() {
            self.next();
            return Ok(simple);
        }
        if word != "extract-int" {
            return Ok(None);
        }
        self.next();
        self.open_parenthesis()?;
        let of = Box::new(self.data()?);
        self.comma()?;
        let bytes = self.width()?;
        self.close_parenthesis()?;
        Ok(Some(Number::ExtractInt { of, bytes }))
    }

    /// The number of bits of an integer; answers bytes.
    fn width(&mut self) -> Read<u8> {
        let token = self.peek();
        let expected = "8, 16 or 32";
        if token.kind != TokenKind::Number {
            return Err(self.error_next("number expected.", expected));
        }
        self.next();
        match number::Number::atoi(token.text).value {
            8 => Ok(1),
            16 => Ok(2),
            32 => Ok(4),
            other => {
                let message = format!("unsupported integer size {other}");
                Err(self.error(&token, &message, expected))
            }
        }
    }

    /// One or more parts with commas between them, and the `)` behind them.
    pub(in super::super) fn parts<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<Vec<T>> {
        let mut parts = Vec::new();
        loop {
            let token = self.peek();
            parts.push(read(self)?);
            if parts.len() > MAX_PARTS {
                let message = format!("more than {MAX_PARTS} parts");
                return Err(self.error(&token, &message, "fewer"));
            }
            if !self.take(b',') {
                break;
            }
        }
        self.close_parenthesis()?;
        Ok(parts)
    }

    /// The name of a variable or function.
    pub(in super::super) fn variable_name(&mut self) -> Read<Arc<str>> {
        let token = self.peek();
        let word = token.word().filter(|word| !words::is_reserved(word));
        let Some(word) = word else {
            let shown = String::from_utf8_lossy(token.text).into_owned();
            let message = format!("{shown} can't be a variable name");
            return Err(self.error_next(&message, "a name that has no other meaning"));
        };
        self.next();
        Ok(word.into())
    }
}
