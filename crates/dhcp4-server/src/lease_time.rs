//! How long a client should get a lease for (ISC `ack_lease`), before the failover protocol has its say.

use crate::config::Rules;

/// The number that stands for a lease without end, in options and in the configuration.
pub(crate) const ENDLESS: u32 = u32::MAX;

/// Seconds for a client that asks for `requested`, or doesn't say.
///
/// The default or the request is cut to the maximum and raised to the minimum; the minimum wins.
pub(crate) fn desired(rules: &Rules, requested: Option<u32>, crowded: Option<Crowded>) -> Desired {
    let mut seconds = requested
        .unwrap_or(rules.default_lease_time)
        .min(rules.max_lease_time);
    let mut cut_from = None;
    if let Some(crowded) = crowded {
        let short = crowded.remaining.max(rules.min_lease_time);
        if seconds > short {
            cut_from = Some(seconds);
            seconds = short;
        }
    }
    let cut_from = cut_from.map(|from| (from, seconds));
    if seconds < rules.min_lease_time {
        seconds = rules.min_lease_time;
    } else if seconds == 0 {
        seconds = rules.default_lease_time;
    }
    Desired { seconds, cut_from }
}

/// What a client should get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Desired {
    /// Seconds; [`ENDLESS`] for ever.
    pub(crate) seconds: u32,
    /// What `adaptive-lease-time-threshold` cut it from and to.
    pub(crate) cut_from: Option<(u32, u32)>,
}

/// The pool is fuller than `adaptive-lease-time-threshold`: the client gets no more than the minimum, or than what
/// it has left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowded {
    /// Seconds left of the client's lease, or of the offer to it.
    pub(crate) remaining: u32,
}

/// Whether a lease that began `age` seconds ago and is `length` seconds long is young enough to stay as it is
/// (`dhcp-cache-threshold`, in percent; 0 is never).
pub(crate) fn is_young(age: u32, length: u32, threshold: u8) -> bool {
    threshold > 0 && u64::from(age) <= u64::from(length) * u64::from(threshold) / 100
}

#[cfg(test)]
mod tests {
    use dhcpd_text::conf::Settings;

    use super::*;

    fn rules(default: u32, max: u32, min: Option<u32>) -> Rules {
        let settings = Settings {
            default_lease_time: Some(default),
            max_lease_time: Some(max),
            min_lease_time: min,
            ..Settings::default()
        };
        Rules::resolve([settings].iter())
    }

    fn seconds(rules: &Rules, requested: Option<u32>) -> u32 {
        desired(rules, requested, None).seconds
    }

    #[test]
    fn default_request_and_bounds() {
        let rules = rules(600, 7200, None);
        assert_eq!(seconds(&rules, None), 600);
        assert_eq!(seconds(&rules, Some(60)), 300, "built-in minimum");
        assert_eq!(seconds(&rules, Some(100_000)), 7200);
        assert_eq!(seconds(&rules, Some(ENDLESS)), 7200);
        assert_eq!(seconds(&rules, Some(0)), 300);
    }

    #[test]
    fn the_minimum_wins_over_the_maximum() {
        assert_eq!(seconds(&rules(600, 900, Some(1800)), None), 1800);
        assert_eq!(
            seconds(&rules(6000, 900, None), None),
            900,
            "a default above the maximum is cut"
        );
    }

    #[test]
    fn endless_stays_endless_when_the_maximum_is() {
        assert_eq!(seconds(&rules(ENDLESS, ENDLESS, None), None), ENDLESS);
    }

    #[test]
    fn a_crowded_pool_gives_short_leases() {
        let rules = rules(3600, 7200, Some(60));
        let short = desired(&rules, None, Some(Crowded { remaining: 0 }));
        assert_eq!(
            short,
            Desired {
                seconds: 60,
                cut_from: Some((3600, 60))
            }
        );
        let kept = desired(&rules, None, Some(Crowded { remaining: 120 }));
        assert_eq!(kept.seconds, 120);
        let long = desired(&rules, None, Some(Crowded { remaining: 5000 }));
        assert_eq!(
            long,
            Desired {
                seconds: 3600,
                cut_from: None
            }
        );
    }

    #[test]
    fn young_up_to_and_including_the_threshold() {
        assert!(is_young(150, 600, 25));
        assert!(!is_young(151, 600, 25));
        assert!(!is_young(0, 600, 0));
        assert!(
            is_young(0, 0, 25),
            "a lease of no length is young for its first second"
        );
    }
}
