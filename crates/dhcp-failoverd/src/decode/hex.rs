//! Bytes in print. Nothing that a peer sends reaches a terminal as it is.

/// `0a0b0c`.
pub(crate) fn plain(bytes: &[u8]) -> String {
    joined(bytes, "")
}

/// `0a:0b:0c`.
pub(crate) fn colons(bytes: &[u8]) -> String {
    joined(bytes, ":")
}

/// Text between quotes, all but printable ASCII escaped.
pub(crate) fn quoted(text: &[u8]) -> String {
    format!("\"{}\"", text.escape_ascii())
}

fn joined(bytes: &[u8], between: &str) -> String {
    let octets: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    octets.join(between)
}
