//! What came of one run.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use interop::Log;

use crate::pair::Side;
use crate::wire::Wire;

/// All that a run is judged by.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Why it came to an early end.
    pub(crate) broken: Option<String>,
    /// The states that each server went through, by its own log.
    pub(crate) paths: [Path; 2],
    /// Who asked for a lease, and got one.
    pub(crate) services: Vec<Service>,
    /// How long it took, each time, until both were NORMAL.
    pub(crate) normal_after: Vec<Duration>,
    /// What the server said to odd greetings, and which one it was.
    pub(crate) answers: Vec<(&'static str, String)>,
    pub(crate) probed: Option<Side>,
    /// Where the two lease files disagree at the end.
    pub(crate) differences: Vec<String>,
    /// Updates left unanswered at the end, by the server that sent them.
    pub(crate) unacked: [usize; 2],
    /// Addresses that two clients had at a time.
    pub(crate) twice: Vec<String>,
    /// DHCPNAKs.
    pub(crate) naks: usize,
    /// Servers that ended by themselves, and their last lines.
    pub(crate) died: Vec<String>,
    /// The failover connection.
    pub(crate) wire: Wire,
    /// Where logs, lease files and the capture are.
    pub(crate) folder: PathBuf,
}

/// A group of clients that asked for leases at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Service {
    /// Unique in its scenario.
    pub(crate) name: String,
    pub(crate) asked: usize,
    /// Numbers of those that got none.
    pub(crate) unserved: BTreeSet<u32>,
}

impl Outcome {
    /// Clients that asked for a lease, and that got one.
    pub(crate) fn dora(&self) -> (usize, usize) {
        let asked = self.services.iter().map(|service| service.asked).sum();
        let unserved: usize = self
            .services
            .iter()
            .map(|service| service.unserved.len())
            .sum();
        (asked, asked - unserved)
    }
}

/// The states of a server, one list a life: `recover > startup > normal | normal > startup > normal`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Path(String);

impl Path {
    /// Reads the transitions of relationship `peer`.
    pub(crate) fn from_log(log: &Log, peer: &str) -> Self {
        Self::from_lines(&log.since(0), peer)
    }

    fn from_lines(lines: &[String], peer: &str) -> Self {
        let moves = format!("failover peer {peer}: I move from ");
        let mut path = String::new();
        let mut last = String::new();
        for line in lines {
            if line.starts_with("-- start") && !path.is_empty() {
                path.push_str(" | ");
                last.clear();
            } else if let Some((from, to)) = line
                .split_once(&moves)
                .and_then(|(_, states)| states.split_once(" to "))
            {
                // A state that was never left can't be come from.
                if from != last {
                    path.push_str(if last.is_empty() { "" } else { " … " });
                    path.push_str(from);
                }
                path.push_str(" > ");
                path.push_str(to.trim());
                last = to.trim().into();
            }
        }
        Self(path)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Path {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_two_lives() {
        let lines = [
            "-- start Isc",
            "failover peer lab: I move from recover to startup",
            "failover peer other: I move from recover to startup",
            "failover peer lab: peer moves from recover to normal",
            "failover peer lab: I move from startup to normal",
            "-- start Isc",
            "failover peer lab: I move from normal to startup",
        ]
        .map(String::from);
        let path = Path::from_lines(&lines, "lab");
        assert_eq!(
            path.to_string(),
            "recover > startup > normal | normal > startup"
        );
    }
}
