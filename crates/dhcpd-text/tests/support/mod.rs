//! Where the test data is.

#![allow(dead_code, reason = "each test file uses its own part")]

/// The path of a file or folder of the test data.
pub(crate) fn data(name: &str) -> String {
    format!("{}/tests/data/conf/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the test data.
pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(data(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// An include loader over the folder `include`.
pub(crate) fn load(name: &str) -> Result<String, String> {
    std::fs::read_to_string(data(&format!("include/{name}"))).map_err(|error| error.to_string())
}
