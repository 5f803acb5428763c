//! Connections to the partner: which one is the link, and what is pending on others.

use failover_wire::{UnixTime, Xid};

use crate::hold::Hold;
use crate::output::ConnId;
use crate::rename::Rename;
use crate::time::Instant;

/// Connections whose handshake isn't done, at most: each side dials once.
pub(crate) const MAX_PENDING: usize = 2;

/// The connections of one relationship.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Links {
    pub(crate) live: Option<Live>,
    pub(crate) pending: Vec<Pending>,
    /// A dial of ours is under way.
    pub(crate) dialing: bool,
    /// Where the transaction ids of the last link ended.
    pub(crate) last_xids: u32,
}

/// The link: the one connection whose handshake is complete.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Live {
    pub(crate) conn: ConnId,
    /// The partner runs this implementation.
    pub(crate) is_our_kind: bool,
    pub(crate) xids: Xids,
    /// Updates have none below: a late answer on this link may be to an update on the last one.
    pub(crate) first_update: u32,
    /// The partner's STATE was read on this link.
    pub(crate) heard_state: bool,
    /// Our STATE was sent on this link.
    pub(crate) said_state: bool,
    /// The partner, unless it is of our kind, sent the latest that we read of it then, by its clock.
    pub(crate) heard_at: UnixTime,
    /// Our updates wait for those of the partner.
    pub(crate) hold: Option<Hold>,
}

/// A connection whose handshake isn't complete.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Pending {
    pub(crate) conn: ConnId,
    pub(crate) deadline: Instant,
    pub(crate) xids: Xids,
}

/// Transaction ids of one connection: a counter of the messages that we begin.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Xids(u32);

impl Xids {
    pub(crate) fn next(&mut self) -> Xid {
        let xid = Xid(self.0);
        self.0 = self.0.wrapping_add(1);
        xid
    }

    pub(crate) fn rename(&mut self, by: &mut impl Rename) {
        self.0 = by.next(Xid(self.0)).0;
    }

    /// The next, but not below this.
    fn next_from(&mut self, first: u32) -> Xid {
        self.0 = self.0.max(first);
        self.next()
    }
}

impl Live {
    pub(crate) fn new(pending: Pending, is_our_kind: bool, last_xids: u32) -> Self {
        let Pending { conn, xids, .. } = pending;
        Self {
            conn,
            is_our_kind,
            xids,
            // Never 0, which stands for "none" (ISC).
            first_update: last_xids.max(1),
            heard_state: false,
            said_state: false,
            heard_at: UnixTime(0),
            hold: None,
        }
    }

    pub(crate) fn xid(&mut self) -> Xid {
        self.xids.next()
    }

    pub(crate) fn update_xid(&mut self) -> Xid {
        self.xids.next_from(self.first_update)
    }

    /// Where its transaction ids have got to. After two thousand million they begin again: that
    /// many weren't lost with one link.
    pub(crate) fn xids(&self) -> u32 {
        if self.xids.0 > u32::MAX / 2 {
            0
        } else {
            self.xids.0
        }
    }
}

impl Links {
    pub(crate) fn is_live(&self, conn: ConnId) -> bool {
        self.live.as_ref().is_some_and(|live| live.conn == conn)
    }

    /// Takes a pending connection out.
    pub(crate) fn take_pending(&mut self, conn: ConnId) -> Option<Pending> {
        let at = self
            .pending
            .iter()
            .position(|pending| pending.conn == conn)?;
        Some(self.pending.remove(at))
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.pending.iter().map(|pending| pending.deadline).min()
    }
}
