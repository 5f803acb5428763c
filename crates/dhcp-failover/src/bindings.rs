//! The lease table of a server: every address of every pool, and who may have it next.

use core::hash::{Hash, Hasher};
use core::net::Ipv4Addr;
use std::collections::BTreeSet;

use failover_wire::{BindingStatus, HardwareAddress, UnixTime, Xid};

use crate::binding::Binding;
use crate::deadlines::{Deadlines, Ending, Owner};
use crate::index::ClientIndex;
use crate::output::{Output, Record, RelationshipId};
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
struct Range {
    low: u32,
    high: u32,
    first: u32,
    pool: PoolId,
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
    /// In address order, and so in slot order.
    ranges: Vec<Range>,
    pools: Vec<Pool>,
    slots: Vec<Binding>,
    updates: Vec<Update>,
    deadlines: Deadlines,
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
        let ranges = lay_out(&pools)?;
        let total = ranges.last().map_or(0, |r| r.first + (r.high - r.low) + 1);
        let mut table = Self {
            pools: pools.into_iter().map(Pool::new).collect(),
            slots: vec![Binding::unused(BindingStatus::Free); total as usize],
            updates: vec![Update::Idle; total as usize],
            deadlines: Deadlines::default(),
            by_uid: ClientIndex::new(hash_key, total as usize),
            by_hardware: ClientIndex::new(hash_key, total as usize),
            ranges,
        };
        for range in &table.ranges {
            let pool = &mut table.pools[range.pool.0 as usize];
            let count = range.high - range.low + 1;
            pool.size += count;
            pool.by_status[index_of(BindingStatus::Free)]
                .extend((range.first..range.first + count).map(|s| (UnixTime(0), Slot(s))));
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
        self.range_of(address).map(|range| range.pool)
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
        self.ranges.iter().flat_map(|range| {
            (range.low..=range.high).map(|address| {
                let slot = range.first + (address - range.low);
                (Ipv4Addr::from(address), &self.slots[slot as usize])
            })
        })
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
            .flat_map(|range| range.first..=range.first + (range.high - range.low))
            .map(Slot)
    }

    pub(crate) fn slot(&self, address: Ipv4Addr) -> Option<Slot> {
        let range = self.range_of(address)?;
        Some(Slot(range.first + (u32::from(address) - range.low)))
    }

    pub(crate) fn at(&self, slot: Slot) -> &Binding {
        &self.slots[slot.0 as usize]
    }

    pub(crate) fn address(&self, slot: Slot) -> Ipv4Addr {
        let range = self.range_at(slot);
        Ipv4Addr::from(range.low + (slot.0 - range.first))
    }

    pub(crate) fn pool_at(&self, slot: Slot) -> PoolId {
        self.range_at(slot).pool
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

    fn range_of(&self, address: Ipv4Addr) -> Option<&Range> {
        let address = u32::from(address);
        let after = self.ranges.partition_point(|range| range.low <= address);
        self.ranges[..after]
            .last()
            .filter(|range| address <= range.high)
    }

    fn range_at(&self, slot: Slot) -> &Range {
        &self.ranges[find(&self.ranges, slot)]
    }
}

/// Index of the range that a slot is in.
fn find(ranges: &[Range], slot: Slot) -> usize {
    ranges.partition_point(|range| range.first <= slot.0) - 1
}

/// Ranges in address order, with slots given out in that order.
fn lay_out(pools: &[PoolSpec]) -> Result<Vec<Range>, BindingsError> {
    let mut ranges = Vec::new();
    for (pool, spec) in pools.iter().enumerate() {
        for &(low, high) in &spec.ranges {
            if low > high {
                return Err(BindingsError::Reversed(low, high));
            }
            let pool = PoolId(pool as u32);
            ranges.push(Range {
                low: low.into(),
                high: high.into(),
                first: 0,
                pool,
            });
        }
    }
    ranges.sort_by_key(|range| range.low);
    let mut total = 0_u64;
    let mut last = None;
    for range in &mut ranges {
        if last.is_some_and(|last| range.low <= last) {
            return Err(BindingsError::DeclaredTwice(range.low.into()));
        }
        last = Some(range.high);
        range.first = total as u32;
        total += u64::from(range.high - range.low) + 1;
        if total > MAX_ADDRESSES as u64 {
            return Err(BindingsError::TooMany(total));
        }
    }
    Ok(ranges)
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
