//! What OMAPI's clients see of the server, and what they can make it do.

use std::time::Duration;

use dhcp_failover::{Role, ServerState};
use dhcp4_server::{Command, Instant, Now, RelationshipId, Server};
use omapi::{FailoverState, Objects, ResultCode};

/// The least time between the order to stop and the end, so that its answer is read and partners have answered.
const AT_LEAST: Duration = Duration::from_secs(1);
/// The longest time that a partner is waited for, as long as dhcpd waits.
const AT_MOST: Duration = Duration::from_secs(5);

/// When the server stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Leaving {
    ordered: Instant,
}

impl Leaving {
    /// Whether it is time.
    pub(crate) fn is_over(self, server: &Server, now: Now) -> bool {
        let since = now.mono.since(self.ordered);
        since >= AT_MOST || (since >= AT_LEAST && server.is_shutdown_settled())
    }
}

/// The server, for the time of one request.
pub(crate) struct Operated<'s> {
    /// The server.
    pub(crate) server: &'s mut Server,
    /// Set by an order to stop.
    pub(crate) leaving: &'s mut Option<Leaving>,
    /// The time.
    pub(crate) now: Now,
}

impl Objects for Operated<'_> {
    fn find_relationship(&self, name: &[u8]) -> Option<usize> {
        let name = std::str::from_utf8(name).ok()?;
        let id = self.server.config().relationship_named(name)?;
        Some(id.0.into())
    }

    fn failover_state(&self, relationship: usize) -> Option<FailoverState> {
        let endpoint = self.server.core().endpoints().get(relationship)?;
        let link = self.server.config().relationships().nth(relationship)?;
        let config = endpoint.config();
        Some(FailoverState {
            name: link.name.into(),
            partner_address: link.peer_address,
            partner_port: link.peer_port,
            local_address: link.address.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED),
            local_port: link.port,
            max_outstanding_updates: config.max_unacked_updates,
            mclt: endpoint.mclt(),
            load_balance_max_secs: config.load_balance_max_seconds,
            load_balance_hba: endpoint.hba().map(|hba| *hba.as_bytes()),
            partner_state: endpoint.partner_state().map_or(0, |state| state as u32),
            local_state: endpoint.state() as u32,
            partner_stos: endpoint.partner_state_since().0,
            local_stos: endpoint.state_since().0,
            is_secondary: config.role == Role::Secondary,
            max_response_delay: config.max_response_delay,
            cur_unacked_updates: endpoint.unacked_updates() as u32,
        })
    }

    /// As dhcpd: also where it is not safe, such as PARTNER-DOWN with the partner connected.
    fn set_local_state(&mut self, relationship: usize, state: u32) -> Result<(), ResultCode> {
        let state = ServerState::ALL.into_iter().find(|s| *s as u32 == state);
        let command = Command::SetState {
            id: RelationshipId(relationship as u16),
            state: state.ok_or(ResultCode::INVALID_ARGUMENT)?,
        };
        let done = self.server.handle_command(command, self.now);
        done.map_err(|_| ResultCode::INVALID_ARGUMENT)
    }

    fn shut_down(&mut self) {
        if self.leaving.is_none() {
            self.server.begin_shutdown(self.now);
            *self.leaving = Some(Leaving {
                ordered: self.now.mono,
            });
        }
    }

    fn is_shutting_down(&self) -> bool {
        self.leaving.is_some()
    }
}
