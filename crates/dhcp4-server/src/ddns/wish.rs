//! What a client is to be called (ISC `ddns_updates`).

use bytes::Bytes;
use dhcp_failover::{Client, Names};
use dhcp4_wire::OptionCode;
use dhcpd_text::conf::Permission;

use super::guard::Guard;
use super::name::DnsName;
use super::operation::{Holder, Wish};
use super::option81::Received;
use crate::config::DnsConfig;
use crate::event::{Event, Level};
use crate::exchange::{Exchange, Lease};
use crate::view::View;

/// Longest that a name is cached if the configuration doesn't say, seconds (ISC's `MAX_DEFAULT_DDNS_TTL`).
const MAX_TTL: u32 = 3600;
/// Longest name in text, bytes.
const MAX_TEXT: usize = 255;
/// Host and domain together, bytes, as ISC has it.
const MAX_PARTS: usize = 253;
/// Where PTR records are if the configuration doesn't say.
const REVERSE_DOMAIN: &[u8] = b"in-addr.arpa.";

/// A name, and who puts it into DNS.
struct Chosen {
    name: Vec<u8>,
    by_server: bool,
}

impl Exchange<'_> {
    /// Sees to it that DNS has the client's name, now that it has the lease. Returns what it is told of that: option 81.
    pub(crate) fn update_names(
        &mut self,
        lease: Lease,
        client: &Client,
        view: &View<'_>,
        seconds: u32,
    ) -> Option<Vec<u8>> {
        let config = self.config.dns.as_ref()?;
        if view.setting(|s| s.ddns_updates) == Some(false) {
            return None;
        }
        let received = self.query.packet.option(OptionCode::FQDN);
        let received = received.and_then(|option| Received::new(option.to_vec()));
        let chosen = self.choose_name(lease, view, received.as_ref())?;
        let known = self.known_names(lease);
        let tenant = self
            .binding(lease.address())
            .map(|binding| binding.client.clone());
        let client = tenant.as_ref().unwrap_or(client);
        if !self.put(config, &chosen, known, lease, client, view, seconds) {
            return None;
        }
        let received = received.filter(|_| view.setting(|s| s.fqdn_reply) != Some(false))?;
        let ignored = view.setting(|s| s.client_updates) == Some(Permission::Ignore);
        match ignored && !received.wants_server() {
            // It may put its own name there, whatever we have put.
            true => received.answer(false, &received.name()?),
            false => received.answer(chosen.by_server, &chosen.name),
        }
    }

    /// The client's own name, if it may see to that and wants to; else that which the configuration gives it. An empty
    /// one if there is none.
    fn choose_name(
        &self,
        lease: Lease,
        view: &View<'_>,
        received: Option<&Received>,
    ) -> Option<Chosen> {
        let allowed = view
            .setting(|s| s.client_updates)
            .unwrap_or(Permission::Allow);
        let own = received
            .filter(|received| allowed == Permission::Allow && !received.wants_server())
            .and_then(Received::qualified);
        if let Some(name) = own {
            return Some(Chosen {
                name,
                by_server: false,
            });
        }
        let fixed = matches!(lease, Lease::Fixed { .. });
        let without = view.setting(|s| s.do_forward_updates) == Some(false)
            || (fixed && view.setting(|s| s.update_static_leases) != Some(true));
        (!without).then(|| Chosen {
            name: self.configured_name(view, received).unwrap_or_default(),
            by_server: true,
        })
    }

    fn configured_name(&self, view: &View<'_>, received: Option<&Received>) -> Option<Vec<u8>> {
        let present = |name: Vec<u8>| Some(name).filter(|name| !name.is_empty());
        let option = |code| view.option(code).map(<[u8]>::to_vec).and_then(present);
        let by_default = || {
            let said = self.query.packet.host_name().map(|name| name.to_vec());
            let received = received.and_then(Received::hostname);
            let said = received.or_else(|| said.and_then(present));
            said.or_else(|| option(OptionCode::HOST_NAME))
        };
        let host = match view.setting(|s| s.ddns_hostname.clone()) {
            Some(name) => present(name),
            None => by_default(),
        };
        let declared = || {
            let host = view.host.filter(|_| view.rules.use_host_decl_names)?;
            Some(host.name.as_bytes().to_vec())
        };
        let mut name = host.or_else(declared)?;
        let domain = match view.setting(|s| s.ddns_domainname.clone()) {
            Some(domain) => present(domain),
            None => option(OptionCode::DOMAIN_NAME),
        }?;
        if name.len() + domain.len() > MAX_PARTS {
            return None;
        }
        name.push(b'.');
        name.extend(domain);
        Some(name)
    }

    fn known_names(&self, lease: Lease) -> Option<Names> {
        let Lease::Dynamic(address) = lease else {
            return None;
        };
        let extra = self.binding(address)?.extra.as_ref()?;
        extra.names.as_deref().cloned()
    }

    /// Has the name put into DNS if it isn't there. False if the client can't be called so.
    #[expect(
        clippy::too_many_arguments,
        reason = "all that one decision depends on"
    )]
    fn put(
        &mut self,
        config: &DnsConfig,
        chosen: &Chosen,
        known: Option<Names>,
        lease: Lease,
        client: &Client,
        view: &View<'_>,
        seconds: u32,
    ) -> bool {
        let former = known.as_ref().and_then(|names| names.forward.as_deref());
        let by_client = known
            .as_ref()
            .and_then(|names| names.client_fqdn.as_deref());
        let name = Some(&chosen.name[..]);
        let there = former == name || (!chosen.by_server && by_client == name);
        if there && view.setting(|s| s.update_optimization) != Some(false) {
            return true;
        }
        let changes = former.is_some_and(|former| former != chosen.name);
        let remove = known.filter(|_| changes);
        let wish = self.wish(config, chosen, lease, client, view, seconds);
        if wish.is_none() && remove.is_none() {
            return false;
        }
        let holder = match lease {
            Lease::Fixed { .. } => Holder::Fixed,
            Lease::Dynamic(_) => Holder::Tenant(client.clone()),
        };
        let named = wish.is_some();
        self.state.remove_lapsed(self.config);
        let (dns, mut around) = self.state.dns_around(config);
        dns.wish(lease.address(), holder, remove, wish, &mut around);
        named
    }

    fn wish(
        &mut self,
        config: &DnsConfig,
        chosen: &Chosen,
        lease: Lease,
        client: &Client,
        view: &View<'_>,
        seconds: u32,
    ) -> Option<Wish> {
        if chosen.name.is_empty() || chosen.name.len() > MAX_TEXT {
            return None;
        }
        let Some(name) = DnsName::from_text(&chosen.name) else {
            let shown = String::from_utf8_lossy(&chosen.name);
            let text = format!("Unable to build name for fwd update: {shown}").into();
            let level = Level::Error;
            self.state.out.event(Event::Dns { level, text });
            return None;
        };
        let guard = match chosen.by_server {
            true => Some(Guard::of(config.standard, client, &name)?),
            false => None,
        };
        Some(Wish {
            forward: Bytes::copy_from_slice(&chosen.name),
            guard,
            reverse: reverse_name(lease, view),
            ttl: view
                .setting(|s| s.ddns_ttl)
                .unwrap_or((seconds / 2).min(MAX_TTL)),
        })
    }
}

/// The name of the PTR record, if there is to be one.
fn reverse_name(lease: Lease, view: &View<'_>) -> Option<Bytes> {
    if view.setting(|s| s.do_reverse_updates) == Some(false) {
        return None;
    }
    let [a, b, c, d] = lease.address().octets();
    let mut name = format!("{d}.{c}.{b}.{a}.").into_bytes();
    match view.setting(|s| s.ddns_rev_domainname.clone()) {
        Some(domain) if domain.is_empty() => return None,
        Some(domain) => name.extend(domain),
        None => name.extend(REVERSE_DOMAIN),
    }
    (name.len() <= MAX_TEXT).then(|| name.into())
}
