//! The laboratory: namespaces on a bridge, and links that can be cut.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::database::Database;
use crate::netns::{Namespace, PREFIX, remove_orphans, run};
use crate::server::{Kind, Server};
use crate::wait::until;
use crate::watch::Watch;

/// Lines of each server's log that are printed when a test fails.
const LINES_OF_A_FAILURE: usize = 60;

/// How long both servers must have written nothing: an update and its answer take milliseconds.
const QUIET: Duration = Duration::from_secs(2);

/// Labs of this process, so that each has names of its own.
static LABS: AtomicU32 = AtomicU32::new(0);

/// Where a server is to be: its addresses on the clients' network, `A.B.C.D/LEN`.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// Whose server it is.
    pub kind: Kind,
    /// Addresses of `eth0`.
    pub addresses: &'a [&'a str],
}

/// How a link is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// Silently: packets are lost.
    Drop,
    /// TCP connections are reset.
    Reset,
}

/// Servers and clients on one network. Dropping it stops and removes everything; after a panic the files stay.
#[derive(Debug)]
pub struct Lab {
    /// The servers, in the order of their sites.
    pub servers: Vec<Server>,
    /// All DHCP traffic of the clients.
    pub watch: Watch,
    /// Where clients run.
    pub clients: Namespace,
    /// The bridge between them.
    _switch: Namespace,
    folder: PathBuf,
    start: Instant,
    prefix: String,
    /// Do its files stay?
    kept: bool,
    /// Is nothing said on the console?
    quiet: bool,
}

impl Lab {
    /// Makes the namespaces, one for each of `sites` and one for the clients, whose `eth0` gets the addresses `clients`.
    ///
    /// # Panics
    ///
    /// Not root, or a tool is missing.
    pub fn new(name: &str, clients: &[&str], sites: &[Site<'_>]) -> Self {
        let folder = std::env::temp_dir();
        Self::in_folder(&folder, name, clients, sites)
    }

    /// As [`new`](Self::new), with the files under `parent`.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn in_folder(parent: &Path, name: &str, clients: &[&str], sites: &[Site<'_>]) -> Self {
        let number = LABS.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("{PREFIX}{}-{number}", std::process::id());
        let folder = parent.join(format!("interop-{name}-{prefix}"));
        let start = Instant::now();
        remove_orphans();
        let switch = Namespace::new(&format!("{prefix}-sw"));
        switch.ip("link add br0 type bridge stp_state 0 forward_delay 0");
        switch.ip("link set br0 up");
        let servers = sites.iter().enumerate().map(|(index, site)| {
            let namespace = Namespace::new(&format!("{prefix}-s{index}"));
            plug(
                &switch,
                &format!("server{index}"),
                &namespace,
                site.addresses,
            );
            Server::new(site.kind, namespace, folder.join(index.to_string()), start)
        });
        let servers = servers.collect();
        let namespace = Namespace::new(&format!("{prefix}-cli"));
        // Many client interfaces share the segment: ARP is answered on the one that has the address, or else unicast
        // ACKs go to another one.
        namespace.sysctl("net.ipv4.conf.all.arp_ignore=1");
        namespace.sysctl("net.ipv4.conf.all.arp_announce=2");
        namespace.sysctl("net.ipv4.conf.all.rp_filter=0");
        namespace.sysctl("net.ipv4.conf.default.rp_filter=0");
        plug(&switch, "clients", &namespace, clients);
        namespace.ip("route add 255.255.255.255 dev eth0");
        let watch = Watch::new(&namespace, "eth0");
        Self {
            servers,
            watch,
            clients: namespace,
            _switch: switch,
            folder,
            start,
            prefix,
            kept: false,
            quiet: false,
        }
    }

    /// Gives servers `a` and `b` a link of their own, `fo0` with the addresses `of_a` and `of_b` (`A.B.C.D/LEN`).
    ///
    /// # Panics
    ///
    /// One of them has such a link.
    pub fn link(&self, (a, of_a): (usize, &str), (b, of_b): (usize, &str)) {
        let (a, b) = (&self.servers[a].namespace, &self.servers[b].namespace);
        a.ip(&format!(
            "link add fo0 type veth peer name fo0 netns {}",
            b.name()
        ));
        for (namespace, address) in [(a, of_a), (b, of_b)] {
            namespace.ip(&format!("addr add {address} dev fo0"));
            namespace.ip("link set fo0 up");
        }
    }

    /// Its files stay when it is dropped.
    pub fn keep(&mut self) {
        self.kept = true;
    }

    /// It says nothing on the console from now on: there are others beside it. A failed test's files stay all the same.
    pub fn silence(&mut self) {
        self.quiet = true;
    }

    /// How long it has existed: the times in the logs count from its beginning.
    pub fn age(&self) -> Duration {
        self.start.elapsed()
    }

    /// Where the files of the servers and clients are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Cuts the failover connections from and to `ports`, on receipt at each server.
    ///
    /// # Panics
    ///
    /// They are cut already.
    pub fn cut(&self, how: Cut, ports: &[u16]) {
        let ports = ports
            .iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let (spare, verdict) = match how {
            Cut::Drop => ("", "drop"),
            // The resets themselves must arrive.
            Cut::Reset => ("tcp flags & rst != rst", "reject with tcp reset"),
        };
        let rules = format!(
            "table inet cut {{ chain in {{ type filter hook input priority -300; \
             {spare} tcp sport {{ {ports} }} {verdict}; {spare} tcp dport {{ {ports} }} {verdict}; }}; }}"
        );
        for server in &self.servers {
            run(server.namespace.command("nft").arg(&rules));
            server.log.add(&format!("-- cut {how:?} {ports}"));
        }
    }

    /// Undoes [`cut`](Self::cut).
    ///
    /// # Panics
    ///
    /// Nothing was cut.
    pub fn heal(&self) {
        for server in &self.servers {
            run(server
                .namespace
                .command("nft")
                .args(["delete", "table", "inet", "cut"]));
            server.log.add("-- heal");
        }
    }

    /// Waits until servers `a` and `b` are both NORMAL in `peer`.
    ///
    /// # Panics
    ///
    /// They aren't after `patience`.
    pub fn wait_normal(&self, peer: &str, (a, b): (usize, usize), patience: Duration) {
        let start = Instant::now();
        self.servers[a].wait_state(peer, "normal", patience);
        self.servers[b].wait_state(
            peer,
            "normal",
            patience.saturating_sub(start.elapsed()) + Duration::from_secs(2),
        );
    }

    /// Waits until servers `a` and `b` have no update pending for `peer` and their databases are equal; answers the one.
    ///
    /// # Panics
    ///
    /// They still differ after `patience`.
    pub fn wait_equal(&self, peer: &str, (a, b): (usize, usize), patience: Duration) -> Database {
        let (a, b) = (&self.servers[a], &self.servers[b]);
        let mut differences = Vec::new();
        let mut states = Default::default();
        let equal = until(patience, || {
            states = (a.state(peer), b.state(peer));
            if states.0.pending.unwrap_or(0) + states.1.pending.unwrap_or(0) > 0 {
                return None;
            }
            let (ours, theirs) = (a.database(), b.database());
            differences = ours.differences(&theirs);
            differences.is_empty().then_some(ours)
        });
        equal.unwrap_or_else(|| {
            let list = differences
                .iter()
                .take(20)
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n");
            panic!(
                "the databases differ in {} places, states {states:?}:\n{list}",
                differences.len()
            )
        })
    }

    /// Waits until servers `a` and `b` have written nothing to their lease files for two seconds: no update is under way.
    ///
    /// # Panics
    ///
    /// They still write after `patience`.
    pub fn wait_quiet(&self, (a, b): (usize, usize), patience: Duration) {
        let written = || [a, b].map(|server| self.servers[server].written());
        let mut last = (Instant::now(), written());
        let quiet = until(patience, || {
            let now = written();
            if now != last.1 {
                last = (Instant::now(), now);
            }
            (last.0.elapsed() >= QUIET).then_some(())
        });
        quiet.unwrap_or_else(|| panic!("servers {a} and {b} are not quiet after {patience:?}"));
    }

    /// Says what the test does next, on the console and in each server's log.
    pub fn step(&self, what: &str) {
        if !self.quiet {
            eprintln!("{:8.3} {what}", self.start.elapsed().as_secs_f64());
        }
        for server in &self.servers {
            server.log.add(&format!("-- {what}"));
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.kept || self.quiet && std::thread::panicking() {
            return;
        }
        if std::thread::panicking() {
            for (index, server) in self.servers.iter().enumerate() {
                eprintln!(
                    "---- server {index}, last lines\n{}",
                    server.tail(LINES_OF_A_FAILURE)
                );
            }
            eprintln!(
                "---- files of the failed lab {}: {}",
                self.prefix,
                self.folder.display()
            );
            return;
        }
        _ = fs::remove_dir_all(&self.folder);
    }
}

/// Connects `namespace` to the bridge, by an `eth0` with `addresses`.
fn plug(switch: &Namespace, port: &str, namespace: &Namespace, addresses: &[&str]) {
    run(Command::new("ip")
        .args([
            "-n",
            switch.name(),
            "link",
            "add",
            port,
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
        ])
        .args(["netns", namespace.name()]));
    switch.ip(&format!("link set {port} master br0 up"));
    for address in addresses {
        namespace.ip(&format!("addr add {address} brd + dev eth0"));
    }
    namespace.ip("link set eth0 up");
}
