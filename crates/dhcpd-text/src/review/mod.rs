//! What a careful colleague says of a configuration that [`conf`](crate::conf) accepts, and of the two configurations of a failover
//! pair held side by side.
//!
//! Two servers of a pair have a file each, edited by hand or by a program, and dhcpd never compares them: a pool that is on
//! one side only, ports that don't meet or a range that is shorter over there show as clients without addresses, months
//! later. [`compare`] finds such drift, by what the files mean and not by how they are written: the order of statements, spelling,
//! defaults that one side writes down, includes and local matters such as `omapi-port` make no difference. [`advise`] looks at
//! one file for itself.
//!
//! ```
//! use dhcpd_text::review::{self, Document};
//!
//! let conf = |own: &str, range: &str| {
//!     let text = format!("failover peer \"p\" {{ {own} load balance max seconds 3; }}
//! subnet 10.0.0.0 netmask 255.255.255.0 {{ pool {{ failover peer \"p\"; {range} }} }}");
//!     Document::read("dhcpd.conf", &text, &mut |_| Err::<String, _>("no".into())).unwrap()
//! };
//! let a = conf("primary; address 10.0.0.1; peer address 10.0.0.2; mclt 3600; split 128;", "range 10.0.0.50 10.0.0.99;");
//! let b = conf("secondary; address 10.0.0.2; peer address 10.0.0.1;", "range 10.0.0.50 10.0.0.89;");
//! let findings = review::compare(&a, &b).findings;
//! assert_eq!(findings.len(), 1);
//! assert_eq!(findings[0].what, "range-differs");
//! assert_eq!(findings[0].text, "addresses 10.0.0.90-10.0.0.99 are in a failover pool only on a");
//! ```

mod advise;
mod blocks;
mod compare;
mod declared;
mod document;
mod hosts;
mod outline;
mod peers;
mod pools;
mod scopes;

pub use advise::advise;
pub use compare::{Comparison, compare};
pub use document::Document;

use std::fmt;

/// How much something matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Good to know; nothing is wrong.
    Note,
    /// Clients are served, but not as somebody meant.
    Warning,
    /// Clients will go without service, or two will get one address.
    Error,
}

impl Level {
    /// The word for it: `note`, `warning`, `error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A statement, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, as it was named to the reader.
    pub file: String,
    /// Line of its first word, from 1.
    pub line: u32,
    /// Column of its first word in characters, from 1.
    pub column: u32,
    /// The statement on one line; of a block the part before what is in the braces.
    pub statement: String,
}

/// Something that was noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How much it matters.
    pub level: Level,
    /// A word that does not change, for programs: `range-differs`, `lease-time-short`.
    pub what: &'static str,
    /// What is the matter and why it matters, for people.
    pub text: String,
    /// The statement in the first file; `None` if it is about none there.
    pub a: Option<Place>,
    /// The statement in the second file, likewise.
    pub b: Option<Place>,
}
