//! Which classes a client is in (ISC `check_collection`).

use bytes::Bytes;
use dhcp4_wire::MessageType;
use dhcpd_text::eval::Run;

use crate::event::{Event, Level, Mac};
use crate::exchange::Exchange;

/// Classes that one client can be in (ISC `PACKET_MAX_CLASSES`).
pub(super) const MAX_CLASSES: usize = 5;

/// A class that a client is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Index into the configuration's classes.
    pub(crate) class: usize,
    /// The value of the subclass; `None` if it is the class itself.
    pub(crate) value: Option<Vec<u8>>,
    /// What members get.
    pub(crate) scope: usize,
    /// Leases that the members may have together; 0 is any number.
    pub(crate) lease_limit: u32,
}

impl Exchange<'_> {
    /// Finds the client's classes, in the order of the file. Whether it is known and what lease it has isn't looked at
    /// yet, as in ISC.
    pub(crate) fn classify(&mut self) {
        self.stashed = self.stashed_agent_options();
        let language = &self.config.language;
        if language.classes.is_empty() {
            return;
        }
        let facts = self.facts(None, None, false);
        let mut run = Run::new(&language.spaces, &facts).with_variables(language.globals.clone());
        let mut members = Vec::new();
        for (index, class) in language.classes.iter().enumerate() {
            if let Some(condition) = &class.condition {
                if !run.holds(condition) {
                    continue;
                }
                if class.value.is_none() {
                    members.push(self.config.member(index));
                    continue;
                }
            }
            let value = class.value.as_ref().and_then(|value| run.value(value));
            let Some(value) = value.filter(|value| !value.is_empty()) else {
                continue;
            };
            let (scope, lease_limit) = match class.subclasses.get(&value) {
                Some(subclass) => (subclass.scope, subclass.lease_limit),
                None if class.spawning => (class.scope, class.lease_limit),
                None => continue,
            };
            members.push(Member {
                class: index,
                value: Some(value),
                scope: scope.0,
                lease_limit: lease_limit.unwrap_or(0),
            });
        }
        let said = run.take_effects();
        self.said(said);
        self.join(members);
    }

    /// What the relay agent said of the client when it got its lease: as in ISC that holds for a renewal that comes
    /// straight from the client.
    fn stashed_agent_options(&self) -> Option<Bytes> {
        let query = self.query;
        let direct = query.is(MessageType::REQUEST) && query.relay().is_none();
        if !direct || !query.agent.is_empty() {
            return None;
        }
        let binding = self.binding(query.ciaddr()?)?;
        let current = binding.ends >= self.now.unix && query.is_tenant(&binding.client);
        let extra = binding.extra.as_ref().filter(|_| current)?;
        extra.agent_options.clone()
    }

    /// Makes the client a member of classes, as far as there is room.
    pub(super) fn join(&mut self, members: impl IntoIterator<Item = Member>) {
        for member in members {
            if self.members.len() < MAX_CLASSES {
                self.members.push(member);
            } else {
                let text = format!("too many classes match {}", Mac(&self.query.hardware));
                self.state.out.event(Event::Said {
                    level: Level::Error,
                    text: text.into(),
                });
            }
        }
    }
}
