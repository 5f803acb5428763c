//! The lease file: append and sync, and replace it as a whole.
//!
//! The file is never empty-handed: a replacement is complete and on disk before it takes the name, the file that it
//! replaces stays as `dhcpd.leases~`, and the directory is synced before anything is appended.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::{Gid, Uid, fchown};

/// Why the lease file can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// There is none. An empty file is right for a first start; a missing one may mean a failed rewrite.
    #[error(
        "Can't open lease database {0}: No such file or directory -- check for failed database rewrite attempt!\n\
         Please read the dhcpd.leases manual page if you\ndon't know what to do about this."
    )]
    Missing(PathBuf),
    /// Somebody could make us write elsewhere.
    #[error("Can't open lease database {0}: it is a symbolic link")]
    Symlink(PathBuf),
    /// Another process holds its lock.
    #[error(
        "There's already a DHCP server running: lease database {0} is locked by another process"
    )]
    Locked(PathBuf),
    /// Anything else.
    #[error("Can't open lease database {0}: {1}")]
    Io(PathBuf, io::Error),
}

/// The lease file, locked, open for appending.
#[derive(Debug)]
pub(crate) struct LeaseFile {
    path: PathBuf,
    directory: File,
    /// The lock is on the file itself, and a replacement is locked before it takes the name.
    file: Flock<File>,
}

/// A replacement that is being written.
#[derive(Debug)]
pub(crate) struct Replacement {
    file: Flock<File>,
    path: PathBuf,
}

/// Reads a lease file without locking it, for `-T`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, OpenError> {
    let mut text = Vec::new();
    open(path, false)?
        .read_to_end(&mut text)
        .map_err(|error| OpenError::Io(path.into(), error))?;
    Ok(text)
}

impl LeaseFile {
    /// Opens and locks the file and reads all of it.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<u8>), OpenError> {
        let failed = |error| OpenError::Io(path.into(), error);
        let file = open(path, true)?;
        let mut file = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(
            |(_, error)| match error {
                nix::Error::EWOULDBLOCK => OpenError::Locked(path.into()),
                error => failed(error.into()),
            },
        )?;
        // Replaced between opening and locking: whoever did that is running.
        let current = path.symlink_metadata().map_err(failed)?;
        if file.metadata().map_err(failed)?.ino() != current.ino() {
            return Err(OpenError::Locked(path.into()));
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let directory = File::open(parent.unwrap_or(Path::new("."))).map_err(failed)?;
        Ok((
            Self {
                path: path.into(),
                directory,
                file,
            },
            text,
        ))
    }

    /// Appends whole records and syncs them. After an error nothing is known about the file's end, and a second
    /// sync would say nothing either: the caller must end.
    pub(crate) fn append(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.write_all(text)?;
        self.file.sync_data()
    }

    /// Starts a replacement in a file of its own beside this one.
    pub(crate) fn replacement(&self, unix: u32) -> io::Result<Replacement> {
        let path = with_suffix(&self.path, &format!(".{unix}"));
        // A leftover of a rewrite that was cut short in this very second.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new()
            .append(true)
            .read(true)
            .create_new(true)
            .mode(0o644)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path)?;
        let owner = self.file.metadata()?;
        // Only root may give files away; anybody else's file already has the right owner.
        _ = fchown(
            file.as_fd(),
            Some(Uid::from_raw(owner.uid())),
            Some(Gid::from_raw(owner.gid())),
        );
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => Ok(Replacement { file, path }),
            Err((_, error)) => Err(error.into()),
        }
    }

    /// Puts a complete replacement in this file's place.
    pub(crate) fn replace(&mut self, replacement: Replacement) -> Result<(), ReplaceError> {
        replacement.file.sync_all().map_err(ReplaceError::Kept)?;
        let backup = with_suffix(&self.path, "~");
        match std::fs::remove_file(&backup) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ReplaceError::Kept(error));
            }
            _ => {}
        }
        std::fs::hard_link(&self.path, &backup).map_err(ReplaceError::Kept)?;
        std::fs::rename(&replacement.path, &self.path).map_err(ReplaceError::Kept)?;
        self.file = replacement.file;
        self.directory.sync_all().map_err(ReplaceError::Unknown)
    }

    /// Keeps the file as it is under another name too; returns that name.
    pub(crate) fn keep_aside(&self, unix: u32) -> io::Result<PathBuf> {
        let aside = with_suffix(&self.path, &format!(".corrupt.{unix}"));
        std::fs::hard_link(&self.path, &aside)?;
        self.directory.sync_all()?;
        Ok(aside)
    }

    /// Gives the file to the user that the server will run as.
    pub(crate) fn give_to(&self, user: Option<Uid>, group: Option<Gid>) -> io::Result<()> {
        Ok(fchown(self.file.as_fd(), user, group)?)
    }
}

/// A replacement that did not take place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplaceError {
    /// The old file is in place and in use.
    #[error("{0}")]
    Kept(io::Error),
    /// The new file has the name, but perhaps not after a crash: appending to it would promise too much.
    #[error("the lease file's directory can't be synced: {0}")]
    Unknown(io::Error),
}

impl Replacement {
    /// Adds records.
    pub(crate) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.write_all(text)
    }

    /// Syncs what was added, so that less is left to sync when it takes its place.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Gives it up.
    pub(crate) fn discard(self) {
        _ = std::fs::remove_file(&self.path); // a leftover does no harm
    }
}

fn open(path: &Path, write: bool) -> Result<File, OpenError> {
    OpenOptions::new()
        .read(true)
        .append(write)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)
        .map_err(
            |error| match error.raw_os_error().map(nix::Error::from_raw) {
                Some(nix::Error::ENOENT) => OpenError::Missing(path.into()),
                Some(nix::Error::ELOOP) => OpenError::Symlink(path.into()),
                _ => OpenError::Io(path.into(), error),
            },
        )
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that goes away with the test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!(
                "dhcp-failoverd-journal-{name}-{}",
                std::process::id()
            ));
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join("dhcpd.leases"), "# old\n").unwrap();
            Self(path)
        }

        fn leases(&self) -> PathBuf {
            self.0.join("dhcpd.leases")
        }

        fn text(&self) -> String {
            std::fs::read_to_string(self.leases()).unwrap()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn what_is_appended_is_there() {
        let dir = Scratch::new("append");
        let (mut file, text) = LeaseFile::open(&dir.leases()).unwrap();
        assert_eq!(text, b"# old\n");
        file.append(b"# new\n").unwrap();
        assert_eq!(dir.text(), "# old\n# new\n");
    }

    #[test]
    fn a_missing_file_is_not_made() {
        let dir = Scratch::new("missing");
        let path = dir.0.join("nofile");
        let error = LeaseFile::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Missing(_)));
        assert!(
            error
                .to_string()
                .contains("check for failed database rewrite attempt!")
        );
        assert!(!path.exists());
    }

    #[test]
    fn a_link_is_refused() {
        let dir = Scratch::new("symlink");
        let link = dir.0.join("link");
        std::os::unix::fs::symlink(dir.leases(), &link).unwrap();
        assert!(matches!(LeaseFile::open(&link), Err(OpenError::Symlink(_))));
        assert!(matches!(read(&link), Err(OpenError::Symlink(_))));
    }

    #[test]
    fn only_one_has_it_also_after_a_rewrite() {
        let dir = Scratch::new("lock");
        let (mut file, _) = LeaseFile::open(&dir.leases()).unwrap();
        assert!(matches!(
            LeaseFile::open(&dir.leases()),
            Err(OpenError::Locked(_))
        ));
        let replacement = file.replacement(1).unwrap();
        file.replace(replacement).unwrap();
        assert!(matches!(
            LeaseFile::open(&dir.leases()),
            Err(OpenError::Locked(_))
        ));
        assert_eq!(read(&dir.leases()).unwrap(), b"", "-T needs no lock");
        drop(file);
        LeaseFile::open(&dir.leases()).unwrap();
    }

    #[test]
    fn a_replacement_takes_the_name_and_leaves_the_old_one() {
        let dir = Scratch::new("replace");
        let (mut file, _) = LeaseFile::open(&dir.leases()).unwrap();
        for turn in ["one", "two"] {
            let mut replacement = file.replacement(7).unwrap();
            replacement.write(turn.as_bytes()).unwrap();
            let before = dir.text();
            file.replace(replacement).unwrap();
            file.append(b"+").unwrap();
            assert_eq!(dir.text(), format!("{turn}+"));
            assert_eq!(
                std::fs::read_to_string(dir.0.join("dhcpd.leases~")).unwrap(),
                before
            );
        }
        let names = std::fs::read_dir(&dir.0).unwrap().count();
        assert_eq!(names, 2, "no temporary file stays");
    }

    #[test]
    fn a_discarded_replacement_leaves_no_trace() {
        let dir = Scratch::new("discard");
        let (file, _) = LeaseFile::open(&dir.leases()).unwrap();
        // A rewrite that was cut short in the same second is no obstacle.
        std::fs::write(dir.0.join("dhcpd.leases.7"), "half").unwrap();
        let mut replacement = file.replacement(7).unwrap();
        replacement.write(b"half").unwrap();
        replacement.discard();
        assert_eq!(dir.text(), "# old\n");
        assert_eq!(std::fs::read_dir(&dir.0).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_kept() {
        let dir = Scratch::new("aside");
        let (file, _) = LeaseFile::open(&dir.leases()).unwrap();
        let aside = file.keep_aside(5).unwrap();
        assert_eq!(aside, dir.0.join("dhcpd.leases.corrupt.5"));
        assert_eq!(std::fs::read_to_string(aside).unwrap(), "# old\n");
    }
}
