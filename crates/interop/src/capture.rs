//! What passes between two servers, kept in a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::netns::Namespace;
use crate::wait::{until, wait_for};

/// dumpcap takes a moment to begin and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Length of a capture file's header: it is there when the capture has begun.
const HEADER: u64 = 24;

/// dumpcap on one interface, until it is stopped or dropped.
#[derive(Debug)]
pub struct Capture {
    process: Child,
    file: PathBuf,
}

impl Capture {
    /// Begins to write the TCP traffic of `ports` on `interface` of `namespace` to `file`, in pcap's format.
    ///
    /// # Panics
    ///
    /// dumpcap isn't installed, or can't capture there.
    pub fn start(namespace: &Namespace, interface: &str, ports: &[u16], file: &Path) -> Self {
        let filter = ports
            .iter()
            .map(|port| format!("tcp port {port}"))
            .collect::<Vec<_>>()
            .join(" or ");
        let mut command = namespace.command("dumpcap");
        command.args(["-q", "-P", "-i", interface, "-f", &filter, "-w"]);
        command.arg(file).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/test installs it"));
        let capture = Self {
            process,
            file: file.into(),
        };
        wait_for("dumpcap to begin", PATIENCE, || {
            fs::metadata(&capture.file).is_ok_and(|file| file.len() >= HEADER)
        });
        capture
    }

    /// Ends it and answers the file, which is complete then.
    ///
    /// # Panics
    ///
    /// dumpcap has died, or doesn't end.
    pub fn stop(mut self) -> PathBuf {
        // The kernel hands packets over in blocks.
        std::thread::sleep(Duration::from_millis(300));
        _ = kill(
            Pid::from_raw(self.process.id().cast_signed()),
            Signal::SIGINT,
        );
        let ended = until(PATIENCE, || self.process.try_wait().ok().flatten());
        assert!(
            ended.is_some_and(|status| status.success()),
            "dumpcap: {ended:?}"
        );
        self.file.clone()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
