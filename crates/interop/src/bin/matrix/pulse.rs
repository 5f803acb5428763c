//! Does the machine itself stand still?
//!
//! Servers hang up when they hear nothing for some seconds. On a machine whose disk or processors are taken for as long,
//! that says nothing about them.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two beats. Each writes to the disk and waits for it, as servers do.
const PAUSE: Duration = Duration::from_millis(250);

/// A beat that takes this long is a standstill: links are given up after 10 s, of which partners may have used some.
const STANDSTILL: Duration = Duration::from_secs(2);

/// Beats, until it is told to stop.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    over: AtomicBool,
    /// When each standstill ended.
    standstills: Mutex<Vec<Instant>>,
}

impl Pulse {
    /// Beats on the disk that `folder` is on.
    pub(crate) fn beat(&self, folder: &Path) {
        let path = folder.join(format!("matrix-pulse-{}", std::process::id()));
        let mut file =
            File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut last = Instant::now();
        while !self.over.load(Ordering::Relaxed) {
            std::thread::sleep(PAUSE);
            // A disk that fails is no standstill; the servers will say it.
            _ = file.rewind().and_then(|()| file.write_all(b"."));
            _ = file.sync_data();
            if last.elapsed() >= PAUSE + STANDSTILL {
                let mut standstills = self
                    .standstills
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                standstills.push(Instant::now());
            }
            last = Instant::now();
        }
        _ = std::fs::remove_file(path);
    }

    /// It beats no more.
    pub(crate) fn stop(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Did the machine stand still after `begin`?
    pub(crate) fn missed_since(&self, begin: Instant) -> bool {
        let standstills = self
            .standstills
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        standstills.iter().any(|end| *end >= begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standstill_counts_for_what_was_running() {
        let pulse = Pulse::default();
        let before = Instant::now();
        assert!(!pulse.missed_since(before));
        pulse.standstills.lock().unwrap().push(Instant::now());
        assert!(pulse.missed_since(before));
        std::thread::sleep(Duration::from_millis(1));
        assert!(!pulse.missed_since(Instant::now()));
    }
}
