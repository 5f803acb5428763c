//! One server: the shipped machine, its disk, and the driver between them.

use dhcp_failover::{
    Binding, BindingStatus, Bindings, ConnId, Core, PoolId, Record, RelationshipRecord,
    ServerState, Service, UnixTime,
};

use crate::age::{Aging, NOW};
use crate::setting::{ID, Setting};

mod driver;

pub(crate) use driver::happen;

/// The only connection: an old one is closed before the next is opened.
const CONN: ConnId = ConnId(0);
/// The only pool.
const POOL: PoolId = PoolId(0);
/// Times in a row that a timer may be due at once.
const PATIENCE: u32 = 16;

/// A server with its disk.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Server {
    /// 0 for the primary, 1 for the secondary.
    side: usize,
    /// The machine; none while the server is down.
    pub(crate) core: Option<Box<Core>>,
    /// What the lease file says.
    pub(crate) disk: Disk,
    /// Records that nothing waits for: a crash may lose them.
    pub(crate) unsynced: Vec<Record>,
}

/// A lease file, as it would be loaded.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Disk {
    pub(crate) bindings: Vec<Binding>,
    pub(crate) relationship: Option<RelationshipRecord>,
}

/// What happens to a server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Input {
    /// A unit of time passes.
    Tick,
    /// Timers are due.
    Timeout,
    /// A connection is there.
    Connected,
    /// The connection is gone.
    Lost,
    /// Dialling meets with silence.
    Silence,
    /// A message, by its number in the collection of messages.
    Frame(u32),
    /// The operator says that the partner is down.
    PartnerDown,
    /// A client asks for an address, or to renew it.
    Ask { client: u8, address: u8 },
    /// A client that has a young lease asks, and is told what it has.
    Repeat { client: u8, address: u8 },
    /// A client gives an address back.
    Release { address: u8 },
    /// A client says that an address is in use.
    Decline { client: u8, address: u8 },
    /// The process dies; of the records that nothing waits for the first `kept` are on the disk.
    Crash { kept: u8 },
    /// It dies, and the disk with it.
    Lose,
    /// It starts.
    Start,
}

/// What comes of it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome<S, F> {
    pub(crate) server: S,
    /// Messages to the partner, in order; before `closed` takes effect.
    pub(crate) sent: Vec<F>,
    /// The server closed the connection.
    pub(crate) closed: bool,
    /// A client was told that it has the address for so many units.
    pub(crate) told: Option<u32>,
    /// The server as it is, and what it had sent, had it died on the way: after its first, second
    /// … record.
    pub(crate) torn: Vec<(S, Vec<F>)>,
}

/// How an input fails to have an outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Flaw {
    /// The machine panicked.
    Panic(String),
    /// A timer is due again however often it is served.
    Spin,
}

impl Server {
    /// A server that was never started, with this lease file.
    pub(crate) fn down(side: usize, disk: Disk) -> Self {
        Self {
            side,
            core: None,
            disk,
            unsynced: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> Option<ServerState> {
        Some(self.core.as_ref()?.endpoint(ID).state())
    }

    /// The state on disk.
    pub(crate) fn saved(&self) -> Option<ServerState> {
        let records = self.unsynced.iter().rev();
        let latest = records.filter_map(|record| match record {
            Record::Relationship(_, record) => Some(record.my_state),
            Record::Binding(..) => None,
        });
        let disk = self
            .disk
            .relationship
            .as_ref()
            .map(|record| record.my_state);
        latest.chain(disk).next()
    }

    pub(crate) fn binding(&self, setting: &Setting, address: u8) -> &Binding {
        match &self.core {
            Some(core) => core
                .bindings()
                .get(setting.address(address))
                .expect("in the pool"),
            None => &self.disk.bindings[usize::from(address)],
        }
    }

    pub(crate) fn serves(&self) -> bool {
        let service = self.core.as_ref().map(|core| core.service(POOL));
        service.is_some_and(|service| !matches!(service, Service::None(_)))
    }

    /// Whether a timer is due.
    pub(crate) fn is_due(&self) -> bool {
        let next = self.core.as_ref().and_then(|core| core.poll_timeout());
        next.is_some_and(|(at, _)| at <= NOW.mono)
    }

    pub(crate) fn age(&mut self, by: u32, setting: &Setting) {
        let mut aging = Aging::new(by, setting);
        if let Some(core) = &mut self.core {
            core.rename(NOW, &mut aging);
        }
        let disk = self.disk.bindings.iter_mut();
        disk.for_each(|binding| dhcp_failover::Rename::binding(&mut aging, binding));
        if let Some(record) = self.disk.relationship.take() {
            let mut record = Record::Relationship(ID, record);
            aging.record(&mut record);
            self.disk.write(&record, setting);
        }
        self.unsynced
            .iter_mut()
            .for_each(|record| aging.record(record));
        // One that changes nothing is as good as written.
        let mut disk = self.disk.clone();
        self.unsynced.retain(|record| {
            let before = disk.clone();
            disk.write(record, setting);
            disk != before
        });
    }

    fn sync(&mut self, setting: &Setting) {
        for record in self.unsynced.drain(..) {
            self.disk.write(&record, setting);
        }
    }
}

impl Disk {
    /// A lease file that is there no more.
    pub(crate) fn lost(setting: &Setting) -> Self {
        let unused = Binding::unused(BindingStatus::Free);
        Self {
            bindings: vec![as_loaded(unused); usize::from(setting.addresses)],
            relationship: None,
        }
    }

    pub(crate) fn write(&mut self, record: &Record, setting: &Setting) {
        match record {
            Record::Binding(address, binding) => {
                self.bindings[setting.index(*address)] = as_loaded(binding.clone());
            }
            Record::Relationship(_, record) => self.relationship = Some(record.clone()),
        }
    }

    fn load(&self, setting: &Setting) -> Bindings {
        let mut table = Bindings::new(vec![setting.pool()], [0, 0]).expect("one range");
        for (index, binding) in self.bindings.iter().enumerate() {
            let binding = Binding {
                ends_mono: NOW.mono_after(binding.ends),
                ..binding.clone()
            };
            table.load(setting.address(index as u8), binding);
        }
        table
    }
}

/// What the lease file keeps of a binding, as the daemon reads it.
fn as_loaded(binding: Binding) -> Binding {
    let tsfp = binding.tsfp();
    // An update is pending where `tstp` is beyond `atsfp`.
    let (acked, received) = match (binding.pending, binding.tstp > binding.acked) {
        (true, false) => (UnixTime(0), tsfp),
        (false, true) => (tsfp, binding.received),
        _ => (binding.acked, binding.received),
    };
    Binding {
        pending: binding.tstp > acked,
        acked,
        received,
        sent: binding.sent.max(binding.tstp).max(binding.tsfp()),
        begun_alone: false,
        repeated: binding.cltt >= binding.starts,
        ends_mono: NOW.mono,
        ..binding
    }
}

/// A lease file that says NORMAL, and that every address is in `status`.
pub(crate) fn normal(setting: &Setting, status: BindingStatus) -> Disk {
    let mut disk = Disk::lost(setting);
    for binding in &mut disk.bindings {
        *binding = as_loaded(Binding::unused(status));
    }
    disk.relationship = Some(RelationshipRecord {
        my_state: ServerState::Normal,
        my_stos: UnixTime(NOW.unix.0 - 1000),
        partner_state: Some(ServerState::Normal),
        partner_stos: NOW.unix,
        mclt: Some(setting.mclt),
        wait_mclt: setting.mclt,
    });
    disk
}

/// Only to say where [`NOW`] is to those who show times.
pub(crate) fn relative(at: UnixTime) -> i64 {
    i64::from(at.0) - i64::from(NOW.unix.0)
}
