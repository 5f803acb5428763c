//! Lease files of every shape through real dhcpd and through ours: nothing may be lost.
//!
//! ```text
//! cargo build -p dhcp-failoverd && cargo build -p interop
//! sudo target/debug/leasefiles                # 10 000 files, 200 of them through started servers; some minutes
//! ```
//!
//! * `generate` makes the files, from a seed, in every spelling that dhcpd reads.
//! * dhcpd judges: each file, and what ours makes of it, must pass `dhcpd -T` with the right number of leases.
//! * `facts` reads files with a reader of its own, and `rules` compares what they say: there it stands what dhcpd itself
//!   drops, orders otherwise or writes in another way when it rewrites a file.
//! * Started means: dhcpd on the file and ours on what dhcpd leaves, then ours on the file and dhcpd on what ours leaves.

mod facts;
mod generate;
mod judge;
mod lease;
mod rules;
mod spelling;
mod token;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use clap::Parser;
use interop::{Chance, Kind};

use facts::Facts;
use generate::Role;
use judge::Place;
use rules::Through;

#[derive(Parser)]
#[command(about = "Generated lease files through dhcpd and through ours")]
struct Options {
    /// Files to be generated; each is read by dhcpd -T, and by ours, and what ours writes by dhcpd -T again.
    #[arg(long, default_value_t = 10_000)]
    files: u64,
    /// How many of them go through started servers too.
    #[arg(long, default_value_t = 200)]
    started: u64,
    /// Where the random numbers begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where failed files are kept.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let folder = options
        .dir
        .join(format!("leasefiles-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let run = Run {
        seed: options.seed,
        started: options.started,
        place: Mutex::new(Place::new(&folder)),
        folder,
    };
    for role in ROLES {
        judge::keep(
            &run.folder,
            &conf_name(role),
            generate::conf(role).as_bytes(),
        );
    }
    let (next, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let file = next.fetch_add(1, Ordering::Relaxed);
                    if file >= options.files {
                        return;
                    }
                    if let Err(why) = run.file(file) {
                        println!("file {file}: {why}");
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    if failed == 0 {
        _ = fs::remove_dir_all(&run.folder); // a leftover does no harm
    } else {
        println!("the files are in {}", run.folder.display());
    }
    println!("{} passed, {failed} failed", options.files - failed);
    ExitCode::from(u8::from(failed > 0))
}

/// Files are read by this many at a time: dhcpd waits for the disk.
const WORKERS: usize = 4;

const ROLES: [Role; 2] = [Role::Primary, Role::Secondary];

fn conf_name(role: Role) -> String {
    format!("{role:?}.conf").to_lowercase()
}

fn now() -> u32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.expect("it is later than 1970").as_secs() as u32
}

struct Run {
    seed: u64,
    started: u64,
    place: Mutex<Place>,
    folder: PathBuf,
}

impl Run {
    /// One file on all its ways.
    fn file(&self, number: u64) -> Result<(), String> {
        let role = ROLES[(number % 2) as usize];
        let conf = self.folder.join(conf_name(role));
        let now = now();
        let text = generate::file(&mut Chance::new(self.seed, number), role, now);
        let before = Facts::read(&text);
        let path = judge::keep(&self.folder, &format!("{number}.leases"), &text);
        counted(&conf, &path, &before, now)?;

        let ours = judge::through_ours(&generate::conf(role), &text, now)?;
        let after = Facts::read(&ours);
        nothing_lost(&before, &after, Through::Ours, now)?;
        let path_of_ours = judge::keep(&self.folder, &format!("{number}.leases.ours"), &ours);
        counted(&conf, &path_of_ours, &after, now)?;

        if number < self.started {
            let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
            for way in [[Kind::Isc, Kind::Ours], [Kind::Ours, Kind::Isc]] {
                through_started(&place, way, &conf, &text)?;
            }
        }
        for path in [path, path_of_ours] {
            _ = fs::remove_file(path); // a leftover does no harm
        }
        Ok(())
    }
}

/// A file through two servers, each started and stopped.
fn through_started(place: &Place, way: [Kind; 2], conf: &Path, text: &[u8]) -> Result<(), String> {
    let mut text = text.to_vec();
    for kind in way {
        let now = now();
        let after = place.through(kind, conf, &text)?;
        let through = match kind {
            Kind::Ours => Through::Ours,
            Kind::Isc => Through::Isc,
        };
        nothing_lost(&Facts::read(&text), &Facts::read(&after), through, now)
            .map_err(|lost| format!("{way:?}, {kind:?} started: {lost}"))?;
        text = after;
    }
    Ok(())
}

fn nothing_lost(before: &Facts, after: &Facts, through: Through, now: u32) -> Result<(), String> {
    match rules::lost(before, after, through, now) {
        lost if lost.is_empty() => Ok(()),
        lost => Err(format!(
            "lost through {through:?}:\n  {}",
            lost.join("\n  ")
        )),
    }
}

/// Has dhcpd read the file, and count its leases.
fn counted(conf: &Path, leases: &Path, facts: &Facts, now: u32) -> Result<(), String> {
    let expected = rules::leases_written(facts, now);
    let count = judge::isc_reads(conf, leases)?;
    if count == expected {
        return Ok(());
    }
    let name = leases.display();
    Err(format!(
        "dhcpd counts {count} leases instead of {expected} in {name}"
    ))
}
