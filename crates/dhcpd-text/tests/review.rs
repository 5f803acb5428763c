//! Pairs of configurations: what has drifted, and nothing else, each at its place.

use std::fs;
use std::path::{Path, PathBuf};

use dhcpd_text::review::{self, Document, Level, Place, Remark};

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(path)
}

fn read(name: &str, text: &str) -> Document {
    Document::read(name, text, &mut |name| {
        Err::<String, _>(format!("no {name}"))
    })
    .unwrap_or_else(|errors| panic!("{name}: {}\n{text}", errors[0]))
}

fn file(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Severity, word, line in a, line in b; 0 for none.
fn key(remark: &Remark) -> (String, String, u64, u64) {
    let line = |place: &Option<Place>| place.as_ref().map_or(0, |place| place.line.into());
    (
        remark.level.to_string(),
        remark.what.to_owned(),
        line(&remark.a),
        line(&remark.b),
    )
}

#[test]
fn pairs_that_have_drifted() {
    let mut cases = 0;
    for entry in fs::read_dir(data("drift")).unwrap() {
        let case = entry.unwrap().path();
        let expected: serde_json::Value =
            serde_json::from_str(&file(&case.join("expected.json"))).unwrap();
        let mut expected: Vec<_> = expected["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| {
                let word = |name: &str| finding[name].as_str().unwrap().to_owned();
                let line = |side: &str| finding[side]["line"].as_u64().unwrap_or(0);
                (word("severity"), word("what"), line("a"), line("b"))
            })
            .collect();
        let [a, b] = ["a.conf", "b.conf"].map(|name| read(name, &file(&case.join(name))));
        let mut found: Vec<_> = review::compare(&a, &b).findings.iter().map(key).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{}", case.display());
        cases += 1;
    }
    assert_eq!(cases, 12);
}

/// What is changed in b, and what must be found: word, statement in a, statement in b (empty for none).
type Mutation<'m> = (&'m str, &'m str, &'m [(&'m str, &'m str, &'m str)]);

#[rustfmt::skip]
const MUTATIONS: &[Mutation<'_>] = &[
    ("option domain-name \"office.example.org\";", "", &[("option-differs", "option domain-name \"office.example.org\";", "")]),
    ("option domain-name-servers 10.77.70.53, 10.77.70.54;", "option domain-name-servers 10.77.70.54, 10.77.70.53;", &[("option-differs", "option domain-name-servers 10.77.70.53, 10.77.70.54;", "option domain-name-servers 10.77.70.54, 10.77.70.53;")]),
    ("max-lease-time 86400;", "max-lease-time 90000;", &[("lease-time-differs", "max-lease-time 86400;", "max-lease-time 90000;")]),
    ("max-lease-time 86400;", "default-lease-time 600; max-lease-time 86400;", &[("lease-time-differs", "default-lease-time 43200;", "default-lease-time 600;")]),
    ("option boot.script code 1 = text;", "option boot.script code 3 = text;", &[("option-definition-differs", "option boot.script code 1 = text;", "option boot.script code 3 = text;")]),
    ("option boot.script code 1 = text;", "", &[("option-definition-differs", "option boot.script code 1 = text;", "")]),
    ("option tftp-address code 150 = array of ip-address;", "option tftp-address code 150 = ip-address;", &[("option-definition-differs", "option tftp-address code 150 = array of ip-address;", "option tftp-address code 150 = ip-address;")]),
    ("  port 847;", "  port 848;", &[("port-mismatch", "peer port 847;", "port 848;")]),
    ("  port 847;", "", &[("port-mismatch", "peer port 847;", "")]),
    ("  peer port 647;", "  peer port 1647;", &[("port-mismatch", "port 647;", "peer port 1647;")]),
    ("  address 10.77.70.3;", "  address 10.77.70.4;", &[("address-mismatch", "peer address 10.77.70.3;", "address 10.77.70.4;")]),
    ("  peer address 10.77.70.2;", "  peer address 10.77.70.5;", &[("address-mismatch", "address 10.77.70.2;", "peer address 10.77.70.5;")]),
    ("failover peer \"other\" {\n  secondary;", "failover peer \"other\" {\n  mclt 1800; split 128; primary;", &[("same-role", "primary;", "primary;")]),
    ("failover peer \"other\" {\n  secondary;", "failover peer \"other\" {\n  secondary;\n  mclt 60;", &[("mclt-on-secondary", "mclt 1800;", "mclt 60;")]),
    ("max-response-delay 30;", "max-response-delay 60;", &[("failover-parameter-differs", "max-response-delay 30;", "max-response-delay 60;")]),
    ("max-unacked-updates 10;", "", &[("failover-parameter-differs", "max-unacked-updates 10;", "")]),
    ("  max-balance 1800;", "", &[("failover-parameter-differs", "max-balance 1800;", "")]),
    ("  option tftp-address 10.77.70.9;", "  option tftp-address 10.77.70.10;", &[("option-differs", "option tftp-address 10.77.70.9;", "option tftp-address 10.77.70.10;")]),
    ("class \"macs\" { match hardware; }\nsubclass \"macs\" 1:02:00:5e:00:00:09;", "", &[("class-missing", "class \"macs\" {", "")]),
    ("subclass \"macs\" 1:02:00:5e:00:00:09;", "", &[("class-missing", "subclass \"macs\" 1:02:00:5e:00:00:09;", "")]),
    ("  option log-servers 10.77.70.8;", "  option log-servers 10.77.70.18;", &[("option-differs", "option log-servers 10.77.70.8;", "option log-servers 10.77.70.18;")]),
    ("if exists agent.circuit-id {", "if exists agent.remote-id {", &[("option-differs", "if exists agent.circuit-id {", "if exists agent.remote-id {")]),
    ("  option time-servers 10.77.70.6;", "", &[("option-differs", "option time-servers 10.77.70.6;", "")]),
    ("    next-server 10.77.70.9;", "    next-server 10.77.70.8;", &[("option-differs", "next-server 10.77.70.9;", "next-server 10.77.70.8;")]),
    ("    option routers 10.77.70.1;", "    option routers 10.77.70.254;", &[("option-differs", "option routers 10.77.70.1;", "option routers 10.77.70.254;")]),
    ("      deny unknown-clients;\n", "      allow unknown-clients;\n", &[("pool-permit-differs", "deny unknown-clients;", "allow unknown-clients;")]),
    ("      deny members of \"phones\";\n", "", &[("pool-permit-differs", "deny members of \"phones\";", "")]),
    ("      range 10.77.70.100 10.77.70.149;\n", "", &[("range-differs", "range 10.77.70.100 10.77.70.149;", "")]),
    ("      range 10.77.70.160 10.77.70.199;\n", "      range 10.77.70.161 10.77.70.190;\n", &[("range-differs", "range 10.77.70.160 10.77.70.199;", "range 10.77.70.161 10.77.70.190;")]),
    ("      range 10.77.70.160 10.77.70.199;\n", "      range 10.77.70.160 10.77.70.170;\n      range 10.77.70.171 10.77.70.199;\n", &[]),
    ("      range 10.77.71.100 10.77.71.199;", "      range 10.77.71.1 10.77.71.199;", &[("range-differs", "range 10.77.71.100 10.77.71.199;", "range 10.77.71.1 10.77.71.199;"), ("pool-covers-server", "", "range 10.77.71.1 10.77.71.199;"), ("pool-covers-server", "", "range 10.77.71.1 10.77.71.199;"), ("pool-covers-router", "", "range 10.77.71.1 10.77.71.199;")]),
    ("      range 10.77.71.100 10.77.71.199;", "      range 10.77.71.2 10.77.71.199;", &[("range-differs", "range 10.77.71.100 10.77.71.199;", "range 10.77.71.2 10.77.71.199;"), ("pool-covers-server", "", "range 10.77.71.2 10.77.71.199;"), ("pool-covers-server", "", "range 10.77.71.2 10.77.71.199;")]),
    ("      range 10.77.70.200 10.77.70.219;", "      range 10.77.70.230 10.77.70.239;", &[("range-differs", "range 10.77.70.200 10.77.70.219;", "range 10.77.70.230 10.77.70.239;")]),
    ("    pool {\n      failover peer \"pair\";\n      allow members of \"phones\";\n      max-lease-time 3600;\n      range 10.77.70.200 10.77.70.219;\n    }\n", "", &[("pool-missing", "range 10.77.70.200 10.77.70.219;", "")]),
    ("      allow members of \"phones\";\n      max-lease-time 3600;\n", "      allow members of \"phones\";\n", &[("lease-time-differs", "max-lease-time 3600;", "")]),
    ("      failover peer \"pair\";\n      allow members", "      allow members", &[("pool-failover-differs", "failover peer \"pair\";", "")]),
    ("      failover peer \"pair\";\n      allow members", "      failover peer \"other\";\n      allow members", &[("pool-peer-differs", "failover peer \"pair\";", "failover peer \"other\";")]),
    ("subnet 10.77.72.0 netmask 255.255.255.0", "subnet 10.77.72.0 netmask 255.255.255.128", &[("subnet-differs", "subnet 10.77.72.0 netmask 255.255.255.0 {", "subnet 10.77.72.0 netmask 255.255.255.128 {")]),
    ("subnet 192.0.2.16 netmask 255.255.255.240 {\n}", "subnet 192.0.2.16 netmask 255.255.255.240 {\n  option routers 192.0.2.17;\n}", &[("subnet-differs", "", "subnet 192.0.2.16 netmask 255.255.255.240 {")]),
    ("  min-lease-time 600;", "  min-lease-time 900;", &[("lease-time-differs", "min-lease-time 600;", "min-lease-time 900;")]),
    ("  option host-name \"desk\";", "  option host-name \"bench\";", &[("option-differs", "option host-name \"desk\";", "option host-name \"bench\";")]),
    ("    hardware ethernet 02:00:5e:00:00:01;", "    hardware ethernet 02:00:5e:00:00:11;", &[("host-differs", "hardware ethernet 02:00:5e:00:00:01;", "hardware ethernet 02:00:5e:00:00:11;")]),
    ("fixed-address 10.77.70.21;", "fixed-address 10.77.70.22;", &[("host-differs", "fixed-address 10.77.70.21;", "fixed-address 10.77.70.22;")]),
    ("host two {", "host zwei {", &[("host-differs", "host two {", "host zwei {")]),
    ("  host two { hardware ethernet 02:00:5e:00:00:02; fixed-address 10.77.70.21; option host-name \"two\"; }\n", "", &[("host-missing", "host two {", "")]),
    ("host three {\n  option dhcp-client-identifier \"three\";\n", "host three {\n  option dhcp-client-identifier \"drei\";\n", &[("host-differs", "option dhcp-client-identifier \"three\";", "option dhcp-client-identifier \"drei\";")]),
    ("  filename \"three.img\";", "", &[("option-differs", "filename \"three.img\";", "")]),
    ("authoritative;", "not authoritative;", &[]),
    ("omapi-port 7912;", "local-address 10.77.70.3;", &[]),
    ("option domain-name \"office.example.org\";\n", "option DOMAIN-NAME \"office.example.org\" ; # same\n", &[]),
    ("    option routers 10.77.70.1;", "    option routers 10.77.70.1; max-lease-time 86400;", &[]),
    ("option boot.script code 1 = text;", "option boot.skript code 1 = text;", &[]),
];

/// With the files changing places what is found changes sides.
#[test]
fn each_statement_that_is_changed_is_found_once() {
    let [a, b] = ["a.conf", "b.conf"].map(|name| file(&data("review").join(name)));
    assert_eq!(found(&a, &b), <[[String; 3]; 0]>::default());
    assert_eq!(found(&b, &a), <[[String; 3]; 0]>::default());
    for (from, to, expected) in MUTATIONS {
        assert_eq!(b.matches(from).count(), 1, "{from:?} must stand once");
        let changed = b.replacen(from, to, 1);
        let mut want: Vec<[String; 3]> = expected
            .iter()
            .map(|(what, x, y)| [what, x, y].map(|word| (*word).to_owned()))
            .collect();
        want.sort();
        assert_eq!(found(&a, &changed), want, "{from:?} made {to:?}");
        want.iter_mut().for_each(|[_, x, y]| std::mem::swap(x, y));
        want.sort();
        assert_eq!(
            found(&changed, &a),
            want,
            "{from:?} made {to:?}, the other way round"
        );
    }
}

fn found(a: &str, b: &str) -> Vec<[String; 3]> {
    let comparison = review::compare(&read("a.conf", a), &read("b.conf", b));
    let statement = |place: &Option<Place>| {
        place
            .as_ref()
            .map_or_else(String::new, |p| p.statement.clone())
    };
    let mut found: Vec<[String; 3]> = comparison
        .findings
        .iter()
        .map(|f| [f.what.to_owned(), statement(&f.a), statement(&f.b)])
        .collect();
    found.sort();
    found
}

/// What is advised about one file: level, word, statement.
fn advised(text: &str) -> Vec<(Level, &'static str, String)> {
    let advice = review::advise(&read("a.conf", text));
    let statement = |place: Option<Place>| place.map_or_else(String::new, |p| p.statement);
    advice
        .into_iter()
        .map(|remark| (remark.level, remark.what, statement(remark.a)))
        .collect()
}

/// What is changed in a, and what must be advised then.
const ADVICE: &[(&str, &str, Level, &str, &str)] = &[
    (
        "default-lease-time 43200;",
        "default-lease-time 3000;",
        Level::Warning,
        "lease-time-short",
        "default-lease-time 3000;",
    ),
    (
        "default-lease-time 43200;",
        "default-lease-time 3000;",
        Level::Warning,
        "lease-time-under-mclt",
        "default-lease-time 3000;",
    ),
    (
        "      max-lease-time 3600;",
        "      max-lease-time 1800;",
        Level::Warning,
        "lease-time-short",
        "max-lease-time 1800;",
    ),
    (
        "max-response-delay 30;",
        "max-response-delay 3;",
        Level::Warning,
        "response-delay",
        "load balance max seconds 3;",
    ),
    (
        "range 10.77.72.10 10.77.72.20;",
        "range 10.77.72.10;",
        Level::Warning,
        "pool-too-small",
        "range 10.77.72.10;",
    ),
    (
        "range 10.77.71.100 10.77.71.199;",
        "range 10.77.71.3 10.77.71.199;",
        Level::Error,
        "pool-covers-server",
        "range 10.77.71.3 10.77.71.199;",
    ),
    (
        "range 10.77.71.100 10.77.71.199;",
        "range 10.77.71.1 10.77.71.199;",
        Level::Warning,
        "pool-covers-router",
        "range 10.77.71.1 10.77.71.199;",
    ),
    (
        "  peer address 10.77.70.3;",
        "  peer address dhcp2.example.org;",
        Level::Warning,
        "address-by-name",
        "peer address dhcp2.example.org;",
    ),
    (
        "  peer address 10.77.70.3;",
        "  peer address 10.77.70.2;",
        Level::Error,
        "same-address",
        "peer address 10.77.70.2;",
    ),
    (
        "    fixed-address 10.77.70.20;",
        "    fixed-address 10.77.70.100;",
        Level::Warning,
        "fixed-address-in-pool",
        "host one {",
    ),
    (
        "  mclt 3600;\n  split 128;",
        "  mclt 3600;\n  split 256;",
        Level::Note,
        "split-one-sided",
        "split 256;",
    ),
];

#[test]
fn what_is_seldom_meant_is_advised_against() {
    let a = file(&data("review").join("a.conf"));
    let plain = advised(&a);
    let warnings = plain.iter().filter(|(level, ..)| *level > Level::Note);
    assert_eq!(warnings.count(), 0, "{plain:?}");
    let ports = plain.iter().filter(|(_, what, _)| *what == "firewall");
    assert_eq!(ports.count(), 2);
    for (from, to, level, what, statement) in ADVICE {
        assert_eq!(a.matches(from).count(), 1, "{from:?} must stand once");
        let advice = advised(&a.replacen(from, to, 1));
        let expected = (*level, *what, (*statement).to_owned());
        let times = advice.iter().filter(|other| **other == expected).count();
        assert_eq!(times, 1, "{to:?}: {advice:?}");
        assert!(!plain.contains(&expected));
    }
    let secondary = file(&data("drift/07/b.conf"));
    let expected = (Level::Warning, "mclt-on-secondary", "mclt 600;".to_owned());
    assert!(advised(&secondary).contains(&expected));
}
