//! The server.

use core::net::Ipv4Addr;

use dhcp_failover::{
    Bindings, BindingsError, Command, CommandRefused, ConnId, Core, Instant, Now,
    Output as CoreOutput, Record, RelationshipId, Timer,
};
use dhcp4_wire::Packet;

use crate::config::{DnsConfig, ServerConfig};
use crate::ddns::{DnsAnswer, Engine, Surroundings};
use crate::eval::{effects_of, settled};
use crate::event::{Event, LeaseNote};
use crate::exchange::Exchange;
use crate::journal::{self, Loaded, StoredRecord};
use crate::offers::Offers;
use crate::outbox::Outbox;
use crate::output::Output;
use crate::probe::Probes;
use crate::query::{Ingress, Query, Scratch};
use crate::stats::Stats;
use crate::status::Status;
use crate::trace::Trace;

/// Secrets of this process.
#[derive(Clone, Copy, Debug)]
pub struct Seeds {
    /// Key of the look-up tables, chosen at random, so that clients can't choose identifiers that collide.
    pub hash_key: [u64; 2],
}

/// Why a server can't begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The pools of the configuration can't be laid out.
    #[error(transparent)]
    Pools(#[from] BindingsError),
}

/// Why the server wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerReason {
    /// A timer of the failover protocol or of the lease table.
    Failover(Timer),
    /// A probe wasn't answered: the offer goes out.
    Probe,
}

/// A DHCPv4 server: pure, so that the same inputs at the same times give the same outputs.
///
/// After every handler the driver drains [`poll_output`](Self::poll_output). Due timeouts run before anything else:
/// each handler sees to that itself.
#[derive(Debug)]
pub struct Server {
    config: ServerConfig,
    state: State,
    scratch: Box<Scratch>,
    /// Records of the lease file that aren't this server's to change; written back as they were.
    kept: Vec<StoredRecord>,
}

/// What changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) core: Core,
    pub(crate) offers: Offers,
    pub(crate) probes: Probes,
    pub(crate) out: Outbox,
    pub(crate) dns: Engine,
    pub(crate) stats: Stats,
    /// What a DHCPNAK says: why the last look-up that failed did so, be it another client's, as in ISC. At first nothing.
    pub(crate) refusal: &'static str,
    /// Where how an answer came about is taken down, if anyone wants to know.
    pub(crate) trace: Option<Box<Trace>>,
}

impl Server {
    /// A server with the leases of its file. It starts in STARTUP, and dials; its first outputs wait to be drained.
    ///
    /// # Errors
    /// When the pools can't be laid out.
    pub fn new(
        config: ServerConfig,
        records: impl IntoIterator<Item = StoredRecord>,
        seeds: Seeds,
        now: Now,
    ) -> Result<Self, StartError> {
        let bindings = Bindings::new(config.pool_specs(), seeds.hash_key)?;
        let mut loaded = Loaded::new(&config, bindings, now);
        records.into_iter().for_each(|record| loaded.take(record));
        let mut out = Outbox::default();
        let mut stats = Stats::default();
        for address in loaded.foreign() {
            out.event(Event::Lease(address, LeaseNote::InNoPool));
            stats.foreign_leases += 1;
        }
        let endpoints = config
            .relationships
            .iter()
            .map(|r| r.config.clone())
            .collect();
        let kept = loaded.kept();
        let core = Core::new(
            loaded.bindings,
            endpoints,
            &loaded.relationships,
            config.abandon_time,
            now,
            &mut out.core,
        );
        out.take_core();
        let lasting = core.bindings().iter().filter(|(_, b)| b.extra.is_some());
        lasting.for_each(|(address, binding)| out.watch.observe(address, binding));
        let state = State {
            core,
            offers: Offers::new(seeds.hash_key),
            probes: Probes::default(),
            out,
            dns: Engine::new(now),
            stats,
            refusal: "",
            trace: None,
        };
        Ok(Self {
            config,
            state,
            scratch: Box::new(Scratch::new()),
            kept,
        })
    }

    /// Takes one UDP payload that came to the server's port.
    pub fn handle_packet(&mut self, packet: &[u8], from: &Ingress, now: Now) {
        self.run_due(now);
        let Self {
            config,
            state,
            scratch,
            ..
        } = self;
        let query = config.interface(from.interface).and_then(|interface| {
            let packet = Packet::parse(packet).ok()?;
            Query::new(packet, *from, interface, config, scratch)
        });
        match query {
            Some(query) => Exchange::new(config, state, &query, now).run(),
            None => state.stats.malformed += 1,
        }
    }

    /// A partner opened a connection, from this address.
    pub fn handle_peer_accepted(&mut self, conn: ConnId, from: Ipv4Addr, now: Now) {
        self.with_core(now, |core, out| core.handle_accepted(conn, from, now, out));
    }

    /// A connection that [`Output::Dial`] asked for is open.
    pub fn handle_peer_dialed(&mut self, id: RelationshipId, conn: ConnId, now: Now) {
        self.with_core(now, |core, out| core.handle_dialed(id, conn, now, out));
    }

    /// A connection that [`Output::Dial`] asked for can't be had; `refused` if the partner's machine said so.
    pub fn handle_dial_failed(&mut self, id: RelationshipId, refused: bool, now: Now) {
        self.with_core(now, |core, out| {
            core.handle_dial_failed(id, refused, now, out)
        });
    }

    /// Bytes came from a partner, cut anywhere.
    pub fn handle_peer_bytes(&mut self, conn: ConnId, bytes: &[u8], now: Now) {
        self.with_core(now, |core, out| {
            core.handle_peer_bytes(conn, bytes, now, out)
        });
    }

    /// A connection to a partner is gone.
    pub fn handle_peer_disconnected(&mut self, conn: ConnId, now: Now) {
        self.with_core(now, |core, out| core.handle_disconnected(conn, now, out));
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) named has come. Harmless at any time.
    pub fn handle_timeout(&mut self, now: Now) {
        self.run_due(now);
    }

    /// When the server wants [`handle_timeout`](Self::handle_timeout) next, and why; asked anew after each handler.
    pub fn poll_timeout(&self) -> Option<(Instant, TimerReason)> {
        let core = self.state.core.poll_timeout();
        let core = core.map(|(at, timer)| (at, TimerReason::Failover(timer)));
        let probe = self
            .state
            .probes
            .next_end()
            .map(|at| (at, TimerReason::Probe));
        [core, probe].into_iter().flatten().min()
    }

    /// Something answered the probe of an address: the address is put out of use.
    pub fn handle_probe_reply(&mut self, address: Ipv4Addr, now: Now) {
        let state = &mut self.state;
        if state.probes.answered(address).is_none() {
            return;
        }
        state.stats.probes_answered += 1;
        state.offers.forget(address);
        let why = "pinged before offer";
        state
            .out
            .event(Event::Lease(address, LeaseNote::Abandoning(why)));
        state.core.abandon(address, None, now, &mut state.out.core);
        state.out.take_core();
    }

    /// What became of an [`Output::Dns`].
    pub fn handle_dns_answer(&mut self, id: u64, answer: &DnsAnswer, now: Now) {
        self.run_due(now);
        if let Some(config) = &self.config.dns {
            let (dns, mut around) = self.state.dns_around(config);
            dns.answered(id, answer, &mut around);
        }
    }

    /// Does what an operator asks for.
    ///
    /// # Errors
    /// When it isn't possible, or not safe, in the present state.
    pub fn handle_command(&mut self, command: Command, now: Now) -> Result<(), CommandRefused> {
        self.run_due(now);
        let state = &mut self.state;
        let done = state.core.handle_command(command, now, &mut state.out.core);
        state.out.take_core();
        done
    }

    /// The server is about to stop, for good and by an operator's order: partners are told, and serve alone. It goes on
    /// until [`is_shutdown_settled`](Self::is_shutdown_settled), or some seconds.
    pub fn begin_shutdown(&mut self, now: Now) {
        self.with_core(now, |core, out| core.begin_shutdown(now, out));
    }

    /// Whether every partner that was told has taken over, and knows all that this server knows.
    pub fn is_shutdown_settled(&self) -> bool {
        self.state.core.is_shutdown_settled()
    }

    /// The last that the server does after [`begin_shutdown`](Self::begin_shutdown).
    pub fn end_shutdown(&mut self, now: Now) {
        self.with_core(now, |core, out| core.end_shutdown(now, out));
    }

    /// The next thing to do; to be called after each handler until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        for ended in self.state.out.watch.take_ended() {
            let effects = self.config.language.ended(&ended);
            effects_of(effects, &mut self.state.out);
        }
        self.state.remove_lapsed(&self.config);
        self.state.out.pop()
    }

    /// Gives the buffer of a [`Output::Reply`] back, so that the next reply needs no new one.
    pub fn recycle(&mut self, buffer: Vec<u8>) {
        self.state.out.recycle(buffer);
    }

    /// Everything, as a lease file holds it: what a rewrite writes after [`kept`](Self::kept).
    ///
    /// Addresses that were never used are left out, as ISC does.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let relationships = self
            .state
            .core
            .endpoints()
            .iter()
            .enumerate()
            .map(|(i, endpoint)| Record::Relationship(RelationshipId(i as u16), endpoint.record()));
        let bindings = self
            .state
            .core
            .bindings()
            .iter()
            .filter(|(_, b)| journal::is_worth_keeping(b));
        relationships.chain(bindings.map(|(a, b)| settled(Record::Binding(a, b.clone()))))
    }

    /// Records of the lease file that this server has no use for, among them leases of addresses that are in no pool:
    /// a rewrite begins with them, so that nothing is lost.
    pub fn kept(&self) -> &[StoredRecord] {
        &self.kept
    }

    /// What an operator wants to see.
    pub fn status(&self, now: Now) -> Status {
        Status::of(&self.config, &self.state, now)
    }

    /// Counters.
    pub fn stats(&self) -> &Stats {
        &self.state.stats
    }

    /// The configuration.
    pub fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// The failover core, to look at.
    pub fn core(&self) -> &Core {
        &self.state.core
    }

    pub(crate) fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    fn with_core(&mut self, now: Now, handle: impl FnOnce(&mut Core, &mut Vec<CoreOutput>)) {
        self.run_due(now);
        handle(&mut self.state.core, &mut self.state.out.core);
        self.state.out.take_core();
    }

    /// Runs what is due, so that no input meets a lease or a state that time has ended.
    fn run_due(&mut self, now: Now) {
        let state = &mut self.state;
        state.dns.now = now;
        if state
            .core
            .poll_timeout()
            .is_some_and(|(at, _)| at <= now.mono)
        {
            state.core.handle_timeout(now, &mut state.out.core);
            state.out.take_core();
        }
        state.offers.expire(now.mono);
        while let Some(offer) = state.probes.take_due(now.mono) {
            offer.send(state);
        }
    }
}

impl State {
    /// The names in DNS, and what they depend on.
    pub(crate) fn dns_around<'a>(
        &'a mut self,
        config: &'a DnsConfig,
    ) -> (&'a mut Engine, Surroundings<'a>) {
        let now = self.dns.now;
        let around = Surroundings {
            config,
            core: &mut self.core,
            out: &mut self.out,
            now,
        };
        (&mut self.dns, around)
    }

    /// Has the names removed that nobody has any more.
    pub(crate) fn remove_lapsed(&mut self, config: &ServerConfig) {
        let lapsed = self.out.watch.take_lapsed();
        let Some(config) = config.dns.as_ref().filter(|_| !lapsed.is_empty()) else {
            return;
        };
        let (dns, mut around) = self.dns_around(config);
        for lapsed in lapsed {
            dns.lapse(lapsed, &mut around);
        }
    }
}
