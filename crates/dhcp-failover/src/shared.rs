//! What the partner has yet to hear, and whether there is anything to tell: of each relationship,
//! so that its requests cost no walk over the table.

use std::collections::{BTreeMap, BTreeSet};

use failover_wire::BindingStatus;

use crate::binding::Binding;
use crate::bindings::Slot;
use crate::output::RelationshipId;

/// The shared bindings that matter to partners.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(BTreeMap<RelationshipId, Of>);

#[derive(Clone, Debug, Default)]
struct Of {
    /// What the partner hasn't acknowledged.
    pending: BTreeSet<Slot>,
    /// How many aren't as every server takes them to be by default.
    used: u32,
}

impl Shared {
    /// A binding changes.
    pub(crate) fn change(&mut self, id: RelationshipId, slot: Slot, old: &Binding, new: &Binding) {
        let of = self.0.entry(id).or_default();
        match (old.is_pending(), new.is_pending()) {
            (false, true) => _ = of.pending.insert(slot),
            (true, false) => _ = of.pending.remove(&slot),
            _ => {}
        }
        match (is_used(old), is_used(new)) {
            (false, true) => of.used += 1,
            (true, false) => of.used -= 1,
            _ => {}
        }
    }

    /// What the partner hasn't acknowledged, in address order.
    pub(crate) fn pending(&self, id: RelationshipId) -> impl Iterator<Item = Slot> + '_ {
        self.0
            .get(&id)
            .into_iter()
            .flat_map(|of| of.pending.iter().copied())
    }

    /// Whether any binding was ever used.
    pub(crate) fn has_used(&self, id: RelationshipId) -> bool {
        self.0.get(&id).is_some_and(|of| of.used > 0)
    }
}

/// Whether the address was ever more than FREE: the rest the partner knows by default (draft §5.16).
pub(crate) fn is_used(binding: &Binding) -> bool {
    *binding != Binding::unused(BindingStatus::Free)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bindings::{Bindings, PoolSpec};
    use crate::deadlines::Ending;
    use crate::time::Instant;
    use failover_wire::UnixTime;

    fn host(last: u8) -> core::net::Ipv4Addr {
        [10, 0, 0, last].into()
    }

    /// Two shared pools and one that isn't, four addresses each.
    fn table() -> Bindings {
        let spec = |first: u8, relationship| PoolSpec {
            ranges: vec![(host(first), host(first + 3))],
            relationship,
        };
        let shared = Some(RelationshipId(0));
        let specs = vec![spec(0, shared), spec(4, None), spec(8, shared)];
        Bindings::new(specs, [1, 2]).expect("apart")
    }

    fn change() -> impl Strategy<Value = (u8, Binding)> {
        let status = prop::sample::select(BindingStatus::ALL.to_vec());
        (0..12_u8, status, 0..4_u32, 0..6_u64, any::<bool>()).prop_map(
            |(last, status, ends, mono, pending)| {
                let binding = Binding {
                    ends: UnixTime(ends),
                    ends_mono: Instant::from_millis(mono),
                    pending,
                    ..Binding::unused(status)
                };
                (last, binding)
            },
        )
    }

    proptest! {
        /// What is kept beside the table is what a walk over it finds.
        #[test]
        fn nothing_needs_a_walk(changes in prop::collection::vec(change(), 0..40)) {
            let mut table = table();
            for (last, binding) in changes {
                prop_assert!(table.load(host(last), binding));
                let id = RelationshipId(0);
                let slots: Vec<Slot> = table.slots_of(id).collect();
                let pending: Vec<Slot> = slots
                    .iter()
                    .copied()
                    .filter(|slot| table.at(*slot).is_pending())
                    .collect();
                prop_assert_eq!(table.pending(id).collect::<Vec<_>>(), pending);
                let used = slots.iter().any(|slot| is_used(table.at(*slot)));
                prop_assert_eq!(table.has_used(id), used);
                for owner in [None, Some(id)] {
                    for ending in Ending::ALL {
                        let pools = table.pools().filter(|p| table.relationship(*p) == owner);
                        let first = |pool| table.in_order(pool, ending.status()).next();
                        let ends = pools.filter_map(first).map(|slot| table.at(slot).ends_mono);
                        let next = table.next_end(owner, ending).map(|(at, _)| at);
                        prop_assert_eq!(next, ends.min());
                    }
                }
            }
        }
    }
}
