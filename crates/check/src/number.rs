//! Transaction ids: renumbered, since only which are equal and which is later matters.

use dhcp_failover::Rename;
use failover_wire::{Frame, Message, Xid};

/// The transaction ids that a server knows.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Known {
    /// Of messages that it began.
    pub(crate) own: Vec<Xid>,
    /// Of requests of the partner's.
    pub(crate) partners: Vec<Xid>,
    /// What it will use next, if it has a link.
    pub(crate) next: Option<Xid>,
}

impl Rename for Known {
    fn own(&mut self, xid: Xid) -> Xid {
        self.own.push(xid);
        xid
    }

    fn partners(&mut self, xid: Xid) -> Xid {
        self.partners.push(xid);
        xid
    }

    fn next(&mut self, xid: Xid) -> Xid {
        self.next = Some(xid);
        xid
    }
}

/// New numbers for both servers' transactions: what was the n-th of a list becomes n.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Renumbering {
    pub(crate) own: Vec<Xid>,
    pub(crate) partners: Vec<Xid>,
}

impl Renumbering {
    /// Whether nothing changes for a server that knows these.
    pub(crate) fn keeps(&self, known: &Known) -> bool {
        is_counted(&self.own)
            && is_counted(&self.partners)
            && known.next.is_none_or(|next| next == self.following())
    }

    fn following(&self) -> Xid {
        Xid(self.own.len() as u32 + 1)
    }
}

impl Rename for Renumbering {
    fn own(&mut self, xid: Xid) -> Xid {
        renumbered(&self.own, xid)
    }

    fn partners(&mut self, xid: Xid) -> Xid {
        renumbered(&self.partners, xid)
    }

    fn next(&mut self, _: Xid) -> Xid {
        self.following()
    }
}

/// Whether the list is 1, 2, 3 …
fn is_counted(xids: &[Xid]) -> bool {
    xids.iter().zip(1..).all(|(xid, n)| xid.0 == n)
}

pub(crate) fn renumbered(xids: &[Xid], xid: Xid) -> Xid {
    let at = xids
        .binary_search(&xid)
        .expect("all that is known is listed");
    Xid(at as u32 + 1)
}

/// Whether a message's number matters, and then whether its sender chose it.
pub(crate) fn chosen_by_sender(frame: &Frame) -> Option<bool> {
    match frame.message {
        Message::BindingUpdate(_) | Message::UpdateRequest | Message::UpdateRequestAll => {
            Some(true)
        }
        Message::BindingAck(_) | Message::UpdateDone => Some(false),
        _ => None,
    }
}
