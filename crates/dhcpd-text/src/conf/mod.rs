//! `dhcpd.conf`: the reader and what it gives.
//!
//! The grammar is ISC's (dhcpd.conf(5), dhcp-options(5) and `server/confpars.c` of 4.4.3), and so are the verdicts: what dhcpd rejects is
//! rejected, on the line that dhcpd names; what dhcpd accepts though it is doubtful is accepted with a warning. A statement that is
//! dhcpd's but not this server's is an error that says so, or, if it would mean nothing here, a warning; none is dropped in
//! silence.
//!
//! ```
//! let text = "default-lease-time 600;\nsubnet 192.0.2.0 netmask 255.255.255.0 { range 192.0.2.10 192.0.2.20; }\n";
//! let parsed = dhcpd_text::conf::parse("dhcpd.conf", text, &mut |name| -> Result<String, _> { Err(format!("no {name}")) }).unwrap();
//! let config = parsed.config;
//! assert_eq!(config.scopes[0].settings.default_lease_time, Some(600));
//! assert_eq!(config.shared_networks[0].name, "192.0.2.0/24");
//!
//! let errors = dhcpd_text::conf::parse("dhcpd.conf", "max-lease-time 2h;", &mut |_| Ok("")).unwrap_err();
//! assert_eq!(
//!     errors[0].to_string(),
//!     "dhcpd.conf line 1: expecting number.\n\
//!      max-lease-time 2h;\n\
//!      \u{20}              ^^\n\
//!      expected a number of seconds, without a unit"
//! );
//! ```

mod after;
mod build;
mod check;
#[cfg(any(test, fuzzing))]
pub(crate) mod checks;
mod class;
pub mod code;
mod control;
mod define;
pub(crate) mod domain;
mod executable;
pub mod expr;
mod expression;
mod failover;
mod format;
mod host;
mod key;
mod model;
mod network;
mod number;
mod option_table;
mod options;
mod parameter_table;
mod parameters;
mod parser;
mod pattern;
mod peer;
mod pool;
mod server;
mod settings;
mod space;
mod statement;
mod value;
mod words;
mod zone;

pub use class::{Class, Subclass};
pub use failover::{AddressOrName, DEFAULT_FAILOVER_PORT, FailoverPeer, Role, hba_from_split};
pub use model::{
    Config, Hardware, Host, Location, OptionSetting, Permit, Pool, PoolFailover, Range, Scope,
    ScopeId, SharedNetwork, Subnet,
};
pub use pattern::Pattern;
pub use server::{DbTimeFormat, DdnsUpdateStyle, Key, LeaseIdFormat, ServerSettings, Zone};
pub use settings::{Permission, Settings};
pub use space::{OptionId, Space, SpaceId, Spaces};

use std::net::Ipv4Addr;
use std::rc::Rc;

use crate::diagnostic::{Diagnostic, Severity};
use build::Build;
use code::OnStatement;
use parser::Parser;
use statement::Context;

/// Gives the text of a file named in an `include` statement, or says why it can't (without naming the file again).
pub type LoadInclude<'l, T> = dyn FnMut(&str) -> Result<T, String> + 'l;

/// Gives the addresses of a host; `None` if it isn't looked up now.
pub type LookUp<'l> = dyn FnMut(&str) -> Option<Vec<Ipv4Addr>> + 'l;

/// How deep blocks and includes may be nested: far more than a file made by people or generators, and little stack.
pub const MAX_DEPTH: usize = 64;

/// How many files may be included in all, so that files that include each other come to an end.
pub const MAX_INCLUDES: usize = 1000;

/// How long all files together may be, in bytes: more than any configuration, and little memory.
pub const MAX_BYTES: usize = 64 << 20;

/// After so many errors the rest of the text is not read: they are not going to help anyone.
pub const MAX_ERRORS: usize = 100;

/// A configuration that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What the file says.
    pub config: Config,
    /// What its author should know.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a configuration without looking up the host names in it: what they stand for is left out, with a warning.
///
/// `file` is the name for messages, `text` its content; `load` gives the files that it includes. Texts are bytes or strings: outside of
/// ASCII any encoding will do, in comments and strings at least.
///
/// # Errors
/// Everything that is wrong with the file, in the order found; at least one entry is an error, and warnings may be among them.
pub fn parse<T: Into<Vec<u8>>>(
    file: &str,
    text: &(impl AsRef<[u8]> + ?Sized),
    load: &mut LoadInclude<'_, T>,
) -> Result<Parsed, Vec<Diagnostic>> {
    parse_with_names(file, text, load, &mut |_| None)
}

/// Reads a configuration like [`parse`], with `look_up` for the host names that stand where addresses are wanted: in options, in
/// parameters and as fixed addresses. It is asked once for each place. (The addresses of failover peers stay names.)
///
/// # Errors
/// As [`parse`]. That a name has no address is a warning.
pub fn parse_with_names<T: Into<Vec<u8>>>(
    file: &str,
    text: &(impl AsRef<[u8]> + ?Sized),
    load: &mut LoadInclude<'_, T>,
    look_up: &mut LookUp<'_>,
) -> Result<Parsed, Vec<Diagnostic>> {
    let mut load = |name: &str| load(name).map(T::into);
    let mut look_up = |name: &str| look_up(name);
    let mut build = Build::new(&mut load, &mut look_up);
    let text = Rc::from(text.as_ref());
    match build.add_file(file, &text) {
        Some(main) => Parser::new(&mut build, main, &text).file(Context::ROOT),
        None => return Err(vec![too_long(file)]),
    }
    if build.errors() == 0 {
        build.check();
    }
    if build.errors() > 0 {
        return Err(build.diagnostics);
    }
    Ok(Parsed {
        config: build.config,
        warnings: build.diagnostics,
    })
}

/// Reads an `on` statement by itself, as a lease file has it, with the option spaces and classes of a configuration.
///
/// # Errors
/// What is wrong with it.
pub fn parse_on(
    text: &str,
    spaces: &Spaces,
    classes: &[Class],
) -> Result<OnStatement, Vec<Diagnostic>> {
    let mut load = |name: &str| Err(format!("{name} isn't for lease files"));
    let mut look_up = |_: &str| None;
    let mut build = Build::new(&mut load, &mut look_up);
    build.config.spaces = spaces.clone();
    let names = classes.iter().map(|class| class.name.clone());
    build.class_names = names.zip(0..).collect();
    let source = Rc::from(text.as_bytes());
    let Some(file) = build.add_file("on", &source) else {
        return Err(vec![too_long("on")]);
    };
    let mut parser = Parser::new(&mut build, file, &source);
    let read = parser.on_alone();
    match read {
        Ok(on) if build.errors() == 0 => Ok(on),
        _ => Err(build.diagnostics),
    }
}

fn too_long(file: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        file: file.to_owned(),
        line: 0,
        column: 0,
        len: 1,
        source_line: String::new(),
        message: format!("the file is longer than {MAX_BYTES} bytes"),
        expected: None,
    }
}
