//! How values are put into text.

use std::net::Ipv4Addr;

/// Appends a number in decimal.
pub(crate) fn put_decimal(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends an address in dotted form.
pub(super) fn put_address(address: Ipv4Addr, out: &mut Vec<u8>) {
    for (index, octet) in address.octets().into_iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        put_decimal(u64::from(octet), out);
    }
}

/// Appends a byte as two hexadecimal digits.
pub(crate) fn put_hex_byte(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[
        HEX_DIGITS[usize::from(byte >> 4)],
        HEX_DIGITS[usize::from(byte & 15)],
    ]);
}

/// Appends bytes as `00:1f:a0`.
pub(super) fn put_hex(bytes: &[u8], out: &mut Vec<u8>) {
    for (index, &byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.push(b':');
        }
        put_hex_byte(byte, out);
    }
}

/// Appends bytes as `0:1f:a0`, without leading zeros.
pub(super) fn put_short_hex(bytes: &[u8], out: &mut Vec<u8>) {
    for (index, &byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.push(b':');
        }
        if byte > 15 {
            out.push(HEX_DIGITS[usize::from(byte >> 4)]);
        }
        out.push(HEX_DIGITS[usize::from(byte & 15)]);
    }
}

/// Appends a quoted string: a backslash before `escaped` bytes, other bytes that aren't printable in octal.
pub(super) fn put_quoted(bytes: &[u8], escaped: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in bytes {
        if !is_printable(byte) {
            let octal = [byte >> 6, byte >> 3 & 7, byte & 7].map(|digit| b'0' + digit);
            out.push(b'\\');
            out.extend_from_slice(&octal);
            continue;
        }
        if escaped.contains(&byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// What has a backslash in most strings (ISC `quotify_buf`).
pub(super) const QUOTES: &[u8] = b"\"\\";

/// Whether the byte is printable ASCII, a blank included.
pub(super) fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// Whether all bytes can stand between quotes as they are (ISC `db_printable`).
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|&byte| is_printable(byte) && !QUOTES.contains(&byte))
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";
