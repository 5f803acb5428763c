//! The same client packets as were put to ISC dhcpd 4.4.3-P1, and the same answers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use support::run::run;

/// Where the protocol is another here than ISC's: stricter, since ISC's answer could give an address to two clients, or
/// kinder.
const DIFFERENT: [&str; 2] = [
    // PARTNER-DOWN: a tenancy that began in it is over when the client says so, since the partner can't have promised
    // anything about it; ISC waits for MCLT.
    "05-classes-and-spawn failover port-a-3-after-release",
    "08-relay-and-shared failover port7-free-again",
];

/// The seconds mustn't tick in the server's favour.
const PHASES: [u64; 4] = [0, 250, 500, 750];

fn check(name: &str, modes: &[&str]) {
    let mut report = String::new();
    let mut passed = 0;
    for (mode, phase) in modes
        .iter()
        .flat_map(|mode| PHASES.map(|phase| (mode, phase)))
    {
        let outcome = run(name, mode, phase);
        passed += outcome.passed;
        for (exchange, problems) in outcome.failed {
            if DIFFERENT.contains(&exchange.as_str()) {
                continue;
            }
            report += &format!("{exchange}\n");
            problems
                .iter()
                .for_each(|problem| report += &format!("    {problem}\n"));
        }
    }
    assert!(report.is_empty(), "{passed} passed, differences:\n{report}");
    assert!(passed > 0);
}

macro_rules! scripts {
    ($($test:ident = $name:literal: $($mode:literal),+;)*) => {
        $(#[test]
        fn $test() {
            check($name, &[$($mode),+]);
        })*
    };
}

scripts! {
    article_pair = "01-article-pair": "standalone", "failover";
    firewall_appliance = "02-firewall-appliance": "standalone", "failover";
    provisioning_pxe = "03-provisioning-pxe": "standalone", "failover";
    router_appliance = "04-router-appliance": "standalone", "failover";
    classes_and_spawn = "05-classes-and-spawn": "standalone", "failover";
    hosts_and_groups = "06-hosts-and-groups": "standalone", "failover";
    option_definitions = "07-option-definitions": "standalone", "failover";
    relay_and_shared = "08-relay-and-shared": "standalone", "failover";
    two_peers = "09-two-peers": "standalone", "failover";
    hot_standby = "10-hot-standby": "standalone", "failover";
    lease_times = "11-lease-times": "standalone", "failover";
    odd_syntax = "12-odd-syntax": "standalone", "failover";
    ping_check = "13-ping-check": "standalone", "failover";
    seeded_leases = "14-seeded-leases": "standalone", "failover", "interrupted";
    expressions = "20-expressions": "standalone";
    statements = "21-statements": "standalone";
    spaces = "22-spaces": "standalone";
    classes = "23-classes": "standalone";
    parameters = "30-parameters": "standalone";
    relays = "31-relays": "standalone";
    permissions = "32-permissions": "standalone";
    first_nak = "40-first-nak": "standalone";
    identity = "41-identity": "standalone";
}
