//! Who says whether a file is good: real dhcpd. And the ways through it and through ours.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dhcp_failover::UnixTime;
use dhcp4_server::journal::{Reader, RecordWriter, Tail};
use dhcp4_server::{Instant, Interface, Now, Seeds, Server, ServerConfig};
use dhcpd_text::conf;
use interop::{Kind, Namespace};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Has dhcpd read a file (`-T`); how many leases it would write.
///
/// # Errors
/// What it says, if it complains of anything.
pub(crate) fn isc_reads(conf: &Path, leases: &Path) -> Result<usize, String> {
    let answer = Command::new("dhcpd")
        .args(["-4", "-T", "-cf"])
        .arg(conf)
        .arg("-lf")
        .arg(leases)
        .output()
        .map_err(|error| format!("dhcpd: {error}"))?;
    let said = String::from_utf8_lossy(&answer.stderr);
    if !answer.status.success() || complains(&said) {
        return Err(format!("dhcpd -T complains:\n{said}"));
    }
    let count = said.lines().find_map(|line| {
        let rest = line.strip_prefix("Wrote ")?;
        rest.strip_suffix(" leases to leases file.")?.parse().ok()
    });
    count.ok_or_else(|| format!("dhcpd -T doesn't count:\n{said}"))
}

/// Whether a server has found something wrong with its files.
fn complains(said: &str) -> bool {
    [
        "orrupt",
        "xpecting",
        " line ",
        "unknown statement",
        "no class",
        "no group",
    ]
    .iter()
    .any(|word| said.contains(word))
}

/// A file through our reader, table and writer, as at a start and a clean stop.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn through_ours(conf: &str, text: &[u8], now: u32) -> Result<Vec<u8>, String> {
    let now = Now {
        mono: Instant::from_millis(1_000_000),
        unix: UnixTime(now),
    };
    let mut server = server(conf, text, now)?;
    server.handle_timeout(now);
    while server.poll_output().is_some() {}
    // The journal, as it is while the server runs, and what that comes to at the next start.
    let journal = write(&server, RecordWriter::journal(server.config(), 1));
    let again = self::server(conf, &journal, now)?;
    let writer = RecordWriter::plain(again.config());
    Ok(write(&again, writer))
}

fn server(conf: &str, text: &[u8], now: Now) -> Result<Server, String> {
    let mut load = |name: &str| Err::<String, _>(format!("{name} is not to be included"));
    let parsed =
        conf::parse("dhcpd.conf", conf, &mut load).map_err(|wrong| format!("{wrong:?}"))?;
    let interface = Interface {
        name: "eth0".into(),
        index: 1,
        addresses: vec![(Ipv4Addr::new(10, 20, 0, 1), Ipv4Addr::new(255, 255, 0, 0))],
        mac: [2, 0, 0, 0, 0, 1],
    };
    let config = ServerConfig::from_conf(&parsed.config, &[interface]);
    let (config, _) = config.map_err(|wrong| format!("{wrong:?}"))?;
    let mut reader = Reader::new("dhcpd.leases", text);
    let mut wrong = None;
    let records = reader.by_ref().filter_map(|entry| match entry {
        Ok(entry) => {
            if let Some(warning) = entry.warnings.first() {
                wrong = Some(warning.to_string());
            }
            Some(entry.record)
        }
        Err(damage) => {
            wrong = Some(damage.to_string());
            None
        }
    });
    let seeds = Seeds { hash_key: [1, 2] };
    let server = Server::new(config, records, seeds, now).map_err(|error| error.to_string())?;
    if let Tail::Torn(damage) = reader.tail() {
        wrong = Some(damage.to_string());
    }
    wrong.map_or(Ok(server), Err)
}

/// The whole file, as the daemon writes it.
fn write(server: &Server, mut writer: RecordWriter) -> Vec<u8> {
    let mut out = Vec::new();
    writer.header("leasefiles", &mut out);
    for record in server.kept() {
        writer.kept(record, &mut out);
    }
    for record in server.records() {
        writer.record(&record, &mut out);
    }
    out
}

/// Keeps a file that failed, to be looked at.
pub(crate) fn keep(folder: &Path, name: &str, text: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path
}

/// A network namespace with the interface that the files' configuration is for.
#[derive(Debug)]
pub(crate) struct Place {
    namespace: Namespace,
    folder: PathBuf,
}

impl Place {
    /// Makes it; its files go into `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        let namespace = Namespace::new(&format!("dfo{}-leases", std::process::id()));
        namespace.ip("link add eth0 type veth peer name eth1");
        namespace.ip("addr add 10.20.0.1/16 dev eth0");
        namespace.ip("link set eth0 up");
        namespace.ip("link set eth1 up");
        Self {
            namespace,
            folder: folder.to_owned(),
        }
    }

    /// A file through a server that is started and, once it serves, stopped.
    ///
    /// # Errors
    /// The server's words, if it complains of the file or doesn't come up.
    pub(crate) fn through(&self, kind: Kind, conf: &Path, text: &[u8]) -> Result<Vec<u8>, String> {
        let leases = keep(&self.folder, "started.leases", text);
        // Whatever happens, it ends, and its log with it.
        let mut command = self.namespace.command("timeout");
        command
            .arg("20")
            .arg(kind.program())
            .args(["-4", "-f", "-d", "--no-pid", "-cf"])
            .arg(conf);
        command.arg("-lf").arg(&leases);
        match kind {
            Kind::Ours => command
                .arg("--control")
                .arg(self.folder.join("control.sock")),
            // Debian's would become another user, who may not write here.
            Kind::Isc => command.args(["-user", "root", "-group", "root"]),
        };
        command
            .arg("eth0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        let stderr = child.stderr.take().expect("it is piped");
        let mut said = String::new();
        let mut serves = false;
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            _ = writeln!(said, "{line}");
            if line.contains("Server starting service") {
                serves = true;
                _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM);
            }
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        if !serves || complains(&said) {
            return Err(format!("{kind:?} {status}:\n{said}"));
        }
        fs::read(&leases).map_err(|error| format!("{}: {error}", leases.display()))
    }
}
