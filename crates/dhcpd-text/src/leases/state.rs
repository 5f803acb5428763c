//! The words for states.

/// Declares a closed set of states with the words that the lease file has for them.
macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word that the lease file has for it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The state that `word` names, in any case.
            pub fn from_word(word: &[u8]) -> Option<Self> {
                Self::from_exact_word(word).or_else(|| Self::from_exact_word(&word.to_ascii_lowercase()))
            }

            fn from_exact_word(word: &[u8]) -> Option<Self> {
                $(if word == $word.as_bytes() {
                    return Some(Self::$variant);
                })*
                None
            }
        }
    };
}

states! {
    /// Binding state of a lease (draft-ietf-dhc-failover-12 §5.4, ISC `binding_state_names`).
    BindingState {
        /// Available to the primary.
        Free = "free",
        /// In use by a client.
        Active = "active",
        /// Run out; the partner doesn't know yet.
        Expired = "expired",
        /// Given back by the client; the partner doesn't know yet.
        Released = "released",
        /// Seen in use by somebody unknown.
        Abandoned = "abandoned",
        /// Freed by the operator; the partner doesn't know yet.
        Reset = "reset",
        /// Available to the secondary.
        Backup = "backup",
    }
}

states! {
    /// State of a failover server (draft-ietf-dhc-failover-12 §9.2, ISC `dhcp_failover_state_name_print`).
    ServerState {
        /// No state is known: that of a partner never heard.
        Unknown = "unknown-state",
        /// Starting.
        Startup = "startup",
        /// Both serve, in touch.
        Normal = "normal",
        /// Both serve, out of touch.
        CommunicationsInterrupted = "communications-interrupted",
        /// The operator said that the partner is down.
        PartnerDown = "partner-down",
        /// Both may have given the same addresses.
        PotentialConflict = "potential-conflict",
        /// Fetching the bindings from the partner.
        Recover = "recover",
        /// Stopped for a short time.
        Paused = "paused",
        /// Stopped for a long time.
        Shutdown = "shutdown",
        /// All bindings fetched.
        RecoverDone = "recover-done",
        /// Out of touch while a conflict was being resolved.
        ResolutionInterrupted = "resolution-interrupted",
        /// The primary's side of a conflict is resolved.
        ConflictDone = "conflict-done",
        /// Bindings fetched, waiting out the MCLT.
        RecoverWait = "recover-wait",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_their_states_in_any_case() {
        assert_eq!((BindingState::ALL.len(), ServerState::ALL.len()), (7, 13));
        for &state in BindingState::ALL {
            assert_eq!(
                BindingState::from_word(state.word().to_uppercase().as_bytes()),
                Some(state)
            );
        }
        for &state in ServerState::ALL {
            assert_eq!(ServerState::from_word(state.word().as_bytes()), Some(state));
        }
        assert_eq!(BindingState::from_word(b"freed"), None);
    }
}
