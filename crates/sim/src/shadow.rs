//! What a server's lease file ought to hold, kept beside it without going through its text.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use dhcp_failover::{Binding, BindingStatus, Bindings, RelationshipRecord};
use dhcp4_server::{Record, Server};

use crate::promise::{Broken, Promise};

/// A record and where it ends in the text that it was written with.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// The record.
    pub(crate) record: Record,
    /// Offset behind it in its batch.
    pub(crate) end: usize,
}

/// The records of one server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shadow {
    /// As stored last.
    latest: BTreeMap<Ipv4Addr, Binding>,
    /// As synced.
    durable: BTreeMap<Ipv4Addr, Binding>,
    state: Option<RelationshipRecord>,
}

impl Shadow {
    /// The server stored a record; what was there before.
    pub(crate) fn store(&mut self, address: Ipv4Addr, binding: &Binding) -> Option<Binding> {
        self.latest.insert(address, binding.clone())
    }

    /// Records are on disk.
    pub(crate) fn commit(&mut self, written: impl IntoIterator<Item = Written>) {
        for Written { record, .. } in written {
            match record {
                Record::Binding(address, binding) => {
                    self.durable.insert(address, binding);
                }
                Record::Relationship(_, state) => self.state = Some(state),
            }
        }
    }

    /// The machine stopped: what wasn't on disk was never stored.
    pub(crate) fn crash(&mut self) {
        self.latest.clone_from(&self.durable);
    }

    /// The record of an address as stored last.
    #[must_use]
    pub(crate) fn latest(&self, address: Ipv4Addr) -> Option<&Binding> {
        self.latest.get(&address)
    }

    /// The state of the relationship on disk.
    #[must_use]
    pub(crate) fn state(&self) -> Option<&RelationshipRecord> {
        self.state.as_ref()
    }

    /// Compares the server's table with what it stored: all of it, if it has just been read.
    ///
    /// # Errors
    /// Names the first address that differs.
    pub(crate) fn compare(&self, server: &Server, just_read: bool) -> Result<(), Broken> {
        let unused = Binding::unused(BindingStatus::Free);
        for (address, held) in server.core().bindings().iter() {
            let stored = self.latest.get(&address).unwrap_or(&unused);
            // What the server stored since it read the file speaks of a tenancy that it has ended.
            let unchanged = just_read && self.durable.get(&address) == Some(stored);
            if !is_same(held, stored) || (unchanged && !remembers(held, stored)) {
                let what = format!(
                    "the lease file isn't the table: {address}\nheld   {held:?}\nstored {stored:?}"
                );
                return Err(Broken::new(Promise::Durable, what));
            }
        }
        Ok(())
    }

    /// Takes the table for what is stored.
    pub(crate) fn adopt(&mut self, bindings: &Bindings) {
        self.latest = bindings
            .iter()
            .map(|(address, binding)| (address, binding.clone()))
            .collect();
        self.durable.clone_from(&self.latest);
    }
}

fn is_same(held: &Binding, stored: &Binding) -> bool {
    let common = |b: &Binding| {
        // An address that was only moved to and fro between the servers is left out of a rewrite.
        let is_unused = b.client.is_empty() && b.ends.0 == 0 && b.tsfp().0 == 0;
        let starts = if is_unused { 0 } else { b.starts.0 };
        let state = (b.status, b.rewind, b.reserved, b.bootp, b.client.clone());
        // `cltt` apart: a lease that is only repeated to its client is not stored again.
        (state, starts, b.ends, b.tsfp())
    };
    // One update too many does no harm: a record without a potential expiry looks pending, as it does to dhcpd.
    common(held) == common(stored) && held.pending >= stored.pending
}

/// What the server may have told its partner before the crash, it goes by after it (draft §7.1.5): sending an update
/// stores nothing, so its record has to do.
fn remembers(held: &Binding, stored: &Binding) -> bool {
    held.horizon() >= stored.sent.max(stored.tstp)
}
