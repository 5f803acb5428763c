//! What pairs are put through.
//!
//! One file a family. Times are short so that tests can wait for them; a lease file, a log and a capture are kept of
//! each. `a` is the primary.

mod burst;
mod cold;
mod conflict;
mod cut;
mod handshake;
mod killed;
mod lost;
mod routine;
mod share;
mod stopped;
mod wrong;

use crate::setup::Setup;
use crate::stage::Stage;

pub(crate) use handshake::Case;

/// One scenario.
pub(crate) struct Scenario {
    /// Family and variant: `S4`, `S4b`.
    pub(crate) name: &'static str,
    /// In one line.
    pub(crate) what: &'static str,
    pub(crate) setup: Setup,
    /// About how long it takes: the longest begin first.
    pub(crate) seconds: u32,
    /// Is it among those that every change is tested with?
    pub(crate) quick: bool,
    pub(crate) run: fn(&mut Stage),
}

/// All of them, by name.
pub(crate) fn all() -> impl Iterator<Item = &'static Scenario> {
    [
        cold::ALL,
        routine::ALL,
        cut::ALL,
        killed::ALL,
        lost::ALL,
        conflict::ALL,
        share::ALL,
        wrong::ALL,
        handshake::ALL,
        burst::ALL,
        stopped::ALL,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_family_has_a_quick_one() {
        let names: BTreeSet<_> = all().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), all().count());
        for family in 1..=10 {
            let family = format!("S{family}");
            let member = |scenario: &&Scenario| {
                scenario
                    .name
                    .trim_end_matches(|c: char| c.is_ascii_lowercase())
                    == family
            };
            assert!(
                all().filter(member).any(|scenario| scenario.quick),
                "{family}"
            );
        }
    }
}
