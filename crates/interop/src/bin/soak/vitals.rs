//! Memory and descriptors of a process, over its lives.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(2);

/// A process that has just begun is still growing into what it needs.
const INFANCY: Duration = Duration::from_secs(5);

/// So much more may be needed at the end than at the begin: the allocator's own ways, KiB.
const MEMORY_SLACK: u64 = 2048;

/// Connections that come and go.
const DESCRIPTOR_SLACK: u64 = 3;

/// Fewer samples than this say nothing.
const ENOUGH: usize = 9;

#[derive(Clone, Copy, Debug)]
struct Sample {
    /// KiB.
    memory: u64,
    descriptors: u64,
}

/// The samples of one server.
#[derive(Debug)]
pub(crate) struct Vitals {
    samples: Vec<Sample>,
    last: Instant,
    pid: Option<u32>,
    born: Instant,
    /// How many processes there were.
    pub(crate) lives: usize,
    longest_life: Duration,
}

impl Vitals {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            samples: Vec::new(),
            last: now,
            pid: None,
            born: now,
            lives: 0,
            longest_life: Duration::ZERO,
        }
    }

    /// Looks at process `pid`, if it is time for that.
    pub(crate) fn look(&mut self, pid: Option<u32>) {
        let now = Instant::now();
        if pid != self.pid {
            self.lives += usize::from(pid.is_some());
            (self.pid, self.born) = (pid, now);
        }
        let Some(pid) = pid else {
            return;
        };
        let life = now - self.born;
        self.longest_life = self.longest_life.max(life);
        if life < INFANCY || now - self.last < INTERVAL {
            return;
        }
        self.last = now;
        self.samples.extend(sample(pid));
    }

    /// What grew, in words.
    pub(crate) fn growth(&self) -> Vec<String> {
        if self.samples.len() < ENOUGH {
            return Vec::new();
        }
        let (first, last) = (self.third(0), self.third(2));
        let mut growth = Vec::new();
        if last.memory > first.memory * 5 / 4 + MEMORY_SLACK {
            growth.push(format!(
                "memory grew from {} to {} KiB",
                first.memory, last.memory
            ));
        }
        if last.descriptors > first.descriptors + DESCRIPTOR_SLACK {
            growth.push(format!(
                "descriptors grew from {} to {}",
                first.descriptors, last.descriptors
            ));
        }
        growth
    }

    /// The medians of the first (0) to last (2) third.
    fn third(&self, number: usize) -> Sample {
        let length = self.samples.len() / 3;
        let part = &self.samples[number * length..(number + 1) * length];
        Sample {
            memory: median(part.iter().map(|sample| sample.memory)),
            descriptors: median(part.iter().map(|sample| sample.descriptors)),
        }
    }
}

impl fmt::Display for Vitals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lives = format!(
            "{} lives, the longest {:.0?}",
            self.lives, self.longest_life
        );
        if self.samples.len() < ENOUGH {
            return write!(f, "{lives}, too few samples");
        }
        let range = |of: fn(&Sample) -> u64| {
            let all = || self.samples.iter().map(of);
            (all().min().unwrap_or(0), all().max().unwrap_or(0))
        };
        let (memory, descriptors) = (range(|s| s.memory), range(|s| s.descriptors));
        let (first, last) = (self.third(0), self.third(2));
        write!(
            f,
            "{lives}, RSS {}-{} KiB (first third {}, last {}), descriptors {}-{} ({}, {}), {} samples",
            memory.0,
            memory.1,
            first.memory,
            last.memory,
            descriptors.0,
            descriptors.1,
            first.descriptors,
            last.descriptors,
            self.samples.len()
        )
    }
}

fn sample(pid: u32) -> Option<Sample> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(Sample {
        memory: resident.split_whitespace().next()?.parse().ok()?,
        descriptors: fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64,
    })
}

fn median(values: impl Iterator<Item = u64>) -> u64 {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vitals(samples: impl IntoIterator<Item = (u64, u64)>) -> Vitals {
        let mut vitals = Vitals::new();
        vitals.samples = samples
            .into_iter()
            .map(|(memory, descriptors)| Sample {
                memory,
                descriptors,
            })
            .collect();
        vitals
    }

    #[test]
    fn what_grows_is_said() {
        assert!(
            vitals((0..90).map(|i| (9000 + i % 7, 12 + i % 3)))
                .growth()
                .is_empty()
        );
        assert_eq!(
            vitals((0..90).map(|i| (9000 + i * 100, 12))).growth().len(),
            1
        );
        assert_eq!(
            vitals((0..90).map(|i| (9000, 12 + i / 10))).growth().len(),
            1
        );
    }

    #[test]
    fn a_process_has_memory_and_descriptors() {
        let sample = sample(std::process::id()).unwrap();
        assert!(sample.memory > 500 && sample.descriptors >= 3, "{sample:?}");
    }
}
