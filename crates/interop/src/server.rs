//! One server process, ours or ISC's.

mod orders;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::database::Database;
use crate::log::Log;
use crate::netns::{Namespace, output};
use crate::state::State;
use crate::wait::{until, wait_for};

/// dhcpd takes about a second for this, and a slow machine is slower.
const PATIENCE_TO_STOP: Duration = Duration::from_secs(15);

/// Whose server it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Ours.
    Ours,
    /// ISC dhcpd.
    Isc,
}

impl Kind {
    /// The program.
    pub fn program(self) -> PathBuf {
        match self {
            Self::Ours => binary(),
            Self::Isc => "dhcpd".into(),
        }
    }
}

/// Our server's program: what the environment variable `DHCP_FAILOVERD` names, or what stands beside the test program.
///
/// # Panics
///
/// It hasn't been built.
pub fn binary() -> PathBuf {
    let built = || {
        let test = std::env::current_exe().ok()?;
        let profile = test
            .ancestors()
            .find(|folder| folder.join("dhcp-failoverd").is_file())?;
        Some(profile.join("dhcp-failoverd"))
    };
    let path = std::env::var_os("DHCP_FAILOVERD")
        .map(PathBuf::from)
        .or_else(built);
    path.filter(|path| path.is_file())
        .expect("dhcp-failoverd isn't built: cargo build -p dhcp-failoverd")
}

/// A place where a server can run: a namespace, a configuration, a lease file, a log.
#[derive(Debug)]
pub struct Server {
    /// Whose program is started next.
    pub kind: Kind,
    /// Where it runs. Clients are at `eth0`.
    pub namespace: Namespace,
    /// All that it has said.
    pub log: Log,
    /// How many seconds its wall clock is ahead, from the next start on.
    pub clock_ahead: u32,
    folder: PathBuf,
    process: Option<Child>,
    /// Where in `log` the present process began.
    begin: usize,
}

impl Server {
    /// A server that is yet to be started, its files in `folder`.
    pub(crate) fn new(kind: Kind, namespace: Namespace, folder: PathBuf, start: Instant) -> Self {
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let log = Log::new(&folder.join("log"), start);
        Self {
            kind,
            namespace,
            log,
            clock_ahead: 0,
            folder,
            process: None,
            begin: 0,
        }
    }

    /// Its configuration file.
    pub fn conf(&self) -> PathBuf {
        self.folder.join("dhcpd.conf")
    }

    /// Its lease file.
    pub fn leases(&self) -> PathBuf {
        self.folder.join("dhcpd.leases")
    }

    /// Our server's control socket.
    fn control(&self) -> PathBuf {
        self.folder.join("control.sock")
    }

    /// Writes the configuration.
    ///
    /// # Panics
    ///
    /// The file can't be written.
    pub fn configure(&self, text: &str) {
        write(&self.conf(), text.as_bytes());
    }

    /// Starts the server, with an empty lease file if it has none.
    ///
    /// # Panics
    ///
    /// It runs already, or ends at once.
    pub fn start(&mut self) {
        assert!(
            self.process.is_none(),
            "{} runs already",
            self.namespace.name()
        );
        if !self.leases().exists() {
            write(&self.leases(), b"");
        }
        self.begin = self.log.len();
        self.log.add(&format!("-- start {:?}", self.kind));
        let mut command = self.command(&["-f", "-d"]);
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.log.follow(child.stderr.take().expect("it is piped"));
        self.process = Some(child);
        std::thread::sleep(Duration::from_millis(300));
        assert!(
            self.is_running(),
            "{command:?} ended at once:\n{}",
            self.log.since(self.begin).join("\n")
        );
    }

    /// Starts the server with nothing said: for measuring.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn start_quiet(&mut self) {
        assert!(
            self.process.is_none(),
            "{} runs already",
            self.namespace.name()
        );
        write(&self.leases(), b"");
        let mut command = self.command(&["-f", "-q"]);
        let child = command.stderr(Stdio::null()).spawn();
        self.process = Some(child.unwrap_or_else(|error| panic!("{command:?}: {error}")));
    }

    /// The server's command line, with `flags`.
    fn command(&self, flags: &[&str]) -> Command {
        let program = self.kind.program();
        let mut command = self.namespace.command(&program.to_string_lossy());
        if self.clock_ahead != 0 {
            command
                .env("LD_PRELOAD", libfaketime())
                .env("FAKETIME", format!("+{}s", self.clock_ahead))
                // Only the wall clock: what waits by the other one would wait for the kernel's.
                .env("DONT_FAKE_MONOTONIC", "1");
        }
        command.arg("-4").args(flags).arg("--no-pid");
        command
            .arg("-cf")
            .arg(self.conf())
            .arg("-lf")
            .arg(self.leases());
        match self.kind {
            Kind::Ours => command.arg("--control").arg(self.control()),
            // Debian's would become another user, who may not write here.
            Kind::Isc => command.args(["-user", "root", "-group", "root"]),
        };
        command
            .arg("eth0")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Has it not ended?
    pub fn is_running(&mut self) -> bool {
        self.process
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// SIGKILL.
    ///
    /// # Panics
    ///
    /// It isn't running: it must have died by itself.
    pub fn kill(&mut self) {
        assert!(
            self.is_running(),
            "{} ended by itself:\n{}",
            self.namespace.name(),
            self.tail(20)
        );
        self.log.add("-- SIGKILL");
        let mut child = self.process.take().expect("it is running");
        _ = child.kill();
        _ = child.wait();
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Panics
    ///
    /// It isn't running, or doesn't end.
    pub fn terminate(&mut self) {
        assert!(
            self.is_running(),
            "{} ended by itself:\n{}",
            self.namespace.name(),
            self.tail(20)
        );
        self.log.add("-- SIGTERM");
        let pid = self.pid().expect("it is running");
        _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM);
        self.wait_ended("SIGTERM", PATIENCE_TO_STOP);
    }

    /// Waits until the process has ended by itself, and kills it if it doesn't.
    fn wait_ended(&mut self, why: &str, patience: Duration) {
        let mut child = self.process.take().expect("it is running");
        let ended = until(patience, || child.try_wait().ok().flatten());
        if ended.is_none() {
            _ = child.kill();
            _ = child.wait();
        }
        assert!(
            ended.is_some(),
            "{} didn't end on {why}",
            self.namespace.name()
        );
    }

    /// The state of relationship `peer`; all empty while the server doesn't answer.
    pub fn state(&self, peer: &str) -> State {
        match self.kind {
            Kind::Ours => {
                let answer = self.ask(&["status", "--json"]);
                State::from_status(&String::from_utf8_lossy(&answer.stdout), peer)
                    .unwrap_or_default()
            }
            Kind::Isc => self.logged_state(peer),
        }
    }

    /// The last transitions of `peer` that the present process has logged: asks nothing of the server.
    pub fn logged_state(&self, peer: &str) -> State {
        State::from_log(&self.log, self.begin, peer)
    }

    /// Waits until `peer` is in `state` here.
    ///
    /// # Panics
    ///
    /// It isn't after `patience`.
    pub fn wait_state(&self, peer: &str, state: &str, patience: Duration) {
        let mut seen = State::default();
        let reached = until(patience, || {
            seen = self.state(peer);
            (seen.local == state).then_some(())
        });
        let name = self.namespace.name();
        assert!(
            reached.is_some(),
            "{name}: {peer} should be {state}, is {seen:?}\n{}",
            self.tail(40)
        );
    }

    /// The lease file as it stands.
    pub fn database(&self) -> Database {
        Database::read(&self.leases())
    }

    /// Empties the lease file: all that the server knew is lost.
    ///
    /// # Panics
    ///
    /// It runs, or the file can't be written.
    pub fn lose_leases(&mut self) {
        assert!(!self.is_running(), "{} runs still", self.namespace.name());
        self.log.add("-- the lease file is emptied");
        write(&self.leases(), b"");
        _ = fs::remove_file(self.folder.join("dhcpd.leases~"));
    }

    /// The length of the lease file and when it was last written to.
    pub(crate) fn written(&self) -> (u64, SystemTime) {
        let of =
            |path: PathBuf| fs::metadata(path).and_then(|file| Ok((file.len(), file.modified()?)));
        // While the file is being replaced there is none.
        of(self.leases()).unwrap_or((0, SystemTime::UNIX_EPOCH))
    }

    /// Does `-T` accept the configuration and the lease file `leases`? What it says comes with a no.
    pub fn accepts(kind: Kind, conf: &Path, leases: &Path) -> Result<(), String> {
        let mut command = Command::new(kind.program());
        command
            .args(["-4", "-T", "-cf"])
            .arg(conf)
            .arg("-lf")
            .arg(leases);
        let answer = output(&mut command);
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        // dhcpd reads past much of what it complains about, and ends well.
        let complains = ["Corrupt lease", "expecting", "line "]
            .iter()
            .any(|word| said.contains(word));
        if answer.status.success() && !complains {
            Ok(())
        } else {
            Err(said)
        }
    }

    /// The last lines of the log.
    pub fn tail(&self, lines: usize) -> String {
        let all = self.log.since(0);
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Waits until our server answers on its control socket, dhcpd until it serves.
    ///
    /// # Panics
    ///
    /// It doesn't come up.
    pub fn wait_up(&self) {
        wait_for(
            "the server to come up",
            Duration::from_secs(10),
            || match self.kind {
                Kind::Ours => self.ask(&["status"]).status.success(),
                Kind::Isc => self.log.count(self.begin, "Server starting service") > 0,
            },
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.process.take() {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// The library that gives a process another clock.
fn libfaketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten();
    folders
        .filter_map(|folder| Some(folder.ok()?.path().join("faketime/libfaketime.so.1")))
        .find(|library| library.is_file())
        .expect("no libfaketime: scripts/test installs it")
}

fn write(path: &Path, text: &[u8]) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
