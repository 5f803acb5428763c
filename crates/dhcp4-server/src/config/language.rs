//! What the configuration's language needs while packets are handled.

use std::collections::BTreeMap;
use std::sync::Arc;

use dhcpd_text::conf::code::{Action, OnStatement, Statement};
use dhcpd_text::conf::{Class, Config, ScopeId, Spaces};
use dhcpd_text::eval::{Nobody, Run, Variables};

use super::ServerConfig;
use crate::eval::Member;

/// Classes, option spaces, and what the outermost statements set once and for all.
#[derive(Clone, Debug)]
pub(crate) struct Language {
    pub(crate) spaces: Spaces,
    pub(crate) classes: Vec<Class>,
    /// Some class has a lease limit.
    pub(crate) limits: bool,
    /// Variables and functions as they are where there is no client: what the conditions of classes see.
    pub(crate) globals: Variables,
    /// What leases may have to do when they end, by its text in the lease file.
    pub(crate) handlers: BTreeMap<String, Arc<OnStatement>>,
    /// The name of this machine, for `gethostname ()`.
    pub(crate) machine: Vec<u8>,
}

impl Language {
    pub(super) fn new(conf: &Config) -> Self {
        let mut run = Run::new(&conf.spaces, &Nobody);
        run.execute(&conf.scopes[ScopeId::ROOT.0].statements);
        let subclasses = conf.classes.iter().flat_map(|c| c.subclasses.values());
        let limits = conf
            .classes
            .iter()
            .map(|class| class.lease_limit)
            .chain(subclasses.map(|subclass| subclass.lease_limit));
        let mut handlers = BTreeMap::new();
        for scope in &conf.scopes {
            collect(&scope.statements, &mut handlers);
        }
        Self {
            spaces: conf.spaces.clone(),
            classes: conf.classes.clone(),
            limits: limits.flatten().any(|limit| limit > 0),
            globals: run.variables().clone(),
            handlers,
            machine: Vec::new(),
        }
    }
}

/// The `on` statements among some statements, wherever they stand.
fn collect(statements: &[Statement], handlers: &mut BTreeMap<String, Arc<OnStatement>>) {
    for statement in statements {
        match &statement.action {
            Action::On(on) => {
                handlers.insert(on.text.clone(), Arc::clone(on));
            }
            Action::If {
                branches,
                otherwise,
            } => {
                for (_, body) in branches {
                    collect(body, handlers);
                }
                collect(otherwise, handlers);
            }
            Action::Switch { body, .. } => collect(body, handlers),
            Action::Define { function, .. } => collect(&function.body, handlers),
            _ => {}
        }
    }
}

impl ServerConfig {
    /// Gives the name of this machine, for `gethostname ()` in the configuration; null otherwise.
    pub fn set_host_name(&mut self, name: &[u8]) {
        self.language.machine = name.to_vec();
    }

    /// Membership of a class itself.
    pub(crate) fn member(&self, class: usize) -> Member {
        let declared = &self.language.classes[class];
        Member {
            class,
            value: None,
            scope: declared.scope.0,
            lease_limit: declared.lease_limit.unwrap_or(0),
        }
    }

    /// A scope and those around it, from the innermost outwards.
    pub(crate) fn outward(&self, scope: usize) -> Vec<usize> {
        let parent = |at: &usize| self.scopes[*at].parent.map(|parent| parent.0);
        core::iter::successors(Some(scope), parent).collect()
    }
}
