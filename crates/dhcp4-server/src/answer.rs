//! What a client gets (ISC `ack_lease`): the checks, the length of the lease, the grant, the reply.

use core::net::Ipv4Addr;

use bytes::Bytes;
use dhcp_failover::{Binding, BindingStatus, Client, Grant, Refused, UnixTime, promise};

use dhcpd_text::conf::Permission;

use crate::config::{HostId, Place, SubnetId};
use crate::eval::{Billing, Exhausted, with_language};
use crate::event::{Event, LeaseNote, Line, Remark};
use crate::exchange::{Exchange, Lease};
use crate::lease_time::{self, Crowded, ENDLESS};
use crate::offers::OFFER_TIME;
use crate::probe::HeldOffer;
use crate::view::View;

/// Leases of one client that `one-lease-per-client` ends in one go.
const MAX_ENDED: usize = 32;

/// What the reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// DHCPOFFER
    Offer,
    /// DHCPACK to DHCPREQUEST
    Ack,
    /// A BOOTP reply
    Boot,
}

/// How long the client may use the address.
#[derive(Clone, Copy, Debug)]
struct Term {
    ends: UnixTime,
    /// Nothing was granted: the client keeps what it has.
    reused: bool,
}

impl<'a> Exchange<'a> {
    /// Offers or grants the lease and replies, unless the configuration says otherwise. `line` is what the log says of
    /// the request.
    pub(crate) fn answer(
        &mut self,
        kind: Kind,
        lease: Lease,
        client: &Client,
        line: Line,
        hostname: Option<Bytes>,
    ) {
        // The client waits for an offer of this address already, until its probe is over.
        if self.state.probes.contains(lease.address()) {
            return;
        }
        let Some((subnet, place)) = self.place_of(lease) else {
            return;
        };
        let host = match lease {
            Lease::Fixed { host, .. } => Some(host),
            Lease::Dynamic(_) => self.floating_host(),
        };
        let view = self.view(place, host, Some(lease), kind != Kind::Offer);
        self.trace_lease(lease, subnet, host, &view);
        if kind == Kind::Ack && view.rules.one_lease_per_client {
            self.end_other_leases(lease, view.rules.duplicates, host);
        }
        if let Some(remark) = self.refused_by_rules(kind, &view) {
            if let Some(remark) = remark {
                self.log(line, hostname, remark);
            }
            return;
        }
        let billing = match self.bill(kind, lease) {
            Ok(billing) => billing,
            Err(Exhausted(class)) => {
                return self.log(line, hostname, Remark::LeaseLimit(class.into()));
            }
        };
        let probe = self.wants_probe(kind, lease, &view);
        let term = match self.settle(kind, lease, client, &view, &billing) {
            Ok(term) => term,
            Err(refused) => return self.refused(refused, lease.address(), line, hostname),
        };
        self.log(line, hostname, Remark::None);
        if let Some(language) = &view.lease {
            self.said(language.at_commit.clone());
        }
        let seconds = term.ends.saturating_sub(self.now.unix);
        let fqdn = match kind {
            Kind::Offer => None,
            Kind::Ack | Kind::Boot => self.update_names(lease, client, &view, seconds),
        };
        let (to, packet) = self.compose(kind, lease, subnet, &view, seconds, fqdn.as_deref());
        let address = lease.address();
        let reply_line = match kind {
            Kind::Offer => Line::Offer { address },
            Kind::Ack => Line::Ack { address },
            Kind::Boot => Line::BootReply { address },
        };
        let name = self.name_for_log(lease);
        let event = self.client_event(reply_line, name, Remark::None);
        if let Some(milliseconds) = probe {
            let until = self.now.mono + core::time::Duration::from_millis(milliseconds.into());
            self.state.stats.probes += 1;
            self.state
                .probes
                .hold(address, until, HeldOffer { to, packet, event });
            return self.state.out.push(crate::Output::Probe(address));
        }
        let stats = &mut self.state.stats;
        match kind {
            Kind::Offer => stats.offer += 1,
            Kind::Ack => stats.ack += 1,
            Kind::Boot => stats.boot_reply += 1,
        }
        stats.reused += u64::from(term.reused && kind == Kind::Ack);
        self.state.out.event(Event::Client(event));
        self.state.out.reply(to, packet);
    }

    /// The subnet of a lease and what is in force there.
    fn place_of(&self, lease: Lease) -> Option<(SubnetId, &'a Place)> {
        let config = self.config;
        match lease {
            Lease::Fixed { subnet, .. } => Some((subnet, &config.subnets[subnet.0].place)),
            Lease::Dynamic(address) => {
                let places = &config.pools[self.pool_of(address)?.0 as usize].places;
                let at = match &places[..] {
                    [only] => only,
                    several => {
                        let subnet = config.subnet_of(address)?;
                        several.iter().find(|(id, _)| *id == subnet)?
                    }
                };
                Some((at.0, &at.1))
            }
        }
    }

    /// Why the configuration forbids an answer, if so; `Some(None)` forbids it without a word.
    fn refused_by_rules(&self, kind: Kind, view: &View<'_>) -> Option<Option<Remark>> {
        let rules = &view.rules;
        let secs = self.query.packet.secs();
        if kind == Kind::Offer && secs < u16::from(rules.min_secs) {
            return Some(Some(Remark::MinSecs {
                min: rules.min_secs,
                secs,
            }));
        }
        let checks = [
            (
                view.host.is_none(),
                rules.unknown_clients,
                Remark::UnknownClient,
            ),
            (kind == Kind::Boot, rules.bootp, Remark::BootpDisallowed),
            (true, rules.booting, Remark::BootingDisallowed),
        ];
        for (applies, permission, remark) in checks {
            match permission {
                Permission::Deny if applies => return Some(Some(remark)),
                Permission::Ignore if applies => return Some(None),
                _ => {}
            }
        }
        None
    }

    /// Decides how long the client may have the address; grants it if the reply says so, else keeps it for the client.
    fn settle(
        &mut self,
        kind: Kind,
        lease: Lease,
        client: &Client,
        view: &View<'_>,
        billing: &Billing,
    ) -> Result<Term, Refused> {
        let now = self.now;
        let address = lease.address();
        let desired = match kind {
            Kind::Boot => view.rules.dynamic_bootp_lease_length.unwrap_or(ENDLESS),
            Kind::Offer | Kind::Ack => self.desired(lease, view),
        };
        let fresh = |ends| Term {
            ends,
            reused: false,
        };
        let Lease::Dynamic(_) = lease else {
            return Ok(fresh(promise::lease_end(desired, now.unix)));
        };
        let billed_anew = matches!(billing, Billing::Account { changed: true, .. });
        if kind != Kind::Boot
            && !billed_anew
            && let Some(ends) = self.reusable(kind, address, view)
        {
            if kind == Kind::Ack {
                self.state.offers.forget(address);
                let started_over = self.query.packet.ciaddr().is_unspecified();
                let out = &mut self.state.out;
                self.state
                    .core
                    .touch(address, started_over, now, &mut out.core);
                out.take_core();
            }
            return Ok(Term { ends, reused: true });
        }
        let mut client = client.clone();
        if kind == Kind::Offer {
            let length = self.state.core.lease_length(address, &client, desired, now);
            let full = self.state.offers.hold(address, &client, now.mono);
            self.state.stats.offers_dropped += u64::from(full);
            return Ok(fresh(promise::lease_end(length, now.unix)));
        }
        self.state.offers.forget(address);
        if view.rules.ignore_client_uids {
            client.uid = Bytes::new();
        }
        let mut extra = self
            .query
            .extra(self.binding(address), view.rules.stash_agent_options);
        if view.lease.is_some() || self.config.language.limits {
            extra = with_language(extra, view.lease.as_ref(), billing);
        }
        let bootp = kind == Kind::Boot;
        let grant = Grant {
            address,
            client,
            desired,
            bootp,
            extra,
        };
        let granted = self.state.core.grant(grant, now, &mut self.state.out.core);
        self.state.out.take_core();
        Ok(fresh(granted?.ends))
    }

    fn desired(&mut self, lease: Lease, view: &View<'_>) -> u32 {
        let crowded = self.crowded(lease, view);
        let requested = self.query.packet.lease_time();
        let desired = lease_time::desired(&view.rules, requested, crowded);
        if let Some((from, to)) = desired.cut_from {
            self.note(lease.address(), LeaseNote::OverThreshold { from, to });
        }
        desired.seconds
    }

    /// What `adaptive-lease-time-threshold` leaves the client, if the pool is fuller than that.
    fn crowded(&self, lease: Lease, view: &View<'_>) -> Option<Crowded> {
        let threshold = u64::from(view.rules.adaptive_lease_time_threshold?);
        let Lease::Dynamic(address) = lease else {
            return None;
        };
        let bindings = self.state.core.bindings();
        let pool = bindings.pool_of(address)?;
        let size = u64::from(bindings.size(pool));
        let idle =
            bindings.count(pool, BindingStatus::Free) + bindings.count(pool, BindingStatus::Backup);
        let filled = (size - u64::from(idle)) * 100 / size.max(1);
        if filled < threshold {
            return None;
        }
        let left = bindings
            .get(address)
            .map_or(0, |b| b.ends.saturating_sub(self.now.unix));
        let offered = self.state.offers.remaining(address, self.now.mono);
        Some(Crowded {
            remaining: left.max(offered),
        })
    }

    /// When the lease that the client has ends, if it is young enough to stay as it is. One that was offered anew,
    /// since it wasn't, is granted anew.
    fn reusable(&mut self, kind: Kind, address: Ipv4Addr, view: &View<'_>) -> Option<UnixTime> {
        let binding = self.binding(address)?;
        let age = self.now.unix.saturating_sub(binding.starts);
        let length = binding.ends.saturating_sub(binding.starts);
        let threshold = view.rules.cache_threshold;
        let offered = kind == Kind::Ack && self.state.offers.is_held(address, self.now.mono);
        let good = binding.status == BindingStatus::Active
            && !offered
            && self.is_same_client(binding, view)
            && !self.query.changes_name(binding)
            && binding.ends > self.now.unix
            && lease_time::is_young(age, length, threshold);
        if !good {
            return None;
        }
        let ends = binding.ends;
        self.note(address, LeaseNote::Reused { age, threshold });
        Some(ends)
    }

    /// Whether both the identifier and the hardware address are those of the binding.
    fn is_same_client(&self, binding: &Binding, view: &View<'_>) -> bool {
        let uid = if view.rules.ignore_client_uids {
            &[]
        } else {
            self.query.uid
        };
        *binding.client.uid == *uid && binding.client.hardware == self.query.hardware
    }

    /// Milliseconds to wait for an answer to a probe of the address, if it is to be probed before it is offered.
    fn wants_probe(&self, kind: Kind, lease: Lease, view: &View<'_>) -> Option<u32> {
        let Lease::Dynamic(address) = lease else {
            return None;
        };
        let binding = self.binding(address)?;
        if kind != Kind::Offer
            || !view.rules.ping_check
            || binding.status == BindingStatus::Active
            || !self.state.probes.has_room()
        {
            return None;
        }
        // The client that had it a moment ago, or was offered it, would answer itself.
        let offered = match self.is_offered(address) {
            true => OFFER_TIME - self.state.offers.remaining(address, self.now.mono),
            false => u32::MAX,
        };
        let had = if self.is_same_client(binding, view) && binding.cltt.0 != 0 {
            self.now.unix.saturating_sub(binding.cltt)
        } else {
            u32::MAX
        };
        let recent = had.min(offered) < view.rules.ping_cltt_secs;
        if recent && binding.status != BindingStatus::Abandoned {
            return None;
        }
        Some(view.rules.ping_timeout_ms)
    }

    /// The client is to have one lease only: ends its others, in all networks.
    fn end_other_leases(&mut self, lease: Lease, duplicates: Permission, host: Option<HostId>) {
        let keep = lease.address();
        let held = |(address, binding): &(Ipv4Addr, &Binding)| {
            *address != keep
                && matches!(
                    binding.status,
                    BindingStatus::Active | BindingStatus::Abandoned
                )
        };
        let bindings = self.state.core.bindings();
        let uid = self.query.uid;
        let by_uid = bindings
            .of_uid(uid)
            .filter(held)
            .take(MAX_ENDED)
            .map(|(address, _)| address);
        let mut others: Vec<Ipv4Addr> = by_uid.collect();
        let known_by_hardware = host.is_some_and(|h| !self.config.hosts.get(h).has_identifier);
        let denied = duplicates != Permission::Allow;
        if uid.is_empty() || (known_by_hardware && denied) {
            let hardware = &self.query.hardware;
            others.extend(
                bindings
                    .of_hardware(hardware)
                    .filter(held)
                    .take(MAX_ENDED)
                    .map(|(a, _)| a),
            );
        }
        others
            .into_iter()
            .for_each(|address| self.end_lease(address));
    }

    /// A grant that the core refused: said as the failover rules say it.
    fn refused(&mut self, why: Refused, address: Ipv4Addr, line: Line, hostname: Option<Bytes>) {
        let remark = match why {
            Refused::NotServing(reason) => Remark::NotResponding(reason),
            Refused::NotOurs => Remark::OwnedByPeer,
            Refused::OtherClient => Remark::Unavailable(address),
            Refused::NotInPool => Remark::UnknownLease(address),
        };
        self.log(line, hostname, remark);
    }

    /// The name in the line about the reply: what the client says now, else what the lease has.
    fn name_for_log(&self, lease: Lease) -> Option<Bytes> {
        let Lease::Dynamic(address) = lease else {
            return None;
        };
        let stored = self.hostname(Some(address));
        match self.query.packet.host_name() {
            None => stored,
            Some(said) => match stored {
                Some(stored) if said.bytes().eq(stored.iter().copied()) => Some(stored),
                _ => Some(said.to_vec().into()),
            },
        }
    }
}
