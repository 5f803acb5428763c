//! DHCPRELEASE.

use dhcp_failover::BindingStatus;

use crate::event::{Line, Remark};
use crate::exchange::Exchange;

impl Exchange<'_> {
    /// Ends the client's lease (RFC 2131 §4.3.4). The server identifier isn't looked at: whoever hears it, does it.
    pub(crate) fn release(&mut self) {
        let query = self.query;
        let address = query.packet.ciaddr();
        if query.requested.is_some() {
            self.log_about(Line::ReleaseWithAddress, Remark::None);
        }
        let binding = self.binding(address);
        let found = binding.is_some_and(|b| b.client.hardware == query.hardware);
        let active =
            binding.is_some_and(|b| b.status == BindingStatus::Active && b.ends > self.now.unix);
        if found && let Some(reason) = self.not_serving(address) {
            return self.log_ignored(address, reason);
        }
        let hostname = self.hostname(Some(address).filter(|_| found));
        if found && active {
            self.end_lease(address);
        }
        self.log(Line::Release { address, found }, hostname, Remark::None);
    }
}
