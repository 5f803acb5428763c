//! The state of a relationship, read from either kind of server.

use serde::Deserialize;

use crate::log::Log;

/// What one server says about one relationship. States are ISC's words: `normal`, `communications-interrupted`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// Its own state.
    pub local: String,
    /// The partner's.
    pub partner: String,
    /// Updates that the partner has yet to acknowledge, sent or not; `None` where the server doesn't say (dhcpd).
    pub pending: Option<usize>,
}

/// The part of `status --json` that is read here.
#[derive(Deserialize)]
struct Report {
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Relationship {
    name: String,
    state: String,
    partner_state: String,
    queued: usize,
    unacked: usize,
}

impl State {
    /// Reads `status --json`.
    pub(crate) fn from_status(json: &str, peer: &str) -> Option<Self> {
        let report: Report = serde_json::from_str(json).ok()?;
        let relationship = report
            .relationships
            .into_iter()
            .find(|relationship| relationship.name == peer)?;
        Some(Self {
            local: relationship.state,
            partner: relationship.partner_state,
            pending: Some(relationship.queued + relationship.unacked),
        })
    }

    /// Reads the transitions that dhcpd has logged from line `mark` on.
    pub(crate) fn from_log(log: &Log, mark: usize, peer: &str) -> Self {
        let (mine, theirs) = (
            format!("failover peer {peer}: I move from "),
            format!("failover peer {peer}: peer moves from "),
        );
        let mut state = Self::default();
        for line in log.since(mark) {
            let to = |prefix: &str| {
                line.split_once(prefix)?
                    .1
                    .split_once(" to ")
                    .map(|(_, to)| to.trim().to_owned())
            };
            if let Some(to) = to(&mine) {
                state.local = to;
            } else if let Some(to) = to(&theirs) {
                state.partner = to;
            }
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_transition_holds() {
        let path = std::env::temp_dir().join(format!("interop-{}.log", std::process::id()));
        let log = Log::new(&path, std::time::Instant::now());
        log.add("failover peer x: I move from normal to startup");
        for line in [
            "failover peer x: I move from recover to startup",
            "failover peer x: peer moves from unknown-state to recover",
            "failover peer y: I move from startup to normal",
            "failover peer x: I move from startup to recover",
        ] {
            log.add(line);
        }
        let state = State::from_log(&log, 1, "x");
        assert_eq!(
            (state.local.as_str(), state.partner.as_str()),
            ("recover", "recover")
        );
        assert_eq!(State::from_log(&log, log.len(), "x"), State::default());
        std::fs::remove_file(path).unwrap();
    }
}
