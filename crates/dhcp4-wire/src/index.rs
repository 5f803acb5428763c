//! Where the options of a packet are.

use crate::code::OptionCode;
use crate::rules::{RULES, Rule};

/// Where the options are: small enough for registers, which is where the walk keeps it.
#[derive(Clone, Copy)]
pub(crate) struct Index {
    /// Which codes are there, for those that have a bit.
    pub(crate) seen: u64,
    /// Which of these are there more than once. The lowest bit: some length is ruled out.
    pub(crate) repeated: u64,
    /// Places of the code bytes, 16 bits each, of the placed codes that are there once.
    pub(crate) places: [u64; 2],
    /// Fields that hold options besides the options field: bits of option 52 (1 file, 2 sname).
    pub(crate) overload: u32,
    /// Bits: see the constants.
    facts: u32,
}

/// What is known of a code without walking.
pub(crate) enum Known {
    /// It is not there.
    Absent,
    /// It is there once; its code byte is here.
    Once(usize),
    /// Not enough.
    Walk,
}

impl Index {
    /// The magic cookie precedes the options. Without it there are none.
    pub(crate) const COOKIE: u32 = 1;
    /// Some fragment has a length its definition rules out, or an option of fixed length is
    /// repeated. Otherwise all lengths are right.
    pub(crate) const SUSPICIOUS: u32 = 2;
    /// The sub-options of option 82 do not fill it exactly.
    pub(crate) const RELAY_CUT: u32 = 4;

    /// Nothing seen yet.
    pub(crate) const fn blank(cookie: bool) -> Self {
        Self {
            seen: 0,
            repeated: 0,
            places: [0; 2],
            overload: 0,
            facts: cookie as u32,
        }
    }

    /// Is any of these facts so?
    pub(crate) const fn any(&self, facts: u32) -> bool {
        self.facts & facts != 0
    }

    /// Records a fact, if it is so.
    pub(crate) fn note(&mut self, fact: u32, so: bool) {
        self.facts |= if so { fact } else { 0 };
    }

    /// What is known of this code.
    #[inline]
    pub(crate) fn find(&self, code: OptionCode) -> Known {
        let Rule {
            bit,
            lanes: [low, high],
            ..
        } = RULES[usize::from(code.0)];
        if bit == 0 || self.repeated & bit != 0 {
            Known::Walk
        } else if self.seen & bit == 0 {
            Known::Absent
        } else if low != 0 {
            Known::Once((self.places[0] >> low.trailing_zeros()) as u16 as usize)
        } else if high != 0 {
            Known::Once((self.places[1] >> high.trailing_zeros()) as u16 as usize)
        } else {
            Known::Walk
        }
    }
}
