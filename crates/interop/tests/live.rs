//! All live tests in one program, so that they can wait at the same time: each has namespaces of its own.
//!
//! One of them: `cargo test -p interop swap:: -- --ignored`.

#![allow(clippy::unwrap_used, reason = "all of it is a test")]

mod configuration;
mod decode;
mod drill;
mod migrate;
mod names;
mod omapi;
mod pair;
mod reuse;
#[path = "swap/main.rs"]
mod swap;
mod three;
#[path = "traps/main.rs"]
mod traps;

/// A file that is named nowhere would never run.
#[test]
fn every_file_here_is_a_module() {
    let me = include_str!("live.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = name.trim_end_matches(".rs");
        let listed = me.lines().any(|line| line == format!("mod {name};"));
        assert!(listed || ["live", "data"].contains(&name), "{name}");
    }
}
