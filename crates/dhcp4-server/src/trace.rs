//! How an answer came about, for whoever asks why a client gets what it gets.

use core::net::Ipv4Addr;

use dhcpd_text::conf::{Location, OptionId};

use crate::config::{HostId, SubnetId};
use crate::exchange::{Exchange, Lease};
use crate::server::Server;
use crate::view::View;

/// What was looked at while one packet was answered. Lists are in the order of the configuration; an index is one into
/// its list of the same name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Name of the shared network that the client is on.
    pub network: Option<String>,
    /// Whether a host declaration matches the client.
    pub known: bool,
    /// The classes that the client is in: index, and the value of the subclass.
    pub classes: Vec<(usize, Option<Vec<u8>>)>,
    /// The pools of the network: first range, and whether the client may have an address of it.
    pub pools: Vec<((Ipv4Addr, Ipv4Addr), bool)>,
    /// What it gets; `None` if it gets nothing.
    pub lease: Option<TracedLease>,
}

/// An address, and all that was in force for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedLease {
    /// The address.
    pub address: Ipv4Addr,
    /// The subnet: network number and mask.
    pub subnet: (Ipv4Addr, Ipv4Addr),
    /// The first range of the pool; `None` for a fixed address.
    pub pool: Option<(Ipv4Addr, Ipv4Addr)>,
    /// Name of the relationship that the pool belongs to.
    pub relationship: Option<String>,
    /// Name of the host declaration whose parameters the client takes.
    pub host: Option<String>,
    /// Where each option and parameter in force was set.
    pub origins: Vec<(OptionId, Location)>,
}

impl Server {
    /// Begins to take down how answers come about. It costs time: for a server that serves nobody else.
    pub fn trace(&mut self) {
        self.state_mut().trace = Some(Box::default());
    }

    /// What was taken down since [`trace`](Self::trace); nothing more is from here on.
    pub fn take_trace(&mut self) -> Option<Trace> {
        self.state_mut().trace.take().map(|trace| *trace)
    }
}

impl Exchange<'_> {
    /// Takes down where the client is and what it is.
    pub(crate) fn trace_client(&mut self) {
        if self.state.trace.is_none() {
            return;
        }
        let known = self.is_known();
        let applicant = self.applicant(known);
        let network = self.query.network.map(|id| &self.config.networks[id.0]);
        let pools = network.map_or(&[][..], |network| &network.pools);
        let pools = pools.iter().map(|id| &self.config.pools[id.0 as usize]);
        let pools = pools
            .filter_map(|pool| Some((*pool.ranges.first()?, pool.admits(applicant))))
            .collect();
        let network = network.map(|network| network.name.to_string());
        let classes = self.traced_classes();
        if let Some(trace) = &mut self.state.trace {
            **trace = Trace {
                network,
                known,
                classes,
                pools,
                lease: None,
            };
        }
    }

    /// Takes down what was in force for an answer.
    pub(crate) fn trace_lease(
        &mut self,
        lease: Lease,
        subnet: SubnetId,
        host: Option<HostId>,
        view: &View<'_>,
    ) {
        if self.state.trace.is_none() {
            return;
        }
        let config = self.config;
        let pool = match lease {
            Lease::Fixed { .. } => None,
            Lease::Dynamic(address) => self.pool_of(address),
        };
        let pool = pool.map(|id| &config.pools[id.0 as usize]);
        let relationship = pool.and_then(|pool| pool.relationship);
        let name = |id: dhcp_failover::RelationshipId| {
            config.relationships[usize::from(id.0)].name.to_string()
        };
        let subnet = &config.subnets[subnet.0];
        let traced = TracedLease {
            address: lease.address(),
            subnet: (subnet.address, subnet.netmask),
            pool: pool.and_then(|pool| pool.ranges.first().copied()),
            relationship: relationship.map(name),
            host: host.map(|id| config.hosts.get(id).name.to_string()),
            origins: view.origins(),
        };
        // Statements may have made the client a member of more.
        let classes = self.traced_classes();
        if let Some(trace) = &mut self.state.trace {
            trace.classes = classes;
            trace.lease = Some(traced);
        }
    }

    fn traced_classes(&self) -> Vec<(usize, Option<Vec<u8>>)> {
        let members = self.members.iter();
        members.map(|m| (m.class, m.value.clone())).collect()
    }
}
