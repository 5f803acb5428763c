//! `sim judge`: reads histories, and says who held an address twice.

use std::fs::File;
use std::io::{BufRead as _, BufReader};

use sim::history::{Checker, Entry, Verdict};

/// Most conflicts that are printed of a file.
const MAX_SHOWN: usize = 20;

/// Judges each file. False if an address was held twice and nothing permitted it, or if a file can't be judged.
pub(crate) fn run(files: &[String]) -> bool {
    let (mut passed, mut failed) = (0, 0);
    for file in files {
        match read(file) {
            Ok(verdict) => {
                println!("{file}: {verdict}");
                let conflicts = verdict.conflicts.iter();
                conflicts.take(MAX_SHOWN).for_each(|c| println!("  {c}"));
                match verdict.counts.contains_key(&None) {
                    true => failed += 1,
                    false => passed += 1,
                }
            }
            Err(error) => {
                println!("{file}: {error}");
                failed += 1;
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    passed > 0 && failed == 0
}

fn read(file: &str) -> Result<Verdict, String> {
    let open = File::open(file).map_err(|error| error.to_string())?;
    let mut checker = Checker::default();
    for (number, line) in BufReader::new(open).lines().enumerate() {
        let line = line.map_err(|error| error.to_string())?;
        Entry::read(&line)
            .and_then(|entry| checker.take(&entry))
            .map_err(|error| format!("line {}: {error}", number + 1))?;
    }
    Ok(checker.finish())
}
