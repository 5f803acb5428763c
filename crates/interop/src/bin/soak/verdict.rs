//! What may not happen, and what the protocol itself permits.

use std::net::Ipv4Addr;
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

/// What was so during a storm.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Circumstances {
    /// A dhcpd was in PARTNER-DOWN; its address.
    pub(crate) dhcpd_alone: Option<Ipv4Addr>,
    /// A server was in PARTNER-DOWN while the other one served.
    pub(crate) both_served: bool,
}

/// Why an address may have been given to two clients, by name; `None` if it may not. `entry` is the ledger's.
///
/// Of the cases that the protocol permits, these can come up here:
///
/// * V1: a server is in PARTNER-DOWN while its partner serves. The operator of these runs is honest, so only
///   `auto partner-down` does that.
/// * V8: a dhcpd in PARTNER-DOWN gives an address to another client as soon as the lease that it knows of is over, although
///   the partner may have renewed it before it died.
pub(crate) fn permitted(entry: &str, circumstances: Circumstances) -> Option<&'static str> {
    let given_by = |address: Ipv4Addr| entry.contains(&format!(" given by {address} "));
    if circumstances.both_served {
        Some("V1")
    } else if circumstances.dhcpd_alone.is_some_and(given_by) {
        Some("V8")
    } else {
        None
    }
}

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
    fn only_what_has_a_name_is_permitted() {
        let dhcpd = Ipv4Addr::new(10, 0, 0, 1);
        let entry = "10.0.9.9 given by 10.0.0.1 to [02] at 3, 9 s before the end of [03], who had it from 10.0.0.2";
        let alone = Circumstances {
            dhcpd_alone: Some(dhcpd),
            both_served: false,
        };
        assert_eq!(permitted(entry, Circumstances::default()), None);
        assert_eq!(permitted(entry, alone), Some("V8"));
        let by_ours = entry.replace("given by 10.0.0.1", "given by 10.0.0.2");
        assert_eq!(permitted(&by_ours, alone), None);
        let both = Circumstances {
            both_served: true,
            ..alone
        };
        assert_eq!(permitted(&by_ours, both), Some("V1"));
    }

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
