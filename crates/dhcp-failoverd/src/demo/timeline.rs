//! The states of both servers over time, one letter for each half second.

use std::time::Duration;

/// Time per letter.
const STEP: Duration = Duration::from_millis(500);
/// The letters, and what they stand for.
const LETTERS: [(char, &str); 9] = [
    ('-', "starting"),
    ('S', "STARTUP"),
    ('R', "RECOVER"),
    ('W', "RECOVER-WAIT"),
    ('D', "RECOVER-DONE"),
    ('N', "NORMAL"),
    ('C', "COMMUNICATIONS-INTERRUPTED"),
    ('P', "PARTNER-DOWN"),
    ('x', "dead"),
];
/// Letters explained in one line.
const LEGEND: usize = 4;
/// Any other state.
const OTHER: char = '?';

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    rows: [String; 2],
    steps: u32,
}

impl Timeline {
    /// The states at a time.
    pub(super) fn record(&mut self, at: Duration, states: [&str; 2]) {
        while STEP * self.steps <= at {
            for (row, state) in self.rows.iter_mut().zip(states) {
                row.push(letter(state));
            }
            self.steps += 1;
        }
    }

    /// A letter for each step, primary first.
    pub(super) fn rows(&self) -> &[String; 2] {
        &self.rows
    }

    /// What the letters that are in use stand for, in lines.
    pub(super) fn legend(&self) -> Vec<String> {
        let used = |letter: &char| self.rows.iter().any(|row| row.contains(*letter));
        let named = LETTERS.iter().filter(|(letter, _)| used(letter));
        let named: Vec<String> = named
            .map(|(letter, state)| format!("{letter} {state}"))
            .collect();
        named.chunks(LEGEND).map(|line| line.join("  ")).collect()
    }
}

fn letter(state: &str) -> char {
    let found = LETTERS.iter().find(|(_, name)| *name == state);
    found.map_or(OTHER, |(letter, _)| *letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_for_each_half_second() {
        let mut timeline = Timeline::default();
        timeline.record(Duration::ZERO, ["starting", "RECOVER"]);
        timeline.record(Duration::from_millis(100), ["NORMAL", "NORMAL"]);
        assert_eq!(timeline.rows(), &["-", "R"]);
        timeline.record(Duration::from_millis(1000), ["dead", "NORMAL"]);
        assert_eq!(timeline.rows(), &["-xx", "RNN"]);
        assert_eq!(
            timeline.legend(),
            ["- starting  R RECOVER  N NORMAL  x dead"]
        );
    }
}
