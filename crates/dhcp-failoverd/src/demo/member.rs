//! One server of the pair: a process of this very program, its files, and what it says.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::conf::{self, End};
use crate::admin::{Answer, Request};
use crate::ask::ask;
use crate::report::{Relationship, Report};

/// How often a server is asked for its state.
const ASK: Duration = Duration::from_millis(100);
/// How long a server may take to finish after SIGTERM.
const STOP: Duration = Duration::from_secs(3);
/// What dhcpd's line for a change of state has in front of the states.
const MOVE: &str = "I move from ";

/// One server.
pub(super) struct Member {
    /// `primary` or `secondary`.
    pub(super) role: &'static str,
    /// Where it speaks failover.
    pub(super) end: End,
    port: u16,
    dir: PathBuf,
    child: Option<Child>,
    log: Tail,
    /// The states that it went through since its last start, by its log.
    trail: Vec<String>,
    reports: Receiver<Option<Report>>,
    /// What it last said about itself.
    report: Option<Report>,
}

impl Member {
    /// Writes its files. It doesn't run yet.
    pub(super) fn new(
        dir: &Path,
        primary: bool,
        end: End,
        partner: End,
        port: u16,
    ) -> io::Result<Self> {
        let role = if primary { "primary" } else { "secondary" };
        let member = Self {
            role,
            end,
            port,
            dir: dir.into(),
            child: None,
            log: Tail::new(dir.join(format!("{role}.log"))),
            trail: Vec::new(),
            reports: watch(dir.join(format!("{role}.sock"))),
            report: None,
        };
        std::fs::write(member.file("conf"), conf::text(primary, end, partner))?;
        File::create(member.file("leases"))?; // empty: right for a first start
        Ok(member)
    }

    /// Starts it, or starts it again.
    pub(super) fn start(&mut self) -> io::Result<()> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log.path)?;
        self.trail.clear();
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["-4", "-d", "--no-pid", "-p", &self.port.to_string(), "-cf"])
            .arg(self.file("conf"))
            .arg("-lf")
            .arg(self.file("leases"))
            .arg("--control")
            .arg(self.control())
            .arg("lo");
        // A group of its own: Ctrl-C is for the demo, which then stops its servers, or leaves them with --keep.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        self.child = Some(child);
        Ok(())
    }

    /// Kills it with SIGKILL: it doesn't get to say or write anything more.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            _ = child.kill(); // it is gone already
            _ = child.wait();
        }
        self.report = None;
    }

    /// Lets it finish, and kills it if it doesn't.
    pub(super) fn stop(&mut self) {
        let Some(child) = &mut self.child else { return };
        if let Ok(id) = i32::try_from(child.id()) {
            _ = kill(Pid::from_raw(id), Signal::SIGTERM); // it is gone already
        }
        let deadline = Instant::now() + STOP;
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }

    /// Leaves it running when the demo ends.
    pub(super) fn leave_running(&mut self) {
        self.child = None;
    }

    /// Takes in what it said since the last time, and gives the changes of state, from and to. An error if it ended
    /// by itself.
    pub(super) fn listen(&mut self) -> io::Result<Vec<(String, String)>> {
        let lines = self.log.read()?;
        let moves: Vec<_> = lines.iter().filter_map(|line| parse_move(line)).collect();
        self.trail.extend(moves.iter().map(|(_, to)| to.clone()));
        if let Some(report) = self.reports.try_iter().last() {
            self.report = report.filter(|_| self.child.is_some());
        }
        Ok(moves)
    }

    /// How it ended, if it did without being told.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.as_mut().map_or(Ok(None), Child::try_wait)
    }

    /// Its process, if it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// What it last said about the relationship.
    pub(super) fn relationship(&self) -> Option<&Relationship> {
        self.report.as_ref()?.relationships.first()
    }

    /// What it last said about itself.
    pub(super) fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// Its state by the control socket, in capitals as RFCs and drafts write it.
    pub(super) fn state(&self) -> String {
        match (self.relationship(), &self.child) {
            (Some(relationship), _) => relationship.state.to_uppercase(),
            (None, Some(_)) => "starting".into(),
            (None, None) => "dead".into(),
        }
    }

    /// The states that it went through since its last start.
    pub(super) fn trail(&self) -> &[String] {
        &self.trail
    }

    /// Its control socket.
    pub(super) fn control(&self) -> PathBuf {
        self.file("sock")
    }

    /// The last lines of its log.
    pub(super) fn last_words(&self, lines: usize) -> Vec<String> {
        let text = std::fs::read(&self.log.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let mut last: Vec<String> = text.lines().rev().take(lines).map(Into::into).collect();
        last.reverse();
        last
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.dir.join(format!("{}.{kind}", self.role))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks a server for its state again and again in a thread of its own, so that a slow answer holds nobody up. The
/// thread ends when nobody listens to it.
fn watch(control: PathBuf) -> Receiver<Option<Report>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        loop {
            let report = match ask(&control, &Request::Status) {
                Ok(Answer::Status(report)) => Some(report),
                Ok(Answer::Done | Answer::Error(_)) | Err(_) => None,
            };
            if sender.send(report).is_err() {
                return;
            }
            thread::sleep(ASK);
        }
    });
    receiver
}

/// A growing text file, read as it grows.
struct Tail {
    path: PathBuf,
    position: u64,
}

impl Tail {
    fn new(path: PathBuf) -> Self {
        Self { path, position: 0 }
    }

    /// The whole lines since the last time.
    fn read(&mut self) -> io::Result<Vec<String>> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        file.seek(SeekFrom::Start(self.position))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        self.position += whole as u64;
        let text = String::from_utf8_lossy(&bytes[..whole]);
        Ok(text.lines().map(Into::into).collect())
    }
}

/// The states in dhcpd's line `failover peer NAME: I move from STATE to STATE`.
fn parse_move(line: &str) -> Option<(String, String)> {
    let (_, states) = line.split_once(MOVE)?;
    let (from, to) = states.split_once(" to ")?;
    Some((from.trim().into(), to.trim().into()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_move_is_found_in_a_log_line() {
        let states = |from: &str, to: &str| Some((from.to_owned(), to.to_owned()));
        let line = "failover peer demo: I move from recover-done to normal";
        assert_eq!(parse_move(line), states("recover-done", "normal"));
        assert_eq!(
            parse_move("failover peer demo: peer moves from normal to recover"),
            None
        );
    }

    #[test]
    fn a_tail_gives_whole_lines_once() {
        let path = std::env::temp_dir().join(format!("dhcp-failoverd-tail-{}", std::process::id()));
        let mut tail = Tail::new(path.clone());
        assert!(tail.read().unwrap().is_empty(), "no file yet");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"one\ntwo\nthr").unwrap();
        assert_eq!(tail.read().unwrap(), ["one", "two"]);
        assert!(tail.read().unwrap().is_empty());
        file.write_all(b"ee\n").unwrap();
        assert_eq!(tail.read().unwrap(), ["three"]);
        std::fs::remove_file(&path).unwrap();
    }
}
