//! How fast runs are.

use std::time::Instant;

use crate::totals::Totals;

/// Measures wall time, and where the system tells, this process's time on processors.
pub(crate) struct Stopwatch {
    begun: Instant,
    cpu: Option<f64>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            begun: Instant::now(),
            cpu: cpu_seconds(),
        }
    }

    /// Wall time, s.
    pub(crate) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// What was done in how long.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub(crate) fn speed(&self, totals: &Totals) -> String {
        let (events, hours) = (totals.events as f64, totals.hours());
        let seconds = self.seconds();
        if totals.events == 0 {
            return "nothing was left to run".into();
        }
        let mut text = format!(
            "{seconds:.1} s: {:.0} events/s, {:.0} simulated hours/s",
            events / seconds,
            hours / seconds
        );
        if let (Some(before), Some(now)) = (self.cpu, cpu_seconds()) {
            let seconds = now - before;
            text += &format!(
                "; {seconds:.1} s of processor time: {:.0} events/s, {:.0} simulated hours/s on one",
                events / seconds,
                hours / seconds
            );
        }
        text
    }
}

/// User time of all threads of this process, on Linux: field 14 of `/proc/self/stat`, in hundredths of a second.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the command in brackets, and may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let user: f64 = fields.split(' ').nth(11)?.parse().ok()?;
    Some(user / 100.0)
}
