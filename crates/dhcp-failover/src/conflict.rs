//! Whether the partner's update is accepted: ISC's tables, as pure functions.

use dhcp_split::Role;
use failover_wire::{BindingStatus, RejectReason, UnixTime};

use crate::binding::{Binding, Client};
use crate::mutant::{Rule, is_off};

/// The parts of an update that decide about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incoming {
    /// The state announced.
    pub status: BindingStatus,
    /// Who holds the address.
    pub client: Client,
    /// End of the lease (option 13); 0 if absent.
    pub ends: UnixTime,
    /// Potential expiry (option 18); 0 if absent.
    pub potential: UnixTime,
    /// Client last transaction time (option 6); 0 if absent.
    pub cltt: UnixTime,
    /// Start of the lease or of the state (option 25); 0 if absent.
    pub starts: UnixTime,
}

/// Who decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Judge {
    /// The receiver's role.
    pub role: Role,
    /// Whether the receiver is in NORMAL.
    pub normal: bool,
    /// Whether the receiver is recovering, serving nobody, and the partner has the last word.
    pub recovering: bool,
    /// Seconds by which the partner's clock may be ahead of ours when it says EXPIRED.
    pub expiry_fudge: u32,
    /// The receiver's wall clock.
    pub now: UnixTime,
}

/// When both servers changed a lease at the same time, whether ours stands (ISC's duel): decided
/// alike on both sides. `local` is the state of ours that is in flight.
pub fn ours_wins(local: &Binding, incoming: &Incoming, role: Role) -> bool {
    match (local.status, incoming.status) {
        (BindingStatus::Active, BindingStatus::Active) => {
            let ours = (local.cltt, role == Role::Primary);
            let theirs = (incoming.cltt, role == Role::Secondary);
            ours > theirs
        }
        (BindingStatus::Active, BindingStatus::Expired) | (_, BindingStatus::Active) => false,
        _ => role == Role::Primary,
    }
}

/// Whether the change from `stored` to what came in is acceptable: ISC's tables for NORMAL and for
/// every other state, and the draft's identity rule (§7.1.3) for a primary. While we recover, the
/// partner may have served alone, and everything is acceptable.
///
/// # Errors
///
/// [`RejectReason::FATAL_CONFLICT`]; ISC takes any reason alike.
pub fn accept(stored: &Binding, incoming: &Incoming, judge: Judge) -> Result<(), RejectReason> {
    use BindingStatus as B;
    if judge.recovering {
        return Ok(());
    }
    let over = incoming.potential <= judge.now;
    let ended = stored.ends.0.saturating_sub(judge.expiry_fudge) <= judge.now.0;
    let acceptable = match (stored.status, incoming.status) {
        (B::Active, B::Active) => {
            judge.role == Role::Secondary
                || stored.client.is_empty()
                || stored.client.is_same(&incoming.client)
                || stored.ends < judge.now
        }
        (from, to) if from == to => true,
        (B::Active, B::Released | B::Abandoned) => true,
        (B::Active, B::Expired) => ended && !(judge.normal && judge.role == Role::Primary),
        (B::Active, B::Free | B::Backup) => judge.normal && judge.role == Role::Secondary && over,
        (B::Active, B::Reset) => !judge.normal || judge.role == Role::Secondary,
        (B::Expired | B::Reset, B::Free | B::Backup) => !judge.normal || over,
        _ => true,
    };
    if acceptable {
        Ok(())
    } else {
        Err(RejectReason::FATAL_CONFLICT)
    }
}

/// Whether an acceptable update is older news than a lease of ours that its client may still hold.
/// ISC forgets its own lease then, and the address can go to another client; we acknowledge, but
/// keep ours and announce it.
///
/// The servers' clocks may be `max_skew` seconds apart: what the partner doesn't know of ours
/// stands unless the partner's is later by more than that.
pub fn ours_is_newer(stored: &Binding, incoming: &Incoming, now: UnixTime, max_skew: u32) -> bool {
    use BindingStatus as B;
    if stored.status != B::Active || stored.ends < now || is_off(Rule::Newer) {
        return false;
    }
    let same = stored.client.is_same(&incoming.client);
    let others = !incoming.client.is_empty() && !same;
    let pending = stored.is_pending();
    let repeated = !is_off(Rule::Repeated) && stored.repeated && stored.cltt >= stored.starts;
    let not_before = |told: UnixTime, theirs: UnixTime| told.saturating_add(max_skew) > theirs;
    match incoming.status {
        B::Active => pending && same && stored.ends > incoming.ends,
        // The end of another client's lease is none of this one's.
        B::Expired | B::Released if others => true,
        B::Expired | B::Free | B::Backup => pending && not_before(stored.ends, incoming.ends),
        // It ended when the client gave it up: what we told the client after that counts, be it
        // a renewal or only a repetition. A dhcpd that took a lease of ours over its release says
        // RELEASED with the end of that lease: then nobody knows when the client gave it up.
        B::Released => {
            let unknown = incoming.ends > now.saturating_add(max_skew);
            (pending || repeated) && (unknown || not_before(told(stored), incoming.ends))
        }
        // The same; and what the partner knows of the lease bounds when it gives the address out
        // again.
        B::Abandoned => (pending || repeated) && not_before(told(stored), incoming.starts),
        B::Reset => false,
    }
}

/// Whether an acceptable renewal by the partner can't be told from one by us that the partner
/// hasn't heard of: the client may have had either last. The later end is kept, and the lease
/// stays unacknowledged until the partner has seen that.
pub fn either_is_newer(stored: &Binding, incoming: &Incoming, max_skew: u32) -> bool {
    let both_active =
        (stored.status, incoming.status) == (BindingStatus::Active, BindingStatus::Active);
    let theirs = incoming.cltt.max(incoming.starts);
    both_active
        && stored.is_pending()
        && stored.client.is_same(&incoming.client)
        && told(stored).saturating_add(max_skew) > theirs
}

/// When the client was last told of its lease, by our clock.
fn told(stored: &Binding) -> UnixTime {
    stored.starts.max(stored.cltt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const NOW: UnixTime = UnixTime(10_000);

    fn client(id: u8) -> Client {
        Client {
            uid: Bytes::from(vec![id]),
            ..Client::default()
        }
    }

    fn stored(status: BindingStatus, ends: u32) -> Binding {
        Binding {
            ends: UnixTime(ends),
            client: client(1),
            ..Binding::unused(status)
        }
    }

    fn incoming(status: BindingStatus, potential: u32) -> Incoming {
        Incoming {
            status,
            client: client(1),
            ends: UnixTime(0),
            potential: UnixTime(potential),
            cltt: UnixTime(0),
            starts: UnixTime(0),
        }
    }

    fn judge(role: Role, normal: bool) -> Judge {
        Judge {
            role,
            normal,
            recovering: false,
            expiry_fudge: 65,
            now: NOW,
        }
    }

    /// Spec table: rows stored, columns FREE ACTIVE EXPIRED RELEASED ABANDONED RESET BACKUP;
    /// `y` accepted, `n` refused, `T` iff option 18 is past, `X` iff it has (nearly) ended.
    #[test]
    fn the_tables_are_iscs() {
        const NORMAL_PRIMARY: [(&str, &str); 7] = [
            ("free", "yyyyyyy"),
            ("active", "nynyynn"),
            ("expired", "TyyyyyT"),
            ("released", "yyyyyyy"),
            ("abandoned", "yyyyyyy"),
            ("reset", "TyyyyyT"),
            ("backup", "yyyyyyy"),
        ];
        check(judge(Role::Primary, true), &NORMAL_PRIMARY);
        let mut table = NORMAL_PRIMARY;
        table[1].1 = "TyXyyyT";
        check(judge(Role::Secondary, true), &table);
        let mut table = NORMAL_PRIMARY.map(|(from, _)| (from, "yyyyyyy"));
        table[1].1 = "nyXyyyn";
        check(judge(Role::Primary, false), &table);
        check(judge(Role::Secondary, false), &table);
    }

    fn check(judge: Judge, table: &[(&str, &str)]) {
        let all = BindingStatus::ALL;
        for (row, (name, cells)) in table.iter().enumerate() {
            assert_eq!(all[row].to_string(), *name);
            for (column, cell) in cells.chars().enumerate() {
                for (potential, ends) in [(9_999, 10_065), (10_001, 10_065), (9_999, 10_066)] {
                    let expected = match cell {
                        'y' => true,
                        'n' => false,
                        'T' => potential <= NOW.0,
                        'X' => ends - 65 <= NOW.0,
                        _ => unreachable!(),
                    };
                    let (stored, incoming) =
                        (stored(all[row], ends), incoming(all[column], potential));
                    let accepted = accept(&stored, &incoming, judge).is_ok();
                    assert_eq!(accepted, expected, "{name} to {} {judge:?}", all[column]);
                }
            }
        }
    }

    #[test]
    fn a_primary_keeps_its_tenant_while_the_lease_runs() {
        let theirs = Incoming {
            client: client(2),
            ..incoming(BindingStatus::Active, 0)
        };
        // It lasts to the end of the second in which it ends.
        let ours = stored(BindingStatus::Active, 10_000);
        assert!(accept(&ours, &theirs, judge(Role::Primary, true)).is_err());
        assert!(accept(&ours, &theirs, judge(Role::Primary, false)).is_err());
        assert!(accept(&ours, &theirs, judge(Role::Secondary, true)).is_ok());
        let over = stored(BindingStatus::Active, 9_999);
        assert!(accept(&over, &theirs, judge(Role::Primary, true)).is_ok());
    }

    /// The clocks may differ by a minute: what is pending stands for that much longer.
    #[test]
    fn a_decline_ends_only_a_lease_that_the_partner_knows_or_that_is_clearly_older() {
        let stored = Binding {
            starts: UnixTime(9_000),
            ..stored(BindingStatus::Active, 10_100)
        };
        let pending = Binding {
            pending: true,
            ..stored.clone()
        };
        let declined = |at| Incoming {
            client: Client::default(),
            starts: UnixTime(at),
            ..incoming(BindingStatus::Abandoned, 0)
        };
        assert!(!ours_is_newer(&stored, &declined(8_000), NOW, 60));
        assert!(ours_is_newer(&pending, &declined(9_059), NOW, 60));
        assert!(!ours_is_newer(&pending, &declined(9_060), NOW, 60));
    }

    /// A lease granted late in a second ends late in one.
    #[test]
    fn a_lease_is_newer_than_older_news_until_its_last_second_is_over() {
        for status in [
            BindingStatus::Expired,
            BindingStatus::Released,
            BindingStatus::Abandoned,
        ] {
            let renewed = |ends| Binding {
                starts: UnixTime(9_000),
                pending: true,
                ..stored(BindingStatus::Active, ends)
            };
            let older = Incoming {
                ends: UnixTime(8_000),
                starts: UnixTime(8_000),
                ..incoming(status, 0)
            };
            assert!(ours_is_newer(&renewed(10_000), &older, NOW, 60), "{status}");
            assert!(!ours_is_newer(&renewed(9_999), &older, NOW, 60), "{status}");
        }
    }

    /// A client releases its lease at a dhcpd, gets it back here at once, and renews it here while the
    /// link is down; dhcpd took the lease, but not the renewal, and says RELEASED with its times.
    #[test]
    fn a_release_with_the_end_of_our_lease_ends_no_renewal() {
        let renewed = Binding {
            starts: UnixTime(9_900),
            pending: true,
            ..stored(BindingStatus::Active, 10_500)
        };
        let released = |ends| Incoming {
            ends: UnixTime(ends),
            ..incoming(BindingStatus::Released, 0)
        };
        assert!(ours_is_newer(&renewed, &released(10_400), NOW, 60));
        assert!(!ours_is_newer(&renewed, &released(9_970), NOW, 60));
        let known = Binding {
            pending: false,
            ..renewed
        };
        assert!(!ours_is_newer(&known, &released(10_400), NOW, 60));
    }

    /// Both may give way (each then has what the other had, and the primary's view prevails with
    /// the next change); both standing firm would leave the tables apart for good.
    #[test]
    fn a_duel_is_never_won_by_both() {
        for local in BindingStatus::ALL {
            for remote in BindingStatus::ALL {
                for (ours, theirs) in [(1, 2), (2, 1), (1, 1)] {
                    let at = |status, cltt| Binding {
                        cltt: UnixTime(cltt),
                        ..stored(status, 0)
                    };
                    let of = |status, cltt| Incoming {
                        cltt: UnixTime(cltt),
                        ..incoming(status, 0)
                    };
                    let primary = ours_wins(&at(local, ours), &of(remote, theirs), Role::Primary);
                    let secondary =
                        ours_wins(&at(remote, theirs), &of(local, ours), Role::Secondary);
                    assert!(!(primary && secondary), "{local} {remote}");
                }
            }
        }
    }

    #[test]
    fn of_two_renewals_the_later_stands_and_a_tie_is_the_primarys() {
        use BindingStatus::Active;
        let at = |cltt| Binding {
            cltt: UnixTime(cltt),
            ..stored(Active, 0)
        };
        let of = |cltt| Incoming {
            cltt: UnixTime(cltt),
            ..incoming(Active, 0)
        };
        assert!(ours_wins(&at(2), &of(1), Role::Secondary));
        assert!(!ours_wins(&at(1), &of(2), Role::Primary));
        assert!(ours_wins(&at(1), &of(1), Role::Primary));
        assert!(!ours_wins(&at(1), &of(1), Role::Secondary));
    }
}
