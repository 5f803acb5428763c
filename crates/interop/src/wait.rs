//! Waiting for something to become so.

use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// Looks until `look` answers something, at most `patience` long.
pub fn until<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if start.elapsed() >= patience {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Waits for `look` to be true.
///
/// # Panics
///
/// It isn't after `patience`; `what` is said then.
pub fn wait_for(what: &str, patience: Duration, mut look: impl FnMut() -> bool) {
    let start = Instant::now();
    let found = until(patience, || look().then_some(()));
    assert!(
        found.is_some(),
        "waited {} s in vain for: {what}",
        start.elapsed().as_secs()
    );
}
