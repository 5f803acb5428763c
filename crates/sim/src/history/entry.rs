//! One line of a history.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::Time;

/// Something that was seen, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// When, on the recorder's clock, ms.
    pub at: Time,
    /// What.
    #[serde(flatten)]
    pub seen: Seen,
}

/// Something that a client or an operator can see. Servers are 0, the primary, and 1, the secondary; clients have any
/// name that stays the same.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Seen {
    /// First of all: what kind of pair it is.
    Setup {
        /// MCLT, seconds.
        mclt: u32,
        /// Two claims may overlap by this much, ms: clocks of servers and recorder differ, messages take time.
        tolerance: Time,
        /// What the servers are.
        #[serde(default)]
        vendors: [Vendor; 2],
    },
    /// A server sends a DHCPACK of a lease. Until the client takes it or moves on it may do either.
    Ack {
        /// Who sent it.
        server: usize,
        /// To whom.
        client: String,
        /// Of which address.
        address: Ipv4Addr,
        /// Until when the client may use it, counted from its request.
        until: Time,
    },
    /// A client uses an address from now on, and no other.
    Takes {
        /// Who gave it.
        server: usize,
        /// The client.
        client: String,
        /// The address.
        address: Ipv4Addr,
        /// Until when.
        until: Time,
    },
    /// A client begins another exchange: acknowledgements that are still on their way mean nothing to it.
    MovesOn {
        /// The client.
        client: String,
    },
    /// A client gives up an address: it has released or declined it, was refused it, or forgot it.
    Drops {
        /// The client.
        client: String,
        /// The address.
        address: Ipv4Addr,
    },
    /// Other hardware has this client's identity too: servers can't tell them apart.
    Cloned {
        /// The identity.
        client: String,
    },
    /// A client uses an address after its lease has ended.
    Outlives {
        /// The client.
        client: String,
        /// The address.
        address: Ipv4Addr,
    },
    /// A server starts.
    Starts {
        /// Which.
        server: usize,
    },
    /// A server ends, in whatever way.
    Ends {
        /// Which.
        server: usize,
    },
    /// A server says that it is in another state.
    State {
        /// Which.
        server: usize,
        /// The state, in ISC's spelling.
        state: State,
    },
    /// A server loses its lease file.
    LosesDisk {
        /// Which.
        server: usize,
    },
    /// A server is given an old lease file.
    OldBackup {
        /// Which.
        server: usize,
    },
    /// Somebody ends the lease of an address at a server, whoever holds it.
    Reset {
        /// The address.
        address: Ipv4Addr,
    },
    /// The servers' clocks now differ by so much, ms.
    Skew {
        /// How much.
        millis: Time,
    },
}

/// A server's state, as far as a judge cares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// NORMAL
    Normal,
    /// COMMUNICATIONS-INTERRUPTED
    CommunicationsInterrupted,
    /// PARTNER-DOWN
    PartnerDown,
    /// Any other.
    #[serde(other)]
    Other,
}

/// Whose rules a server goes by.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vendor {
    /// Ours.
    #[default]
    Ours,
    /// ISC dhcpd: in PARTNER-DOWN it gives an expired or released address away at once.
    Isc,
}

/// Why a history can't be judged.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Damaged {
    /// A line is no entry.
    #[error("no entry: {0}")]
    Syntax(String),
    /// A line is older than the one before it.
    #[error("at {at} ms, after {after} ms")]
    Order {
        /// Its time.
        at: Time,
        /// The time of the line before.
        after: Time,
    },
    /// The history doesn't begin with the setup, or has a second one.
    #[error("the setup has to be the first entry, and no other")]
    Setup,
    /// There are two servers.
    #[error("server {0}: there are only 0 and 1")]
    Server(usize),
}

impl Entry {
    /// Reads a line.
    ///
    /// # Errors
    /// If it is no JSON, or no entry.
    pub fn read(line: &str) -> Result<Self, Damaged> {
        serde_json::from_str(line).map_err(|error| Damaged::Syntax(error.to_string()))
    }

    /// The line, without a newline.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("an entry has only strings and numbers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back() {
        let entries = [
            Seen::Setup {
                mclt: 60,
                tolerance: 5,
                vendors: [Vendor::Isc, Vendor::Ours],
            },
            Seen::Ack {
                server: 1,
                client: "c01".into(),
                address: Ipv4Addr::new(10, 0, 0, 1),
                until: 7,
            },
            Seen::LosesDisk { server: 0 },
            Seen::State {
                server: 0,
                state: State::PartnerDown,
            },
        ];
        for seen in entries {
            let entry = Entry { at: 3, seen };
            assert_eq!(Entry::read(&entry.line()), Ok(entry));
        }
    }

    #[test]
    fn the_format_is_what_the_documents_say() {
        let entry = Entry::read(
            r#"{"at":12,"event":"state","server":1,"state":"communications-interrupted"}"#,
        );
        let seen = Seen::State {
            server: 1,
            state: State::CommunicationsInterrupted,
        };
        assert_eq!(entry, Ok(Entry { at: 12, seen }));
        let entry = Entry::read(r#"{"at":1,"event":"state","server":1,"state":"recover-wait"}"#);
        assert!(matches!(
            entry.map(|entry| entry.seen),
            Ok(Seen::State {
                state: State::Other,
                ..
            })
        ));
        assert!(Entry::read(r#"{"at":1,"event":"dances"}"#).is_err());
        assert!(Entry::read("").is_err());
    }
}
