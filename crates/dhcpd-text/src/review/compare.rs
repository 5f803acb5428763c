//! Two files side by side.

use super::declared::Declared;
use super::peers::Pairs;
use super::{Document, Level, Place, Remark};

/// What two files of a pair have against each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Drift: what must be the same, or mirrored, and is not.
    pub findings: Vec<Remark>,
    /// Differences that may be meant.
    pub advice: Vec<Remark>,
}

/// Holds the configurations of the two servers of a pair side by side.
///
/// Nothing is looked up: addresses that are host names count as whatever they must be.
#[must_use]
pub fn compare(a: &Document, b: &Document) -> Comparison {
    let (a, b) = (Declared::new(a), Declared::new(b));
    let mut both = Both {
        a: &a,
        b: &b,
        found: Comparison::default(),
    };
    let pairs = Pairs::of(&a, &b);
    both.peers(&pairs);
    both.pools(&pairs);
    both.subnets();
    both.scopes();
    both.definitions();
    both.classes();
    both.hosts();
    both.found
}

/// The two files, and what was found.
pub(super) struct Both<'d> {
    pub(super) a: &'d Declared<'d>,
    pub(super) b: &'d Declared<'d>,
    found: Comparison,
}

impl Both<'_> {
    pub(super) fn error(
        &mut self,
        what: &'static str,
        text: String,
        a: Option<Place>,
        b: Option<Place>,
    ) {
        self.push(Level::Error, what, text, a, b);
    }

    pub(super) fn warning(
        &mut self,
        what: &'static str,
        text: String,
        a: Option<Place>,
        b: Option<Place>,
    ) {
        self.push(Level::Warning, what, text, a, b);
    }

    pub(super) fn advice(
        &mut self,
        what: &'static str,
        text: String,
        a: Option<Place>,
        b: Option<Place>,
    ) {
        let remark = Remark {
            level: Level::Warning,
            what,
            text,
            a,
            b,
        };
        if !self.found.advice.contains(&remark) {
            self.found.advice.push(remark);
        }
    }

    /// Whether something was found about these two statements already.
    pub(super) fn is_known(&self, what: &str, a: Option<&Place>, b: Option<&Place>) -> bool {
        self.found
            .findings
            .iter()
            .any(|found| found.what == what && found.a.as_ref() == a && found.b.as_ref() == b)
    }

    fn push(
        &mut self,
        level: Level,
        what: &'static str,
        text: String,
        a: Option<Place>,
        b: Option<Place>,
    ) {
        self.found.findings.push(Remark {
            level,
            what,
            text,
            a,
            b,
        });
    }
}
