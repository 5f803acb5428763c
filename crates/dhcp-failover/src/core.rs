//! The whole of a server's failover: the lease table, and every relationship over it.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use bytes::BytesMut;
use dhcp_split::Role;
use failover_wire::{Frame, Message, ServerState, UnixTime};

use crate::binding::{Binding, Client};
use crate::bindings::{Bindings, PoolId};
use crate::config::Config;
use crate::context::Context;
use crate::ending::{abandon, next_end, next_ended};
use crate::endpoint::Endpoint;
use crate::event::What;
use crate::grant::{Grant, Granted, Refused, lease};
use crate::output::{ConnId, Output, RelationshipId, RelationshipRecord};
use crate::state::Service;
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
    bindings: Bindings,
    endpoints: Vec<Endpoint>,
    conns: BTreeMap<ConnId, Conn>,
    /// Quarantine of an abandoned address in a pool without a partner, seconds.
    abandon_time: u32,
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
    pub fn new(
        bindings: Bindings,
        configs: Vec<Config>,
        records: &BTreeMap<RelationshipId, RelationshipRecord>,
        abandon_time: u32,
        now: Now,
        out: &mut Vec<Output>,
    ) -> Self {
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
        for pool in self.bindings.pools() {
            if self.bindings.relationship(pool).is_none() {
                self.expire_alone(pool, now, out);
            }
        }
    }

    fn expire_alone(&mut self, pool: PoolId, now: Now, out: &mut Vec<Output>) {
        const BATCH: usize = 1024;
        for _ in 0..BATCH {
            let mut cx = Context {
                bindings: &mut self.bindings,
                now,
                out,
            };
            let Some(slot) = next_ended(pool, true, &mut cx) else {
                return;
            };
            let mut binding = cx.bindings.at(slot).clone();
            become_free(&mut binding);
            cx.bindings.apply(slot, binding, cx.out);
        }
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
        let alone = self
            .bindings
            .pools()
            .filter(|pool| self.bindings.relationship(*pool).is_none())
            .filter_map(|pool| next_end(&self.bindings, pool, true))
            .map(|at| (at, Timer::Lease));
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
                id,
                state: ServerState::Startup,
            } => {
                let _ = id;
                return Err(CommandRefused::NotSettable(ServerState::Startup));
            }
            Command::SetState { id, state } => (id, state, true),
        };
        if usize::from(id.0) >= self.endpoints.len() {
            return Err(CommandRefused::UnknownRelationship);
        }
        let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
        if endpoint.is_connected() && !force {
            return Err(CommandRefused::PartnerConnected);
        }
        endpoint.move_to(to, &mut cx);
        self.forget_closed(out);
        Ok(())
    }

    /// What this server does for clients of a pool.
    pub fn service(&self, pool: PoolId) -> Service {
        match self.bindings.relationship(pool) {
            Some(id) => self.endpoint(id).service(),
            None => Service::NotCooperating,
        }
    }

    /// Whether an address may be given to this client in its present state.
    pub fn may_give(&self, address: Ipv4Addr, client: &Client, now: Now) -> bool {
        let Some(binding) = self.bindings.get(address) else {
            return false;
        };
        match self.bindings.relationship_of(address) {
            Some(id) => self.endpoint(id).may_give(binding, client, now),
            None => may_give_alone(binding, client, now),
        }
    }

    /// The next address of a pool to give to a client that has none, oldest first; `skip` says
    /// which not to take.
    pub fn next_free(
        &mut self,
        pool: PoolId,
        now: Now,
        mut skip: impl FnMut(Ipv4Addr) -> bool,
    ) -> Option<Ipv4Addr> {
        use failover_wire::BindingStatus::{Abandoned, Free};
        if let Some(id) = self.bindings.relationship(pool) {
            let endpoint = &mut self.endpoints[usize::from(id.0)];
            return endpoint.next_free(pool, now, &self.bindings, skip);
        }
        let nobody = Client::default();
        [Free, Abandoned].into_iter().find_map(|status| {
            self.bindings
                .in_reuse_order(pool, status)
                .take_while(|(_, binding)| may_give_alone(binding, &nobody, now))
                .map(|(address, _)| address)
                .find(|address| !skip(*address))
        })
    }

    /// The length of lease that a client would get on an address now, seconds; `desired` if the
    /// address is in no pool.
    pub fn lease_length(&self, address: Ipv4Addr, client: &Client, desired: u32, now: Now) -> u32 {
        match (
            self.bindings.get(address),
            self.bindings.relationship_of(address),
        ) {
            (Some(binding), Some(id)) => self
                .endpoint(id)
                .lease_length(binding, client, desired, now),
            _ => desired,
        }
    }

    /// Grants or renews a lease.
    ///
    /// # Errors
    ///
    /// Says why not; nothing has changed then.
    pub fn grant(
        &mut self,
        grant: Grant,
        now: Now,
        out: &mut Vec<Output>,
    ) -> Result<Granted, Refused> {
        self.observe(now, out);
        let slot = self
            .bindings
            .slot(grant.address)
            .ok_or(Refused::NotInPool)?;
        if let Some(id) = self.bindings.relationship_of(grant.address) {
            let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
            return endpoint.grant(slot, grant, &mut cx);
        }
        let stored = self.bindings.at(slot);
        if !may_give_alone(stored, &grant.client, now) {
            return Err(Refused::OtherClient);
        }
        let length = grant.desired;
        let mut binding = stored.clone();
        lease(&mut binding, grant, length, now);
        binding.rewind = binding.status;
        let ends = binding.ends;
        self.bindings.apply(slot, binding, out);
        Ok(Granted { length, ends })
    }

    /// A client gave back the address that it holds.
    pub fn release(&mut self, address: Ipv4Addr, now: Now, out: &mut Vec<Output>) {
        let Some(slot) = self.bindings.slot(address) else {
            return;
        };
        if let Some(id) = self.bindings.relationship_of(address) {
            let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
            endpoint.release(slot, &mut cx);
            return;
        }
        let mut binding = self.bindings.at(slot).clone();
        binding.ends = now.unix;
        binding.ends_mono = now.mono;
        binding.cltt = now.unix;
        become_free(&mut binding);
        self.bindings.apply(slot, binding, out);
    }

    /// Someone unknown uses an address.
    pub fn abandon(&mut self, address: Ipv4Addr, now: Now, out: &mut Vec<Output>) {
        let Some(slot) = self.bindings.slot(address) else {
            return;
        };
        if let Some(id) = self.bindings.relationship_of(address) {
            let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
            endpoint.abandon(slot, &mut cx);
            return;
        }
        let mut binding = self.bindings.at(slot).clone();
        abandon(&mut binding, self.abandon_time, now);
        binding.rewind = binding.status;
        self.bindings.apply(slot, binding, out);
    }

    fn split<'a>(
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
    fn forget_closed(&mut self, out: &[Output]) {
        for output in out {
            if let Output::Close(conn) = output {
                self.conns.remove(conn);
            }
        }
    }

    /// Compares the clocks with each other since the last input: a stepped wall clock has the skew
    /// checked anew, and a long sleep is a restart.
    fn observe(&mut self, now: Now, out: &mut Vec<Output>) {
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

/// Whether an address of a pool without a partner may be given to this client.
fn may_give_alone(binding: &Binding, client: &Client, now: Now) -> bool {
    use failover_wire::BindingStatus::{Abandoned, Active};
    match binding.status {
        Active => binding.client.is_same(client),
        Abandoned => true,
        _ => {
            let over = binding.ends <= now.unix && binding.ends_mono <= now.mono;
            over || binding.client.is_same(client)
        }
    }
}

/// In a pool without a partner a tenancy that ends leaves the address free at once.
fn become_free(binding: &mut Binding) {
    binding.status = failover_wire::BindingStatus::Free;
    binding.rewind = binding.status;
}

impl Endpoint {
    fn new(
        id: RelationshipId,
        config: Config,
        record: Option<&RelationshipRecord>,
        bindings: &Bindings,
        now: Now,
    ) -> Self {
        let saved = record.map_or(ServerState::Recover, |record| match record.my_state {
            ServerState::Startup => ServerState::Recover,
            state => state,
        });
        let learned = record.and_then(|record| record.mclt);
        let mclt = match config.role {
            Role::Primary => config.mclt,
            Role::Secondary => learned.or(config.mclt),
        };
        let mclt = mclt.unwrap_or(0);
        let own = || bindings.slots_of(id).map(|slot| bindings.at(slot));
        let last_grant = own().map(|binding| binding.cltt).max().unwrap_or_default();
        let newest = own()
            .map(|binding| binding.starts.max(binding.cltt))
            .max()
            .unwrap_or_default();
        let behind = newest.0.saturating_sub(now.unix.0) > config.timing.max_skew;
        Self {
            id,
            name: config.name.as_str().into(),
            pools: bindings
                .pools()
                .filter(|p| bindings.relationship(*p) == Some(id))
                .collect(),
            state: ServerState::Startup,
            saved,
            stos: record.map_or(now.unix, |record| record.my_stos),
            partner: record.and_then(|record| record.partner_state),
            partner_stos: record.map_or(now.unix, |record| record.partner_stos),
            mclt,
            wait_mclt: mclt,
            hba: config.hba,
            peer_max_unacked: config.peer_max_unacked_updates.unwrap_or(1).max(1),
            peer_receive_timer: config
                .peer_max_response_delay
                .unwrap_or(config.max_response_delay),
            links: Default::default(),
            timers: Default::default(),
            updates: Default::default(),
            alone_since: now,
            waiting: Default::default(),
            taken_over: Default::default(),
            // Without a record the file was lost: anything may have been granted up to now.
            last_grant: if record.is_some() {
                last_grant
            } else {
                now.unix
            },
            amnesic: record.is_none(),
            needs_all: matches!(
                saved,
                ServerState::Recover
                    | ServerState::PotentialConflict
                    | ServerState::ResolutionInterrupted
            ),
            not_before: if behind { newest } else { UnixTime(0) },
            last_heard: None,
            last_balance: UnixTime(0),
            config,
        }
    }

    /// After a sleep that others may have taken for death.
    fn restart(&mut self, cx: &mut Context<'_>) {
        self.drop_link(cx);
        if self.state != ServerState::Startup {
            self.state = ServerState::Startup;
            self.start(cx);
        }
    }

    /// A message on one of our connections.
    fn handle_frame(&mut self, conn: ConnId, frame: &Frame, cx: &mut Context<'_>) {
        if !self.links.is_live(conn) {
            self.handle_early(conn, frame, cx);
            return;
        }
        self.heard(cx);
        match &frame.message {
            Message::BindingUpdate(update) => self.handle_update(frame.xid, update, cx),
            Message::BindingAck(ack) => self.handle_ack(frame.xid, ack, cx),
            Message::State(state) => self.handle_state(state, cx),
            Message::PoolRequest => self.handle_pool_request(frame.xid, cx),
            Message::PoolResponse(response) => {
                let count = response.addresses_transferred.unwrap_or(0);
                self.event(What::PoolResponse(count), cx);
            }
            Message::UpdateRequestAll => self.handle_update_request(true, frame.xid, cx),
            Message::UpdateRequest => self.handle_update_request(false, frame.xid, cx),
            Message::UpdateDone => self.handle_update_done(cx),
            Message::Contact | Message::Unknown { .. } => {}
            // A second handshake on the link is an error of the partner's (ISC closes too).
            Message::Connect(_) | Message::ConnectAck(_) => self.drop_link(cx),
            Message::Disconnect(disconnect) => self.handle_disconnect(conn, disconnect, cx),
        }
    }

    fn handle_timers(&mut self, cx: &mut Context<'_>) {
        let now = cx.now.mono;
        self.expire_handshakes(cx);
        if self.timers.take_due(Timer::Receive, now) {
            self.contact_lost(cx);
        }
        if self.timers.take_due(Timer::Contact, now) {
            self.send(Message::Contact, cx);
        }
        if self.timers.take_due(Timer::Startup, now) {
            self.startup_over(cx);
        }
        if self.timers.take_due(Timer::AutoPartnerDown, now) {
            self.move_to(ServerState::PartnerDown, cx);
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

    /// STARTUP has waited long enough, unless the clock still has to catch up.
    fn startup_over(&mut self, cx: &mut Context<'_>) {
        if self.state != ServerState::Startup {
            return;
        }
        let behind = self.clock_behind(cx.now);
        if behind > 0 {
            self.timers
                .set(Timer::Startup, cx.now.mono.plus_secs(behind));
        } else if self.config.wait_for_contact && self.links.live.is_none() {
            let again = self.config.timing.startup;
            self.timers
                .set(Timer::Startup, cx.now.mono.plus_secs(again));
        } else {
            self.fall_back(cx);
        }
    }
}
