//! What is in force for a client: looked up where it is the same for everyone, computed where it isn't.

use dhcpd_text::conf::code::Priority;
use dhcpd_text::eval::{Effect, Run};

use super::Facts;
use crate::config::{HostId, Place};
use crate::event::{Event, Level};
use crate::exchange::{Exchange, Lease};
use crate::outbox::Outbox;
use crate::output::Output;
use crate::view::{LeaseLanguage, View};

impl<'a> Exchange<'a> {
    /// What is in force for the client at a place, with a host declaration's parameters or without.
    ///
    /// As in ISC statements are executed from the outermost scope inwards: those of the place, then those of the
    /// classes, the last one of the file first, then those of the host. If the reply `commits` the lease, what is to be
    /// done at that is executed too; what it wants to be done waits until the lease is granted.
    pub(crate) fn view(
        &mut self,
        place: &'a Place,
        host: Option<HostId>,
        lease: Option<Lease>,
        commits: bool,
    ) -> View<'a> {
        let config = self.config;
        let of_host = host.map(|host| config.hosts.get(host));
        let same_for_all = !place.dynamic
            && self.members.is_empty()
            && of_host.is_none_or(|host| host.plain && place.plain);
        if same_for_all {
            return View::new(config, place, of_host);
        }
        let language = &config.language;
        let known = self.is_known();
        let facts = self.facts(lease, host, known);
        let variables = self.lease_variables(lease);
        let mut run = Run::new(&language.spaces, &facts).with_variables(variables);
        for &scope in place.scopes.iter().rev() {
            run.execute(&config.scopes[scope].statements);
        }
        let before = run.added().len();
        let added = run.added().iter().map(|&class| config.member(class));
        let mut members = self.members.clone();
        members.extend(added);
        members.truncate(super::classify::MAX_CLASSES);
        let beyond = |scope: &&usize| !place.scopes.contains(scope);
        for member in members.iter().rev() {
            let chain = config.outward(member.scope);
            for &scope in chain.iter().rev().filter(beyond) {
                run.execute(&config.scopes[scope].statements);
            }
        }
        if let Some(host) = of_host {
            for &scope in host.scopes.iter().rev().filter(beyond) {
                run.execute(&config.scopes[scope].statements);
            }
        }
        let late: Vec<_> = run.added()[before..]
            .iter()
            .map(|&class| config.member(class))
            .collect();
        let mut settings = run.settings();
        settings.authoritative = Some(place.rules.authoritative);
        let effects = run.take_effects();
        // As in ISC, what goes into the reply sees the variables that the outermost statements set without a client, not
        // those of the lease; but for a BOOTP client with a fixed address, whose lease is committed after that, and where
        // there is no lease.
        let fixed_bootp = self.query.is_bootp() && facts.fixed;
        let early = fixed_bootp.then(|| run.options());
        if let Some(commit) = run.handlers().commit.clone().filter(|_| commits) {
            run.execute(&commit.body);
        }
        let variables = match lease {
            None => run.variables().clone(),
            Some(_) => run.replace_variables(language.globals.clone()),
        };
        let options = early.unwrap_or_else(|| run.options());
        let traced = self.state.trace.is_some();
        let origins = if traced {
            run.origins().collect()
        } else {
            Vec::new()
        };
        let of_lease = LeaseLanguage {
            variables,
            handlers: run.handlers().clone(),
            at_commit: run.take_effects(),
        };
        self.members = members;
        self.join(late);
        self.said(effects);
        View::computed(config, of_host, &settings, &options, origins, of_lease)
    }

    pub(crate) fn facts(
        &self,
        lease: Option<Lease>,
        host: Option<HostId>,
        known: bool,
    ) -> Facts<'a> {
        let config = self.config;
        Facts {
            query: self.query,
            stashed: self.stashed.clone(),
            known,
            fixed: matches!(lease, Some(Lease::Fixed { .. })),
            address: lease.map(Lease::address),
            lease_time: self.lease_left(lease),
            host: host.map(|host| &*config.hosts.get(host).name),
            machine: &config.language.machine,
        }
    }

    fn lease_left(&self, lease: Option<Lease>) -> Option<u32> {
        let Some(Lease::Dynamic(address)) = lease else {
            return None;
        };
        let ends = self.binding(address)?.ends;
        (ends >= self.now.unix).then(|| ends.saturating_sub(self.now.unix))
    }

    /// Hands on what statements want to be done.
    pub(crate) fn said(&mut self, effects: Vec<Effect>) {
        effects_of(effects, &mut self.state.out);
    }
}

/// Puts what statements want to be done among the outputs.
pub(crate) fn effects_of(effects: Vec<Effect>, out: &mut Outbox) {
    for effect in effects {
        match effect {
            Effect::Log { priority, message } => {
                let level = level(priority);
                let text = String::from_utf8_lossy(&message).into();
                out.event(Event::Said { level, text });
            }
            Effect::Execute { program, arguments } => {
                out.push(Output::Execute { program, arguments });
            }
        }
    }
}

/// What ISC's syslog priorities are here.
fn level(priority: Priority) -> Level {
    match priority {
        Priority::Fatal | Priority::Error => Level::Error,
        Priority::Info => Level::Info,
        Priority::Debug => Level::Debug,
    }
}
