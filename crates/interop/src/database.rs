//! A lease file as it stands.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use dhcpd_text::leases::{BindingState, LeaseRecord, LeaseTime, Reader, Record, ServerState};

use crate::wait::until;

/// When dhcpd replaces its file there is none for a moment.
const REPLACED: Duration = Duration::from_secs(2);

/// The last record of each address, and of each relationship.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Database {
    leases: BTreeMap<Ipv4Addr, LeaseRecord>,
    states: BTreeMap<Vec<u8>, ServerState>,
}

/// An address about which two databases disagree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The address.
    pub address: Ipv4Addr,
    /// What the one says.
    pub one: String,
    /// What the other says.
    pub other: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} / {}", self.address, self.one, self.other)
    }
}

impl Database {
    /// Reads the file. A torn tail is left out: the server may be writing.
    ///
    /// # Panics
    ///
    /// The file can't be read, or has a damaged record before a good one.
    pub fn read(path: &Path) -> Self {
        let bytes = until(REPLACED, || match std::fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            read => Some(read),
        });
        let bytes = bytes.unwrap_or_else(|| Err(ErrorKind::NotFound.into()));
        let bytes = bytes.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut database = Self::default();
        for entry in Reader::new(&path.to_string_lossy(), &bytes) {
            let entry = entry.unwrap_or_else(|damage| panic!("{}: {damage:?}", path.display()));
            assert!(
                entry.warnings.is_empty(),
                "{}: {:?}",
                path.display(),
                entry.warnings
            );
            match entry.record {
                Record::Lease(lease) => _ = database.leases.insert(lease.address, lease),
                Record::FailoverState(state) => {
                    database
                        .states
                        .extend(state.mine.map(|mine| (state.name, mine.state)));
                }
                _ => {}
            }
        }
        database
    }

    /// The record of `address`.
    pub fn get(&self, address: Ipv4Addr) -> Option<&LeaseRecord> {
        self.leases.get(&address)
    }

    /// The state in relationship `peer` that the server last wrote down.
    pub fn state(&self, peer: &str) -> Option<ServerState> {
        self.states.get(peer.as_bytes()).copied()
    }

    /// All records, by address.
    pub fn iter(&self) -> impl Iterator<Item = &LeaseRecord> {
        self.leases.values()
    }

    /// The part about the addresses that `wanted` answers true for.
    #[must_use]
    pub fn part(mut self, wanted: impl Fn(Ipv4Addr) -> bool) -> Self {
        self.leases.retain(|address, _| wanted(*address));
        self
    }

    /// How many addresses are in `state`.
    pub fn count(&self, state: BindingState) -> usize {
        self.leases
            .values()
            .filter(|lease| lease.binding_state == Some(state))
            .count()
    }

    /// Where `other` has another binding state, or for an active address another client or end. An address without a
    /// record is free.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut addresses: Vec<_> = self
            .leases
            .keys()
            .chain(other.leases.keys())
            .copied()
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        let pair = addresses.into_iter().map(|address| Difference {
            address,
            one: self.summary(address),
            other: other.summary(address),
        });
        pair.filter(|difference| difference.one != difference.other)
            .collect()
    }

    /// All of a binding that both servers of a pair must agree about.
    fn summary(&self, address: Ipv4Addr) -> String {
        let Some(lease) = self.leases.get(&address) else {
            return BindingState::Free.word().into();
        };
        let state = lease.binding_state.unwrap_or(BindingState::Free);
        if state != BindingState::Active {
            return state.word().into();
        }
        let seconds = lease.ends.map(LeaseTime::seconds);
        format!(
            "{} {:02x?} uid {:02x?} ends {seconds:?}",
            state.word(),
            lease.hardware.map(|h| h.address().to_vec()),
            lease.uid
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(name: &str, text: &str) -> Database {
        let path = std::env::temp_dir().join(format!("interop-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let database = Database::read(&path);
        std::fs::remove_file(path).unwrap();
        database
    }

    const ACTIVE: &str = "lease 10.0.0.1 {\n  ends 1 2026/11/23 16:35:10;\n  binding state active;\n  \
                          hardware ethernet 00:16:3e:00:00:01;\n}\n";

    #[test]
    fn the_last_record_counts_and_no_record_is_free() {
        let free = "lease 10.0.0.1 {\n  binding state free;\n}\n";
        let one = database("a", &format!("{ACTIVE}{free}"));
        assert_eq!(one.differences(&Database::default()), []);
        assert_eq!(
            (
                one.count(BindingState::Free),
                one.count(BindingState::Active)
            ),
            (1, 0)
        );
    }

    #[test]
    fn client_end_and_state_are_compared() {
        let one = database("b", ACTIVE);
        for changed in [
            ACTIVE.replace("16:35:10", "16:35:11"),
            ACTIVE.replace(":01;", ":02;"),
            ACTIVE.replace("active", "expired"),
            ACTIVE.replace("  hardware", "  uid \"x\";\n  hardware"),
        ] {
            assert_eq!(
                one.differences(&database("c", &changed)).len(),
                1,
                "{changed}"
            );
        }
        let backup = database("d", "lease 10.0.0.1 {\n  binding state backup;\n}\n");
        assert_eq!(
            Database::default().differences(&backup)[0].to_string(),
            "10.0.0.1: free / backup"
        );
    }
}
