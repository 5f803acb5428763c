//! From bytes to a checked index of the options.
//!
//! nom takes the fixed part apart, and option 82 where speed is no concern. The walk over the
//! options is written out: it is the hot path of every server, and one loop without intermediate
//! results is what makes it fast.

use crate::code::OptionCode;
use crate::error::{DecodeError, DecodeReason};
use crate::index::{Index, Known};
use crate::options_iter::OptionIter;
use crate::relay::well_formed;
use crate::rules::{FIXED_LENGTH, OVERLOAD, ROWS, RULES, WRONG_LENGTH};
use nom::IResult;
use nom::Parser;
use nom::bytes::complete::take;
use nom::combinator::{map_opt, opt, verify};

/// Bytes of the fixed fields, `op` to `file` (RFC 2131 §2).
pub(crate) const HEADER_LEN: usize = 236;
/// RFC 2131 §3: the four bytes that say "options follow".
pub(crate) const MAGIC_COOKIE: [u8; 4] = [99, 130, 83, 99];
/// Where the options begin: after the fixed fields and the cookie.
pub(crate) const OPTIONS_AT: usize = HEADER_LEN + MAGIC_COOKIE.len();
pub(crate) const SNAME_AT: usize = 44;
pub(crate) const FILE_AT: usize = 108;
/// What UDP over IPv4 can carry; also, every place in a packet then fits 16 bits.
const MAX_LEN: usize = 65_507;
/// Bytes of `chaddr`.
pub(crate) const CHADDR_LEN: usize = 16;
const HLEN_AT: usize = 2;

/// The fixed fields of a packet, once their number and `hlen` are checked.
pub(crate) struct Fixed<'a> {
    pub(crate) header: &'a [u8; HEADER_LEN],
    /// Does the magic cookie follow?
    pub(crate) cookie: bool,
}

/// Checks the fixed part.
#[inline(always)]
pub(crate) fn fixed(buf: &[u8]) -> Result<Fixed<'_>, DecodeError> {
    if buf.len() > MAX_LEN {
        return fail(MAX_LEN, DecodeReason::TooLong { len: buf.len() });
    }
    let Ok((_, fixed)) = fixed_part(buf) else {
        return fail(buf.len(), DecodeReason::TooShort { len: buf.len() });
    };
    let hlen = fixed.header[HLEN_AT];
    if usize::from(hlen) > CHADDR_LEN {
        return fail(HLEN_AT, DecodeReason::HardwareLength { hlen });
    }
    Ok(fixed)
}

#[inline]
fn fixed_part(buf: &[u8]) -> IResult<&[u8], Fixed<'_>> {
    let header = map_opt(take(HEADER_LEN), |bytes: &[u8]| bytes.first_chunk());
    let cookie = opt(verify(take(MAGIC_COOKIE.len()), |bytes: &[u8]| {
        bytes == MAGIC_COOKIE
    }));
    let fixed = |(header, cookie): (_, Option<_>)| Fixed {
        header,
        cookie: cookie.is_some(),
    };
    (header, cookie).map(fixed).parse(buf)
}

/// Checks the bounds of all options and says where they are. Inlined, as are those it calls: the
/// index then never leaves the registers, and that is worth a third of the time.
#[inline(always)]
pub(crate) fn index(buf: &[u8], cookie: bool) -> Result<Index, DecodeError> {
    let mut index = Index::blank(cookie);
    if !cookie {
        return Ok(index);
    }
    walk(buf, OPTIONS_AT, &mut index).map_err(|at| explain(buf, at))?;
    if index.seen & OVERLOAD != 0 {
        overloaded(buf, &mut index)?;
    }
    match index.find(OptionCode::RELAY_AGENT_INFORMATION) {
        Known::Absent => {}
        Known::Once(at) => index.note(Index::RELAY_CUT, !is_intact(value_at(buf, at))),
        Known::Walk => index.note(Index::RELAY_CUT, !all_intact(buf, &index)),
    }
    index.note(Index::SUSPICIOUS, index.repeated & FIXED_LENGTH != 0);
    if index.any(Index::SUSPICIOUS) {
        client_identifier_says_something(buf, &index)?;
    }
    Ok(index)
}

/// Walks the fields that option 52 says hold options, too.
#[cold]
fn overloaded(buf: &[u8], index: &mut Index) -> Result<(), DecodeError> {
    index.overload = overload(buf);
    for (bit, at, end) in [(1, FILE_AT, HEADER_LEN), (2, SNAME_AT, FILE_AT)] {
        if index.overload & bit != 0 {
            let field = &buf[..end];
            walk(field, at, index).map_err(|at| explain(field, at))?;
        }
    }
    Ok(())
}

/// The bits of option 52 in the options field. dhcpd looks at the first byte of it, whatever its
/// length.
fn overload(buf: &[u8]) -> u32 {
    let mut options =
        OptionIter::new(buf, 0).filter(|(code, _)| *code == OptionCode::DHCP_OPTION_OVERLOAD);
    let first = options.find_map(|(_, value)| value.first());
    first.map_or(0, |bits| u32::from(bits & 3))
}

/// Walks the options of one field, which begins at `at` and ends with the slice. The error is the
/// place of an option that cannot be read.
#[inline(always)]
fn walk(field: &[u8], at: usize, index: &mut Index) -> Result<(), usize> {
    let Index {
        mut seen,
        mut repeated,
        places: [mut low, mut high],
        ..
    } = *index;
    let mut rest = &field[at..];
    loop {
        let at = field.len() - rest.len();
        match rest {
            [code @ 1..=254, len, after @ ..] => {
                rest = after.get(usize::from(*len)..).ok_or(at)?;
                let rule = &RULES[usize::from(*code)];
                let row = &WRONG_LENGTH[usize::from(rule.row) % ROWS];
                repeated |= (seen & rule.bit) | u64::from(row[usize::from(*len)]);
                seen |= rule.bit;
                let in_all_lanes = at as u64 * 0x0001_0001_0001_0001;
                low |= in_all_lanes & rule.lanes[0];
                high |= in_all_lanes & rule.lanes[1];
            }
            [0, after @ ..] => rest = after,
            [1..=254] => return Err(at),
            [] | [255, ..] => break,
        }
    }
    (index.seen, index.repeated, index.places) = (seen, repeated, [low, high]);
    index.note(Index::SUSPICIOUS, repeated & 1 != 0);
    Ok(())
}

/// What is wrong with the option at this place.
#[cold]
fn explain(field: &[u8], offset: usize) -> DecodeError {
    let code = OptionCode(field[offset]);
    let reason = match field[offset + 1..] {
        [] => DecodeReason::MissingLength { code },
        [len, ref left @ ..] => DecodeReason::Overrun {
            code,
            len,
            left: left.len(),
        },
    };
    DecodeError { offset, reason }
}

#[cold]
fn fail<T>(offset: usize, reason: DecodeReason) -> Result<T, DecodeError> {
    Err(DecodeError { offset, reason })
}

/// The value of the option whose code byte is here; its bounds have been checked.
#[inline]
pub(crate) fn value_at(buf: &[u8], at: usize) -> &[u8] {
    let value = &buf[at + 2..];
    &value[..usize::from(buf[at + 1])]
}

/// dhcpd drops a packet whose option 61 is empty.
#[cold]
fn client_identifier_says_something(buf: &[u8], index: &Index) -> Result<(), DecodeError> {
    let mut place = None;
    let mut options = OptionIter::new(buf, index.overload);
    while let Some((code, value)) = options.next() {
        if code == OptionCode::DHCP_CLIENT_IDENTIFIER {
            place = place.or(Some(options.place() - 2));
            if !value.is_empty() {
                return Ok(());
            }
        }
    }
    place.map_or(Ok(()), |at| fail(at, DecodeReason::EmptyClientIdentifier))
}

#[cold]
fn all_intact(buf: &[u8], index: &Index) -> bool {
    let code = OptionCode::RELAY_AGENT_INFORMATION;
    OptionIter::new(buf, index.overload)
        .filter(|(other, _)| *other == code)
        .all(|(_, data)| is_intact(data))
}

/// Do sub-options fill the value exactly?
#[inline]
fn is_intact(data: &[u8]) -> bool {
    well_formed(data) == data.len()
}
