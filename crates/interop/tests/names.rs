//! Names in DNS, with BIND: a pair puts them there, the primary is killed, and the survivor sees to them, until nothing is
//! left.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use interop::relay::{Lease, Relay, mac};
use interop::{Kind, Lab, Site};

const PEER: &str = "names";
const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 66, 0, 1), Ipv4Addr::new(10, 66, 0, 2)];
const GIADDR: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 3);
const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 53);
const PATIENCE: Duration = Duration::from_secs(60);
const KEY: &str = "key names { algorithm hmac-sha256; secret \"bmFtZXMgb2YgYSBwYWlyIGluIGEgbGFib3JhdG9yeSE=\"; };";
const ZONES: [&str; 2] = ["example.org", "0.66.10.in-addr.arpa"];

/// BIND on the clients' network, with two zones that the key may change. It ends with the lab.
struct NameServer(Child);

impl NameServer {
    fn start(lab: &Lab) -> Self {
        let folder = lab.folder().join("named");
        fs::create_dir_all(&folder).unwrap();
        let mut conf = format!(
            "options {{ directory \"{}\"; listen-on {{ {NAME_SERVER}; }}; listen-on-v6 {{ none; }}; pid-file none;\n\
             session-keyfile none; recursion no; dnssec-validation no; allow-transfer {{ any; }}; }};\ncontrols {{ }};\n{KEY}\n",
            folder.display()
        );
        for zone in ZONES {
            let text = "$TTL 60\n@ SOA ns.invalid. root.invalid. 1 60 60 60 60\n@ NS ns.invalid.\n";
            fs::write(folder.join(zone), text).unwrap();
            conf += &format!(
                "zone \"{zone}\" {{ type primary; file \"{zone}\"; update-policy {{ grant names zonesub any; }}; }};\n"
            );
        }
        let path = folder.join("named.conf");
        fs::write(&path, conf).unwrap();
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut command = lab.clients.command("named");
        command.arg("-g").arg("-c").arg(&path).arg("-n").arg("1");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Self(command.spawn().expect("scripts/test installs bind9"))
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        _ = self.0.kill(); // it may have ended
        _ = self.0.wait();
    }
}

/// Name, type and data of every record that isn't the zone's own.
fn records(lab: &Lab) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    for zone in ZONES {
        let mut dig: Command = lab.clients.command("dig");
        let output = dig
            .args(["+noall", "+answer", "+time=2", "axfr", zone])
            .arg(format!("@{NAME_SERVER}"))
            .output()
            .expect("scripts/test installs dig");
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let mut words = line.split_whitespace();
            let (Some(name), Some(kind)) = (words.next(), words.nth(2)) else {
                continue;
            };
            if !["SOA", "NS"].contains(&kind) {
                let data: String = words.collect();
                all.insert((name.to_owned(), kind.to_owned(), data));
            }
        }
    }
    all
}

/// What should be there for these leases; guards without their data.
fn expected(leases: &[Lease]) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    for lease in leases {
        let bytes: Vec<String> = lease
            .client
            .iter()
            .map(|byte| format!("{byte:x}"))
            .collect();
        let name = format!("h-{}.example.org.", bytes.join("-"));
        let [a, b, c, d] = lease.address.octets();
        let reverse = format!("{d}.{c}.{b}.{a}.in-addr.arpa.");
        all.insert((name.clone(), "A".into(), lease.address.to_string()));
        all.insert((name.clone(), "DHCID".into(), String::new()));
        all.insert((reverse, "PTR".into(), name));
    }
    all
}

fn wait_for_names(lab: &Lab, leases: &[Lease], patience: Duration) {
    let start = Instant::now();
    let wanted = expected(leases);
    loop {
        let there: BTreeSet<_> = records(lab)
            .into_iter()
            .map(|(name, kind, data)| match kind.as_str() {
                "DHCID" => (name, kind, String::new()),
                _ => (name, kind, data),
            })
            .collect();
        if there == wanted {
            return;
        }
        let missing: Vec<_> = wanted.difference(&there).collect();
        let stale: Vec<_> = there.difference(&wanted).collect();
        assert!(
            start.elapsed() < patience,
            "missing {missing:#?}, stale {stale:#?}"
        );
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn wait_until_partner_knows(lab: &Lab, server: usize, count: usize) {
    let start = Instant::now();
    loop {
        let database = lab.servers[server].database();
        let named = |lease: &&_| {
            let lease: &dhcpd_text::leases::LeaseRecord = lease;
            lease.variables.iter().any(|v| v.name() == "ddns-fwd-name")
        };
        let known = database.iter().filter(named).count();
        if known == count {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{known} of {count} names known");
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn the_survivor_sees_to_the_names() {
    let addresses = SERVERS.map(|address| format!("{address}/24"));
    let addresses = addresses.each_ref().map(|address| [address.as_str()]);
    let sites = [0, 1].map(|site: usize| Site {
        kind: Kind::Ours,
        addresses: &addresses[site],
    });
    let clients = [format!("{GIADDR}/24"), format!("{NAME_SERVER}/24")];
    let clients = clients.each_ref().map(String::as_str);
    let mut lab = Lab::new("names", &clients, &sites);
    let _named = NameServer::start(&lab);
    for (site, server) in lab.servers.iter_mut().enumerate() {
        server.configure(&conf(site));
        server.start();
    }
    lab.wait_normal(PEER, (0, 1), PATIENCE);
    lab.step("six clients come, and get names");
    let mut relay = Relay::new(&lab.clients, GIADDR, &SERVERS);
    let leases = relay.get((0..6).map(|client| mac(7, client)));
    wait_for_names(&lab, &leases, PATIENCE);
    wait_until_partner_knows(&lab, 0, 6);
    wait_until_partner_knows(&lab, 1, 6);
    drop(relay);

    lab.step("the primary is killed");
    lab.servers[0].kill();
    lab.servers[1].wait_state(PEER, "communications-interrupted", PATIENCE);
    let mut relay = Relay::new(&lab.clients, GIADDR, &SERVERS[1..]);
    let at_survivor: Vec<Lease> = leases
        .iter()
        .map(|lease| Lease {
            server: SERVERS[1],
            ..*lease
        })
        .collect();
    let (gone, rest) = at_survivor.split_at(2);
    relay.release(gone);
    let kept = relay.renew(rest);
    lab.step("two have gone");
    wait_for_names(&lab, &kept, PATIENCE);
    lab.servers[1].partner_down(PEER);
    lab.step("all others run out");
    wait_for_names(&lab, &[], PATIENCE);

    lab.step("the primary comes back");
    lab.servers[0].start();
    lab.wait_normal(PEER, (0, 1), PATIENCE);
    let new = relay.get([mac(8, 0)]);
    wait_for_names(&lab, &new, PATIENCE);
    relay.release(&new);
    wait_for_names(&lab, &[], PATIENCE);
}

fn conf(site: usize) -> String {
    let role = ["primary; mclt 5; split 128;", "secondary;"][site];
    let (own, peer) = (SERVERS[site], SERVERS[1 - site]);
    let key = KEY.trim_end_matches(';');
    format!(
        "ddns-update-style standard;\n{key}\n\
         zone example.org. {{ primary {NAME_SERVER}; key names; }}\n\
         zone 0.66.10.in-addr.arpa. {{ primary {NAME_SERVER}; key names; }}\n\
         ddns-hostname = concat (\"h-\", binary-to-ascii (16, 8, \"-\", substring (hardware, 1, 6)));\n\
         ddns-domainname \"example.org\";\n\
         default-lease-time 20;\nmax-lease-time 20;\nmin-lease-time 5;\nping-check false;\ndhcp-cache-threshold 0;\n\
         omapi-port 7911;\n\
         failover peer \"{PEER}\" {{\n  {role}\n  address {own};\n  port 647;\n  peer address {peer};\n  peer port 647;\n  \
         max-response-delay 10;\n  max-unacked-updates 10;\n  load balance max seconds 3;\n}}\n\
         subnet 10.66.0.0 netmask 255.255.255.0 {{\n  \
         pool {{ failover peer \"{PEER}\"; range 10.66.0.100 10.66.0.119; }}\n}}\n"
    )
}
