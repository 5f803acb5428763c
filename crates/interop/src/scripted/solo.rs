//! A server alone with its scripted partner.

use std::fmt::Display;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use super::{Scripted, Terms, now};
use crate::conf::PEER;
use crate::netns::{Namespace, PREFIX};
use crate::server::{Kind, Server};

/// Where the server is, and where its partner is.
const SITES: [Ipv4Addr; 2] = [
    Ipv4Addr::new(192, 168, 1, 10),
    Ipv4Addr::new(192, 168, 1, 11),
];
const PORT: u16 = 647;
/// Seconds; longer than any test, so that no wait for it ends in one.
const MCLT: u32 = 3600;

/// Solos of this process, so that each has names of its own.
static SOLOS: AtomicU32 = AtomicU32::new(0);

/// One server in a namespace that has its partner's address too. Dropping it stops and removes everything; after a panic
/// the files stay.
#[derive(Debug)]
pub struct Solo {
    /// The server.
    pub server: Server,
    /// It is the primary.
    pub primary: bool,
    folder: PathBuf,
}

impl Solo {
    /// A server that is yet to be started, with a configuration for 100 addresses and an empty lease file.
    ///
    /// # Panics
    ///
    /// Not root.
    pub fn new(kind: Kind, primary: bool) -> Self {
        let number = SOLOS.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-x{number}", std::process::id());
        let folder = std::env::temp_dir().join(format!("interop-solo-{name}"));
        let namespace = Namespace::new(&name);
        namespace.ip("link add eth0 type veth peer name eth1");
        namespace.ip("link set eth1 up");
        for site in SITES {
            namespace.ip(&format!("addr add {site}/24 brd + dev eth0"));
        }
        namespace.ip("link set eth0 up");
        let server = Server::new(kind, namespace, folder.clone(), Instant::now());
        server.configure(&conf(primary));
        Self {
            server,
            primary,
            folder,
        }
    }

    /// Writes a lease file: the states by name, `since` seconds ago, and records of leases.
    ///
    /// # Panics
    ///
    /// The file can't be written.
    pub fn write_leases(
        &self,
        mine: impl Display,
        partner: impl Display,
        since: u32,
        leases: &str,
    ) {
        let text = lease_file(self.primary, (mine, partner), since, leases);
        let path = self.server.leases();
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// A connection from its partner's address.
    pub fn dial(&self) -> Scripted {
        let [server, partner] = SITES;
        self.server
            .namespace
            .enter(|| Scripted::dial(partner, SocketAddrV4::new(server, PORT)))
    }

    /// What its partner would say of itself.
    pub fn terms(&self) -> Terms {
        Terms {
            name: PEER.into(),
            primary: !self.primary,
            max_unacked: Some(10),
            receive_timer: Some(60),
            mclt: MCLT,
        }
    }
}

impl Drop for Solo {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "---- files of {}: {}\n{}",
                self.server.namespace.name(),
                self.folder.display(),
                self.server.tail(40)
            );
            return;
        }
        _ = fs::remove_dir_all(&self.folder);
    }
}

/// A lease file of the relationship of all pairs here: a server's state and its partner's, both `since` seconds ago, and
/// records of leases.
pub fn lease_file(
    primary: bool,
    (mine, partner): (impl Display, impl Display),
    since: u32,
    leases: &str,
) -> String {
    let at = now().0 - since;
    // A parse error in a primary's file.
    let mclt = if primary {
        String::new()
    } else {
        format!("  mclt {MCLT};\n")
    };
    format!(
        "failover peer \"{PEER}\" state {{\n  my state {mine} at epoch {at};\n  \
         partner state {partner} at epoch {at};\n{mclt}}}\n{leases}"
    )
}

fn conf(primary: bool) -> String {
    let role = if primary {
        format!("primary; mclt {MCLT}; split 128;")
    } else {
        "secondary;".to_owned()
    };
    let [server, partner] = SITES;
    format!(
        "authoritative;
omapi-port 7911;
ddns-update-style none;
default-lease-time 7200;
max-lease-time 7200;
failover peer \"{PEER}\" {{
  {role}
  address {server};
  port {PORT};
  peer address {partner};
  peer port {PORT};
  max-response-delay 60;
  max-unacked-updates 10;
  load balance max seconds 3;
}}
subnet 192.168.1.0 netmask 255.255.255.0 {{
  pool {{
    failover peer \"{PEER}\";
    range 192.168.1.50 192.168.1.149;
  }}
}}
"
    )
}
