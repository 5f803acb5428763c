//! Being a daemon: pid file, background, another user.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::signal::kill;
use nix::unistd::{Gid, Group, Pid, Uid, User, setgid, setgroups, setuid};

/// The user and group to run as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Identity {
    /// `-user`.
    pub(crate) user: Option<Uid>,
    /// `-group`, or the user's own.
    pub(crate) group: Option<Gid>,
}

impl Identity {
    /// Looks the names up.
    pub(crate) fn find(user: Option<&str>, group: Option<&str>) -> io::Result<Self> {
        let missing = |what: &str, name: &str| {
            io::Error::new(io::ErrorKind::NotFound, format!("no such {what}: {name}"))
        };
        let mut identity = Self::default();
        if let Some(name) = user {
            let user = User::from_name(name)?.ok_or_else(|| missing("user", name))?;
            identity.user = Some(user.uid);
            identity.group = Some(user.gid);
        }
        if let Some(name) = group {
            let group = Group::from_name(name)?.ok_or_else(|| missing("group", name))?;
            identity.group = Some(group.gid);
        }
        Ok(identity)
    }

    /// Becomes it, for good. Sockets that need privileges are open by now.
    pub(crate) fn assume(self) -> io::Result<()> {
        if let Some(group) = self.group {
            if Uid::effective().is_root() {
                setgroups(&[group])?;
            }
            setgid(group)?;
        }
        if let Some(user) = self.user {
            setuid(user)?;
        }
        Ok(())
    }
}

/// Whether the process that a pid file names is running, other than this one.
pub(crate) fn is_running(pid_file: &Path) -> bool {
    let Some(pid) = fs::read_to_string(pid_file)
        .ok()
        .and_then(|text| text.trim().parse::<i32>().ok())
    else {
        return false;
    };
    // Not 0 or below: those stand for groups of processes. EPERM: it runs, as somebody else.
    pid > 0
        && Pid::from_raw(pid) != Pid::this()
        && kill(Pid::from_raw(pid), None) != Err(nix::Error::ESRCH)
}

/// Leaves the terminal and goes on in the background. Must come before the first thread.
pub(crate) fn detach() -> io::Result<()> {
    Ok(nix::unistd::daemon(true, false)?)
}

/// A written pid file, removed at the end.
#[derive(Debug)]
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    /// Writes this process's id.
    pub(crate) fn write(path: &Path) -> io::Result<Self> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o644)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(path)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self(path.into()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // A server that gave up its privileges may not be allowed to; a stale file is no obstacle.
        _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_nobody_has() {
        let error = Identity::find(Some("nosuchuser"), None).unwrap_err();
        assert_eq!(error.to_string(), "no such user: nosuchuser");
        let error = Identity::find(None, Some("nosuchgroup")).unwrap_err();
        assert_eq!(error.to_string(), "no such group: nosuchgroup");
        assert_eq!(Identity::find(None, None).unwrap(), Identity::default());
    }

    #[test]
    fn a_pid_file_tells_who_runs() {
        let path = std::env::temp_dir().join(format!("dhcp-failoverd-{}.pid", std::process::id()));
        assert!(!is_running(&path), "no file");
        let written = PidFile::write(&path).unwrap();
        assert!(!is_running(&path), "this process is not another one");
        fs::write(&path, "1\n").unwrap();
        assert!(is_running(&path));
        for text in ["", "nonsense", "-1", "0", "2147483647"] {
            fs::write(&path, text).unwrap();
            assert!(!is_running(&path), "{text:?}");
        }
        drop(written);
        assert!(!path.exists());
    }
}
