//! Statements that are read and have no effect: said once each, so that none is dropped in silence.

use dhcpd_text::conf::{
    Config, DbTimeFormat, DdnsUpdateStyle, LeaseIdFormat, Permission, Settings,
};

/// A statement of a scope: its name, whether it asks for something that isn't done, and why it isn't.
type Inert = (&'static str, fn(&Settings) -> bool, &'static str);

const IN_SCOPES: [Inert; 9] = [
    (
        "infinite-is-reserved",
        |s| s.infinite_is_reserved == Some(true),
        "leases are not reserved at a client's wish",
    ),
    (
        "get-lease-hostnames",
        |s| s.get_lease_hostnames == Some(true),
        "this server looks up no names",
    ),
    (
        "allow leasequery",
        |s| s.leasequery == Some(Permission::Allow),
        "this server answers no lease queries",
    ),
    (
        "release-on-roam",
        |s| s.release_on_roam == Some(true),
        "it is for DHCPv6 only",
    ),
    (
        "delayed-ack",
        |s| s.delayed_ack.is_some(),
        "the acknowledgements that are due together always share one sync",
    ),
    (
        "max-ack-delay",
        |s| s.max_ack_delay.is_some(),
        "an acknowledgement waits for its own sync only",
    ),
    (
        "log-threshold-low",
        |s| s.log_threshold_low.is_some(),
        "full pools show in the status, not in the log",
    ),
    (
        "log-threshold-high",
        |s| s.log_threshold_high.is_some(),
        "full pools show in the status, not in the log",
    ),
    (
        "dynamic-bootp",
        |s| s.dynamic_bootp.is_some(),
        "as with dhcpd, a pool's ranges and permits decide which BOOTP clients it serves",
    ),
];

/// What the author of the configuration should know of these.
pub(super) fn warnings(conf: &Config) -> Vec<String> {
    let in_scopes = IN_SCOPES
        .iter()
        .filter(|(_, asks, _)| conf.scopes.iter().any(|scope| asks(&scope.settings)));
    let server = &conf.server;
    let style = server.ddns_update_style;
    let updates = matches!(
        style,
        Some(DdnsUpdateStyle::Interim | DdnsUpdateStyle::Standard)
    );
    let for_all = [
        (
            "ddns-update-style",
            updates && server.zones.is_empty(),
            "no zone is declared, and this server doesn't look for the servers of others",
        ),
        (
            "db-time-format local",
            server.db_time_format == Some(DbTimeFormat::Local),
            "dates are written in UTC; both forms are read",
        ),
        (
            "lease-id-format hex",
            server.lease_id_format == Some(LeaseIdFormat::Hex),
            "identifiers are written as strings; both forms are read",
        ),
        (
            "local-address",
            server.local_address.is_some(),
            "as with dhcpd on Linux, requests are taken at every address of the served interfaces",
        ),
        (
            "dont-use-fsync",
            server.dont_use_fsync == Some(true),
            "nothing is acknowledged that isn't on disk",
        ),
    ];
    let for_all = for_all.into_iter().filter(|(_, asked, _)| *asked);
    let all = in_scopes.map(|(name, _, why)| (*name, *why));
    all.chain(for_all.map(|(name, _, why)| (name, why)))
        .map(|(name, why)| format!("{name} has no effect: {why}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings_of(text: &str) -> Vec<String> {
        let mut none = |file: &str| Err::<String, _>(format!("no {file}"));
        warnings(
            &dhcpd_text::conf::parse("dhcpd.conf", text, &mut none)
                .unwrap()
                .config,
        )
    }

    #[test]
    fn each_is_said_once_wherever_it_stands() {
        let said = warnings_of(
            "infinite-is-reserved on; dont-use-fsync true;
             subnet 10.0.0.0 netmask 255.0.0.0 { infinite-is-reserved on; }",
        );
        assert_eq!(
            said,
            [
                "infinite-is-reserved has no effect: leases are not reserved at a client's wish",
                "dont-use-fsync has no effect: nothing is acknowledged that isn't on disk",
            ]
        );
    }

    #[test]
    fn what_dhcpd_reads_without_effect_is_said_too() {
        let said = warnings_of(
            "local-address 10.0.0.1; deny dynamic-bootp;
             subnet 10.0.0.0 netmask 255.0.0.0 { }",
        );
        assert_eq!(said.len(), 2, "{said:?}");
        for (line, name) in said.iter().zip(["dynamic-bootp", "local-address"]) {
            assert!(line.starts_with(name), "{line}");
        }
    }

    #[test]
    fn what_has_an_effect_is_not_said() {
        let text = "ping-check on; infinite-is-reserved off; authoritative;
                    subnet 10.0.0.0 netmask 255.0.0.0 { range 10.0.0.1 10.0.0.9; }";
        assert!(warnings_of(text).is_empty());
    }
}
