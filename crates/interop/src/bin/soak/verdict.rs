//! What may not happen.

use std::time::Duration;

use dhcpd_text::leases::{BindingState, LeaseTime};
use interop::{Database, Ledger};

/// Lines after which dhcpd is no partner any more: it has ended by itself, or parked.
const FATAL: &[&str] = &[
    "exiting.",
    "Impossible case",
    "assertion",
    "to shutdown",
    "to paused",
];

/// Lines of one storm that are no DHCP message's; more is a flood.
const FLOOD: usize = 5000;

/// What a server knows of the leases that clients hold at `now`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Known {
    /// So many have their client, but an earlier end than it was told. Of two renewals that two servers gave while they
    /// didn't hear each other, dhcpd keeps the one that it hears of last, also if it is the older one.
    pub(crate) shorter: usize,
    /// These are another client's, or nobody's; in words.
    pub(crate) lost: Vec<String>,
}

impl Known {
    /// Ends may differ by `slack`.
    pub(crate) fn new(
        ledger: &Ledger,
        database: &Database,
        now: Duration,
        slack: Duration,
    ) -> Self {
        let mut known = Self::default();
        for (address, held) in ledger.held(now + slack) {
            let lease = database.get(address);
            let of_client = lease.is_some_and(|lease| {
                lease.binding_state == Some(BindingState::Active)
                    && lease.hardware.is_some_and(|hw| hw.address() == held.client)
            });
            let ends = lease
                .and_then(|lease| lease.ends)
                .map_or(0, LeaseTime::seconds);
            if !of_client {
                known
                    .lost
                    .push(format!("{address}, {held:?}, in the file {lease:?}"));
            } else if Duration::from_secs(ends.into()) + slack < held.until {
                known.shorter += 1;
            }
        }
        known
    }
}

/// What dhcpd said in a storm that it should have no reason to say.
pub(crate) fn alarms(lines: &[String]) -> Vec<String> {
    let mut alarms: Vec<String> = lines
        .iter()
        .filter(|line| FATAL.iter().any(|word| line.contains(word)))
        .map(|line| format!("dhcpd says: {line}"))
        .collect();
    let talk = lines
        .iter()
        .filter(|line| !line.starts_with("DHCP"))
        .count();
    if talk > FLOOD {
        alarms.push(format!("dhcpd says {talk} lines in one storm"));
    }
    alarms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parked_dhcpd_is_noticed() {
        let line = |text: &str| text.to_owned();
        assert_eq!(
            alarms(&[line("failover peer x: I move from startup to normal")]).len(),
            0
        );
        assert_eq!(
            alarms(&[line("failover peer x: I move from normal to shutdown")]).len(),
            1
        );
        assert_eq!(
            alarms(&vec![line("peer x: disconnected"); FLOOD + 1]).len(),
            1
        );
        assert_eq!(alarms(&vec![line("DHCPACK on x"); FLOOD + 1]).len(), 0);
    }
}
