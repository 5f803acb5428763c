//! One server machine: process, clocks and disk, and the driver's rule.

use std::net::Ipv4Addr;

use dhcp_failover::{Binding, Endpoint, ServerState};
use dhcp4_server::journal::{Reader, RecordWriter, Tail};
use dhcp4_server::{Now, Output, Record, RelationshipId, Seeds, Server, ServerConfig};
use dhcp4_wire::Packet;

use crate::chaos::damage;
use crate::check::{self, Before};
use crate::clock::{Clock, Time};
use crate::disk::Disk;
use crate::event::NodeId;
use crate::fault::Fault;
use crate::promise::{Broken, Promise};
use crate::random::Stream;
use crate::scenario::Scenario;
use crate::shadow::{Shadow, Written};

/// Length at which a lease file is written anew while the server runs, bytes.
const MAX_JOURNAL: usize = 1 << 17;
/// A record is whole without the newline behind it.
const NEWLINE: usize = 1;
/// The only relationship.
pub(crate) const RELATIONSHIP: RelationshipId = RelationshipId(0);

/// A server machine.
#[derive(Debug)]
pub(crate) struct Node {
    /// Primary or secondary.
    pub(crate) id: NodeId,
    /// Its clocks.
    pub(crate) clock: Clock,
    /// Its disk.
    pub(crate) disk: Disk,
    /// What the disk ought to hold.
    pub(crate) shadow: Shadow,
    /// The server, while it runs.
    pub(crate) process: Option<Process>,
    /// The machine sleeps: nothing happens in it.
    pub(crate) asleep: bool,
    /// How often it was started.
    pub(crate) epoch: u32,
    config: ServerConfig,
    mclt: u32,
    rewrites: bool,
    seed: u64,
    /// The lease file holds what real dhcpd has room for: a clean stop leaves no more.
    plain: bool,
    /// The lease file isn't as it was written.
    damaged: bool,
    /// The lease file as it was once.
    backup: Option<(Disk, Shadow)>,
}

/// A running server, and its driver.
#[derive(Debug)]
pub(crate) struct Process {
    /// The server.
    pub(crate) server: Server,
    /// It is going to crash after so many acts of the driver.
    pub(crate) doom: Option<(u64, Fault)>,
    writer: RecordWriter,
    /// What the server said since the last write.
    batch: Batch,
    /// With the disk.
    writing: Option<Batch>,
    wake_at: Option<Time>,
}

/// Outputs that belong to one sync.
#[derive(Debug, Default)]
struct Batch {
    text: Vec<u8>,
    written: Vec<Written>,
    held: Vec<Output>,
}

/// What the driver does next.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Nothing.
    Wait,
    /// Text was written: wait for the disk.
    Sync,
    /// These may be done.
    Perform(Vec<Output>),
}

impl Node {
    /// A machine with an empty disk, on which nothing runs.
    #[must_use]
    pub(crate) fn new(id: NodeId, scenario: &Scenario) -> Self {
        Self {
            id,
            clock: Clock::new(scenario.offsets[id], scenario.drifts[id]),
            disk: Disk::default(),
            shadow: Shadow::default(),
            process: None,
            asleep: false,
            epoch: 0,
            damaged: false,
            backup: None,
            config: scenario.config(id),
            mclt: scenario.mclt,
            rewrites: scenario.rewrites,
            seed: scenario.seed,
            plain: false,
        }
    }

    /// Starts the server with what is on disk; true if that is damaged, and therefore not used.
    ///
    /// # Errors
    /// If the file is damaged by a mere crash, or doesn't give back the table that was stored.
    pub(crate) fn start(&mut self, time: Time) -> Result<bool, Broken> {
        let now = self.clock.now(time);
        let mut reader = Reader::new("dhcpd.leases", self.disk.read());
        let mut records = Vec::new();
        let mut damage = None;
        for entry in reader.by_ref() {
            match entry {
                Ok(entry) => records.push(entry.record),
                Err(found) => {
                    damage.get_or_insert(found);
                }
            }
        }
        let unusable = damage.is_some();
        if let Some(damage) = damage.filter(|_| !self.damaged) {
            let what = format!("a lease file that only crashed is damaged: {damage}");
            return Err(Broken::new(Promise::Durable, what));
        }
        self.damaged = false;
        let (end, sequence, torn) = (
            reader.end(),
            reader.next_sequence(),
            matches!(reader.tail(), Tail::Torn(_)),
        );
        if unusable {
            records.clear();
            self.lose_disk();
        }
        let seeds = Seeds {
            hash_key: [self.seed, self.id as u64],
        };
        let server = Server::new(self.config.clone(), records, seeds, now)
            .map_err(|error| Broken::new(Promise::NoPanic, error.to_string()))?;
        let writer = if self.rewrites {
            RecordWriter::journal(&self.config, 1)
        } else {
            if torn && !unusable {
                self.disk.truncate(end);
            }
            RecordWriter::journal(&self.config, if unusable { 1 } else { sequence })
        };
        self.epoch += 1;
        self.process = Some(Process {
            server,
            doom: None,
            writer,
            batch: Batch::default(),
            writing: None,
            wake_at: None,
        });
        if self.rewrites
            && let Some(process) = &mut self.process
        {
            // The daemon does so before it does anything else.
            self.disk.replace(process.rewritten(&self.config));
        }
        self.drain(time)?;
        let plain = std::mem::take(&mut self.plain);
        let Some(process) = &self.process else {
            return Ok(unusable);
        };
        self.shadow.compare(&process.server, true)?;
        if plain {
            self.shadow.adopt(process.server.core().bindings());
        }
        if self.rewrites {
            self.shadow.commit(process.batch.written.iter().cloned());
        }
        Ok(unusable)
    }

    /// Hands the server an input, and takes what it says.
    ///
    /// # Errors
    /// If an answer breaks a rule.
    pub(crate) fn input(
        &mut self,
        time: Time,
        input: impl FnOnce(&mut Server, Now),
    ) -> Result<(), Broken> {
        let now = self.clock.now(time);
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        input(&mut process.server, now);
        self.drain(time)
    }

    fn drain(&mut self, time: Time) -> Result<(), Broken> {
        let now = self.clock.now(time);
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let batch = &mut process.batch;
        // What was stored of the addresses that this input changes.
        let mut before: Vec<(Ipv4Addr, Option<Binding>)> = Vec::new();
        while let Some(output) = process.server.poll_output() {
            match output {
                Output::Store(record) => {
                    process.writer.record(&record, &mut batch.text);
                    if let Record::Binding(address, binding) = &record {
                        let was = self.shadow.store(*address, binding);
                        check::monotone(*address, was.as_ref(), binding)?;
                        before.push((*address, was));
                    }
                    batch.written.push(Written {
                        record,
                        end: batch.text.len(),
                    });
                }
                Output::Reply { ref packet, .. } => {
                    let view = Packet::parse(packet).map_err(|error| {
                        Broken::new(
                            Promise::NoPanic,
                            format!("a reply that can't be read: {error}"),
                        )
                    })?;
                    check::reply(&view, &self.shadow, now, self.mclt)?;
                    let first = before.iter().find(|(address, _)| *address == view.yiaddr());
                    let endpoint = process.server.core().endpoint(RELATIONSHIP);
                    let before = Before {
                        node: self.id,
                        state: endpoint.state(),
                        record: match first {
                            Some((_, was)) => was.as_ref(),
                            None => self.shadow.latest(view.yiaddr()),
                        },
                        since: endpoint.record().my_stos,
                        mclt: self.mclt,
                    };
                    check::ownership(&view, before, now.unix)?;
                    batch.held.push(output);
                }
                output => batch.held.push(output),
            }
        }
        Ok(())
    }

    /// The driver's rule: what is stored is written and synced before anything after it is done, one batch at a time.
    pub(crate) fn turn(&mut self) -> Turn {
        let Some(process) = &mut self.process else {
            return Turn::Wait;
        };
        if process.writing.is_some() {
            return Turn::Wait;
        }
        let mut batch = std::mem::take(&mut process.batch);
        if !batch.text.is_empty() {
            if self.disk.len() > MAX_JOURNAL {
                // Instead of this batch, which is in the table already.
                self.disk.replace(process.rewritten(&self.config));
                self.shadow.commit(batch.written.drain(..));
            } else {
                self.disk.write(&batch.text);
            }
            process.writing = Some(batch);
            return Turn::Sync;
        }
        if batch.held.is_empty() {
            return Turn::Wait;
        }
        Turn::Perform(batch.held)
    }

    /// The disk has what was written: what waited for it may be done. Says how many records there are, too.
    pub(crate) fn synced(&mut self) -> (usize, Vec<Output>) {
        let Some(batch) = self
            .process
            .as_mut()
            .and_then(|process| process.writing.take())
        else {
            return (0, Vec::new());
        };
        self.disk.sync();
        let records = batch.written.len();
        self.shadow.commit(batch.written);
        (records, batch.held)
    }

    /// One act of the driver: says whether the server is doomed to crash before it.
    pub(crate) fn act(&mut self) -> Option<Fault> {
        let doom = &mut self.process.as_mut()?.doom;
        match doom {
            Some((0, how)) => Some(*how),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    /// The process is gone, and of what wasn't synced all but the first `kept` bytes.
    pub(crate) fn crash(&mut self, kept: usize) {
        let Some(process) = self.process.take() else {
            return;
        };
        let written = process
            .writing
            .map(|batch| batch.written)
            .unwrap_or_default();
        self.disk.crash(kept);
        self.shadow.commit(
            written
                .into_iter()
                .filter(|written| written.end <= kept + NEWLINE),
        );
        self.shadow.crash();
    }

    /// The process ends as it should: nothing more is said, and the file is left as dhcpd would write it.
    pub(crate) fn stop(&mut self) {
        let Some(process) = self.process.take() else {
            return;
        };
        self.disk.sync();
        let records = process.server.records();
        let mut text = Vec::new();
        let mut writer = RecordWriter::plain(&self.config);
        writer.header("sim", &mut text);
        for record in records {
            writer.record(&record, &mut text);
            self.shadow.commit([Written { record, end: 0 }]);
        }
        self.disk.replace(text);
        self.shadow.crash();
        self.plain = true;
    }

    /// The lease file is gone.
    pub(crate) fn lose_disk(&mut self) {
        self.disk.lose();
        self.shadow = Shadow::default();
        self.plain = false;
    }

    /// The lease file is damaged, if there is something in it that can be told from a torn end. Says what happened.
    pub(crate) fn damage(&mut self, stream: &mut Stream) -> Option<&'static str> {
        // A file that dhcpd could have written has nothing to tell damage by, nor has one that goes on after such a one.
        if self.plain || !self.rewrites {
            return None;
        }
        let mut text = self.disk.read().to_vec();
        let what = damage(&mut text, stream)?;
        self.disk.replace(text);
        self.damaged = true;
        Some(what)
    }

    /// Keeps a copy of the lease file.
    pub(crate) fn back_up(&mut self) {
        if self.process.is_some() && !self.disk.read().is_empty() {
            let mut shadow = self.shadow.clone();
            shadow.crash();
            self.backup = Some((self.disk.clone(), shadow));
        }
    }

    /// The copy takes the place of the lease file, if there is one.
    pub(crate) fn restore(&mut self) -> bool {
        let Some((mut disk, shadow)) = self.backup.take() else {
            return false;
        };
        disk.crash(0);
        (self.disk, self.shadow) = (disk, shadow);
        (self.plain, self.damaged) = (false, false);
        true
    }

    /// When the server has to be woken, if that is sooner than planned.
    pub(crate) fn next_wake(&mut self) -> Option<Time> {
        let process = self.process.as_mut()?;
        let (at, _) = process.server.poll_timeout()?;
        let at = self.clock.time_of(at);
        if process.wake_at.is_some_and(|planned| planned <= at) {
            return None;
        }
        process.wake_at = Some(at);
        Some(at)
    }

    /// The machine is awake again: calls that came meanwhile weren't heard.
    pub(crate) fn wake_up(&mut self) {
        self.asleep = false;
        if let Some(process) = &mut self.process {
            process.wake_at = None;
        }
    }

    /// A wake-up call has come; says whether it is the one that was planned.
    pub(crate) fn woken(&mut self, time: Time) -> bool {
        let Some(process) = self.process.as_mut() else {
            return false;
        };
        let is_planned = process.wake_at.is_some_and(|at| at <= time);
        if is_planned {
            process.wake_at = None;
        }
        is_planned
    }

    /// The table is what was stored.
    ///
    /// # Errors
    /// Names the first address that differs.
    pub(crate) fn check_table(&self) -> Result<(), Broken> {
        match &self.process {
            Some(process) => self.shadow.compare(&process.server, false),
            None => Ok(()),
        }
    }

    /// The relationship, while the server runs.
    #[must_use]
    pub(crate) fn endpoint(&self) -> Option<&Endpoint> {
        Some(self.process.as_ref()?.server.core().endpoint(RELATIONSHIP))
    }

    /// The state of the relationship, while the server runs.
    #[must_use]
    pub(crate) fn state(&self) -> Option<ServerState> {
        self.endpoint().map(Endpoint::state)
    }

    /// Whether the server has nothing to say and nothing to write.
    #[must_use]
    pub(crate) fn is_idle(&self) -> bool {
        self.process.as_ref().is_none_or(|process| {
            let endpoint = process.server.core().endpoint(RELATIONSHIP);
            let updates =
                endpoint.queued_updates() + endpoint.unacked_updates() + endpoint.refused_updates();
            updates == 0 && process.writing.is_none() && process.batch.held.is_empty()
        })
    }
}

impl Process {
    /// The lease file as a rewrite leaves it.
    fn rewritten(&mut self, config: &ServerConfig) -> Vec<u8> {
        let mut text = Vec::new();
        self.writer = RecordWriter::journal(config, 1);
        self.writer.header("sim", &mut text);
        for record in self.server.kept() {
            self.writer.kept(record, &mut text);
        }
        for record in self.server.records() {
            self.writer.record(&record, &mut text);
        }
        text
    }
}
