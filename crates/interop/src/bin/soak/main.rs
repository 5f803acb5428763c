//! A soak: a dhcpd and one of ours, in both roles at the same time, in bad weather.
//!
//! ```text
//! cargo build --release -p dhcp-failoverd -p interop
//! sudo target/release/soak --minutes 60 --seed 1
//! ```
//!
//! Two pairs run beside each other, ours primary in the one and secondary in the other, with clients that come, renew and
//! go all the time. One storm after the other hits each pair: cuts, flapping links, kills, restarts, partner-downs by an
//! honest operator, power cuts. After each, both servers must be NORMAL again, say the same about every lease, and know
//! all that clients hold; no address may have been in two hands, but for the cases that the protocol itself permits, which
//! are named; dhcpd may not have ended or parked itself; and the memory and descriptors of ours must stay what they are.
//! The seed gives the same storms again, though not the same microseconds.

mod pair;
mod storm;
mod verdict;
mod vitals;

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;

use pair::{Pair, Totals};

#[derive(Parser)]
#[command(
    about = "Mixed pairs in bad weather: does an address ever have two holders, and do they always find back?"
)]
struct Options {
    /// For how long storms are begun.
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// Of the storms' random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Both servers declare their partner down by themselves, after so many seconds: addresses may then be given twice.
    #[arg(long, value_name = "SECONDS")]
    auto_partner_down: Option<u32>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let end = Instant::now() + Duration::from_secs(options.minutes * 60);
    println!(
        "{} minutes, seed {}, our server: {}",
        options.minutes,
        options.seed,
        interop::binary().display()
    );
    // What panics has said why, and its pair is lost; the other one goes on.
    let runs = thread::scope(|scope| {
        let threads = [0, 1].map(|ours| {
            let options = &options;
            scope.spawn(move || {
                let mut pair = Pair::new(ours, options.seed, options.auto_partner_down);
                pair.run(end);
                pair.totals
            })
        });
        threads.map(|thread| thread.join().ok())
    });
    let mut failed = 0;
    for (name, totals) in ["ours-isc", "isc-ours"].into_iter().zip(runs) {
        failed += summarise(name, totals);
    }
    println!(
        "seed {}, {} minutes: {failed} failures",
        options.seed, options.minutes
    );
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Prints the figures of a pair; answers how many failures there were.
fn summarise(name: &str, totals: Option<Totals>) -> usize {
    let Some(mut totals) = totals else {
        println!("{name}: didn't come to its end");
        return 1;
    };
    totals.failures.extend(totals.vitals.growth());
    let storms: Vec<_> = totals
        .storms
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let clients = &totals.clients;
    println!(
        "{name}: {} storms ({}), {} transitions, at most {:.1?} to NORMAL",
        totals.storms.values().sum::<usize>(),
        storms.join(", "),
        totals.transitions,
        totals.slowest,
    );
    println!(
        "{name}: {} leases given, {} renewed, {} refused, {} ran out while asked for; longest wait for a renewal {:.1?}, for \
         a lease {:.1?}",
        clients.given,
        clients.renewed,
        clients.refused,
        clients.ran_out,
        clients.longest_renewal.time,
        clients.longest_start.time,
    );
    println!("{name}: our server: {}", totals.vitals);
    println!(
        "{name}: addresses held twice as permitted: {:?}; leases known with an earlier end than their clients were told, at \
         most {} at a time",
        totals.permitted, totals.shorter
    );
    for failure in &totals.failures {
        println!("{name}: FAILED: {failure}");
    }
    totals.failures.len()
}
