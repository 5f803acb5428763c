//! Updates that dhcpd counts as unanswered for good, and answers that come late.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use dhcp_failover::{BindingStatus, ServerState};
use dhcp4_server::ConnId;
use failover_wire::{Message, UnixTime, Xid};

use super::REDIAL;
use crate::messages::active;
use crate::partner::Partner;
use crate::rig::START;

/// How ISC's dhcpd counts: what was unanswered when it lost the link in RECOVER stays counted, and is never sent again.
struct Leaky {
    partner: Partner,
    /// Leases that it hasn't sent yet.
    queue: Vec<u8>,
    /// Sent and, as it thinks, unanswered: by transaction id.
    unanswered: BTreeMap<(u32, Ipv4Addr), ()>,
    window: u32,
    xid: u32,
    /// Asked for everything by this, not answered yet.
    asked: Option<Xid>,
}

impl Leaky {
    /// In RECOVER, with leases that a server in RECOVER asks for.
    fn new(primary: bool) -> Self {
        Self {
            partner: Partner::of_file(primary, ""),
            queue: (50..100).collect(),
            unanswered: BTreeMap::new(),
            window: 0,
            xid: 100,
            asked: None,
        }
    }

    fn connect(&mut self) -> ConnId {
        let link = self.partner.link_up(ServerState::Recover);
        self.listen(link);
        link
    }

    fn listen(&mut self, link: ConnId) {
        for frame in self.partner.hear(link) {
            match frame.message {
                Message::Connect(connect) => {
                    self.window = connect.max_unacked.unwrap_or(self.window)
                }
                Message::ConnectAck(ack) => self.window = ack.max_unacked.unwrap_or(self.window),
                Message::UpdateRequestAll => self.asked = Some(frame.xid),
                Message::BindingAck(ack) => {
                    let address = ack.address.expect("what it answers");
                    if ack.reject.is_some() {
                        self.unanswered.retain(|(_, at), ()| *at != address);
                    } else {
                        self.unanswered.remove(&(frame.xid.0, address));
                    }
                }
                _ => {}
            }
        }
    }

    /// Sends what the window allows.
    fn send(&mut self, link: ConnId) {
        while self.unanswered.len() < self.window as usize {
            let Some(last) = self.queue.pop() else { return };
            let address = Ipv4Addr::new(192, 168, 1, last);
            self.xid += 1;
            self.unanswered.insert((self.xid, address), ());
            let update = active(address, u32::from(last), START + 600);
            self.partner
                .say_as(link, Xid(self.xid), Message::BindingUpdate(update));
        }
    }
}

#[test]
fn a_leaked_window_is_cured() {
    for primary in [true, false] {
        for cuts in 1..=3 {
            let mut isc = Leaky::new(primary);
            for _ in 0..cuts {
                let link = isc.connect();
                assert!(isc.asked.is_some(), "it has lost its leases");
                isc.send(link);
                isc.partner.lose(link); // and every acknowledgement with it
                isc.partner.pass(REDIAL);
            }
            let link = isc.connect();
            let mut rounds = 0;
            while !isc.queue.is_empty() {
                isc.send(link);
                isc.listen(link);
                rounds += 1;
                assert!(
                    rounds < 100,
                    "{} leases never go out, window {}, {} counted as unanswered",
                    isc.queue.len(),
                    isc.window,
                    isc.unanswered.len()
                );
            }
            let asked = isc.asked.expect("asked again");
            isc.partner.say_as(link, asked, Message::UpdateDone);
            assert_ne!(
                isc.partner.state(),
                ServerState::Recover,
                "it has everything"
            );
            let bindings = isc.partner.rig.server.core().bindings().iter();
            let active = bindings.filter(|(_, binding)| binding.status == BindingStatus::Active);
            assert_eq!(active.count(), 50);
        }
    }
}

#[test]
fn a_stale_acknowledgement_is_of_no_update_on_this_link() {
    let (mut partner, link) = Partner::normal(true);
    let lease = partner.lease();
    let mut before = Vec::new();
    for _ in 0..8 {
        before.extend(partner.hear_updates(link));
        partner.pass(1);
        partner.renew(lease);
    }
    partner.lose(link);
    // dhcpd keeps what it owes for 2 s, over a reconnect, and answers with the old transaction ids.
    let link = partner.link_up(ServerState::Normal);
    for _ in 0..8 {
        let now = partner
            .hear_updates(link)
            .pop()
            .expect("the renewal is told");
        for update in &before {
            partner.accept(link, update);
            let (then, now) = (update.0, now.0);
            assert_eq!(
                partner.endpoint().unacked_updates(),
                1,
                "xid {then} then, {now} now"
            );
        }
        let bindings = partner.rig.server.core().bindings();
        let binding = bindings
            .iter()
            .find(|(at, _)| *at == lease.1)
            .expect("it is in the pool")
            .1;
        assert!(
            binding.is_pending() && binding.acked == UnixTime(0),
            "{binding:?}"
        );
        partner.pass(1);
        partner.renew(lease);
    }
    let last = partner
        .hear_updates(link)
        .pop()
        .expect("the last renewal is told");
    partner.accept(link, &last);
    assert_eq!(partner.endpoint().unacked_updates(), 0);
    partner.assert_unharmed();
}
