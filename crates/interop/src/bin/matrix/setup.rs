//! How the two servers are configured.

use std::fmt::Write as _;

use crate::pair::{A, Side};

/// Addresses of the servers, of our relay agent and of the failover link.
pub(crate) const SERVERS: [&str; 2] = ["10.77.0.2", "10.77.0.3"];
pub(crate) const CLIENTS: &str = "10.77.0.9";
pub(crate) const LINK: [&str; 2] = ["10.78.0.1", "10.78.0.2"];
const LINK_LENGTH: u32 = 30;

/// Failover ports of the two.
pub(crate) const PORTS: [u16; 2] = [647, 847];

/// What a scenario's configurations differ in. Times are in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) mclt: u32,
    pub(crate) split: u32,
    pub(crate) max_response_delay: u32,
    pub(crate) max_unacked: u32,
    /// Default and longest lease.
    pub(crate) lease: u32,
    pub(crate) auto_partner_down: Option<u32>,
    /// Prefix length of the clients' network, which begins with 10.77.
    pub(crate) prefix: u32,
    /// First and last address of the pool.
    pub(crate) pool: [&'static str; 2],
    /// Lines inside `failover peer { }`, of both.
    pub(crate) failover: &'static str,
    /// What is different in the secondary's.
    pub(crate) b: Other,
    /// Is the first server a secondary too?
    pub(crate) a_is_secondary: bool,
}

/// What can be wrong with the second server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Other {
    /// Name of the relationship.
    pub(crate) name: &'static str,
    /// Is it a primary too?
    pub(crate) is_primary: bool,
    /// Last address of its pool, if it has another.
    pub(crate) last: Option<&'static str>,
    /// Its wall clock is ahead by this.
    pub(crate) clock_ahead: u32,
    /// Lines inside its `failover peer { }`.
    pub(crate) failover: &'static str,
}

impl Setup {
    /// 40 addresses, and times that tests can wait for.
    pub(crate) const USUAL: Self = Self {
        mclt: 60,
        split: 128,
        max_response_delay: 10,
        max_unacked: 10,
        lease: 600,
        auto_partner_down: None,
        prefix: 24,
        pool: ["10.77.0.100", "10.77.0.139"],
        failover: "",
        b: Other::USUAL,
        a_is_secondary: false,
    };

    /// Name of the relationship as `side` has it.
    pub(crate) fn name(&self, side: Side) -> &'static str {
        if side == A { NAME } else { self.b.name }
    }

    fn is_primary(&self, side: Side) -> bool {
        if side == A {
            !self.a_is_secondary
        } else {
            self.b.is_primary
        }
    }

    /// The configuration of `side`.
    pub(crate) fn conf(&self, side: Side) -> String {
        let name = self.name(side);
        let last = self.b.last.filter(|_| side != A).unwrap_or(self.pool[1]);
        let (network, mask) = match self.prefix {
            16 => ("10.77.0.0", "255.255.0.0"),
            _ => ("10.77.0.0", "255.255.255.0"),
        };
        format!(
            "authoritative;\nddns-update-style none;\nping-check false;\nomapi-port 7911;\n\
             default-lease-time {lease};\nmax-lease-time {lease};\n\
             failover peer \"{name}\" {{\n{relationship}}}\n\
             subnet {network} netmask {mask} {{\n  option routers 10.77.0.1;\n  pool {{\n    \
             failover peer \"{name}\";\n    range {first} {last};\n  }}\n}}\n",
            lease = self.lease,
            relationship = self.relationship(side),
            first = self.pool[0],
        )
    }

    fn relationship(&self, side: Side) -> String {
        let (me, peer) = (side.index(), side.other().index());
        let primary = self.is_primary(side);
        let mut text = format!(
            "  {role};\n  address {};\n  port {};\n  peer address {};\n  peer port {};\n  \
             max-response-delay {};\n  max-unacked-updates {};\n  load balance max seconds 3;\n",
            LINK[me],
            PORTS[me],
            LINK[peer],
            PORTS[peer],
            self.max_response_delay,
            self.max_unacked,
            role = if primary { "primary" } else { "secondary" },
        );
        if primary {
            _ = writeln!(text, "  mclt {};\n  split {};", self.mclt, self.split);
        }
        if let Some(seconds) = self.auto_partner_down {
            _ = writeln!(text, "  auto-partner-down {seconds};");
        }
        let own = if side == A { "" } else { self.b.failover };
        for lines in [self.failover, own] {
            if !lines.is_empty() {
                _ = writeln!(text, "  {lines}");
            }
        }
        text
    }

    /// Address of the failover link at `side`.
    pub(crate) fn link(side: Side) -> String {
        format!("{}/{LINK_LENGTH}", LINK[side.index()])
    }
}

/// Name of the relationship.
const NAME: &str = "lab";

impl Other {
    const USUAL: Self = Self {
        name: NAME,
        is_primary: false,
        last: None,
        clock_ahead: 0,
        failover: "",
    };

    /// As usual, its clock ahead.
    pub(crate) const fn ahead(clock_ahead: u32) -> Self {
        Self {
            clock_ahead,
            ..Self::USUAL
        }
    }

    /// As usual, the relationship under another name.
    pub(crate) const fn named(name: &'static str) -> Self {
        Self {
            name,
            ..Self::USUAL
        }
    }

    /// A primary.
    pub(crate) const PRIMARY: Self = Self {
        is_primary: true,
        ..Self::USUAL
    };

    /// As usual, its pool ending earlier.
    pub(crate) const fn pool_to(last: &'static str) -> Self {
        Self {
            last: Some(last),
            ..Self::USUAL
        }
    }

    /// As usual, with more lines in its `failover peer { }`.
    pub(crate) const fn saying(failover: &'static str) -> Self {
        Self {
            failover,
            ..Self::USUAL
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::B;

    #[test]
    fn mclt_and_split_are_the_primarys() {
        let [a, b] = [A, B].map(|side| Setup::USUAL.conf(side));
        assert!(a.contains("primary;") && a.contains("mclt 60;") && a.contains("split 128;"));
        assert!(b.contains("secondary;") && !b.contains("mclt") && !b.contains("split"));
        assert!(a.contains(
            "  address 10.78.0.1;\n  port 647;\n  peer address 10.78.0.2;\n  peer port 847;"
        ));
    }

    #[test]
    fn what_is_wrong_is_wrong_on_one_side() {
        let setup = Setup {
            b: Other::named("other"),
            ..Setup::USUAL
        };
        assert!(!setup.conf(A).contains("other"));
        assert_eq!(setup.conf(B).matches("\"other\"").count(), 2);
        let setup = Setup {
            b: Other::pool_to("10.77.0.129"),
            ..Setup::USUAL
        };
        assert!(setup.conf(A).contains(".139;") && setup.conf(B).contains(".129;"));
    }
}
