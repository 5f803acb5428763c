//! Values of options and parameters: what types there are, and how each is read into the bytes that go on the wire.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::AddressOrName;
use super::domain::DomainWriter;
use super::format::{Field, Format};
use super::number::Number;
use super::parser::{Parser, Read, Reported};
use crate::lex::{Token, TokenKind};

impl Parser<'_, '_, '_> {
    /// Reads the value of `what`, which has this format.
    pub(super) fn value(&mut self, format: &Format, what: &str) -> Read<Vec<u8>> {
        let fields = &format.fields;
        if self.peek().is(b';') && fields[0] != Field::Nothing {
            return Err(self.missing_value(fields[0].expected(), what));
        }
        let mut bytes = Vec::new();
        loop {
            for (index, field) in fields.iter().enumerate() {
                let last = index + 1 == fields.len();
                if format.optional && last && self.peek().is(b';') {
                    break;
                }
                self.field(*field, what, &mut bytes)?;
                while format.repeats(index) && self.take(b',') {
                    self.field(*field, what, &mut bytes)?;
                }
            }
            if !format.array || !self.take(b',') {
                return Ok(bytes);
            }
        }
    }

    /// Reports a `;` in place of a value. ISC takes it for an empty value and then looks for another one, so that it names the line
    /// of the next token.
    pub(super) fn missing_value(&mut self, wanted: &str, what: &str) -> Reported {
        let semicolon = self.peek();
        let line = match self.peek_second() {
            Some(next) => self.location(&next).line,
            None => self.location(&semicolon).line,
        };
        let expected =
            format!("{wanted} after {what} (ISC dhcpd names line {line}: semicolon expected.)");
        self.error(&semicolon, "a value is missing", &expected)
    }

    fn field(&mut self, field: Field, what: &str, out: &mut Vec<u8>) -> Read<()> {
        match field {
            Field::Address => self
                .addresses()?
                .iter()
                .for_each(|address| out.extend(address.octets())),
            Field::Address6 => out.extend(self.address6()?.octets()),
            Field::Integer(width) => out.extend(self.integer(field, width)?),
            Field::Time if self.take_word("infinite") => out.extend(u32::MAX.to_be_bytes()),
            Field::Time => out.extend(self.integer(field, 4)?),
            Field::Flag => out.push(self.flag()?),
            Field::Text => out.extend(self.text()?),
            Field::Word => out.extend(self.bare_word()?),
            Field::Name => out.extend(self.key_name()?),
            Field::Octets | Field::Encapsulate(_) => out.extend(self.octets(what)?),
            Field::Nothing => {}
            Field::Choice(words) => out.push(self.choice(words)?),
            Field::DomainName => self.domain_name(out)?,
            Field::DomainList { compressed } => self.domain_list(compressed, out)?,
        }
        Ok(())
    }

    /// Reads an integer of `width` bytes.
    fn integer(&mut self, field: Field, width: u8) -> Read<Vec<u8>> {
        let token = self.peek();
        if !matches!(token.kind, TokenKind::Number | TokenKind::NumberOrName) {
            return Err(self.error_next("expecting number.", field.expected()));
        }
        self.next();
        let number = Number::parse(token.text, None, width).map_err(|message| {
            self.error(&token, &message, field.expected());
            Reported
        })?;
        if let Some(warning) = number.warning {
            self.warn(&token, &warning);
        }
        Ok(number.value.to_be_bytes()[4 - usize::from(width)..].to_vec())
    }

    fn flag(&mut self) -> Read<u8> {
        let token = self.peek();
        let Some(word) = token.word() else {
            return Err(self.error_next("expecting identifier.", Field::Flag.expected()));
        };
        let value = match word.to_ascii_lowercase().as_str() {
            "true" | "on" => 1,
            "false" | "off" => 0,
            "ignore" => 2,
            _ => return Err(self.error_next("expecting boolean.", Field::Flag.expected())),
        };
        self.next();
        Ok(value)
    }

    fn bare_word(&mut self) -> Read<Vec<u8>> {
        let token = self.peek();
        let Some(word) = token.word() else {
            return Err(self.error_next("expecting identifier.", Field::Word.expected()));
        };
        self.next();
        Ok(word.as_bytes().to_vec())
    }

    fn choice(&mut self, words: &[&str]) -> Read<u8> {
        let expected = format!("one of {}", words.join(", "));
        let token = self.peek();
        let Some(word) = token.word() else {
            return Err(self.error_next("identifier expected", &expected));
        };
        let Some(at) = words.iter().position(|known| *known == word) else {
            return Err(self.error_next("unknown value", &expected));
        };
        self.next();
        Ok(u8::try_from(at).expect("there are few words to choose from"))
    }

    fn text(&mut self) -> Read<Vec<u8>> {
        let token = self.peek();
        if let Some(word) = token.word() {
            self.next();
            return Ok(word.as_bytes().to_vec());
        }
        self.quoted("expecting string.", Field::Text.expected())
    }

    /// Reads a quoted string, or reports `message`.
    pub(super) fn quoted(&mut self, message: &str, expected: &str) -> Read<Vec<u8>> {
        let token = self.peek();
        match token.string() {
            None => Err(self.error_next(message, expected)),
            Some(Ok(bytes)) => {
                self.next();
                Ok(bytes.into_owned())
            }
            Some(Err(error)) => {
                self.next();
                Err(self.error(
                    &token,
                    &error.to_string(),
                    "an escape such as \\n, \\012 or \\x0a",
                ))
            }
        }
    }

    /// Reads a quoted string or octets in hexadecimal.
    pub(super) fn octets(&mut self, what: &str) -> Read<Vec<u8>> {
        match self.peek().kind {
            TokenKind::Number | TokenKind::NumberOrName => self.hexadecimal(what),
            _ => self.quoted(
                "expecting string or hexadecimal data.",
                Field::Octets.expected(),
            ),
        }
    }

    /// Reads octets in hexadecimal with colons between them.
    pub(super) fn hexadecimal(&mut self, what: &str) -> Read<Vec<u8>> {
        let expected = format!("octets in hexadecimal such as 0a:1b:2c for {what}");
        let mut bytes = Vec::new();
        loop {
            let token = self.peek();
            if !matches!(token.kind, TokenKind::Number | TokenKind::NumberOrName) {
                return Err(self.error_next("expecting hexadecimal number.", &expected));
            }
            self.next();
            match Number::parse(token.text, Some(16), 1) {
                Ok(number) => bytes.push(number.value.to_be_bytes()[3]),
                Err(message) => return Err(self.error(&token, &message, &expected)),
            }
            if !self.take(b':') {
                return Ok(bytes);
            }
        }
    }

    fn domain_name(&mut self, out: &mut Vec<u8>) -> Read<()> {
        let token = self.peek();
        let Some(name) = self.host_name() else {
            return Err(self.error_next("not a valid domain name.", Field::DomainName.expected()));
        };
        let mut writer = DomainWriter::new(false);
        self.push_domain(&mut writer, &token, name.as_bytes())?;
        out.extend(writer.finish());
        Ok(())
    }

    fn domain_list(&mut self, compressed: bool, out: &mut Vec<u8>) -> Read<()> {
        let mut writer = DomainWriter::new(compressed);
        loop {
            let token = self.peek();
            let expected = Field::DomainList { compressed }.expected();
            let name = self.quoted("Expecting a domain string.", expected)?;
            self.push_domain(&mut writer, &token, &name)?;
            if !self.take(b',') {
                break;
            }
        }
        out.extend(writer.finish());
        Ok(())
    }

    fn push_domain(
        &mut self,
        writer: &mut DomainWriter,
        token: &Token<'_>,
        name: &[u8],
    ) -> Read<()> {
        writer.push(name).map_err(|reason| {
            let message = format!("not a valid domain name: {reason}");
            self.error(
                token,
                &message,
                "labels of 1 to 63 bytes with dots, 255 bytes at most",
            )
        })
    }

    /// Reads an address, or a host name and looks it up. Without an address the value that it belongs to is
    /// [unknown](super::build::Build::unknown).
    pub(super) fn addresses(&mut self) -> Read<Vec<Ipv4Addr>> {
        let token = self.peek();
        let name = match self.address_or_name()? {
            AddressOrName::Address(address) => return Ok(vec![address]),
            AddressOrName::Name(name) => name,
        };
        let addresses = (self.build.look_up)(&name);
        match &addresses {
            None => self.warn(
                &token,
                &format!("the host name {name} is looked up once, when the server starts"),
            ),
            Some(addresses) if addresses.is_empty() => self.warn(
                &token,
                &format!("the host name {name} has no address: what it stands for is left out"),
            ),
            Some(_) => {}
        }
        let addresses = addresses.unwrap_or_default();
        self.build.unknown |= addresses.is_empty();
        Ok(addresses)
    }

    /// Reads an address or a host name.
    pub(super) fn address_or_name(&mut self) -> Read<AddressOrName> {
        let token = self.peek();
        let numeric = token.kind == TokenKind::Number
            && self.peek_second().is_some_and(|second| second.is(b'.'));
        // No top-level domain is a number: what starts with one and a dot is an address.
        if numeric {
            return self.dotted_quad().map(AddressOrName::Address);
        }
        match self.host_name() {
            Some(name) => Ok(AddressOrName::Name(name)),
            None => {
                let message = format!("{}: expecting IP address or hostname", shown(&token));
                Err(self.error_next(&message, Field::Address.expected()))
            }
        }
    }

    /// Reads four decimal numbers with dots.
    pub(super) fn dotted_quad(&mut self) -> Read<Ipv4Addr> {
        let expected = Field::Address.expected();
        let mut octets = [0; 4];
        for (index, octet) in octets.iter_mut().enumerate() {
            if index > 0 && !self.take(b'.') {
                return Err(self.error_next("too few numbers.", expected));
            }
            let token = self.peek();
            if token.kind != TokenKind::Number {
                return Err(self.error_next("expecting numeric value.", expected));
            }
            self.next();
            match Number::parse(token.text, Some(10), 1) {
                Ok(number) => *octet = number.value.to_be_bytes()[3],
                Err(message) => return Err(self.error(&token, &message, expected)),
            }
        }
        Ok(octets.into())
    }

    pub(super) fn address6(&mut self) -> Read<Ipv6Addr> {
        let first = self.peek();
        let mut text = String::new();
        // Blanks end an address: after `::` nothing else does.
        while text.is_empty() || self.touches_next() {
            let token = self.peek();
            let number = matches!(token.kind, TokenKind::Number | TokenKind::NumberOrName);
            if !number && !token.is(b':') && !token.is(b'.') {
                break;
            }
            text.push_str(&String::from_utf8_lossy(token.text));
            self.next();
        }
        text.parse()
            .map_err(|_| self.error(&first, "Invalid IPv6 address.", Field::Address6.expected()))
    }

    /// Reads words and numbers with dots between them; `None` if there is not even one.
    pub(super) fn host_name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            let token = self.peek();
            if token.word().is_none() && token.kind != TokenKind::Number {
                break;
            }
            self.next();
            name.push_str(&String::from_utf8_lossy(token.text));
            if !self.take(b'.') {
                break;
            }
            name.push('.');
        }
        (!name.is_empty()).then_some(name)
    }
}

/// The token as a message names it, short.
fn shown(token: &Token<'_>) -> String {
    let text = String::from_utf8_lossy(token.text);
    text.chars().take(40).collect()
}
