//! Network namespaces, by the `ip` command.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A named network namespace. Its processes are killed, and it is removed, when this is dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes the namespace `name`, loopback up.
    ///
    /// # Panics
    ///
    /// Not root, or there is one of that name.
    pub fn new(name: &str) -> Self {
        assert!(
            nix::unistd::geteuid().is_root(),
            "network namespaces need root: run scripts/test"
        );
        run(Command::new("ip").args(["netns", "add", name]));
        let namespace = Self { name: name.into() };
        namespace.ip("link set lo up");
        namespace.sysctl("net.ipv6.conf.all.disable_ipv6=1");
        namespace
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `ip` with the words of `line`, on this namespace.
    ///
    /// # Panics
    ///
    /// It fails.
    pub fn ip(&self, line: &str) {
        run(Command::new("ip")
            .args(["-n", &self.name])
            .args(line.split_whitespace()));
    }

    /// Sets one kernel parameter, `NAME=VALUE`; a kernel without it has no need of it.
    pub fn sysctl(&self, setting: &str) {
        _ = self
            .command("sysctl")
            .args(["-qw", setting])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }

    /// A command that will run in this namespace: its process is the program itself.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Runs `work` on a thread that is in this namespace. A socket made there stays there.
    ///
    /// # Panics
    ///
    /// `work` does.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let path = PathBuf::from("/run/netns").join(&self.name);
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                let file =
                    File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                setns(file, CloneFlags::CLONE_NEWNET)
                    .unwrap_or_else(|error| panic!("setns: {error}"));
                work()
            });
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// The processes that run in it.
    fn processes(&self) -> Vec<Pid> {
        let output = Command::new("ip")
            .args(["netns", "pids", &self.name])
            .output();
        let text = output.map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&text)
            .lines()
            .filter_map(|pid| pid.parse().ok())
            .map(Pid::from_raw)
            .collect()
    }
}

/// The first letters of all names that labs give; the process id of the test follows.
pub(crate) const PREFIX: &str = "dfo";

/// Removes what tests left behind that were killed or interrupted.
pub(crate) fn remove_orphans() {
    let Ok(entries) = std::fs::read_dir("/run/netns") else {
        return; // none was ever made
    };
    for name in entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
        let owner = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('-')?.0.parse::<u32>().ok());
        if owner.is_some_and(|pid| !PathBuf::from(format!("/proc/{pid}")).exists()) {
            drop(Namespace { name });
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Only what we started can be in a namespace that we made.
        for pid in self.processes() {
            _ = kill(pid, Signal::SIGKILL);
        }
        _ = Command::new("ip")
            .args(["netns", "del", &self.name])
            .status();
    }
}

/// Runs a command to its end and answers what it printed to standard output.
///
/// # Panics
///
/// It can't be started, or fails.
pub fn run(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = output(command);
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
    stdout.into_owned()
}

/// Runs a command to its end, however that is.
pub(crate) fn output(command: &mut Command) -> Output {
    let missing = "is it installed? scripts/test installs what is needed";
    command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; {missing}"))
}
