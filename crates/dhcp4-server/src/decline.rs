//! DHCPDECLINE.

use dhcpd_text::conf::Permission;

use crate::event::{Line, Remark};
use crate::exchange::Exchange;

impl Exchange<'_> {
    /// Puts an address out of use that a client found in use (RFC 2131 §4.3.3). As in ISC anyone may say so.
    pub(crate) fn decline(&mut self) {
        let Some(address) = self.query.requested else {
            return;
        };
        let line = Line::Decline { address };
        let Some(_) = self.binding(address) else {
            return self.log_about(line, Remark::Status("not found"));
        };
        let hostname = self.hostname(Some(address));
        let place = self
            .config
            .subnet_of(address)
            .map(|at| &self.config.subnets[at.0].place);
        match place.map_or(Permission::Allow, |place| place.rules.declines) {
            Permission::Allow => {}
            Permission::Deny => return self.log(line, hostname, Remark::Status("ignored")),
            Permission::Ignore => return,
        }
        if let Some(reason) = self.not_serving(address) {
            return self.log_ignored(address, reason);
        }
        self.state.offers.forget(address);
        self.abandon(address, "declined.");
        self.log(line, hostname, Remark::Status("abandoned"));
    }
}
