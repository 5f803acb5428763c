//! Which addresses there are, and where each has its place in the table.

use core::net::Ipv4Addr;

use crate::bindings::{BindingsError, MAX_ADDRESSES, PoolId, PoolSpec, Slot};

/// A run of addresses of one pool, and of slots.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    low: u32,
    high: u32,
    first: u32,
    pub(crate) pool: PoolId,
}

impl Range {
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        (self.first..=self.first + (self.high - self.low)).map(Slot)
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> + use<> {
        (self.low..=self.high).map(Ipv4Addr::from)
    }
}

/// The ranges of all pools, in address order, and so in slot order.
#[derive(Clone, Debug)]
pub(crate) struct Ranges(Vec<Range>);

impl Ranges {
    pub(crate) fn lay_out(pools: &[PoolSpec]) -> Result<Self, BindingsError> {
        let mut ranges = Vec::new();
        for (pool, spec) in pools.iter().enumerate() {
            for &(low, high) in &spec.ranges {
                if low > high {
                    return Err(BindingsError::Reversed(low, high));
                }
                ranges.push(Range {
                    low: low.into(),
                    high: high.into(),
                    first: 0,
                    pool: PoolId(pool as u32),
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
        Ok(Self(ranges))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Range> {
        self.0.iter()
    }

    /// How many addresses there are.
    pub(crate) fn total(&self) -> usize {
        let last = self.0.last();
        last.map_or(0, |r| (r.first + (r.high - r.low)) as usize + 1)
    }

    pub(crate) fn pool_of(&self, address: Ipv4Addr) -> Option<PoolId> {
        self.of(address).map(|range| range.pool)
    }

    pub(crate) fn slot(&self, address: Ipv4Addr) -> Option<Slot> {
        let range = self.of(address)?;
        Some(Slot(range.first + (u32::from(address) - range.low)))
    }

    pub(crate) fn address(&self, slot: Slot) -> Ipv4Addr {
        let range = self.at(slot);
        Ipv4Addr::from(range.low + (slot.0 - range.first))
    }

    pub(crate) fn at(&self, slot: Slot) -> &Range {
        let after = self.0.partition_point(|range| range.first <= slot.0);
        &self.0[after - 1]
    }

    fn of(&self, address: Ipv4Addr) -> Option<&Range> {
        let address = u32::from(address);
        let after = self.0.partition_point(|range| range.low <= address);
        self.0[..after].last().filter(|range| address <= range.high)
    }
}
