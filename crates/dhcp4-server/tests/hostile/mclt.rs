//! Line 13: the maximum client lead time that a primary announces.

use dhcp_failover::{Command, RelationshipId, ServerState};
use failover_wire::{Connect, Message, RejectReason, ServerFlags};

use crate::handshake::{LATER, assert_refused, secondary};
use crate::partner::{MCLT, Partner, file};

#[test]
fn an_mclt_that_is_none() {
    let mut partner = secondary();
    for mclt in [Some(0), Some(u32::MAX), None] {
        let connect = Connect {
            mclt,
            ..partner.connect()
        };
        assert_refused(&mut partner, connect, RejectReason::INVALID_MCLT);
        assert_eq!(partner.endpoint().mclt(), MCLT, "the old one holds");
    }
    partner.assert_unharmed();
}

#[test]
fn a_changed_mclt_is_adopted() {
    for mclt in [1, 60, MCLT, 86_400, u32::MAX - 1] {
        let mut partner = secondary();
        let conn = partner.open();
        let connect = Connect {
            mclt: Some(mclt),
            ..partner.connect()
        };
        partner.say(conn, Message::Connect(connect));
        partner.say_state(conn, ServerState::Normal, ServerFlags(0));
        assert_eq!(
            (partner.state(), partner.endpoint().mclt()),
            (ServerState::Normal, mclt)
        );
        let lease = partner.lease();
        partner.pass(1);
        assert_eq!(
            partner.renew(lease),
            mclt.min(7200),
            "no longer than MCLT while nothing is acknowledged"
        );
    }
}

#[test]
fn a_smaller_mclt_shortens_no_wait() {
    // In force before, announced now, to be waited for.
    for (before, now, wait) in [(MCLT, 60, MCLT), (60, MCLT, MCLT), (60, 60, 60)] {
        let mut partner = primary_of_all(before);
        let conn = partner.open();
        let connect = Connect {
            mclt: Some(now),
            ..partner.connect()
        };
        partner.say(conn, Message::Connect(connect));
        partner.say_state(conn, ServerState::Normal, ServerFlags(0));
        partner.lose(conn);
        assert_takes_over_after(&mut partner, wait);
    }
}

/// The partner of a secondary that has no address of its own: all that it ever gives is the primary's.
fn primary_of_all(mclt: u32) -> Partner {
    let normal = ServerState::Normal;
    let states = file(false, normal, normal)
        .lines()
        .next()
        .unwrap()
        .to_owned();
    Partner::of_file(
        false,
        &states.replace(&format!("mclt {MCLT}"), &format!("mclt {mclt}")),
    )
}

#[track_caller]
fn assert_takes_over_after(partner: &mut Partner, wait: u32) {
    let now = partner.rig.now();
    let down = Command::PartnerDown {
        id: RelationshipId(0),
        force: false,
    };
    partner.rig.server.handle_command(down, now).unwrap();
    partner.pass(wait - 10);
    assert!(!partner.serves(), "the primary may have granted {wait} s");
    partner.pass(20);
    assert!(partner.serves());
}

#[test]
fn a_smaller_mclt_shortens_no_wait_after_a_restart() {
    let mut partner = primary_of_all(MCLT);
    let conn = partner.open();
    let connect = Connect {
        mclt: Some(60),
        ..partner.connect()
    };
    partner.say(conn, Message::Connect(connect));
    partner.say_state(conn, ServerState::Normal, ServerFlags(0));
    let file = String::from_utf8(partner.rig.disk.clone()).unwrap();
    let mut partner = Partner::of_file(false, &file);
    partner.pass(LATER);
    assert_takes_over_after(&mut partner, MCLT);
}
