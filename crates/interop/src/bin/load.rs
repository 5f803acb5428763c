//! How many leases per second a failover pair gives out, each on disk before its ACK: ours and ISC's in turns.
//!
//! ```text
//! cargo build --release -p dhcp-failoverd
//! sudo target/release/load --rounds 5        # after: cargo build --release -p interop
//! ```
//!
//! Each round makes a fresh pair of each kind on the same disk, waits until it is balanced and quiet, and lets new
//! clients get leases through a relay agent, a number of them at a time. dhcpd is configured for speed: no ping check,
//! no cached renewals, a pool of the size that it is best at.

use std::fmt::Write as _;
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use dhcpd_text::leases::{BindingState, ServerState};
use interop::relay::{Job, Outcome, Pace, Relay, mac, percentile};
use interop::{Kind, Lab, Server, Site, until};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use nix::unistd::{SysconfVar, sysconf};

const PEER: &str = "load";
const SERVERS: [&str; 2] = ["10.64.0.1", "10.64.0.3"];
const GIADDR: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 2);

/// First address of the pool.
const POOL: Ipv4Addr = Ipv4Addr::new(10, 64, 16, 0);

/// A fresh pair exchanges its whole pool first; dhcpd syncs each of those updates.
const TO_SETTLE: Duration = Duration::from_secs(180);

/// A lease file that stays as it is for this long is one that nobody has anything to say about.
const QUIET: Duration = Duration::from_secs(3);

#[derive(Parser)]
#[command(about = "DORA/s of a durable failover pair, ours and ISC dhcpd's in turns")]
struct Options {
    /// Rounds; each measures both.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// New clients of a round.
    #[arg(long, default_value_t = 8000)]
    clients: u32,
    /// Addresses in the pool.
    #[arg(long, default_value_t = 10_240)]
    pool: u32,
    /// Clients at a time.
    #[arg(long, default_value_t = 64)]
    window: usize,
    /// Clients per second; without it, the next one begins when one is done.
    #[arg(long)]
    rate: Option<f64>,
    /// Where the lease files go: a folder on the disk that is to be measured.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
    /// Measure only these.
    #[arg(long, value_delimiter = ',', default_value = "isc,ours")]
    pairs: Vec<String>,
    /// Fail if the median ratio of ours to ISC's is below this.
    #[arg(long)]
    at_least: Option<f64>,
}

/// What one pair did in one round.
struct Measured {
    rate: f64,
    line: String,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if statfs(&options.dir).is_ok_and(|info| info.filesystem_type() == TMPFS_MAGIC) {
        eprintln!(
            "{} is in memory: name a folder on a disk with --dir",
            options.dir.display()
        );
        return ExitCode::FAILURE;
    }
    let kinds: Vec<Kind> = options.pairs.iter().filter_map(|word| kind(word)).collect();
    if kinds.len() != options.pairs.len() || kinds.is_empty() {
        eprintln!("--pairs knows isc and ours");
        return ExitCode::FAILURE;
    }
    println!(
        "{} new clients, {} at a time, pool of {}; one append and sync on this disk: {} us (median of 200)",
        options.clients,
        options.window,
        options.pool,
        sync_time(&options.dir)
    );
    println!(
        "round pair  DORA/s  lost naks  D-O p50/p99 us   R-A p50/p99 us  CPU us of both per DORA"
    );
    let mut rates = vec![Vec::new(); kinds.len()];
    for round in 0..options.rounds {
        // Each kind goes first as often as the other.
        let mut order: Vec<usize> = (0..kinds.len()).collect();
        order.rotate_left(round as usize % kinds.len());
        for index in order {
            let measured = measure(kinds[index], &options);
            println!("{round:5} {:5} {}", name(kinds[index]), measured.line);
            rates[index].push(measured.rate);
        }
    }
    summarise(&kinds, &rates, options.at_least)
}

/// Prints medians, ranges and the ratio; says whether the ratio is enough.
fn summarise(kinds: &[Kind], rates: &[Vec<f64>], at_least: Option<f64>) -> ExitCode {
    for (kind, rates) in kinds.iter().zip(rates) {
        println!("{}: {} DORA/s", name(*kind), spread(rates));
    }
    let of = |wanted: Kind| {
        kinds
            .iter()
            .position(|kind| *kind == wanted)
            .map(|index| &rates[index])
    };
    let (Some(ours), Some(theirs)) = (of(Kind::Ours), of(Kind::Isc)) else {
        return ExitCode::SUCCESS;
    };
    let ratios: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| ours / theirs)
        .collect();
    println!("ours / isc, round by round: {}", spread(&ratios));
    match at_least {
        Some(least) if median(&ratios) < least => {
            println!("that is below {least}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn measure(kind: Kind, options: &Options) -> Measured {
    let addresses = SERVERS.map(|address| [format!("{address}/12")]);
    let addresses = addresses.each_ref().map(|[address]| [address.as_str()]);
    let [a, b] = [0, 1].map(|index: usize| Site {
        kind,
        addresses: &addresses[index],
    });
    let mut lab = Lab::in_folder(&options.dir, "load", &[&format!("{GIADDR}/12")], &[a, b]);
    for (index, server) in lab.servers.iter_mut().enumerate() {
        server.configure(&conf(index, options.pool));
        server.start_quiet();
    }
    settle(&lab, options.pool);
    let mut relay = Relay::new(&lab.clients, GIADDR, &[Ipv4Addr::BROADCAST]);
    let pace = Pace {
        window: options.window,
        rate: options.rate,
        timeout: Duration::from_secs(1),
        tries: 1,
    };
    let before = cpu(&lab.servers);
    let outcome = relay.run(
        (0..options.clients).map(|index| Job::Get(mac(1, index))),
        pace,
    );
    let used = cpu(&lab.servers) - before;
    assert!(
        lab.servers.iter_mut().all(Server::is_running),
        "a server died under load"
    );
    Measured {
        rate: outcome.rate(),
        line: line(&outcome, used),
    }
}

fn line(outcome: &Outcome, cpu: Duration) -> String {
    let mut line = format!(
        "{:7.0} {:5} {:4}",
        outcome.rate(),
        outcome.lost,
        outcome.refused
    );
    for times in [&outcome.offer_times, &outcome.ack_times] {
        _ = write!(
            line,
            "  {:7}/{:7}",
            percentile(times, 0.5),
            percentile(times, 0.99)
        );
    }
    let each = cpu.as_micros() as f64 / outcome.leases.len().max(1) as f64;
    _ = write!(line, "  {each:8.0}");
    line
}

/// Waits until both servers are NORMAL, each owns its half of the pool, and nothing is written any more.
///
/// # Panics
///
/// That doesn't come about.
fn settle(lab: &Lab, pool: u32) {
    let sizes = || {
        lab.servers
            .iter()
            .map(|server| fs::metadata(server.leases()).map_or(0, |file| file.len()))
            .collect()
    };
    let mut last: Vec<u64> = sizes();
    let mut since = Instant::now();
    let settled = until(TO_SETTLE, || {
        let now = sizes();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        let quiet = since.elapsed() >= QUIET;
        (quiet && lab.servers.iter().all(|server| balanced(server, pool))).then_some(())
    });
    assert!(settled.is_some(), "the pair doesn't come to rest");
}

fn balanced(server: &Server, pool: u32) -> bool {
    let database = server.database();
    let backup = database.count(BindingState::Backup);
    database.state(PEER) == Some(ServerState::Normal) && backup * 5 > pool as usize * 2
}

fn conf(index: usize, pool: u32) -> String {
    let (role, own, peer) = match index {
        0 => ("primary; mclt 3600; split 128;", SERVERS[0], SERVERS[1]),
        _ => ("secondary;", SERVERS[1], SERVERS[0]),
    };
    let last = Ipv4Addr::from(u32::from(POOL) + pool - 1);
    format!(
        "authoritative;\nping-check false;\nddns-update-style none;\nlog-facility local7;\n\
         default-lease-time 3600;\nmax-lease-time 3600;\ndhcp-cache-threshold 0;\n\
         failover peer \"{PEER}\" {{\n  {role}\n  address {own};\n  port 647;\n  peer address {peer};\n  peer port 647;\n  \
         max-response-delay 30;\n  max-unacked-updates 10;\n  load balance max seconds 3;\n}}\n\
         subnet 10.64.0.0 netmask 255.240.0.0 {{\n  option routers 10.64.0.1;\n  option domain-name-servers 10.64.0.1;\n  \
         option domain-name \"lab.example.net\";\n  pool {{ failover peer \"{PEER}\"; range {POOL} {last}; }}\n}}\n"
    )
}

/// Processor time that the servers have used.
fn cpu(servers: &[Server]) -> Duration {
    let ticks_per_second = sysconf(SysconfVar::CLK_TCK)
        .ok()
        .flatten()
        .unwrap_or(100)
        .cast_unsigned();
    let ticks = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, which is in parentheses, may hold blanks; utime and stime are fields 14 and 15 (proc(5)).
        let fields = text.rsplit_once(')')?.1.split_whitespace();
        Some(
            fields
                .skip(11)
                .take(2)
                .filter_map(|field| field.parse::<u64>().ok())
                .sum::<u64>(),
        )
    };
    let sum: u64 = servers
        .iter()
        .filter_map(|server| ticks(server.pid()?))
        .sum();
    Duration::from_micros(sum * 1_000_000 / ticks_per_second)
}

/// Microseconds that a small append and its sync take here.
fn sync_time(folder: &Path) -> u128 {
    let path = folder.join(format!("interop-sync-{}", std::process::id()));
    let mut file =
        fs::File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut times: Vec<u128> = (0..200)
        .map(|_| {
            let begin = Instant::now();
            let written = file
                .seek(SeekFrom::End(0))
                .and_then(|_| file.write_all(&[b'#'; 300]))
                .and_then(|()| file.sync_data());
            written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            begin.elapsed().as_micros()
        })
        .collect();
    _ = fs::remove_file(&path);
    times.sort_unstable();
    times[times.len() / 2]
}

fn kind(word: &str) -> Option<Kind> {
    match word {
        "isc" => Some(Kind::Isc),
        "ours" => Some(Kind::Ours),
        _ => None,
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Ours => "ours",
        Kind::Isc => "isc",
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// Median and range.
fn spread(values: &[f64]) -> String {
    let (least, most) = values
        .iter()
        .fold((f64::MAX, 0.0_f64), |(a, b), v| (a.min(*v), b.max(*v)));
    format!("{:.1} ({least:.1}-{most:.1})", median(values))
}
