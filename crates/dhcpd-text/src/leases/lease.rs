//! The statements inside of a lease: ISC `parse_lease_declaration`.

use super::agent::{self, AgentOption, Format};
use super::damage::Fault;
use super::parse::{Parse, Parser};
use super::record::{Billing, LeaseRecord, Value, Variable};
use super::{BindingState, Hardware};
use crate::date::LeaseTime;
use crate::lex::{Token, TokenKind};

/// What the statements of a lease begin with.
#[derive(Debug, Clone, Copy)]
enum Keyword {
    Starts,
    Ends,
    Tstp,
    Tsfp,
    Atsfp,
    Cltt,
    Binding,
    Next,
    Rewind,
    Abandoned,
    Reserved,
    DynamicBootp,
    Billing,
    Hardware,
    Uid,
    ClientHostname,
    Set,
    DdnsName,
    Option,
    On,
}

impl Keyword {
    fn of(word: &[u8]) -> Option<Self> {
        Self::exact(word).or_else(|| Self::exact(&word.to_ascii_lowercase()))
    }

    fn exact(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"starts" => Self::Starts,
            b"ends" => Self::Ends,
            b"tstp" => Self::Tstp,
            b"tsfp" => Self::Tsfp,
            b"atsfp" => Self::Atsfp,
            b"cltt" => Self::Cltt,
            b"binding" => Self::Binding,
            b"next" => Self::Next,
            b"rewind" => Self::Rewind,
            b"abandoned" => Self::Abandoned,
            b"reserved" => Self::Reserved,
            b"dynamic-bootp" => Self::DynamicBootp,
            b"billing" => Self::Billing,
            b"hardware" => Self::Hardware,
            b"uid" => Self::Uid,
            b"client-hostname" => Self::ClientHostname,
            b"set" => Self::Set,
            b"ddns-fwd-name" | b"ddns-rev-name" => Self::DdnsName,
            b"option" | b"supersede" => Self::Option,
            b"on" => Self::On,
            _ => return None,
        })
    }
}

impl<'a> Parser<'a> {
    /// Reads the statement that began with `first` into `lease`; answers false, with nothing more taken, where it is
    /// none that we know.
    pub(super) fn lease_statement(
        &mut self,
        first: &Token<'a>,
        lease: &mut LeaseRecord,
    ) -> Parse<bool> {
        let Some(keyword) = Keyword::of(first.text) else {
            return Ok(false);
        };
        match keyword {
            Keyword::Starts => lease.starts = LeaseTime::new(self.date()?),
            Keyword::Ends => lease.ends = LeaseTime::new(self.date()?),
            Keyword::Tstp => lease.tstp = LeaseTime::new(self.date()?),
            Keyword::Tsfp => lease.tsfp = LeaseTime::new(self.date()?),
            Keyword::Atsfp => lease.atsfp = LeaseTime::new(self.date()?),
            Keyword::Cltt => lease.cltt = LeaseTime::new(self.date()?),
            Keyword::Binding => lease.binding_state = Some(self.binding_state(lease)?),
            Keyword::Next => {
                self.expect_word("binding", "'binding state'")?;
                lease.next_binding_state = Some(self.binding_state(lease)?);
            }
            Keyword::Rewind => {
                self.expect_word("binding", "'binding state'")?;
                lease.rewind_binding_state = Some(self.binding_state(lease)?);
            }
            Keyword::Abandoned => {
                self.semicolon()?;
                lease.binding_state = Some(BindingState::Abandoned);
                lease.next_binding_state = Some(BindingState::Abandoned);
            }
            Keyword::Reserved => {
                self.semicolon()?;
                lease.reserved = true;
            }
            Keyword::DynamicBootp => {
                self.semicolon()?;
                lease.bootp = true;
            }
            Keyword::Billing => lease.billing = Some(self.billing()?),
            Keyword::Hardware => lease.hardware = Some(self.hardware()?),
            Keyword::Uid => {
                let uid = self.bytes()?;
                self.semicolon()?;
                lease.uid = Some(uid).filter(|uid| !uid.is_empty());
            }
            Keyword::ClientHostname => lease.client_hostname = Some(self.client_hostname()?),
            Keyword::Set => {
                let name = self.next()?;
                self.expect(b'=', "'='")?;
                self.variable(&name, lease)?;
            }
            Keyword::DdnsName => self.variable(first, lease)?,
            Keyword::Option => return self.agent_option(lease),
            Keyword::On => {
                let span = self.skip_statement(*first)?.span;
                let rest = &span.of(self.lexer.source())[first.text.len()..];
                lease
                    .events
                    .push([b"on ", rest.trim_ascii_start()].concat());
            }
        }
        Ok(true)
    }

    /// `state S;`. Old files have `reserved` and `bootp` here, for an active lease with that flag.
    fn binding_state(&mut self, lease: &mut LeaseRecord) -> Parse<BindingState> {
        self.expect_word("state", "'state'")?;
        let token = self.next()?;
        let known = BindingState::from_word(token.text).filter(|_| token.is_any_word());
        let state = if let Some(state) = known {
            state
        } else if token.is_word("reserved") {
            lease.reserved = true;
            BindingState::Active
        } else if token.is_word("bootp") {
            lease.bootp = true;
            BindingState::Active
        } else {
            return Err(Fault::unexpected(&token, "a binding state"));
        };
        self.semicolon()?;
        Ok(state)
    }

    fn billing(&mut self) -> Parse<Billing> {
        let token = self.next()?;
        let billing = if token.is_word("class") {
            Billing::Class(self.string("the name of a class, in quotes")?)
        } else if token.is_word("subclass") {
            let class = self.string("the name of a class, in quotes")?;
            Billing::Subclass {
                class,
                value: self.bytes()?,
            }
        } else {
            return Err(Fault::unexpected(&token, "'class' or 'subclass'"));
        };
        self.semicolon()?;
        Ok(billing)
    }

    fn hardware(&mut self) -> Parse<Hardware> {
        let token = self.next()?;
        let htype = token.word().and_then(Hardware::type_from_word);
        let htype = htype.ok_or_else(|| {
            Fault::unexpected(&token, "a hardware type: ethernet, token-ring, unknown-N")
        })?;
        let first = self.next()?;
        let mut address = Vec::new();
        if !first.is(b';') {
            address = self.hex_bytes(first)?;
            self.semicolon()?;
        }
        Hardware::new(htype, &address)
            .ok_or_else(|| Fault::unexpected(&first, "a hardware address of 20 bytes or fewer"))
    }

    /// A string, or words with dots between them.
    fn client_hostname(&mut self) -> Parse<Vec<u8>> {
        let mut token = self.next()?;
        if let Some(text) = token.string() {
            let name = text?.into_owned();
            self.semicolon()?;
            return Ok(name);
        }
        let mut name = Vec::new();
        loop {
            if token.word().is_none() && token.kind != TokenKind::Number {
                return Err(Fault::unexpected(&token, "a host name"));
            }
            name.extend_from_slice(token.text);
            token = self.next()?;
            if token.is(b';') {
                return Ok(name);
            }
            if !token.is(b'.') {
                return Err(Fault::unexpected(&token, "'.' or ';'"));
            }
            name.push(b'.');
            token = self.next()?;
        }
    }

    /// The value of the variable named `name`, and the semicolon. A later value replaces an earlier one.
    fn variable(&mut self, name: &Token<'a>, lease: &mut LeaseRecord) -> Parse<()> {
        let token = self.next()?;
        let value = match token.string() {
            Some(text) => Value::Data(text?.into_owned()),
            None if token.is(b'%') => {
                let number = self.next()?;
                Value::Number(
                    number
                        .number()
                        .ok_or_else(|| Fault::unexpected(&number, "a number"))?,
                )
            }
            None if token.is_word("true") => Value::Boolean(true),
            None if token.is_word("false") => Value::Boolean(false),
            None => Value::Data(self.hex_bytes(token)?),
        };
        self.semicolon()?;
        let variable = name.word().and_then(|word| Variable::new(word, value));
        let variable = variable.ok_or_else(|| Fault::unexpected(name, "the name of a variable"))?;
        match lease
            .variables
            .iter_mut()
            .find(|known| known.name() == variable.name())
        {
            Some(known) => *known = variable,
            None => lease.variables.push(variable),
        }
        Ok(())
    }

    /// `agent.NAME VALUE;`; answers false, with nothing taken, where it is another option.
    fn agent_option(&mut self, lease: &mut LeaseRecord) -> Parse<bool> {
        let start = self.lexer.clone();
        let (space, dot, name) = (self.next()?, self.next()?, self.next()?);
        let named = name
            .word()
            .filter(|_| space.is_word("agent") && dot.is(b'.'))
            .and_then(agent::by_name);
        let Some((code, format)) = named else {
            self.lexer = start;
            return Ok(false);
        };
        let data = match format {
            Format::Bytes => self.bytes()?,
            Format::Address => self.address()?.octets().to_vec(),
            Format::Number => self.number("a number of 32 bits")?.to_be_bytes().to_vec(),
            Format::Empty => Vec::new(),
        };
        self.semicolon()?;
        lease.agent_options.push(AgentOption { code, data });
        Ok(true)
    }

    fn string(&mut self, expected: &'static str) -> Parse<Vec<u8>> {
        let token = self.next()?;
        let text = token
            .string()
            .ok_or_else(|| Fault::unexpected(&token, expected))?;
        Ok(text?.into_owned())
    }
}
