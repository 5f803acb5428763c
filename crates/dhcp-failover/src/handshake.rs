//! Connections: dialling, CONNECT and CONNECTACK with their checks, keepalive, loss.

use bytes::Bytes;
use dhcp_split::{Hba, Role};
use failover_wire::{
    Connect, ConnectAck, Disconnect, Frame, Message, OptionCode, PROTOCOL_VERSION, RejectReason,
    ServerState, UnixTime, Xid,
};

use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::link::{Live, MAX_PENDING, Pending, Xids};
use crate::output::{ConnId, Output};
use crate::timer::Timer;

/// What we call ourselves; ISC logs nothing and checks nothing of it.
const VENDOR_CLASS: &[u8] = b"dhcp-failover";
/// Value of TLS-request that means "required"; we speak plain TCP on this port.
const TLS_REQUIRED: u8 = 2;
/// Shortest keepalive interval, seconds, whatever receive timer the partner names: ISC itself
/// floods when told less than three.
const MIN_CONTACT: u32 = 1;
/// Longest believable receive timer, seconds: a larger one is taken as this.
const MAX_RECEIVE_TIMER: u32 = 86_400;

impl Endpoint {
    /// Dials unless a connection stands or is being made.
    pub(crate) fn dial(&mut self, cx: &mut Context<'_>) {
        let links = &mut self.links;
        if links.live.is_some() || links.dialing || !links.pending.is_empty() {
            return;
        }
        links.dialing = true;
        cx.out.push(Output::Dial(self.id));
    }

    pub(crate) fn handle_dial_failed(&mut self, refused: bool, cx: &mut Context<'_>) {
        self.links.dialing = false;
        self.redial_later(cx);
        // A partner that refuses is up, and about to dial us; silence is another matter.
        if !refused && self.state == ServerState::Startup {
            self.fall_back(cx);
        }
    }

    /// A connection is up, whoever dialled: the primary speaks first.
    pub(crate) fn handle_connected(&mut self, conn: ConnId, dialed: bool, cx: &mut Context<'_>) {
        if dialed {
            self.links.dialing = false;
        }
        let full = self.links.live.is_some() || self.links.pending.len() >= MAX_PENDING;
        if full || self.clock_behind(cx.now) > 0 {
            if !full {
                self.redial_later(cx);
            }
            cx.out.push(Output::Close(conn));
            return;
        }
        let mut xids = Xids::default();
        if self.config.role == Role::Primary {
            let connect = Message::Connect(self.connect());
            cx.out.push(Output::Send(
                conn,
                Frame::new(cx.now.unix, xids.next(), connect),
            ));
        }
        let deadline = cx.now.mono.plus_secs(self.config.timing.handshake);
        self.links.pending.push(Pending {
            conn,
            deadline,
            xids,
        });
    }

    fn connect(&self) -> Connect {
        Connect {
            relationship_name: Some(Bytes::copy_from_slice(self.name.as_bytes())),
            max_unacked: Some(self.config.max_unacked_updates),
            receive_timer: Some(self.config.max_response_delay),
            vendor_class: Some(Bytes::from_static(VENDOR_CLASS)),
            protocol_version: Some(PROTOCOL_VERSION),
            tls_request: Some(0),
            mclt: Some(self.mclt),
            hba: self.hba.map(|hba| Bytes::copy_from_slice(hba.as_bytes())),
        }
    }

    /// A message on a connection whose handshake isn't done.
    pub(crate) fn handle_early(&mut self, conn: ConnId, frame: &Frame, cx: &mut Context<'_>) {
        match (&frame.message, self.config.role) {
            (Message::Connect(connect), _) => self.handle_connect(conn, frame, connect, cx),
            (Message::ConnectAck(ack), Role::Primary) => {
                self.handle_connect_ack(conn, frame, ack, cx);
            }
            (Message::Disconnect(disconnect), _) => {
                self.handle_disconnect(conn, disconnect, cx);
            }
            // Nothing else has a meaning before the handshake: not even a STATE behind an
            // acknowledgement that we refused.
            _ => self.drop_pending(conn, cx),
        }
    }

    fn handle_connect(
        &mut self,
        conn: ConnId,
        frame: &Frame,
        connect: &Connect,
        cx: &mut Context<'_>,
    ) {
        let tls = connect.tls_request;
        match self.check_connect(frame, connect, cx) {
            Err(reason) => {
                self.event(What::ConnectRefused(reason), cx);
                let ack = self.rejection(connect, reason);
                cx.out
                    .push(Output::Send(conn, Frame::new(cx.now.unix, frame.xid, ack)));
                self.drop_pending(conn, cx);
            }
            Ok(hba) => {
                self.hba = Some(hba);
                self.learn(connect.max_unacked, connect.receive_timer);
                self.learn_mclt(connect.mclt.unwrap_or(self.mclt), cx);
                let ack = Message::ConnectAck(ConnectAck {
                    reject: None,
                    message: None,
                    ..self.acknowledgement(tls)
                });
                self.establish(conn, cx);
                self.reply(frame.xid, ack, cx);
            }
        }
    }

    /// ISC's checks in ISC's order, then ours.
    fn check_connect(
        &self,
        frame: &Frame,
        connect: &Connect,
        cx: &Context<'_>,
    ) -> Result<Hba, RejectReason> {
        if self.config.role == Role::Primary {
            return Err(RejectReason::INVALID_PARTNER);
        }
        if connect.relationship_name.as_deref() != Some(self.name.as_bytes()) {
            return Err(RejectReason::INVALID_PARTNER);
        }
        if self.skew(frame.time, cx) > self.config.timing.max_skew {
            return Err(RejectReason::TIME_MISMATCH);
        }
        let hba = connect
            .hba
            .as_deref()
            .and_then(|hba| <[u8; 32]>::try_from(hba).ok());
        let hba = Hba::from_bytes(hba.ok_or(RejectReason::HBA_CONFLICT)?);
        if self.links.live.is_some() {
            return Err(RejectReason::DUPLICATE_CONNECTION);
        }
        let mclt = connect.mclt.ok_or(RejectReason::INVALID_MCLT)?;
        if mclt == 0 || mclt == u32::MAX {
            return Err(RejectReason::INVALID_MCLT);
        }
        if connect
            .protocol_version
            .is_some_and(|version| version != PROTOCOL_VERSION)
        {
            return Err(RejectReason::VERSION_MISMATCH);
        }
        if connect.tls_request == Some(TLS_REQUIRED) {
            return Err(RejectReason::TLS_UNSUPPORTED);
        }
        if has_digest(frame) {
            return Err(RejectReason::DIGEST_UNCONFIGURED);
        }
        Ok(hba)
    }

    fn acknowledgement(&self, tls_request: Option<u8>) -> ConnectAck {
        ConnectAck {
            relationship_name: Some(Bytes::copy_from_slice(self.name.as_bytes())),
            max_unacked: Some(self.config.max_unacked_updates),
            receive_timer: Some(self.config.max_response_delay),
            vendor_class: Some(Bytes::from_static(VENDOR_CLASS)),
            protocol_version: Some(PROTOCOL_VERSION),
            tls_reply: tls_request.map(|_| 0),
            ..ConnectAck::default()
        }
    }

    fn rejection(&self, connect: &Connect, reason: RejectReason) -> Message {
        let known = connect.relationship_name.as_deref() == Some(self.name.as_bytes());
        let mut ack = self.acknowledgement(connect.tls_request);
        if !known {
            ack.relationship_name = connect.relationship_name.clone();
            ack.max_unacked = None;
            ack.receive_timer = None;
        }
        ack.reject = Some(reason);
        ack.message = Some(Bytes::from(reason.to_string()));
        Message::ConnectAck(ack)
    }

    fn handle_connect_ack(
        &mut self,
        conn: ConnId,
        frame: &Frame,
        ack: &ConnectAck,
        cx: &mut Context<'_>,
    ) {
        if let Some(reason) = ack.reject {
            self.event(What::ConnectRejected(reason), cx);
            self.drop_pending(conn, cx);
            return;
        }
        let problem = if ack.relationship_name.as_deref() != Some(self.name.as_bytes()) {
            Some(RejectReason::INVALID_PARTNER)
        } else if self.links.live.is_some() {
            Some(RejectReason::DUPLICATE_CONNECTION)
        } else if self.skew(frame.time, cx) > self.config.timing.max_skew {
            Some(RejectReason::TIME_MISMATCH)
        } else if has_digest(frame) {
            Some(RejectReason::DIGEST_UNCONFIGURED)
        } else {
            None
        };
        if let Some(reason) = problem {
            self.event(What::ConnectAckBad(reason), cx);
            self.refuse(conn, reason, cx);
            return;
        }
        self.learn(ack.max_unacked, ack.receive_timer);
        self.establish(conn, cx);
        self.say_first_state(cx);
    }

    fn skew(&self, sent_at: UnixTime, cx: &Context<'_>) -> u32 {
        sent_at.0.abs_diff(cx.now.unix.0)
    }

    /// Takes over the flow control numbers that the partner names, within reason: absent or
    /// absurd ones would make us mute, or flood.
    fn learn(&mut self, max_unacked: Option<u32>, receive_timer: Option<u32>) {
        if let Some(max_unacked) = max_unacked {
            self.peer_max_unacked = max_unacked.max(1);
        }
        if let Some(receive_timer) = receive_timer {
            self.peer_receive_timer = receive_timer.min(MAX_RECEIVE_TIMER);
        }
    }

    fn learn_mclt(&mut self, mclt: u32, cx: &mut Context<'_>) {
        if self.mclt == mclt {
            return;
        }
        self.mclt = mclt;
        // Leases granted under a longer one are still out.
        self.wait_mclt = self.wait_mclt.max(mclt);
        self.store(cx);
    }

    /// Makes a pending connection the link.
    fn establish(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        let Some(pending) = self.links.take_pending(conn) else {
            return;
        };
        self.links.live = Some(Live::new(pending));
        for other in std::mem::take(&mut self.links.pending) {
            cx.out.push(Output::Close(other.conn));
        }
        self.timers.stop(Timer::Redial);
        self.heard(cx);
    }

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
        let Some(live) = &self.links.live else {
            return;
        };
        cx.out.push(Output::Send(
            live.conn,
            Frame::new(cx.now.unix, xid, message),
        ));
        let contact = (self.peer_receive_timer / 3).max(MIN_CONTACT);
        self.timers
            .set(Timer::Contact, cx.now.mono.plus_secs(contact));
    }

    /// Says why, then closes a connection that never became the link.
    fn refuse(&mut self, conn: ConnId, reason: RejectReason, cx: &mut Context<'_>) {
        let mut xids = self
            .links
            .take_pending(conn)
            .map(|p| p.xids)
            .unwrap_or_default();
        let message = disconnect(reason);
        cx.out.push(Output::Send(
            conn,
            Frame::new(cx.now.unix, xids.next(), message),
        ));
        cx.out.push(Output::Close(conn));
        self.redial_later(cx);
    }

    /// The partner, or what is in its place, breaks the protocol on the live link, or we have to
    /// end it: closes it and acts on the loss.
    pub(crate) fn drop_link(&mut self, cx: &mut Context<'_>) {
        if let Some(live) = &self.links.live {
            cx.out.push(Output::Close(live.conn));
            self.link_lost(cx);
        }
    }

    fn drop_pending(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        if self.links.take_pending(conn).is_some() {
            cx.out.push(Output::Close(conn));
            self.redial_later(cx);
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
        self.links.live = None;
        self.timers.stop(Timer::Contact);
        self.timers.stop(Timer::Receive);
        self.timers.stop(Timer::Balance);
        self.timers.stop(Timer::Retry);
        self.forget_updates(cx);
        self.event(What::Disconnected, cx);
        self.redial_later(cx);
        self.fall_back(cx);
    }

    fn redial_later(&mut self, cx: &mut Context<'_>) {
        let at = cx.now.mono.plus_secs(self.config.timing.redial);
        self.timers.set(Timer::Redial, at);
    }

    /// Nothing was heard for max-response-delay.
    pub(crate) fn contact_lost(&mut self, cx: &mut Context<'_>) {
        self.event(What::ContactTimeout, cx);
        self.send(disconnect(RejectReason::NO_TRAFFIC), cx);
        self.drop_link(cx);
    }

    /// Closes connections whose handshake takes too long.
    pub(crate) fn expire_handshakes(&mut self, cx: &mut Context<'_>) {
        let due = |p: &Pending| p.deadline <= cx.now.mono;
        let late: Vec<ConnId> = self
            .links
            .pending
            .iter()
            .filter(|p| due(p))
            .map(|p| p.conn)
            .collect();
        for conn in late {
            self.event(What::LinkStartupTimeout, cx);
            self.drop_pending(conn, cx);
        }
    }
}

/// Whether the partner authenticates its messages, which it and we would have to be configured for.
fn has_digest(frame: &Frame) -> bool {
    let mut unknown = frame.unknown.iter();
    unknown.any(|option| option.code == OptionCode::MESSAGE_DIGEST)
}

fn disconnect(reason: RejectReason) -> Message {
    Message::Disconnect(Disconnect {
        reject: Some(reason),
        message: Some(Bytes::from(reason.to_string())),
    })
}
