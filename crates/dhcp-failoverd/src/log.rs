//! Log lines to syslog and stderr, never in the way of a packet.
//!
//! Lines are gathered in a buffer, handed over once per batch, and written by a thread of their own. When that
//! thread can't keep up, lines are dropped and counted: a slow log must not slow the service.

use std::fmt;
use std::io::Write as _;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Buffers on their way to the thread.
const BACKLOG: usize = 8;
/// Bytes gathered while the thread is busy; about ten thousand lines.
const MAX_GATHERED: usize = 1 << 20;
/// How long one line may keep the thread before syslog is given up for a while.
const PATIENCE: Duration = Duration::from_secs(1);
/// The name in front of each line: that of the server whose lines these are, since operators' filters go by it.
const TAG: &str = "dhcpd";
/// syslog's number of the facility `daemon`, dhcpd's default.
const DAEMON: u8 = 3;

/// Severity as syslog numbers it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Level {
    /// Something went wrong.
    Error = 3,
    /// What operators read.
    Info = 6,
    /// What they rarely do.
    Debug = 7,
}

impl From<dhcp4_server::Level> for Level {
    fn from(level: dhcp4_server::Level) -> Self {
        match level {
            dhcp4_server::Level::Error => Self::Error,
            dhcp4_server::Level::Info => Self::Info,
            dhcp4_server::Level::Debug => Self::Debug,
        }
    }
}

/// Where the program's lines go in.
pub(crate) struct Log {
    /// Gathered lines, each as one digit of severity, text, newline.
    gathered: Vec<u8>,
    dropped: u64,
    quiet: bool,
    outlet: Outlet,
    /// Neither stderr nor syslog takes anything at the moment: lines needn't even be made.
    deaf: Arc<AtomicBool>,
}

enum Outlet {
    /// While starting: written at once.
    Direct(Writer),
    /// Handed to the thread.
    Thread {
        lines: SyncSender<Vec<u8>>,
        thread: JoinHandle<()>,
    },
    /// Closed.
    Closed,
}

impl Log {
    /// A log as dhcpd has it while starting: on stderr and syslog, or with `debug` on stderr only. `quiet` keeps all but
    /// errors off stderr.
    pub(crate) fn new(quiet: bool, debug: bool) -> Self {
        let deaf = Arc::new(AtomicBool::new(false));
        Self {
            gathered: Vec::new(),
            dropped: 0,
            quiet,
            outlet: Outlet::Direct(Writer::new(debug, deaf.clone())),
            deaf,
        }
    }

    /// Sets syslog's facility by its name in `log-facility`; false if there is none of that name.
    pub(crate) fn set_facility(&mut self, name: &str) -> bool {
        let (Some(number), Outlet::Direct(writer)) = (facility(name), &mut self.outlet) else {
            return false;
        };
        writer.facility = number;
        true
    }

    /// The start is over: from here on lines go to one of the two only, and by the thread.
    pub(crate) fn start_thread(&mut self) -> std::io::Result<()> {
        self.flush();
        self.quiet = false;
        let Outlet::Direct(mut writer) = std::mem::replace(&mut self.outlet, Outlet::Closed) else {
            return Ok(());
        };
        writer.stderr = writer.debug;
        let (lines, taken) = sync_channel(BACKLOG);
        let thread = std::thread::Builder::new()
            .name("log".into())
            .spawn(move || writer.run(&taken))?;
        self.outlet = Outlet::Thread { lines, thread };
        Ok(())
    }

    /// Whether lines of this level go anywhere.
    pub(crate) fn takes(&self, level: Level) -> bool {
        level == Level::Error || !self.deaf.load(Ordering::Relaxed)
    }

    /// Adds a message; each of its lines becomes a line of the log.
    pub(crate) fn write(&mut self, level: Level, message: fmt::Arguments<'_>) {
        if !self.takes(level) {
            return;
        }
        if self.gathered.len() > MAX_GATHERED {
            self.dropped += 1;
            return;
        }
        let start = self.gathered.len();
        self.gathered.push(b'0' + level as u8);
        // Writing to a Vec can't fail; a Display that fails leaves what it wrote.
        _ = self.gathered.write_fmt(message);
        if self.gathered[start..].contains(&b'\n') {
            self.split(start, level);
        }
        self.gathered.push(b'\n');
        if matches!(self.outlet, Outlet::Direct(_)) {
            self.flush();
        }
    }

    /// Adds an informational message.
    pub(crate) fn info(&mut self, message: impl fmt::Display) {
        self.write(Level::Info, format_args!("{message}"));
    }

    /// Adds an error.
    pub(crate) fn error(&mut self, message: impl fmt::Display) {
        self.write(Level::Error, format_args!("{message}"));
    }

    /// Hands over what was gathered. Never waits.
    pub(crate) fn flush(&mut self) {
        if self.gathered.is_empty() {
            return;
        }
        let quiet = self.quiet;
        match &mut self.outlet {
            Outlet::Direct(writer) => {
                writer.write(&self.gathered, quiet);
                self.gathered.clear();
            }
            Outlet::Thread { lines, .. } => {
                match lines.try_send(std::mem::take(&mut self.gathered)) {
                    Ok(()) => self.tell_dropped(),
                    Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => {
                        self.gathered = back
                    }
                }
            }
            Outlet::Closed => self.gathered.clear(),
        }
    }

    /// To be called now and then: if lines go nowhere, syslog may have come back.
    pub(crate) fn look_for_syslog(&mut self) {
        if let (true, Outlet::Thread { lines, .. }) =
            (self.deaf.load(Ordering::Relaxed), &self.outlet)
        {
            _ = lines.try_send(Vec::new()); // full: it has enough to do
        }
    }

    /// Each newline inside a message starts a line of its own, with its own digit.
    fn split(&mut self, start: usize, level: Level) {
        let text = self.gathered.split_off(start);
        for (i, line) in text[1..].split(|b| *b == b'\n').enumerate() {
            if i > 0 {
                self.gathered.push(b'\n');
            }
            self.gathered.push(b'0' + level as u8);
            self.gathered.extend_from_slice(line);
        }
    }

    fn tell_dropped(&mut self) {
        if self.dropped > 0 {
            let dropped = std::mem::take(&mut self.dropped);
            self.error(format_args!(
                "{dropped} log lines dropped: the log is too slow"
            ));
        }
    }
}

impl Drop for Log {
    /// Waits until everything is written.
    fn drop(&mut self) {
        let gathered = std::mem::take(&mut self.gathered);
        match std::mem::replace(&mut self.outlet, Outlet::Closed) {
            Outlet::Direct(mut writer) => writer.write(&gathered, self.quiet),
            Outlet::Thread { lines, thread } => {
                _ = lines.send(gathered); // the thread only ends when the channel does
                drop(lines);
                _ = thread.join();
            }
            Outlet::Closed => {}
        }
    }
}

/// Writes lines to where they belong.
struct Writer {
    /// Whoever looks on reads stderr; nothing is written to syslog.
    debug: bool,
    stderr: bool,
    facility: u8,
    syslog: Option<UnixDatagram>,
    deaf: Arc<AtomicBool>,
}

impl Writer {
    fn new(debug: bool, deaf: Arc<AtomicBool>) -> Self {
        Self {
            debug,
            stderr: true,
            facility: DAEMON,
            syslog: None,
            deaf,
        }
    }

    fn run(mut self, lines: &Receiver<Vec<u8>>) {
        while let Ok(batch) = lines.recv() {
            self.write(&batch, false);
        }
    }

    fn write(&mut self, lines: &[u8], quiet: bool) {
        if self.syslog.is_none() && !self.debug {
            self.syslog = connect();
        }
        if self.stderr {
            let mut text = Vec::with_capacity(lines.len());
            for (level, line) in split(lines) {
                if !quiet || level <= b'0' + Level::Error as u8 {
                    text.extend_from_slice(line);
                    text.push(b'\n');
                }
            }
            _ = std::io::stderr().write_all(&text); // nobody is left to be told
        }
        self.write_syslog(lines);
        self.deaf
            .store(!self.stderr && self.syslog.is_none(), Ordering::Relaxed);
    }

    /// RFC 3164 without the time, which every syslog daemon adds by itself where it is missing.
    fn write_syslog(&mut self, lines: &[u8]) {
        let Some(socket) = &self.syslog else { return };
        let pid = std::process::id();
        let mut datagram = Vec::with_capacity(256);
        for (level, line) in split(lines) {
            if line.is_empty() {
                continue;
            }
            datagram.clear();
            let priority = self.facility * 8 + (level - b'0');
            _ = write!(datagram, "<{priority}>{TAG}[{pid}]: ");
            datagram.extend_from_slice(line);
            if socket.send(&datagram).is_err() {
                self.syslog = None;
                return;
            }
        }
    }
}

fn connect() -> Option<UnixDatagram> {
    let socket = UnixDatagram::unbound().ok()?;
    socket.set_write_timeout(Some(PATIENCE)).ok()?;
    socket.connect("/dev/log").ok()?;
    Some(socket)
}

/// Severity digit and text of each line.
fn split(lines: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    lines
        .split(|b| *b == b'\n')
        .filter_map(|line| line.split_first())
        .map(|(level, line)| (*level, line))
}

/// syslog's facilities, as dhcpd.conf(5) names them under `log-facility`.
fn facility(name: &str) -> Option<u8> {
    const NAMES: [&str; 24] = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
        "authpriv", "ftp", "ntp", "security", "console", "", "local0", "local1", "local2",
        "local3", "local4", "local5", "local6", "local7",
    ];
    let number = NAMES
        .iter()
        .position(|known| *known == name && !known.is_empty())?;
    u8::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered() -> Log {
        let mut log = Log::new(false, false);
        log.outlet = Outlet::Closed;
        log
    }

    #[test]
    fn each_line_of_a_message_carries_its_severity() {
        let mut log = gathered();
        log.error("a\nb");
        log.info("c");
        assert_eq!(log.gathered, b"3a\n3b\n6c\n");
        let lines: Vec<_> = split(&log.gathered).collect();
        assert_eq!(lines, [(b'3', &b"a"[..]), (b'3', b"b"), (b'6', b"c")]);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut log = gathered();
        log.gathered.resize(MAX_GATHERED + 1, b'x');
        log.info("lost");
        assert_eq!(log.dropped, 1);
        assert_eq!(log.gathered.len(), MAX_GATHERED + 1);
    }

    #[test]
    fn a_deaf_log_takes_errors_only() {
        let mut log = gathered();
        log.deaf.store(true, Ordering::Relaxed);
        log.info("nobody hears this");
        log.error("still tried");
        assert_eq!(log.gathered, b"3still tried\n");
    }

    #[test]
    fn facilities_by_name() {
        assert_eq!(facility("local7"), Some(23));
        assert_eq!(facility("daemon"), Some(DAEMON));
        assert_eq!(facility("nonsense"), None);
        assert_eq!(facility(""), None);
    }

    #[test]
    fn syslog_lines_have_priority_tag_and_pid() {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let mut writer = Writer::new(false, Arc::default());
        writer.syslog = Some(ours);
        writer.facility = 23;
        writer.write_syslog(b"6hello\n3bad\n");
        let mut buffer = [0; 128];
        let len = theirs.recv(&mut buffer).unwrap();
        let expected = format!("<190>dhcpd[{}]: hello", std::process::id());
        assert_eq!(buffer[..len], *expected.as_bytes());
        let len = theirs.recv(&mut buffer).unwrap();
        assert!(buffer[..len].starts_with(b"<187>dhcpd["));
    }
}
