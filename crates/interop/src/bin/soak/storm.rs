//! What happens to a pair.

use std::fmt;
use std::time::Duration;

use interop::{Chance, Cut};

/// A trouble, from its begin to the moment when nothing more is done to the pair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Storm {
    /// The link is cut.
    Cut { how: Cut, time: Duration },
    /// The link is cut and healed again and again: for how long each time, and how long between.
    Flaps(Vec<(Cut, Duration, Duration)>),
    /// A server is killed and comes back, perhaps several times: away, and up until the next time.
    Crash {
        site: usize,
        times: Vec<(Duration, Duration)>,
    },
    /// A server is stopped properly and comes back.
    Restart { site: usize, away: Duration },
    /// A server is killed; the operator sees that, and tells the other one so; then it comes back.
    PartnerDown {
        site: usize,
        seen: Duration,
        away: Duration,
    },
    /// The link is cut; a server is killed and comes back, and hears its partner later.
    CutOff {
        site: usize,
        how: Cut,
        before: Duration,
        away: Duration,
        after: Duration,
    },
    /// Both are killed; they come back one after the other.
    PowerCut {
        first: usize,
        away: Duration,
        between: Duration,
    },
}

impl Storm {
    /// One at random. `site_of_ours` is spared more often than not, so that its processes grow old.
    pub(crate) fn draw(chance: &mut Chance, site_of_ours: usize) -> Self {
        let how = |chance: &mut Chance| {
            if chance.percent(60) {
                Cut::Drop
            } else {
                Cut::Reset
            }
        };
        let site = if chance.percent(35) {
            site_of_ours
        } else {
            1 - site_of_ours
        };
        match chance.below(100) {
            0..20 => Self::Cut {
                how: how(chance),
                time: chance.seconds(2, 40),
            },
            20..30 => Self::Flaps(
                (0..chance.between(3, 12))
                    .map(|_| {
                        (
                            how(chance),
                            chance.millis(50, 4000),
                            chance.millis(50, 6000),
                        )
                    })
                    .collect(),
            ),
            30..50 => Self::Crash {
                site,
                times: (0..chance.between(1, 3))
                    .map(|_| (chance.millis(0, 12_000), chance.millis(500, 15_000)))
                    .collect(),
            },
            50..62 => Self::Restart {
                site,
                away: chance.millis(0, 15_000),
            },
            62..80 => Self::PartnerDown {
                site,
                seen: chance.seconds(1, 5),
                away: chance.seconds(1, 60),
            },
            80..92 => Self::CutOff {
                site,
                how: how(chance),
                before: chance.seconds(0, 20),
                away: chance.millis(0, 8000),
                after: chance.seconds(1, 30),
            },
            _ => Self::PowerCut {
                first: site,
                away: chance.millis(0, 5000),
                between: chance.seconds(0, 20),
            },
        }
    }

    /// One word for it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Cut { .. } => "cut",
            Self::Flaps(_) => "flaps",
            Self::Crash { .. } => "crash",
            Self::Restart { .. } => "restart",
            Self::PartnerDown { .. } => "partner-down",
            Self::CutOff { .. } => "cut-off",
            Self::PowerCut { .. } => "power-cut",
        }
    }
}

impl fmt::Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ["primary", "secondary"];
        write!(f, "{}", self.kind())?;
        match self {
            Self::Cut { how, time } => write!(f, " {how:?} {time:.0?}"),
            Self::Flaps(flaps) => write!(f, " {} times", flaps.len()),
            Self::Crash { site, times } => {
                write!(f, " {}", name[*site])?;
                times
                    .iter()
                    .try_for_each(|(away, _)| write!(f, " {away:.1?}"))
            }
            Self::Restart { site, away } => write!(f, " {} {away:.1?}", name[*site]),
            Self::PartnerDown { site, away, .. } => write!(f, " {} {away:.0?}", name[*site]),
            Self::CutOff {
                site, how, after, ..
            } => write!(f, " {} {how:?} {after:.0?}", name[*site]),
            Self::PowerCut { between, .. } => write!(f, " {between:.0?} between"),
        }
    }
}

/// What clients do meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Burst {
    /// So many come, of the clients that there are in all, from this one on.
    pub(crate) come: u32,
    pub(crate) first: u32,
    /// So many give their leases back.
    pub(crate) release: usize,
    /// So many go without a word.
    pub(crate) leave: usize,
}

impl Burst {
    /// One at random, of `clients` in all.
    pub(crate) fn draw(chance: &mut Chance, clients: u32) -> Self {
        let come = if chance.percent(30) {
            chance.between(clients / 4, clients / 2)
        } else {
            chance.between(1, clients / 10)
        };
        Self {
            come,
            first: chance.below(clients),
            release: chance.between(0, clients / 10) as usize,
            leave: chance.between(0, clients / 10) as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_drawn_and_the_same_seed_draws_the_same() {
        let draw = || {
            let mut chance = Chance::new(1, 0);
            (0..200)
                .map(|_| Storm::draw(&mut chance, 0))
                .collect::<Vec<_>>()
        };
        let mut kinds: Vec<_> = draw().iter().map(Storm::kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), 7);
        assert_eq!(draw(), draw());
    }
}
