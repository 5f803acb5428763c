//! States that kill dhcpd or silence it.

use dhcp_failover::{Command, RelationshipId, ServerState};
use failover_wire::{Frame, Message, ServerFlags};

use crate::partner::{Partner, file};

/// The states announced among these.
pub(super) fn states(frames: &[Frame]) -> Vec<ServerState> {
    let states = frames.iter().filter_map(|frame| match &frame.message {
        Message::State(state) => state.known_state(),
        _ => None,
    });
    states.collect()
}

/// A primary in CONFLICT-DONE exits on anything but NORMAL, POTENTIAL-CONFLICT, RESOLUTION-INTERRUPTED, and SHUTDOWN.
#[test]
fn what_a_primary_in_conflict_done_bears() {
    let saved = ServerState::ALL
        .into_iter()
        .filter(|state| *state != ServerState::Startup);
    for saved in saved {
        for recorded in [
            ServerState::Normal,
            ServerState::ConflictDone,
            ServerState::PotentialConflict,
        ] {
            let mut partner = Partner::of_file(false, &file(false, saved, recorded));
            let conn = partner.link_up(ServerState::ConflictDone);
            let mut heard = Vec::new();
            for _ in 0..10 {
                let frames = partner.hear(conn);
                for frame in &frames {
                    match &frame.message {
                        Message::UpdateRequest | Message::UpdateRequestAll => {
                            partner.say_as(conn, frame.xid, Message::UpdateDone);
                        }
                        Message::BindingUpdate(update) => {
                            partner.accept(conn, &(frame.xid, update.clone()))
                        }
                        _ => {}
                    }
                }
                heard.extend(frames);
                partner.pass(1);
            }
            let said = states(&heard);
            assert!(
                !said.is_empty() || partner.is_closed(conn),
                "{saved}: silent"
            );
            for state in &said {
                let borne = matches!(
                    state,
                    ServerState::Normal
                        | ServerState::PotentialConflict
                        | ServerState::ResolutionInterrupted
                );
                assert!(borne, "{saved}, partner {recorded}: {said:?}");
            }
            let halted = matches!(saved, ServerState::Shutdown | ServerState::Paused);
            assert!(
                halted || said.last() == Some(&ServerState::Normal),
                "{saved}, partner {recorded}: {said:?}"
            );
        }
    }
}

/// A dhcpd in NORMAL parks itself in SHUTDOWN for good when it hears of a conflict on a live link.
#[test]
fn what_a_partner_in_normal_bears() {
    let of_conflict = [
        ServerState::PotentialConflict,
        ServerState::ResolutionInterrupted,
        ServerState::ConflictDone,
    ];
    for primary in [true, false] {
        for saved in of_conflict {
            for flags in [ServerFlags(0), ServerFlags::STARTUP] {
                let normal = ServerState::Normal;
                let mut partner = Partner::of_file(primary, &file(primary, saved, normal));
                let conn = partner.link_up(normal);
                partner.say_state(conn, normal, flags);
                let said = states(&partner.hear(conn));
                assert!(
                    said.iter().all(|state| !of_conflict.contains(state)),
                    "{saved}, primary {primary}: {said:?}"
                );
            }
        }
    }
}

/// dhcpd that comes back in COMMUNICATIONS-INTERRUPTED, and has on record that we are NORMAL, takes our first word for no
/// news and waits for another.
#[test]
fn a_partner_that_stays_interrupted_hears_us_again() {
    use ServerState::{CommunicationsInterrupted as Interrupted, Normal};
    for primary in [true, false] {
        let mut partner = Partner::of_file(primary, &file(primary, Interrupted, Normal));
        let conn = partner.shake_hands();
        partner.say_state(conn, Interrupted, ServerFlags::STARTUP);
        assert_eq!(partner.state(), Normal);
        partner.hear(conn);
        partner.say_state(conn, Interrupted, ServerFlags(0));
        assert_eq!(states(&partner.hear(conn)), [Normal], "primary {primary}");
        partner.say_state(conn, Normal, ServerFlags(0));
        assert_eq!(states(&partner.hear(conn)), [], "nothing new");
    }
}

/// A partner last heard of serving alone, or resolving a conflict, may be giving out our addresses.
#[test]
fn the_partners_state_silences_us() {
    use ServerState as S;
    let silencing = [
        S::PartnerDown,
        S::PotentialConflict,
        S::ConflictDone,
        S::ResolutionInterrupted,
    ];
    let other = [
        S::Normal,
        S::CommunicationsInterrupted,
        S::Recover,
        S::RecoverWait,
        S::RecoverDone,
        S::Shutdown,
    ];
    for primary in [true, false] {
        for theirs in silencing.into_iter().chain(other) {
            let mut partner = Partner::of_file(
                primary,
                &file(primary, S::CommunicationsInterrupted, theirs),
            );
            partner.pass(20);
            assert_eq!(partner.state(), S::CommunicationsInterrupted);
            assert_eq!(
                partner.serves(),
                !silencing.contains(&theirs),
                "partner {theirs}"
            );
            // ISC stays silent even then; an operator who says that the partner is down is believed.
            let now = partner.rig.now();
            let down = Command::PartnerDown {
                id: RelationshipId(0),
                force: false,
            };
            partner
                .rig
                .server
                .handle_command(down, now)
                .expect("an operator may");
            assert!(partner.serves(), "partner {theirs}, down");
        }
    }
}

/// The STARTUP flag is missing in an ISC's STATE while it is so silenced; ours has it whatever the partner was last.
#[test]
fn the_startup_flag_is_said_beside_any_partner() {
    for theirs in ServerState::ALL
        .into_iter()
        .filter(|state| *state != ServerState::Startup)
    {
        let mut partner = Partner::of_file(true, &file(true, ServerState::Normal, theirs));
        let conn = partner.shake_hands();
        let first = partner
            .hear(conn)
            .into_iter()
            .find_map(|frame| match frame.message {
                Message::State(state) => Some(state),
                _ => None,
            });
        // A primary may as well wait until it has heard its partner.
        assert!(
            first.is_none_or(|state| state.is_startup()),
            "partner {theirs}"
        );
    }
}

#[test]
fn states_that_come_twice_are_asked_about_once() {
    for primary in [true, false] {
        let mut partner = Partner::of_file(primary, "");
        let conn = partner.link_up(ServerState::PartnerDown);
        for _ in 0..5 {
            partner.say_state(conn, ServerState::PartnerDown, ServerFlags(0));
        }
        let heard = partner.hear(conn);
        let asked: Vec<_> = heard
            .iter()
            .filter(|frame| frame.message == Message::UpdateRequestAll)
            .collect();
        assert_eq!(asked.len(), 1);
        partner.say_as(conn, asked[0].xid, Message::UpdateDone);
        assert_eq!(partner.state(), ServerState::RecoverWait);
    }
}
