//! Reads a dhcpd.conf and prints what is wrong with it, as `dhcpd -t -cf FILE` does.

use std::process::ExitCode;

use dhcpd_text::conf;

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("usage: check_conf FILE");
        return ExitCode::from(2);
    };
    let mut load = |name: &str| std::fs::read_to_string(name).map_err(|error| error.to_string());
    let text = match load(&file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (diagnostics, code) = match conf::parse(&file, &text, &mut load) {
        Ok(parsed) => (parsed.warnings, ExitCode::SUCCESS),
        Err(diagnostics) => (diagnostics, ExitCode::FAILURE),
    };
    for diagnostic in diagnostics {
        eprintln!("{diagnostic}\n");
    }
    code
}
