//! The whole of a server's failover: the lease table, and every relationship over it.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use bytes::BytesMut;
use failover_wire::{Frame, ServerState};

use crate::bindings::Bindings;
use crate::config::Config;
use crate::context::Context;
use crate::ending::next_end;
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::output::{ConnId, Output, RelationshipId, RelationshipRecord};
use crate::state;
use crate::time::{Instant, Now};
use crate::timer::Timer;

/// An act of the operator's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// The partner is down: serve its clients, and after MCLT use its addresses.
    PartnerDown {
        /// The relationship.
        id: RelationshipId,
        /// Even though the partner is connected.
        force: bool,
    },
    /// Enter a state, whatever the present one.
    SetState {
        /// The relationship.
        id: RelationshipId,
        /// The state.
        state: ServerState,
    },
}

/// Why a command was not carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CommandRefused {
    /// There is no such relationship.
    #[error("no such failover relationship")]
    UnknownRelationship,
    /// The partner is connected, so it is not down.
    #[error("the partner is connected: it is not down")]
    PartnerConnected,
    /// The state can't be entered by command.
    #[error("{0} is not a state to be set")]
    NotSettable(ServerState),
}

/// The lease table and the relationships of one server.
///
/// Inputs are the `handle_*` methods; each takes both clocks and appends what is to be done to
/// `out`, in order. After each input, and before the next, the driver performs the outputs: an
/// [`Output::Store`] is on disk before anything after it is performed. [`Core::poll_timeout`] may
/// change with every input.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Core {
    pub(crate) bindings: Bindings,
    pub(crate) endpoints: Vec<Endpoint>,
    conns: BTreeMap<ConnId, Conn>,
    /// Quarantine of an abandoned address in a pool without a partner, seconds.
    pub(crate) abandon_time: u32,
    last_seen: Now,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Conn {
    id: RelationshipId,
    received: BytesMut,
}

impl Core {
    /// Starts: every relationship goes to STARTUP, resumes from its record, and dials.
    ///
    /// `bindings` is the table as loaded; `records` what the lease file says of relationships, by
    /// index of `configs`. A relationship without a record has lost its file, or is new: it
    /// begins in RECOVER.
    ///
    /// # Panics
    ///
    /// If a pool names a relationship that is not among `configs`.
    pub fn new(
        bindings: Bindings,
        configs: Vec<Config>,
        records: &BTreeMap<RelationshipId, RelationshipRecord>,
        abandon_time: u32,
        now: Now,
        out: &mut Vec<Output>,
    ) -> Self {
        let known = |pool| {
            let id = bindings.relationship(pool);
            id.is_none_or(|id| usize::from(id.0) < configs.len())
        };
        assert!(
            bindings.pools().all(known),
            "a pool's relationship is configured"
        );
        let mut core = Self {
            bindings,
            endpoints: Vec::new(),
            conns: BTreeMap::new(),
            abandon_time,
            last_seen: now,
        };
        for (index, config) in configs.into_iter().enumerate() {
            let id = RelationshipId(index as u16);
            let endpoint = Endpoint::new(id, config, records.get(&id), &core.bindings, now);
            core.endpoints.push(endpoint);
        }
        for at in 0..core.endpoints.len() {
            let (endpoint, mut cx) = core.split(at, now, out);
            endpoint.start(&mut cx);
        }
        core.handle_leases(now, out);
        core
    }

    /// The lease table.
    pub fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    /// The relationships, in order of configuration.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// A relationship.
    ///
    /// # Panics
    ///
    /// If there is none of that number.
    pub fn endpoint(&self, id: RelationshipId) -> &Endpoint {
        &self.endpoints[usize::from(id.0)]
    }

    /// A connection was accepted; it belongs to the relationship whose partner has the address it
    /// comes from.
    pub fn handle_accepted(
        &mut self,
        conn: ConnId,
        from: Ipv4Addr,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        self.observe(now, out);
        match self
            .endpoints
            .iter()
            .find(|e| e.config.peer_address == from)
        {
            Some(endpoint) => self.connected(endpoint.id, conn, false, now, out),
            None => out.push(Output::Close(conn)),
        }
    }

    /// A connection that an [`Output::Dial`] asked for is up.
    pub fn handle_dialed(
        &mut self,
        id: RelationshipId,
        conn: ConnId,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        self.observe(now, out);
        self.connected(id, conn, true, now, out);
    }

    fn connected(
        &mut self,
        id: RelationshipId,
        conn: ConnId,
        dialed: bool,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        self.conns.insert(
            conn,
            Conn {
                id,
                received: BytesMut::new(),
            },
        );
        let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
        endpoint.handle_connected(conn, dialed, &mut cx);
        self.forget_closed(out);
    }

    /// A dial came to nothing; `refused` if the partner's machine said so at once.
    pub fn handle_dial_failed(
        &mut self,
        id: RelationshipId,
        refused: bool,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        self.observe(now, out);
        let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
        endpoint.handle_dial_failed(refused, &mut cx);
    }

    /// Bytes of a partner's stream, in any segmentation.
    pub fn handle_peer_bytes(
        &mut self,
        conn: ConnId,
        bytes: &[u8],
        now: Now,
        out: &mut Vec<Output>,
    ) {
        self.observe(now, out);
        let Some(entry) = self.conns.get_mut(&conn) else {
            return;
        };
        entry.received.extend_from_slice(bytes);
        // A connection that is closed meanwhile is gone from the map, and its bytes with it.
        while let Some(entry) = self.conns.get_mut(&conn) {
            let id = entry.id;
            match failover_wire::decode(&mut entry.received) {
                Ok(None) => return,
                Ok(Some(frame)) => self.frame(id, conn, &frame, now, out),
                Err(error) => {
                    let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
                    endpoint.event(What::BadMessage(error.to_string()), &mut cx);
                    endpoint.close(conn, &mut cx);
                    self.forget_closed(out);
                }
            }
        }
    }

    fn frame(
        &mut self,
        id: RelationshipId,
        conn: ConnId,
        frame: &Frame,
        now: Now,
        out: &mut Vec<Output>,
    ) {
        let before = out.len();
        let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
        endpoint.handle_frame(conn, frame, &mut cx);
        self.forget_closed(&out[before..]);
    }

    /// A connection was lost, or closed by the partner. Not to be told of those that an
    /// [`Output::Close`] closed.
    pub fn handle_disconnected(&mut self, conn: ConnId, now: Now, out: &mut Vec<Output>) {
        self.observe(now, out);
        let Some(Conn { id, .. }) = self.conns.remove(&conn) else {
            return;
        };
        let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
        endpoint.handle_disconnected(conn, &mut cx);
    }

    /// Does what is due. Calling it early does no harm.
    pub fn handle_timeout(&mut self, now: Now, out: &mut Vec<Output>) {
        self.observe(now, out);
        for at in 0..self.endpoints.len() {
            let (endpoint, mut cx) = self.split(at, now, out);
            endpoint.handle_timers(&mut cx);
        }
        self.handle_leases(now, out);
        self.forget_closed(out);
    }

    fn handle_leases(&mut self, now: Now, out: &mut Vec<Output>) {
        for at in 0..self.endpoints.len() {
            let (endpoint, mut cx) = self.split(at, now, out);
            endpoint.expire(&mut cx);
        }
        self.expire_alone(now, out);
    }

    /// When [`Core::handle_timeout`] should be called, and what for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let shared = self.endpoints.iter().flat_map(|endpoint| {
            let lease = endpoint
                .next_expiry(&self.bindings)
                .map(|at| (at, Timer::Lease));
            endpoint.poll_timeout().into_iter().chain(lease)
        });
        let alone = next_end(&self.bindings, None, true).map(|at| (at, Timer::Lease));
        shared.chain(alone).min()
    }

    /// Carries out what the operator orders.
    ///
    /// # Errors
    ///
    /// Says why not; nothing has changed then.
    pub fn handle_command(
        &mut self,
        command: Command,
        now: Now,
        out: &mut Vec<Output>,
    ) -> Result<(), CommandRefused> {
        self.observe(now, out);
        let (id, to, force) = match command {
            Command::PartnerDown { id, force } => (id, ServerState::PartnerDown, force),
            Command::SetState {
                state: ServerState::Startup,
                ..
            } => return Err(CommandRefused::NotSettable(ServerState::Startup)),
            Command::SetState { id, state } => (id, state, true),
        };
        if usize::from(id.0) >= self.endpoints.len() {
            return Err(CommandRefused::UnknownRelationship);
        }
        let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
        if endpoint.is_connected() && !force {
            return Err(CommandRefused::PartnerConnected);
        }
        let partner = endpoint.partner_state();
        if partner.is_some_and(|peer| !state::is_bearable(to, peer)) {
            endpoint.drop_link(&mut cx);
        }
        endpoint.move_to(to, &mut cx);
        self.forget_closed(out);
        Ok(())
    }

    pub(crate) fn split<'a>(
        &'a mut self,
        at: usize,
        now: Now,
        out: &'a mut Vec<Output>,
    ) -> (&'a mut Endpoint, Context<'a>) {
        (
            &mut self.endpoints[at],
            Context {
                bindings: &mut self.bindings,
                now,
                out,
            },
        )
    }

    /// Drops what was received on connections that are being closed.
    pub(crate) fn forget_closed(&mut self, out: &[Output]) {
        for output in out {
            if let Output::Close(conn) = output {
                self.conns.remove(conn);
            }
        }
    }

    pub(crate) fn observed_at(&mut self, now: Now) {
        self.last_seen = now;
    }

    /// Compares the clocks with each other since the last input: a stepped wall clock has the skew
    /// checked anew, and a long sleep is a restart.
    pub(crate) fn observe(&mut self, now: Now, out: &mut Vec<Output>) {
        let last = std::mem::replace(&mut self.last_seen, now);
        let slept = now.mono.since(last.mono).as_secs();
        let step = i64::from(now.unix.0) - i64::from(last.unix.0) - slept as i64;
        for at in 0..self.endpoints.len() {
            let (endpoint, mut cx) = self.split(at, now, out);
            if step.unsigned_abs() > u64::from(endpoint.config.timing.max_clock_step) {
                endpoint.event(What::ClockStepped(step), &mut cx);
                endpoint.drop_link(&mut cx);
            }
            if endpoint.mclt > 0 && slept > u64::from(endpoint.mclt) {
                endpoint.event(What::Suspended(slept), &mut cx);
                endpoint.restart(&mut cx);
            }
        }
        self.forget_closed(out);
    }
}
