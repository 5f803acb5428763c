//! Words: those that ISC's grammar reserves, and the nearest known one to a word that is not known.

/// True for a word that has a meaning somewhere in ISC's grammar, in any case.
///
/// Such a word alone, out of its place, is an error; any other word alone is a variable to ISC, and accepted.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED
        .binary_search(&word.to_ascii_lowercase().as_str())
        .is_ok()
}

/// The candidate that `word` is most likely a slip of.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = word.to_ascii_lowercase();
    let allowed = word.len().min(MAX_WORD) / 4 + 1;
    candidates
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= allowed)
        .map(|candidate| (distance(word.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Longer than any candidate, so that a huge word costs nothing.
const MAX_WORD: usize = 64;

/// Levenshtein's distance. Both are short: the candidates are words of the grammar, and the lengths nearly equal.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The reserved words of ISC's lexer, in order.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "abandoned", "active", "add", "address", "after", "algorithm", "alias", "all", "allow", "also", "and",
    "anycast-mac", "append", "array", "atsfp", "authenticated", "authentication", "authoring-byte-order",
    "authoritative", "auto-partner-down", "backoff-cutoff", "backup", "balance", "big-endian", "billing",
    "binary-to-ascii", "binding", "boolean", "boot-unknown-clients", "booting", "bootp", "bound", "break", "case",
    "check", "ciaddr", "class", "client-hostname", "client-identifier", "client-state", "client-updates", "clients",
    "close", "cltt", "code", "commit", "communications-interrupted", "compressed", "concat", "config-option",
    "conflict-done", "connect", "create", "db-time-format", "debug", "declines", "default", "default-duid",
    "default-lease-time", "defined", "delete", "deleted", "deny", "disconnect", "do", "do-forward-update",
    "do-forward-updates", "domain", "domain-list", "domain-name", "duplicates", "dynamic", "dynamic-bootp",
    "dynamic-bootp-lease-cutoff", "dynamic-bootp-lease-length", "else", "elsif", "en", "encapsulate", "encode-int",
    "ends", "epoch", "error", "ethernet", "eval", "execute", "exists", "expire", "expired", "expiry", "extract-int",
    "failover", "fatal", "fddi", "filename", "fixed-address", "fixed-address6", "fixed-prefix6", "formerr", "free",
    "function", "get-lease-hostnames", "gethostbyname", "gethostname", "giaddr", "group", "hardware", "hash", "hba",
    "help", "hex", "host", "host-decl-name", "host-identifier", "hostname", "ia-na", "ia-pd", "ia-ta", "iaaddr",
    "iaprefix", "identifier", "if", "ignore", "include", "infiniband", "infinite", "info", "initial-delay",
    "initial-interval", "integer", "interface", "ip-address", "ip6-address", "is", "key", "key-algorithm", "known",
    "known-clients", "lcase", "lease", "lease-id-format", "lease-time", "lease6", "leased-address", "leasequery",
    "length", "let", "limit", "little-endian", "ll", "llt", "load", "local", "log", "match", "max-balance",
    "max-lease-misbalance", "max-lease-ownership", "max-lease-time", "max-life", "max-response-delay",
    "max-transmit-idle", "max-unacked-updates", "mclt", "media", "medium", "members", "min-balance", "min-lease-time",
    "min-secs", "my", "nameserver", "netmask", "never", "new", "next", "next-server", "no", "noerror", "normal",
    "not", "notauth", "notimp", "notzone", "null", "nxdomain", "nxrrset", "octal", "of", "omapi", "on",
    "one-lease-per-client", "open", "option", "or", "owner", "packet", "parse-vendor-option", "partner-down",
    "paused", "peer", "pick", "pick-first-value", "pool", "pool6", "port", "potential-conflict", "preferred-life",
    "prefix6", "prepend", "primary", "primary6", "pseudo", "range", "range6", "rebind", "reboot",
    "recontact-interval", "recover-done", "recover-wait", "refresh", "refused", "reject", "release", "released",
    "remove", "renew", "request", "require", "reserved", "reset", "resolution-interrupted", "retry", "return",
    "reverse", "rewind", "script", "search", "secondary", "secondary6", "seconds", "secret", "select-timeout", "send",
    "server-duid", "server-identifier", "server-name", "servfail", "set", "shared-network", "shutdown", "siaddr",
    "signed", "size", "space", "spawn", "split", "starts", "startup", "state", "static", "string", "subclass",
    "subnet", "subnet6", "substring", "suffix", "supersede", "switch", "temporary", "text", "timeout", "timestamp",
    "token-ring", "transmission", "tsfp", "tstp", "ucase", "uid", "unauthenticated", "unknown", "unknown-clients",
    "unknown-state", "unset", "unsigned", "update", "use-host-decl-names", "use-lease-addr-for-default-route",
    "user-class", "v6relay", "v6relopt", "vendor", "vendor-class", "width", "with", "yiaddr", "yxdomain", "yxrrset",
    "zerolen", "zone",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_words_are_in_order() {
        assert!(RESERVED.is_sorted());
        assert!(is_reserved("MCLT") && is_reserved("zone") && !is_reserved("foo-bar"));
    }

    #[test]
    fn nearest_word() {
        let words = || ["routers", "domain-name", "domain-name-servers"].into_iter();
        assert_eq!(nearest("Router", words()), Some("routers"));
        assert_eq!(
            nearest("domain-names-server", words()),
            Some("domain-name-servers")
        );
        assert_eq!(nearest("wpad-url", words()), None);
        assert_eq!(nearest("", words()), None);
        assert_eq!(distance(b"kitten", b"sitting"), 3);
    }
}
