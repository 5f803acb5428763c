//! `-t` and `-T`: the same verdict as dhcpd's on every configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use interop::Kind;

/// The files that the reader's own tests use.
fn data(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../dhcpd-text/tests/data/conf")
        .join(folder);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "conf")
    });
    files.sort();
    assert!(files.len() > 10, "{}", folder.display());
    files
}

/// Exit status of a test run, and what it says.
fn verdict(kind: Kind, flag: &str, conf: &Path, leases: &Path) -> (bool, String) {
    let mut command = Command::new(kind.program());
    command
        .args(["-4", flag, "-cf"])
        .arg(conf)
        .arg("-lf")
        .arg(leases)
        .stdin(Stdio::null());
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
#[ignore = "needs peers: scripts/test runs it"]
fn the_same_verdict_as_dhcpd() {
    let leases = std::env::temp_dir().join(format!("interop-{}.leases", std::process::id()));
    fs::write(&leases, "").expect("a file can be made in the temporary folder");
    let (mut accepted, mut rejected) = (0, 0);
    for file in data("accepted").iter().chain(&data("broken")) {
        for flag in ["-t", "-T"] {
            let (theirs, they) = verdict(Kind::Isc, flag, file, &leases);
            let (ours, we) = verdict(Kind::Ours, flag, file, &leases);
            assert_eq!(
                ours,
                theirs,
                "{flag} {}\nours:\n{we}\ndhcpd:\n{they}",
                file.display()
            );
            // Who takes a file that looks like a mistake says so.
            let complains = they.lines().any(|line| line.contains(" line "));
            let silent = !we.contains("line ");
            assert!(
                !complains || !silent,
                "{flag} {}: dhcpd says\n{they}ours says\n{we}",
                file.display()
            );
            *(if theirs { &mut accepted } else { &mut rejected }) += 1;
        }
    }
    fs::remove_file(&leases).expect("it was made above");
    assert!(
        accepted > 20 && rejected > 20,
        "{accepted} accepted, {rejected} rejected: a test of both"
    );
}
