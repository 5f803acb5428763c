//! The link once it stands: sending, keepalive, loss.

use failover_wire::{Disconnect, Frame, Message, RejectReason, UnknownOption, Xid};

use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::handshake::disconnect;
use crate::output::{ConnId, Output};
use crate::timer::Timer;

/// Shortest keepalive interval, seconds, whatever receive timer the partner names: ISC itself
/// floods when told less than three.
const MIN_CONTACT: u32 = 1;

impl Endpoint {
    /// Something was received: the link lives.
    pub(crate) fn heard(&mut self, cx: &mut Context<'_>) {
        self.last_heard = Some(cx.now.unix);
        let deadline = cx.now.mono.plus_secs(self.config.max_response_delay);
        self.timers.set(Timer::Receive, deadline);
    }

    /// Sends a message that we begin.
    pub(crate) fn send(&mut self, message: Message, cx: &mut Context<'_>) {
        if let Some(live) = &mut self.links.live {
            let xid = live.xid();
            self.transmit_frame(xid, message, cx);
        }
    }

    /// Answers a message of the partner's.
    pub(crate) fn reply(&mut self, xid: Xid, message: Message, cx: &mut Context<'_>) {
        self.transmit_frame(xid, message, cx);
    }

    pub(crate) fn transmit_frame(&mut self, xid: Xid, message: Message, cx: &mut Context<'_>) {
        self.transmit_with(xid, message, Vec::new(), cx);
    }

    /// The same with options that the message has no field for.
    pub(crate) fn transmit_with(
        &mut self,
        xid: Xid,
        message: Message,
        unknown: Vec<UnknownOption>,
        cx: &mut Context<'_>,
    ) {
        let Some(live) = &self.links.live else {
            return;
        };
        let frame = Frame {
            unknown,
            ..Frame::new(cx.now.unix, xid, message)
        };
        cx.out.push(Output::Send(live.conn, frame));
        let contact = (self.peer_receive_timer / 3).max(MIN_CONTACT);
        self.timers
            .set(Timer::Contact, cx.now.mono.plus_secs(contact));
    }

    /// The partner, or what is in its place, breaks the protocol on the live link, or we have to
    /// end it: closes it and acts on the loss.
    pub(crate) fn drop_link(&mut self, cx: &mut Context<'_>) {
        if let Some(live) = &self.links.live {
            cx.out.push(Output::Close(live.conn));
            self.link_lost(cx);
        }
    }

    pub(crate) fn handle_disconnect(
        &mut self,
        conn: ConnId,
        disconnect: &Disconnect,
        cx: &mut Context<'_>,
    ) {
        let reason = disconnect.reject.unwrap_or(RejectReason::UNKNOWN_REASON);
        self.event(What::DisconnectReceived(reason), cx);
        self.close(conn, cx);
    }

    /// Closes the connection, whatever its standing.
    pub(crate) fn close(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        if self.links.is_live(conn) {
            self.drop_link(cx);
        } else {
            self.drop_pending(conn, cx);
        }
    }

    /// The connection was lost or closed by the partner.
    pub(crate) fn handle_disconnected(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        if self.links.is_live(conn) {
            self.link_lost(cx);
        } else if self.links.take_pending(conn).is_some() {
            self.redial_later(cx);
        }
    }

    fn link_lost(&mut self, cx: &mut Context<'_>) {
        if let Some(live) = self.links.live.take() {
            self.links.last_xids = live.xids();
        }
        self.note_lost_answers(cx);
        self.timers.stop(Timer::Speak);
        self.timers.stop(Timer::Contact);
        self.timers.stop(Timer::Hold);
        self.timers.stop(Timer::Receive);
        self.timers.stop(Timer::Balance);
        self.timers.stop(Timer::Retry);
        self.forget_updates(cx);
        self.event(What::Disconnected, cx);
        self.redial_later(cx);
        self.fall_back(cx);
    }

    pub(crate) fn redial_later(&mut self, cx: &mut Context<'_>) {
        let at = cx.now.mono.plus_secs(self.config.timing.redial);
        self.timers.set(Timer::Redial, at);
    }

    /// Nothing was heard for max-response-delay.
    pub(crate) fn contact_lost(&mut self, cx: &mut Context<'_>) {
        self.event(What::ContactTimeout, cx);
        self.send(disconnect(RejectReason::NO_TRAFFIC), cx);
        self.drop_link(cx);
    }
}
