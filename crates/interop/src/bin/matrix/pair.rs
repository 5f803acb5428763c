//! Whose server is on which side.

use std::fmt;
use std::str::FromStr;

use interop::Kind;

/// One of the two servers: `a` is the primary, unless a scenario says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Side {
    A,
    B,
}

pub(crate) use Side::{A, B};

impl Side {
    pub(crate) const BOTH: [Self; 2] = [A, B];

    pub(crate) fn index(self) -> usize {
        self as usize
    }

    pub(crate) fn other(self) -> Self {
        match self {
            A => B,
            B => A,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            A => "a",
            B => "b",
        })
    }
}

impl FromStr for Side {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "a" => Ok(A),
            "b" => Ok(B),
            _ => Err(format!("{word:?} is neither a nor b")),
        }
    }
}

/// Primary and secondary; written `ours-isc`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pair(pub(crate) [Kind; 2]);

impl Pair {
    pub(crate) const ALL: [Self; 4] = [
        Self([Kind::Ours, Kind::Isc]),
        Self([Kind::Isc, Kind::Ours]),
        Self([Kind::Ours, Kind::Ours]),
        Self::REFERENCE,
    ];

    /// The pair that the others are measured by.
    pub(crate) const REFERENCE: Self = Self([Kind::Isc, Kind::Isc]);

    pub(crate) fn kind(self, side: Side) -> Kind {
        self.0[side.index()]
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.0.map(word);
        write!(f, "{a}-{b}")
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Ours => "ours",
        Kind::Isc => "isc",
    }
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|pair| pair.to_string() == text)
            .ok_or_else(|| format!("{text:?} is no pair: ours-isc, isc-ours, ours-ours, isc-isc"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for pair in Pair::ALL {
            assert_eq!(pair.to_string().parse(), Ok(pair));
        }
        assert!("isc".parse::<Pair>().is_err());
        assert_eq!("b".parse(), Ok(B));
        assert!("c".parse::<Side>().is_err());
    }
}
