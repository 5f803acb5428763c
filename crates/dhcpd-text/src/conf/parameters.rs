//! Parameters: statements of a name and one value (ISC's “server options”), and where each value is kept.

use std::net::Ipv4Addr;

use super::code::{Action, Operation, OptionAction, OptionValue, Statement};
use super::format::{Field, Format};
use super::parameter_table::PARAMETERS;
use super::parser::{Parser, Read};
use super::statement::{Block, Context};
use super::{
    DbTimeFormat, DdnsUpdateStyle, LeaseIdFormat, OptionId, Permission, ServerSettings, Settings,
    SpaceId,
};
use crate::lex::Token;

/// A parameter that ISC knows.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) target: Target,
    /// Why it has no effect, if so.
    pub(super) note: Option<&'static str>,
}

/// Where the value of a parameter goes, which also says what type it has.
#[derive(Clone)]
pub(super) enum Target {
    Time(fn(&mut Settings) -> &mut Option<u32>),
    Int32(fn(&mut Settings) -> &mut Option<u32>),
    Int16(fn(&mut Settings) -> &mut Option<u16>),
    Int8(fn(&mut Settings) -> &mut Option<u8>),
    Flag(fn(&mut Settings) -> &mut Option<bool>),
    Permission(fn(&mut Settings) -> &mut Option<Permission>),
    Address(fn(&mut Settings) -> &mut Option<Ipv4Addr>),
    Text(fn(&mut Settings) -> &mut Option<Vec<u8>>),
    Word(fn(&mut Settings) -> &mut Option<Vec<u8>>),
    Octets(fn(&mut Settings) -> &mut Option<Vec<u8>>),
    /// For the server as a whole: outside the outermost scope it has no effect.
    Server(ServerTarget),
    /// A value of this type is accepted and not kept.
    NoEffect(Format),
}

/// Where a value for the server as a whole goes.
#[derive(Clone, Copy)]
pub(super) enum ServerTarget {
    Int16(fn(&mut ServerSettings) -> &mut Option<u16>),
    Flag(fn(&mut ServerSettings) -> &mut Option<bool>),
    Address(fn(&mut ServerSettings) -> &mut Option<Ipv4Addr>),
    Text(fn(&mut ServerSettings) -> &mut Option<String>),
    /// A key's name, with or without quotes.
    KeyName,
    LogFacility,
    DdnsUpdateStyle,
}

impl<'t> Parser<'_, '_, 't> {
    /// A parameter of a name and one value.
    pub(super) fn parameter(
        &mut self,
        context: Context,
        token: Token<'t>,
        code: u32,
    ) -> Read<Statement> {
        self.next();
        let Some(parameter) = by_code(code) else {
            unreachable!("codes come of the table");
        };
        let name = parameter.name;
        let at = self.location(&token);
        if name == "omapi-key" {
            self.build.omapi_key_at = at;
        }
        let value = self.option_or_expression(&parameter.target.format(), name)?;
        if let Some(note) = parameter.note {
            self.warn(&token, &format!("{name} has no effect: {note}"));
        }
        if let Target::Server(target) = parameter.target {
            if name == "ddns-update-style" {
                self.check_ddns_style(&token, &value)?;
            }
            match &value {
                OptionValue::Bytes(value) if context.block == Block::Root && !context.nested => {
                    target.store(value, &mut self.build.config.server);
                }
                OptionValue::Bytes(_) => self.warn(&token, &format!("{name} has no effect here: it is looked for outside of all braces only")),
                OptionValue::Expr(_) if self.build.unknown => {}
                OptionValue::Expr(_) => return Err(self.error(&token, &format!("not supported: an expression for {name}, which is asked for once at the start"), "a constant")),
            }
        }
        self.semicolon(&format!("the value of {name}"))?;
        let option = OptionId {
            space: SpaceId::SERVER,
            code,
        };
        Ok(Statement {
            at,
            action: Action::Option(OptionAction {
                option,
                operation: Operation::Supersede,
                value,
            }),
        })
    }

    fn check_ddns_style(&mut self, token: &Token<'t>, value: &OptionValue) -> Read<()> {
        match value {
            OptionValue::Bytes(choice) if choice[..] == [AD_HOC] => {
                let message = "ddns-update-style ad_hoc no longer supported";
                Err(self.error(token, message, "none, interim or standard"))
            }
            _ => Ok(()),
        }
    }

    /// `db-time-format default;` or `local`
    pub(super) fn db_time_format(&mut self) -> Read<()> {
        self.next();
        let format = if self.take_word("default") {
            DbTimeFormat::Default
        } else if self.take_word("local") {
            DbTimeFormat::Local
        } else {
            return Err(self.error_next("Expecting 'local' or 'default'.", "`local` or `default`"));
        };
        self.build.config.server.db_time_format = Some(format);
        self.semicolon("the format")
    }

    /// `lease-id-format octal;` or `hex`
    pub(super) fn lease_id_format(&mut self) -> Read<()> {
        self.next();
        let format = if self.take_word("octal") {
            LeaseIdFormat::Octal
        } else if self.take_word("hex") {
            LeaseIdFormat::Hex
        } else {
            return Err(self.error_next(
                "lease-id-format is invalid:  it must be octal or hex.",
                "`octal` or `hex`",
            ));
        };
        self.build.config.server.lease_id_format = Some(format);
        self.semicolon("the format")
    }
}

impl Settings {
    /// Keeps the value of a parameter: an option of the space [`SERVER`](SpaceId::SERVER) of this code. As in ISC a
    /// value of a wrong length counts for nothing.
    pub fn set(&mut self, code: u32, value: &[u8]) {
        if let Some(parameter) = by_code(code) {
            parameter.target.store(value, self);
        }
    }
}

/// Codes, names and types of all parameters.
pub(super) fn options() -> impl Iterator<Item = (u32, &'static str, Format)> {
    (1..)
        .zip(PARAMETERS)
        .map(|(code, parameter)| (code, parameter.name, parameter.target.format()))
}

fn by_code(code: u32) -> Option<&'static Parameter> {
    PARAMETERS.get(usize::try_from(code).ok()?.checked_sub(1)?)
}

impl Target {
    /// The type to read.
    fn format(&self) -> Format {
        let field: &'static [Field] = match self {
            Self::Time(_) => &[Field::Time],
            Self::Int32(_) => &[Field::Integer(4)],
            Self::Int16(_) | Self::Server(ServerTarget::Int16(_)) => &[Field::Integer(2)],
            Self::Int8(_) => &[Field::Integer(1)],
            Self::Flag(_) | Self::Permission(_) | Self::Server(ServerTarget::Flag(_)) => {
                &[Field::Flag]
            }
            Self::Address(_) | Self::Server(ServerTarget::Address(_)) => &[Field::Address],
            Self::Text(_) | Self::Server(ServerTarget::Text(_)) => &[Field::Text],
            Self::Word(_) => &[Field::Word],
            Self::Octets(_) => &[Field::Octets],
            Self::Server(ServerTarget::KeyName) => &[Field::Name],
            Self::Server(ServerTarget::LogFacility) => &[Field::Choice(&LOG_FACILITIES)],
            Self::Server(ServerTarget::DdnsUpdateStyle) => &[Field::Choice(&DDNS_STYLES)],
            Self::NoEffect(format) => return format.clone(),
        };
        Format::of(field)
    }

    /// Keeps a value, given as the bytes of its format.
    fn store(&self, value: &[u8], settings: &mut Settings) {
        match self {
            Self::Time(field) | Self::Int32(field) => {
                if let Ok(bytes) = value.try_into() {
                    *field(settings) = Some(u32::from_be_bytes(bytes));
                }
            }
            Self::Int16(field) => {
                if let Ok(bytes) = value.try_into() {
                    *field(settings) = Some(u16::from_be_bytes(bytes));
                }
            }
            Self::Int8(field) => {
                if let [byte] = value {
                    *field(settings) = Some(*byte);
                }
            }
            Self::Flag(field) => *field(settings) = Some(value.first() == Some(&1)),
            Self::Permission(field) => *field(settings) = Some(permission(value)),
            Self::Address(field) => {
                if let Some(first) = value.first_chunk::<4>() {
                    *field(settings) = Some((*first).into());
                }
            }
            Self::Text(field) | Self::Word(field) | Self::Octets(field) => {
                *field(settings) = Some(value.to_vec());
            }
            Self::Server(_) | Self::NoEffect(_) => {}
        }
    }
}

impl ServerTarget {
    /// Keeps a value, given as the bytes of its format.
    fn store(self, value: &[u8], server: &mut ServerSettings) {
        let text = || String::from_utf8_lossy(value).into_owned();
        let choice = usize::from(value.first().copied().unwrap_or(0));
        match self {
            Self::Int16(field) => *field(server) = value.try_into().ok().map(u16::from_be_bytes),
            Self::Flag(field) => *field(server) = Some(value == [1]),
            Self::Address(field) => {
                *field(server) = value.first_chunk::<4>().map(|octets| (*octets).into());
            }
            Self::Text(field) => *field(server) = Some(text()),
            Self::KeyName => server.omapi_key = Some(text()),
            Self::LogFacility => {
                server.log_facility = LOG_FACILITIES.get(choice).map(|name| (*name).to_owned());
            }
            Self::DdnsUpdateStyle => {
                server.ddns_update_style = Some(match choice {
                    0 => DdnsUpdateStyle::None,
                    1 => DdnsUpdateStyle::AdHoc,
                    2 => DdnsUpdateStyle::Interim,
                    _ => DdnsUpdateStyle::Standard,
                });
            }
        }
    }
}

fn permission(value: &[u8]) -> Permission {
    match value.first() {
        Some(1) => Permission::Allow,
        Some(2) => Permission::Ignore,
        _ => Permission::Deny,
    }
}

/// The syslog facilities that ISC knows.
pub(super) const LOG_FACILITIES: [&str; 20] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

/// The place of `ad-hoc` among [`DDNS_STYLES`].
const AD_HOC: u8 = 1;

/// The values of `ddns-update-style`.
pub(super) const DDNS_STYLES: [&str; 4] = ["none", "ad-hoc", "interim", "standard"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut all: Vec<_> = PARAMETERS.iter().map(|parameter| parameter.name).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), PARAMETERS.len());
    }

    #[test]
    fn values_of_a_wrong_length_count_for_nothing() {
        let code = |name| options().find(|(_, other, _)| *other == name).unwrap().0;
        let mut settings = Settings::default();
        settings.set(code("default-lease-time"), &[0, 0, 2, 88]);
        settings.set(code("max-lease-time"), &[1]);
        settings.set(code("next-server"), &[10, 0, 0, 1, 10, 0, 0, 2]);
        settings.set(0, &[1]);
        settings.set(9999, &[1]);
        let expected = Settings {
            default_lease_time: Some(600),
            next_server: Some(Ipv4Addr::new(10, 0, 0, 1)),
            ..Settings::default()
        };
        assert_eq!(settings, expected);
    }
}
