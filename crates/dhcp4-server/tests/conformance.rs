//! The same client packets as were put to ISC dhcpd 4.4.3-P1, and the same answers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use support::run::run;

/// Where the protocol is stricter here than ISC's, since ISC's answer could give an address to two clients.
const STRICTER: [&str; 1] = [
    // PARTNER-DOWN: the partner was promised this tenancy for MCLT beyond its potential expiry, which is still ahead;
    // told of the release unseen, it may have given the address to another client.
    "14-seeded-leases failover released-owner-returns",
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
            if STRICTER.contains(&exchange.as_str()) {
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
    hosts_and_groups = "06-hosts-and-groups": "standalone", "failover";
    ping_check = "13-ping-check": "standalone", "failover";
    seeded_leases = "14-seeded-leases": "standalone", "failover", "interrupted";
}
