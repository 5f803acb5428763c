//! The only place where time is read.

use dhcp_failover::{Instant, Now, UnixTime};
use nix::time::{ClockId, clock_gettime};

/// Both clocks: `CLOCK_BOOTTIME`, which goes on while the machine is suspended, and the wall clock.
pub(crate) fn now() -> Now {
    // Both clocks exist on every Linux since 2.6.39, and the pointers are the call's own.
    let boot = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("CLOCK_BOOTTIME exists");
    let wall = clock_gettime(ClockId::CLOCK_REALTIME).expect("CLOCK_REALTIME exists");
    let ms = boot.tv_sec().unsigned_abs() * 1000 + boot.tv_nsec().unsigned_abs() / 1_000_000;
    // Before 1970 counts as 1970, and from 2106 on the wire's 32 bits are all set.
    let unix = u32::try_from(wall.tv_sec().max(0)).unwrap_or(u32::MAX);
    Now {
        mono: Instant::from_millis(ms),
        unix: UnixTime(unix),
    }
}
