//! `host` and `group`.

use super::code::{Action, Operation, OptionAction, OptionValue};
use super::parser::{Parser, Read};
use super::statement::{Block, Context};
use super::{Hardware, Host};
use crate::diagnostic::Severity;
use crate::lex::{Token, TokenKind};

/// The code of `dhcp-client-identifier`.
const CLIENT_IDENTIFIER: u8 = 61;

/// Longest hardware address (ISC `HARDWARE_ADDR_LEN`).
const MAX_HARDWARE: usize = 20;

impl<'t> Parser<'_, '_, 't> {
    /// `host NAME { … }`
    pub(super) fn host(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        if matches!(context.block, Block::Host | Block::Class) {
            return Err(self.error(
                &token,
                "host declarations not allowed here.",
                "this outside of hosts",
            ));
        }
        let at = self.location(&token);
        let Some(name) = self.host_name() else {
            let message = "expecting a name for host declaration.";
            return Err(self.error_next(message, "a name without quotes, such as printer-1"));
        };
        let taken = !self.build.hosts.insert(name.clone());
        let scope = self.build.open_scope(context.scope);
        let index = self.build.config.hosts.len();
        self.build.config.hosts.push(Host {
            name: name.clone(),
            scope,
            hardware: None,
            client_identifier: None,
            identifier: None,
            fixed_addresses: Vec::new(),
            at,
        });
        let inner = Context {
            host: Some(index),
            ..context.inside(Block::Host, scope)
        };
        let errors = self.build.errors();
        self.block(inner, "the host", |parser, token| {
            parser.host_statement(token, index)
        })?;
        if taken {
            self.error_last(
                &format!("host {name}: already exists"),
                "another name for this host",
            );
            return Ok(());
        }
        self.finish_host(index, errors < self.build.errors());
        Ok(())
    }

    fn host_statement(&mut self, token: Token<'t>, index: usize) -> Option<Read<()>> {
        let read = match token.word()?.to_ascii_lowercase().as_str() {
            // Written by the server itself in lease files.
            "dynamic" => {
                self.next();
                self.semicolon("dynamic")
            }
            "deleted" => {
                self.next();
                Err(self.unsupported(&token, "deleted hosts"))
            }
            "group" => self.named_group(index),
            "uid" => self.uid(index),
            "host-identifier" => self.host_identifier(index),
            _ => return None,
        };
        Some(read)
    }

    /// The client identifier is an option of the host's own scope, and a host without any identity is a slip.
    fn finish_host(&mut self, index: usize, failed: bool) {
        let scope = self.build.config.hosts[index].scope;
        let option = self
            .build
            .scope(scope)
            .options
            .iter()
            .rfind(|option| option.code == CLIENT_IDENTIFIER);
        let value = option.map(|option| option.data.to_vec());
        let host = &mut self.build.config.hosts[index];
        if host.client_identifier.is_none() {
            host.client_identifier = value;
        }
        let nothing = host.client_identifier.is_none()
            && host.hardware.is_none()
            && host.identifier.is_none();
        if nothing && !failed {
            let message = format!(
                "host {} can match no client: it has neither a hardware address nor a client identifier",
                host.name
            );
            let at = host.at;
            self.build.report_at(Severity::Warning, at, message, None);
        }
    }

    /// `group NAME;` in a host: the group's statements count instead of those around the host.
    fn named_group(&mut self, index: usize) -> Read<()> {
        self.next();
        let token = self.peek();
        let name = match token.word() {
            Some(word) => {
                self.next();
                word.as_bytes().to_vec()
            }
            None => self.quoted("expecting string or identifier.", "the name of a group")?,
        };
        let name = String::from_utf8_lossy(&name).into_owned();
        let known = self.build.groups.iter().rfind(|(known, _)| *known == name);
        let Some((_, parent)) = known.cloned() else {
            let host = self.build.config.hosts[index].name.clone();
            let message = format!("unknown group {name} in host {host}");
            return Err(self.error(
                &token,
                &message,
                "a group with a name that is declared above the host",
            ));
        };
        let scope = self.build.config.hosts[index].scope;
        self.build.scope(scope).parent = Some(parent);
        self.semicolon("the name of the group")
    }

    /// `uid VALUE;` in a host
    fn uid(&mut self, index: usize) -> Read<()> {
        let token = self.next();
        let host = &self.build.config.hosts[index];
        if host.client_identifier.is_some() {
            let message = format!("Host '{}' already has a uid", host.name);
            return Err(self.error(&token, &message, "one uid"));
        }
        let value = self.octets("uid")?;
        self.build.config.hosts[index].client_identifier = Some(value);
        self.semicolon("the uid")
    }

    /// `host-identifier option NAME VALUE;`
    fn host_identifier(&mut self, index: usize) -> Read<()> {
        let token = self.next();
        if self.build.config.hosts[index].identifier.is_some() {
            let message = "only one host-identifier allowed per host";
            return Err(self.error(&token, message, "one host-identifier"));
        }
        if self.peek().is_word("v6relopt") {
            return Err(self.unsupported(&token, "host-identifier v6relopt, which is for DHCPv6"));
        }
        self.expect_word("option", "host-identifier must be an option or v6relopt")?;
        let token = self.peek();
        let Some(statement) = self.option_to_set(&token, Operation::Supersede)? else {
            return Ok(());
        };
        match statement.action {
            Action::Option(OptionAction {
                option,
                value: OptionValue::Bytes(value),
                ..
            }) => {
                self.build.config.hosts[index].identifier = Some((option, value.to_vec()));
                Ok(())
            }
            _ => Err(self.error(
                &token,
                "not supported: an expression here",
                "a constant value",
            )),
        }
    }

    /// `hardware TYPE ADDRESS;`
    pub(super) fn hardware(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        let Some(index) = context.host.filter(|_| context.block == Block::Host) else {
            return Err(self.error(
                &token,
                "hardware address parameter not allowed here.",
                "this in a host",
            ));
        };
        let host = &self.build.config.hosts[index];
        if host.hardware.is_some() {
            let message = format!("Host {} hardware address already configured.", host.name);
            return Err(self.error(&token, &message, "one hardware address in each host"));
        }
        let htype = self.hardware_type()?;
        let first = self.peek();
        let address = if first.is(b';') {
            Vec::new()
        } else {
            self.hexadecimal("the hardware address")?
        };
        if address.len() > MAX_HARDWARE {
            return Err(self.error(&first, "hardware address too long", "20 octets at most"));
        }
        if htype == 1 && address.len() != 6 {
            self.warn(&first, "an Ethernet address has 6 octets");
        }
        self.build.config.hosts[index].hardware = Some(Hardware { htype, address });
        self.semicolon("the hardware address")
    }

    fn hardware_type(&mut self) -> Read<u8> {
        let token = self.peek();
        let word = token.word().unwrap_or_default().to_ascii_lowercase();
        let htype = match word.as_str() {
            "ethernet" => Some(1),
            "token-ring" => Some(6),
            "fddi" => Some(8),
            "infiniband" => Some(32),
            _ => word
                .strip_prefix("unknown-")
                .and_then(|number| number.parse().ok()),
        };
        let expected = "ethernet, token-ring, fddi, infiniband or unknown-N";
        let htype =
            htype.ok_or_else(|| self.error_next("expecting a network hardware type", expected))?;
        self.next();
        Ok(htype)
    }

    /// `fixed-address A, B…;`
    pub(super) fn fixed_address(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        let Some(index) = context.host.filter(|_| context.block == Block::Host) else {
            return Err(self.error(
                &token,
                "fixed-address parameter not allowed here.",
                "this in a host",
            ));
        };
        let mut addresses = Vec::new();
        loop {
            addresses.extend(self.addresses()?);
            if !self.take(b',') {
                break;
            }
        }
        self.semicolon("the address")?;
        let host = &mut self.build.config.hosts[index];
        if !host.fixed_addresses.is_empty() {
            self.error_last(
                "Only one fixed address declaration per host.",
                "all addresses in one, with commas",
            );
            return Ok(());
        }
        host.fixed_addresses = addresses;
        Ok(())
    }

    /// `group [NAME] { … }`
    pub(super) fn group(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        if matches!(context.block, Block::Host | Block::Class) {
            return Err(self.error(
                &token,
                "group declarations not allowed here.",
                "this outside of hosts",
            ));
        }
        let name = match self.peek() {
            token if token.kind == TokenKind::String => Some(self.quoted("", "")?),
            token if token.word().is_some() => Some(self.next().text.to_vec()),
            _ => None,
        };
        let scope = self.build.open_scope(context.scope);
        self.block(
            context.inside(Block::Group, scope),
            "the group",
            |parser, token| {
                let written_by_server = ["deleted", "dynamic", "static"]
                    .iter()
                    .any(|word| token.is_word(word));
                written_by_server.then(|| {
                    parser.next();
                    Err(parser.unsupported(&token, "deleted, dynamic and static groups"))
                })
            },
        )?;
        if let Some(name) = name {
            self.build
                .groups
                .push((String::from_utf8_lossy(&name).into_owned(), scope));
        }
        Ok(())
    }
}
