//! The state machine's table: what the partner's announced state does to ours (draft §9).
//!
//! The rows are those of a live ISC dhcpd 4.4.3, with these departures, none of which a partner
//! can tell from a lost connection:
//!
//! - Where ISC parks itself in SHUTDOWN because the partner's state makes no sense beside its own
//!   (NORMAL and POTENTIAL-CONFLICT rows), the link is closed: on the next one both sides have
//!   fallen to states that do make sense.
//! - Where ISC in PARTNER-DOWN or RESOLUTION-INTERRUPTED answers a partner's NORMAL with
//!   POTENTIAL-CONFLICT, which would park that partner, the link is closed first: the partner falls
//!   to COMMUNICATIONS-INTERRUPTED, and the conflict is resolved on the next link.
//! - Where ISC in RECOVER takes a partner's NORMAL for a conflict, we ask for every lease, as the
//!   draft has it: such a partner is itself restarting, and goes to PARTNER-DOWN when it hears of
//!   us. Resolving a conflict would leave us without what we lost.
//! - Where ISC in RECOVER, with what it lost still missing, takes over from a partner that says
//!   SHUTDOWN, we stay: every address that the partner leased looks free here. The partner comes
//!   back, or an operator decides.
//! - Where ISC in CONFLICT-DONE exits, we stay, or take over from a partner that is gone
//!   (SHUTDOWN) or has recovered without us (RECOVER-DONE).

use failover_wire::ServerState;

/// What to do about a state that the partner announced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reaction {
    /// Nothing.
    Stay,
    /// Enter this state.
    Move(ServerState),
    /// NORMAL both: look at the pool balance.
    Balance,
    /// Ask for every lease (UPDREQALL).
    RequestAll,
    /// CONFLICT-DONE at the partner: ask for what we miss (UPDREQ).
    Request,
    /// The partner has recovered: enter NORMAL as soon as it has all that is pending now.
    Drain,
    /// The states can't meet: close the link.
    Illegal,
}

/// The reaction of a server in state `own` to the partner's announcement of `peer`.
///
/// `starting` says that `own` is the state saved before a restart, and that the server is in
/// STARTUP. `peer_starting` is the partner's STARTUP flag; only PARTNER-DOWN looks at it.
/// UNKNOWN doesn't occur: a server without a record starts from RECOVER.
pub fn react(own: ServerState, starting: bool, peer: ServerState, peer_starting: bool) -> Reaction {
    match own {
        ServerState::Startup => Reaction::Stay,
        ServerState::Normal => normal(peer, starting),
        ServerState::CommunicationsInterrupted => interrupted(peer),
        ServerState::PartnerDown if peer_starting => Reaction::Stay,
        ServerState::PartnerDown => partner_down(peer),
        ServerState::PotentialConflict => potential_conflict(peer),
        ServerState::ResolutionInterrupted => resolution_interrupted(peer),
        ServerState::ConflictDone => conflict_done(peer),
        ServerState::Recover => recover(peer),
        ServerState::RecoverDone => recover_done(peer),
        ServerState::RecoverWait | ServerState::Shutdown | ServerState::Paused => Reaction::Stay,
    }
}

fn normal(peer: ServerState, starting: bool) -> Reaction {
    use ServerState as S;
    match peer {
        S::Normal => Reaction::Balance,
        S::PartnerDown if starting => Reaction::Move(S::Recover),
        S::PartnerDown => Reaction::Move(S::PotentialConflict),
        S::Recover | S::Shutdown => Reaction::Move(S::PartnerDown),
        S::Paused => Reaction::Move(S::CommunicationsInterrupted),
        S::PotentialConflict | S::ResolutionInterrupted | S::ConflictDone => Reaction::Illegal,
        S::CommunicationsInterrupted | S::RecoverDone | S::RecoverWait | S::Startup => {
            Reaction::Stay
        }
    }
}

fn interrupted(peer: ServerState) -> Reaction {
    use ServerState as S;
    match peer {
        S::Normal | S::CommunicationsInterrupted | S::RecoverDone | S::RecoverWait => {
            Reaction::Move(S::Normal)
        }
        S::PartnerDown | S::PotentialConflict | S::ResolutionInterrupted | S::ConflictDone => {
            Reaction::Move(S::PotentialConflict)
        }
        S::Recover | S::Shutdown => Reaction::Move(S::PartnerDown),
        S::Paused | S::Startup => Reaction::Stay,
    }
}

fn partner_down(peer: ServerState) -> Reaction {
    use ServerState as S;
    match peer {
        S::Normal => Reaction::Illegal,
        S::CommunicationsInterrupted
        | S::PartnerDown
        | S::PotentialConflict
        | S::ResolutionInterrupted
        | S::ConflictDone => Reaction::Move(S::PotentialConflict),
        S::RecoverDone => Reaction::Drain,
        S::Recover | S::Paused | S::Shutdown | S::RecoverWait | S::Startup => Reaction::Stay,
    }
}

fn potential_conflict(peer: ServerState) -> Reaction {
    use ServerState as S;
    match peer {
        S::Normal => Reaction::Illegal,
        S::Recover => Reaction::Move(S::Recover),
        S::Shutdown => Reaction::Move(S::PartnerDown),
        S::ConflictDone => Reaction::Request,
        S::CommunicationsInterrupted
        | S::PartnerDown
        | S::PotentialConflict
        | S::Paused
        | S::RecoverDone
        | S::ResolutionInterrupted
        | S::RecoverWait
        | S::Startup => Reaction::Stay,
    }
}

fn resolution_interrupted(peer: ServerState) -> Reaction {
    use ServerState as S;
    match peer {
        S::Normal => Reaction::Illegal,
        S::CommunicationsInterrupted
        | S::PartnerDown
        | S::PotentialConflict
        | S::Recover
        | S::RecoverDone
        | S::ResolutionInterrupted
        | S::ConflictDone
        | S::RecoverWait => Reaction::Move(S::PotentialConflict),
        S::Shutdown => Reaction::Move(S::PartnerDown),
        S::Paused | S::Startup => Reaction::Stay,
    }
}

fn conflict_done(peer: ServerState) -> Reaction {
    use ServerState as S;
    match peer {
        S::Normal | S::RecoverDone => Reaction::Move(S::Normal),
        S::Shutdown => Reaction::Move(S::PartnerDown),
        S::CommunicationsInterrupted
        | S::PartnerDown
        | S::PotentialConflict
        | S::Recover
        | S::Paused
        | S::ResolutionInterrupted
        | S::ConflictDone
        | S::RecoverWait
        | S::Startup => Reaction::Stay,
    }
}

fn recover(peer: ServerState) -> Reaction {
    use ServerState as S;
    match peer {
        S::Normal
        | S::CommunicationsInterrupted
        | S::PartnerDown
        | S::Recover
        | S::RecoverWait
        | S::RecoverDone => Reaction::RequestAll,
        S::PotentialConflict | S::ResolutionInterrupted | S::ConflictDone => {
            Reaction::Move(S::PotentialConflict)
        }
        S::Shutdown | S::Paused | S::Startup => Reaction::Stay,
    }
}

fn recover_done(peer: ServerState) -> Reaction {
    use ServerState as S;
    match peer {
        S::Normal | S::RecoverDone => Reaction::Move(S::Normal),
        S::Shutdown => Reaction::Move(S::PartnerDown),
        S::CommunicationsInterrupted
        | S::PartnerDown
        | S::PotentialConflict
        | S::Recover
        | S::Paused
        | S::ResolutionInterrupted
        | S::ConflictDone
        | S::RecoverWait
        | S::Startup => Reaction::Stay,
    }
}

/// The state that a server falls to when the link is lost, or STARTUP ends without contact.
pub fn without_link(own: ServerState) -> ServerState {
    match own {
        ServerState::Normal => ServerState::CommunicationsInterrupted,
        ServerState::PotentialConflict => ServerState::ResolutionInterrupted,
        ServerState::Startup
        | ServerState::CommunicationsInterrupted
        | ServerState::PartnerDown
        | ServerState::Recover
        | ServerState::Paused
        | ServerState::Shutdown
        | ServerState::RecoverDone
        | ServerState::ResolutionInterrupted
        | ServerState::ConflictDone
        | ServerState::RecoverWait => own,
    }
}

/// Whether the state is one of resolving a conflict. An ISC dhcpd in NORMAL that hears of one on
/// its live link parks itself in SHUTDOWN.
pub fn is_of_conflict(state: ServerState) -> bool {
    use ServerState::{ConflictDone, PotentialConflict, ResolutionInterrupted};
    matches!(
        state,
        PotentialConflict | ResolutionInterrupted | ConflictDone
    )
}

/// Whether a server in `peer` could bear to hear on its live link that we are in `own`. Where it
/// couldn't, the link is closed first, and it falls to a state that can.
pub fn is_bearable(own: ServerState, peer: ServerState) -> bool {
    match peer {
        ServerState::Normal => !is_of_conflict(own),
        ServerState::PotentialConflict => own != ServerState::Normal,
        _ => true,
    }
}

/// What a server in a state does for clients.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Service {
    /// Nothing; the text is ISC's `not responding (…)`.
    None(&'static str),
    /// Answers its own half of the clients.
    Cooperating,
    /// Answers every client, from its own free addresses.
    NotCooperating,
    /// Answers every client, and may use the partner's addresses once that is safe.
    PartnerDown,
}

/// What a server in `own` does for clients while the partner's last announced state is `peer`.
///
/// A partner that serves alone, or resolves a conflict, silences us (ISC): it may be giving out
/// our addresses. An operator who declares such a partner down overrules it.
pub fn service(own: ServerState, peer: Option<ServerState>) -> Service {
    use ServerState as S;
    let silenced = match peer {
        Some(S::PartnerDown) => Some("peer demands: recovering"),
        Some(S::PotentialConflict | S::ResolutionInterrupted | S::ConflictDone) => {
            Some("peer demands: resolving conflicts")
        }
        _ => None,
    };
    match own {
        S::Startup => Service::None("startup"),
        S::Normal => silenced.map_or(Service::Cooperating, Service::None),
        S::CommunicationsInterrupted => silenced.map_or(Service::NotCooperating, Service::None),
        S::PartnerDown => Service::PartnerDown,
        S::PotentialConflict | S::ResolutionInterrupted | S::ConflictDone => {
            Service::None("resolving conflicts")
        }
        S::Recover => Service::None("recovering"),
        S::RecoverWait => Service::None("recover wait"),
        S::RecoverDone => Service::None("recover done"),
        S::Paused => Service::None("paused"),
        S::Shutdown => Service::None("shut down"),
    }
}
