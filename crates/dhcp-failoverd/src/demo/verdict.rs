//! The table at the end.

use std::time::Duration;

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Verdict {
    /// Clients that came.
    pub(super) clients: usize,
    /// Of them, those that have an address at the end.
    pub(super) served: usize,
    /// The longest that any client was without an address.
    pub(super) longest_wait: Duration,
    /// Leases that were refused, ran out or were exchanged although their clients asked for them.
    pub(super) lost: usize,
    /// Addresses that two clients held at one time.
    pub(super) held_twice: usize,
    /// The states of primary and secondary.
    pub(super) states: [String; 2],
    /// The leases that each of them knows.
    pub(super) known: [u32; 2],
    /// The states of the primary since it came back.
    pub(super) trail: Vec<String>,
    /// From its return until it was back in NORMAL.
    pub(super) recovery: Duration,
}

impl Verdict {
    /// What is wrong; nothing if all is well.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut check = |well: bool, complaint: &str| {
            if !well {
                complaints.push(complaint.to_owned());
            }
        };
        check(
            self.served == self.clients,
            "not every client has an address",
        );
        check(self.lost == 0, "leases were lost");
        check(self.held_twice == 0, "two clients held one address");
        let normal = self.states.iter().all(|state| state == "NORMAL");
        check(normal, "the pair isn't NORMAL / NORMAL");
        let equal = self
            .known
            .iter()
            .all(|known| *known as usize == self.clients);
        check(equal, "the databases don't have every lease");
        check(
            self.recovered(),
            "the primary didn't go through RECOVER and RECOVER-DONE to NORMAL",
        );
        complaints
    }

    /// Whether the way back was RECOVER, RECOVER-WAIT if there was anything to wait for, RECOVER-DONE, NORMAL.
    fn recovered(&self) -> bool {
        let way: Vec<&str> = self
            .trail
            .iter()
            .map(String::as_str)
            .filter(|state| !matches!(*state, "startup" | "recover-wait"))
            .collect();
        way == ["recover", "recover-done", "normal"]
    }

    /// The table, line by line.
    pub(super) fn table(&self) -> Vec<String> {
        let [primary, secondary] = &self.states;
        let mut way: Vec<String> = Vec::new();
        for state in self.trail.iter().filter(|state| *state != "startup") {
            way.push(state.to_uppercase());
        }
        let rows = [
            (
                "clients served",
                format!("{} of {}", self.served, self.clients),
            ),
            ("longest time any client waited", seconds(self.longest_wait)),
            ("leases lost", self.lost.to_string()),
            ("addresses held twice", self.held_twice.to_string()),
            (
                "leases in each database",
                format!("{} and {}", self.known[0], self.known[1]),
            ),
            (
                "the primary's way back",
                format!("{} ({})", way.join(" → "), seconds(self.recovery)),
            ),
            ("the pair at the end", format!("{primary} / {secondary}")),
        ];
        rows.iter()
            .map(|(name, value)| format!("  {name:<32}{value}"))
            .collect()
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Verdict {
        let states = |states: &[&str]| states.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        Verdict {
            clients: 500,
            served: 500,
            longest_wait: Duration::from_millis(1310),
            lost: 0,
            held_twice: 0,
            states: ["NORMAL".into(), "NORMAL".into()],
            known: [500, 500],
            trail: states(&[
                "startup",
                "recover",
                "recover-wait",
                "recover-done",
                "normal",
            ]),
            recovery: Duration::from_millis(2500),
        }
    }

    #[test]
    fn all_is_well() {
        assert!(well().complaints().is_empty());
        let no_wait = Verdict {
            trail: vec!["recover".into(), "recover-done".into(), "normal".into()],
            ..well()
        };
        assert!(no_wait.complaints().is_empty());
        let table = well().table().join("\n");
        for row in [
            "clients served                  500 of 500",
            "longest time any client waited  1.31 s",
            "leases lost                     0",
            "addresses held twice            0",
            "RECOVER → RECOVER-WAIT → RECOVER-DONE → NORMAL (2.50 s)",
        ] {
            assert!(table.contains(row), "{row:?} in\n{table}");
        }
    }

    #[test]
    fn each_thing_that_is_wrong_is_a_complaint() {
        let wrong = [
            Verdict {
                served: 499,
                ..well()
            },
            Verdict { lost: 1, ..well() },
            Verdict {
                held_twice: 1,
                ..well()
            },
            Verdict {
                states: ["NORMAL".into(), "PARTNER-DOWN".into()],
                ..well()
            },
            Verdict {
                known: [500, 499],
                ..well()
            },
            Verdict {
                trail: vec!["normal".into()],
                ..well()
            },
            Verdict {
                trail: Vec::new(),
                ..well()
            },
        ];
        for verdict in wrong {
            assert_eq!(verdict.complaints().len(), 1, "{verdict:?}");
        }
    }
}
