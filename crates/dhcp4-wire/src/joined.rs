//! The value of an option, all its fragments together (RFC 3396).

use crate::code::OptionCode;
use crate::options_iter::OptionIter;
use core::fmt;

/// The value of an option. Where a packet holds a code several times, the values are fragments of
/// one, in wire order (RFC 3396 §5; ISC dhcpd does so for every code). Nothing is copied until
/// asked.
#[derive(Clone)]
pub struct Joined<'a> {
    first: &'a [u8],
    more: Option<More<'a>>,
}

/// What may follow the first fragment.
#[derive(Clone)]
struct More<'a> {
    /// The code to look for.
    code: OptionCode,
    /// The walk after the first fragment.
    rest: OptionIter<'a>,
    /// Length of the whole value, at most.
    len: usize,
}

impl<'a> Joined<'a> {
    pub(crate) fn whole(first: &'a [u8]) -> Self {
        Self { first, more: None }
    }

    pub(crate) fn fragmented(first: &'a [u8], code: OptionCode, rest: OptionIter<'a>) -> Self {
        let more = More {
            code,
            rest,
            len: usize::MAX,
        };
        Self {
            first,
            more: Some(more),
        }
    }

    /// The fragments in wire order; at least one, and any may be empty.
    pub fn fragments(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let mut left = self.more.as_ref().map_or(self.first.len(), |more| more.len);
        let more = self
            .more
            .clone()
            .into_iter()
            .flat_map(|More { code, rest, .. }| {
                rest.filter(move |(other, _)| *other == code)
                    .map(|(_, data)| data)
            });
        core::iter::once(self.first)
            .chain(more)
            .map(move |fragment| {
                let kept = &fragment[..fragment.len().min(left)];
                left -= kept.len();
                kept
            })
    }

    /// The value without zero bytes at its end. ISC dhcpd reads text options so (RFC 2132 §2).
    #[must_use]
    pub fn without_trailing_nuls(mut self) -> Self {
        let ends = self.bytes().enumerate().filter(|(_, byte)| *byte != 0);
        let len = ends.last().map_or(0, |(index, _)| index + 1);
        match &mut self.more {
            Some(more) => more.len = len,
            None => self.first = &self.first[..len],
        }
        self
    }

    /// The bytes of the value.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        self.fragments().flatten().copied()
    }

    /// Length of the value in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.more {
            None => self.first.len(),
            Some(_) => self.fragments().map(<[u8]>::len).sum(),
        }
    }

    /// Is the value of no bytes?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fragments().all(<[u8]>::is_empty)
    }

    /// The value as it lies in the packet; `None` if it is in several fragments.
    #[must_use]
    pub fn as_slice(&self) -> Option<&'a [u8]> {
        match self.more {
            None => Some(self.first),
            Some(_) => None,
        }
    }

    /// The value in one piece: as it lies in the packet, or joined in `scratch`. `None` if it is in
    /// several fragments and `scratch` is too short for them.
    #[must_use]
    pub fn contiguous<'b>(&self, scratch: &'b mut [u8]) -> Option<&'b [u8]>
    where
        'a: 'b,
    {
        if let Some(slice) = self.as_slice() {
            return Some(slice);
        }
        let mut len = 0;
        for fragment in self.fragments() {
            scratch
                .get_mut(len..len + fragment.len())?
                .copy_from_slice(fragment);
            len += fragment.len();
        }
        Some(&scratch[..len])
    }

    /// The value in a vector of its own.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len());
        self.fragments()
            .for_each(|fragment| out.extend_from_slice(fragment));
        out
    }

    /// The value if it is exactly `N` bytes long.
    #[must_use]
    pub fn to_array<const N: usize>(&self) -> Option<[u8; N]> {
        match self.as_slice() {
            Some(slice) => slice.try_into().ok(),
            None => {
                let mut out = [0; N];
                (self.len() == N).then(|| {
                    out.iter_mut()
                        .zip(self.bytes())
                        .for_each(|(to, from)| *to = from);
                    out
                })
            }
        }
    }
}

/// Equal when the joined bytes are, however they are cut.
impl PartialEq<[u8]> for Joined<'_> {
    fn eq(&self, other: &[u8]) -> bool {
        match self.as_slice() {
            Some(slice) => slice == other,
            None => self.bytes().eq(other.iter().copied()),
        }
    }
}

/// Equal when the joined bytes are, however they are cut.
impl PartialEq for Joined<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes().eq(other.bytes())
    }
}

impl Eq for Joined<'_> {}

/// The bytes in hexadecimal, joined.
impl fmt::Debug for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Joined(")?;
        self.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}
