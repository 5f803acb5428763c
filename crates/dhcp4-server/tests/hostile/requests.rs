//! Lines 23, 24, and 29: update requests and pool requests.

use std::collections::BTreeMap;

use dhcp_failover::ServerState;
use dhcp4_server::ConnId;
use failover_wire::{Frame, Message, Xid};

use crate::partner::{Partner, WINDOW};

/// Addresses that were ever used: half of the pool is BACKUP, and some are leased.
const USED: usize = 55;
/// Requests of a flood.
const FLOOD: usize = 1000;

/// A NORMAL pair with [`USED`] addresses to tell of, all acknowledged.
fn pair() -> (Partner, ConnId) {
    let (mut partner, link) = Partner::normal(true);
    (0..5).for_each(|_| _ = partner.lease());
    partner.accept_all(link);
    partner.hear(link);
    (partner, link)
}

fn done(frames: &[Frame]) -> Vec<Xid> {
    let done = frames
        .iter()
        .filter(|frame| frame.message == Message::UpdateDone);
    done.map(|frame| frame.xid).collect()
}

/// Accepts updates until there are no more: how many there were, and the UPDDONEs.
fn finish(partner: &mut Partner, link: ConnId) -> (usize, Vec<Xid>) {
    let (mut updates, mut finished) = (0, Vec::new());
    loop {
        let heard = partner.hear(link);
        if heard.is_empty() {
            return (updates, finished);
        }
        finished.extend(done(&heard));
        for frame in heard {
            if let Message::BindingUpdate(update) = frame.message {
                updates += 1;
                partner.accept(link, &(frame.xid, update));
            }
        }
    }
}

#[test]
fn an_unasked_update_done() {
    for primary in [true, false] {
        let (mut partner, link) = Partner::normal(primary);
        partner.say(link, Message::UpdateDone);
        assert_eq!(partner.state(), ServerState::Normal);
        partner.assert_unharmed();

        let mut partner = Partner::of_file(primary, "");
        let link = partner.link_up(ServerState::PartnerDown);
        let asked = partner
            .hear(link)
            .into_iter()
            .find(|frame| frame.message == Message::UpdateRequestAll);
        let asked = asked.expect("it has lost its leases").xid;
        partner.say_as(link, Xid(asked.0 + 1), Message::UpdateDone);
        assert_eq!(
            partner.state(),
            ServerState::Recover,
            "that is the end of another request"
        );
        partner.say_as(link, asked, Message::UpdateDone);
        assert_eq!(partner.state(), ServerState::RecoverWait);
        partner.say_as(link, asked, Message::UpdateDone);
        assert_eq!(partner.state(), ServerState::RecoverWait, "asked for once");
    }
}

#[test]
fn a_flood_of_update_requests() {
    for request in [Message::UpdateRequestAll, Message::UpdateRequest] {
        let (mut partner, link) = pair();
        let mut last = Xid(0);
        let mut heard = Vec::new();
        for _ in 0..FLOOD {
            last = partner.say(link, request.clone());
            heard.extend(partner.hear(link));
        }
        let sent = heard
            .iter()
            .filter(|frame| matches!(frame.message, Message::BindingUpdate(_)))
            .count();
        assert!(
            sent <= WINDOW as usize,
            "{sent} updates, and {WINDOW} may be unanswered"
        );
        assert!(partner.endpoint().queued_updates() <= USED);
        assert!(partner.serves());
        if request == Message::UpdateRequest {
            assert_eq!(
                done(&heard).len(),
                FLOOD,
                "nothing is pending: each is done at once"
            );
            continue;
        }
        assert_eq!(done(&heard), [], "one is in progress");
        for frame in heard {
            if let Message::BindingUpdate(update) = frame.message {
                partner.accept(link, &(frame.xid, update));
            }
        }
        let (more, finished) = finish(&mut partner, link);
        assert!(
            (USED..=2 * USED).contains(&(sent + more)),
            "{sent} and {more} updates"
        );
        assert_eq!(finished, [last], "the last one asked is answered (ISC)");
        partner.assert_unharmed();
    }
}

#[test]
fn a_flood_of_pool_requests() {
    for primary in [true, false] {
        let (mut partner, link) = Partner::normal(primary);
        partner.accept_all(link);
        // Uneven by some, so that there is something to ask for.
        (0..6).for_each(|_| _ = partner.lease());
        partner.accept_all(link);
        let mut heard = Vec::new();
        for _ in 0..FLOOD {
            partner.say(link, Message::PoolRequest);
            heard.extend(partner.hear(link));
        }
        let (mut transferred, mut answers) = (0, 0);
        let mut told = BTreeMap::new();
        for frame in heard {
            match frame.message {
                Message::PoolResponse(response) => {
                    answers += 1;
                    transferred += response.addresses_transferred.unwrap_or(0);
                }
                Message::BindingUpdate(update) => *told.entry(update.address).or_insert(0) += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(answers, FLOOD, "each is answered");
        assert!(transferred <= 50, "{transferred} addresses given away");
        assert!(
            told.len() <= WINDOW as usize && told.values().all(|count| *count == 1),
            "{told:?}"
        );
        assert!(partner.serves());
        partner.assert_unharmed();
    }
}

#[test]
fn a_request_during_one_for_all() {
    let (mut partner, link) = pair();
    partner.say(link, Message::UpdateRequestAll);
    let second = partner.say(link, Message::UpdateRequest);
    let (updates, finished) = finish(&mut partner, link);
    assert!(
        (USED..=2 * USED).contains(&updates),
        "treated as all: {updates} updates"
    );
    assert_eq!(finished, [second]);
    partner.assert_unharmed();
}
