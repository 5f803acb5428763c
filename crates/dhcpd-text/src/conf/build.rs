//! What grows while the files of a configuration are read.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::check::Claimed;
use super::{
    Config, Location, LookUp, MAX_BYTES, MAX_DEPTH, MAX_ERRORS, Scope, ScopeId, ServerSettings,
    Settings, Spaces,
};
use crate::diagnostic::{Diagnostic, Severity, is_continuation, source_line};

/// Gives the bytes of an included file.
pub(super) type Load<'l> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'l;

/// What grows while the files are read.
pub(super) struct Build<'l> {
    pub(super) config: Config,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The text of each of [`Config::files`].
    pub(super) sources: Vec<Rc<[u8]>>,
    pub(super) load: &'l mut Load<'l>,
    pub(super) look_up: &'l mut LookUp<'l>,
    /// The last value read had a host name without an address.
    pub(super) unknown: bool,
    /// The classes by name.
    pub(super) class_names: BTreeMap<String, usize>,
    /// The names of all hosts.
    pub(super) hosts: BTreeSet<String>,
    /// Named groups and their scopes.
    pub(super) groups: Vec<(String, ScopeId)>,
    /// The names of failover peers, also of those with errors in them.
    pub(super) peers: Vec<String>,
    /// The addresses of all ranges.
    pub(super) claimed: Claimed,
    /// Where `omapi-key` stands.
    pub(super) omapi_key_at: Location,
    errors: usize,
    depth: usize,
}

impl<'l> Build<'l> {
    pub(super) fn new(load: &'l mut Load<'l>, look_up: &'l mut LookUp<'l>) -> Self {
        Self {
            config: Config {
                scopes: vec![Scope::default()],
                failover_peers: Vec::new(),
                shared_networks: Vec::new(),
                hosts: Vec::new(),
                classes: Vec::new(),
                spaces: Spaces::default(),
                server: ServerSettings::default(),
                files: Vec::new(),
            },
            diagnostics: Vec::new(),
            sources: Vec::new(),
            load,
            look_up,
            unknown: false,
            class_names: BTreeMap::new(),
            hosts: BTreeSet::new(),
            groups: Vec::new(),
            peers: Vec::new(),
            claimed: Claimed::default(),
            omapi_key_at: Location::default(),
            errors: 0,
            depth: 0,
        }
    }

    /// How many errors have been reported.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// Goes into a block or an include; answers false, and stays, if that is too deep.
    pub(super) fn enter(&mut self) -> bool {
        let room = self.depth < MAX_DEPTH;
        self.depth += usize::from(room);
        room
    }

    /// Goes out again.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Adds a file; answers its index, or `None` if that makes too many bytes.
    pub(super) fn add_file(&mut self, name: &str, text: &Rc<[u8]>) -> Option<usize> {
        let bytes: usize = self.sources.iter().map(|source| source.len()).sum();
        if bytes + text.len() > MAX_BYTES {
            return None;
        }
        self.config.files.push(name.to_owned());
        self.sources.push(Rc::clone(text));
        Some(self.config.files.len() - 1)
    }

    /// Opens a scope within `parent`.
    pub(super) fn open_scope(&mut self, parent: ScopeId) -> ScopeId {
        let authoritative = self.settings(parent).authoritative.unwrap_or(false);
        self.config.scopes.push(Scope {
            parent: Some(parent),
            settings: Settings {
                authoritative: Some(authoritative),
                ..Settings::default()
            },
            ..Scope::default()
        });
        ScopeId(self.config.scopes.len() - 1)
    }

    pub(super) fn scope(&mut self, id: ScopeId) -> &mut Scope {
        &mut self.config.scopes[id.0]
    }

    pub(super) fn settings(&mut self, id: ScopeId) -> &mut Settings {
        &mut self.scope(id).settings
    }

    /// A message about a declaration that was read earlier.
    pub(super) fn report_at(
        &mut self,
        severity: Severity,
        at: Location,
        message: String,
        expected: Option<String>,
    ) {
        let source = &self.sources[at.file];
        let line_start = match at.line {
            0 | 1 => 0,
            line => newlines(source)
                .nth(line as usize - 2)
                .map_or(source.len(), |newline| newline + 1),
        };
        let offset = line_start + column_offset(&source[line_start..], at.column);
        let word = source[offset..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let len = u32::try_from(word.count().max(1)).expect("MAX_BYTES fits");
        let source_line = source_line(source, line_start, offset);
        self.push(Diagnostic {
            severity,
            file: self.config.files[at.file].clone(),
            line: at.line,
            column: at.column,
            len,
            source_line,
            message,
            expected,
        });
    }

    /// Keeps a message, unless there are too many.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        if self.errors >= MAX_ERRORS
            || self.diagnostics.len() >= 2 * MAX_ERRORS && !diagnostic.is_error()
        {
            return;
        }
        self.errors += usize::from(diagnostic.is_error());
        self.diagnostics.push(diagnostic);
    }
}

/// The offsets of all newlines.
fn newlines(source: &[u8]) -> impl Iterator<Item = usize> {
    source
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(offset, _)| offset)
}

/// The offset of a column, counted from 1, in a line.
fn column_offset(line: &[u8], column: u32) -> usize {
    line.iter()
        .enumerate()
        .filter(|(_, byte)| !is_continuation(**byte))
        .nth(column.saturating_sub(1) as usize)
        .map_or(line.len(), |(offset, _)| offset)
}
