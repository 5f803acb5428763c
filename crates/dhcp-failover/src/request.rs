//! Update requests, the partner's and ours, and the drain before PARTNER-DOWN is left.

use std::collections::BTreeSet;

use failover_wire::{Message, ServerState, Xid};

use crate::bindings::{Slot, Update};
use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::shared::is_used;
use crate::update::Marker;

impl Endpoint {
    /// Queues every binding that was ever used.
    fn queue_all(&mut self, cx: &mut Context<'_>) -> u32 {
        if !cx.bindings.has_used(self.id) {
            return 0;
        }
        let used: Vec<Slot> = cx
            .bindings
            .slots_of(self.id)
            .filter(|slot| is_used(cx.bindings.at(*slot)))
            .filter(|slot| !matches!(cx.bindings.update(*slot), Update::Queued))
            .collect();
        for slot in &used {
            self.enqueue(*slot, cx);
        }
        used.len() as u32
    }

    pub(crate) fn update_done(&mut self, xid: Xid, cx: &mut Context<'_>) {
        self.reply(xid, Message::UpdateDone, cx);
        self.event(What::UpdateDoneSent, cx);
    }

    /// The partner asks for updates: UPDREQ or UPDREQALL.
    pub(crate) fn handle_update_request(&mut self, all: bool, xid: Xid, cx: &mut Context<'_>) {
        if let Some(marker) = self.updates.marker.as_mut().filter(|marker| marker.all) {
            // Everything is on its way already: only the later request is answered (ISC).
            marker.xid = xid;
            self.event(What::UpdateRequestRepeated, cx);
            return;
        }
        // A request that comes while another is being served is served as one for all.
        let all = all || self.updates.marker.is_some();
        let queued = if all {
            self.queue_all(cx)
        } else {
            self.queue_pending(cx)
        };
        self.event(What::UpdateRequestReceived { all, queued }, cx);
        match self
            .updates
            .queue
            .back()
            .copied()
            .or_else(|| self.last_in_flight())
        {
            Some(last) => self.updates.marker = Some(Marker { last, xid, all }),
            None => {
                self.updates.marker = None;
                self.update_done(xid, cx);
            }
        }
        self.transmit(cx);
    }

    fn last_in_flight(&self) -> Option<Slot> {
        self.updates
            .in_flight
            .last_key_value()
            .map(|(_, flight)| flight.slot)
    }

    /// Asks the partner for updates, unless it is at it.
    pub(crate) fn request_updates(&mut self, all: bool, cx: &mut Context<'_>) {
        let all = all || self.needs_all;
        let asked = self.updates.requested.map(|(all, _)| all);
        if asked >= Some(all) {
            return;
        }
        // The partner has to have our state before it can make sense of the request.
        self.say_first_state(cx);
        let Some(live) = &mut self.links.live else {
            return;
        };
        let xid = live.xid();
        self.updates.requested = Some((all, xid));
        let message = if all {
            Message::UpdateRequestAll
        } else {
            Message::UpdateRequest
        };
        self.transmit_frame(xid, message, cx);
        self.event(What::UpdateRequestSent { all }, cx);
    }

    /// The partner has recovered while we served alone: what it hasn't acknowledged by now it
    /// must, before it may serve.
    pub(crate) fn begin_drain(&mut self, cx: &mut Context<'_>) {
        if self.state != ServerState::PartnerDown || self.updates.is_draining() {
            return;
        }
        self.queue_pending(cx);
        let queued = self.updates.queue.iter().copied();
        let in_flight = self.updates.in_flight.values().map(|flight| flight.slot);
        self.updates.draining = Some(queued.chain(in_flight).collect());
        self.transmit(cx);
        self.end_drain(cx);
    }

    pub(crate) fn end_drain(&mut self, cx: &mut Context<'_>) {
        let drained = self
            .updates
            .draining
            .as_ref()
            .is_some_and(BTreeSet::is_empty);
        let recovered = self.partner == Some(ServerState::RecoverDone);
        if drained && recovered && !self.needs_all {
            self.updates.draining = None;
            self.move_to(ServerState::Normal, cx);
        }
    }
}
