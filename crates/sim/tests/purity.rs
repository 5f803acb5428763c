//! The libraries are pure: no IO, no clock, no randomness, neither in them nor beneath them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The crates that have to be pure.
const PURE: [&str; 7] = [
    "dhcp4-wire",
    "failover-wire",
    "dhcp-split",
    "dhcpd-text",
    "dhcp-failover",
    "dhcp4-server",
    "omapi",
];

/// What they mustn't stand on.
const IMPURE: [&str; 20] = [
    "async-std",
    "chrono",
    "crossbeam-channel",
    "futures-executor",
    "getrandom",
    "hyper",
    "io-uring",
    "memmap2",
    "mio",
    "nix",
    "polling",
    "rand",
    "rand_core",
    "rayon",
    "rustix",
    "rustls",
    "signal-hook",
    "socket2",
    "tempfile",
    "tokio",
];

/// What their sources mustn't say.
const FORBIDDEN: [&str; 12] = [
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "UnixStream",
    "std::fs",
    "std::thread",
    "std::process",
    "std::env",
    "Instant::now",
    "SystemTime",
    "thread_rng",
    "RandomState",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs this test");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// What each package needs to run, by id; tests and build scripts don't count.
fn needs(metadata: &Value) -> BTreeMap<String, Vec<String>> {
    let is_normal = |dep: &&Value| {
        list(&dep["dep_kinds"])
            .iter()
            .any(|kind| kind["kind"].is_null())
    };
    let of = |node: &Value| {
        list(&node["deps"])
            .iter()
            .filter(is_normal)
            .map(|dep| text(&dep["pkg"]))
            .collect()
    };
    list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| (text(&node["id"]), of(node)))
        .collect()
}

#[test]
fn nothing_beneath_the_libraries_does_io() {
    let metadata = metadata();
    let packages = list(&metadata["packages"]).iter();
    let names: BTreeMap<String, String> = packages
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let needs = needs(&metadata);
    for library in PURE {
        let (id, _) = names
            .iter()
            .find(|(_, name)| *name == library)
            .expect("it is in the workspace");
        let mut seen = BTreeSet::new();
        let mut waiting = vec![id.clone()];
        while let Some(id) = waiting.pop() {
            assert!(
                !IMPURE.contains(&names[&id].as_str()),
                "{library} needs {}",
                names[&id]
            );
            if seen.insert(id.clone()) {
                waiting.extend(needs[&id].iter().cloned());
            }
        }
    }
}

#[test]
fn the_simulator_itself_is_found_impure() {
    // Or else the walk above would find nothing anywhere.
    let metadata = metadata();
    let needs = needs(&metadata);
    let sim = needs
        .keys()
        .find(|id| id.contains("/sim#") || id.contains("sim 0."))
        .expect("this crate");
    assert!(needs[sim].iter().any(|id| id.contains("rand_chacha")));
}

#[test]
fn the_libraries_dont_mention_io() {
    for library in PURE {
        let mut folders = vec![root().join("crates").join(library).join("src")];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    files += 1;
                    check(&path);
                }
            }
        }
        assert!(files > 0, "{library} has sources");
    }
}

/// Looks at what ships: up to the unit tests, and not at comments.
fn check(path: &Path) {
    let source = std::fs::read_to_string(path).expect("a readable source");
    let shipped = source.split("#[cfg(test)]").next().unwrap_or_default();
    for (number, line) in shipped.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for word in FORBIDDEN {
            assert!(
                !code.contains(word),
                "{}:{}: {word}",
                path.display(),
                number + 1
            );
        }
    }
}
