//! When leases and quarantines end: the next one of all pools, without asking each pool.

use std::collections::{BTreeMap, BTreeSet};

use failover_wire::BindingStatus;

use crate::bindings::PoolId;
use crate::output::RelationshipId;
use crate::time::Instant;

/// What ends by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// A lease.
    Lease,
    /// The time for which an abandoned address is left alone.
    Quarantine,
}

impl Ending {
    pub(crate) const ALL: [Self; 2] = [Self::Lease, Self::Quarantine];

    /// The state that comes to its end so.
    pub(crate) const fn status(self) -> BindingStatus {
        match self {
            Self::Lease => BindingStatus::Active,
            Self::Quarantine => BindingStatus::Abandoned,
        }
    }
}

/// Whose pools: a relationship's, or those that have none.
pub(crate) type Owner = Option<RelationshipId>;

/// The first end in each pool, in order of time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deadlines {
    by_owner: BTreeMap<Owner, [BTreeSet<(Instant, PoolId)>; 2]>,
    /// What stands in the sets, by pool.
    heads: BTreeMap<PoolId, [Option<Instant>; 2]>,
}

impl Deadlines {
    /// The first end in a pool is this by now.
    pub(crate) fn set(
        &mut self,
        owner: Owner,
        pool: PoolId,
        ending: Ending,
        head: Option<Instant>,
    ) {
        let former = &mut self.heads.entry(pool).or_default()[ending as usize];
        if *former == head {
            return;
        }
        let set = &mut self.by_owner.entry(owner).or_default()[ending as usize];
        if let Some(former) = *former {
            set.remove(&(former, pool));
        }
        if let Some(head) = head {
            set.insert((head, pool));
        }
        *former = head;
    }

    /// The first end of all, and the pool that it is in.
    pub(crate) fn next(&self, owner: Owner, ending: Ending) -> Option<(Instant, PoolId)> {
        self.by_owner.get(&owner)?[ending as usize].first().copied()
    }
}
