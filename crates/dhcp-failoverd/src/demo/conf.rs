//! The configuration of the pair.

use std::net::Ipv4Addr;

/// Name of the relationship.
pub(super) const PEER: &str = "demo";
/// How long a server may promise beyond what its partner knows, seconds. An hour is usual.
pub(super) const MCLT: u32 = 12;
/// Length of a lease, seconds.
pub(super) const LEASE: u32 = 12;
/// T1 and T2, seconds: when a client asks its server to extend the lease, and when it asks any. The clients of a dead
/// server so turn to the other one soon, and have time left should the disk be slow.
const RENEW: u32 = 4;
const REBIND: u32 = 6;

/// Where a server speaks failover.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// Its address, which is its server identifier too.
    pub(super) address: Ipv4Addr,
    /// Its TCP port.
    pub(super) port: u16,
}

/// The configuration file of a server, as dhcpd would take it.
pub(super) fn text(primary: bool, own: End, partner: End) -> String {
    let role = if primary { "primary" } else { "secondary" };
    let only_primary = if primary {
        format!("\n  mclt {MCLT};\n  split 128;")
    } else {
        String::new()
    };
    let (own_port, partner_port) = (own.port, partner.port);
    let (own, partner) = (own.address, partner.address);
    format!(
        r#"# The {role} of `dhcp-failoverd demo`. All times are far shorter than in life.
authoritative;
ddns-update-style none;
ping-check false;               # the clients are simulated: nobody would answer
default-lease-time {LEASE};
max-lease-time {LEASE};
option dhcp-renewal-time {RENEW};
option dhcp-rebinding-time {REBIND};
option dhcp-server-identifier {own};

failover peer "{PEER}" {{
  {role};
  address {own};
  port {own_port};
  peer address {partner};
  peer port {partner_port};
  max-response-delay 5;
  max-unacked-updates 100;
  load balance max seconds 3;{only_primary}
}}

shared-network "demo" {{
  subnet 127.0.0.0 netmask 255.0.0.0 {{
    # The relay is here.
  }}
  subnet 198.18.0.0 netmask 255.255.252.0 {{
    # RFC 2544: addresses for tests, on nobody's network.
    option routers 198.18.0.1;
    pool {{
      failover peer "{PEER}";
      range 198.18.0.10 198.18.3.250;
    }}
  }}
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use dhcpd_text::conf;

    use super::*;

    #[test]
    fn both_files_are_right() {
        let end = |last, port| End {
            address: Ipv4Addr::new(127, 0, 0, last),
            port,
        };
        for primary in [true, false] {
            let text = text(primary, end(2, 20647), end(3, 20648));
            let mut no_includes = |_: &str| Err::<String, _>("no includes".to_owned());
            let parsed = conf::parse("demo.conf", &text, &mut no_includes);
            let parsed = parsed.unwrap_or_else(|errors| panic!("{text}\n{errors:?}"));
            assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
            assert_eq!(parsed.config.failover_peers[0].name, PEER);
        }
    }
}
