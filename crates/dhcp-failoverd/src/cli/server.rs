//! dhcpd's own flags.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use super::ask::CONTROL;
use super::{Invocation, USAGE, UsageError, version};

/// What to test instead of serving.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Test {
    /// `-t`: the configuration.
    Configuration,
    /// `-T`: the lease file too.
    Leases,
}

/// dhcpd's options.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Options {
    /// `-p`: port of the server; clients are at the next one. Without it the configuration says, or RFC 2131.
    pub(crate) port: Option<u16>,
    /// `-cf`.
    pub(crate) conf: PathBuf,
    /// `-lf`.
    pub(crate) leases: Option<PathBuf>,
    /// `-pf`.
    pub(crate) pid: Option<PathBuf>,
    /// `--no-pid`: neither look for a pid file nor write one.
    pub(crate) no_pid: bool,
    /// `--control`, or beside the pid file or the lease file when those are given.
    pub(crate) control: PathBuf,
    /// `--wait-for-contact`: restarted out of contact, serve nobody before the partner or the operator speaks.
    pub(crate) wait_for_contact: bool,
    /// `--trust-clock`: serve although the lease file is newer than the clock.
    pub(crate) trust_clock: bool,
    /// `-f` or `-d`: stay in the foreground.
    pub(crate) foreground: bool,
    /// `-d`: log to stderr too.
    pub(crate) debug: bool,
    /// `-q`: no banner on stderr.
    pub(crate) quiet: bool,
    /// `-t`, `-T`.
    pub(crate) test: Option<Test>,
    /// `-user`.
    pub(crate) user: Option<String>,
    /// `-group`.
    pub(crate) group: Option<String>,
    /// `-s`: where replies go instead of to the broadcast address.
    pub(crate) reply_to: Option<Ipv4Addr>,
    /// Interfaces to serve; all that have a subnet if empty.
    pub(crate) interfaces: Vec<String>,
}

/// Reads the words of a server's command line.
pub(super) fn parse(words: Vec<String>) -> Result<Invocation, UsageError> {
    let (mut port, mut test) = (None, None);
    let (mut conf, mut leases, mut pid, mut control) = (None, None, None, None);
    let (mut no_pid, mut foreground, mut debug, mut quiet) = (false, false, false, false);
    let (mut user, mut group, mut reply_to) = (None, None, None);
    let (mut wait_for_contact, mut trust_clock) = (false, false);
    let mut interfaces = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or_else(|| UsageError::NoValue(word.clone()))
        };
        match word.as_str() {
            "-4" => {}
            "-f" => foreground = true,
            "-d" => debug = true,
            "-q" => quiet = true,
            "-t" => test = Some(Test::Configuration),
            "-T" => test = Some(Test::Leases),
            "-p" => port = Some(parse_port(&value()?)?),
            "-cf" => conf = Some(PathBuf::from(value()?)),
            "-lf" => leases = Some(PathBuf::from(value()?)),
            "-pf" => pid = Some(PathBuf::from(value()?)),
            "--no-pid" => no_pid = true,
            "--control" => control = Some(PathBuf::from(value()?)),
            "--wait-for-contact" => wait_for_contact = true,
            "--trust-clock" => trust_clock = true,
            "-user" => user = Some(value()?),
            "-group" => group = Some(value()?),
            "-s" => reply_to = Some(parse_address(&value()?)?),
            "--version" => return Ok(Invocation::Print(version())),
            "--help" | "-h" => return Ok(Invocation::Print(format!("{}\n{USAGE}", version()))),
            other => match unsupported(other) {
                Some(refusal) => return Err(refusal),
                None if other.starts_with('-') => return Err(UsageError::Unknown(word)),
                None => interfaces.push(word),
            },
        }
    }
    Ok(Invocation::Serve(Options {
        port,
        control: control.unwrap_or_else(|| default_control(pid.as_deref(), leases.as_deref())),
        conf: conf.unwrap_or_else(|| "/etc/dhcp/dhcpd.conf".into()),
        leases,
        pid,
        no_pid,
        wait_for_contact,
        trust_clock,
        foreground: foreground || debug,
        debug,
        quiet,
        test,
        user,
        group,
        reply_to,
        interfaces,
    }))
}

/// Options of dhcpd that would be wrong to ignore.
fn unsupported(word: &str) -> Option<UsageError> {
    let (option, why) = match word {
        "-6" => ("-6", "this is a DHCPv4 server; run dhcpd or Kea for DHCPv6"),
        "-4o6" => ("-4o6", "DHCPv4 over DHCPv6 (RFC 7341) is not implemented"),
        "-chroot" => (
            "-chroot",
            "use RootDirectory= or ProtectSystem= of the service manager",
        ),
        "-tf" => (
            "-tf",
            "trace files are dhcpd's own format; capture packets with tcpdump instead",
        ),
        "-play" => ("-play", "trace files are dhcpd's own format"),
        _ => return None,
    };
    Some(UsageError::Unsupported(option, why))
}

fn parse_port(word: &str) -> Result<u16, UsageError> {
    match word.parse::<u64>() {
        // The clients' port is the next one.
        Ok(port @ 1..=65534) => Ok(port as u16),
        Ok(_) => Err(UsageError::BadValue(
            "Port number specified is out of range (1-65534).".into(),
        )),
        Err(_) => Err(UsageError::BadValue(format!(
            "Invalid port number specification: {word}"
        ))),
    }
}

fn parse_address(word: &str) -> Result<Ipv4Addr, UsageError> {
    word.parse()
        .map_err(|_| UsageError::BadValue(format!("{word}: an IPv4 address is expected behind -s")))
}

/// Two servers on one machine have different pid or lease files, and so different sockets.
fn default_control(pid: Option<&Path>, leases: Option<&Path>) -> PathBuf {
    match (pid, leases) {
        (Some(pid), _) => pid.with_extension("sock"),
        (None, Some(leases)) => {
            let mut path = leases.as_os_str().to_owned();
            path.push(".sock");
            path.into()
        }
        (None, None) => CONTROL.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::cli;

    fn options(line: &str) -> Options {
        match cli::parse(line.split_whitespace().map(OsString::from).collect()) {
            Ok(Invocation::Serve(options)) => options,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn refused(line: &str) -> String {
        cli::parse(line.split_whitespace().map(OsString::from).collect())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn no_words_are_dhcpds_defaults() {
        let o = options("");
        assert_eq!(
            (o.port, o.foreground, o.debug, o.quiet, o.test),
            (None, false, false, false, None)
        );
        assert_eq!(o.conf, Path::new("/etc/dhcp/dhcpd.conf"));
        assert_eq!((o.leases, o.pid, o.no_pid), (None, None, false));
        assert_eq!(o.control, Path::new(CONTROL));
    }

    #[test]
    fn the_line_of_a_service_file() {
        let o = options(
            "-4 -q -p 6767 -cf /c -lf /l -pf /p.pid -user dhcpd -group dhcp -s 10.0.0.1 eth0 eth1",
        );
        assert_eq!((o.port, o.quiet), (Some(6767), true));
        assert_eq!(
            (o.user.as_deref(), o.group.as_deref()),
            (Some("dhcpd"), Some("dhcp"))
        );
        assert_eq!(o.reply_to, Some(Ipv4Addr::new(10, 0, 0, 1)));
        assert_eq!(o.interfaces, ["eth0", "eth1"]);
        assert_eq!(o.control, Path::new("/p.sock"));
    }

    #[test]
    fn d_implies_f() {
        let o = options("-d --no-pid -lf /x/dhcpd.leases");
        assert!(o.foreground && o.debug);
        assert!(o.no_pid);
        assert_eq!(o.control, Path::new("/x/dhcpd.leases.sock"));
    }

    #[test]
    fn the_last_test_flag_wins() {
        assert_eq!(options("-t").test, Some(Test::Configuration));
        assert_eq!(options("-t -T").test, Some(Test::Leases));
    }

    #[test]
    fn wrong_lines_say_why() {
        assert_eq!(refused("-bogus"), "Unknown command -bogus");
        assert_eq!(refused("-cf"), "No argument for command: -cf");
        assert_eq!(refused("-p x"), "Invalid port number specification: x");
        assert!(refused("-p 65535").contains("out of range"));
        assert!(refused("-p 0").contains("out of range"));
        assert!(refused("-s example.org").contains("IPv4 address"));
        for flag in ["-6", "-4o6 547", "-chroot /x", "-tf x", "-play x"] {
            assert!(refused(flag).contains("not supported"), "{flag}");
        }
    }
}
