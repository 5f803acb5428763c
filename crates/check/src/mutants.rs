//! Worlds in which one rule is missing: each has to be found.

use dhcp_failover::mutant::Rule;

use crate::runs::ONE_CRASH;
use crate::setting::{Assumption, Setting};

/// What is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// A rule of the failover machine.
    Rule(Rule),
    /// Something assumed of its surroundings.
    Assumption(Assumption),
}

/// A world in which something is missing, and within how many states that is found.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The rule in words.
    pub name: &'static str,
    /// Which it is.
    pub missing: Missing,
    /// The world in which that shows.
    pub setting: Setting,
    /// The most states that may be looked at.
    pub within: u32,
}

/// Messages arrive before time passes: small enough to be looked at in full.
const PROMPT: Setting = Setting {
    prompt: true,
    ..ONE_CRASH
};

const RENEWED: Setting = Setting {
    release: true,
    reuse: true,
    ..ONE_CRASH
};

/// All of them.
pub fn mutants() -> Vec<Mutant> {
    use Assumption as A;
    let rule = |name, rule, setting, within| Mutant {
        name,
        missing: Missing::Rule(rule),
        setting,
        within,
    };
    let assumption = |name, assumption, within| Mutant {
        name,
        missing: Missing::Assumption(assumption),
        setting: Setting {
            without: Some(assumption),
            crashes: 2,
            ..ONE_CRASH
        },
        within,
    };
    vec![
        rule("MCLT bounds a lease", Rule::Mclt, ONE_CRASH, 3_000_000),
        rule(
            "PARTNER-DOWN waits for promises",
            Rule::Wait,
            ONE_CRASH,
            3_000_000,
        ),
        assumption("on disk before it is said", A::DurableFirst, 3_000_000),
        rule(
            "the wait counts what was sent",
            Rule::Sent,
            ONE_CRASH,
            3_000_000,
        ),
        rule(
            "no reuse at `ends` alone (ISC)",
            Rule::Expired,
            ONE_CRASH,
            3_000_000,
        ),
        rule(
            "older news ends no newer lease",
            Rule::Newer,
            RENEWED,
            3_000_000,
        ),
        rule(
            "a potential expiry never falls",
            Rule::NeverLower,
            PROMPT,
            3_000_000,
        ),
        rule(
            "a lost disk holds leases back",
            Rule::Loss,
            ONE_CRASH,
            3_000_000,
        ),
        rule(
            "free once acknowledged",
            Rule::Acknowledged,
            ONE_CRASH,
            3_000_000,
        ),
        rule("a crossing lease waits", Rule::Crossing, RENEWED, 3_000_000),
        rule("a repetition counts", Rule::Repeated, RENEWED, 3_000_000),
        rule("RECOVER-WAIT", Rule::RecoverWait, ONE_CRASH, 3_000_000),
        assumption("the operator is honest", A::HonestOperator, 3_000_000),
        assumption("no isolated restart", A::Reachable, 3_000_000),
        assumption("the last disk is kept", A::KeptDisk, 3_000_000),
    ]
}
