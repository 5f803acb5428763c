//! The lease table of a server: every address of every pool, and who may have it next.

use core::hash::{Hash, Hasher};
use core::net::Ipv4Addr;
use std::collections::BTreeSet;

use failover_wire::{BindingStatus, HardwareAddress, UnixTime, Xid};

use crate::binding::Binding;
use crate::deadlines::{Deadlines, Ending, Owner};
use crate::index::ClientIndex;
use crate::output::{Output, Record, RelationshipId};
use crate::ranges::Ranges;
use crate::shared::Shared;
use crate::time::Instant;

/// Most addresses in all pools together: a slot number and its neighbours fit 32 bits with room,
/// and the table fits the memory of any server that could serve them.
pub const MAX_ADDRESSES: usize = 1 << 24;

/// Names a pool: its index in the order of configuration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PoolId(pub u32);

/// One pool, as configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolSpec {
    /// First and last address of each range, both included.
    pub ranges: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// The relationship that shares it with a partner; none if this server owns it alone.
    pub relationship: Option<RelationshipId>,
}

/// Why a table cannot be made of the pools.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BindingsError {
    /// An address is in two ranges.
    #[error("lease {0} is declared twice")]
    DeclaredTwice(Ipv4Addr),
    /// The range's first address is beyond its last.
    #[error("range {0} {1} is reversed")]
    Reversed(Ipv4Addr, Ipv4Addr),
    /// More than [`MAX_ADDRESSES`].
    #[error("{0} addresses in all pools, {MAX_ADDRESSES} is the most")]
    TooMany(u64),
}

/// An address's place in the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Slot(pub(crate) u32);

/// Where the update of a binding to the partner stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Update {
    #[default]
    Idle,
    /// Waits in the send queue.
    Queued,
    /// Went out with this transaction id; the partner hasn't answered.
    Unacked(Xid),
}

#[derive(Clone, Debug)]
struct Pool {
    relationship: Option<RelationshipId>,
    size: u32,
    /// Slots by status, oldest `ends` first, which is the order of reuse and of expiry.
    by_status: [BTreeSet<(UnixTime, Slot)>; 7],
}

/// The lease table.
///
/// Dense: an address is an index. Reads are public; the only writer is `apply`, within
/// this crate, so that every change is stored.
#[derive(Clone, Debug)]
pub struct Bindings {
    ranges: Ranges,
    pools: Vec<Pool>,
    slots: Vec<Binding>,
    updates: Vec<Update>,
    deadlines: Deadlines,
    shared: Shared,
    by_uid: ClientIndex,
    by_hardware: ClientIndex,
}

impl Bindings {
    /// A table in which every address is FREE and never used. `hash_key` is a secret that keeps
    /// clients from choosing identifiers that collide.
    ///
    /// # Errors
    ///
    /// When ranges overlap or are reversed, or hold more than [`MAX_ADDRESSES`].
    pub fn new(pools: Vec<PoolSpec>, hash_key: [u64; 2]) -> Result<Self, BindingsError> {
        let ranges = Ranges::lay_out(&pools)?;
        let total = ranges.total();
        let mut table = Self {
            pools: pools.into_iter().map(Pool::new).collect(),
            slots: vec![Binding::unused(BindingStatus::Free); total],
            updates: vec![Update::Idle; total],
            deadlines: Deadlines::default(),
            shared: Shared::default(),
            by_uid: ClientIndex::new(hash_key, total),
            by_hardware: ClientIndex::new(hash_key, total),
            ranges,
        };
        for range in table.ranges.iter() {
            let pool = &mut table.pools[range.pool.0 as usize];
            let free = &mut pool.by_status[index_of(BindingStatus::Free)];
            free.extend(range.slots().map(|slot| (UnixTime(0), slot)));
            pool.size = free.len() as u32;
        }
        Ok(table)
    }

    /// Puts back what the lease file says of an address; the last call for an address wins.
    /// Returns false when the address is in no pool.
    pub fn load(&mut self, address: Ipv4Addr, binding: Binding) -> bool {
        match self.slot(address) {
            Some(slot) => {
                self.put(slot, binding);
                true
            }
            None => false,
        }
    }

    /// What is known of an address; `None` if it is in no pool.
    pub fn get(&self, address: Ipv4Addr) -> Option<&Binding> {
        self.slot(address).map(|slot| self.at(slot))
    }

    /// The pool that an address belongs to.
    pub fn pool_of(&self, address: Ipv4Addr) -> Option<PoolId> {
        self.ranges.pool_of(address)
    }

    /// The relationship that an address is shared in.
    pub fn relationship_of(&self, address: Ipv4Addr) -> Option<RelationshipId> {
        self.pool_of(address)
            .and_then(|pool| self.relationship(pool))
    }

    /// The relationship that a pool is shared in.
    pub fn relationship(&self, pool: PoolId) -> Option<RelationshipId> {
        self.pools[pool.0 as usize].relationship
    }

    /// The addresses whose present or last tenant has this client identifier, latest first.
    pub fn of_uid<'a>(&'a self, uid: &'a [u8]) -> impl Iterator<Item = (Ipv4Addr, &'a Binding)> {
        self.by_uid
            .chain(uid)
            .map(|slot| (self.address(slot), self.at(slot)))
            .filter(move |(_, binding)| *binding.client.uid == *uid && !uid.is_empty())
    }

    /// The addresses whose present or last tenant has this hardware address, latest first.
    pub fn of_hardware<'a>(
        &'a self,
        hardware: &'a HardwareAddress,
    ) -> impl Iterator<Item = (Ipv4Addr, &'a Binding)> {
        let chain = (!hardware.is_empty()).then(|| self.by_hardware.chain(hardware.as_wire()));
        chain
            .into_iter()
            .flatten()
            .map(|slot| (self.address(slot), self.at(slot)))
            .filter(move |(_, binding)| binding.client.hardware == *hardware)
    }

    /// The pools, in order of configuration.
    pub fn pools(&self) -> impl Iterator<Item = PoolId> + use<> {
        (0..self.pools.len() as u32).map(PoolId)
    }

    /// How many addresses of a pool are in a state.
    pub fn count(&self, pool: PoolId, status: BindingStatus) -> u32 {
        self.set(pool, status).len() as u32
    }

    /// How many addresses a pool has.
    pub fn size(&self, pool: PoolId) -> u32 {
        self.pools[pool.0 as usize].size
    }

    /// Every address, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (Ipv4Addr, &Binding)> {
        let addresses = self.ranges.iter().flat_map(|range| range.addresses());
        addresses.zip(&self.slots)
    }

    /// The addresses of a pool in a state, the one that ended first at the front.
    pub fn in_reuse_order(
        &self,
        pool: PoolId,
        status: BindingStatus,
    ) -> impl Iterator<Item = (Ipv4Addr, &Binding)> {
        self.in_order(pool, status)
            .map(|slot| (self.address(slot), self.at(slot)))
    }

    pub(crate) fn in_order(
        &self,
        pool: PoolId,
        status: BindingStatus,
    ) -> impl Iterator<Item = Slot> + '_ {
        self.set(pool, status).iter().map(|(_, slot)| *slot)
    }

    /// Those of a pool in a state that were used before, as [`Bindings::in_order`].
    pub(crate) fn used_in_order(
        &self,
        pool: PoolId,
        status: BindingStatus,
    ) -> impl Iterator<Item = Slot> + '_ {
        let used = (UnixTime(1), Slot(0))..;
        self.set(pool, status).range(used).map(|(_, slot)| *slot)
    }

    /// The first lease or quarantine of the owner's pools to end, by the monotonic clock.
    pub(crate) fn next_end(&self, owner: Owner, ending: Ending) -> Option<(Instant, PoolId)> {
        self.deadlines.next(owner, ending)
    }

    /// Every slot of the pools shared in a relationship, in address order.
    pub(crate) fn slots_of(&self, id: RelationshipId) -> impl Iterator<Item = Slot> + '_ {
        self.ranges
            .iter()
            .filter(move |range| self.relationship(range.pool) == Some(id))
            .flat_map(|range| range.slots())
    }

    /// What the partner hasn't acknowledged.
    pub(crate) fn pending(&self, id: RelationshipId) -> impl Iterator<Item = Slot> + '_ {
        self.shared.pending(id)
    }

    /// Whether any address shared in a relationship was ever used.
    pub(crate) fn has_used(&self, id: RelationshipId) -> bool {
        self.shared.has_used(id)
    }

    /// How many slots there are.
    pub(crate) fn len(&self) -> u32 {
        self.slots.len() as u32
    }

    pub(crate) fn slot(&self, address: Ipv4Addr) -> Option<Slot> {
        self.ranges.slot(address)
    }

    pub(crate) fn at(&self, slot: Slot) -> &Binding {
        &self.slots[slot.0 as usize]
    }

    pub(crate) fn address(&self, slot: Slot) -> Ipv4Addr {
        self.ranges.address(slot)
    }

    pub(crate) fn pool_at(&self, slot: Slot) -> PoolId {
        self.ranges.at(slot).pool
    }

    pub(crate) fn update(&self, slot: Slot) -> Update {
        self.updates[slot.0 as usize]
    }

    pub(crate) fn set_update(&mut self, slot: Slot, update: Update) {
        self.updates[slot.0 as usize] = update;
    }

    /// The one writer: changes a binding and pushes its record, so that nothing said later can be
    /// said before the change is on disk.
    pub(crate) fn apply(&mut self, slot: Slot, binding: Binding, out: &mut Vec<Output>) {
        let address = self.address(slot);
        out.push(Output::Store(Record::Binding(address, binding.clone())));
        self.put(slot, binding);
    }

    /// Changes without a record: what doesn't have to be found again after a crash.
    pub(crate) fn note(&mut self, slot: Slot, change: impl FnOnce(&mut Binding)) {
        let mut binding = self.at(slot).clone();
        change(&mut binding);
        self.put(slot, binding);
    }

    fn put(&mut self, slot: Slot, new: Binding) {
        let id = self.pool_at(slot);
        let pool = &mut self.pools[id.0 as usize];
        let old = &mut self.slots[slot.0 as usize];
        if (old.status, old.ends) != (new.status, new.ends) {
            pool.by_status[index_of(old.status)].remove(&(old.ends, slot));
            pool.by_status[index_of(new.status)].insert((new.ends, slot));
        }
        if old.client.uid != new.client.uid {
            if !old.client.uid.is_empty() {
                self.by_uid.remove(&old.client.uid, slot);
            }
            if !new.client.uid.is_empty() {
                self.by_uid.insert(&new.client.uid, slot);
            }
        }
        if old.client.hardware != new.client.hardware {
            if !old.client.hardware.is_empty() {
                self.by_hardware.remove(old.client.hardware.as_wire(), slot);
            }
            if !new.client.hardware.is_empty() {
                self.by_hardware.insert(new.client.hardware.as_wire(), slot);
            }
        }
        if let Some(relationship) = pool.relationship {
            self.shared.change(relationship, slot, old, &new);
        }
        let ended = [old.status, new.status];
        *old = new;
        for ending in Ending::ALL {
            if ended.contains(&ending.status()) {
                let head = self.in_order(id, ending.status()).next();
                let head = head.map(|slot| self.at(slot).ends_mono);
                self.deadlines.set(self.relationship(id), id, ending, head);
            }
        }
    }

    fn set(&self, pool: PoolId, status: BindingStatus) -> &BTreeSet<(UnixTime, Slot)> {
        &self.pools[pool.0 as usize].by_status[index_of(status)]
    }
}

fn index_of(status: BindingStatus) -> usize {
    status as usize - 1
}

impl Pool {
    fn new(spec: PoolSpec) -> Self {
        Self {
            relationship: spec.relationship,
            size: 0,
            by_status: Default::default(),
        }
    }
}

/// Two tables are equal when their bindings are: the rest follows from them, and from the
/// configuration.
impl PartialEq for Bindings {
    fn eq(&self, other: &Self) -> bool {
        self.slots == other.slots && self.updates == other.updates
    }
}

impl Eq for Bindings {}

impl Hash for Bindings {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.slots.hash(state);
        self.updates.hash(state);
    }
}
