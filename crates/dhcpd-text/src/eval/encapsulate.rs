//! Option spaces put into options, and the options of a reply.

use super::data::joined;
use super::table::{OptionList, walk_order};
use super::{MAX_VALUE, Run};
use crate::conf::{OptionId, SpaceId};

/// Option 43: vendor-encapsulated-options.
const VENDOR_OPTIONS: u8 = 43;
/// Option 82, which is the relay agent's.
const AGENT_OPTIONS: u8 = 82;
/// The least code of a site's own options (RFC 3942), unless an option space for them has lesser ones.
const SITE_CODE: u32 = 224;
/// The least code that ISC takes for a site's own.
const MIN_SITE_CODE: u32 = 128;

impl Run<'_> {
    /// The options of DHCP itself, and those that hold option spaces.
    pub(super) fn option_list(&mut self) -> OptionList {
        let mut list = OptionList::default();
        let site = self.named_space(|settings| settings.site_option_space);
        let from = site.map_or(u32::MAX, |site| self.least_site_code(site));
        self.push_codes(SpaceId::DHCP, |code| code < from, &mut list);
        if let Some(site) = site {
            self.push_codes(site, |code| code >= from && code < 255, &mut list);
        }
        let within_dhcp: Vec<(u8, SpaceId)> = self
            .spaces
            .holders(SpaceId::DHCP)
            .filter_map(|(code, space)| Some((u8::try_from(code).ok()?, space)))
            .filter(|(code, _)| *code != AGENT_OPTIONS && u32::from(*code) < from)
            .collect();
        for (code, space) in within_dhcp {
            if !self.table.has(OptionId::dhcp(code))
                && let Some(value) = self.encapsulated(space)
            {
                list.push(code, value);
            }
        }
        let vendor = OptionId::dhcp(VENDOR_OPTIONS);
        if !self.table.has(vendor)
            && self.spaces.holds_vendor_options(vendor)
            && let Some(space) = self.vendor_option_space()
            && let Some(value) = self.encapsulated(space)
        {
            list.push(VENDOR_OPTIONS, value);
        }
        list
    }

    fn push_codes(&mut self, space: SpaceId, wanted: impl Fn(u32) -> bool, list: &mut OptionList) {
        let mut codes = self.table.codes(space);
        codes.retain(|code| wanted(*code));
        walk_order(&mut codes);
        for code in codes {
            let Ok(short) = u8::try_from(code) else {
                continue;
            };
            if let Some(value) = self.configured(OptionId { space, code })
                && !value.is_empty()
            {
                list.push(short, value);
            }
        }
    }

    /// The least code of a site's own options.
    fn least_site_code(&self, site: SpaceId) -> u32 {
        let defined = self.spaces.codes(site).min().unwrap_or(SITE_CODE);
        defined.clamp(MIN_SITE_CODE, SITE_CODE)
    }

    /// The options of a space that are set, one after the other; `None` if there are none.
    fn encapsulated(&mut self, space: SpaceId) -> Option<Vec<u8>> {
        if !self.enter() {
            return None;
        }
        let value = match space {
            SpaceId::FQDN => self.fqdn(),
            // ISC dhcpd puts these together and forgets how long they are: none is ever sent.
            SpaceId::NWIP => None,
            _ => self.options_of(space),
        };
        self.leave();
        value
    }

    fn options_of(&mut self, space: SpaceId) -> Option<Vec<u8>> {
        let mut codes = self.table.codes(space);
        if codes.is_empty() {
            return None;
        }
        walk_order(&mut codes);
        let mut whole = Vec::new();
        for code in codes {
            if let Some(value) = self.configured(OptionId { space, code }) {
                self.append(space, code, &value, &mut whole);
            }
        }
        // Spaces within this one.
        let inner: Vec<(u32, SpaceId)> = self.spaces.holders(space).collect();
        for (code, inner) in inner {
            if !self.table.has(OptionId { space, code })
                && let Some(value) = self.encapsulated(inner)
            {
                self.append(space, code, &value, &mut whole);
            }
        }
        (!whole.is_empty()).then_some(whole)
    }

    /// One option with its code and length. A value that is empty is left out, if options of this type have one.
    fn append(&self, space: SpaceId, code: u32, value: &[u8], whole: &mut Vec<u8>) {
        let widths = self.spaces.get(space);
        let nothing = self.spaces.is_empty_type(OptionId { space, code });
        if value.is_empty() && !nothing || value.len() + whole.len() > MAX_VALUE {
            return;
        }
        let (code, length) = (code.to_be_bytes(), (value.len() as u32).to_be_bytes());
        whole.extend_from_slice(&code[4 - usize::from(widths.code_width)..]);
        whole.extend_from_slice(&length[4 - usize::from(widths.length_width)..]);
        whole.extend_from_slice(value);
    }

    /// Option 81 of its parts (RFC 4702 §2).
    fn fqdn(&mut self) -> Option<Vec<u8>> {
        let space = SpaceId::FQDN;
        if self.table.codes(space).is_empty() {
            return None;
        }
        let part =
            |run: &mut Self, code| run.configured(OptionId { space, code }).unwrap_or_default();
        let first = |run: &mut Self, code| part(run, code).first().copied().unwrap_or(0);
        let bit = |run: &mut Self, code, bit: u8| if first(run, code) != 0 { bit } else { 0 };
        let encoded = bit(self, 3, 4);
        let flags = bit(self, 1, 2) | bit(self, 2, 1) | encoded;
        let head = vec![flags, first(self, 4), first(self, 5)];
        let name = part(self, 8);
        match encoded {
            0 => joined(head, &name),
            _ if name.is_empty() => Some(head),
            _ => joined(head, &labels(&name)?),
        }
    }
}

/// A name with dots in the form of RFC 1035.
fn labels(name: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for label in name.split(|byte| *byte == b'.') {
        if label.is_empty() {
            break;
        }
        out.push(u8::try_from(label.len()).ok()?);
        out.extend_from_slice(label);
    }
    out.push(0);
    Some(out)
}
