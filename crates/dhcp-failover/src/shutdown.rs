//! An operator stops the server for good: the partner is told, and serves alone at once.

use failover_wire::{ServerState, UnixTime};

use crate::context::Context;
use crate::core::Core;
use crate::endpoint::Endpoint;
use crate::output::Output;
use crate::time::Now;

impl Core {
    /// The server is about to stop by an operator's order. A partner that we cooperate with is told SHUTDOWN, and goes
    /// to PARTNER-DOWN; no other could do anything about it. The rest of what it doesn't know yet goes out after that.
    ///
    /// From here on the record is that of a server which recovers, so that it comes back that way however it ends.
    pub fn begin_shutdown(&mut self, now: Now, out: &mut Vec<Output>) {
        self.observe(now, out);
        for at in 0..self.endpoints.len() {
            let (endpoint, mut cx) = self.split(at, now, out);
            endpoint.begin_shutdown(&mut cx);
        }
    }

    /// Whether every partner that was told has taken over, and knows all that we know.
    #[must_use]
    pub fn is_shutdown_settled(&self) -> bool {
        self.endpoints
            .iter()
            .all(|endpoint| !endpoint.leaving || endpoint.is_relieved())
    }

    /// The server stops now: settled, or after waiting long enough.
    pub fn end_shutdown(&mut self, now: Now, out: &mut Vec<Output>) {
        self.observe(now, out);
        for at in 0..self.endpoints.len() {
            let (endpoint, mut cx) = self.split(at, now, out);
            endpoint.end_shutdown(&mut cx);
        }
        self.forget_closed(out);
    }
}

impl Endpoint {
    fn begin_shutdown(&mut self, cx: &mut Context<'_>) {
        if self.state == ServerState::Normal && self.links.live.is_some() {
            self.leaving = true;
            self.move_to(ServerState::Shutdown, cx);
            self.transmit(cx);
        }
    }

    /// The partner serves alone, and lacks nothing.
    fn is_relieved(&self) -> bool {
        let pending = self.queued_updates() + self.unacked_updates();
        self.partner == Some(ServerState::PartnerDown) && pending == 0
    }

    fn end_shutdown(&mut self, cx: &mut Context<'_>) {
        if !self.leaving {
            return;
        }
        let relieved = self.is_relieved();
        self.drop_link(cx);
        self.move_to(ServerState::Recover, cx);
        if relieved {
            // The partner knows every lease of ours: RECOVER-WAIT would wait for nothing (ISC).
            self.stos = UnixTime(self.stos.0.saturating_sub(self.wait_mclt));
            self.store(cx);
        }
    }
}
