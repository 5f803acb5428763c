//! What a server says, line by line, with the time of each.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The lines of one server over all of its lives. Also written to a file, each with its time.
#[derive(Clone, Debug)]
pub struct Log {
    start: Instant,
    lines: Arc<Mutex<Vec<(Duration, String)>>>,
    file: Arc<Mutex<File>>,
}

impl Log {
    /// An empty log, kept in `path` too, whose times count from `start`.
    ///
    /// # Panics
    ///
    /// The file can't be made.
    pub fn new(path: &Path, start: Instant) -> Self {
        let file = File::create(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            start,
            lines: Arc::default(),
            file: Arc::new(Mutex::new(file)),
        }
    }

    /// Adds a line.
    pub fn add(&self, line: &str) {
        let at = self.start.elapsed().as_secs_f64();
        // A test whose disk is full fails by its own checks.
        _ = writeln!(lock(&self.file), "{at:9.3} {line}");
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("it is after 1970");
        lock(&self.lines).push((now, line.into()));
    }

    /// Adds the lines that come out of `pipe`, until it is closed.
    pub(crate) fn follow(&self, pipe: impl Read + Send + 'static) {
        let log = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                log.add(&String::from_utf8_lossy(&line));
            }
        });
    }

    /// Number of lines so far: a mark for [`since`](Self::since).
    pub fn len(&self) -> usize {
        lock(&self.lines).len()
    }

    /// Is there no line yet?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lines from number `mark` on.
    pub fn since(&self, mark: usize) -> Vec<String> {
        let lines = lock(&self.lines);
        let lines = lines.get(mark..).unwrap_or_default();
        lines.iter().map(|(_, line)| line.clone()).collect()
    }

    /// All lines, each with its time since 1970.
    pub fn timed(&self) -> Vec<(Duration, String)> {
        lock(&self.lines).clone()
    }

    /// How many lines from `mark` on contain `text`.
    pub fn count(&self, mark: usize, text: &str) -> usize {
        self.since(mark)
            .iter()
            .filter(|line| line.contains(text))
            .count()
    }
}

/// A reader that panicked has broken nothing here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
