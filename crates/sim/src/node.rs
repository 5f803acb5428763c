//! One server machine: process, clocks and disk, and the driver's rule.

use dhcp_failover::{Endpoint, ServerState};
use dhcp4_server::journal::{Reader, RecordWriter, Tail};
use dhcp4_server::{Now, Output, RelationshipId, Seeds, Server, ServerConfig};
use dhcp4_wire::Packet;

use crate::check;
use crate::clock::{Clock, Time};
use crate::disk::Disk;
use crate::event::NodeId;
use crate::fault::Fault;
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
    /// How often it was started.
    pub(crate) epoch: u32,
    config: ServerConfig,
    mclt: u32,
    rewrites: bool,
    seed: u64,
    /// The lease file holds what real dhcpd has room for: a clean stop leaves no more.
    plain: bool,
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
            clock: Clock::new(scenario.offsets[id]),
            disk: Disk::default(),
            shadow: Shadow::default(),
            process: None,
            epoch: 0,
            config: scenario.config(id),
            mclt: scenario.mclt,
            rewrites: scenario.rewrites,
            seed: scenario.seed,
            plain: false,
        }
    }

    /// Starts the server with what is on disk.
    ///
    /// # Errors
    /// If the file is damaged, or doesn't give back the table that was stored.
    pub(crate) fn start(&mut self, time: Time) -> Result<(), String> {
        let now = self.clock.now(time);
        let mut reader = Reader::new("dhcpd.leases", self.disk.read());
        let mut records = Vec::new();
        for entry in reader.by_ref() {
            records.push(
                entry
                    .map_err(|damage| {
                        format!("a lease file that only crashed is damaged: {damage}")
                    })?
                    .record,
            );
        }
        let (end, sequence, torn) = (
            reader.end(),
            reader.next_sequence(),
            matches!(reader.tail(), Tail::Torn(_)),
        );
        let seeds = Seeds {
            hash_key: [self.seed, self.id as u64],
        };
        let server = Server::new(self.config.clone(), records, seeds, now)
            .map_err(|error| error.to_string())?;
        let writer = if self.rewrites {
            RecordWriter::journal(&self.config, 1)
        } else {
            if torn {
                self.disk.truncate(end);
            }
            RecordWriter::journal(&self.config, sequence)
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
            return Ok(());
        };
        self.shadow.compare(&process.server, true)?;
        if plain {
            self.shadow.adopt(process.server.core().bindings());
        }
        if self.rewrites {
            self.shadow.commit(process.batch.written.iter().cloned());
        }
        Ok(())
    }

    /// Hands the server an input, and takes what it says.
    ///
    /// # Errors
    /// If an answer breaks a rule.
    pub(crate) fn input(
        &mut self,
        time: Time,
        input: impl FnOnce(&mut Server, Now),
    ) -> Result<(), String> {
        let now = self.clock.now(time);
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        input(&mut process.server, now);
        self.drain(time)
    }

    fn drain(&mut self, time: Time) -> Result<(), String> {
        let now = self.clock.now(time);
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let batch = &mut process.batch;
        while let Some(output) = process.server.poll_output() {
            match output {
                Output::Store(record) => {
                    process.writer.record(&record, &mut batch.text);
                    self.shadow.store(&record);
                    batch.written.push(Written {
                        record,
                        end: batch.text.len(),
                    });
                }
                Output::Reply { ref packet, .. } => {
                    let view = Packet::parse(packet)
                        .map_err(|error| format!("a reply that can't be read: {error}"))?;
                    check::reply(&view, &self.shadow, now, self.mclt)?;
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
    pub(crate) fn check_table(&self) -> Result<(), String> {
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
