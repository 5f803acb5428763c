//! A configuration together with its statements' places.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Place;
use super::outline::Outline;
use crate::conf::{self, Config, LoadInclude, Location};
use crate::diagnostic::Diagnostic;

/// A configuration that was accepted, with the text that it was read from.
#[derive(Debug, Clone)]
pub struct Document {
    /// What the file says.
    pub config: Config,
    /// What the reader has to say about it.
    pub warnings: Vec<Diagnostic>,
    pub(super) outline: Outline,
}

impl Document {
    /// Reads a configuration; the arguments are those of [`conf::parse`].
    ///
    /// # Errors
    /// As [`conf::parse`].
    pub fn read<T: Into<Vec<u8>>>(
        file: &str,
        text: &(impl AsRef<[u8]> + ?Sized),
        load: &mut LoadInclude<'_, T>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let included: RefCell<BTreeMap<String, Vec<u8>>> = RefCell::default();
        let mut keep = |name: &str| -> Result<Vec<u8>, String> {
            let text: Vec<u8> = load(name)?.into();
            included.borrow_mut().insert(name.to_owned(), text.clone());
            Ok(text)
        };
        let parsed = conf::parse(file, text, &mut keep)?;
        let outline = Outline::new(file, text.as_ref(), &included.borrow());
        Ok(Self {
            config: parsed.config,
            warnings: parsed.warnings,
            outline,
        })
    }

    /// The statement that stands at a place of the configuration, or around it.
    #[must_use]
    pub fn place_at(&self, at: Location) -> Option<Place> {
        self.outline.place_at(at)
    }
}
