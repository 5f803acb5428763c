//! A machine on which the runbook's commands are run as they are: dhcpd's folders are those of a lab's server, and
//! `systemctl` and `journalctl` are stand-ins that know that server.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use interop::{Kind, Server, binary};
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::runbook::Command;

/// Longest that one command may take: the wait for NORMAL is one.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// `ip netns exec` has made a mount namespace, so these mounts are seen by nobody else.
const PRELUDE: &str = r#"
set -eu
for folder in /etc/dhcp /var/lib/dhcp /run/dhcp-failoverd; do
    mkdir -p "$folder"
    mount --bind "$FILES" "$folder"
done
mkdir -p /var/backups
mount --bind "$HOST/backups" /var/backups
PATH=$HOST/bin:$PATH
cd /
"#;

/// Hands the words to the test, and ends as it says.
const SYSTEMCTL: &str = r#"#!/bin/sh
echo "$*" > "$HOST/request"
read -r status < "$HOST/answer"
exit "$status"
"#;

/// What the server has said, without the lab's times and remarks.
const JOURNALCTL: &str = r#"#!/bin/sh
[ "$*" = "-t dhcpd -o cat" ] || { echo "unknown to the test: $*" >&2; exit 2; }
sed -E 's/^ *[0-9.]+ //; /^-- /d' "$FILES/log"
"#;

pub(crate) struct Host {
    folder: PathBuf,
    files: PathBuf,
    request: File,
    answer: File,
}

impl Host {
    /// A machine whose server is `server`, with files of its own in `folder`.
    pub(crate) fn new(server: &Server, folder: &Path) -> Self {
        let bin = folder.join("bin");
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(folder.join("backups")).unwrap();
        for (name, text) in [("systemctl", SYSTEMCTL), ("journalctl", JOURNALCTL)] {
            fs::write(bin.join(name), text).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        symlink(binary(), bin.join("dhcp-failoverd")).unwrap();
        let pipe = |name: &str| {
            let path = folder.join(name);
            mkfifo(&path, Mode::S_IRWXU).unwrap();
            // Open for both, so that neither end is ever missing.
            OpenOptions::new()
                .read(true)
                .write(true)
                .custom_flags(OFlag::O_NONBLOCK.bits())
                .open(path)
                .unwrap()
        };
        Self {
            request: pipe("request"),
            answer: pipe("answer"),
            files: server.conf().parent().unwrap().into(),
            folder: folder.into(),
        }
    }

    /// Runs commands of the runbook, one after the other; each must succeed and print what is said there.
    pub(crate) fn run(&mut self, server: &mut Server, commands: &[Command]) {
        for command in commands {
            server.log.add(&format!("-- # {}", command.line));
            let output = self.run_one(server, &command.line);
            assert!(
                command.agrees(&output),
                "# {}\nprints\n{output}instead of\n{}",
                command.line,
                command.printed.join("\n")
            );
        }
    }

    fn run_one(&mut self, server: &mut Server, line: &str) -> String {
        let path = self.folder.join("output");
        let output = File::create(&path).unwrap();
        let mut bash = server.namespace.command("bash");
        bash.args(["-c", &format!("{PRELUDE}set -o pipefail\n{line}\n")]);
        bash.env("HOST", &self.folder).env("FILES", &self.files);
        bash.stdin(Stdio::null());
        bash.stdout(output.try_clone().unwrap()).stderr(output);
        let mut process = bash.spawn().unwrap();
        let begin = Instant::now();
        let status = loop {
            self.serve(server);
            if let Some(status) = process.try_wait().unwrap() {
                break Some(status);
            }
            if begin.elapsed() > PATIENCE {
                process.kill().unwrap();
                process.wait().unwrap();
                break None;
            }
            std::thread::sleep(PAUSE);
        };
        let output = fs::read_to_string(path).unwrap();
        assert!(
            status.is_some_and(|status| status.success()),
            "# {line}\nended with {status:?}:\n{output}"
        );
        output
    }

    /// Does what `systemctl` was told, if it was told something.
    fn serve(&mut self, server: &mut Server) {
        let mut words = [0; 256];
        // There is nothing to be read as long as nobody has written.
        let Ok(length) = self.request.read(&mut words) else {
            return;
        };
        let line = String::from_utf8_lossy(&words[..length]);
        let status = i32::from(!systemctl(server, line.trim()));
        self.answer
            .write_all(format!("{status}\n").as_bytes())
            .unwrap();
    }
}

/// What systemd would do with the two units. False for what it wouldn't, or isn't known here.
fn systemctl(server: &mut Server, line: &str) -> bool {
    let (verb, unit) = match line.split(' ').collect::<Vec<_>>()[..] {
        ["enable", "--now", unit] => ("start", unit),
        ["disable", "--now", unit] => ("stop", unit),
        _ => return false,
    };
    let kind = match unit {
        "isc-dhcp-server" => Kind::Isc,
        "dhcp-failoverd" => Kind::Ours,
        _ => return false,
    };
    match verb {
        // The units conflict.
        "start" if !server.is_running() => {
            server.kind = kind;
            server.start();
            server.wait_up();
            true
        }
        "stop" if server.is_running() && server.kind == kind => {
            server.terminate();
            true
        }
        _ => false,
    }
}
