//! `dhcp-failoverd demo`, as a stranger runs it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use common::{PATIENCE, send_signal, wait};

/// The demo, with a temporary directory of its own.
struct Demo {
    dir: PathBuf,
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: ChildStderr,
    /// Its lines so far.
    lines: Vec<String>,
}

impl Demo {
    fn start(name: &str, words: &[&str]) -> Self {
        let dir = std::env::temp_dir().join(format!("dhcp-demo-{name}-{}", std::process::id()));
        _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_dhcp-failoverd"))
            .arg("demo")
            .args(words)
            .env("TMPDIR", &dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            dir,
            stdout: BufReader::new(child.stdout.take().unwrap()),
            stderr: child.stderr.take().unwrap(),
            child,
            lines: Vec::new(),
        }
    }

    /// Reads until a line begins like this.
    fn read_until(&mut self, beginning: &str) {
        loop {
            let mut line = String::new();
            let length = self.stdout.read_line(&mut line).unwrap();
            assert!(length > 0, "no {beginning:?} in {:#?}", self.lines);
            self.lines.push(line.trim_end().into());
            if line.starts_with(beginning) {
                return;
            }
        }
    }

    /// The exit status, everything on standard output, and everything on standard error.
    fn finish(&mut self) -> (Option<i32>, String, String) {
        let (mut rest, mut errors) = (String::new(), String::new());
        self.stdout.read_to_string(&mut rest).unwrap();
        self.stderr.read_to_string(&mut errors).unwrap();
        let code = wait(&mut self.child).code();
        (code, self.lines.join("\n") + "\n" + &rest, errors)
    }

    /// Its servers.
    fn children(&self) -> Vec<u32> {
        let id = self.child.id();
        let tasks = std::fs::read_dir(format!("/proc/{id}/task")).unwrap();
        tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok())
            .flat_map(|ids| {
                ids.split_whitespace()
                    .map(|id| id.parse().unwrap())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn files(&self) -> usize {
        std::fs::read_dir(&self.dir).unwrap().count()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
        if !std::thread::panicking() {
            _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn is_running(id: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = state.rsplit(')').next().unwrap_or_default().trim_start();
    !state.is_empty() && !state.starts_with('Z')
}

fn wait_for_end(ids: &[u32]) {
    let deadline = Instant::now() + PATIENCE;
    while ids.iter().any(|id| is_running(*id)) {
        assert!(Instant::now() < deadline, "{ids:?} are left");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_show_ends_well_and_the_pair_stays_if_asked_to() {
    let begun = Instant::now();
    let mut demo = Demo::start("show", &["--keep"]);
    let (code, out, errors) = demo.finish();
    assert_eq!(code, Some(0), "{out}\n{errors}");
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        !out.contains('\x1b'),
        "no escape sequences without a terminal"
    );

    // Everything happened, in this order.
    let mut rest = &out[..];
    for part in [
        "1. Two servers meet",
        "RECOVER-DONE → NORMAL",
        "2. 500 clients",
        "3. While clients",
        "secondary  NORMAL → COMMUNICATIONS-INTERRUPTED",
        "4. The survivor",
        "$ dhcp-failoverd partner-down demo",
        "secondary  COMMUNICATIONS-INTERRUPTED → PARTNER-DOWN",
        "6. The primary comes back",
        "primary    STARTUP → RECOVER",
        "primary    RECOVER-DONE → NORMAL",
        "7. Roll call",
        "  clients served                  500 of 500\n",
        "  leases lost                     0\n",
        "  addresses held twice            0\n",
        "  leases in each database         500 and 500\n",
        "All is well",
        "The pair is still running",
    ] {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("no {part:?} (in its place) in\n{out}"));
        rest = &rest[at + part.len()..];
    }

    // The lines at the end are what they say.
    let mut asked = 0;
    for command in rest
        .lines()
        .filter(|line| line.contains(" status --control "))
    {
        let words: Vec<&str> = command.split_whitespace().collect();
        let answer = Command::new(words[0]).args(&words[1..]).output().unwrap();
        let answer = String::from_utf8(answer.stdout).unwrap();
        assert!(answer.contains("my state       normal"), "{answer}");
        asked += 1;
    }
    assert_eq!(asked, 2);
    let kill = rest
        .lines()
        .find(|line| line.trim().starts_with("kill "))
        .unwrap();
    let ids: Vec<u32> = kill
        .split_whitespace()
        .skip(1)
        .map(|id| id.parse().unwrap())
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(|id| is_running(*id)));
    ids.iter().for_each(|id| send_signal(*id, "TERM"));
    wait_for_end(&ids);
}

#[test]
fn interrupted_it_leaves_nothing_behind() {
    let mut demo = Demo::start("interrupted", &[]);
    demo.read_until("2. ");
    let children = demo.children();
    assert_eq!(children.len(), 2);
    send_signal(demo.child.id(), "INT");
    let (code, _, errors) = demo.finish();
    assert_eq!(code, Some(130), "{errors}");
    wait_for_end(&children);
    assert_eq!(demo.files(), 0, "the temporary directory is empty");
}

#[test]
fn a_server_that_dies_by_itself_is_a_failure() {
    let mut demo = Demo::start("dead", &[]);
    demo.read_until("2. ");
    let children = demo.children();
    send_signal(children[1], "KILL");
    let (code, _, errors) = demo.finish();
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("ended by itself"), "{errors}");
    wait_for_end(&children);
    assert!(has_logs(&demo.dir), "the logs are kept");
}

fn has_logs(dir: &Path) -> bool {
    let kept = std::fs::read_dir(dir).unwrap().next().unwrap().unwrap();
    let log = std::fs::read_to_string(kept.path().join("primary.log")).unwrap();
    log.contains("I move from startup")
}

#[test]
fn wrong_words_are_refused() {
    let mut demo = Demo::start("words", &["--fast"]);
    let (code, _, errors) = demo.finish();
    assert_eq!(code, Some(2));
    assert!(errors.contains("--fast"), "{errors}");
}
