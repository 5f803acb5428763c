//! STATE: what state a server is in.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::read::OptionReader;
use crate::write::MessageWriter;
use crate::{DecodeError, OptionCode, UnixTime};

/// A failover server's state. Closed: behaviour branches on it.
///
/// The discriminants are the wire codes. `Display` and [`FromStr`] use the words of ISC's lease file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum ServerState {
    /// Just started; never sent: the wire says it by [`ServerFlags::STARTUP`] beside the saved state.
    Startup = 1,
    /// Both servers up and in touch.
    Normal = 2,
    /// The link is down; the partner may be serving.
    CommunicationsInterrupted = 3,
    /// The operator (or a timer) says that the partner is not serving.
    PartnerDown = 4,
    /// Both may have acted alone: tables must be reconciled.
    PotentialConflict = 5,
    /// Lost its table, or was declared down: asks for everything.
    Recover = 6,
    /// Shut down for a moment.
    Paused = 7,
    /// Shut down for good.
    Shutdown = 8,
    /// Recovered, waits for the partner to go on.
    RecoverDone = 9,
    /// The link broke while reconciling.
    ResolutionInterrupted = 10,
    /// The primary has reconciled and waits for the secondary.
    ConflictDone = 11,
    /// Recovered, waits until leases unknown to it have run out. The code is ISC's; the draft gives none.
    RecoverWait = 254,
}

impl ServerState {
    /// All states, by wire code.
    pub const ALL: [Self; 12] = [
        Self::Startup,
        Self::Normal,
        Self::CommunicationsInterrupted,
        Self::PartnerDown,
        Self::PotentialConflict,
        Self::Recover,
        Self::Paused,
        Self::Shutdown,
        Self::RecoverDone,
        Self::ResolutionInterrupted,
        Self::ConflictDone,
        Self::RecoverWait,
    ];

    /// ISC's word for the state, as in `dhcpd.leases`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Normal => "normal",
            Self::CommunicationsInterrupted => "communications-interrupted",
            Self::PartnerDown => "partner-down",
            Self::PotentialConflict => "potential-conflict",
            Self::Recover => "recover",
            Self::Paused => "paused",
            Self::Shutdown => "shutdown",
            Self::RecoverDone => "recover-done",
            Self::ResolutionInterrupted => "resolution-interrupted",
            Self::ConflictDone => "conflict-done",
            Self::RecoverWait => "recover-wait",
        }
    }
}

impl fmt::Display for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The word is no server state's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
#[error("not a failover server state")]
pub struct UnknownServerState;

impl FromStr for ServerState {
    type Err = UnknownServerState;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or(UnknownServerState)
    }
}

/// A server-state option's value as received, whatever it is.
///
/// What to make of an unknown one is the receiver's to decide; ISC dhcpd goes to SHUTDOWN, so send
/// none but 2..=11 and 254.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServerStateCode(pub u8);

impl ServerStateCode {
    /// The state that the code stands for, if any.
    #[must_use]
    pub fn known(self) -> Option<ServerState> {
        ServerState::ALL
            .into_iter()
            .find(|&state| state as u8 == self.0)
    }
}

impl From<ServerState> for ServerStateCode {
    fn from(state: ServerState) -> Self {
        Self(state as u8)
    }
}

impl fmt::Display for ServerStateCode {
    /// The state's word, or `unknown-state` as ISC logs it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.known().map_or("unknown-state", ServerState::as_str))
    }
}

/// The server-flags option: a bit set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ServerFlags(pub u8);

impl ServerFlags {
    /// The server is in STARTUP; its server-state is the one it had before.
    pub const STARTUP: Self = Self(0x01);

    /// Whether all bits of `flags` are set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

/// STATE: sent on connect and on every change of the sender's state \[draft-12 §7.10\].
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct StateMessage {
    /// The sender's state. ISC takes a missing one for 0, which is no state.
    pub state: Option<ServerStateCode>,
    /// Flags; ISC always sends the option.
    pub flags: Option<ServerFlags>,
    /// When the sender entered its state.
    pub start_of_state: Option<UnixTime>,
}

impl StateMessage {
    /// A complete message, as ISC sends it.
    #[must_use]
    pub fn new(state: ServerState, flags: ServerFlags, start_of_state: UnixTime) -> Self {
        Self {
            state: Some(state.into()),
            flags: Some(flags),
            start_of_state: Some(start_of_state),
        }
    }

    /// The state told, when it is told and known.
    #[must_use]
    pub fn known_state(&self) -> Option<ServerState> {
        self.state.and_then(ServerStateCode::known)
    }

    /// Whether the sender is in STARTUP.
    #[must_use]
    pub fn is_startup(&self) -> bool {
        self.flags
            .unwrap_or_default()
            .contains(ServerFlags::STARTUP)
    }

    pub(crate) fn decode(options: &mut OptionReader<'_>) -> Result<Self, DecodeError> {
        let mut body = Self::default();
        while let Some(option) = options.next_kept()? {
            match option.code {
                OptionCode::SERVER_STATE => body.state = Some(ServerStateCode(option.u8())),
                OptionCode::SERVER_FLAGS => body.flags = Some(ServerFlags(option.u8())),
                OptionCode::START_TIME_OF_STATE => body.start_of_state = Some(option.time()),
                _ => options.carry(&option),
            }
        }
        Ok(body)
    }

    pub(crate) fn encode(&self, out: &mut MessageWriter<'_>) {
        out.u8(OptionCode::SERVER_STATE, self.state.map(|state| state.0));
        out.u8(OptionCode::SERVER_FLAGS, self.flags.map(|flags| flags.0));
        out.time(OptionCode::START_TIME_OF_STATE, self.start_of_state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_own_code_and_word() {
        for state in ServerState::ALL {
            assert_eq!(ServerStateCode::from(state).known(), Some(state));
            assert_eq!(state.to_string().parse(), Ok(state));
        }
    }

    #[test]
    fn codes_without_a_state_stay_as_they_came() {
        for code in [0, 12, 77, 253, 255] {
            assert_eq!(ServerStateCode(code).known(), None);
            assert_eq!(ServerStateCode(code).to_string(), "unknown-state");
        }
        assert_eq!(
            "unknown-state".parse::<ServerState>(),
            Err(UnknownServerState)
        );
    }
}
