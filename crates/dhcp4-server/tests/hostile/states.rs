//! Lines 25 and 26: announced states.

use dhcp_failover::{Command, RelationshipId, ServerState};
use failover_wire::{MessageType, ServerFlags};

use crate::messages::raw;
use crate::partner::{MCLT, Partner, file};

#[test]
fn states_that_there_are_not() {
    for primary in [true, false] {
        for code in [0, 1, 12, 14, 77, 253, 255] {
            let (mut partner, link) = Partner::normal(primary);
            partner.say_bytes(
                link,
                &raw(MessageType::STATE.0, &[(24, &[code]), (23, &[0])]),
            );
            assert!(partner.is_closed(link));
            let alarm = format!("partner announced state {code} while I am in normal");
            assert!(
                partner.rig.log.iter().any(|line| line.contains(&alarm)),
                "{:#?}",
                partner.rig.log
            );
            let file = String::from_utf8_lossy(&partner.rig.disk);
            assert!(!file.contains("shutdown"), "{file}");
            partner.assert_unharmed();
        }
        let (mut partner, link) = Partner::normal(primary);
        partner.say_bytes(link, &raw(MessageType::STATE.0, &[]));
        assert!(partner.is_closed(link), "no state is none that there is");
        partner.assert_unharmed();
    }
}

/// States that a server enters by itself.
fn is_own(state: ServerState) -> bool {
    !matches!(state, ServerState::Shutdown | ServerState::Paused)
}

/// Whatever was announced beside whatever state: the server is where the table says one may be, and an operator can have
/// it serve alone.
#[track_caller]
fn assert_alive(partner: &mut Partner, mine: ServerState, what: &str) {
    let state = partner.state();
    assert!(is_own(state) || state == mine, "{what}: {state}");
    let conn = partner.open();
    if !partner.is_closed(conn) {
        partner.lose(conn);
    }
    partner.pass(40);
    let state = partner.state();
    assert!(
        is_own(state) || state == mine,
        "{what}: {state} without contact"
    );
    assert_ne!(state, ServerState::Startup, "{what}");
    let now = partner.rig.now();
    let down = Command::PartnerDown {
        id: RelationshipId(0),
        force: true,
    };
    partner
        .rig
        .server
        .handle_command(down, now)
        .expect("an operator may");
    assert!(partner.serves(), "{what}: {:#?}", partner.rig.log);
}

#[test]
fn every_state_beside_every_state() {
    let all = ServerState::ALL
        .into_iter()
        .filter(|state| *state != ServerState::Startup);
    for mine in all.clone() {
        for theirs in all.clone() {
            for (primary, flags) in [
                (true, ServerFlags(0)),
                (true, ServerFlags::STARTUP),
                (false, ServerFlags(0)),
                (false, ServerFlags::STARTUP),
            ] {
                let what = format!("{mine} beside {theirs} {flags:?}, primary {primary}");
                // Restarted.
                let mut partner =
                    Partner::of_file(primary, &file(primary, mine, ServerState::Normal));
                let conn = partner.shake_hands();
                partner.say_state(conn, theirs, flags);
                partner.say_state(conn, theirs, ServerFlags(0));
                assert_alive(&mut partner, mine, &what);

                // Running.
                let (mut partner, link) = Partner::normal(primary);
                let now = partner.rig.now();
                let set = Command::SetState {
                    id: RelationshipId(0),
                    state: mine,
                };
                partner
                    .rig
                    .server
                    .handle_command(set, now)
                    .expect("an operator may");
                partner.say_state(link, theirs, flags);
                if !partner.is_closed(link) {
                    partner.accept_all(link);
                }
                assert_alive(&mut partner, mine, &what);
            }
        }
    }
}

#[test]
fn states_in_quick_succession_grow_nothing() {
    let (mut partner, _) = Partner::normal(true);
    let all = ServerState::ALL
        .into_iter()
        .filter(|state| *state != ServerState::Startup);
    let all: Vec<_> = all.collect();
    for round in 0..200 {
        let link = partner.open();
        if partner.is_closed(link) {
            partner.pass(MCLT / 100);
            continue;
        }
        let ack = partner.connect_ack();
        partner.say(link, failover_wire::Message::ConnectAck(ack));
        for step in 0..all.len() {
            if partner.is_closed(link) {
                break;
            }
            partner.say_state(
                link,
                all[(round * 7 + step * 5) % all.len()],
                ServerFlags((step % 2) as u8),
            );
        }
        let endpoint = partner.endpoint();
        assert!(
            endpoint.queued_updates() + endpoint.unacked_updates() <= 100,
            "one an address at most"
        );
        assert!(is_own(partner.state()), "{}", partner.state());
        if !partner.is_closed(link) {
            partner.lose(link);
        }
    }
}
