//! Ours beside a real dhcpd that is about to fall into a trap.

use std::time::Duration;

use dhcpd_text::leases::BindingState;
use failover_wire::ServerState;
use interop::conf::{ARTICLE, ARTICLE_CLIENTS, ARTICLE_SITES, PEER, PORTS, mirror};
use interop::scripted::{lease_file, now};
use interop::{Cut, Kind, Lab, Site, run, wait_for};

const PATIENCE: Duration = Duration::from_secs(60);
/// Leases that only dhcpd knows of.
const LEASES: usize = 40;

/// A pair: dhcpd is server 0, ours server 1.
fn pair(name: &str, isc_is_primary: bool) -> Lab {
    let [primary, secondary] = ARTICLE_SITES;
    let [isc, ours] = if isc_is_primary {
        [primary, secondary]
    } else {
        [secondary, primary]
    };
    let sites = [
        Site {
            kind: Kind::Isc,
            addresses: &[isc],
        },
        Site {
            kind: Kind::Ours,
            addresses: &[ours],
        },
    ];
    let lab = Lab::new(name, &ARTICLE_CLIENTS, &sites);
    let conf = ARTICLE
        .replace("max-response-delay 30;", "max-response-delay 15;")
        .replace("max-unacked-updates 10;", "max-unacked-updates 5;")
        .replace("mclt 3600;", "mclt 20;");
    let confs = [conf.clone(), mirror(&conf)];
    lab.servers[usize::from(!isc_is_primary)].configure(&confs[0]);
    lab.servers[usize::from(isc_is_primary)].configure(&confs[1]);
    lab
}

fn write(lab: &Lab, server: usize, text: &str) {
    std::fs::write(lab.servers[server].leases(), text).expect("its folder is there");
}

/// Runs these at the same time, each with a name.
fn all<T: Sync>(cases: &[T], run: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| run(case));
        }
    });
}

fn leases() -> String {
    let (starts, ends) = (now().0 - 100, now().0 + 3600);
    let record = |index| {
        format!(
            "lease 192.168.1.{} {{\n  starts epoch {starts};\n  ends epoch {ends};\n  tstp epoch {ends};\n  \
             cltt epoch {starts};\n  binding state active;\n  hardware ethernet 02:00:00:00:01:{index:02x};\n}}\n",
            50 + index
        )
    };
    (0..LEASES).map(record).collect()
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn a_leaked_window_is_cured() {
    let states = [
        ServerState::Recover,
        ServerState::RecoverWait,
        ServerState::RecoverDone,
    ];
    let cases: Vec<_> = states
        .into_iter()
        .flat_map(|state| [(state, true), (state, false)])
        .collect();
    all(&cases, |(state, isc_is_primary)| {
        let mut lab = pair(&format!("leak-{state}-{isc_is_primary}"), *isc_is_primary);
        let recorded = (*state, ServerState::Recover);
        write(
            &lab,
            0,
            &lease_file(*isc_is_primary, recorded, 0, &leases()),
        );
        // No BNDACK gets through to dhcpd: message type 4, behind a TCP header with time stamps.
        let lost = "table inet lost { chain in { type filter hook input priority -300; \
                    tcp sport 647 @th,272,8 4 drop; tcp dport 647 @th,272,8 4 drop; }; }";
        run(lab.servers[0].namespace.command("nft").arg(lost));
        lab.servers.iter_mut().for_each(|server| server.start());
        let learned = || lab.servers[1].database().count(BindingState::Active);
        wait_for("a window's worth of leases", PATIENCE, || learned() >= 5);
        std::thread::sleep(Duration::from_secs(1));
        assert!(learned() < LEASES, "its window is full");
        lab.cut(Cut::Reset, PORTS);
        std::thread::sleep(Duration::from_secs(2));
        run(lab.servers[0]
            .namespace
            .command("nft")
            .args(["delete", "table", "inet", "lost"]));
        lab.heal();
        let mark = lab.servers[1].log.len();
        wait_for("UPDDONE", PATIENCE, || {
            lab.servers[1].log.count(mark, "peer update completed") > 0
        });
        assert_eq!(learned(), LEASES, "{state}: and nothing is missing");
        assert!(lab.servers[0].is_running());
    });
}

/// States of ours that a primary in CONFLICT-DONE would exit on, and others.
const OURS: [ServerState; 8] = [
    ServerState::Normal,
    ServerState::CommunicationsInterrupted,
    ServerState::PartnerDown,
    ServerState::PotentialConflict,
    ServerState::ResolutionInterrupted,
    ServerState::Recover,
    ServerState::RecoverDone,
    ServerState::ConflictDone,
];

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn a_primary_in_conflict_done_lives() {
    all(&OURS, |mine| {
        let mut lab = pair(&format!("conflict-done-{mine}"), true);
        let normal = ServerState::Normal;
        write(
            &lab,
            0,
            &lease_file(true, (ServerState::ConflictDone, normal), 100, ""),
        );
        write(&lab, 1, &lease_file(false, (*mine, normal), 100, ""));
        lab.servers.iter_mut().for_each(|server| server.start());
        lab.wait_normal(PEER, (0, 1), PATIENCE);
        assert!(lab.servers[0].is_running());
    });
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn a_partner_in_normal_is_not_parked() {
    let of_conflict = [
        ServerState::PotentialConflict,
        ServerState::ResolutionInterrupted,
        ServerState::ConflictDone,
    ];
    let cases: Vec<_> = of_conflict
        .into_iter()
        .flat_map(|state| [(state, true), (state, false)])
        .collect();
    all(&cases, |(mine, isc_is_primary)| {
        let mut lab = pair(&format!("parked-{mine}-{isc_is_primary}"), *isc_is_primary);
        let normal = ServerState::Normal;
        write(
            &lab,
            0,
            &lease_file(*isc_is_primary, (normal, normal), 100, ""),
        );
        write(
            &lab,
            1,
            &lease_file(!isc_is_primary, (*mine, normal), 100, ""),
        );
        lab.servers.iter_mut().for_each(|server| server.start());
        lab.wait_normal(PEER, (0, 1), PATIENCE);
        let parked = lab
            .servers
            .iter()
            .any(|server| server.log.count(0, "to shutdown") > 0);
        assert!(!parked, "{mine}: {}", lab.servers[0].tail(30));
    });
}
