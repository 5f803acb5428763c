//! Programs that `execute` statements run: one after the other, in a thread of their own, so that no client waits.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::log::Log;

/// How long a program may run before it is killed.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(10);
/// Programs that wait for their turn. ISC dhcpd lets its clients wait instead.
const MAX_WAITING: usize = 1024;

/// One program.
struct Job {
    program: OsString,
    arguments: Vec<OsString>,
}

/// The thread, once there was something to run.
#[derive(Default)]
pub(crate) struct Programs {
    thread: Option<(SyncSender<Job>, Receiver<String>)>,
    dropped: u64,
}

impl Programs {
    /// Runs a program when those before it are done.
    pub(crate) fn start(&mut self, program: Vec<u8>, arguments: Vec<Vec<u8>>, log: &mut Log) {
        let thread = match self.thread.take() {
            Some(thread) => thread,
            None => match spawn(PATIENCE) {
                Ok(thread) => thread,
                Err(error) => return log.error(format_args!("execute: no thread: {error}")),
            },
        };
        let job = Job {
            program: OsString::from_vec(program),
            arguments: arguments.into_iter().map(OsString::from_vec).collect(),
        };
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) =
            thread.0.try_send(job)
        {
            self.dropped += 1;
            if self.dropped.is_power_of_two() {
                log.error(format_args!(
                    "execute: {} not run, too many programs wait ({} so far)",
                    job.program.display(),
                    self.dropped
                ));
            }
        }
        self.thread = Some(thread);
    }

    /// Says what went wrong with programs that have ended.
    pub(crate) fn report(&mut self, log: &mut Log) {
        if let Some((_, failures)) = &self.thread {
            failures
                .try_iter()
                .for_each(|failure| log.error(format_args!("{failure}")));
        }
    }
}

fn spawn(patience: Duration) -> io::Result<(SyncSender<Job>, Receiver<String>)> {
    let (jobs, waiting) = sync_channel(MAX_WAITING);
    let (failures, reports) = channel();
    thread::Builder::new()
        .name("execute".into())
        .spawn(move || work(&waiting, &failures, patience))?;
    Ok((jobs, reports))
}

fn work(jobs: &Receiver<Job>, failures: &Sender<String>, patience: Duration) {
    for job in jobs {
        let program = job.program.display().to_string();
        let failure = match run(job, patience) {
            Ok(Some(status)) if status.success() => continue,
            Ok(Some(status)) => format!("execute: {program} {status}"),
            Ok(None) => format!(
                "execute: {program} killed: it ran for more than {} seconds",
                patience.as_secs()
            ),
            Err(error) => format!("Unable to execute {program}: {error}"),
        };
        if failures.send(failure).is_err() {
            return;
        }
    }
}

/// Runs it to its end; `None` if it had to be killed.
fn run(job: Job, patience: Duration) -> io::Result<Option<ExitStatus>> {
    let mut child = Command::new(job.program)
        .args(job.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(program: &str, arguments: &[&str]) -> Job {
        Job {
            program: program.into(),
            arguments: arguments.iter().map(OsString::from).collect(),
        }
    }

    #[test]
    fn one_after_the_other_without_a_shell() {
        let dir =
            std::env::temp_dir().join(format!("dhcp-failoverd-programs-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("$(touch x); a b");
        let (jobs, failures) = spawn(Duration::from_secs(30)).unwrap();
        jobs.send(job("touch", &[path.to_str().unwrap()])).unwrap();
        jobs.send(job("false", &[])).unwrap();
        jobs.send(job("/nonexistent", &[])).unwrap();
        let first = failures.recv().unwrap();
        assert!(
            first.starts_with("execute: false exit status: 1"),
            "{first}"
        );
        assert!(
            path.exists(),
            "it ran before, and no shell read its argument"
        );
        let second = failures.recv().unwrap();
        assert!(
            second.starts_with("Unable to execute /nonexistent"),
            "{second}"
        );
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn what_runs_too_long_is_killed() {
        let (jobs, failures) = spawn(Duration::from_millis(50)).unwrap();
        jobs.send(job("sleep", &["1000"])).unwrap();
        assert!(failures.recv().unwrap().contains("killed"));
    }
}
