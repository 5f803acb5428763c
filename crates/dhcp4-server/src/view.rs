//! What is in force for one client, and the options that it gets, in ISC's order.

use std::borrow::Cow;

use dhcp4_wire::{OptionCode, ReplyWriter};

use dhcpd_text::conf::code::{Action, OptionAction};
use dhcpd_text::conf::{Location, OptionId, Settings};
use dhcpd_text::eval::{Effect, Handlers, OptionList, Variables};

use crate::config::{Host, OptionTable, Place, Rules, ServerConfig};

/// What is in force for one client.
pub(crate) struct View<'c> {
    config: &'c ServerConfig,
    options: Options<'c>,
    pub(crate) host: Option<&'c Host>,
    pub(crate) rules: Cow<'c, Rules>,
    /// What the statements for the client came to, where names in DNS depend on it.
    settings: Option<Box<Settings>>,
    /// What the statements for the client came to besides; `None` if they are the same for everyone.
    pub(crate) lease: Option<LeaseLanguage>,
}

/// Where the options come from.
enum Options<'c> {
    /// The place, and the scopes of the host declaration that aren't the place's too, from the innermost outwards.
    Looked(&'c Place, Vec<usize>),
    /// What the statements came to for the client.
    Computed(OptionTable, Vec<(OptionId, Location)>),
}

/// What statements have set of a lease.
pub(crate) struct LeaseLanguage {
    pub(crate) variables: Variables,
    pub(crate) handlers: Handlers,
    /// What is to be done when the lease is granted.
    pub(crate) at_commit: Vec<Effect>,
}

impl<'c> View<'c> {
    /// What is the same for every client of a place and a host declaration.
    pub(crate) fn new(config: &'c ServerConfig, place: &'c Place, host: Option<&'c Host>) -> Self {
        let mut own = Vec::new();
        let mut rules = Cow::Borrowed(&place.rules);
        if let Some(of_host) = host {
            let scopes = of_host.scopes.iter().copied();
            own = scopes.filter(|at| !place.scopes.contains(at)).collect();
            let chain = own
                .iter()
                .chain(&place.scopes)
                .map(|&at| &config.scopes[at].settings);
            rules = Cow::Owned(Rules::resolve(chain));
        }
        Self {
            config,
            options: Options::Looked(place, own),
            host,
            rules,
            settings: None,
            lease: None,
        }
    }

    /// What statements came to.
    pub(crate) fn computed(
        config: &'c ServerConfig,
        host: Option<&'c Host>,
        settings: &Settings,
        options: &OptionList,
        origins: Vec<(OptionId, Location)>,
        lease: LeaseLanguage,
    ) -> Self {
        Self {
            config,
            options: Options::Computed(OptionTable::of(options), origins),
            host,
            rules: Cow::Owned(Rules::resolve([settings].into_iter())),
            settings: config.dns.as_ref().map(|_| Box::new(settings.clone())),
            lease: Some(lease),
        }
    }

    /// The configured value of an option.
    pub(crate) fn option(&self, code: OptionCode) -> Option<&[u8]> {
        let (place, own) = match &self.options {
            Options::Computed(table, _) => return table.get(code.0),
            Options::Looked(place, own) => (place, own),
        };
        let config = self.config;
        let mut own = own.iter().flat_map(|&at| &config.scopes[at].options);
        match own.find(|setting| setting.code == code.0) {
            Some(setting) => Some(&setting.data),
            None => place.options.get(code.0),
        }
    }

    /// The value of a parameter in force for the client.
    pub(crate) fn setting<T>(&self, get: impl Fn(&Settings) -> Option<T>) -> Option<T> {
        match (&self.options, &self.settings) {
            (Options::Looked(place, own), _) => {
                let mut chain = own.iter().chain(&place.scopes);
                chain.find_map(|&at| get(&self.config.scopes[at].settings))
            }
            (Options::Computed(..), Some(settings)) => get(settings),
            (Options::Computed(..), None) => None,
        }
    }

    /// Where each option and parameter in force was set; of statements that are computed, if that was taken down.
    pub(crate) fn origins(&self) -> Vec<(OptionId, Location)> {
        let (place, own) = match &self.options {
            Options::Computed(_, origins) => return origins.clone(),
            Options::Looked(place, own) => (place, own),
        };
        let mut found: Vec<(OptionId, Location)> = Vec::new();
        // The innermost scope counts, and the last statement in it.
        for &scope in own.iter().chain(&place.scopes) {
            for statement in self.config.scopes[scope].statements.iter().rev() {
                if let Action::Option(OptionAction { option, .. }) = &statement.action
                    && found.iter().all(|(other, _)| other != option)
                {
                    found.push((*option, statement.at));
                }
            }
        }
        found
    }

    /// The codes configured, in the order for a client that doesn't say what it wants.
    fn unasked(&self, computed: &[(OptionCode, &[u8])], codes: &mut Codes) {
        let mut table = Codes::default();
        let (configured, own) = match &self.options {
            Options::Computed(table, _) => (table, &[][..]),
            Options::Looked(place, own) => (&place.options, own.as_slice()),
        };
        configured
            .unasked()
            .iter()
            .for_each(|&code| table.push(code));
        let config = self.config;
        let own = own.iter().rev().flat_map(|&at| &config.scopes[at].options);
        own.for_each(|setting| table.push_in_bucket(setting.code));
        computed
            .iter()
            .for_each(|(code, _)| table.push_in_bucket(code.0));
        table.as_slice().iter().for_each(|&code| codes.push(code));
    }
}

/// Which options a reply may have.
pub(crate) struct Wanted<'q> {
    /// What the client asks for; empty if it doesn't say.
    pub(crate) list: &'q [u8],
    /// The client gets the subnet mask though it doesn't ask (not after DHCPINFORM).
    pub(crate) add_mask: bool,
    /// The client sent option 81, and so gets it if it is configured.
    pub(crate) add_fqdn: bool,
}

/// These go first, whatever the client asks for.
const FIRST: [OptionCode; 7] = [
    OptionCode::DHCP_MESSAGE_TYPE,
    OptionCode::DHCP_SERVER_IDENTIFIER,
    OptionCode::DHCP_LEASE_TIME,
    OptionCode::DHCP_RENEWAL_TIME,
    OptionCode::DHCP_REBINDING_TIME,
    OptionCode::DHCP_MESSAGE,
    OptionCode::DHCP_REQUESTED_ADDRESS,
];

/// Then these, if the client doesn't say what it wants.
const UNASKED_FIRST: [OptionCode; 5] = [
    OptionCode::SUBNET_MASK,
    OptionCode::ROUTERS,
    OptionCode::DOMAIN_NAME_SERVERS,
    OptionCode::HOST_NAME,
    OptionCode::FQDN,
];

/// Writes the options of a reply: `computed` ones, which go before configured ones of the same code (an empty one
/// keeps the configured one out), and what the scopes have.
pub(crate) fn write_options(
    view: &View<'_>,
    computed: &[(OptionCode, &[u8])],
    wanted: &Wanted<'_>,
    writer: &mut ReplyWriter<'_>,
) {
    let mut codes = Codes::default();
    FIRST.into_iter().for_each(|code| codes.push(code.0));
    if wanted.list.is_empty() {
        UNASKED_FIRST
            .into_iter()
            .for_each(|code| codes.push(code.0));
        view.unasked(computed, &mut codes);
    } else {
        for code in [
            OptionCode::SUBNET_SELECTION,
            OptionCode::DHCP_CLIENT_IDENTIFIER,
        ] {
            if computed.iter().any(|(other, _)| *other == code) {
                codes.push(code.0);
            }
        }
        wanted.list.iter().for_each(|&code| codes.push(code));
        if wanted.add_fqdn {
            codes.push(OptionCode::FQDN.0);
        }
        if wanted.add_mask {
            codes.push(OptionCode::SUBNET_MASK.0);
        }
    }
    codes.mask_before_routers();
    let (last, others) = match codes.as_slice().split_last() {
        Some((last, others)) => (*last, others),
        None => return,
    };
    let value = |code: u8| {
        let mut computed = computed.iter();
        let value = match computed.find(|(other, _)| other.0 == code) {
            Some((_, value)) => Some(*value),
            None => view.option(OptionCode(code)),
        };
        value.filter(|value| !value.is_empty())
    };
    for &code in others {
        if let Some(value) = value(code) {
            writer.option(OptionCode(code), value);
        }
    }
    if let Some(value) = value(last) {
        writer.last_option(OptionCode(last), value);
    }
}

/// Option codes in order, each once.
struct Codes {
    list: [u8; 256],
    len: usize,
    seen: [bool; 256],
}

impl Default for Codes {
    fn default() -> Self {
        let mut seen = [false; 256];
        // PAD and END are no options, and option 82 is the relay's, not the client's.
        for code in [
            OptionCode::PAD,
            OptionCode::END,
            OptionCode::RELAY_AGENT_INFORMATION,
        ] {
            seen[usize::from(code.0)] = true;
        }
        Self {
            list: [0; 256],
            len: 0,
            seen,
        }
    }
}

impl Codes {
    fn push(&mut self, code: u8) {
        if self.is_new(code) {
            self.list[self.len] = code;
            self.len += 1;
        }
    }

    /// Puts a code where ISC's table of options has it that was set just now: first in its bucket.
    fn push_in_bucket(&mut self, code: u8) {
        if self.is_new(code) {
            let bucket = crate::config::bucket(code);
            let at = self
                .as_slice()
                .iter()
                .position(|&c| crate::config::bucket(c) >= bucket);
            let at = at.unwrap_or(self.len);
            self.list.copy_within(at..self.len, at + 1);
            self.list[at] = code;
            self.len += 1;
        }
    }

    fn is_new(&mut self, code: u8) -> bool {
        !core::mem::replace(&mut self.seen[usize::from(code)], true)
    }

    fn as_slice(&self) -> &[u8] {
        &self.list[..self.len]
    }

    /// RFC 2132 §3.3 wants the subnet mask before the routers; ISC lets the two change places.
    fn mask_before_routers(&mut self) {
        let find = |code: OptionCode| self.as_slice().iter().position(|&c| c == code.0);
        if let (Some(mask), Some(routers)) =
            (find(OptionCode::SUBNET_MASK), find(OptionCode::ROUTERS))
            && routers < mask
        {
            self.list.swap(mask, routers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(of: &[u8]) -> Codes {
        let mut codes = Codes::default();
        of.iter().for_each(|&code| codes.push(code));
        codes
    }

    #[test]
    fn each_code_stands_once() {
        assert_eq!(codes(&[3, 3, 1, 6, 3, 0, 255, 82]).as_slice(), [3, 1, 6]);
    }

    #[test]
    fn mask_and_routers_change_places() {
        for (asked, sent) in [
            ([3, 7, 12, 67, 1], [1, 7, 12, 67, 3]),
            ([42, 6, 3, 28, 1], [42, 6, 1, 28, 3]),
            ([1, 3, 6, 7, 8], [1, 3, 6, 7, 8]),
        ] {
            let mut codes = codes(&asked);
            codes.mask_before_routers();
            assert_eq!(codes.as_slice(), sent);
        }
    }

    #[test]
    fn a_new_code_is_first_in_its_bucket() {
        let mut codes = codes(&[3, 6, 42, 15]);
        codes.push_in_bucket(23);
        assert_eq!(codes.as_slice(), [3, 23, 6, 42, 15]);
        codes.push_in_bucket(15);
        assert_eq!(codes.as_slice().len(), 5);
    }
}
