//! What the walk over the options does with each code, worked out at compile time.

use crate::code::OptionCode;
use crate::option_table::LengthRule;

/// The options whose place is remembered, since servers ask for them in every packet.
const PLACED: [OptionCode; 8] = [
    OptionCode::DHCP_MESSAGE_TYPE,
    OptionCode::DHCP_CLIENT_IDENTIFIER,
    OptionCode::DHCP_REQUESTED_ADDRESS,
    OptionCode::DHCP_SERVER_IDENTIFIER,
    OptionCode::DHCP_PARAMETER_REQUEST_LIST,
    OptionCode::DHCP_MAX_MESSAGE_SIZE,
    OptionCode::RELAY_AGENT_INFORMATION,
    OptionCode::HOST_NAME,
];

/// Other options of any length that servers ask for: a bit tells whether they are there at all.
const NOTED: [OptionCode; 8] = [
    OptionCode::VENDOR_CLASS_IDENTIFIER,
    OptionCode::USER_CLASS,
    OptionCode::FQDN,
    OptionCode::PXE_SYSTEM_TYPE,
    OptionCode::PXE_CLIENT_ID,
    OptionCode::DHCP_MESSAGE,
    OptionCode::VENDOR_ENCAPSULATED_OPTIONS,
    OptionCode::DOMAIN_NAME,
];

/// What the walk does with a code.
#[derive(Clone, Copy)]
#[repr(align(32))]
pub(crate) struct Rule {
    /// Bit of [`Index::seen`], never the lowest; 0 for codes that have none.
    pub(crate) bit: u64,
    /// Lane of [`Index::places`]; 0 for codes that have none.
    pub(crate) lanes: [u64; 2],
    /// Row of [`WRONG_LENGTH`].
    pub(crate) row: u8,
}

/// Rows of [`WRONG_LENGTH`]: a power of two, so that a mask bounds the index.
pub(crate) const ROWS: usize = 16;

struct Tables {
    rules: [Rule; 256],
    wrong_length: [[bool; 256]; ROWS],
    fixed_length: u64,
}

/// Placed and noted codes have a bit, and those of a fixed length: these must not be repeated.
const TABLES: Tables = {
    let mut rules = [Rule {
        bit: 0,
        lanes: [0; 2],
        row: 0,
    }; 256];
    let mut bits = 0;
    while bits < PLACED.len() {
        let rule = &mut rules[PLACED[bits].0 as usize];
        rule.lanes[bits / 4] = 0xffff << (bits % 4 * 16);
        rule.bit = 2 << bits;
        rules[NOTED[bits].0 as usize].bit = 2 << (bits + PLACED.len());
        bits += 1;
    }
    bits += NOTED.len();

    let mut lengths = [LengthRule::ANY; ROWS];
    let (mut fixed_length, mut rows, mut code) = (0, 1, 0);
    while code < 256 {
        let rule = &mut rules[code];
        let wanted = OptionCode(code as u8).length_rule();
        let mut row = 0;
        while row < rows && !lengths[row].same(wanted) {
            row += 1;
        }
        if row == rows {
            lengths[row] = wanted;
            rows += 1;
        }
        rule.row = row as u8;
        if wanted.exact {
            if rule.bit == 0 {
                rule.bit = 2 << bits;
                bits += 1;
            }
            fixed_length |= rule.bit;
        }
        code += 1;
    }
    let mut wrong_length = [[false; 256]; ROWS];
    let mut cell = 0;
    while cell < ROWS * 256 {
        wrong_length[cell / 256][cell % 256] = !lengths[cell / 256].allows(cell % 256);
        cell += 1;
    }
    Tables {
        rules,
        wrong_length,
        fixed_length,
    }
};

/// By code.
pub(crate) static RULES: [Rule; 256] = TABLES.rules;
/// By row and length: is the length ruled out? One load instead of three comparisons.
pub(crate) static WRONG_LENGTH: [[bool; 256]; ROWS] = TABLES.wrong_length;
/// Bits of the codes whose length is fixed.
pub(crate) const FIXED_LENGTH: u64 = TABLES.fixed_length;
/// Bit of option 52, which every packet is asked for.
pub(crate) const OVERLOAD: u64 = TABLES.rules[OptionCode::DHCP_OPTION_OVERLOAD.0 as usize].bit;
