//! From bytes to a checked index of the options.
//!
//! nom takes the fixed part apart, and option 82 where speed is no concern. The walk over the options is written out: it is
//! the hot path of every server, and one loop without intermediate results is what makes it fast.

use crate::code::OptionCode;
use crate::error::{DecodeError, DecodeReason};
use crate::options_iter::OptionIter;
use crate::relay::well_formed;
use nom::IResult;
use nom::Parser;
use nom::bytes::complete::{tag, take};
use nom::combinator::{map_opt, opt};

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

const PAD: u8 = OptionCode::PAD.0;
const END: u8 = OptionCode::END.0;

/// The options whose place is remembered, since servers ask for them in every packet.
const INDEXED: [OptionCode; 17] = [
    OptionCode::HOST_NAME,
    OptionCode::DHCP_REQUESTED_ADDRESS,
    OptionCode::DHCP_LEASE_TIME,
    OptionCode::DHCP_OPTION_OVERLOAD,
    OptionCode::DHCP_MESSAGE_TYPE,
    OptionCode::DHCP_SERVER_IDENTIFIER,
    OptionCode::DHCP_PARAMETER_REQUEST_LIST,
    OptionCode::DHCP_MESSAGE,
    OptionCode::DHCP_MAX_MESSAGE_SIZE,
    OptionCode::VENDOR_CLASS_IDENTIFIER,
    OptionCode::DHCP_CLIENT_IDENTIFIER,
    OptionCode::USER_CLASS,
    OptionCode::FQDN,
    OptionCode::RELAY_AGENT_INFORMATION,
    OptionCode::PXE_SYSTEM_TYPE,
    OptionCode::PXE_CLIENT_ID,
    OptionCode::SUBNET_SELECTION,
];

/// What the walk does with a code: one table entry of four bytes.
#[derive(Clone, Copy)]
struct Rule {
    min: u8,
    max: u8,
    /// A valid length has none of these bits.
    mask: u8,
    /// Index into [`Index::at`]; 0 for codes that are not indexed.
    slot: u8,
}

const fn rule(code: OptionCode) -> Rule {
    let lengths = code.length_rule();
    let mut slot = 0;
    let mut i = 0;
    while i < INDEXED.len() {
        if INDEXED[i].0 == code.0 {
            slot = i as u8 + 1;
        }
        i += 1;
    }
    Rule {
        min: lengths.min,
        max: if lengths.exact { lengths.min } else { 255 },
        mask: lengths.multiple - 1,
        slot,
    }
}

static RULES: [Rule; 256] = {
    let mut rules = [rule(OptionCode::PAD); 256];
    let mut code = 0;
    while code < 256 {
        rules[code] = rule(OptionCode(code as u8));
        code += 1;
    }
    rules
};

const OVERLOAD_SLOT: usize = RULES[OptionCode::DHCP_OPTION_OVERLOAD.0 as usize].slot as usize;
const RELAY_SLOT: usize = RULES[OptionCode::RELAY_AGENT_INFORMATION.0 as usize].slot as usize;

/// Where the options are.
#[derive(Clone, Copy)]
pub(crate) struct Index {
    /// Place of the first fragment's code byte by slot; 0 = absent. Slot 0 takes what is not indexed.
    at: [u16; INDEXED.len() + 1],
    /// Codes present, one bit each.
    seen: [u64; 4],
    /// Codes present more than once.
    repeated: [u64; 4],
    /// Fields that hold options besides the options field: bits of option 52 (1 file, 2 sname).
    pub(crate) overload: u8,
    /// Has some fragment a length its definition rules out, or is an option of fixed length repeated? If not, all are right.
    pub(crate) suspicious: bool,
    /// Do the sub-options of option 82 fill it exactly?
    pub(crate) relay_intact: bool,
}

impl Index {
    /// The options of a packet without the cookie: none.
    pub(crate) const EMPTY: Self = Self {
        at: [0; INDEXED.len() + 1],
        seen: [0; 4],
        repeated: [0; 4],
        overload: 0,
        suspicious: false,
        relay_intact: true,
    };

    pub(crate) fn contains(&self, code: OptionCode) -> bool {
        self.seen[word(code.0)] & bit(code.0) != 0
    }

    pub(crate) fn is_repeated(&self, code: OptionCode) -> bool {
        self.repeated[word(code.0)] & bit(code.0) != 0
    }

    /// Place of the first fragment's code byte, if the code is one of the indexed and present.
    pub(crate) fn place(&self, code: OptionCode) -> Option<usize> {
        match (RULES[usize::from(code.0)].slot, self.contains(code)) {
            (0, _) | (_, false) => None,
            (slot, true) => Some(usize::from(self.at[usize::from(slot)])),
        }
    }
}

const fn word(code: u8) -> usize {
    (code >> 6) as usize
}

const fn bit(code: u8) -> u64 {
    1 << (code & 63)
}

/// Checks a packet: the fixed part, and the bounds of every option. `None` where the cookie is missing.
pub(crate) fn packet(buf: &[u8]) -> Result<(&[u8; HEADER_LEN], Option<Index>), DecodeError> {
    let fail = |offset, reason| Err(DecodeError { offset, reason });
    if buf.len() > MAX_LEN {
        return fail(MAX_LEN, DecodeReason::TooLong { len: buf.len() });
    }
    let Ok((_, (header, cookie))) = fixed_part(buf) else {
        return fail(buf.len(), DecodeReason::TooShort { len: buf.len() });
    };
    if usize::from(header[HLEN_AT]) > CHADDR_LEN {
        return fail(
            HLEN_AT,
            DecodeReason::HardwareLength {
                hlen: header[HLEN_AT],
            },
        );
    }
    Ok((header, if cookie { Some(index(buf)?) } else { None }))
}

fn fixed_part(buf: &[u8]) -> IResult<&[u8], (&[u8; HEADER_LEN], bool)> {
    let header = map_opt(take(HEADER_LEN), |bytes: &[u8]| bytes.first_chunk());
    let cookie = opt(tag(&MAGIC_COOKIE[..])).map(|found| found.is_some());
    (header, cookie).parse(buf)
}

fn index(buf: &[u8]) -> Result<Index, DecodeError> {
    let mut index = Index::EMPTY;
    walk(buf, OPTIONS_AT, &mut index)?;
    let overload_at = usize::from(index.at[OVERLOAD_SLOT]);
    if overload_at != 0 && buf[overload_at + 1] != 0 {
        index.overload = buf[overload_at + 2] & 3;
        if index.overload & 1 != 0 {
            walk(&buf[..HEADER_LEN], FILE_AT, &mut index)?;
        }
        if index.overload & 2 != 0 {
            walk(&buf[..FILE_AT], SNAME_AT, &mut index)?;
        }
    }
    if index.at[RELAY_SLOT] != 0 {
        index.relay_intact = relay_intact(buf, &index);
    }
    if index.suspicious {
        client_identifier_says_something(buf, &index)?;
    }
    Ok(index)
}

/// Walks the options of one field, which begins at `at` and ends with the slice.
#[inline(always)]
fn walk(field: &[u8], mut at: usize, index: &mut Index) -> Result<(), DecodeError> {
    let mut suspicious = false;
    while let Some(&code) = field.get(at) {
        if code == PAD {
            at += 1;
            continue;
        }
        if code == END {
            break;
        }
        let Some(&len) = field.get(at + 1) else {
            return Err(DecodeError {
                offset: at,
                reason: DecodeReason::MissingLength {
                    code: OptionCode(code),
                },
            });
        };
        let next = at + 2 + usize::from(len);
        if next > field.len() {
            let left = field.len() - at - 2;
            return Err(DecodeError {
                offset: at,
                reason: DecodeReason::Overrun {
                    code: OptionCode(code),
                    len,
                    left,
                },
            });
        }
        let rule = RULES[usize::from(code)];
        let again = index.seen[word(code)] & bit(code) != 0;
        index.seen[word(code)] |= bit(code);
        index.repeated[word(code)] |= if again { bit(code) } else { 0 };
        if !again {
            index.at[usize::from(rule.slot)] = at as u16;
        }
        let fixed_twice = again & (rule.min == rule.max);
        suspicious |= (len < rule.min) | (len > rule.max) | (len & rule.mask != 0) | fixed_twice;
        at = next;
    }
    index.suspicious |= suspicious;
    Ok(())
}

/// dhcpd drops a packet whose option 61 is empty.
#[cold]
fn client_identifier_says_something(buf: &[u8], index: &Index) -> Result<(), DecodeError> {
    let Some(at) = index.place(OptionCode::DHCP_CLIENT_IDENTIFIER) else {
        return Ok(());
    };
    let mut fragments = OptionIter::new(buf, index.overload)
        .filter(|(code, _)| *code == OptionCode::DHCP_CLIENT_IDENTIFIER);
    if fragments.all(|(_, data)| data.is_empty()) {
        return Err(DecodeError {
            offset: at,
            reason: DecodeReason::EmptyClientIdentifier,
        });
    }
    Ok(())
}

fn relay_intact(buf: &[u8], index: &Index) -> bool {
    if index.is_repeated(OptionCode::RELAY_AGENT_INFORMATION) {
        let fragments = OptionIter::new(buf, index.overload);
        return fragments
            .filter(|(code, _)| *code == OptionCode::RELAY_AGENT_INFORMATION)
            .all(|(_, data)| well_formed(data) == data.len());
    }
    let at = usize::from(index.at[RELAY_SLOT]);
    let data = &buf[at + 2..at + 2 + usize::from(buf[at + 1])];
    well_formed(data) == data.len()
}
