//! The DHCP options that can be set by name: ISC's names and types (dhcp-options(5)).

use super::build::Refused;
use super::parser::{Parser, Read, Reported};
use super::statement::Context;
use super::value::{Field, Format, Repeat};
use super::{OptionData, OptionSetting, words};
use crate::lex::Token;

/// An option that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OptionDefinition {
    pub(super) code: u8,
    pub(super) name: &'static str,
    pub(super) format: Format,
}

impl Parser<'_, '_, '_> {
    /// `option NAME VALUE;`
    pub(super) fn option(&mut self, context: Context) -> Read<()> {
        self.next();
        let token = self.peek();
        let Some(mut name) = token.word() else {
            return Err(self.error_next(
                "expecting identifier after option keyword.",
                "the name of an option",
            ));
        };
        self.next();
        if name.eq_ignore_ascii_case("space") {
            let space = self.peek();
            let space = space.word().unwrap_or_default().to_ascii_lowercase();
            self.build.refused.insert((Refused::Space, space));
            return Err(self.unsupported(&token, "option spaces"));
        }
        if self.take(b'.') {
            let second = self.peek();
            let Some(word) = second.word() else {
                return Err(self.error_next(
                    "expecting identifier after '.'",
                    "the name of an option of that space",
                ));
            };
            if !name.eq_ignore_ascii_case("dhcp") {
                return Err(self.other_space(&token, name));
            }
            self.next();
            name = word;
        }
        if self.peek().is_word("code") {
            self.build
                .refused
                .insert((Refused::Option, name.to_ascii_lowercase()));
            return Err(self.unsupported(&token, "option definitions"));
        }
        if self
            .build
            .refused
            .contains(&(Refused::Option, name.to_ascii_lowercase()))
        {
            return Err(Reported);
        }
        match by_name(name) {
            Some(option) => self.option_value(context, &token, option),
            None if ["unknown-0", "unknown-255"].contains(&name.to_ascii_lowercase().as_str()) => {
                let message = "Option codes 0 and 255 are illegal in the dhcp space.";
                Err(self.error(&token, message, "a code from 1 to 254"))
            }
            None => {
                let expected = suggestion("an option of dhcp-options(5)", name, names());
                Err(self.error(&token, &format!("unknown option dhcp.{name}"), &expected))
            }
        }
    }

    fn other_space(&mut self, token: &Token<'_>, space: &str) -> Reported {
        let lower = space.to_ascii_lowercase();
        if OTHER_SPACES.contains(&lower.as_str()) {
            return self.unsupported(token, &format!("options of the space {lower}"));
        }
        if self.build.refused.contains(&(Refused::Space, lower)) {
            return Reported;
        }
        self.error(
            token,
            &format!("no option space named {space}."),
            "the name of an option",
        )
    }

    pub(super) fn option_value(
        &mut self,
        context: Context,
        token: &Token<'_>,
        option: OptionDefinition,
    ) -> Read<()> {
        let what = format!("option {}", option.name);
        self.no_expression(&what)?;
        let at = self.location(token);
        let value = self.value(option.format, &what)?;
        self.semicolon(&format!("the value of {what}"))?;
        let options = &mut self.build.scope(context.scope).options;
        options.retain(|earlier| earlier.code != option.code);
        options.push(OptionSetting {
            code: option.code,
            data: OptionData::Bytes(value),
            at,
        });
        Ok(())
    }

    pub(super) fn no_expression(&mut self, what: &str) -> Read<()> {
        let token = self.peek();
        if token.is(b'=') {
            return Err(self.unsupported(&token, &format!("expressions (in {what})")));
        }
        Ok(())
    }
}

/// Looks an option up by its ISC name, in any case.
///
/// `unknown-N` is the option of code `N` under any name, or just octets.
pub(super) fn by_name(name: &str) -> Option<OptionDefinition> {
    if let Some(found) = table().find(|option| option.name.eq_ignore_ascii_case(name)) {
        return Some(found);
    }
    let prefix = name.get(..8)?;
    if !prefix.eq_ignore_ascii_case("unknown-") {
        return None;
    }
    let code = name[8..]
        .parse()
        .ok()
        .filter(|code| (1..=254).contains(code))?;
    Some(
        table()
            .find(|option| option.code == code)
            .unwrap_or(OptionDefinition {
                code,
                name: "unknown",
                format: OCTETS,
            }),
    )
}

/// All names, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    table().map(|option| option.name)
}

fn table() -> impl Iterator<Item = OptionDefinition> {
    OPTIONS
        .iter()
        .map(|&(code, name, format)| OptionDefinition { code, name, format })
}

/// Other option spaces that ISC has built in.
pub(super) const OTHER_SPACES: [&str; 6] =
    ["agent", "fqdn", "nwip", "server", "vendor", "vendor-class"];

fn suggestion<'c>(expected: &str, word: &str, candidates: impl Iterator<Item = &'c str>) -> String {
    match words::nearest(word, candidates) {
        Some(nearest) => format!("{expected}; did you mean `{nearest}`?"),
        None => expected.to_owned(),
    }
}

const ADDRESS: Format = Format::of(&[Field::Address]);
const ADDRESSES: Format = Format::repeated(&[Field::Address], Repeat::All);
const ADDRESS_PAIRS: Format = Format::repeated(&[Field::Address, Field::Address], Repeat::All);
const INT32: Format = Format::of(&[Field::Integer(4)]);
const INT16: Format = Format::of(&[Field::Integer(2)]);
const INT16S: Format = Format::repeated(&[Field::Integer(2)], Repeat::All);
const INT8: Format = Format::of(&[Field::Integer(1)]);
const INT8S: Format = Format::repeated(&[Field::Integer(1)], Repeat::All);
const TEXT: Format = Format::of(&[Field::Text]);
const FLAG: Format = Format::of(&[Field::Flag]);
const OCTETS: Format = Format::of(&[Field::Octets]);
const NAME: Format = Format::of(&[Field::DomainName]);
const NAMES: Format = Format::of(&[Field::DomainList { compressed: false }]);
const COMPRESSED_NAMES: Format = Format::of(&[Field::DomainList { compressed: true }]);
const SLP_AGENT: Format = Format::repeated(&[Field::Flag, Field::Address], Repeat::Last);
const SLP_SCOPE: Format = Format {
    fields: &[Field::Flag, Field::Text],
    repeat: Repeat::No,
    optional: true,
};
const THREE_INT8S: Format = Format::of(&[Field::Integer(1), Field::Integer(1), Field::Integer(1)]);
const TYPED_OCTETS: Format = Format::of(&[Field::Integer(1), Field::Octets]);
const RDNSS: Format = Format::of(&[
    Field::Integer(1),
    Field::Address,
    Field::Address,
    Field::DomainList { compressed: false },
]);
const PORT_PARAMS: Format = Format::of(&[Field::Integer(1), Field::Integer(1), Field::Integer(2)]);
const SIX_RD: Format = Format::repeated(
    &[
        Field::Integer(1),
        Field::Integer(1),
        Field::Address6,
        Field::Address,
    ],
    Repeat::Last,
);

/// Code, name and type of each option, by code.
#[rustfmt::skip]
const OPTIONS: &[(u8, &str, Format)] = &[
    (1, "subnet-mask", ADDRESS),
    (2, "time-offset", INT32),
    (3, "routers", ADDRESSES),
    (4, "time-servers", ADDRESSES),
    (5, "ien116-name-servers", ADDRESSES),
    (6, "domain-name-servers", ADDRESSES),
    (7, "log-servers", ADDRESSES),
    (8, "cookie-servers", ADDRESSES),
    (9, "lpr-servers", ADDRESSES),
    (10, "impress-servers", ADDRESSES),
    (11, "resource-location-servers", ADDRESSES),
    (12, "host-name", TEXT),
    (13, "boot-size", INT16),
    (14, "merit-dump", TEXT),
    (15, "domain-name", TEXT),
    (16, "swap-server", ADDRESS),
    (17, "root-path", TEXT),
    (18, "extensions-path", TEXT),
    (19, "ip-forwarding", FLAG),
    (20, "non-local-source-routing", FLAG),
    (21, "policy-filter", ADDRESS_PAIRS),
    (22, "max-dgram-reassembly", INT16),
    (23, "default-ip-ttl", INT8),
    (24, "path-mtu-aging-timeout", INT32),
    (25, "path-mtu-plateau-table", INT16S),
    (26, "interface-mtu", INT16),
    (27, "all-subnets-local", FLAG),
    (28, "broadcast-address", ADDRESS),
    (29, "perform-mask-discovery", FLAG),
    (30, "mask-supplier", FLAG),
    (31, "router-discovery", FLAG),
    (32, "router-solicitation-address", ADDRESS),
    (33, "static-routes", ADDRESS_PAIRS),
    (34, "trailer-encapsulation", FLAG),
    (35, "arp-cache-timeout", INT32),
    (36, "ieee802-3-encapsulation", FLAG),
    (37, "default-tcp-ttl", INT8),
    (38, "tcp-keepalive-interval", INT32),
    (39, "tcp-keepalive-garbage", FLAG),
    (40, "nis-domain", TEXT),
    (41, "nis-servers", ADDRESSES),
    (42, "ntp-servers", ADDRESSES),
    (43, "vendor-encapsulated-options", OCTETS),
    (44, "netbios-name-servers", ADDRESSES),
    (45, "netbios-dd-server", ADDRESSES),
    (46, "netbios-node-type", INT8),
    (47, "netbios-scope", TEXT),
    (48, "font-servers", ADDRESSES),
    (49, "x-display-manager", ADDRESSES),
    (50, "dhcp-requested-address", ADDRESS),
    (51, "dhcp-lease-time", INT32),
    (52, "dhcp-option-overload", INT8),
    (53, "dhcp-message-type", INT8),
    (54, "dhcp-server-identifier", ADDRESS),
    (55, "dhcp-parameter-request-list", INT8S),
    (56, "dhcp-message", TEXT),
    (57, "dhcp-max-message-size", INT16),
    (58, "dhcp-renewal-time", INT32),
    (59, "dhcp-rebinding-time", INT32),
    (60, "vendor-class-identifier", OCTETS),
    (61, "dhcp-client-identifier", OCTETS),
    (62, "nwip-domain", TEXT),
    (63, "nwip-suboptions", OCTETS),
    (64, "nisplus-domain", TEXT),
    (65, "nisplus-servers", ADDRESSES),
    (66, "tftp-server-name", TEXT),
    (67, "bootfile-name", TEXT),
    (68, "mobile-ip-home-agent", ADDRESSES),
    (69, "smtp-server", ADDRESSES),
    (70, "pop-server", ADDRESSES),
    (71, "nntp-server", ADDRESSES),
    (72, "www-server", ADDRESSES),
    (73, "finger-server", ADDRESSES),
    (74, "irc-server", ADDRESSES),
    (75, "streettalk-server", ADDRESSES),
    (76, "streettalk-directory-assistance-server", ADDRESSES),
    (77, "user-class", TEXT),
    (78, "slp-directory-agent", SLP_AGENT),
    (79, "slp-service-scope", SLP_SCOPE),
    (81, "fqdn", OCTETS),
    (82, "relay-agent-information", OCTETS),
    (85, "nds-servers", ADDRESSES),
    (86, "nds-tree-name", TEXT),
    (87, "nds-context", TEXT),
    (88, "bcms-controller-names", NAMES),
    (89, "bcms-controller-address", ADDRESSES),
    (91, "client-last-transaction-time", INT32),
    (92, "associated-ip", ADDRESSES),
    (93, "pxe-system-type", INT16S),
    (94, "pxe-interface-id", THREE_INT8S),
    (97, "pxe-client-id", TYPED_OCTETS),
    (98, "uap-servers", TEXT),
    (99, "geoconf-civic", OCTETS),
    (100, "pcode", TEXT),
    (101, "tcode", TEXT),
    (108, "v6-only-preferred", INT32),
    (112, "netinfo-server-address", ADDRESSES),
    (113, "netinfo-server-tag", TEXT),
    (114, "default-url", TEXT),
    (116, "auto-config", INT8),
    (117, "name-service-search", INT16S),
    (118, "subnet-selection", ADDRESS),
    (119, "domain-search", COMPRESSED_NAMES),
    (124, "vivco", OCTETS),
    (125, "vivso", OCTETS),
    (136, "pana-agent", ADDRESSES),
    (137, "v4-lost", NAME),
    (138, "capwap-ac-v4", ADDRESSES),
    (141, "sip-ua-cs-domains", COMPRESSED_NAMES),
    (142, "ipv4-address-andsf", ADDRESSES),
    (146, "rdnss-selection", RDNSS),
    (150, "tftp-server-address", ADDRESSES),
    (159, "v4-portparams", PORT_PARAMS),
    (160, "v4-captive-portal", TEXT),
    (209, "loader-configfile", TEXT),
    (210, "loader-pathprefix", TEXT),
    (211, "loader-reboottime", INT32),
    (212, "option-6rd", SIX_RD),
    (213, "v4-access-domain", NAME),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_names_are_unique() {
        assert!(OPTIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let mut names: Vec<_> = names().collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPTIONS.len());
    }

    #[test]
    fn names_are_found_in_any_case_and_by_number() {
        assert_eq!(by_name("Routers").unwrap().code, 3);
        assert_eq!(by_name("unknown-3").unwrap().format, ADDRESSES);
        assert_eq!(by_name("unknown-200").unwrap().format, OCTETS);
        for name in [
            "router",
            "unknown-0",
            "unknown-255",
            "unknown-256",
            "unknown-",
            "unknown-x",
            "ünknown",
        ] {
            assert_eq!(by_name(name), None, "{name}");
        }
    }
}
