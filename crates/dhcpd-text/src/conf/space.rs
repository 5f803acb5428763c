//! Option spaces, and the options that are defined in each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::format::{Field, Format};
use super::option_table as table;
use super::parameters;

/// Names an option: a space, and a code in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OptionId {
    /// The space.
    pub space: SpaceId,
    /// The code. In the space [`SERVER`](SpaceId::SERVER) it is what [`Settings::set`](super::Settings::set) takes.
    pub code: u32,
}

impl OptionId {
    /// An option of DHCP itself.
    #[must_use]
    pub const fn dhcp(code: u8) -> Self {
        Self {
            space: SpaceId::DHCP,
            code: code as u32,
        }
    }
}

/// Index into [`Spaces`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpaceId(pub usize);

impl SpaceId {
    /// `dhcp`: the options of RFC 2132 and its successors.
    pub const DHCP: Self = Self(0);
    /// `server`: the parameters of the server.
    pub const SERVER: Self = Self(1);
    /// `agent`: the sub-options of option 82.
    pub const AGENT: Self = Self(2);
    /// `fqdn`: the parts of option 81, which are sub-options in configurations only.
    pub const FQDN: Self = Self(3);
    /// `nwip`: the sub-options of option 63 (RFC 2242).
    pub const NWIP: Self = Self(4);
    /// `vendor-class`: what vendors have in option 124 (RFC 3925).
    pub const VENDOR_CLASS: Self = Self(5);
    /// `vendor`: what vendors have in option 125 (RFC 3925).
    pub const VENDOR: Self = Self(6);
    /// `isc`: ISC's own in option 125.
    pub const ISC: Self = Self(7);
}

/// One option space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// Its name.
    pub name: String,
    /// Bytes of a code: 1, 2 or 4.
    pub code_width: u8,
    /// Bytes of a length: 1 or 2.
    pub length_width: u8,
    /// The option that holds the options of this space, if one does by its definition.
    pub within: Option<OptionId>,
    /// Names in lower case: in ISC dhcpd any case will do.
    by_name: BTreeMap<String, Arc<Definition>>,
    by_code: BTreeMap<u32, Arc<Definition>>,
}

/// What an option is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) code: u32,
    pub(super) name: String,
    pub(super) format: Format,
}

/// All option spaces of a configuration, those that are always there first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spaces {
    list: Vec<Space>,
    /// Names in lower case.
    by_name: BTreeMap<String, SpaceId>,
    /// Which options hold the options of a space.
    encapsulate: BTreeMap<OptionId, SpaceId>,
}

impl Default for Spaces {
    fn default() -> Self {
        let mut spaces = Self {
            list: Vec::new(),
            by_name: BTreeMap::new(),
            encapsulate: BTreeMap::new(),
        };
        for (name, code_width, length_width) in BUILT_IN {
            spaces.add(name, code_width, length_width);
        }
        for (space, options) in table::BUILT_IN {
            for (code, name, format) in options {
                spaces.define(space, *code, name, format.clone());
            }
        }
        for (code, name, format) in parameters::options() {
            spaces.define(SpaceId::SERVER, code, name, format);
        }
        for (option, space) in [
            (OptionId::dhcp(63), SpaceId::NWIP),
            (OptionId::dhcp(81), SpaceId::FQDN),
            (OptionId::dhcp(82), SpaceId::AGENT),
            (OptionId::dhcp(124), SpaceId::VENDOR_CLASS),
            (OptionId::dhcp(125), SpaceId::VENDOR),
            (ISC_IN_VENDOR, SpaceId::ISC),
        ] {
            spaces.encapsulate(option, space, true);
        }
        spaces
    }
}

/// ISC's enterprise number.
const ISC_IN_VENDOR: OptionId = OptionId {
    space: SpaceId::VENDOR,
    code: 2495,
};

/// Name, width of a code, width of a length; in the order of the constants of [`SpaceId`].
const BUILT_IN: [(&str, u8, u8); 8] = [
    ("dhcp", 1, 1),
    ("server", 4, 1),
    ("agent", 1, 1),
    ("fqdn", 1, 1),
    ("nwip", 1, 1),
    ("vendor-class", 4, 1),
    ("vendor", 4, 1),
    ("isc", 2, 2),
];

impl Spaces {
    /// The space of this name, in any case.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<SpaceId> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// A space.
    ///
    /// # Panics
    /// If it is none of these.
    #[must_use]
    pub fn get(&self, space: SpaceId) -> &Space {
        &self.list[space.0]
    }

    /// All spaces.
    pub fn iter(&self) -> impl Iterator<Item = (SpaceId, &Space)> {
        self.list
            .iter()
            .enumerate()
            .map(|(index, space)| (SpaceId(index), space))
    }

    /// The space whose options an option holds.
    #[must_use]
    pub fn encapsulated(&self, option: OptionId) -> Option<SpaceId> {
        self.encapsulate.get(&option).copied()
    }

    /// The options of a space that hold the options of another one: codes and those spaces, in the order of the spaces.
    pub fn holders(&self, space: SpaceId) -> impl Iterator<Item = (u32, SpaceId)> {
        self.iter().filter_map(move |(inner, declared)| {
            let within = declared.within.filter(|within| within.space == space)?;
            (self.encapsulated(within) == Some(inner)).then_some((within.code, inner))
        })
    }

    /// The codes that are defined in a space.
    pub fn codes(&self, space: SpaceId) -> impl Iterator<Item = u32> {
        self.get(space).by_code.keys().copied()
    }

    /// Whether an option is there or not, and has no value.
    #[must_use]
    pub fn is_empty_type(&self, option: OptionId) -> bool {
        let definition = self.get(option.space).by_code.get(&option.code);
        definition.is_some_and(|definition| definition.format.fields[0] == Field::Nothing)
    }

    /// Whether an option is a list of names with pointers among them.
    pub(crate) fn is_compressed_list(&self, option: OptionId) -> bool {
        let definition = self.get(option.space).by_code.get(&option.code);
        definition.is_some_and(|definition| {
            definition.format.fields[..] == [Field::DomainList { compressed: true }]
        })
    }

    /// Whether an option is text, which clients may end with zero bytes (RFC 2132 §2).
    pub(crate) fn is_text(&self, option: OptionId) -> bool {
        let definition = self.get(option.space).by_code.get(&option.code);
        definition.is_some_and(|definition| definition.format.fields[..] == [Field::Text])
    }

    /// Whether an option holds those of the space that `vendor-option-space` names: option 43, unless it was defined
    /// anew.
    #[must_use]
    pub fn holds_vendor_options(&self, option: OptionId) -> bool {
        let definition = self.get(option.space).by_code.get(&option.code);
        option == OptionId::dhcp(43)
            && definition.is_some_and(|definition| definition.name == "vendor-encapsulated-options")
    }

    /// The name of an option, as messages have it: `routers`, `agent.circuit-id`, `unknown-224`.
    #[must_use]
    pub fn name(&self, option: OptionId) -> String {
        let space = self.get(option.space);
        let name = match space.by_code.get(&option.code) {
            Some(definition) => definition.name.clone(),
            None => format!("unknown-{}", option.code),
        };
        match option.space {
            SpaceId::DHCP => name,
            _ => format!("{}.{name}", space.name),
        }
    }

    /// Adds a space; one of the same name can't be named any more, as in ISC.
    pub(super) fn add(&mut self, name: &str, code_width: u8, length_width: u8) {
        let id = SpaceId(self.list.len());
        self.list.push(Space {
            name: name.to_owned(),
            code_width,
            length_width,
            within: None,
            by_name: BTreeMap::new(),
            by_code: BTreeMap::new(),
        });
        self.by_name.insert(name.to_ascii_lowercase(), id);
    }

    /// Defines an option. Its name no longer stands for another code then, and its code has this type from now on;
    /// another name of that code stays, with the type that it had.
    pub(super) fn define(&mut self, space: SpaceId, code: u32, name: &str, format: Format) {
        let lower = name.to_ascii_lowercase();
        let space = &mut self.list[space.0];
        if let Some(former) = space.by_name.get(&lower) {
            space.by_code.remove(&former.code);
        }
        let definition = Arc::new(Definition {
            code,
            name: name.to_owned(),
            format,
        });
        space.by_code.insert(code, Arc::clone(&definition));
        space.by_name.insert(lower, definition);
    }

    /// Makes an option one that holds the options of a space. Only if it holds nothing else it is put together of
    /// them, as in ISC, and taken apart.
    pub(super) fn encapsulate(&mut self, option: OptionId, space: SpaceId, alone: bool) {
        match alone {
            true => self.encapsulate.insert(option, space),
            false => self.encapsulate.remove(&option),
        };
        self.list[space.0].within.get_or_insert(option);
    }

    /// An option is no longer one that holds others.
    pub(super) fn no_encapsulation(&mut self, option: OptionId) {
        self.encapsulate.remove(&option);
    }

    pub(super) fn by_name(&self, space: SpaceId, name: &str) -> Option<Arc<Definition>> {
        self.list[space.0]
            .by_name
            .get(&name.to_ascii_lowercase())
            .cloned()
    }

    pub(super) fn by_code(&self, space: SpaceId, code: u32) -> Option<Arc<Definition>> {
        self.list[space.0].by_code.get(&code).cloned()
    }

    /// All names of a space, for suggestions.
    pub(super) fn names(&self, space: SpaceId) -> impl Iterator<Item = &str> {
        self.list[space.0].by_name.keys().map(String::as_str)
    }
}

impl Space {
    /// The largest code that can be written.
    #[must_use]
    pub fn max_code(&self) -> u32 {
        match self.code_width {
            1 => u8::MAX.into(),
            2 => u16::MAX.into(),
            _ => u32::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_their_constants() {
        let spaces = Spaces::default();
        for (name, id) in [
            ("dhcp", SpaceId::DHCP),
            ("Server", SpaceId::SERVER),
            ("agent", SpaceId::AGENT),
            ("fqdn", SpaceId::FQDN),
            ("nwip", SpaceId::NWIP),
            ("vendor-class", SpaceId::VENDOR_CLASS),
            ("vendor", SpaceId::VENDOR),
            ("isc", SpaceId::ISC),
        ] {
            assert_eq!(spaces.named(name), Some(id), "{name}");
        }
        assert_eq!(
            spaces.encapsulated(OptionId::dhcp(82)),
            Some(SpaceId::AGENT)
        );
        assert_eq!(spaces.get(SpaceId::ISC).within, Some(ISC_IN_VENDOR));
    }

    #[test]
    fn names_of_options() {
        let spaces = Spaces::default();
        let agent = |code| OptionId {
            space: SpaceId::AGENT,
            code,
        };
        assert_eq!(spaces.name(OptionId::dhcp(3)), "routers");
        assert_eq!(spaces.name(OptionId::dhcp(224)), "unknown-224");
        assert_eq!(spaces.name(agent(1)), "agent.circuit-id");
        assert_eq!(spaces.name(agent(99)), "agent.unknown-99");
    }

    #[test]
    fn a_code_that_is_defined_anew_keeps_its_other_names() {
        let mut spaces = Spaces::default();
        let old = spaces.by_name(SpaceId::DHCP, "domain-search").unwrap();
        let text = spaces.by_code(SpaceId::DHCP, 12).unwrap().format.clone();
        spaces.define(SpaceId::DHCP, 119, "search-list", text.clone());
        assert_eq!(spaces.by_name(SpaceId::DHCP, "Domain-Search"), Some(old));
        assert_eq!(spaces.by_code(SpaceId::DHCP, 119).unwrap().format, text);
        spaces.define(SpaceId::DHCP, 200, "search-list", text);
        assert_eq!(spaces.by_code(SpaceId::DHCP, 119), None);
    }
}
