//! BOOTP (RFC 951), and DHCP requests whose magic cookie is damaged, which look the same.

use core::net::Ipv4Addr;

use dhcp_failover::{Decision, Service};
use dhcp4_wire::{Header, Limits, ReplyWriter};

use crate::answer::Kind;
use crate::config::{HostId, SubnetId};
use crate::event::{Line, Remark};
use crate::exchange::{Exchange, Lease};
use crate::reply::{Computed, add_defaults, cut};

impl Exchange<'_> {
    /// Replies with the host's fixed address, or with one of a pool for ever.
    pub(crate) fn bootp(&mut self) {
        if !self.query.is_boot_request() {
            return;
        }
        let line = Line::BootRequest;
        let Some(network) = self.query.network else {
            self.state.stats.unknown_network += 1;
            return self.log_about(line, Remark::NetworkUnknown);
        };
        let client = self.client();
        let found = self.find_lease(network, &client);
        if let Some(Lease::Fixed {
            host,
            address,
            subnet,
        }) = found.lease
        {
            return self.boot_fixed(host, address, subnet);
        }
        let lease = found
            .lease
            .or_else(|| self.allocate(network, found.known).map(Lease::Dynamic));
        let Some(lease) = lease else {
            return self.log_about(line, Remark::NoDynamicBootp);
        };
        if let Some(id) = self.state.core.bindings().relationship_of(lease.address()) {
            let endpoint = self.state.core.endpoint(id);
            match endpoint.service() {
                Service::None(reason) => {
                    return self.log_about(line, Remark::NotResponding(reason));
                }
                Service::Cooperating => {
                    let (key, secs) = (self.query.hash_key(), self.query.packet.secs());
                    // Unlike a DHCPDISCOVER it isn't served instead of a partner that has no free address.
                    if let Decision::Peers(_) | Decision::NoAssignment =
                        endpoint.decide(key, secs, true)
                    {
                        let name = self.config.relationships[usize::from(id.0)].name.clone();
                        return self.log_about(line, Remark::LoadBalance(name));
                    }
                }
                Service::NotCooperating | Service::PartnerDown => {}
            }
        }
        self.answer(Kind::Boot, lease, &client, line, None);
    }

    fn boot_fixed(&mut self, host: HostId, address: Ipv4Addr, subnet: SubnetId) {
        use dhcpd_text::conf::Permission;
        let config = self.config;
        let declared = &config.subnets[subnet.0];
        let lease = Lease::Fixed {
            host,
            address,
            subnet,
        };
        let view = self.view(&declared.place, Some(host), Some(lease), true);
        let rules = &view.rules;
        for (permission, remark) in [
            (rules.bootp, Remark::BootpDisallowed),
            (rules.booting, Remark::BootingDisallowed),
        ] {
            match permission {
                Permission::Allow => {}
                Permission::Deny => return self.log_about(Line::BootRequest, remark),
                Permission::Ignore => return,
            }
        }
        let query = self.query;
        let packet = &query.packet;
        let broadcast = packet.flags().broadcast() || rules.always_broadcast;
        let file = rules.filename.as_deref().unwrap_or(packet.file());
        let sname = rules.server_name.as_deref();
        let header = Header {
            flags: packet.flags().with_broadcast(broadcast),
            ciaddr: packet.ciaddr(),
            yiaddr: address,
            siaddr: rules.next_server.unwrap_or(self.source()),
            file: cut(Some(file), 128),
            sname: cut(sname, 64),
            ..Header::reply_to(packet)
        };
        let mut buffer = self.state.out.buffer();
        if packet.has_magic_cookie() || rules.always_reply_rfc1048 {
            let mask = declared.netmask.octets();
            let mut computed = Computed::new();
            add_defaults(&view, &mask, &mut computed);
            let limits = match packet.max_message_size() {
                None => Limits::bootp(packet.as_bytes().len()),
                size => Limits::dhcp(size),
            };
            self.write(
                &mut buffer,
                &header,
                limits,
                &view,
                computed.as_slice(),
                true,
            );
        } else {
            let vendor_area = packet.vendor_area();
            ReplyWriter::without_options(&mut buffer, &header, vendor_area)
                .expect("all fields are cut to their size");
        }
        self.log_about(Line::BootRequest, Remark::None);
        if let Some(language) = &view.lease {
            self.said(language.at_commit.clone());
        }
        let reply = Line::BootReplyFor {
            address,
            host: config.hosts.get(host).name.clone(),
        };
        self.log_about(reply, Remark::None);
        let to = self.destination(Kind::Boot, lease, self.source(), broadcast);
        self.state.stats.boot_reply += 1;
        self.state.out.reply(to, buffer);
    }
}
