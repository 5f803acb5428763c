//! Parameters: statements of a name and one value (ISC's “server options”), and where each value is kept.

use std::net::Ipv4Addr;

use super::parser::{Parser, Read};
use super::statement::{Block, Context};
use super::value::{Field, Format};
use super::{DbTimeFormat, DdnsUpdateStyle, LeaseIdFormat, Permission, ServerSettings, Settings};
use crate::lex::Token;

/// A parameter that ISC knows.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) target: Target,
}

/// Where the value of a parameter goes, which also says what type it has.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Time(fn(&mut Settings) -> &mut Option<u32>),
    Int32(fn(&mut Settings) -> &mut Option<u32>),
    Int16(fn(&mut Settings) -> &mut Option<u16>),
    Int8(fn(&mut Settings) -> &mut Option<u8>),
    Flag(fn(&mut Settings) -> &mut Option<bool>),
    Permission(fn(&mut Settings) -> &mut Option<Permission>),
    Address(fn(&mut Settings) -> &mut Option<Ipv4Addr>),
    Text(fn(&mut Settings) -> &mut Option<Vec<u8>>),
    /// For the server as a whole: outside the outermost scope it has no effect.
    Server(ServerTarget),
    /// A value of this type is accepted and has no effect, for this reason.
    NoEffect(Format, &'static str),
    /// Known to ISC, but not to us.
    Unsupported,
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
        parameter: &Parameter,
    ) -> Read<()> {
        self.next();
        let name = parameter.name;
        if let Target::Unsupported = parameter.target {
            return Err(self.unsupported(&token, name));
        }
        self.no_expression(name)?;
        let value = match parameter.target.format() {
            Some(format) => self.value(format, name)?,
            None => self.word_parameter(name)?,
        };
        match parameter.target {
            Target::Server(_) if context.block != Block::Root => {
                self.warn(
                    &token,
                    &format!(
                        "{name} has no effect here: it is looked for outside of all braces only"
                    ),
                );
            }
            Target::Server(target) => target.store(&value, &mut self.build.config.server),
            Target::NoEffect(_, reason) => {
                self.warn(&token, &format!("{name} has no effect: {reason}"))
            }
            target => target.store(&value, self.build.settings(context.scope)),
        }
        self.semicolon(&format!("the value of {name}"))
    }

    /// The value of a parameter that is one of some words, or a key's name.
    fn word_parameter(&mut self, name: &str) -> Read<Vec<u8>> {
        let token = self.peek();
        if token.is(b';') {
            return Err(self.missing_value("a word", name));
        }
        if name == "omapi-key" {
            self.build.omapi_key_at = self.location(&token);
            return self.key_name();
        }
        let (known, expected) = if name == "log-facility" {
            (
                LOG_FACILITIES.as_slice(),
                "the name of a syslog facility, such as local7",
            )
        } else {
            (
                DDNS_STYLES.as_slice(),
                "`none`: this server makes no DNS updates",
            )
        };
        let Some(word) = token.word() else {
            return Err(self.error_next("identifier expected", expected));
        };
        if !known.contains(&word) {
            return Err(self.error_next("unknown value", expected));
        }
        if name == "ddns-update-style" && word != "none" {
            return Err(self.unsupported(
                &token,
                &format!("{name} {word} (this server makes no DNS updates)"),
            ));
        }
        self.next();
        Ok(word.as_bytes().to_vec())
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

/// Looks a parameter up, in any case.
pub(super) fn by_name(name: &str) -> Option<&'static Parameter> {
    PARAMETERS
        .iter()
        .find(|parameter| parameter.name.eq_ignore_ascii_case(name))
}

/// All names, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PARAMETERS.iter().map(|parameter| parameter.name)
}

impl Target {
    /// The type to read; `None` for what is read in its own way.
    pub(super) fn format(self) -> Option<Format> {
        Some(match self {
            Self::Time(_) => TIME,
            Self::Int32(_) => INT32,
            Self::Int16(_) | Self::Server(ServerTarget::Int16(_)) => INT16,
            Self::Int8(_) => INT8,
            Self::Flag(_) | Self::Permission(_) | Self::Server(ServerTarget::Flag(_)) => FLAG,
            Self::Address(_) | Self::Server(ServerTarget::Address(_)) => ADDRESS,
            Self::Text(_) | Self::Server(ServerTarget::Text(_)) => TEXT,
            Self::NoEffect(format, _) => format,
            Self::Unsupported
            | Self::Server(
                ServerTarget::KeyName | ServerTarget::LogFacility | ServerTarget::DdnsUpdateStyle,
            ) => {
                return None;
            }
        })
    }

    /// Keeps a value, given as the bytes of its format.
    pub(super) fn store(self, value: &[u8], settings: &mut Settings) {
        match self {
            Self::Time(field) | Self::Int32(field) => *field(settings) = Some(number(value)),
            Self::Int16(field) => *field(settings) = Some(number(value) as u16),
            Self::Int8(field) => *field(settings) = Some(number(value) as u8),
            Self::Flag(field) => *field(settings) = Some(number(value) == 1),
            Self::Permission(field) => *field(settings) = Some(permission(value)),
            Self::Address(field) => *field(settings) = Some(number(value).into()),
            Self::Text(field) => *field(settings) = Some(value.to_vec()),
            Self::Server(_) | Self::NoEffect(..) | Self::Unsupported => {}
        }
    }
}

impl ServerTarget {
    /// Keeps a value, given as the bytes of its format.
    pub(super) fn store(self, value: &[u8], server: &mut ServerSettings) {
        match self {
            Self::Int16(field) => *field(server) = Some(number(value) as u16),
            Self::Flag(field) => *field(server) = Some(number(value) == 1),
            Self::Address(field) => *field(server) = Some(number(value).into()),
            Self::Text(field) => *field(server) = Some(String::from_utf8_lossy(value).into_owned()),
            Self::KeyName => server.omapi_key = Some(String::from_utf8_lossy(value).into_owned()),
            Self::LogFacility => {
                server.log_facility = Some(String::from_utf8_lossy(value).into_owned())
            }
            Self::DdnsUpdateStyle => server.ddns_update_style = Some(DdnsUpdateStyle::None),
        }
    }
}

/// The number that up to four bytes are, most significant first.
fn number(value: &[u8]) -> u32 {
    value
        .iter()
        .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

fn permission(value: &[u8]) -> Permission {
    match number(value) {
        0 => Permission::Deny,
        1 => Permission::Allow,
        _ => Permission::Ignore,
    }
}

/// The syslog facilities that ISC knows.
pub(super) const LOG_FACILITIES: [&str; 20] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

/// The values of `ddns-update-style`.
pub(super) const DDNS_STYLES: [&str; 4] = ["none", "ad-hoc", "interim", "standard"];

const DDNS: &str = "this server makes no DNS updates";
const DHCPV6: &str = "this server does not speak DHCPv6";

const TIME: Format = Format::of(&[Field::Time]);
const INT32: Format = Format::of(&[Field::Integer(4)]);
const INT16: Format = Format::of(&[Field::Integer(2)]);
const INT8: Format = Format::of(&[Field::Integer(1)]);
const FLAG: Format = Format::of(&[Field::Flag]);
const ADDRESS: Format = Format::of(&[Field::Address]);
const ADDRESS6: Format = Format::of(&[Field::Address6]);
const TEXT: Format = Format::of(&[Field::Text]);

const fn parameter(name: &'static str, target: Target) -> Parameter {
    Parameter { name, target }
}

#[rustfmt::skip]
static PARAMETERS: &[Parameter] = &[
    parameter("default-lease-time", Target::Time(|s| &mut s.default_lease_time)),
    parameter("max-lease-time", Target::Time(|s| &mut s.max_lease_time)),
    parameter("min-lease-time", Target::Time(|s| &mut s.min_lease_time)),
    parameter("abandon-lease-time", Target::Time(|s| &mut s.abandon_lease_time)),
    parameter("ping-timeout", Target::Time(|s| &mut s.ping_timeout)),
    parameter("ping-timeout-ms", Target::Time(|s| &mut s.ping_timeout_ms)),
    parameter("ping-cltt-secs", Target::Time(|s| &mut s.ping_cltt_secs)),
    parameter("dynamic-bootp-lease-length", Target::Int32(|s| &mut s.dynamic_bootp_lease_length)),
    parameter("max-ack-delay", Target::Int32(|s| &mut s.max_ack_delay)),
    parameter("delayed-ack", Target::Int16(|s| &mut s.delayed_ack)),
    parameter("adaptive-lease-time-threshold", Target::Int8(|s| &mut s.adaptive_lease_time_threshold)),
    parameter("dhcp-cache-threshold", Target::Int8(|s| &mut s.dhcp_cache_threshold)),
    parameter("min-secs", Target::Int8(|s| &mut s.min_secs)),
    parameter("log-threshold-low", Target::Int8(|s| &mut s.log_threshold_low)),
    parameter("log-threshold-high", Target::Int8(|s| &mut s.log_threshold_high)),
    parameter("one-lease-per-client", Target::Flag(|s| &mut s.one_lease_per_client)),
    parameter("ignore-client-uids", Target::Flag(|s| &mut s.ignore_client_uids)),
    parameter("server-id-check", Target::Flag(|s| &mut s.server_id_check)),
    parameter("check-secs-byte-order", Target::Flag(|s| &mut s.check_secs_byte_order)),
    parameter("infinite-is-reserved", Target::Flag(|s| &mut s.infinite_is_reserved)),
    parameter("release-on-roam", Target::Flag(|s| &mut s.release_on_roam)),
    parameter("ping-check", Target::Flag(|s| &mut s.ping_check)),
    parameter("always-broadcast", Target::Flag(|s| &mut s.always_broadcast)),
    parameter("always-reply-rfc1048", Target::Flag(|s| &mut s.always_reply_rfc1048)),
    parameter("get-lease-hostnames", Target::Flag(|s| &mut s.get_lease_hostnames)),
    parameter("use-host-decl-names", Target::Flag(|s| &mut s.use_host_decl_names)),
    parameter("use-lease-addr-for-default-route", Target::Flag(|s| &mut s.use_lease_addr_for_default_route)),
    parameter("echo-client-id", Target::Flag(|s| &mut s.echo_client_id)),
    parameter("stash-agent-options", Target::Flag(|s| &mut s.stash_agent_options)),
    parameter("update-static-leases", Target::Flag(|s| &mut s.update_static_leases)),
    parameter("boot-unknown-clients", Target::Permission(|s| &mut s.unknown_clients)),
    parameter("allow-bootp", Target::Permission(|s| &mut s.bootp)),
    parameter("allow-booting", Target::Permission(|s| &mut s.booting)),
    parameter("dynamic-bootp", Target::Permission(|s| &mut s.dynamic_bootp)),
    parameter("duplicates", Target::Permission(|s| &mut s.duplicates)),
    parameter("declines", Target::Permission(|s| &mut s.declines)),
    parameter("client-updates", Target::Permission(|s| &mut s.client_updates)),
    parameter("leasequery", Target::Permission(|s| &mut s.leasequery)),
    parameter("next-server", Target::Address(|s| &mut s.next_server)),
    parameter("filename", Target::Text(|s| &mut s.filename)),
    parameter("server-name", Target::Text(|s| &mut s.server_name)),
    parameter("omapi-port", Target::Server(ServerTarget::Int16(|s| &mut s.omapi_port))),
    parameter("local-port", Target::Server(ServerTarget::Int16(|s| &mut s.local_port))),
    parameter("remote-port", Target::Server(ServerTarget::Int16(|s| &mut s.remote_port))),
    parameter("local-address", Target::Server(ServerTarget::Address(|s| &mut s.local_address))),
    parameter("limited-broadcast-address", Target::Server(ServerTarget::Address(|s| &mut s.limited_broadcast_address))),
    parameter("lease-file-name", Target::Server(ServerTarget::Text(|s| &mut s.lease_file_name))),
    parameter("pid-file-name", Target::Server(ServerTarget::Text(|s| &mut s.pid_file_name))),
    parameter("dont-use-fsync", Target::Server(ServerTarget::Flag(|s| &mut s.dont_use_fsync))),
    parameter("omapi-key", Target::Server(ServerTarget::KeyName)),
    parameter("log-facility", Target::Server(ServerTarget::LogFacility)),
    parameter("ddns-update-style", Target::Server(ServerTarget::DdnsUpdateStyle)),
    parameter("ddns-domainname", Target::NoEffect(TEXT, DDNS)),
    parameter("ddns-hostname", Target::NoEffect(TEXT, DDNS)),
    parameter("ddns-rev-domainname", Target::NoEffect(TEXT, DDNS)),
    parameter("ddns-ttl", Target::NoEffect(TIME, DDNS)),
    parameter("ddns-updates", Target::NoEffect(FLAG, DDNS)),
    parameter("do-forward-updates", Target::NoEffect(FLAG, DDNS)),
    parameter("do-reverse-updates", Target::NoEffect(FLAG, DDNS)),
    parameter("update-optimization", Target::NoEffect(FLAG, DDNS)),
    parameter("update-conflict-detection", Target::NoEffect(FLAG, DDNS)),
    parameter("fqdn-reply", Target::NoEffect(FLAG, DDNS)),
    parameter("ddns-dual-stack-mixed-mode", Target::NoEffect(FLAG, DDNS)),
    parameter("ddns-guard-id-must-match", Target::NoEffect(FLAG, DDNS)),
    parameter("ddns-other-guard-is-dynamic", Target::NoEffect(FLAG, DDNS)),
    parameter("ddns-local-address4", Target::NoEffect(ADDRESS, DDNS)),
    parameter("ddns-local-address6", Target::NoEffect(ADDRESS6, DDNS)),
    parameter("preferred-lifetime", Target::NoEffect(TIME, DHCPV6)),
    parameter("dhcpv6-lease-file-name", Target::NoEffect(TEXT, DHCPV6)),
    parameter("dhcpv6-pid-file-name", Target::NoEffect(TEXT, DHCPV6)),
    parameter("prefix-length-mode", Target::NoEffect(TEXT, DHCPV6)),
    parameter("limit-addrs-per-ia", Target::NoEffect(INT32, DHCPV6)),
    parameter("limit-prefs-per-ia", Target::NoEffect(INT32, DHCPV6)),
    parameter("dhcpv6-set-tee-times", Target::NoEffect(FLAG, DHCPV6)),
    parameter("bind-local-address6", Target::NoEffect(FLAG, DHCPV6)),
    parameter("local-address6", Target::NoEffect(ADDRESS6, DHCPV6)),
    parameter("dynamic-bootp-lease-cutoff", Target::Unsupported),
    parameter("vendor-option-space", Target::Unsupported),
    parameter("site-option-space", Target::Unsupported),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_in_any_case() {
        let mut all: Vec<_> = names().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), PARAMETERS.len());
        assert_eq!(by_name("Max-Lease-TIME").unwrap().name, "max-lease-time");
        assert!(by_name("max-lease").is_none());
    }
}
