//! What the servers promise, and what it means that one was broken.

use core::fmt;

/// Names of the promises, as in `docs/safety.md`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Promise {
    /// I1
    Exclusive,
    /// I2
    Lead,
    /// I3
    Ownership,
    /// I4
    Durable,
    /// I5
    Converge,
    /// I6
    Monotone,
    /// I7
    Whole,
    /// I8
    NoPanic,
    /// L1
    Served,
    /// L2
    Normal,
    /// L3
    Settled,
    /// L4
    Balanced,
    /// L5
    Quiet,
}

impl Promise {
    /// The name for short.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exclusive => "I1",
            Self::Lead => "I2",
            Self::Ownership => "I3",
            Self::Durable => "I4",
            Self::Converge => "I5",
            Self::Monotone => "I6",
            Self::Whole => "I7",
            Self::NoPanic => "I8",
            Self::Served => "L1",
            Self::Normal => "L2",
            Self::Settled => "L3",
            Self::Balanced => "L4",
            Self::Quiet => "L5",
        }
    }

    /// The promise in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Exclusive => "no address is held by two clients at once",
            Self::Lead => {
                "no lease runs more than MCLT beyond what the partner has acknowledged or announced, and each is as its \
                 record says"
            }
            Self::Ownership => {
                "a client gets an address only from a server whose it is, in a state in which that server serves"
            }
            Self::Durable => {
                "what is said is on disk before, and after a restart the server knows all that it has said"
            }
            Self::Converge => "once all is well, both servers know the same",
            Self::Monotone => "what a server knows of a tenancy's promises never falls",
            Self::Whole => "every address is in one state, and none is lost",
            Self::NoPanic => "no input makes a server panic",
            Self::Served => "a client that asks gets an address, if there is one for it",
            Self::Normal => "once all is well, both servers come to NORMAL in bounded time",
            Self::Settled => "a pair that is left alone doesn't change its states for ever",
            Self::Balanced => "one round of balancing is enough until addresses are granted again",
            Self::Quiet => "servers that have nothing to tell each other are quiet",
        }
    }
}

/// A promise that was broken, and by what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// Which promise.
    pub promise: Promise,
    /// By what: the facts that don't go together.
    pub what: String,
}

impl Broken {
    pub(crate) fn new(promise: Promise, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { promise, what }
    }
}

impl From<Broken> for String {
    fn from(broken: Broken) -> Self {
        broken.to_string()
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise.name(), self.what)
    }
}
