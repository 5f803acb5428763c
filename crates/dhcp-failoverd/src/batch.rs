//! What one turn of the loop, or several, want said: records for the disk, and all that waits for them.

use dhcp4_server::Output;
use dhcp4_server::journal::RecordWriter;
use tokio::sync::oneshot;

use crate::admin::Answer;

/// Most outputs that gather while the disk works. A packet makes about three, so that this is some 10 ms of a
/// full load; more packets wait in the kernel meanwhile.
const MAX_HELD: usize = 8192;
/// Most record text that gathers, bytes: what a slow disk takes in some 10 ms.
const MAX_RECORDS: usize = 4 << 20;

/// Something to do once the records before it are on disk.
#[derive(Debug)]
pub(crate) enum Held {
    /// What the server wants done; no [`Output::Store`].
    Output(Output),
    /// What an operator is told.
    Answer(oneshot::Sender<Answer>, Answer),
    /// What a client of OMAPI is told: its connection, and the bytes.
    Operated(u64, Vec<u8>),
}

/// Outputs that go to the disk, or out, together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The text of all `Store`s.
    pub(crate) records: Vec<u8>,
    /// The same as the replacement of the lease file has it, while one is being written.
    pub(crate) rewritten: Vec<u8>,
    /// Everything else, in order.
    pub(crate) held: Vec<Held>,
    /// Somebody waits for it: among the held is more than lines for the log.
    pub(crate) urgent: bool,
}

impl Batch {
    /// Adds one output.
    pub(crate) fn push(
        &mut self,
        output: Output,
        text: &mut RecordWriter,
        rewriting: Option<&mut RecordWriter>,
    ) {
        match output {
            Output::Store(record) => {
                text.record(&record, &mut self.records);
                if let Some(rewriting) = rewriting {
                    rewriting.record(&record, &mut self.rewritten);
                }
            }
            output => {
                self.urgent |= !matches!(output, Output::Event(_));
                self.held.push(Held::Output(output));
            }
        }
    }

    /// Adds what an operator is told.
    pub(crate) fn answer(&mut self, to: oneshot::Sender<Answer>, answer: Answer) {
        self.urgent = true;
        self.held.push(Held::Answer(to, answer));
    }

    /// Adds what a client of OMAPI is told.
    pub(crate) fn operated(&mut self, connection: u64, answer: Vec<u8>) {
        self.urgent = true;
        self.held.push(Held::Operated(connection, answer));
    }

    /// Takes all but the records, which the caller takes too.
    pub(crate) fn take_held(&mut self) -> Vec<Held> {
        self.urgent = false;
        std::mem::take(&mut self.held)
    }

    /// Whether more inputs may be taken before this is on disk.
    pub(crate) fn has_room(&self) -> bool {
        self.held.len() < MAX_HELD && self.records.len() < MAX_RECORDS
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.records.is_empty()
    }
}
