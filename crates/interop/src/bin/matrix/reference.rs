//! What a pair of two dhcpd does in each scenario, as recorded, and where ours may do something else.
//!
//! `reference.tsv` is made by `matrix --pair isc-isc --record`, which adds what it sees to what is there: dhcpd doesn't
//! do the same every time. `deviations.tsv` is written by hand. Columns are separated by tabs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::outcome::{Outcome, Path};
use crate::pair::{Pair, Side};

const RECORDED: &str = include_str!("reference.tsv");
const DEVIATIONS: &str = include_str!("deviations.tsv");

/// Where the recorded file is, from the root of the project.
pub(crate) const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin/matrix/reference.tsv");

/// What two dhcpd did in one scenario, over all runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Reference {
    /// All paths seen, of each side.
    pub(crate) paths: [BTreeSet<Path>; 2],
    /// The clients that were never served, by group.
    pub(crate) unserved: BTreeMap<String, BTreeSet<u32>>,
    /// Did their lease files ever differ at the end?
    pub(crate) differ: bool,
    /// Most DHCPNAKs.
    pub(crate) naks: usize,
    /// Were there ever two clients with one address?
    pub(crate) twice: bool,
    /// Most updates that a server had left without an answer.
    pub(crate) unacked: usize,
    /// Most messages that are about no lease, and most dials, in one second.
    pub(crate) busiest: usize,
    pub(crate) dials: usize,
}

/// A path of ours that is not dhcpd's, with the reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Deviation {
    pub(crate) scenario: &'static str,
    /// In these pairs; in all if empty.
    pub(crate) pairs: Vec<Pair>,
    pub(crate) side: Side,
    pub(crate) path: Path,
    pub(crate) reason: &'static str,
}

/// Both files.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) references: BTreeMap<String, Reference>,
    pub(crate) deviations: Vec<Deviation>,
}

impl Expected {
    /// What the program was built with.
    ///
    /// # Panics
    ///
    /// The files are damaged; a test reads them.
    pub(crate) fn load() -> Self {
        let mut references: BTreeMap<String, Reference> = BTreeMap::new();
        for line in lines(RECORDED) {
            let [scenario, rest @ ..] = line.as_slice() else {
                continue;
            };
            let reference = references.entry((*scenario).into()).or_default();
            reference.read(rest).unwrap_or_else(|| panic!("{line:?}"));
        }
        let deviations = lines(DEVIATIONS)
            .map(|line| Deviation::read(&line).unwrap_or_else(|| panic!("{line:?}")))
            .collect();
        Self {
            references,
            deviations,
        }
    }

    /// The deviations that hold for `side` of `pair` in `scenario`.
    pub(crate) fn deviations(
        &self,
        scenario: &str,
        pair: Pair,
        side: Side,
    ) -> impl Iterator<Item = &Deviation> {
        self.deviations.iter().filter(move |deviation| {
            deviation.scenario == scenario
                && deviation.side == side
                && (deviation.pairs.is_empty() || deviation.pairs.contains(&pair))
        })
    }

    /// The recorded file as it should be now.
    pub(crate) fn recorded(&self) -> String {
        let mut text = String::from(HEADER);
        let mut scenarios: Vec<_> = self.references.iter().collect();
        scenarios.sort_by_key(|(name, _)| in_order(name));
        for (scenario, reference) in scenarios {
            reference.write(scenario, &mut text);
        }
        text
    }
}

const HEADER: &str =
    "# What pairs of two ISC dhcpd 4.4.3-P1 did: made by `matrix --pair isc-isc --record`.\n";

/// `S2` before `S2b` before `S10`.
pub(crate) fn in_order(name: &str) -> (u32, String) {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(0), name.into())
}

fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
}

impl Reference {
    fn read(&mut self, words: &[&str]) -> Option<()> {
        match *words {
            ["path", side, path] => {
                let side: Side = side.parse().ok()?;
                self.paths[side.index()].insert(path.into());
            }
            ["unserved", group, numbers] => {
                let numbers: Result<_, _> = numbers.split(' ').map(str::parse).collect();
                self.unserved.insert(group.into(), numbers.ok()?);
            }
            ["differ"] => self.differ = true,
            ["twice"] => self.twice = true,
            ["naks", number] => self.naks = number.parse().ok()?,
            ["unacked", number] => self.unacked = number.parse().ok()?,
            ["busiest", number] => self.busiest = number.parse().ok()?,
            ["dials", number] => self.dials = number.parse().ok()?,
            _ => return None,
        }
        Some(())
    }

    fn write(&self, scenario: &str, text: &mut String) {
        for side in Side::BOTH {
            for path in &self.paths[side.index()] {
                _ = writeln!(text, "{scenario}\tpath\t{side}\t{path}");
            }
        }
        for (group, numbers) in &self.unserved {
            let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
            _ = writeln!(text, "{scenario}\tunserved\t{group}\t{}", numbers.join(" "));
        }
        for (word, is) in [("differ", self.differ), ("twice", self.twice)] {
            if is {
                _ = writeln!(text, "{scenario}\t{word}");
            }
        }
        for (word, number) in [
            ("naks", self.naks),
            ("unacked", self.unacked),
            ("busiest", self.busiest),
            ("dials", self.dials),
        ] {
            if number > 0 {
                _ = writeln!(text, "{scenario}\t{word}\t{number}");
            }
        }
    }

    /// Adds what one more run of two dhcpd did.
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        let first = self.paths[0].is_empty();
        for side in Side::BOTH {
            self.paths[side.index()].insert(outcome.paths[side.index()].clone());
        }
        for service in &outcome.services {
            let never = match self.unserved.get(&service.name) {
                Some(before) => before & &service.unserved,
                None if first => service.unserved.clone(),
                None => BTreeSet::new(),
            };
            if never.is_empty() {
                self.unserved.remove(&service.name);
            } else {
                self.unserved.insert(service.name.clone(), never);
            }
        }
        self.differ |= !outcome.differences.is_empty();
        self.twice |= !outcome.twice.is_empty();
        self.naks = self.naks.max(outcome.naks);
        let most =
            |so_far: usize, numbers: [usize; 2]| numbers.into_iter().fold(so_far, usize::max);
        self.unacked = most(self.unacked, outcome.unacked);
        self.busiest = most(self.busiest, outcome.wire.busiest);
        self.dials = most(self.dials, outcome.wire.dials);
    }
}

impl Deviation {
    fn read(words: &[&'static str]) -> Option<Self> {
        let [scenario, pairs, side, path, reason] = *words else {
            return None;
        };
        let pairs: Result<_, _> = match pairs {
            "all" => Ok(Vec::new()),
            _ => pairs.split(' ').map(str::parse).collect(),
        };
        Some(Self {
            scenario,
            pairs: pairs.ok()?,
            side: side.parse().ok()?,
            path: path.into(),
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::expectations;
    use crate::outcome::Service;
    use crate::scenarios;

    #[test]
    fn the_recorded_file_is_what_would_be_written() {
        assert_eq!(Expected::load().recorded(), RECORDED);
    }

    #[test]
    fn every_scenario_is_known() {
        let expected = Expected::load();
        let answers = expectations();
        for scenario in scenarios::all() {
            let reference = expected.references.get(scenario.name);
            assert!(
                reference.is_some_and(|reference| !reference.paths[0].is_empty())
                    || answers.iter().any(|line| line.scenario == scenario.name),
                "{}",
                scenario.name
            );
        }
        for name in expected.references.keys() {
            assert!(
                scenarios::all().any(|scenario| scenario.name == name),
                "{name}"
            );
        }
    }

    #[test]
    fn deviations_are_of_scenarios_and_say_why() {
        let expected = Expected::load();
        for deviation in &expected.deviations {
            assert!(
                expected.references.contains_key(deviation.scenario),
                "{deviation:?}"
            );
            assert!(deviation.reason.len() > 10, "{deviation:?}");
        }
    }

    #[test]
    fn a_client_that_was_served_once_is_not_unserved() {
        let run = |unserved: &[u32]| Outcome {
            services: vec![Service {
                name: "1-4".into(),
                asked: 4,
                unserved: unserved.iter().copied().collect(),
            }],
            ..Outcome::default()
        };
        let mut reference = Reference::default();
        reference.add(&run(&[1, 2]));
        reference.add(&run(&[2, 3]));
        assert_eq!(reference.unserved["1-4"], BTreeSet::from([2]));
        reference.add(&run(&[]));
        assert!(reference.unserved.is_empty());
        reference.add(&run(&[2]));
        assert!(reference.unserved.is_empty());
    }
}
