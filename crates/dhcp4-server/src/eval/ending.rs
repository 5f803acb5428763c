//! What leases do when they end: `on release`, `on expiry`.

use core::net::Ipv4Addr;
use std::sync::Arc;

use dhcp_failover::{Client as Owner, Extra};
use dhcpd_text::conf::code::OnStatement;
use dhcpd_text::conf::parse_on;
use dhcpd_text::eval::{Client, Effect, Run};

use super::lease::variables_of;
use super::watch::{Ended, Ending};
use crate::config::Language;
use crate::exchange::Exchange;
use crate::journal;

/// A lease without a message from its client.
struct Tenancy<'a> {
    address: Ipv4Addr,
    owner: &'a Owner,
    machine: &'a [u8],
}

impl Client for Tenancy<'_> {
    fn hardware(&self) -> Option<(u8, &[u8])> {
        let hardware = &self.owner.hardware;
        (!hardware.is_empty()).then(|| (hardware.htype(), hardware.address()))
    }

    fn leased_address(&self) -> Option<Ipv4Addr> {
        Some(self.address)
    }

    fn host_name(&self) -> Option<&[u8]> {
        Some(self.machine).filter(|name| !name.is_empty())
    }
}

impl Language {
    /// What is to be done now that a lease has ended.
    pub(crate) fn ended(&self, ended: &Ended) -> Vec<Effect> {
        let tenancy = Tenancy {
            address: ended.address,
            owner: &ended.client,
            machine: &self.machine,
        };
        self.end(&tenancy, ended.ending, &ended.extra)
    }

    fn end(&self, client: &dyn Client, ending: Ending, extra: &Extra) -> Vec<Effect> {
        let handlers: Vec<Arc<OnStatement>> = self.handlers_of(extra, ending).collect();
        if handlers.is_empty() {
            return Vec::new();
        }
        let mut run = Run::new(&self.spaces, client).with_variables(variables_of(extra));
        for handler in handlers {
            run.execute(&handler.body);
        }
        run.take_effects()
    }

    /// The handlers in a record for one kind of ending.
    fn handlers_of(&self, extra: &Extra, ending: Ending) -> impl Iterator<Item = Arc<OnStatement>> {
        let texts = extra.statements.iter().filter(|s| s.starts_with("on "));
        texts
            .filter_map(|text| self.handler(text))
            .filter(move |on| match ending {
                Ending::Release => on.events.release,
                Ending::Expiry => on.events.expiry,
            })
    }

    /// The statement that a text in the lease file stands for. Nearly always it stands in the configuration too.
    fn handler(&self, text: &str) -> Option<Arc<OnStatement>> {
        if let Some((events, body)) = journal::split_handler(text)
            && let Some(known) = self.handlers.get(body)
        {
            let mut on = OnStatement::clone(known);
            on.events = events;
            return Some(Arc::new(on));
        }
        parse_on(text, &self.spaces, &self.classes)
            .ok()
            .map(Arc::new)
    }
}

impl Exchange<'_> {
    /// Does what is to be done when the client gives its lease back, or it is taken from it.
    pub(crate) fn on_release(&mut self, address: Ipv4Addr) {
        let Some(extra) = self.binding(address).and_then(|b| b.extra.clone()) else {
            return;
        };
        let mut facts = self.facts(None, None, false);
        facts.address = Some(address);
        let effects = self.config.language.end(&facts, Ending::Release, &extra);
        self.state.out.watch.done(address);
        self.said(effects);
    }
}
