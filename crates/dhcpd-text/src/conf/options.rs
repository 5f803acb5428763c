//! `option` statements and their relatives: which option is meant, and its value.

use std::sync::Arc;

use super::code::{Action, Operation, OptionAction, OptionValue, Statement};
use super::expr::Data;
use super::format::Format;
use super::option_table::UNKNOWN;
use super::parser::{Parser, Read, Reported};
use super::space::Definition;
use super::statement::{Block, Context};
use super::{OptionId, SpaceId, words};
use crate::lex::Token;

/// Option spaces of DHCPv6, whose options are passed over.
const DHCPV6_SPACES: [&str; 3] = ["dhcp6", "vsio", "isc6"];

/// The code of `dhcp-server-identifier`.
const SERVER_IDENTIFIER: u32 = 54;

/// Which option a name stands for.
struct Named {
    space: SpaceId,
    /// `None` if there is no such option yet.
    definition: Option<Arc<Definition>>,
    name: String,
}

impl<'t> Parser<'_, '_, 't> {
    /// `option NAME VALUE;`, `option NAME code N = TYPE;`, `option space NAME;`
    pub(super) fn option(&mut self, context: Context) -> Read<Option<Statement>> {
        let first = self.next();
        if self.peek().is_word("space") {
            return self.option_space(context).map(|()| None);
        }
        let token = self.peek();
        let Some(named) = self.named(&token)? else {
            return self.pass_over_dhcpv6(&first).map(|()| None);
        };
        if self.peek().is_word("code") {
            if context.block != Block::Root {
                let message = "option definitions may not be scoped.";
                return Err(self.error_next(message, "this outside of all braces"));
            }
            return self
                .option_definition(named.space, &named.name)
                .map(|()| None);
        }
        let Some(definition) = named.definition else {
            return Err(self.unknown_option(&token, &named));
        };
        self.option_value(&token, named.space, &definition, Operation::Supersede)
            .map(Some)
    }

    /// `supersede NAME VALUE;` and the like, and `option` where nothing can be defined.
    pub(super) fn option_action(&mut self, operation: Operation) -> Read<Option<Statement>> {
        let first = self.next();
        self.option_to_set(&first, operation)
    }

    /// What follows the word that says how.
    pub(super) fn option_to_set(
        &mut self,
        first: &Token<'t>,
        operation: Operation,
    ) -> Read<Option<Statement>> {
        let token = self.peek();
        let Some(named) = self.named(&token)? else {
            return self.pass_over_dhcpv6(first).map(|()| None);
        };
        let Some(definition) = named.definition else {
            return Err(self.no_option(&token, &named));
        };
        self.option_value(&token, named.space, &definition, operation)
            .map(Some)
    }

    /// The name of an option that is there, in an expression.
    pub(super) fn option_name(&mut self) -> Read<OptionId> {
        let token = self.peek();
        match self.named(&token)? {
            Some(Named {
                space,
                definition: Some(definition),
                ..
            }) => Ok(OptionId {
                space,
                code: definition.code,
            }),
            Some(named) => Err(self.no_option(&token, &named)),
            None => Err(self.unsupported(&token, "options of DHCPv6 in expressions")),
        }
    }

    /// Reads `NAME` or `SPACE.NAME`; `None` for a space of DHCPv6.
    fn named(&mut self, token: &Token<'t>) -> Read<Option<Named>> {
        let Some(first) = token.word() else {
            return Err(self.error_next(
                "expecting identifier after option keyword.",
                "the name of an option",
            ));
        };
        self.next();
        if !self.take(b'.') {
            return self.in_space(token, SpaceId::DHCP, first).map(Some);
        }
        let second = self.peek();
        let Some(name) = second.word() else {
            return Err(self.error_next(
                "expecting identifier after '.'",
                "the name of an option of that space",
            ));
        };
        if DHCPV6_SPACES.contains(&first.to_ascii_lowercase().as_str()) {
            self.next();
            return Ok(None);
        }
        let Some(space) = self.build.config.spaces.named(first) else {
            let expected = "an option space that is declared above";
            return Err(self.error(token, &format!("no option space named {first}."), expected));
        };
        self.next();
        self.in_space(token, space, name).map(Some)
    }

    /// `unknown-N` is the option of code `N` under any name, or just octets.
    fn in_space(&mut self, token: &Token<'t>, space: SpaceId, name: &str) -> Read<Named> {
        let spaces = &self.build.config.spaces;
        let mut definition = spaces.by_name(space, name);
        let prefix = name.get(..8).unwrap_or_default();
        if definition.is_none() && prefix.eq_ignore_ascii_case("unknown-") {
            let code: Option<u32> = name[8..].parse().ok();
            let (max, shown) = (spaces.get(space).max_code(), &spaces.get(space).name);
            // Only the options of DHCP itself have a code that ends them.
            let (end, last) = match space {
                SpaceId::DHCP => (max, max - 1),
                _ => (0, max),
            };
            let code = code.filter(|code| (1..=last).contains(code));
            let Some(code) = code else {
                let message = format!("Option codes 0 and {end} are illegal in the {shown} space.");
                let expected = format!("a code from 1 to {last}");
                return Err(self.error(token, &message, &expected));
            };
            definition = spaces.by_code(space, code).or_else(|| {
                Some(Arc::new(Definition {
                    code,
                    name: name.to_owned(),
                    format: UNKNOWN,
                }))
            });
        }
        Ok(Named {
            space,
            definition,
            name: name.to_owned(),
        })
    }

    fn unknown_option(&mut self, token: &Token<'t>, named: &Named) -> Reported {
        let spaces = &self.build.config.spaces;
        let message = format!(
            "unknown option {}.{}",
            spaces.get(named.space).name,
            named.name
        );
        let expected = suggestion(&named.name, spaces.names(named.space));
        self.error(token, &message, &expected)
    }

    fn no_option(&mut self, token: &Token<'t>, named: &Named) -> Reported {
        let spaces = &self.build.config.spaces;
        let message = format!(
            "no option named {} in space {}",
            named.name,
            spaces.get(named.space).name
        );
        let expected = suggestion(&named.name, spaces.names(named.space));
        self.error(token, &message, &expected)
    }

    fn pass_over_dhcpv6(&mut self, token: &Token<'t>) -> Read<()> {
        self.warn(
            token,
            "options of DHCPv6 have no effect: this server does not speak it",
        );
        self.recover();
        Ok(())
    }

    /// The value of an option, and the `;`.
    fn option_value(
        &mut self,
        token: &Token<'t>,
        space: SpaceId,
        definition: &Definition,
        operation: Operation,
    ) -> Read<Statement> {
        let option = OptionId {
            space,
            code: definition.code,
        };
        let what = format!("option {}", definition.name);
        let at = self.location(token);
        if space == SpaceId::NWIP {
            self.warn(token, "options of the space nwip have no effect: ISC dhcpd never sends them either (nwip-suboptions can be set as octets)");
        }
        let value = self.option_or_expression(&definition.format, &what)?;
        self.semicolon(&format!("the value of {what}"))?;
        Ok(Statement {
            at,
            action: Action::Option(OptionAction {
                option,
                operation,
                value,
            }),
        })
    }

    /// `server-identifier VALUE;`, which is `option dhcp-server-identifier VALUE;`
    pub(super) fn server_identifier(&mut self) -> Read<Statement> {
        let token = self.next();
        let spaces = &self.build.config.spaces;
        let definition = spaces.by_code(SpaceId::DHCP, SERVER_IDENTIFIER);
        let Some(definition) = definition else {
            return Err(self.error(&token, "Server identifier not in hash", "its definition"));
        };
        self.option_value(&token, SpaceId::DHCP, &definition, Operation::Supersede)
    }

    /// A value of this type, or `=` and an expression. With a host name in it that has no address it is null.
    pub(super) fn option_or_expression(
        &mut self,
        format: &Format,
        what: &str,
    ) -> Read<OptionValue> {
        if !self.take(b'=') {
            self.build.unknown = false;
            let bytes = self.value(format, what)?;
            return Ok(if self.build.unknown {
                OptionValue::Expr(Arc::new(Data::Null))
            } else {
                OptionValue::Bytes(bytes.into())
            });
        }
        let data = self.data()?;
        Ok(match data.constant() {
            Some(bytes) => OptionValue::Bytes(bytes.into()),
            None => OptionValue::Expr(Arc::new(data)),
        })
    }
}

fn suggestion<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> String {
    let expected = "an option of dhcp-options(5), or one that is defined above";
    match words::nearest(word, candidates) {
        Some(nearest) => format!("{expected}; did you mean `{nearest}`?"),
        None => expected.to_owned(),
    }
}
