//! Connections until they are the link: dialling, CONNECT and CONNECTACK with their checks.

use bytes::Bytes;
use dhcp_split::{Hba, Role};
use failover_wire::{
    Connect, ConnectAck, Disconnect, Frame, Message, OptionCode, PROTOCOL_VERSION, RejectReason,
    ServerState, UnixTime,
};

use crate::context::Context;
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::link::{Live, MAX_PENDING, Pending, Xids};
use crate::output::{ConnId, Output};
use crate::state;
use crate::timer::Timer;

/// What we call ourselves; ISC logs nothing and checks nothing of it. It tells two of our kind that
/// they are.
const VENDOR_CLASS: &[u8] = b"dhcp-failover";
/// Value of TLS-request that means "required"; we speak plain TCP on this port.
const TLS_REQUIRED: u8 = 2;
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
            max_unacked: Some(self.announced_window()),
            receive_timer: Some(self.config.max_response_delay),
            vendor_class: Some(Bytes::from_static(VENDOR_CLASS)),
            protocol_version: Some(PROTOCOL_VERSION),
            tls_request: Some(0),
            mclt: self.config.mclt,
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
                self.establish(conn, connect.vendor_class.as_deref(), cx);
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
            max_unacked: Some(self.announced_window()),
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
        self.learn_mclt(self.config.mclt.unwrap_or(self.mclt), cx);
        self.establish(conn, ack.vendor_class.as_deref(), cx);
        if self.listens_first() {
            let listen = self.config.timing.listen;
            self.timers.set(Timer::Speak, cx.now.mono.plus_secs(listen));
        } else {
            self.say_first_state(cx);
        }
    }

    /// Whether what we have to say would have an ISC dhcpd in NORMAL park itself in SHUTDOWN. It
    /// says its own state behind its CONNECTACK, so we can wait for that; a secondary of our kind
    /// waits for ours, and bears all.
    fn listens_first(&self) -> bool {
        let ours = self
            .links
            .live
            .as_ref()
            .is_some_and(|live| live.is_our_kind);
        !ours && state::is_of_conflict(self.saved)
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
    fn establish(&mut self, conn: ConnId, vendor_class: Option<&[u8]>, cx: &mut Context<'_>) {
        let Some(pending) = self.links.take_pending(conn) else {
            return;
        };
        let our_kind = vendor_class == Some(VENDOR_CLASS);
        self.links.live = Some(Live::new(pending, our_kind, self.links.last_xids));
        for other in std::mem::take(&mut self.links.pending) {
            cx.out.push(Output::Close(other.conn));
        }
        self.timers.stop(Timer::Redial);
        self.heard(cx);
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

    pub(crate) fn drop_pending(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        if self.links.take_pending(conn).is_some() {
            cx.out.push(Output::Close(conn));
            self.redial_later(cx);
        }
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

pub(crate) fn disconnect(reason: RejectReason) -> Message {
    Message::Disconnect(Disconnect {
        reject: Some(reason),
        message: Some(Bytes::from(reason.to_string())),
    })
}
