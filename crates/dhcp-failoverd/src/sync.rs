//! The thread that waits for the disk.
//!
//! One job is with it at a time: its records are written once and synced once while the next batch is being received
//! and processed. A replacement of the lease file is written here too, piece by piece beside the batches, so that
//! nobody waits for the whole of it.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::journal::{LeaseFile, ReplaceError, Replacement};

/// What the disk is to do.
#[derive(Debug, Default)]
pub(crate) struct Job {
    /// Records to append and sync; may be empty.
    pub(crate) records: Vec<u8>,
    /// A step of a replacement, taken after that.
    pub(crate) rewrite: Option<Step>,
}

/// A step of a replacement.
#[derive(Debug)]
pub(crate) struct Step {
    /// Start it; the number names the temporary file.
    pub(crate) begin: Option<u32>,
    /// Add this.
    pub(crate) text: Vec<u8>,
    /// It is complete: put it in place.
    pub(crate) finish: bool,
}

/// What became of a [`Job`].
#[derive(Debug)]
pub(crate) struct Done {
    /// An error is final: the records may or may not be on disk.
    pub(crate) result: io::Result<()>,
    /// The buffer of the records, emptied.
    pub(crate) records: Vec<u8>,
    /// How a replacement ended, if it did.
    pub(crate) rewritten: Option<io::Result<()>>,
}

/// The handle on the thread.
pub(crate) struct Disk {
    jobs: Sender<Job>,
    done: UnboundedReceiver<Done>,
    thread: JoinHandle<LeaseFile>,
}

impl Disk {
    /// Hands the file to a new thread.
    pub(crate) fn start(file: LeaseFile) -> io::Result<Self> {
        let (jobs, taken) = channel();
        let (finished, done) = unbounded_channel();
        let thread = std::thread::Builder::new()
            .name("disk".into())
            .spawn(move || {
                Worker {
                    file,
                    replacement: None,
                }
                .run(&taken, &finished)
            })?;
        Ok(Self { jobs, done, thread })
    }

    /// Starts a job. The caller gives one at a time.
    pub(crate) fn submit(&self, job: Job) {
        self.jobs
            .send(job)
            .expect("the thread takes jobs until this end is dropped");
    }

    /// Ready when the job is done.
    pub(crate) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        self.done
            .poll_recv(cx)
            .map(|done| done.expect("the thread answers as long as jobs come"))
    }

    /// Ends the thread and takes the file back.
    pub(crate) fn stop(self) -> LeaseFile {
        drop(self.jobs);
        self.thread.join().expect("nothing in the thread panics")
    }
}

struct Worker {
    file: LeaseFile,
    replacement: Option<Replacement>,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<Job>, done: &UnboundedSender<Done>) -> LeaseFile {
        while let Ok(job) = jobs.recv() {
            if done.send(self.perform(job)).is_err() {
                break;
            }
        }
        self.give_up();
        self.file
    }

    fn perform(&mut self, job: Job) -> Done {
        let mut done = Done {
            result: Ok(()),
            records: job.records,
            rewritten: None,
        };
        if !done.records.is_empty() {
            done.result = self.file.append(&done.records);
            done.records.clear();
        }
        if let (Ok(()), Some(step)) = (&done.result, job.rewrite) {
            match self.rewrite(step) {
                Ok(false) => {}
                Ok(true) => done.rewritten = Some(Ok(())),
                Err(ReplaceError::Kept(error)) => {
                    self.give_up();
                    done.rewritten = Some(Err(error));
                }
                Err(ReplaceError::Unknown(error)) => done.result = Err(error),
            }
        }
        done
    }

    /// True once the replacement is in place.
    fn rewrite(&mut self, step: Step) -> Result<bool, ReplaceError> {
        if let Some(unix) = step.begin {
            self.replacement = Some(self.file.replacement(unix).map_err(ReplaceError::Kept)?);
        }
        let Some(mut replacement) = self.replacement.take() else {
            return Ok(false);
        };
        // Whoever has stored something meanwhile waits for a piece to be synced, never for the whole file.
        let written = replacement
            .write(&step.text)
            .and_then(|()| replacement.sync())
            .map_err(ReplaceError::Kept);
        if step.finish && written.is_ok() {
            self.file.replace(replacement)?;
            return Ok(true);
        }
        self.replacement = Some(replacement);
        written.map(|()| false)
    }

    fn give_up(&mut self) {
        if let Some(unfinished) = self.replacement.take() {
            unfinished.discard();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> (Self, Worker) {
            let path = std::env::temp_dir()
                .join(format!("dhcp-failoverd-sync-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join("leases"), "").unwrap();
            let (file, _) = LeaseFile::open(&path.join("leases")).unwrap();
            (
                Self(path),
                Worker {
                    file,
                    replacement: None,
                },
            )
        }

        fn text(&self) -> String {
            std::fs::read_to_string(self.0.join("leases")).unwrap()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn job(records: &str, begin: Option<u32>, text: &str, finish: bool) -> Job {
        Job {
            records: records.into(),
            rewrite: Some(Step {
                begin,
                text: text.into(),
                finish,
            }),
        }
    }

    #[test]
    fn a_replacement_grows_beside_the_file_and_takes_its_place() {
        let (dir, mut worker) = Scratch::new("grows");
        for (job, file) in [
            (job("a", Some(7), "A", false), "a"),
            (job("b", None, "B", false), "ab"),
            (job("c", None, "C", true), "ABC"),
            (
                Job {
                    records: "D".into(),
                    rewrite: None,
                },
                "ABCD",
            ),
        ] {
            let finish = job.rewrite.as_ref().is_some_and(|step| step.finish);
            let done = worker.perform(job);
            done.result.unwrap();
            assert!(done.records.is_empty());
            assert_eq!(done.rewritten.is_some(), finish);
            assert_eq!(dir.text(), file);
        }
    }

    #[test]
    fn without_a_replacement_the_old_file_goes_on() {
        let (dir, mut worker) = Scratch::new("without");
        std::fs::create_dir(dir.0.join("leases.7")).unwrap(); // in the way of the temporary file
        let done = worker.perform(job("a", Some(7), "A", false));
        done.result.unwrap();
        assert!(done.rewritten.expect("it ended").is_err());
        let done = worker.perform(job("b", None, "B", true));
        assert!(done.rewritten.is_none(), "there is none to finish");
        assert_eq!(dir.text(), "ab");
    }
}
