//! What the lease file keeps of a client besides the lease.

use std::sync::Arc;

use bytes::Bytes;
use dhcp_failover::{Binding, Extra};

use crate::journal;
use crate::query::Query;

impl Query<'_> {
    /// The client's name, its relay's words and its vendor class, for the record of its lease. What didn't change is
    /// shared with the binding as it was.
    ///
    /// `stash` is `stash-agent-options`; without new ones the tenant's last agent options stay.
    pub(crate) fn extra(&self, binding: Option<&Binding>, stash: bool) -> Option<Arc<Extra>> {
        let tenant = binding.filter(|binding| self.is_tenant(&binding.client));
        let former = tenant.and_then(|binding| binding.extra.as_ref());
        let hostname = self.packet.host_name();
        let vendor = self.packet.vendor_class_identifier();
        let fresh = stash && !self.agent.is_empty();
        if hostname.is_none() && vendor.is_none() && !fresh && former.is_none() {
            return None;
        }
        let old_name = former.and_then(|extra| extra.client_hostname.as_deref());
        let same_name = match (&hostname, old_name) {
            (None, None) => true,
            (Some(new), Some(old)) => new.bytes().eq(old.iter().copied()),
            _ => false,
        };
        let old_agent = former.and_then(|extra| extra.agent_options.as_deref());
        let same_agent = !fresh || old_agent == Some(self.agent);
        let mut joined = [0; 255];
        let class = vendor
            .as_ref()
            .and_then(|class| class.contiguous(&mut joined));
        let old_statements = former.map_or(&[][..], |extra| &extra.statements);
        let says = |statement: &String, class| journal::says_vendor_class(statement, class);
        let same_class = class.is_none_or(|class| old_statements.iter().any(|s| says(s, class)));
        if let Some(former) = former
            && same_name
            && same_agent
            && same_class
        {
            return Some(former.clone());
        }
        let mut statements = old_statements.to_vec();
        if let Some(class) = class.filter(|_| !same_class) {
            statements.retain(|statement| !journal::is_vendor_class_statement(statement));
            statements.push(journal::vendor_class_statement(class));
        }
        Some(Arc::new(Extra {
            client_hostname: hostname.map(|name| Bytes::from(name.to_vec())),
            agent_options: if fresh {
                Some(Bytes::copy_from_slice(self.agent))
            } else {
                former.and_then(|extra| extra.agent_options.clone())
            },
            names: former.and_then(|extra| extra.names.clone()),
            statements,
        }))
    }

    /// Whether the client says another name than the lease has. A client that says none keeps it (ISC).
    pub(crate) fn changes_name(&self, binding: &Binding) -> bool {
        let Some(new) = self.packet.host_name() else {
            return false;
        };
        let old = binding
            .extra
            .as_ref()
            .and_then(|extra| extra.client_hostname.as_deref());
        !old.is_some_and(|old| new.bytes().eq(old.iter().copied()))
    }
}
