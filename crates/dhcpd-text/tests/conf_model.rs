//! What the reader makes of a configuration that it accepts.

mod support;

use std::net::Ipv4Addr;

use dhcpd_text::conf::{
    self, AddressOrName, Config, DbTimeFormat, DdnsUpdateStyle, Hardware, LeaseIdFormat,
    Permission, Permit, PoolFailover, Range, Role, ScopeId,
};
use support::{load, read};

fn parse(text: &str) -> Config {
    conf::parse("t.conf", text, &mut load)
        .unwrap_or_else(|errors| panic!("{}", errors[0]))
        .config
}

fn range(low: [u8; 4], high: [u8; 4]) -> Range {
    Range {
        low: low.into(),
        high: high.into(),
        dynamic_bootp: false,
    }
}

/// The options of a scope: code and bytes.
fn options(config: &Config, scope: ScopeId) -> Vec<(u8, &[u8])> {
    let scope = &config.scopes[scope.0];
    scope
        .options
        .iter()
        .map(|option| (option.code, &*option.data))
        .collect()
}

#[test]
fn the_article_configuration() {
    let config = parse(&read("accepted/article.conf"));
    let [peer] = config.failover_peers.as_slice() else {
        panic!()
    };
    assert_eq!(peer.name, "dhcp-failover");
    assert_eq!(peer.role, Role::Primary);
    assert_eq!(
        peer.address,
        Some(AddressOrName::Address(Ipv4Addr::new(192, 168, 1, 10)))
    );
    assert_eq!(
        peer.peer_address.address(),
        Some(Ipv4Addr::new(192, 168, 1, 11))
    );
    assert_eq!((peer.port, peer.peer_port), (647, 647));
    assert_eq!(
        (peer.max_response_delay, peer.max_unacked_updates),
        (30, 10)
    );
    assert_eq!(
        (peer.mclt, peer.split, peer.load_balance_max_seconds),
        (Some(3600), Some(128), 3)
    );
    assert_eq!(peer.hba, Some(conf::hba_from_split(128)));

    let [network] = config.shared_networks.as_slice() else {
        panic!()
    };
    assert_eq!(
        (network.name.as_str(), network.implicit),
        ("internal-net", false)
    );
    let [subnet] = network.subnets.as_slice() else {
        panic!()
    };
    assert_eq!(subnet.network, Ipv4Addr::new(192, 168, 1, 0));
    assert_eq!(
        options(&config, subnet.scope),
        [
            (3, &[192, 168, 1, 1][..]),
            (1, &[255, 255, 255, 0]),
            (6, &[8, 8, 8, 8, 8, 8, 4, 4])
        ]
    );
    let [pool] = subnet.pools.as_slice() else {
        panic!()
    };
    assert_eq!(pool.ranges, [range([192, 168, 1, 50], [192, 168, 1, 150])]);
    assert_eq!(pool.failover, PoolFailover::Peer("dhcp-failover".into()));
    let parents: Vec<_> = config
        .scopes
        .iter()
        .map(|scope| scope.parent.map(|parent| parent.0))
        .collect();
    assert_eq!(
        (pool.scope, subnet.scope, network.scope),
        (ScopeId(3), ScopeId(2), ScopeId(1))
    );
    assert_eq!(parents, [None, Some(0), Some(1), Some(2)]);
}

#[test]
fn a_failover_peer_gets_the_defaults_of_isc() {
    let config = parse(
        "failover peer p { address a.example; peer address b.example; split 0; mclt 1; }
         subnet 10.0.0.0 netmask 255.0.0.0 { pool { failover peer \"p\"; range 10.0.0.1; } }",
    );
    let peer = &config.failover_peers[0];
    assert_eq!(peer.role, Role::Primary);
    assert_eq!(peer.address, Some(AddressOrName::Name("a.example".into())));
    assert_eq!((peer.port, peer.peer_port), (647, 647));
    assert_eq!(
        (peer.max_response_delay, peer.max_unacked_updates),
        (20, 100)
    );
    assert_eq!(
        (peer.peer_max_response_delay, peer.peer_max_unacked_updates),
        (None, None)
    );
    assert_eq!(
        (peer.max_lease_misbalance, peer.max_lease_ownership),
        (15, 10)
    );
    assert_eq!(
        (peer.min_balance, peer.max_balance, peer.auto_partner_down),
        (60, 3600, 0)
    );
    assert_eq!(
        (peer.load_balance_max_seconds, peer.hba),
        (0, Some([0; 32]))
    );
}

#[test]
fn every_statement_of_a_failover_peer_is_kept() {
    let config = parse(
        "failover peer p {
           secondary; address 10.0.0.2; port 1; peer address 10.0.0.3; peer port 2;
           max-response-delay 3; max-unacked-updates 4; peer max-response-delay 5; peer max-unacked-updates 6;
           max-lease-misbalance 7; max-lease-ownership 8; min-balance 9; max-balance 10; auto-partner-down 11;
           load balance max seconds 12; mclt -1;
         }
         subnet 10.0.0.0 netmask 255.0.0.0 { pool { failover peer \"p\"; range 10.0.0.1; } }",
    );
    let peer = &config.failover_peers[0];
    assert_eq!(
        (peer.role, peer.port, peer.peer_port),
        (Role::Secondary, 1, 2)
    );
    assert_eq!((peer.max_response_delay, peer.max_unacked_updates), (3, 4));
    assert_eq!(
        (peer.peer_max_response_delay, peer.peer_max_unacked_updates),
        (Some(5), Some(6))
    );
    assert_eq!(
        (peer.max_lease_misbalance, peer.max_lease_ownership),
        (7, 8)
    );
    assert_eq!(
        (peer.min_balance, peer.max_balance, peer.auto_partner_down),
        (9, 10, 11)
    );
    assert_eq!(
        (peer.load_balance_max_seconds, peer.mclt, peer.hba),
        (12, Some(u32::MAX), None)
    );
}

#[test]
fn the_last_of_split_and_hba_counts() {
    let hba = ["ff"; 32].join(":");
    for (statements, first, split) in [
        (format!("split 8; hba {hba};"), [0xff, 0xff], Some(8)),
        (format!("hba {hba}; split 8;"), [0xff, 0x00], Some(8)),
        (format!("hba {hba};"), [0xff, 0xff], None),
    ] {
        let config = parse(&format!(
            "failover peer p {{ primary; address 10.0.0.2; peer address 10.0.0.3; mclt 1; {statements} }}
             subnet 10.0.0.0 netmask 255.0.0.0 {{ pool {{ failover peer \"p\"; range 10.0.0.1; }} }}"
        ));
        let peer = &config.failover_peers[0];
        assert_eq!(
            (&peer.hba.unwrap()[..2], peer.split),
            (&first[..], split),
            "{statements}"
        );
    }
}

#[test]
fn a_subnet_alone_makes_a_network_that_shares_its_scope() {
    let config =
        parse("subnet 10.1.0.0 netmask 255.255.0.0 { interface eth1; option routers 10.1.0.1; }");
    let network = &config.shared_networks[0];
    assert_eq!(
        (network.name.as_str(), network.implicit),
        ("10.1.0.0/16", true)
    );
    assert_eq!(network.interface.as_deref(), Some("eth1"));
    assert_eq!(network.scope, network.subnets[0].scope);
    assert_eq!(options(&config, network.scope), [(3, &[10, 1, 0, 1][..])]);
}

#[test]
fn ranges_of_a_subnet_are_pools_without_failover() {
    let config = parse(
        "failover peer p { address 10.0.0.2; peer address 10.0.0.3; mclt 1; split 1; }
         shared-network n {
           failover peer p;
           subnet 10.0.0.0 netmask 255.255.255.0 {
             range 10.0.0.9 10.0.0.5;
             range dynamic-bootp 10.0.0.20;
             range 10.0.0.30;
             pool { failover peer \"p\"; range 10.0.0.40; }
             pool { range 10.0.0.50; }
             pool { no failover peer range 10.0.0.60; }
           }
         }",
    );
    let subnet = &config.shared_networks[0].subnets[0];
    let [plain, bootp, named, inheriting, without] = subnet.pools.as_slice() else {
        panic!()
    };
    assert_eq!(
        plain.ranges,
        [
            range([10, 0, 0, 5], [10, 0, 0, 9]),
            range([10, 0, 0, 30], [10, 0, 0, 30])
        ]
    );
    assert_eq!(
        (plain.scope, &plain.failover),
        (subnet.scope, &PoolFailover::None)
    );
    assert_eq!(
        (plain.permits.as_slice(), plain.prohibits.as_slice()),
        (&[][..], &[Permit::DynamicBootpClients][..])
    );
    assert!(bootp.ranges[0].dynamic_bootp);
    assert_eq!(
        (bootp.permits.as_slice(), bootp.prohibits.as_slice()),
        (&[Permit::AllClients][..], &[][..])
    );
    assert_eq!(named.failover, PoolFailover::Peer("p".into()));
    assert_eq!(inheriting.failover, PoolFailover::Inherit);
    assert_eq!(without.failover, PoolFailover::None);
    assert_eq!(
        config.shared_networks[0].failover_peer.as_deref(),
        Some("p")
    );
}

#[test]
fn permits_of_pools() {
    let config = parse(
        "subnet 10.0.0.0 netmask 255.0.0.0 { pool {
           allow known-clients; allow unknown clients; allow all clients; allow authenticated clients;
           deny unauthenticated clients; deny dynamic bootp clients; deny unknown-clients; ignore bootp;
           range 10.0.0.1;
         } }",
    );
    let pool = &config.shared_networks[0].subnets[0].pools[0];
    assert_eq!(
        pool.permits,
        [
            Permit::KnownClients,
            Permit::UnknownClients,
            Permit::AllClients,
            Permit::AuthenticatedClients
        ]
    );
    assert_eq!(
        pool.prohibits,
        [
            Permit::UnauthenticatedClients,
            Permit::DynamicBootpClients,
            Permit::UnknownClients
        ]
    );
    let settings = &config.scopes[pool.scope.0].settings;
    assert_eq!(
        (settings.bootp, settings.unknown_clients),
        (Some(Permission::Ignore), None)
    );
}

#[test]
fn hosts_take_the_scopes_of_their_groups() {
    let config = parse(&read("accepted/hosts-and-groups.conf"));
    let host = |name| config.hosts.iter().find(|host| host.name == name).unwrap();
    let ws1 = host("ws1");
    assert_eq!(
        ws1.hardware,
        Some(Hardware {
            htype: 1,
            address: vec![2, 0, 0x5e, 0x77, 6, 1]
        })
    );
    assert_eq!(ws1.fixed_addresses, [Ipv4Addr::new(10, 77, 6, 11)]);
    assert_eq!(host("two-nets").fixed_addresses.len(), 2);
    assert_eq!(
        host("kiosk1").client_identifier.as_deref(),
        Some(&b"kiosk-1"[..])
    );
    assert_eq!(
        host("kiosk2").client_identifier.as_deref(),
        Some(&[0, 0x6b, 0x32][..])
    );
    let settings = &config.scopes[host("banned").scope.0].settings;
    assert_eq!(settings.booting, Some(Permission::Deny));

    let inner = config.scopes[host("kiosk1").scope.0].parent.unwrap();
    let outer = config.scopes[inner.0].parent.unwrap();
    assert_eq!(
        config.scopes[inner.0].settings.filename.as_deref(),
        Some(&b"kiosk.bin"[..])
    );
    assert_eq!(
        config.scopes[outer.0].settings.next_server,
        Some(Ipv4Addr::new(10, 77, 6, 20))
    );
    assert_eq!(config.scopes[outer.0].parent, Some(ScopeId::ROOT));
}

#[test]
fn a_named_group_replaces_the_scope_around_a_host() {
    let config = parse(
        "group \"g\" { filename \"a\"; }
         group { host h { group \"g\"; uid 1:2; option dhcp-client-identifier \"x\"; hardware unknown-7 1:2; dynamic; } }",
    );
    let host = &config.hosts[0];
    let parent = config.scopes[host.scope.0].parent.unwrap();
    assert_eq!(
        config.scopes[parent.0].settings.filename.as_deref(),
        Some(&b"a"[..])
    );
    assert_eq!(host.client_identifier.as_deref(), Some(&[1, 2][..]));
    assert_eq!(host.hardware.as_ref().unwrap().htype, 7);
}

#[test]
fn the_last_of_an_option_counts_in_the_place_of_the_first() {
    let config =
        parse("option domain-name \"a\"; option routers 10.0.0.1; option domain-name \"b\";");
    assert_eq!(
        options(&config, ScopeId::ROOT),
        [(15, &b"b"[..]), (3, &[10, 0, 0, 1])]
    );
    let at = config.scopes[0].options[0].at;
    assert_eq!((at.file, at.line, at.column), (0, 1, 57));
}

#[test]
fn authoritative_reaches_only_what_stands_below_it() {
    let parsed = conf::parse(
        "t.conf",
        "subnet 10.0.0.0 netmask 255.0.0.0 { }\nauthoritative;\nsubnet 11.0.0.0 netmask 255.0.0.0 { }
         subnet 12.0.0.0 netmask 255.0.0.0 { not authoritative; }",
        &mut load,
    )
    .unwrap();
    let config = parsed.config;
    let value = |index: usize| {
        config.scopes[config.shared_networks[index].scope.0]
            .settings
            .authoritative
    };
    assert_eq!(
        (value(0), value(1), value(2)),
        (Some(false), Some(true), Some(false))
    );
    assert_eq!(config.scopes[0].settings.authoritative, Some(true));
    let [warning] = parsed.warnings.as_slice() else {
        panic!()
    };
    assert_eq!(warning.line, 2);
}

#[test]
fn parameters_of_a_scope() {
    let config = parse(
        "DEFAULT-LEASE-TIME 600; max-lease-time infinite; min-lease-time -1; dhcp-cache-threshold 0; min-secs 3;
         ping-check off; ping-timeout 2; ping-timeout-ms 500; delayed-ack 28; max-ack-delay 250000;
         next-server 10.0.0.1; filename \"\\x41\\102c\"; server-name word; one-lease-per-client on;
         allow booting; deny bootp; ignore client-updates; boot-unknown-clients false; adaptive-lease-time-threshold 50;
         use-host-decl-names ignore;",
    );
    let settings = &config.scopes[0].settings;
    assert_eq!(settings.default_lease_time, Some(600));
    assert_eq!(
        (settings.max_lease_time, settings.min_lease_time),
        (Some(u32::MAX), Some(u32::MAX))
    );
    assert_eq!(
        (settings.dhcp_cache_threshold, settings.min_secs),
        (Some(0), Some(3))
    );
    assert_eq!(
        (
            settings.ping_check,
            settings.ping_timeout,
            settings.ping_timeout_ms
        ),
        (Some(false), Some(2), Some(500))
    );
    assert_eq!(
        (settings.delayed_ack, settings.max_ack_delay),
        (Some(28), Some(250_000))
    );
    assert_eq!(settings.next_server, Some(Ipv4Addr::new(10, 0, 0, 1)));
    assert_eq!(settings.filename.as_deref(), Some(&b"ABc"[..]));
    assert_eq!(settings.server_name.as_deref(), Some(&b"word"[..]));
    assert_eq!(
        (settings.one_lease_per_client, settings.use_host_decl_names),
        (Some(true), Some(false))
    );
    assert_eq!(
        (settings.booting, settings.bootp),
        (Some(Permission::Allow), Some(Permission::Deny))
    );
    assert_eq!(
        (settings.client_updates, settings.unknown_clients),
        (Some(Permission::Ignore), Some(Permission::Deny))
    );
    assert_eq!(settings.adaptive_lease_time_threshold, Some(50));
}

#[test]
fn settings_of_the_server() {
    let server = parse(
        "ddns-update-style none; log-facility local7; omapi-port 7911; omapi-key k; lease-file-name \"/l\";
         pid-file-name \"/p\"; db-time-format local; lease-id-format hex; local-port 6767; remote-port 6768;
         local-address 10.0.0.1; limited-broadcast-address 10.255.255.255; dont-use-fsync true;
         key k { algorithm HMAC-MD5; secret QU+/; };",
    )
    .server;
    assert_eq!(server.ddns_update_style, Some(DdnsUpdateStyle::None));
    assert_eq!(server.log_facility.as_deref(), Some("local7"));
    assert_eq!(
        (server.omapi_port, server.omapi_key.as_deref()),
        (Some(7911), Some("k"))
    );
    assert_eq!(
        (
            server.lease_file_name.as_deref(),
            server.pid_file_name.as_deref()
        ),
        (Some("/l"), Some("/p"))
    );
    assert_eq!(
        (server.db_time_format, server.lease_id_format),
        (Some(DbTimeFormat::Local), Some(LeaseIdFormat::Hex))
    );
    assert_eq!(
        (server.local_port, server.remote_port),
        (Some(6767), Some(6768))
    );
    assert_eq!(server.local_address, Some(Ipv4Addr::new(10, 0, 0, 1)));
    assert_eq!(
        server.limited_broadcast_address,
        Some(Ipv4Addr::new(10, 255, 255, 255))
    );
    assert_eq!(server.dont_use_fsync, Some(true));
    let key = &server.keys[0];
    assert_eq!(
        (
            key.name.as_str(),
            key.algorithm.as_str(),
            key.secret.as_str()
        ),
        ("k", "hmac-md5", "QU+/")
    );
    assert!(!format!("{key:?}").contains("QU+/"));
}

#[test]
fn included_files_count_where_they_are_included() {
    let config = parse(
        "subnet 10.0.0.0 netmask 255.0.0.0 {\n include \"inc-range.conf\";\n}\ninclude \"inc-ok.conf\";",
    );
    assert_eq!(config.files, ["t.conf", "inc-range.conf", "inc-ok.conf"]);
    assert_eq!(config.scopes[0].settings.default_lease_time, Some(5));
    let pool = &config.shared_networks[0].subnets[0].pools[0];
    assert_eq!((pool.at.file, pool.at.line), (1, 1));
}

#[test]
fn two_relationships_and_a_pool_without_partner() {
    let config = parse(&read("accepted/two-peers.conf"));
    assert_eq!(config.failover_peers.len(), 2);
    let campus = &config.shared_networks[0];
    let failover: Vec<_> = campus.subnets[0]
        .pools
        .iter()
        .map(|pool| pool.failover.clone())
        .collect();
    assert_eq!(
        failover,
        [
            PoolFailover::Peer("site".into()),
            PoolFailover::Peer("dr".into()),
            PoolFailover::None
        ]
    );
    let pool = &campus.subnets[1].pools[0];
    assert_eq!(
        config.scopes[pool.scope.0].settings.max_lease_time,
        Some(500)
    );
}

#[test]
fn pools_with_dates() {
    let permits = |statement: &str| {
        let config = parse(&format!(
            "subnet 10.0.0.0 netmask 255.0.0.0 {{ pool {{ allow after {statement}; range 10.0.0.1; }} }}"
        ));
        config.shared_networks[0].subnets[0].pools[0]
            .permits
            .clone()
    };
    assert_eq!(permits("epoch 86400"), [Permit::After(86_400)]);
    assert_eq!(permits("4 1970/01/02 01:01:01"), [Permit::After(90_061)]);
    assert_eq!(permits("4 70/01/02 01:01:01 -61"), [Permit::After(90_000)]);
    assert_eq!(permits("never"), [Permit::After(0x7fff_ffff)]);
}

#[test]
fn texts_need_not_be_utf8() {
    let text = b"# gr\xfc\xdfe\noption domain-name \"b\xfccher\";";
    let config = conf::parse("t.conf", text, &mut load).unwrap().config;
    assert_eq!(options(&config, ScopeId::ROOT), [(15, &b"b\xfccher"[..])]);
}

#[test]
fn host_names_have_the_addresses_that_the_caller_finds() {
    let text = "next-server two; option domain-name-servers two, 10.0.0.9; option routers none;
        host h { hardware ethernet 1:2:3:4:5:6; fixed-address none, two; }";
    let (a, b) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    let mut look_up = |name: &str| {
        Some(if name == "two" {
            vec![a, b]
        } else {
            Vec::new()
        })
    };
    let parsed = conf::parse_with_names("t.conf", text, &mut load, &mut look_up).unwrap();
    let config = parsed.config;
    let dns = [10, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 9];
    assert_eq!(options(&config, ScopeId(0)), [(6, &dns[..])]);
    assert_eq!(config.scopes[0].settings.next_server, Some(a));
    assert_eq!(config.hosts[0].fixed_addresses, [a, b]);
    assert_eq!(parsed.warnings.len(), 2, "none has no address, twice");

    let parsed = conf::parse("t.conf", text, &mut load).unwrap();
    assert!(options(&parsed.config, ScopeId(0)).is_empty());
    assert_eq!(parsed.config.scopes[0].settings.next_server, None);
    assert!(parsed.config.hosts[0].fixed_addresses.is_empty());
}
