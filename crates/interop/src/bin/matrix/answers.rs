//! How servers answer odd greetings: dhcpd, ours, and why ours answers otherwise where it does.

use interop::Kind;

const ANSWERS: &str = include_str!("answers.tsv");

/// One line of `answers.tsv`, which is written by hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Expectation {
    pub(crate) scenario: &'static str,
    pub(crate) case: &'static str,
    pub(crate) dhcpd: &'static str,
    pub(crate) ours: &'static str,
    /// Empty where both answer the same.
    pub(crate) reason: &'static str,
}

impl Expectation {
    pub(crate) fn of(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Ours => self.ours,
            Kind::Isc => self.dhcpd,
        }
    }
}

/// All of them.
///
/// # Panics
///
/// The file is damaged; a test reads it.
pub(crate) fn expectations() -> Vec<Expectation> {
    let lines = ANSWERS.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let columns: Vec<_> = line.split('\t').collect();
            let [scenario, case, dhcpd, ours, reason] = columns[..] else {
                panic!("{line:?}");
            };
            Expectation {
                scenario,
                case,
                dhcpd,
                ours,
                reason,
            }
        })
        .collect()
}

/// What is wrong with an answer.
pub(crate) fn judge(scenario: &str, kind: Kind, case: &str, answer: &str) -> Option<String> {
    let expected = expectations()
        .into_iter()
        .find(|line| line.scenario == scenario && line.case == case)
        .map_or("nothing known", |line| line.of(kind));
    (answer != expected)
        .then(|| format!("{case}: {kind:?} {answer}, where it should be: {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_answer_has_its_reason() {
        for line in expectations() {
            assert_eq!(line.dhcpd == line.ours, line.reason.is_empty(), "{line:?}");
        }
    }

    #[test]
    fn wrong_answers_are_found() {
        let line = expectations()[0];
        let judged = |answer| judge(line.scenario, Kind::Ours, line.case, answer);
        assert_eq!(judged(line.ours), None);
        assert!(judged("something else").is_some());
        assert!(judge("S8g", Kind::Ours, "no such case", "accepts").is_some());
    }
}
