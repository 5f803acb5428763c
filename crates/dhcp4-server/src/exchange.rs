//! One request being handled: what every handler needs, and who handles what.

use core::net::Ipv4Addr;

use bytes::Bytes;
use dhcp_failover::Binding;
use dhcp_failover::{Now, PoolId, Service};
use dhcp4_wire::MessageType;
use failover_wire::BindingStatus;

use crate::config::{Applicant, HostId, NetworkId, ServerConfig, SubnetId};
use crate::eval::Member;
use crate::event::{ClientEvent, Event, LeaseNote, Line, Remark};
use crate::query::Query;
use crate::server::State;

/// A request and everything that answering it takes.
pub(crate) struct Exchange<'a> {
    pub(crate) config: &'a ServerConfig,
    pub(crate) state: &'a mut State,
    pub(crate) query: &'a Query<'a>,
    pub(crate) now: Now,
    /// The classes that the client is in.
    pub(crate) members: Vec<Member>,
    /// What the relay agent said of the client earlier, where that holds: raw sub-options.
    pub(crate) stashed: Option<Bytes>,
}

/// An address that a client is given, or could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lease {
    /// The fixed address of a host declaration. It has no state and is in no file.
    Fixed {
        host: HostId,
        address: Ipv4Addr,
        subnet: SubnetId,
    },
    /// An address of a pool.
    Dynamic(Ipv4Addr),
}

impl Lease {
    pub(crate) fn address(self) -> Ipv4Addr {
        match self {
            Self::Fixed { address, .. } | Self::Dynamic(address) => address,
        }
    }
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(
        config: &'a ServerConfig,
        state: &'a mut State,
        query: &'a Query<'a>,
        now: Now,
    ) -> Self {
        Self {
            config,
            state,
            query,
            now,
            members: Vec::new(),
            stashed: None,
        }
    }

    /// Handles the request.
    pub(crate) fn run(&mut self) {
        let Some(kind) = self.query.kind else {
            self.state.stats.bootp += 1;
            // As in ISC, a BOOTP client is in no class.
            return self.bootp();
        };
        self.classify();
        self.trace_client();
        let stats = &mut self.state.stats;
        let (count, needs_network) = match kind {
            MessageType::DISCOVER => (&mut stats.discover, true),
            MessageType::REQUEST => (&mut stats.request, false),
            MessageType::RELEASE => (&mut stats.release, true),
            MessageType::DECLINE => (&mut stats.decline, true),
            MessageType::INFORM => (&mut stats.inform, false),
            MessageType::LEASEQUERY => (&mut stats.other, false),
            _ => (&mut stats.other, true),
        };
        *count += 1;
        if needs_network && self.query.network.is_none() {
            self.state.stats.unknown_network += 1;
            return self.log_about(
                Line::Other {
                    message_type: kind.0,
                },
                Remark::UnknownSegment,
            );
        }
        match kind {
            MessageType::DISCOVER => self.discover(),
            MessageType::REQUEST => self.request(),
            MessageType::RELEASE => self.release(),
            MessageType::DECLINE => self.decline(),
            MessageType::INFORM => self.inform(),
            // What servers say, and lease queries, which nobody here is allowed to make (RFC 4388).
            MessageType(2 | 5 | 6 | 10..=13) => {}
            MessageType(message_type) => {
                self.log_about(Line::Other { message_type }, Remark::UnknownType);
            }
        }
    }

    /// Logs a line about the request with no host name in it.
    pub(crate) fn log_about(&mut self, message: Line, remark: Remark) {
        self.log(message, None, remark);
    }

    pub(crate) fn log(&mut self, message: Line, hostname: Option<Bytes>, remark: Remark) {
        let event = self.client_event(message, hostname, remark);
        self.state.out.event(Event::Client(event));
    }

    pub(crate) fn client_event(
        &self,
        message: Line,
        hostname: Option<Bytes>,
        remark: Remark,
    ) -> ClientEvent {
        let client = self.query.hardware;
        ClientEvent {
            message,
            client,
            hostname,
            via: self.query.via(),
            remark,
        }
    }

    /// Logs that the relationship of an address doesn't serve.
    pub(crate) fn log_ignored(&mut self, address: Ipv4Addr, reason: &'static str) {
        if let Some(id) = self.state.core.bindings().relationship_of(address) {
            let relationship = self.config.relationships[usize::from(id.0)].name.clone();
            self.state.out.event(Event::Ignored {
                relationship,
                reason,
            });
        }
    }

    pub(crate) fn note(&mut self, address: Ipv4Addr, note: LeaseNote) {
        self.state.out.event(Event::Lease(address, note));
    }

    pub(crate) fn binding(&self, address: Ipv4Addr) -> Option<&Binding> {
        self.state.core.bindings().get(address)
    }

    /// The name that the present or last tenant of an address gave.
    pub(crate) fn hostname(&self, address: Option<Ipv4Addr>) -> Option<Bytes> {
        self.binding(address?)?
            .extra
            .as_ref()?
            .client_hostname
            .clone()
    }

    pub(crate) fn pool_of(&self, address: Ipv4Addr) -> Option<PoolId> {
        self.state.core.bindings().pool_of(address)
    }

    /// The shared network that an address of a pool is in.
    pub(crate) fn network_of(&self, address: Ipv4Addr) -> Option<NetworkId> {
        self.pool_of(address)
            .map(|pool| self.config.pools[pool.0 as usize].network)
    }

    /// Whether an address's pool is shared with a partner.
    pub(crate) fn has_partner(&self, address: Ipv4Addr) -> bool {
        self.state
            .core
            .bindings()
            .relationship_of(address)
            .is_some()
    }

    /// Why the relationship of an address doesn't serve now, if so.
    pub(crate) fn not_serving(&self, address: Ipv4Addr) -> Option<&'static str> {
        match self.state.core.service(self.pool_of(address)?) {
            Service::None(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether the pool of an address may serve this client.
    pub(crate) fn is_permitted(&self, address: Ipv4Addr, known: bool) -> bool {
        let Some(pool) = self.pool_of(address) else {
            return false;
        };
        self.config.pools[pool.0 as usize].admits(self.applicant(known))
    }

    pub(crate) fn applicant(&self, known: bool) -> Applicant<'_> {
        Applicant {
            classes: &self.members,
            known,
            bootp: self.query.is_bootp(),
            now: u64::from(self.now.unix.0),
        }
    }

    /// Ends a lease, if it is one (ISC `release_lease`). One that this server may not serve now is the partner's to
    /// end: what we know of it may be old.
    pub(crate) fn end_lease(&mut self, address: Ipv4Addr) {
        if self.not_serving(address).is_some() {
            return;
        }
        let ends =
            |b: &Binding| matches!(b.status, BindingStatus::Active | BindingStatus::Abandoned);
        if self.binding(address).is_some_and(ends) {
            self.on_release(address);
            self.state
                .core
                .release(address, self.now, &mut self.state.out.core);
            self.state.out.take_core();
        }
    }

    /// Puts an address out of use.
    pub(crate) fn abandon(&mut self, address: Ipv4Addr, why: &'static str) {
        self.note(address, LeaseNote::Abandoning(why));
        let client = self.client();
        self.state
            .core
            .abandon(address, Some(&client), self.now, &mut self.state.out.core);
        self.state.out.take_core();
    }
}
