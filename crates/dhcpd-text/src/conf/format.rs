//! The types that values of options and parameters have.

use std::borrow::Cow;

use super::SpaceId;

/// One part of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// An IPv4 address: 4 bytes.
    Address,
    /// An IPv6 address: 16 bytes.
    Address6,
    /// An integer of 1, 2 or 4 bytes. The sign is up to whoever writes it, as in ISC.
    Integer(u8),
    /// Seconds, 4 bytes; also `infinite`.
    Time,
    /// `true`, `on`, `false`, `off`, or `ignore`: 1, 0, 2.
    Flag,
    /// A quoted string, or one word.
    Text,
    /// One word.
    Word,
    /// A quoted string, or octets in hexadecimal with colons.
    Octets,
    /// The options of another space, or as [`Octets`](Self::Octets).
    Encapsulate(SpaceId),
    /// Nothing at all.
    Nothing,
    /// A domain name without quotes.
    DomainName,
    /// Quoted domain names with commas.
    DomainList {
        /// With pointers to earlier names (RFC 1035 §4.1.4).
        compressed: bool,
    },
    /// One of these words: the bytes are its place among them.
    Choice(&'static [&'static str]),
    /// A name with or without quotes, dots allowed.
    Name,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) fields: Cow<'static, [Field]>,
    /// Which fields may be written again, after a comma: the first is bit 0.
    pub(super) arrays: u64,
    /// The whole may be written again, after a comma.
    pub(super) array: bool,
    /// The last field may be left out.
    pub(super) optional: bool,
}

/// Fields in one record: as many as [`Format::arrays`] has bits.
pub(super) const MAX_FIELDS: usize = 64;

impl Format {
    pub(super) const fn of(fields: &'static [Field]) -> Self {
        Self {
            fields: Cow::Borrowed(fields),
            arrays: 0,
            array: false,
            optional: false,
        }
    }

    /// An array of such records.
    pub(super) const fn array(fields: &'static [Field]) -> Self {
        Self {
            fields: Cow::Borrowed(fields),
            arrays: 0,
            array: true,
            optional: false,
        }
    }

    /// A record whose last field may be written again.
    pub(super) const fn last_repeats(fields: &'static [Field]) -> Self {
        Self {
            fields: Cow::Borrowed(fields),
            arrays: 1 << (fields.len() - 1),
            array: false,
            optional: false,
        }
    }

    /// A record whose last field may be left out.
    pub(super) const fn last_optional(fields: &'static [Field]) -> Self {
        Self {
            fields: Cow::Borrowed(fields),
            arrays: 0,
            array: false,
            optional: true,
        }
    }

    pub(super) fn repeats(&self, field: usize) -> bool {
        self.arrays >> field & 1 == 1
    }
}

impl Field {
    /// How a message names it.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Address => "an IP address, such as 192.0.2.1",
            Self::Address6 => "an IPv6 address, such as 2001:db8::1",
            Self::Integer(1) => "a number from 0 to 255",
            Self::Integer(2) => "a number from 0 to 65535",
            Self::Integer(_) => "a number",
            Self::Time => "a number of seconds, without a unit",
            Self::Flag => "`true` or `false` (or `on` or `off`)",
            Self::Text => "a string in double quotes",
            Self::Word | Self::Name | Self::Choice(_) => "a word",
            Self::Octets | Self::Encapsulate(_) => {
                "a string in double quotes, or octets in hexadecimal such as 0a:1b:2c"
            }
            Self::Nothing => "no value",
            Self::DomainName => "a domain name without quotes",
            Self::DomainList { .. } => "domain names in double quotes, with commas",
        }
    }
}
