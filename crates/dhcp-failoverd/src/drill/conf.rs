//! The operator's files.

use std::fs;
use std::path::Path;

use dhcpd_text::conf::{self, Config, Location};

/// Reads a configuration with all that it includes.
///
/// # Errors
/// Everything that is wrong with it, each with file, line and reason.
pub(super) fn read(path: &Path) -> Result<Config, String> {
    let name = path.display().to_string();
    let text = fs::read(path).map_err(|error| format!("{name}: {error}"))?;
    let mut load = |name: &str| fs::read(name).map_err(|error| error.to_string());
    match conf::parse(&name, &text, &mut load) {
        Ok(parsed) => Ok(parsed.config),
        Err(diagnostics) => {
            let lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
            Err(lines.join("\n"))
        }
    }
}

/// `FILE line N`.
pub(super) fn place(conf: &Config, at: Location) -> String {
    let file = conf.files.get(at.file).map_or("", String::as_str);
    format!("{file} line {}", at.line)
}
