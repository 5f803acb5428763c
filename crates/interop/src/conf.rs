//! Configurations that the tests run.

/// The pair of the article, primary: must run as it is.
pub const ARTICLE: &str = include_str!("../../dhcpd-text/tests/data/conf/accepted/article.conf");

/// The relationship of all pairs here.
pub const PEER: &str = "dhcp-failover";

/// Ports of the pair's connection.
pub const PORTS: &[u16] = &[647];

/// Addresses of the article's two servers.
pub const ARTICLE_SITES: [&str; 2] = ["192.168.1.10/24", "192.168.1.11/24"];

/// Where the article's clients are: perfdhcp takes the first address, our relay agent has the second.
pub const ARTICLE_CLIENTS: [&str; 2] = ["192.168.1.9/24", "192.168.1.8/24"];

/// The other side of a primary's configuration: addresses exchanged, without what only a primary says.
///
/// # Panics
///
/// `primary` isn't the article's or one made from it.
pub fn mirror(primary: &str) -> String {
    let secondary = replace(primary, "  primary;", "  secondary;");
    let exchanged = replace(
        &secondary,
        "  address 192.168.1.10;",
        "  address 192.168.1.11;",
    );
    let exchanged = replace(
        &exchanged,
        "  peer address 192.168.1.11;",
        "  peer address 192.168.1.10;",
    );
    let of_primary =
        |line: &&str| !line.trim().starts_with("mclt ") && !line.trim().starts_with("split ");
    exchanged
        .lines()
        .filter(of_primary)
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The article's primary on a /22 (its own addresses left out of the range), with times cut down: MCLT 60 s, leases 120 s,
/// max-response-delay 10 s.
///
/// # Panics
///
/// Never: the text is a constant.
pub fn wide() -> String {
    let conf = replace(
        ARTICLE,
        "subnet 192.168.1.0 netmask 255.255.255.0",
        "subnet 192.168.0.0 netmask 255.255.252.0",
    );
    let conf = replace(
        &conf,
        "option subnet-mask 255.255.255.0",
        "option subnet-mask 255.255.252.0",
    );
    let ranges = "range 192.168.0.50 192.168.0.255;\n      range 192.168.1.50 192.168.3.250;";
    let conf = replace(&conf, "range 192.168.1.50 192.168.1.150;", ranges);
    let conf = replace(&conf, "mclt 3600;", "mclt 60;");
    let conf = replace(&conf, "max-response-delay 30;", "max-response-delay 10;");
    format!("default-lease-time 120;\nmax-lease-time 120;\nomapi-port 7911;\n{conf}")
}

/// Addresses of the wide pair's servers.
pub const WIDE_SITES: [&str; 2] = ["192.168.1.10/22", "192.168.1.11/22"];

/// Where the wide pair's clients are.
pub const WIDE_CLIENTS: [&str; 2] = ["192.168.1.9/22", "192.168.1.8/22"];

fn replace(text: &str, from: &str, to: &str) -> String {
    assert_eq!(
        text.matches(from).count(),
        1,
        "{from:?} stands once in\n{text}"
    );
    text.replace(from, to)
}
