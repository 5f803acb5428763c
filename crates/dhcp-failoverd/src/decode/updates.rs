//! The updates that one end of a connection has sent, and what became of them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use failover_wire::{BindingAck, BindingStatus, BindingUpdate, Xid};

use super::event::Answers;
use super::stamp::Stamp;

/// Updates that are remembered while they wait for an answer. A partner takes `max-unacked-updates` at once, 10 as
/// ISC has it; beyond this the oldest count as unanswered.
const MAX_WAITING: usize = 4096;

/// What an answer has of an update.
type Key = (u32, Option<Ipv4Addr>);

/// The updates of one direction.
#[derive(Debug, Default)]
pub(crate) struct Updates {
    waiting: BTreeMap<Key, Waiting>,
    forgotten: u64,
    accepted: u64,
    refused: u64,
}

#[derive(Debug)]
struct Waiting {
    status: Option<BindingStatus>,
    since: Stamp,
}

impl Updates {
    /// An update is sent.
    pub(crate) fn sent(&mut self, xid: Xid, update: &BindingUpdate, now: Stamp) {
        let waiting = Waiting {
            status: update.status,
            since: now,
        };
        let again = self.waiting.insert((xid.0, update.address), waiting);
        self.forgotten += u64::from(again.is_some());
        if self.waiting.len() > MAX_WAITING {
            // Transaction ids count up.
            self.waiting.pop_first();
            self.forgotten += 1;
        }
    }

    /// An answer comes.
    pub(crate) fn answered(&mut self, xid: Xid, ack: &BindingAck, now: Stamp) -> Answers {
        match self.waiting.remove(&(xid.0, ack.address)) {
            Some(waiting) => {
                *(if ack.reject.is_some() {
                    &mut self.refused
                } else {
                    &mut self.accepted
                }) += 1;
                Answers::Update(waiting.status, now.since(waiting.since))
            }
            None => Answers::Nothing,
        }
    }

    /// How many were accepted.
    pub(crate) const fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How many were refused.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    /// How many have no answer.
    pub(crate) fn unanswered(&self) -> u64 {
        self.forgotten + self.waiting.len() as u64
    }

    /// The newest of those without an answer, oldest first.
    pub(crate) fn waiting(&self, count: usize) -> Vec<Key> {
        let mut newest: Vec<_> = self.waiting.keys().rev().take(count).copied().collect();
        newest.reverse();
        newest
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use failover_wire::RejectReason;

    use super::*;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 101);

    fn update() -> BindingUpdate {
        BindingUpdate {
            address: Some(ADDRESS),
            status: Some(BindingStatus::Active),
            ..BindingUpdate::default()
        }
    }

    fn ack(reject: Option<RejectReason>) -> BindingAck {
        BindingAck {
            address: Some(ADDRESS),
            reject,
            message: None,
        }
    }

    #[test]
    fn answers_are_counted_and_the_rest_waits() {
        let mut updates = Updates::default();
        for xid in 1..=4 {
            updates.sent(Xid(xid), &update(), Stamp::new(100, 0));
        }
        let now = Stamp::new(102, 0);
        let expected = Answers::Update(Some(BindingStatus::Active), Duration::from_secs(2));
        assert_eq!(updates.answered(Xid(2), &ack(None), now), expected);
        assert_eq!(updates.answered(Xid(2), &ack(None), now), Answers::Nothing);
        let refusal = ack(Some(RejectReason::FATAL_CONFLICT));
        assert_eq!(updates.answered(Xid(1), &refusal, now), expected);
        assert_eq!((updates.accepted(), updates.refused()), (1, 1));
        assert_eq!(updates.unanswered(), 2);
        assert_eq!(updates.waiting(1), [(4, Some(ADDRESS))]);
        let other = BindingAck::default();
        assert_eq!(updates.answered(Xid(3), &other, now), Answers::Nothing);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut updates = Updates::default();
        for xid in 0..5000 {
            updates.sent(Xid(xid), &update(), Stamp::default());
        }
        updates.sent(Xid(4999), &update(), Stamp::default());
        assert_eq!(updates.waiting.len(), MAX_WAITING);
        assert_eq!(updates.unanswered(), 5001);
    }
}
