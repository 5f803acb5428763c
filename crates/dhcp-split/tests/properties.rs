//! What must hold for every client, assignment and pool.

use dhcp_split::{
    Balance, BalanceParams, BalanceTimes, Decision, Hba, LoadBalance, Request, Role, Verdict,
    bucket, explain, rebalance_delay,
};
use proptest::collection::vec;
use proptest::prelude::*;

const ROLES: [Role; 2] = [Role::Primary, Role::Secondary];

fn params() -> impl Strategy<Value = BalanceParams> {
    (0..=100u32, 0..=100u32, 1..=600u32, 1..=7200u32).prop_map(
        |(max_lease_misbalance, max_lease_ownership, min_balance, max_balance)| BalanceParams {
            max_lease_misbalance,
            max_lease_ownership,
            min_balance,
            max_balance,
        },
    )
}

proptest! {
    #[test]
    fn changing_the_first_byte_changes_the_bucket(key in vec(any::<u8>(), 1..40), other: u8) {
        // The table is a permutation and the first byte is mixed last.
        let mut changed = key.clone();
        changed[0] = other;
        prop_assert_eq!(key == changed, bucket(&key) == bucket(&changed));
    }

    #[test]
    fn an_assignment_survives_its_bytes(bytes: [u8; 32]) {
        let hba = Hba::from_bytes(bytes);
        prop_assert_eq!(Hba::try_from(&hba.as_bytes()[..]), Ok(hba));
        let served = (0..=255).filter(|&k| hba.serves(dhcp_split::Bucket(k))).count();
        prop_assert_eq!(served, usize::from(hba.primary_buckets()));
    }

    #[test]
    fn wrong_lengths_are_no_assignment(bytes in vec(any::<u8>(), 0..80)) {
        prop_assert_eq!(Hba::try_from(&bytes[..]).is_ok(), bytes.len() == Hba::LEN);
    }

    #[test]
    fn exactly_one_server_answers_until_the_client_has_waited(
        hba: [u8; 32], key in vec(any::<u8>(), 0..40), secs: u16, max_seconds: u16,
    ) {
        let balance = LoadBalance {
            hba: Some(Hba::from_bytes(hba)),
            max_seconds: max_seconds.into(),
            check_secs_byte_order: false,
        };
        let request = Request { key: &key, secs, peer_has_leases: true };
        let answering = ROLES.iter().filter(|&&role| balance.decide(role, &request).serves()).count();
        let balanced = max_seconds != 0 && secs <= max_seconds;
        prop_assert_eq!(answering, if balanced { 1 } else { 2 });
    }

    #[test]
    fn a_client_of_an_exhausted_partner_is_served(
        hba: Option<[u8; 32]>, key in vec(any::<u8>(), 0..40), secs: u16, max_seconds: u16,
    ) {
        let balance = LoadBalance {
            hba: hba.map(Hba::from_bytes),
            max_seconds: max_seconds.into(),
            check_secs_byte_order: true,
        };
        let request = Request { key: &key, secs, peer_has_leases: false };
        for role in ROLES {
            prop_assert!(balance.decide(role, &request).serves());
        }
    }

    #[test]
    fn the_explanation_is_the_decision(
        hba: Option<[u8; 32]>, key in vec(any::<u8>(), 0..40), secs: u16, max_seconds in 0..10u32,
        check_secs_byte_order: bool,
    ) {
        let hba = hba.map(Hba::from_bytes);
        let balance = LoadBalance { hba, max_seconds, check_secs_byte_order };
        let request = Request { key: &key, secs, peer_has_leases: true };
        let explanation = explain(&balance, Some(&key), b"", secs);
        for role in ROLES {
            let serves = match explanation.verdict {
                Verdict::BothUnbalanced | Verdict::BothWaitedTooLong => true,
                Verdict::One(server) => server == role,
                Verdict::Unknown => false,
            };
            prop_assert_eq!(balance.decide(role, &request).serves(), serves, "{}", explanation);
        }
    }

    #[test]
    fn a_leases_client_is_one_servers_at_most(hba: [u8; 32], key in vec(any::<u8>(), 0..40)) {
        let hba = Some(Hba::from_bytes(hba));
        let balance = LoadBalance { hba, max_seconds: 3, check_secs_byte_order: false };
        let [primary, secondary] = ROLES.map(|role| balance.is_peers_client(role, Some(&key)));
        prop_assert_ne!(primary, secondary);
        prop_assert!(!ROLES.iter().any(|&role| balance.is_peers_client(role, None)));
        let unknown = LoadBalance { hba: None, ..balance };
        prop_assert!(!ROLES.iter().any(|&role| unknown.is_peers_client(role, Some(&key))));
    }

    #[test]
    fn the_servers_see_one_balance_from_both_sides(free: u32, backup: u32, params in params()) {
        let [primary, secondary] = ROLES.map(|role| Balance::new(role, free, backup, &params));
        prop_assert_eq!(primary.lts, -secondary.lts);
        prop_assert_eq!(
            (primary.thresh, primary.hold, primary.panic),
            (secondary.thresh, secondary.hold, secondary.panic)
        );
        prop_assert!(primary.panic < 0);
    }

    #[test]
    fn a_run_ends_even_and_never_gives_what_is_not_there(
        free in 0..5000u32, backup in 0..5000u32, affine in 0..5000u32, used: bool, params in params(),
    ) {
        let mut balance = Balance::new(Role::Primary, free, backup, &params);
        let had_more = balance.lts > 0;
        let mut given = 0;
        while given < affine.min(free) && balance.gives_to_its_client() {
            balance.gave();
            given += 1;
        }
        while given < free && balance.gives(used) {
            balance.gave();
            given += 1;
        }
        prop_assert!(given <= free);
        if had_more {
            let stop = if used { balance.hold } else { 0 };
            prop_assert!(balance.lts <= stop);
            prop_assert!(balance.lts >= -balance.hold);
        }
    }

    #[test]
    fn the_next_run_is_within_the_configured_bounds(
        now in 1_000_000..=u32::MAX, free: Option<u32>, backup: Option<u32>, since in proptest::option::of(0..1_000_000u32),
        params in params(),
    ) {
        let last_balance = since.map(|since| now - since);
        let times = BalanceTimes {
            now, oldest_free_end: free, oldest_backup_end: backup, last_balance,
        };
        for role in ROLES {
            let delay = rebalance_delay(role, &times, &params);
            prop_assert!(delay <= params.max_balance.max(params.min_balance));
            if let Some(since) = since {
                prop_assert!(since + delay >= params.min_balance);
            }
        }
    }
}

#[test]
fn decisions_come_in_iscs_order() {
    let mut balance = LoadBalance {
        hba: None,
        max_seconds: 3,
        check_secs_byte_order: false,
    };
    let request = |secs, peer_has_leases| Request {
        key: b"",
        secs,
        peer_has_leases,
    };
    let decide = |balance: &LoadBalance, request| balance.decide(Role::Primary, &request);

    assert_eq!(decide(&balance, request(0, true)), Decision::NoAssignment);
    assert_eq!(decide(&balance, request(0, false)), Decision::PeerExhausted);
    assert_eq!(decide(&balance, request(4, true)), Decision::WaitedTooLong);

    // 0x0300 is 3 in the wrong byte order.
    assert_eq!(
        decide(&balance, request(0x0300, true)),
        Decision::WaitedTooLong
    );
    balance.check_secs_byte_order = true;
    assert_eq!(
        decide(&balance, request(0x0300, true)),
        Decision::NoAssignment
    );
    assert_eq!(
        decide(&balance, request(0x0400, true)),
        Decision::WaitedTooLong
    );
    assert_eq!(
        decide(&balance, request(0x0301, true)),
        Decision::WaitedTooLong
    );

    balance.max_seconds = 0;
    assert_eq!(decide(&balance, request(0, true)), Decision::Unbalanced);
}

#[test]
fn a_big_pool_of_used_addresses_stops_at_the_hold() {
    // 100 FREE, 20 BACKUP, 25 of the free ones last held by the secondary's clients.
    let mut balance = Balance::new(Role::Primary, 100, 20, &BalanceParams::default());
    for _ in 0..25 {
        assert!(balance.gives_to_its_client());
        balance.gave();
    }
    assert_eq!(balance.lts, 15);
    assert!(!balance.is_imbalanced());
    assert_eq!(second_pass(balance, true), 3);
    assert_eq!(second_pass(balance, false), 15);
}

fn second_pass(mut balance: Balance, used: bool) -> u32 {
    let mut given = 0;
    while balance.gives(used) {
        balance.gave();
        given += 1;
    }
    given
}

#[test]
fn the_schedule_follows_the_oldest_addresses() {
    let params = BalanceParams::default();
    let times = |free, backup, last_balance| BalanceTimes {
        now: 1_000_000,
        oldest_free_end: free,
        oldest_backup_end: backup,
        last_balance,
    };
    let delay = |role, times| rebalance_delay(role, &times, &params);

    // Never used on both lists: as late as allowed.
    assert_eq!(delay(Role::Primary, times(Some(0), Some(0), None)), 3600);
    // An empty list, or one whose oldest lease ends in the future, may run dry now.
    assert_eq!(delay(Role::Primary, times(None, Some(0), None)), 0);
    assert_eq!(
        delay(Role::Primary, times(Some(2_000_000), Some(0), None)),
        0
    );
    // 15 % of 1000 s, doubled for a server's own list.
    assert_eq!(
        delay(Role::Primary, times(Some(999_000), Some(0), None)),
        300
    );
    assert_eq!(
        delay(Role::Secondary, times(Some(999_000), Some(0), None)),
        150
    );
    assert_eq!(
        delay(Role::Secondary, times(Some(0), Some(999_000), None)),
        300
    );
    // Not within min-balance of the last run.
    assert_eq!(delay(Role::Primary, times(None, None, Some(999_990))), 50);
    assert_eq!(delay(Role::Primary, times(None, None, Some(999_000))), 0);
}
