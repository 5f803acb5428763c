//! Relay agent sub-options of a lease: `option agent.NAME VALUE;`.

use std::net::Ipv4Addr;

use super::text::{is_printable, put_address, put_decimal, put_quoted, put_short_hex};

/// A sub-option of the relay agent information option (RFC 3046) that came with the client's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentOption {
    /// Sub-option code.
    pub code: u8,
    /// Its bytes.
    pub data: Vec<u8>,
}

impl AgentOption {
    /// Appends the statement, as ISC `write_lease` and `pretty_print_option` have it, with two differences: text that
    /// ends in a NUL keeps it, and `relay-port` (which has no data) is written.
    ///
    /// Data that the sub-option's form has no text for is left out, as dhcpd does: an empty circuit, an address that
    /// hasn't four bytes. dhcpd would drop the whole lease if it met such a thing in the file.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let named = NAMED.iter().find(|(code, ..)| *code == self.code);
        let format = named.map_or(Format::Bytes, |(_, _, format)| *format);
        let four: Option<[u8; 4]> = self.data.as_slice().try_into().ok();
        let fits = match format {
            Format::Bytes => !self.data.is_empty(),
            Format::Address | Format::Number => four.is_some(),
            Format::Empty => self.data.is_empty(),
        };
        if !fits {
            return;
        }
        out.extend_from_slice(b"\n  option agent.");
        match named {
            Some((_, name, _)) => out.extend_from_slice(name.as_bytes()),
            None => {
                out.extend_from_slice(UNKNOWN.as_bytes());
                put_decimal(u64::from(self.code), out);
            }
        }
        if format != Format::Empty {
            out.push(b' ');
        }
        match (format, four) {
            (Format::Address, Some(four)) => put_address(Ipv4Addr::from(four), out),
            (Format::Number, Some(four)) => put_decimal(u64::from(u32::from_be_bytes(four)), out),
            _ if self.data.iter().copied().all(is_printable) && format == Format::Bytes => {
                put_quoted(&self.data, SHELL_QUOTES, out);
            }
            _ => put_short_hex(&self.data, out),
        }
        out.push(b';');
    }
}

/// What has a backslash in a printed option (ISC `pretty_escape`).
const SHELL_QUOTES: &[u8] = b"\"'$`\\|&";

/// How the value of a sub-option is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A string or bytes in hexadecimal (ISC format `X`).
    Bytes,
    /// An IPv4 address (`I`).
    Address,
    /// An unsigned number of 32 bits (`L`).
    Number,
    /// Nothing (`Z`).
    Empty,
}

/// The sub-options that dhcpd has names for, ISC `agent_options`.
const NAMED: [(u8, &str, Format); 6] = [
    (1, "circuit-id", Format::Bytes),
    (2, "remote-id", Format::Bytes),
    (3, "agent-id", Format::Address),
    (4, "DOCSIS-device-class", Format::Number),
    (5, "link-selection", Format::Address),
    (19, "relay-port", Format::Empty),
];

const UNKNOWN: &str = "unknown-";

/// The code and the format of the sub-option named `name`; one that has no name is `unknown-CODE`.
pub(super) fn by_name(name: &str) -> Option<(u8, Format)> {
    if let Some((code, _, format)) = NAMED
        .iter()
        .find(|(_, known, _)| name.eq_ignore_ascii_case(known))
    {
        return Some((*code, *format));
    }
    let prefix = name.get(..UNKNOWN.len())?;
    if !prefix.eq_ignore_ascii_case(UNKNOWN) {
        return None;
    }
    // 0 pads and 255 ends a list of options: no sub-option has these codes.
    let code = name[UNKNOWN.len()..]
        .parse()
        .ok()
        .filter(|code| (1..255).contains(code))?;
    let format = NAMED
        .iter()
        .find(|(known, ..)| *known == code)
        .map_or(Format::Bytes, |(_, _, format)| *format);
    Some((code, format))
}
