//! Pool balance: how many of its free addresses a server hands to its partner, and when.

use crate::Role;

/// The configured knobs of pool balancing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BalanceParams {
    /// `max-lease-misbalance`, per cent of a pool's free addresses.
    pub max_lease_misbalance: u32,
    /// `max-lease-ownership`, per cent of a pool's free addresses.
    pub max_lease_ownership: u32,
    /// `min-balance`: shortest time in seconds between two runs.
    pub min_balance: u32,
    /// `max-balance`: longest time in seconds until the next run.
    pub max_balance: u32,
}

impl Default for BalanceParams {
    /// ISC dhcpd's defaults: 15 %, 10 %, 60 s, 3600 s.
    fn default() -> Self {
        Self {
            max_lease_misbalance: 15,
            max_lease_ownership: 10,
            min_balance: 60,
            max_balance: 3600,
        }
    }
}

/// The balance of one pool as one server sees it, in addresses. ISC dhcpd's arithmetic: whole numbers,
/// divisions truncate toward zero.
///
/// Reserved addresses are left out of both counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Balance {
    /// Leases to send: half of what this server has more than its partner; negative when it has fewer.
    pub lts: i64,
    /// `max-lease-misbalance` of the pool. It holds nothing back: it drives [`Balance::panic`], the schedule
    /// and the log's IMBALANCED.
    pub thresh: i64,
    /// `max-lease-ownership` of the pool: how far affinity may tip the balance.
    pub hold: i64,
    /// Below this many leases to send, a run started by the timer asks the partner with POOLREQ.
    pub panic: i64,
}

impl Balance {
    /// The balance of a pool with `free` FREE and `backup` BACKUP addresses, for the server of `role`.
    #[must_use]
    pub fn new(role: Role, free: u32, backup: u32, params: &BalanceParams) -> Self {
        let (free, backup) = (i64::from(free), i64::from(backup));
        let (own, partners) = match role {
            Role::Primary => (free, backup),
            Role::Secondary => (backup, free),
        };
        let thresh = per_cent(free + backup, params.max_lease_misbalance);
        Self {
            lts: (own - partners) / 2,
            thresh,
            hold: per_cent(free + backup, params.max_lease_ownership),
            // Not 0: a single missing address is no reason to ask.
            panic: if thresh == 0 { -1 } else { -2 * thresh },
        }
    }

    /// Whether a run started by the timer asks the partner for addresses. Tested before the run gives any away.
    #[must_use]
    pub const fn requests_pool(&self) -> bool {
        self.lts < self.panic
    }

    /// First pass, and affinity of a newly free address: whether one that the partner's client last held goes
    /// to the partner.
    #[must_use]
    pub const fn gives_to_its_client(&self) -> bool {
        self.lts > -self.hold
    }

    /// Second pass, oldest address first: whether the next one goes to the partner. One that was
    /// `used` before stays while this server is within its hold. The first `false` ends the pass.
    #[must_use]
    pub const fn gives(&self, used: bool) -> bool {
        if used {
            self.lts > self.hold
        } else {
            self.lts > 0
        }
    }

    /// Counts one address as handed over.
    pub const fn gave(&mut self) {
        self.lts -= 1;
    }

    /// Whether ISC logs the pool as IMBALANCED, after the run.
    #[must_use]
    pub const fn is_imbalanced(&self) -> bool {
        self.lts > self.thresh
    }
}

/// What the time of the next balancing run depends on. Times are seconds since 1970 UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BalanceTimes {
    /// The present.
    pub now: u32,
    /// When the lease of the pool's oldest FREE address ended; 0 for one never used, `None` when there is none.
    pub oldest_free_end: Option<u32>,
    /// The same for BACKUP.
    pub oldest_backup_end: Option<u32>,
    /// When the relationship was last balanced, if it ever was.
    pub last_balance: Option<u32>,
}

/// Seconds from now until the pool's next balancing run: at most `max-balance`, unless `min-balance` since
/// the last run ends later.
///
/// To be asked after each run, on each change of a FREE or BACKUP list, and when the partner reports
/// NORMAL. ISC adds a random 0 to 4 s, and moves a timer that is already set only to an earlier time.
#[must_use]
pub fn rebalance_delay(role: Role, times: &BalanceTimes, params: &BalanceParams) -> u32 {
    let BalanceTimes {
        now,
        oldest_free_end,
        oldest_backup_end,
        last_balance,
    } = *times;
    // The age of the oldest address estimates how long the list lasts. That share of it is when the
    // misbalance gets noteworthy; at twice the share of its own list a server starts asking.
    let estimate = |oldest_end: Option<u32>| {
        let age = oldest_end.map_or(0, |end| now.saturating_sub(end));
        per_cent(i64::from(age), params.max_lease_misbalance)
    };
    let (mut free, mut backup) = (estimate(oldest_free_end), estimate(oldest_backup_end));
    match role {
        Role::Primary => free *= 2,
        Role::Secondary => backup *= 2,
    }
    let wanted = free.min(backup).min(i64::from(params.max_balance));
    let earliest = last_balance.map_or(0, |last| {
        i64::from(last) + i64::from(params.min_balance) - i64::from(now)
    });
    u32::try_from(wanted.max(earliest)).unwrap_or(u32::MAX)
}

/// `share` per cent of a count that is not negative, rounded half up.
fn per_cent(count: i64, share: u32) -> i64 {
    (count * i64::from(share) + 50) / 100
}
