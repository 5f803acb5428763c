//! Which host declaration a client is.

use dhcpd_text::eval::Run;

use crate::config::{HostId, NetworkId};
use crate::event::LeaseNote;
use crate::exchange::{Exchange, Lease};

impl<'a> Exchange<'a> {
    /// The fixed address of the host that the client is, and whether it is any known host.
    pub(crate) fn fixed_address(&self, network: NetworkId) -> (Option<Lease>, bool) {
        let hosts = &self.config.hosts;
        let candidates = self.hosts_of_client();
        let fixed = candidates.iter().find_map(|&host| {
            let mut addresses = hosts.get(host).addresses.iter();
            let &(address, subnet, _) = addresses.find(|(_, _, at)| *at == network)?;
            Some(Lease::Fixed {
                host,
                address,
                subnet,
            })
        });
        (fixed, !candidates.is_empty())
    }

    /// Whether a host declaration matches the client.
    pub(crate) fn is_known(&self) -> bool {
        !self.hosts_of_client().is_empty()
    }

    /// The host declarations that the client is: one with its identifier stands before one with its hardware address, and
    /// that before one with another option of its, even if it has no address here.
    fn hosts_of_client(&self) -> &'a [HostId] {
        let hosts = &self.config.hosts;
        if hosts.is_empty() {
            return &[];
        }
        let by_uid = match self.query.uid {
            [] => &[],
            uid => hosts.of_identifier(uid),
        };
        let known = match by_uid {
            [] => hosts.of_hardware(&self.query.hardware),
            by_uid => by_uid,
        };
        match known {
            [] => self.hosts_of_option(),
            known => known,
        }
    }

    /// The host declarations with a `host-identifier` that the client has.
    fn hosts_of_option(&self) -> &'a [HostId] {
        let config = self.config;
        config.hosts.of_option(|option| {
            let facts = self.facts(None, None, false);
            Run::new(&config.language.spaces, &facts).received(option)
        })
    }

    /// The host declaration without a fixed address whose parameters the client takes (ISC `ack_lease`).
    pub(crate) fn floating_host(&self) -> Option<HostId> {
        let hosts = &self.config.hosts;
        if hosts.is_empty() {
            return None;
        }
        let floating = |ids: &[HostId]| ids.iter().copied().find(|&id| !hosts.get(id).fixed);
        let by_uid = match self.query.uid {
            [] => None,
            uid => floating(hosts.of_identifier(uid)),
        };
        by_uid
            .or_else(|| floating(hosts.of_hardware(&self.query.hardware)))
            .or_else(|| floating(self.hosts_of_option()))
    }

    /// Logs that an address is both the host's and a pool's.
    pub(crate) fn report_conflict(&mut self, fixed: Option<Lease>, network: NetworkId) {
        let Some(Lease::Fixed { host, address, .. }) = fixed else {
            return;
        };
        self.note(address, LeaseNote::DynamicAndStatic);
        self.note(
            address,
            LeaseNote::RemoveHost(self.config.hosts.get(host).name.clone()),
        );
        let pool = self.config.networks[network.0].name.clone();
        self.note(address, LeaseNote::RemoveFromPool(pool));
    }
}
