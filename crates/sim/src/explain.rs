//! A failing run in words.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use sim::{Options, Outcome, Trace};

use crate::arguments::Arguments;

/// Lines of the trace that are shown before a violation.
const LINES: usize = 40;

/// Says which promise a seed breaks, by what, and what led to it.
fn tell(seed: u64, options: &Options) -> Outcome {
    let buffer = Buffer::default();
    let outcome = sim::run(seed, options, Trace::new(Some(Box::new(buffer.clone()))));
    println!("seed {seed}: {}", outcome.scenario);
    let Some(violation) = &outcome.violation else {
        println!("All promises were kept.");
        for (legal, count) in &outcome.tally.legal {
            println!("{count} addresses were held twice as the protocol permits ({legal}).");
        }
        return outcome;
    };
    let promise = violation.promise;
    println!("The promise {}: {}.", promise.name(), promise.words());
    println!("Broken by: {}.", violation.what);
    let text = buffer.0.borrow();
    let text = String::from_utf8_lossy(&text);
    let about = addresses(&violation.what);
    let lines: Vec<&str> = text.lines().filter(|line| is_about(line, &about)).collect();
    println!("What led to it:");
    lines
        .iter()
        .skip(lines.len().saturating_sub(LINES))
        .for_each(|line| println!("{line}"));
    outcome
}

pub(crate) fn run(seed: u64, arguments: &Arguments) -> bool {
    tell(seed, &arguments.options).violation.is_none()
}

/// The addresses of clients that a text names.
fn addresses(what: &str) -> Vec<String> {
    let words = what.split(|c: char| !c.is_ascii_digit() && c != '.');
    let mut found: Vec<String> = words
        .map(|word| word.trim_matches('.').to_owned())
        .filter(|word| word.parse::<std::net::Ipv4Addr>().is_ok())
        .collect();
    found.dedup();
    found
}

/// Of a violation that names addresses, what happened to them; and in any case what happened to the servers.
fn is_about(line: &str, about: &[String]) -> bool {
    let names = |address: &String| {
        line.match_indices(address.as_str())
            .any(|(at, _)| !line[at + address.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    let turning = [
        "###",
        "I move",
        "declared",
        "the link",
        "VIOLATION",
        "connections are",
        "lost",
    ];
    about.iter().any(names) || turning.iter().any(|word| line.contains(word))
}

#[derive(Clone, Default)]
struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
