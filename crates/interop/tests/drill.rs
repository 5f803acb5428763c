//! What `drill` foretells of a failure, and what two servers of ours then do.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::process::Command;
use std::time::{Duration, Instant};

use interop::crowd::{Crowd, Habits};
use interop::{Cut, Kind, Lab, Site, binary};
use serde::Deserialize;

/// Their times are cut down to a minute.
const CONFS: [&str; 2] = [
    include_str!("data/drill-primary.conf"),
    include_str!("data/drill-secondary.conf"),
];
const PEER: &str = "dhcp-failover";
const PORTS: &[u16] = &[647];
const SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 77, 1, 2), Ipv4Addr::new(10, 77, 1, 3)];
const RELAY: Ipv4Addr = Ipv4Addr::new(10, 77, 1, 8);

/// Forty clients in the first twenty seconds, then another every thirty. It fails between two contacts, which come every ten
/// seconds, and is noticed well after the minute at which the pools are balanced. It is declared down when it has
/// surely been noticed (max-response-delay is 30 s).
const DRILL: &str =
    "--kill primary --at 45s --hours 80s --clients 40 --new 120 --partner-down 36s --json";

/// How far apart the times of states may be, seconds.
const APART: f64 = 6.0;
/// For so many rows before and behind, nothing changes: the machine may be slow, and clients begin at random.
const STILL: usize = 1;
const PATIENCE: Duration = Duration::from_secs(60);
/// Fewer would say nothing.
const LEAST_COMPARED: usize = 4;

#[derive(Deserialize)]
struct Report {
    runs: Vec<Run>,
    visits: Vec<Visit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Run {
    course: String,
    states: Vec<Change>,
    rows: Vec<Row>,
    repaired: f64,
}

#[derive(Deserialize)]
struct Change {
    at: f64,
    server: String,
    state: String,
}

#[derive(Deserialize)]
struct Row {
    at: f64,
    primary: Option<Side>,
    secondary: Option<Side>,
}

/// The same words as in the pools of `status --json`.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
struct Side {
    free: u32,
    backup: u32,
}

#[derive(Deserialize)]
struct Visit {
    hardware: String,
    arrives: f64,
    leaves: Option<f64>,
}

#[derive(Deserialize)]
struct Status {
    pools: Vec<Side>,
}

/// What happens at a time of the drill.
enum Act {
    Arrive([u8; 6]),
    Leave([u8; 6]),
    Kill,
    Declare,
    Repair,
    /// The addresses left are compared with a row.
    Look(usize),
}

/// A state that a server entered.
struct Entered {
    at: f64,
    node: usize,
    state: String,
}

/// The stage, and what was seen on it.
struct Play {
    lab: Lab,
    crowd: Crowd,
    /// Of the failure.
    zero: Instant,
    entered: Vec<Entered>,
    /// Lines of each log that were read.
    read: [usize; 2],
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn a_drill_foretells_what_happens() {
    let mut lab = lab();
    let report = foretold(&lab);
    let run = report.runs.iter().find(|run| run.course == "partner-down");
    let run = run.expect("a machine was lost");
    lab.servers.iter_mut().for_each(interop::Server::start);
    lab.wait_normal(PEER, (0, 1), PATIENCE);
    let begin = report.visits.first().expect("there are clients").arrives;
    let habits = Habits {
        interval: Duration::from_secs(30),
        rate: 1000.0,
        timeout: Duration::from_secs(4),
        // Until T2, as the drill's.
        alone: u32::MAX,
    };
    let mut play = Play {
        crowd: Crowd::new(&lab.clients, RELAY, &SERVERS, habits),
        zero: Instant::now() + Duration::from_secs_f64(-begin),
        read: [0, 1].map(|node| lab.servers[node].log.len()),
        lab,
        entered: Vec::new(),
    };
    let mut compared = 0;
    for (at, act) in acts(&report, run) {
        play.wait_until(at);
        if let Act::Look(row) = act {
            compared += usize::from(play.compare(&run.rows[row]));
        } else {
            play.act(act);
        }
    }
    assert!(
        compared >= LEAST_COMPARED,
        "only {compared} rows were compared"
    );
    play.lab.wait_normal(PEER, (0, 1), PATIENCE);
    play.watch();
    compare_states(run, &play.entered);
}

fn lab() -> Lab {
    let site = |address| Site {
        kind: Kind::Ours,
        addresses: address,
    };
    let sites = [site(&["10.77.1.2/24"]), site(&["10.77.1.3/24"])];
    let lab = Lab::new("drill", &["10.77.1.9/24", "10.77.1.8/24"], &sites);
    for (server, conf) in lab.servers.iter().zip(CONFS) {
        server.configure(conf);
    }
    lab
}

/// What the drill says of the two configurations.
fn foretold(lab: &Lab) -> Report {
    let mut command = Command::new(binary());
    command.args(["drill", "-cf"]).arg(lab.servers[0].conf());
    command.arg("--peer-conf").arg(lab.servers[1].conf());
    command.args(DRILL.split_whitespace());
    let output = command.output().expect("it was built");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let mut reports: Vec<Report> = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

/// The play, in order.
fn acts(report: &Report, run: &Run) -> Vec<(f64, Act)> {
    let declared = run
        .states
        .iter()
        .find(|change| change.state == "partner-down");
    let declared = declared.expect("it was declared").at;
    let mut acts = vec![
        (0.0, Act::Kill),
        (declared, Act::Declare),
        (run.repaired, Act::Repair),
    ];
    for visit in report
        .visits
        .iter()
        .filter(|visit| visit.arrives < run.repaired)
    {
        let client = hardware(&visit.hardware);
        acts.push((visit.arrives, Act::Arrive(client)));
        acts.extend(visit.leaves.map(|at| (at, Act::Leave(client))));
    }
    for row in (0..run.rows.len()).filter(|row| is_still(&run.rows, *row)) {
        let at = if row == 0 { -0.5 } else { run.rows[row].at };
        acts.push((at, Act::Look(row)));
    }
    acts.sort_by(|a, b| a.0.total_cmp(&b.0));
    acts
}

/// Whether what is left to the servers stays the same for long around a row. That is also so of the failure: all have
/// been served then.
fn is_still(rows: &[Row], row: usize) -> bool {
    let around = row
        .checked_sub(STILL)
        .and_then(|from| rows.get(from..=row + STILL));
    let same = |other: &Row| other.secondary == rows[row].secondary;
    row == 0 || around.is_some_and(|around| around.iter().all(same))
}

fn hardware(text: &str) -> [u8; 6] {
    let bytes = text.split(':').map(|byte| u8::from_str_radix(byte, 16));
    let bytes: Vec<u8> = bytes.collect::<Result<_, _>>().expect("it is an address");
    bytes.try_into().expect("of Ethernet")
}

impl Play {
    /// Waits for a time of the drill, and sees what the servers say meanwhile.
    fn wait_until(&mut self, at: f64) {
        loop {
            self.watch();
            let left = at - self.now();
            if left <= 0.0 {
                return;
            }
            std::thread::sleep(Duration::from_secs_f64(left.min(0.1)));
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Arrive(client) => self.crowd.arrive([client]),
            Act::Leave(client) => self.crowd.vanish(client),
            Act::Kill => {
                // Its machine is gone: nothing of the connection is closed.
                self.lab.cut(Cut::Drop, PORTS);
                self.lab.servers[0].kill();
            }
            Act::Declare => self.lab.servers[1].partner_down(PEER),
            Act::Repair => {
                self.lab.heal();
                self.lab.servers[0].start();
            }
            Act::Look(_) => {}
        }
    }

    /// Compares the addresses left with the foretold ones. False if this came too late to mean anything.
    fn compare(&mut self, row: &Row) -> bool {
        let late = self.now() - row.at;
        if late > 2.0 {
            return false;
        }
        for (node, foretold) in [row.primary, row.secondary].into_iter().enumerate() {
            if let Some(foretold) = foretold {
                let left = self.left(node);
                assert_eq!(left, foretold, "server {node} at {:+.1} s", row.at);
            }
        }
        true
    }

    fn left(&self, node: usize) -> Side {
        let json = self.lab.servers[node].status();
        let status: Status = serde_json::from_str(&json).expect("it is JSON");
        assert_eq!(status.pools.len(), 1);
        status.pools[0]
    }

    /// Reads what the servers have logged of their states.
    fn watch(&mut self) {
        let at = self.now();
        for node in [0, 1] {
            let lines = self.lab.servers[node].log.since(self.read[node]);
            self.read[node] += lines.len();
            let prefix = format!("failover peer {PEER}: I move from ");
            for line in lines {
                if let Some((_, change)) = line.split_once(&prefix)
                    && let Some((_, state)) = change.split_once(" to ")
                {
                    let state = state.trim().to_owned();
                    self.entered.push(Entered { at, node, state });
                }
            }
        }
    }

    fn now(&self) -> f64 {
        let now = Instant::now();
        match now.checked_duration_since(self.zero) {
            Some(since) => since.as_secs_f64(),
            None => -(self.zero - now).as_secs_f64(),
        }
    }
}

/// Both servers were in the foretold states, at the foretold times.
fn compare_states(run: &Run, entered: &[Entered]) {
    for (node, server) in ["primary", "secondary"].into_iter().enumerate() {
        // How the failure found it, its being off and its start are the play's doing.
        let staged: BTreeSet<&str> = ["off", "startup"].into();
        let foretold = run
            .states
            .iter()
            .filter(|change| change.server == server)
            .skip(1);
        let foretold: Vec<(&str, f64)> = foretold
            .map(|change| (change.state.as_str(), change.at))
            .filter(|(state, _)| !staged.contains(state))
            .collect();
        let live: Vec<(&str, f64)> = entered
            .iter()
            .filter(|entered| entered.node == node && entered.at > 0.0)
            .map(|entered| (entered.state.as_str(), entered.at))
            .filter(|(state, _)| !staged.contains(state))
            .collect();
        eprintln!("{server}: foretold {foretold:?}, live {live:?}");
        let words = |list: &[(&str, f64)]| {
            list.iter()
                .map(|(state, _)| (*state).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            words(&live),
            words(&foretold),
            "{server}: {live:?} {foretold:?}"
        );
        for ((state, at), (_, foretold)) in live.iter().zip(&foretold) {
            let apart = (at - foretold).abs();
            assert!(
                apart <= APART,
                "{server} is {state} at {at:.1} s, not {foretold:.1}"
            );
        }
    }
}
