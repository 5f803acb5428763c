//! The control socket: an operator asks, one JSON line each way.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::Path;
use std::task::{Context, Poll};
use std::time::Duration;

use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, chown, getegid, geteuid};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::report::Report;

/// Longest request, bytes: a relationship's name is at most 255.
const MAX_REQUEST: u64 = 4096;
/// Requests that may wait at one time; more connections are closed.
const MAX_WAITING: usize = 8;
/// How long an operator's program may take to say what it wants, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an operator may ask.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// How things are.
    Status,
    /// The partner is known to be down.
    PartnerDown {
        /// The relationship.
        name: String,
        /// Even though it is connected.
        #[serde(default)]
        force: bool,
    },
    /// Go into a state.
    SetState {
        /// The relationship.
        name: String,
        /// ISC's name of the state, or its number.
        state: String,
    },
}

/// What comes back.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// How things are.
    Status(Report),
    /// Done.
    Done,
    /// Not done, and why.
    Error(String),
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(crate) struct Asked {
    /// What is asked.
    pub(crate) request: Request,
    /// Where the answer goes.
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// Makes the socket, for its owner and group only, and the directory that it is in if there is none: the owner can then
/// take the socket away again, also after giving up the privileges of root.
pub(crate) fn bind(path: &Path, user: Option<Uid>, group: Option<Gid>) -> io::Result<StdListener> {
    if let Some(directory) = path.parent()
        && !directory.as_os_str().is_empty()
        && !directory.exists()
    {
        std::fs::create_dir(directory)?;
        chown(directory, user, group)?;
    }
    if StdStream::connect(path).is_ok() {
        return Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another server answers there",
        ));
    }
    match path.symlink_metadata() {
        Ok(found) if std::os::unix::fs::FileTypeExt::is_socket(&found.file_type()) => {
            std::fs::remove_file(path)?
        }
        Ok(_) => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "it is there and no socket",
            ));
        }
        Err(_) => {}
    }
    // Nobody else may connect in the moment before its mode is set.
    let before = umask(Mode::from_bits_truncate(0o177));
    let bound = StdListener::bind(path);
    umask(before);
    let listener = bound?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    chown(path, user, group)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The control socket in the runtime.
pub(crate) struct Admin {
    listener: Option<UnixListener>,
    sender: mpsc::Sender<Asked>,
    asked: mpsc::Receiver<Asked>,
    waiting: Vec<Asked>,
}

impl Admin {
    /// Takes the socket into the runtime; without one nobody ever asks.
    pub(crate) fn new(listener: Option<StdListener>) -> io::Result<Self> {
        let (sender, asked) = mpsc::channel(MAX_WAITING);
        let listener = listener.map(UnixListener::from_std).transpose()?;
        Ok(Self {
            listener,
            sender,
            asked,
            waiting: Vec::new(),
        })
    }

    /// Whether anybody can ask.
    pub(crate) fn has_socket(&self) -> bool {
        self.listener.is_some()
    }

    /// Ready when a request waits.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(Poll::Ready(Ok((stream, _)))) =
            self.listener.as_ref().map(|l| l.poll_accept(cx))
        {
            // A full house: the connection is dropped, and the program at its other end sees that.
            if let Ok(seat) = self.sender.clone().try_reserve_owned()
                && may_ask(&stream)
            {
                tokio::spawn(converse(stream, seat));
            }
        }
        while let Poll::Ready(Some(asked)) = self.asked.poll_recv(cx) {
            self.waiting.push(asked);
        }
        if self.waiting.is_empty() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// The requests that wait.
    pub(crate) fn take(&mut self) -> Vec<Asked> {
        std::mem::take(&mut self.waiting)
    }
}

/// Root, and whoever shares the server's user or group.
fn may_ask(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| {
        peer.uid() == 0 || peer.uid() == geteuid().as_raw() || peer.gid() == getegid().as_raw()
    })
}

async fn converse(mut stream: UnixStream, seat: mpsc::OwnedPermit<Asked>) {
    let (reader, mut writer) = stream.split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(MAX_REQUEST));
    let Ok(Ok(_)) = timeout(PATIENCE, reader.read_line(&mut line)).await else {
        return;
    };
    let answer = match serde_json::from_str(&line) {
        Ok(request) => {
            let (answer, answered) = oneshot::channel();
            seat.send(Asked { request, answer });
            match answered.await {
                Ok(answer) => answer,
                Err(_) => return, // the server is stopping
            }
        }
        Err(error) => Answer::Error(format!("no request that this server knows: {error}")),
    };
    let mut text = serde_json::to_vec(&answer).expect("an answer has only plain fields");
    text.push(b'\n');
    _ = timeout(PATIENCE, writer.write_all(&text)).await; // the asker is gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_as_they_stand_on_the_wire() {
        let read = |text| serde_json::from_str::<Request>(text);
        assert_eq!(read(r#"{"command":"status"}"#).unwrap(), Request::Status);
        let expected = Request::PartnerDown {
            name: "lab".into(),
            force: false,
        };
        assert_eq!(
            read(r#"{"command":"partner-down","name":"lab"}"#).unwrap(),
            expected
        );
        for wrong in [
            "",
            "{}",
            "[]",
            r#"{"command":"reboot"}"#,
            r#"{"command":"partner-down"}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_socket_is_for_owner_and_group_and_survives_a_crash() {
        let path =
            std::env::temp_dir().join(format!("dhcp-failoverd-admin-{}.sock", std::process::id()));
        drop(bind(&path, None, None).unwrap());
        let listener = bind(&path, None, None).expect("a dead server's socket is no obstacle");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o660);
        assert_eq!(
            bind(&path, None, None).unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
        drop(listener);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "precious").unwrap();
        assert_eq!(
            bind(&path, None, None).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        std::fs::remove_file(&path).unwrap();
    }
}
