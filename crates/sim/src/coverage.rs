//! What a long batch has to have shown.

use crate::totals::Totals;

/// Kinds of behaviour that can be reached, one a line.
const EXPECTED: &str = include_str!("../coverage.txt");

/// Whether every expected kind was seen; names those that weren't.
pub(crate) fn check(totals: &Totals) -> bool {
    let expected = EXPECTED
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty());
    let (mut seen, mut missed) = (0, 0);
    for mark in expected {
        match totals.marks.contains_key(mark) {
            true => seen += 1,
            false => {
                missed += 1;
                println!("not covered: {mark}");
            }
        }
    }
    println!("coverage: {seen} of {} kinds of behaviour", seen + missed);
    missed == 0
}
