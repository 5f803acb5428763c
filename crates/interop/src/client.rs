//! Real clients: dhclient and udhcpc, each on an interface of its own, and perfdhcp.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::lab::Lab;
use crate::netns::run;
use crate::wait::{until, wait_for};

/// Sets and removes addresses for dhclient and udhcpc.
const SCRIPT: &str = include_str!("client-script.sh");

/// Short pauses: tests don't want to wait, and the network is quick.
const DHCLIENT_CONF: &str =
    "timeout 10;\nretry 2;\ninitial-interval 1;\nselect-timeout 0;\nbackoff-cutoff 4;\n";

/// Long enough for several attempts.
const PATIENCE: Duration = Duration::from_secs(40);

/// Whose client it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// ISC's.
    Dhclient,
    /// busybox's.
    Udhcpc,
}

/// Hardware address of client number `index`.
pub fn mac(index: u8) -> [u8; 6] {
    [2, 0xdf, 0xff, 0, 0, index]
}

/// A real client that runs on an interface of its own. It ends when this is dropped, its lease left as it is.
#[derive(Debug)]
pub struct Client {
    program: Program,
    process: Child,
    interface: String,
    mac: [u8; 6],
    folder: PathBuf,
    namespace: String,
}

impl Client {
    /// Starts client number `index` (one of each number in a lab) and lets it get a lease.
    ///
    /// # Panics
    ///
    /// The program isn't installed.
    pub fn start(lab: &Lab, program: Program, index: u8) -> Self {
        Self::launch(lab, program, index, &[])
    }

    /// Starts dhclient number `index`, which finds that whatever address it gets is used by somebody else, and declines it.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn start_declining(lab: &Lab, index: u8) -> Self {
        Self::launch(lab, Program::Dhclient, index, &["-e", "DECLINE=yes"])
    }

    fn launch(lab: &Lab, program: Program, index: u8, flags: &[&str]) -> Self {
        let folder = lab.folder().join("clients");
        let script = files(&folder);
        let interface = format!("mv{index}");
        let mac = mac(index);
        // One of the same number that is gone has left its interface.
        if !folder.join(format!("{interface}.log")).exists() {
            let [a, b, c, d, e, f] = mac;
            let address = format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}");
            lab.clients.ip(&format!(
                "link add {interface} link eth0 address {address} type macvlan mode bridge"
            ));
            lab.clients.ip(&format!("link set {interface} up"));
        }
        let mut command = match program {
            Program::Dhclient => {
                let mut command = lab.clients.command("dhclient");
                command
                    .args(["-4", "-d"])
                    .args(flags)
                    .args(dhclient_files(&folder, &interface))
                    .arg("-sf")
                    .arg(&script)
                    .arg(&interface);
                command
            }
            Program::Udhcpc => {
                let mut command = lab.clients.command("udhcpc");
                command
                    .args([
                        "-f", "-R", "-t", "5", "-T", "2", "-A", "2", "-i", &interface, "-s",
                    ])
                    .arg(&script);
                command
            }
        };
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join(format!("{interface}.log")))
            .unwrap_or_else(|error| panic!("{interface}.log: {error}"));
        let errors = log
            .try_clone()
            .unwrap_or_else(|error| panic!("{interface}.log: {error}"));
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let process = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self {
            program,
            process,
            interface,
            mac,
            folder,
            namespace: lab.clients.name().into(),
        }
    }

    /// Its hardware address.
    pub fn mac(&self) -> [u8; 6] {
        self.mac
    }

    /// Waits until it has an address.
    ///
    /// # Panics
    ///
    /// It doesn't get one.
    pub fn wait_bound(&self) {
        let bound = until(PATIENCE, || self.has_address().then_some(()));
        let log = || {
            fs::read_to_string(self.folder.join(format!("{}.log", self.interface)))
                .unwrap_or_default()
        };
        assert!(
            bound.is_some(),
            "{:?} {} has no address:\n{}",
            self.program,
            self.interface,
            log()
        );
    }

    fn has_address(&self) -> bool {
        let mut command = Command::new("ip");
        command.args([
            "-n",
            &self.namespace,
            "-4",
            "-o",
            "addr",
            "show",
            "dev",
            &self.interface,
        ]);
        run(&mut command).contains("inet ")
    }

    /// Asks it to renew now; dhclient does by itself, at half of the lease time.
    pub fn renew(&self) {
        if self.program == Program::Udhcpc {
            self.signal(Signal::SIGUSR1);
        }
    }

    /// Lets it give its lease back and end.
    ///
    /// # Panics
    ///
    /// It doesn't.
    pub fn release(mut self) {
        match self.program {
            Program::Dhclient => {
                // A second dhclient ends the first and sends the message.
                let mut command = Command::new("ip");
                command.args(["netns", "exec", &self.namespace, "dhclient", "-4", "-r"]);
                let script = self.folder.join("script");
                command
                    .args(dhclient_files(&self.folder, &self.interface))
                    .arg("-sf")
                    .arg(script)
                    .arg(&self.interface);
                run(&mut command);
            }
            // SIGUSR2 releases; the end follows by SIGTERM, which with -R would release too.
            Program::Udhcpc => {
                self.signal(Signal::SIGUSR2);
                wait_for("udhcpc to release", PATIENCE, || !self.has_address());
                self.signal(Signal::SIGTERM);
            }
        }
        let ended = until(PATIENCE, || self.process.try_wait().ok().flatten());
        assert!(
            ended.is_some(),
            "{:?} {} doesn't end",
            self.program,
            self.interface
        );
    }

    fn signal(&self, signal: Signal) {
        _ = kill(Pid::from_raw(self.process.id().cast_signed()), signal);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// The script and dhclient's configuration, written once.
fn files(folder: &Path) -> PathBuf {
    let script = folder.join("script");
    if !script.exists() {
        let write = |path: &Path, text: &str| {
            fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        write(&folder.join("dhclient.conf"), DHCLIENT_CONF);
        write(&script, SCRIPT);
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&script, executable)
            .unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    }
    script
}

fn dhclient_files(folder: &Path, interface: &str) -> [PathBuf; 6] {
    let file = |name: &str| folder.join(name);
    [
        "-cf".into(),
        file("dhclient.conf"),
        "-lf".into(),
        file(&format!("{interface}.leases")),
        "-pf".into(),
        file(&format!("{interface}.pid")),
    ]
}

/// What perfdhcp is to do.
#[derive(Clone, Copy, Debug)]
pub struct Perfdhcp {
    /// Clients; each exchange is of one drawn at random.
    pub clients: u32,
    /// Crowds of different numbers are different clients.
    pub crowd: u8,
    /// Exchanges per second.
    pub rate: u32,
    /// Renewals per second, of leases it got.
    pub renew: u32,
    /// Releases per second.
    pub release: u32,
    /// For how many seconds.
    pub seconds: u32,
}

/// What perfdhcp counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counted {
    /// ACKs received for the exchanges.
    pub acks: u32,
    /// Exchanges left unanswered.
    pub lost: u32,
}

impl Perfdhcp {
    /// Runs it to the end.
    ///
    /// # Panics
    ///
    /// It isn't installed, or prints something else than it used to.
    pub fn run(self, lab: &Lab) -> Counted {
        let mut command = lab.clients.command("perfdhcp");
        command.args([
            "-4",
            "-l",
            "eth0",
            "-b",
            &format!("mac=02:fd:{:02x}:00:00:00", self.crowd),
        ]);
        // An answer within 3 s counts, because a first OFFER waits for the server's ping.
        command.args([
            "-d",
            "3",
            "-W",
            "3000000",
            "-R",
            &self.clients.to_string(),
            "-r",
            &self.rate.to_string(),
        ]);
        command.args(["-p", &self.seconds.to_string()]);
        if self.renew > 0 {
            command.args(["-f", &self.renew.to_string()]);
        }
        if self.release > 0 {
            command.args(["-F", &self.release.to_string()]);
        }
        // It exits with 3 if anything was lost, and that is the caller's to judge.
        let output = crate::netns::output(&mut command);
        let text = String::from_utf8_lossy(&output.stdout);
        let counts = |section: &str| {
            let text = text.split(section).nth(1)?;
            Some((
                number(text, "sent packets:")?,
                number(text, "received packets:")?,
            ))
        };
        let (offers, acks) = (counts("DISCOVER-OFFER"), counts("REQUEST-ACK"));
        let (Some((sent, _)), Some((_, acks))) = (offers, acks) else {
            panic!(
                "{command:?}: {}\n{text}{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        };
        Counted {
            acks,
            lost: sent.saturating_sub(acks),
        }
    }
}

fn number(text: &str, label: &str) -> Option<u32> {
    text.split(label)
        .nth(1)?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}
