//! What a partner may still count as unanswered.
//!
//! An ISC dhcpd that loses the link in RECOVER, RECOVER-WAIT or RECOVER-DONE keeps counting the
//! updates that it has no answer to, and never sends them again: with its window full of them it
//! sends nothing more, and never completes our update request. So the answers that may have been
//! lost with a link are given again on the next one, by their old transaction ids, which is all
//! that it checks; and as many updates more are allowed for, for those that were lost on their way
//! to us.

use std::collections::{BTreeMap, VecDeque};

use core::net::Ipv4Addr;

use failover_wire::{BindingAck, Message, RejectReason, ServerState, Xid};

use crate::context::Context;
use crate::endpoint::Endpoint;

/// Answers on former links that are remembered. A partner that leaks more is helped by the larger
/// window alone.
const MAX_FORMER: usize = 4096;

/// An answer to an update: its transaction id, and why it was refused.
type Answer = (Xid, Option<RejectReason>);

/// Answers that the partner may not have got.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Owed {
    /// The latest on this link, as many as the partner may leave unanswered.
    latest: VecDeque<(Ipv4Addr, Answer)>,
    /// Those on links that were lost, by address: the partner counts one for each.
    former: BTreeMap<Ipv4Addr, Answer>,
    /// Updates that the partner may count beside those that it waits for.
    surplus: u32,
}

impl Endpoint {
    /// The window that we announce: what is configured, and what the partner may have leaked of it.
    pub(crate) fn announced_window(&self) -> u32 {
        self.config
            .max_unacked_updates
            .saturating_add(self.owed.surplus)
    }

    /// An update was answered on this link.
    pub(crate) fn note_answer(
        &mut self,
        address: Ipv4Addr,
        xid: Xid,
        refusal: Option<RejectReason>,
    ) {
        self.owed.latest.push_back((address, (xid, refusal)));
        if self.owed.latest.len() > self.config.max_unacked_updates as usize {
            self.owed.latest.pop_front();
        }
    }

    /// The link is lost, and perhaps the last answers with it.
    pub(crate) fn note_lost_answers(&mut self, cx: &Context<'_>) {
        let latest = std::mem::take(&mut self.owed.latest);
        if !is_leaky(self.partner) {
            return;
        }
        self.owed.former.extend(latest);
        while self.owed.former.len() > MAX_FORMER {
            self.owed.former.pop_last();
        }
        self.allow_for_leak(cx);
    }

    /// The partner may have leaked one more window, but no more than there are addresses.
    pub(crate) fn allow_for_leak(&mut self, cx: &Context<'_>) {
        let addresses = self.pools.iter().map(|pool| cx.bindings.size(*pool)).sum();
        let more = self
            .owed
            .surplus
            .saturating_add(self.config.max_unacked_updates);
        self.owed.surplus = more.min(addresses);
    }

    /// The partner announced a state: `first` on this link.
    pub(crate) fn settle_owed(&mut self, first: bool, cx: &mut Context<'_>) {
        if !is_leaky(self.partner) {
            // It sends again what is unanswered when it leaves this state.
            self.owed.former.clear();
            self.owed.surplus = 0;
            return;
        }
        let ours = self
            .links
            .live
            .as_ref()
            .is_some_and(|live| live.is_our_kind);
        if !first || ours {
            return;
        }
        for (address, (xid, reject)) in self.owed.former.clone() {
            let ack = BindingAck {
                address: Some(address),
                reject,
                ..BindingAck::default()
            };
            self.reply(xid, Message::BindingAck(ack), cx);
        }
    }
}

/// Whether an ISC dhcpd that loses the link in this state forgets to send its updates again.
pub(crate) fn is_leaky(partner: Option<ServerState>) -> bool {
    use ServerState::{Recover, RecoverDone, RecoverWait};
    matches!(partner, Some(Recover | RecoverWait | RecoverDone))
}
