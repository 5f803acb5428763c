//! Which message and which timer is whose.

use failover_wire::{Frame, Message, ServerState};

use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::output::ConnId;
use crate::state::Service;
use crate::timer::Timer;

impl Endpoint {
    /// A message on one of our connections.
    pub(crate) fn handle_frame(&mut self, conn: ConnId, frame: &Frame, cx: &mut Context<'_>) {
        if !self.links.is_live(conn) {
            self.handle_early(conn, frame, cx);
            return;
        }
        self.heard(cx);
        self.measure_lag(frame, cx);
        self.note_time(frame);
        match &frame.message {
            Message::BindingUpdate(update) => {
                let told = self.told(update, &frame.unknown);
                self.handle_update(frame.xid, update, told, cx);
            }
            Message::BindingAck(ack) => self.handle_ack(frame.xid, ack, cx),
            Message::State(state) => self.handle_state(state, cx),
            Message::PoolRequest => self.handle_pool_request(frame.xid, cx),
            Message::PoolResponse(response) => {
                let count = response.addresses_transferred.unwrap_or(0);
                self.event(What::PoolResponse(count), cx);
            }
            Message::UpdateRequestAll => self.handle_update_request(true, frame.xid, cx),
            Message::UpdateRequest => self.handle_update_request(false, frame.xid, cx),
            Message::UpdateDone => self.handle_update_done(frame.xid, cx),
            Message::Contact => {}
            Message::Unknown { .. } => {
                let text = format!("message of unknown type {}", frame.message.message_type().0);
                self.event(What::BadMessage(text), cx);
                self.drop_link(cx);
            }
            // A second handshake on the link is an error of the partner's (ISC closes too).
            Message::Connect(_) | Message::ConnectAck(_) => self.drop_link(cx),
            Message::Disconnect(disconnect) => self.handle_disconnect(conn, disconnect, cx),
        }
    }

    fn measure_lag(&mut self, frame: &Frame, cx: &Context<'_>) {
        // A second is what rounding makes of equal clocks.
        let behind = cx.now.unix.0.saturating_sub(frame.time.0).saturating_sub(1);
        self.lag = behind.min(self.config.timing.max_skew);
    }

    pub(crate) fn handle_timers(&mut self, cx: &mut Context<'_>) {
        let now = cx.now.mono;
        self.expire_handshakes(cx);
        if self.timers.take_due(Timer::Receive, now) {
            self.contact_lost(cx);
        }
        if self.timers.take_due(Timer::Speak, now) {
            self.say_first_state(cx);
        }
        if self.timers.take_due(Timer::Contact, now) {
            self.send(Message::Contact, cx);
        }
        if self.timers.take_due(Timer::Hold, now) {
            self.end_hold(cx);
        }
        if self.timers.take_due(Timer::Startup, now) {
            self.startup_over(cx);
        }
        if self.timers.take_due(Timer::AutoPartnerDown, now) {
            // A partner last heard of serving alone may be just out of sight.
            if self.service() == Service::NotCooperating {
                self.move_to(ServerState::PartnerDown, cx);
            }
        }
        if self.timers.take_due(Timer::RecoverWait, now) {
            self.recover_wait_over(cx);
        }
        if self.timers.take_due(Timer::Balance, now) {
            self.balance_due(cx);
        }
        if self.timers.take_due(Timer::Retry, now) {
            self.retry_refused(cx);
        }
        if self.timers.take_due(Timer::Redial, now) {
            self.dial(cx);
        }
    }
}
