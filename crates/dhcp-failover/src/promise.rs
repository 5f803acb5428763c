//! How long a lease may be: the MCLT arithmetic (draft §5.2, ISC `ack_lease`).

use failover_wire::UnixTime;

use crate::mutant::{Rule, is_off};

/// What a client that asks for more than fits 31 bits of Unix time gets: ISC's "never".
pub const NEVER: UnixTime = UnixTime(0x7fff_ffff);

/// The length of lease to give a client that should get `desired` seconds.
///
/// `tsfp` is the greatest potential expiry that the partner acknowledged or announced for this
/// tenancy. The result is at most `mclt` beyond it, so that the partner can always tell when the
/// address must be free. All in seconds.
pub fn lease_length(desired: u32, mclt: u32, tsfp: UnixTime, now: UnixTime) -> u32 {
    if is_off(Rule::Mclt) {
        return desired;
    }
    let known = tsfp.0.saturating_sub(now.0);
    desired.min(known.saturating_add(mclt))
}

/// The potential expiry to announce with a lease of `length` given to a client that should get
/// `desired` seconds: half a lease more than it should get, so that the next renewal is covered
/// already (ISC).
pub fn potential_expiry(desired: u32, length: u32, now: UnixTime) -> UnixTime {
    if desired == u32::MAX {
        return NEVER;
    }
    let end = u64::from(now.0) + u64::from(desired) + u64::from(length / 2);
    UnixTime(end.min(u64::from(NEVER.0) - 1) as u32)
}

/// When a lease of `length` that begins now ends.
pub fn lease_end(length: u32, now: UnixTime) -> UnixTime {
    let end = u64::from(now.0) + u64::from(length);
    UnixTime(end.min(u64::from(NEVER.0)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked example: MCLT 3600, three days desired; times relative to the first ACK.
    #[test]
    fn a_lease_grows_with_what_the_partner_knows() {
        const T0: u32 = 1_700_000_000;
        // (when, tsfp, length, tstp)
        let rows = [
            (0, 0, 3_600, 261_000),
            (1_800, 261_000, 259_200, 390_600),
            (131_400, 390_600, 259_200, 520_200),
            (261_000, 390_600, 133_200, 586_800),
            (327_600, 390_600, 66_600, 620_100),
            (393_000, 390_600, 3_600, 654_000),
        ];
        for (when, tsfp, length, tstp) in rows {
            let now = UnixTime(T0 + when);
            let tsfp = if tsfp == 0 {
                UnixTime(0)
            } else {
                UnixTime(T0 + tsfp)
            };
            assert_eq!(lease_length(259_200, 3600, tsfp, now), length, "at {when}");
            assert_eq!(
                potential_expiry(259_200, length, now),
                UnixTime(T0 + tstp),
                "at {when}"
            );
        }
    }

    #[test]
    fn a_short_lease_is_given_whole() {
        assert_eq!(lease_length(60, 3600, UnixTime(0), UnixTime(1000)), 60);
    }

    #[test]
    fn endless_leases_are_never_beyond_the_last_second() {
        let now = UnixTime(0x7fff_0000);
        assert_eq!(potential_expiry(u32::MAX, 3600, now), NEVER);
        assert_eq!(potential_expiry(u32::MAX - 1, 3600, now).0, NEVER.0 - 1);
        assert_eq!(lease_end(u32::MAX, now), NEVER);
    }
}
