//! Everything that takes part, kept going while the story waits for something.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use super::conf::{End, PEER};
use super::crowd::Crowd;
use super::member::Member;
use super::relay::Relay;
use super::screen::{Frame, Screen, ServerView};

/// Index of the primary among the members.
pub(super) const PRIMARY: usize = 0;
/// Index of the secondary.
pub(super) const SECONDARY: usize = 1;

/// Their failover addresses and server identifiers.
const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
/// How long everybody rests between two rounds.
const ROUND: Duration = Duration::from_millis(1);
/// How often servers' logs are read.
const LISTEN: Duration = Duration::from_millis(20);
/// How often the picture is drawn.
const DRAW: Duration = Duration::from_millis(100);
/// The demo is over by then, well or not.
const END: Duration = Duration::from_secs(55);
/// Lines of each log that are shown when something went wrong.
const LAST_WORDS: usize = 8;

/// Why the story can't go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Somebody wants it to stop.
    #[error("interrupted")]
    Interrupted,
    /// Something took longer than it may.
    #[error("after {0} s still not: {1}")]
    Overdue(u64, &'static str),
    /// A server ended by itself.
    #[error("the {0} ended by itself: {1}")]
    Ended(&'static str, ExitStatus),
    /// The operator's command failed.
    #[error("`{0}` failed: {1}")]
    Command(String, String),
    /// Something that the machine didn't allow.
    #[error("{0}: {1}")]
    Io(&'static str, io::Error),
}

/// What an error of the machine was about.
fn during(what: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure::Io(what, error)
}

/// The servers, the clients, the screen and the clock.
pub(super) struct Stage {
    pub(super) members: [Member; 2],
    pub(super) crowd: Crowd,
    pub(super) screen: Screen,
    interrupted: Receiver<()>,
    start: Instant,
    clients: usize,
    next_listen: Duration,
    next_draw: Duration,
}

impl Stage {
    /// Everything in its place, nothing running. The servers' files go into the directory.
    pub(super) fn set(dir: &Path, clients: usize) -> Result<Self, Failure> {
        let interrupted = catch_signals().map_err(during("signals"))?;
        let relay = Relay::new(&ADDRESSES).map_err(during("the relay's sockets"))?;
        let ends = ends().map_err(during("ports for failover"))?;
        let member = |i: usize| {
            Member::new(dir, i == PRIMARY, ends[i], ends[1 - i], relay.port(i))
                .map_err(during("the servers' files"))
        };
        Ok(Self {
            members: [member(PRIMARY)?, member(SECONDARY)?],
            crowd: Crowd::new(relay),
            screen: Screen::new(),
            interrupted,
            start: Instant::now(),
            clients,
            next_listen: Duration::ZERO,
            next_draw: Duration::ZERO,
        })
    }

    /// Time since the beginning.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Starts a server.
    pub(super) fn start(&mut self, member: usize) -> Result<(), Failure> {
        self.members[member]
            .start()
            .map_err(during("starting a server"))
    }

    /// Keeps everything going until something is so.
    pub(super) fn until(
        &mut self,
        what: &'static str,
        limit: Duration,
        is_so: impl Fn(&Self) -> bool,
    ) -> Result<(), Failure> {
        let deadline = self.now() + limit;
        while !is_so(self) {
            if self.now() > deadline.min(END) {
                return Err(Failure::Overdue(limit.as_secs(), what));
            }
            self.round()?;
        }
        Ok(())
    }

    /// Keeps everything going for a while.
    pub(super) fn pass(&mut self, time: Duration) -> Result<(), Failure> {
        let end = self.now() + time;
        while self.now() < end {
            self.round()?;
        }
        Ok(())
    }

    /// Whether both servers say that they are in NORMAL and linked.
    pub(super) fn both_normal(&self) -> bool {
        let is_normal = |member: &Member| {
            member
                .relationship()
                .is_some_and(|r| r.connected && r.state == "normal" && r.partner_state == "normal")
        };
        self.members.iter().all(is_normal)
    }

    /// Leases that a server knows of.
    pub(super) fn known(&self, member: usize) -> u32 {
        let report = self.members[member].report();
        report.map_or(0, |report| {
            report.pools.iter().map(|pool| pool.active).sum()
        })
    }

    /// Declares a server's partner down, by the operator's own command; gives that command.
    pub(super) fn partner_down(&mut self, member: usize) -> Result<String, Failure> {
        let control = self.members[member].control();
        let shown = format!(
            "dhcp-failoverd partner-down {PEER} --control {}",
            control.display()
        );
        let program = std::env::current_exe().map_err(during("the program's path"))?;
        let mut child = Command::new(program)
            .args(["partner-down", PEER, "--control"])
            .arg(control)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(during("partner-down"))?;
        // It gives up by itself after a few seconds, and the clients go on meanwhile.
        while child.try_wait().map_err(during("partner-down"))?.is_none() {
            self.round().inspect_err(|_| _ = child.kill())?;
        }
        let output = child.wait_with_output().map_err(during("partner-down"))?;
        if output.status.success() {
            return Ok(shown);
        }
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Failure::Command(shown, why))
    }

    /// The last lines of both logs.
    pub(super) fn last_words(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for member in &self.members {
            lines.push(format!("The last lines of the {}'s log:", member.role));
            let words = member.last_words(LAST_WORDS);
            lines.extend(words.iter().map(|line| format!("  {line}")));
        }
        lines
    }

    /// One round: everybody does what is due.
    fn round(&mut self) -> Result<(), Failure> {
        if self.interrupted.try_recv().is_ok() {
            return Err(Failure::Interrupted);
        }
        self.crowd
            .tick(self.start.elapsed())
            .map_err(during("the relay"))?;
        let now = self.now();
        if now >= self.next_listen {
            self.next_listen = now + LISTEN;
            self.listen()?;
        }
        if now >= self.next_draw {
            self.next_draw = now + DRAW;
            self.screen.show(self.frame(now));
        }
        thread::sleep(ROUND);
        Ok(())
    }

    fn listen(&mut self) -> Result<(), Failure> {
        let now = self.now();
        for member in &mut self.members {
            let moves = member.listen().map_err(during("a server's log"))?;
            for (from, to) in moves {
                self.screen.moved(now, member.role, &from, &to);
            }
            if let Some(status) = member.ended().map_err(during("a server's end"))? {
                return Err(Failure::Ended(member.role, status));
            }
        }
        Ok(())
    }

    fn frame(&self, now: Duration) -> Frame {
        let server = |i: usize| {
            let member = &self.members[i];
            let pool = member.report().and_then(|report| report.pools.first());
            let own = |free, backup| if i == PRIMARY { free } else { backup };
            ServerView {
                role: member.role,
                state: member.state(),
                clients: self.crowd.served_by(member.end.address),
                own_free: pool.map(|pool| own(pool.free, pool.backup)),
                known: pool.map(|pool| pool.active),
            }
        };
        Frame {
            at: now,
            servers: [server(PRIMARY), server(SECONDARY)],
            clients: self.clients,
            waiting: self.crowd.waiting(now),
            longest_wait: self.crowd.longest_wait(),
            doras_per_second: self.crowd.doras_per_second(),
            extended: self.crowd.extended(),
            lost: self.crowd.lost().len(),
            held_twice: self.crowd.ledger().held_twice(),
        }
    }
}

/// From here on the signals that end a program are told instead of obeyed, so that no server is left behind.
fn catch_signals() -> io::Result<Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let mut signals = {
        let _entered = runtime.enter();
        kinds
            .map(signal)
            .into_iter()
            .collect::<io::Result<Vec<_>>>()?
    };
    let (sender, receiver) = channel();
    thread::spawn(move || {
        runtime.block_on(poll_fn(|cx| {
            let mut came = signals.iter_mut().map(|signal| signal.poll_recv(cx));
            if came.any(|came| came.is_ready()) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        sender.send(()) // an error: the demo is over
    });
    Ok(receiver)
}

/// Where the servers speak failover: ports that are free at the moment.
fn ends() -> io::Result<[End; 2]> {
    let end = |address: Ipv4Addr| {
        let port = TcpListener::bind((address, 0))?.local_addr()?.port();
        Ok::<_, io::Error>(End { address, port })
    };
    Ok([end(ADDRESSES[PRIMARY])?, end(ADDRESSES[SECONDARY])?])
}

/// A directory for the servers' files, of this user only.
pub(super) fn directory() -> io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let temp = std::env::temp_dir();
    for attempt in 0..100 {
        let dir = temp.join(format!(
            "dhcp-failoverd-demo-{}-{attempt}",
            std::process::id()
        ));
        match std::fs::DirBuilder::new().mode(0o700).create(&dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| dir),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
