//! From the command line to a running server, and from a stopped one to an exit code.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::net::Ipv4Addr;
use std::net::{SocketAddr, SocketAddrV4, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use dhcp4_server::journal::RecordWriter;
use dhcp4_server::{Interface, Record, Seeds, Server, ServerConfig};
use dhcpd_text::conf::{self, AddressOrName, Config};
use sd_notify::NotifyState;

use crate::admin::{self, Admin};
use crate::cli::{Options, Test, version};
use crate::clock;
use crate::daemon::{self, Identity, PidFile};
use crate::ddns::{self, Updater};
use crate::declared;
use crate::dhcp::{self, Dhcp, Ports};
use crate::icmp::Pinger;
use crate::journal::{self, LeaseFile};
use crate::log::Log;
use crate::net::devices;
use crate::omapi::{self, Omapi};
use crate::peer::{self, Ends, Peers};
use crate::programs::Programs;
use crate::replay;
use crate::rewrite;
use crate::run::{self, Daemon};
use crate::sync::Disk;

/// Text written at a time, bytes.
const PIECE: usize = 1 << 20;

/// Why there is no server: told to the operator, and the process fails.
type Fatal = Box<dyn std::error::Error>;

/// Serves, or tests the files.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut log = Log::new(options.quiet, options.debug);
    for line in [version().as_str(), "Live failover partner of ISC dhcpd."] {
        log.info(line);
    }
    let result = match options.test {
        Some(test) => check(options, test, &mut log),
        None => {
            Prepared::new(options, &mut log).and_then(|prepared| prepared.serve(options, &mut log))
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.error(format_args!("{error}\n\nexiting."));
            ExitCode::FAILURE
        }
    }
}

/// `-t` and `-T`.
fn check(options: &Options, test: Test, log: &mut Log) -> Result<(), Fatal> {
    let conf = read_conf(options, Names::Left, log)?;
    let config = configure(options, &conf, &[], log)?;
    if test == Test::Leases {
        let path = lease_path(options, &conf);
        let text = journal::read(&path)?;
        let name = path.display().to_string();
        let (_, damage) = replay::load(config, &name, &text, seeds()?, clock::now(), log)?;
        if damage.is_some() {
            return Err("Corrupt lease file".into());
        }
    }
    Ok(())
}

/// A server with all its sockets and files open, not yet in the background.
struct Prepared {
    server: Server,
    file: LeaseFile,
    text: RecordWriter,
    dhcp: dhcp::Opened,
    ends: Vec<Ends>,
    listeners: Vec<std::net::TcpListener>,
    pinger: Option<std::net::UdpSocket>,
    admin: Option<std::os::unix::net::UnixListener>,
    omapi: omapi::Opened,
    identity: Identity,
    pid: Option<PathBuf>,
}

impl Prepared {
    fn new(options: &Options, log: &mut Log) -> Result<Self, Fatal> {
        let identity = Identity::find(options.user.as_deref(), options.group.as_deref())?;
        let conf = read_conf(options, Names::LookedUp, log)?;
        let leases = lease_path(options, &conf);
        let pid = pid_path(options, &conf);
        if pid.as_deref().is_some_and(daemon::is_running) {
            return Err("There's already a DHCP server running.".into());
        }
        log.info(format_args!("Config file: {}", options.conf.display()));
        log.info(format_args!("Database file: {}", leases.display()));
        if let Some(pid) = &pid {
            log.info(format_args!("PID file: {}", pid.display()));
        }
        let (config, interfaces, broadcast) = interfaces(options, &conf, log)?;
        let ports = Ports {
            server: options.port.unwrap_or(config.server_port()),
            client: options.port.map_or(config.client_port(), |port| port + 1),
            reply_to: options.reply_to,
        };
        let ends = ends(&config);
        let (file, text) = LeaseFile::open(&leases)?;
        let server = load(config, &leases, &text, &file, log)?;
        drop(text);
        let dhcp = dhcp::open(&interfaces, broadcast, ports).map_err(|error| {
            format!(
                "Can't bind to dhcp address: {error}\nPlease make sure there is no other dhcp server\n\
                 running and that there's no entry for dhcp or\nbootp in /etc/inetd.conf.   Also make sure you\n\
                 are not running HP JetAdmin software, which\nincludes a bootp server."
            )
        })?;
        if let Some(error) = &dhcp.raw_error {
            log.error(format_args!(
                "no packet socket, only relayed and configured clients can be answered: {error}"
            ));
        }
        for interface in &interfaces {
            log.info(format_args!("Listening on {}", interface.name));
        }
        let listeners = peer::listen(&ends)?;
        let admin = admin::bind(&options.control, identity.user, identity.group)
            .map_err(|error| {
                log.error(format_args!(
                    "no control socket at {}: {error}",
                    options.control.display()
                ))
            })
            .ok();
        let omapi = omapi::Opened::new(&conf.server, log);
        let pinger = Pinger::open()
            .map_err(|error| log.error(format_args!("unable to create icmp socket: {error}")))
            .ok();
        let text = RecordWriter::journal(server.config(), 1);
        let mut prepared = Self {
            server,
            file,
            text,
            dhcp,
            ends,
            listeners,
            pinger,
            admin,
            omapi,
            identity,
            pid,
        };
        prepared.rewrite(log)?;
        Ok(prepared)
    }

    /// The lease file is written anew at each start, as dhcpd does: without what was overwritten, and without a torn
    /// record at its end.
    fn rewrite(&mut self, log: &mut Log) -> Result<(), Fatal> {
        self.file.give_to(self.identity.user, self.identity.group)?;
        let leases = write_all(&mut self.file, &self.server, &mut self.text)?;
        log.info(format_args!("Wrote {leases} leases to leases file."));
        Ok(())
    }

    /// Serves until told to stop.
    fn serve(self, options: &Options, log: &mut Log) -> Result<(), Fatal> {
        if !options.foreground {
            daemon::detach()?;
        }
        let _pid = self.pid.as_deref().map(PidFile::write).transpose()?;
        self.identity.assume()?;
        log.start_thread()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let _entered = runtime.enter();
        let ddns = Updater::new(self.server.config());
        let mut daemon = Daemon {
            server: self.server,
            log,
            dhcp: Dhcp::new(self.dhcp)?,
            peers: Peers::new(self.ends, self.listeners)?,
            pinger: self.pinger.map(Pinger::new).transpose()?,
            admin: Admin::new(self.admin)?,
            omapi: Omapi::new(self.omapi, clock::now().mono)?,
            ddns,
            programs: Programs::default(),
            disk: Disk::start(self.file)?,
            text: self.text,
        };
        daemon.log.info("Server starting service.");
        daemon.log.flush();
        _ = sd_notify::notify(&[NotifyState::Ready]); // nobody may be listening
        let result = runtime.block_on(run::run(&mut daemon));
        _ = sd_notify::notify(&[NotifyState::Stopping]);
        if daemon.admin.has_socket() {
            _ = fs::remove_file(&options.control); // a stale one is no obstacle
        }
        result?;
        let mut file = daemon.disk.stop();
        let mut plain = RecordWriter::plain(daemon.server.config());
        write_all(&mut file, &daemon.server, &mut plain).map_err(|error| {
            format!("can't leave a plain lease database, but it is complete: {error}")
        })?;
        Ok(())
    }
}

/// Writes the lease file anew from the table.
fn write_all(file: &mut LeaseFile, server: &Server, text: &mut RecordWriter) -> Result<u64, Fatal> {
    let mut replacement = file.replacement(clock::now().unix.0)?;
    let mut piece = Vec::with_capacity(PIECE + 4096);
    let mut leases = 0;
    rewrite::head(text, server, &mut piece);
    for record in server.records() {
        if let Record::Binding(..) = record {
            text.record(&record, &mut piece);
            leases += 1;
        }
        if piece.len() > PIECE {
            replacement.write(&piece)?;
            piece.clear();
        }
    }
    replacement.write(&piece)?;
    file.replace(replacement)?;
    Ok(leases)
}

/// The server with the leases of its file. A damaged file is kept, since the rewrite that follows replaces it.
fn load(
    config: ServerConfig,
    path: &Path,
    text: &[u8],
    file: &LeaseFile,
    log: &mut Log,
) -> Result<Server, Fatal> {
    let now = clock::now();
    let (server, damage) = replay::load(
        config,
        &path.display().to_string(),
        text,
        seeds()?,
        now,
        log,
    )?;
    if damage.is_some() {
        let aside = file.keep_aside(now.unix.0)?;
        log.error(format_args!(
            "Corrupt lease file - possible data loss! It is kept as {}.",
            aside.display()
        ));
    }
    Ok(server)
}

/// What is done with host names in the configuration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// They are looked up, which may take a while.
    LookedUp,
    /// As dhcpd's test of the configuration does.
    Left,
}

fn read_conf(options: &Options, names: Names, log: &mut Log) -> Result<Config, Fatal> {
    let name = options.conf.display().to_string();
    let text =
        fs::read(&options.conf).map_err(|error| format!("Can't open {name}: {}", plain(&error)))?;
    let mut load = |name: &str| fs::read(name).map_err(|error| plain(&error));
    let mut known: BTreeMap<String, Vec<Ipv4Addr>> = BTreeMap::new();
    let mut look_up = |name: &str| {
        (names == Names::LookedUp).then(|| {
            let addresses = known
                .entry(name.to_owned())
                .or_insert_with(|| resolve(name));
            addresses.clone()
        })
    };
    let mut conf = match conf::parse_with_names(&name, &text, &mut load, &mut look_up) {
        Ok(parsed) => {
            parsed.warnings.iter().for_each(|warning| log.info(warning));
            parsed.config
        }
        Err(diagnostics) => {
            diagnostics
                .iter()
                .for_each(|diagnostic| log.error(diagnostic));
            return Err("Configuration file errors encountered -- exiting".into());
        }
    };
    if options.test != Some(Test::Configuration) {
        let leases = lease_path(options, &conf);
        conf = declared::add(conf, (&name, &text), &leases, &mut look_up, log);
    }
    if let Some(facility) = &conf.server.log_facility
        && !log.set_facility(facility)
    {
        log.error(format_args!(
            "unknown log facility {facility}, logging to daemon"
        ));
    }
    look_up_peers(&mut conf, names)?;
    Ok(conf)
}

/// dhcpd's words for a system error, without Rust's number.
pub(crate) fn plain(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(
        || error.to_string(),
        |code| nix::Error::from_raw(code).desc().into(),
    )
}

/// Failover addresses may be names; they are looked up once, at the start. For a test of the configuration they are
/// addresses that nobody has (RFC 5737).
fn look_up_peers(conf: &mut Config, names: Names) -> Result<(), Fatal> {
    let mut stand_ins = (1..255).map(|n| Ipv4Addr::new(192, 0, 2, n));
    for peer in &mut conf.failover_peers {
        for address in peer.address.iter_mut().chain([&mut peer.peer_address]) {
            let AddressOrName::Name(name) = &*address else {
                continue;
            };
            let found = match names {
                Names::LookedUp => resolve(name).first().copied(),
                Names::Left => stand_ins.next(),
            };
            let unknown = || format!("failover peer {}: {name}: host unknown", peer.name);
            *address = AddressOrName::Address(found.ok_or_else(unknown)?);
        }
    }
    Ok(())
}

/// The IPv4 addresses of a host name, each once.
pub(crate) fn resolve(name: &str) -> Vec<Ipv4Addr> {
    let addresses = (name, 0).to_socket_addrs().into_iter().flatten();
    let addresses = addresses.filter_map(|address| match address {
        SocketAddr::V4(address) => Some(*address.ip()),
        SocketAddr::V6(_) => None,
    });
    let mut seen = Vec::new();
    for address in addresses {
        if !seen.contains(&address) {
            seen.push(address);
        }
    }
    seen
}

fn configure(
    options: &Options,
    conf: &Config,
    interfaces: &[Interface],
    log: &mut Log,
) -> Result<ServerConfig, Fatal> {
    match ServerConfig::from_conf(conf, interfaces) {
        Ok((mut config, warnings)) => {
            warnings.iter().for_each(|warning| log.info(warning));
            config.start_with(options.wait_for_contact, options.trust_clock);
            ddns::check(&config)?;
            if let Ok(name) = fs::read_to_string("/proc/sys/kernel/hostname") {
                config.set_host_name(name.trim_end().as_bytes());
            }
            Ok(config)
        }
        Err(errors) => {
            errors.iter().for_each(|error| log.error(error));
            Err("Configuration file errors encountered -- exiting".into())
        }
    }
}

/// The configuration for the interfaces that are served, those, and whether any carries broadcasts.
fn interfaces(
    options: &Options,
    conf: &Config,
    log: &mut Log,
) -> Result<(ServerConfig, Vec<Interface>, bool), Fatal> {
    let mut devices = devices(&options.interfaces)?;
    let all: Vec<Interface> = devices
        .iter()
        .map(|device| device.interface.clone())
        .collect();
    let config = configure(options, conf, &all, log)?;
    devices.retain(|device| config.serves_interface(device.interface.index));
    if devices.is_empty() {
        return Err("Not configured to listen on any interfaces!".into());
    }
    let broadcast = devices.iter().any(|device| device.broadcast);
    Ok((
        config,
        devices.into_iter().map(|device| device.interface).collect(),
        broadcast,
    ))
}

fn ends(config: &ServerConfig) -> Vec<Ends> {
    config
        .relationships()
        .map(|link| Ends {
            local: SocketAddrV4::new(link.address.unwrap_or(Ipv4Addr::UNSPECIFIED), link.port),
            partner: SocketAddrV4::new(link.peer_address, link.peer_port),
        })
        .collect()
}

fn lease_path(options: &Options, conf: &Config) -> PathBuf {
    let named = conf.server.lease_file_name.as_ref().map(PathBuf::from);
    options
        .leases
        .clone()
        .or(named)
        .unwrap_or_else(|| "/var/lib/dhcp/dhcpd.leases".into())
}

fn pid_path(options: &Options, conf: &Config) -> Option<PathBuf> {
    let named = conf.server.pid_file_name.as_ref().map(PathBuf::from);
    let path = options
        .pid
        .clone()
        .or(named)
        .unwrap_or_else(|| "/var/run/dhcpd.pid".into());
    (!options.no_pid).then_some(path)
}

/// From the kernel's random numbers.
fn seeds() -> io::Result<Seeds> {
    let mut bytes = [[0; 8]; 2];
    fs::File::open("/dev/urandom")?.read_exact(bytes.as_flattened_mut())?;
    Ok(Seeds {
        hash_key: bytes.map(u64::from_ne_bytes),
    })
}
