//! Times relative to the present: two worlds that differ only in when they are reached are one.
//!
//! Every world is put at the same moment, [`NOW`]. What is over, and further back than anything looks, is put at one
//! time, so that worlds that differ only in how long ago things happened are one, too, and the
//! number of worlds is finite without an end of time.

use dhcp_failover::{Binding, BindingStatus, Instant, Now, Record, Rename, UnixTime};
use failover_wire::{BindingUpdate, Frame, Message};

use crate::setting::Setting;

/// When it is.
pub(crate) const NOW: Now = Now {
    mono: Instant::from_millis(1_000_000_000),
    unix: UnixTime(1_000_000),
};
/// Deadlines further off never come: only those of keepalives are.
const FAR: u32 = 1_000;

/// Puts things at [`NOW`], after `by` units of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aging {
    by: u32,
    /// Units back to which the times of a running lease are told apart.
    lease: u32,
    /// The same for what bounds the reuse of an address.
    promise: u32,
    /// The same for what a server may have promised before it lost its lease file; 0 if none does.
    loss: u32,
}

impl Aging {
    pub(crate) fn new(by: u32, setting: &Setting) -> Self {
        let latest = setting.lease + setting.lease / 2 + setting.mclt + 1;
        Self {
            by,
            lease: setting.lease + 1,
            promise: setting.mclt + 1,
            loss: if setting.losses > 0 { latest } else { 0 },
        }
    }

    fn aged(self, at: UnixTime, memory: u32) -> UnixTime {
        if at.0 == 0 {
            return at;
        }
        UnixTime((at.0 - self.by).max(NOW.unix.0 - memory))
    }

    /// When a lease or state in `status` ended. When an end is past matters only where it is
    /// compared with what else is past.
    fn end(self, at: UnixTime, status: BindingStatus) -> UnixTime {
        let compared = matches!(
            status,
            BindingStatus::Active | BindingStatus::Released | BindingStatus::Abandoned
        );
        let at = self.aged(at, self.lease);
        if compared || at >= NOW.unix || at.0 == 0 {
            at
        } else {
            UnixTime(NOW.unix.0 - self.lease)
        }
    }

    /// When a lease or state in `status` began, where that matters.
    fn start(self, at: UnixTime, status: BindingStatus) -> UnixTime {
        match status {
            BindingStatus::Active => self.aged(at, self.lease.max(self.loss)),
            BindingStatus::Abandoned => self.aged(at, self.lease),
            BindingStatus::Expired if self.loss > 0 => self.aged(at, self.loss),
            _ => UnixTime(0),
        }
    }

    /// A promise that is too old to bound anything is none.
    fn promised(self, at: UnixTime) -> UnixTime {
        let at = self.aged(at, self.promise);
        if at.0 + self.promise <= NOW.unix.0 {
            UnixTime(0)
        } else {
            at
        }
    }

    pub(crate) fn record(&mut self, record: &mut Record) {
        match record {
            Record::Binding(_, binding) => self.binding(binding),
            Record::Relationship(_, record) => {
                record.my_stos = self.unix(record.my_stos);
                record.partner_stos = NOW.unix;
            }
        }
    }

    fn update_of(self, update: &mut BindingUpdate) {
        let status = update.status.expect("we always say it");
        let active = status == BindingStatus::Active;
        update.lease_expiration = update.lease_expiration.map(|at| self.end(at, status));
        update.potential_expiration = update.potential_expiration.map(|at| self.promised(at));
        update.start_of_state = update.start_of_state.map(|at| self.start(at, status));
        let said = update.client_last_transaction.filter(|_| active);
        update.client_last_transaction = said.map(|at| self.aged(at, self.lease));
    }

    /// A message, without what its receiver doesn't look at.
    pub(crate) fn frame(self, frame: &mut Frame) {
        frame.time = UnixTime(0);
        match &mut frame.message {
            Message::BindingUpdate(update) => self.update_of(update),
            Message::BindingAck(ack) => ack.message = None,
            Message::State(state) => state.start_of_state = None,
            _ => {}
        }
    }
}

impl Rename for Aging {
    fn unix(&mut self, at: UnixTime) -> UnixTime {
        self.aged(at, self.promise)
    }

    fn loss(&mut self, at: UnixTime) -> UnixTime {
        let at = self.aged(at, self.loss);
        if at.0 + self.loss <= NOW.unix.0 {
            UnixTime(0)
        } else {
            at
        }
    }

    fn mono(&mut self, at: Instant) -> Instant {
        let never = NOW.mono.plus_secs(FAR);
        if at >= never {
            return never;
        }
        let earlier = core::time::Duration::from_secs(self.by.into());
        at.earlier_by(earlier).max(NOW.mono)
    }

    fn moment(&mut self, at: Now) -> Now {
        let unix = self.unix(at.unix);
        let ago = core::time::Duration::from_secs((NOW.unix.0 - unix.0).into());
        Now {
            unix,
            mono: NOW.mono.earlier_by(ago),
        }
    }

    fn binding(&mut self, binding: &mut Binding) {
        let active = binding.status == BindingStatus::Active;
        binding.starts = self.start(binding.starts, binding.status);
        binding.ends = self.end(binding.ends, binding.status);
        binding.ends_mono = self.mono(binding.ends_mono);
        let memory = if active { self.lease } else { self.promise };
        binding.cltt = self.aged(binding.cltt, memory);
        for at in [&mut binding.sent, &mut binding.acked, &mut binding.received] {
            *at = self.promised(*at);
        }
        binding.tstp = self.promised(binding.tstp);
        if binding.pending && binding.tstp.0 == 0 {
            // On disk, what is pending is beyond what was acknowledged.
            binding.tstp = UnixTime(1);
        }
    }

    fn update(&mut self, update: &mut BindingUpdate) {
        self.update_of(update);
    }

    fn potential(&mut self, at: UnixTime) -> UnixTime {
        self.promised(at)
    }
}
