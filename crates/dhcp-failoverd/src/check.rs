//! `check`: what is wrong, drifted or doubtful in the configuration of a server, or of the two servers of a pair.

mod print;

use std::ffi::OsString;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use dhcp4_server::ServerConfig;
use dhcpd_text::conf::AddressOrName;
use dhcpd_text::diagnostic::Diagnostic;
use dhcpd_text::review::{self, Document, Level, Remark};

use crate::start::{plain, resolve};

/// Checks a configuration as -t does, and says what a careful colleague would; of two files, the two servers of a
/// pair, also where they have drifted apart. Included files are looked for from here.
///
/// Exit status: 0 if nothing is wrong, 1 with warnings, 2 with errors.
#[derive(Parser)]
#[command(name = "dhcp-failoverd check", bin_name = "dhcp-failoverd check")]
struct Arguments {
    /// The dhcpd.conf of one server.
    #[arg(value_name = "A.conf")]
    a: PathBuf,
    /// The dhcpd.conf of its partner.
    #[arg(value_name = "B.conf")]
    b: Option<PathBuf>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Default)]
struct Report {
    /// The files, as they were named.
    files: Vec<String>,
    /// What `-t` says: the file's number, and the message.
    diagnostics: Vec<(usize, Message)>,
    findings: Vec<Remark>,
    advice: Vec<Remark>,
}

/// Something that `-t` says.
struct Message {
    level: Level,
    file: String,
    line: u32,
    column: u32,
    message: String,
    expected: Option<String>,
    /// As `-t` prints it.
    shown: String,
}

/// Checks as told by the words behind `check`.
pub(crate) fn run(args: Vec<OsString>) -> ExitCode {
    let words = std::iter::once(OsString::from("check")).chain(args);
    let arguments = Arguments::parse_from(words); // prints and exits by itself for --help and wrong usage
    let mut report = Report::default();
    let a = report.read(&arguments.a);
    let b = arguments.b.as_deref().map(|path| report.read(path));
    match (a, b) {
        (Some(a), Some(Some(b))) => report.compare(&a, &b),
        (_, Some(None)) | (None, _) => {} // the error is among the diagnostics
        (Some(_), None) => {}
    }
    let text = if arguments.json {
        print::json(&report)
    } else {
        print::text(&report)
    };
    println!("{text}");
    ExitCode::from(match report.worst() {
        None | Some(Level::Note) => 0,
        Some(Level::Warning) => 1,
        Some(Level::Error) => 2,
    })
}

impl Report {
    /// Reads a file, and keeps all there is to say about it alone.
    fn read(&mut self, path: &Path) -> Option<Document> {
        let number = self.files.len();
        let name = path.display().to_string();
        self.files.push(name.clone());
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("Can't open {name}: {}", plain(&error));
                self.diagnostics
                    .push((number, Message::general(Level::Error, &name, message)));
                return None;
            }
        };
        let mut load = |name: &str| fs::read(name).map_err(|error| plain(&error));
        let mut document = match Document::read(&name, &text, &mut load) {
            Ok(document) => document,
            Err(diagnostics) => {
                let messages = diagnostics.iter().map(|d| (number, Message::of(d)));
                self.diagnostics.extend(messages);
                return None;
            }
        };
        let warnings = document.warnings.iter().map(|d| (number, Message::of(d)));
        self.diagnostics.extend(warnings);
        let mut advice = review::advise(&document);
        look_up(&mut document, &mut advice);
        for mut remark in advice {
            if number > 0 {
                remark.b = remark.a.take();
            }
            self.advice.push(remark);
        }
        self.configure(number, &name, &document);
        Some(document)
    }

    /// What only shows when a server is made of the file.
    fn configure(&mut self, number: usize, name: &str, document: &Document) {
        let mut config = document.config.clone();
        for peer in &mut config.failover_peers {
            for address in peer.address.iter_mut().chain([&mut peer.peer_address]) {
                if let AddressOrName::Name(_) = address {
                    // That it has none was said; the rest can be checked with any.
                    *address = AddressOrName::Address(Ipv4Addr::UNSPECIFIED);
                }
            }
        }
        let (level, messages) = match ServerConfig::from_conf(&config, &[]) {
            Ok((_, warnings)) => (Level::Warning, warnings),
            Err(errors) => (Level::Error, errors),
        };
        for message in messages {
            let mut kept = Message::general(level, name, message.message.clone());
            kept.shown = message.to_string();
            kept.line = message.line;
            self.diagnostics.push((number, kept));
        }
    }

    fn compare(&mut self, a: &Document, b: &Document) {
        let comparison = review::compare(a, b);
        self.findings = comparison.findings;
        // What was found of both need not be said of each.
        let findings = &self.findings;
        self.advice.retain(|remark| {
            let same = |found: &Remark| {
                let here = remark.a.is_some() && remark.a == found.a;
                found.what == remark.what && (here || remark.b.is_some() && remark.b == found.b)
            };
            !findings.iter().any(same)
        });
        self.advice.extend(comparison.advice);
    }

    fn worst(&self) -> Option<Level> {
        self.diagnostics
            .iter()
            .map(|(_, message)| message.level)
            .chain(self.levels())
            .max()
    }

    fn levels(&self) -> impl Iterator<Item = Level> {
        self.findings
            .iter()
            .chain(&self.advice)
            .map(|remark| remark.level)
    }
}

/// Failover addresses may be names: they are looked up here, as a server does when it starts.
fn look_up(document: &mut Document, advice: &mut Vec<Remark>) {
    for peer in &mut document.config.failover_peers {
        for address in peer.address.iter_mut().chain([&mut peer.peer_address]) {
            let AddressOrName::Name(name) = &*address else {
                continue;
            };
            let found = resolve(name).first().copied();
            if found.is_none() {
                let about = |remark: &&Remark| {
                    remark.what == "address-by-name" && remark.text.starts_with(name)
                };
                advice.push(Remark {
                    level: Level::Error,
                    what: "address-unresolved",
                    text: format!(
                        "failover peer {}: {name}: host unknown; no server starts with this file",
                        peer.name
                    ),
                    a: advice
                        .iter()
                        .find(about)
                        .and_then(|remark| remark.a.clone()),
                    b: None,
                });
            }
            if let Some(found) = found {
                *address = AddressOrName::Address(found);
            }
        }
    }
}

impl Message {
    fn of(diagnostic: &Diagnostic) -> Self {
        Self {
            level: if diagnostic.is_error() {
                Level::Error
            } else {
                Level::Warning
            },
            file: diagnostic.file.clone(),
            line: diagnostic.line,
            column: diagnostic.column,
            message: diagnostic.message.clone(),
            expected: diagnostic.expected.clone(),
            shown: diagnostic.to_string(),
        }
    }

    /// About no place.
    fn general(level: Level, file: &str, message: String) -> Self {
        Self {
            level,
            file: file.to_owned(),
            line: 0,
            column: 0,
            shown: format!("{file}: {message}"),
            message,
            expected: None,
        }
    }
}
