//! Connections to the partner: which one is the link, and what is pending on others.

use failover_wire::Xid;

use crate::output::ConnId;
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
}

/// The link: the one connection whose handshake is complete.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Live {
    pub(crate) conn: ConnId,
    xids: Xids,
    /// The partner's STATE was read on this link.
    pub(crate) heard_state: bool,
    /// Our STATE was sent on this link.
    pub(crate) said_state: bool,
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

    /// Updates never use 0, which stands for "none" (ISC).
    fn next_nonzero(&mut self) -> Xid {
        if self.0 == 0 {
            self.0 = 1;
        }
        self.next()
    }
}

impl Live {
    pub(crate) fn new(pending: Pending) -> Self {
        let Pending { conn, xids, .. } = pending;
        Self {
            conn,
            xids,
            heard_state: false,
            said_state: false,
        }
    }

    pub(crate) fn xid(&mut self) -> Xid {
        self.xids.next()
    }

    pub(crate) fn update_xid(&mut self) -> Xid {
        self.xids.next_nonzero()
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
