//! A disk with one lease file: what is not synced is lost in a crash, from any byte on.

/// The lease file of one server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    durable: Vec<u8>,
    writing: Vec<u8>,
}

impl Disk {
    /// Appends, without a promise.
    pub(crate) fn write(&mut self, text: &[u8]) {
        self.writing.extend_from_slice(text);
    }

    /// All that was written is there to stay.
    pub(crate) fn sync(&mut self) {
        self.durable.append(&mut self.writing);
    }

    /// Length of what is written and not synced, bytes.
    #[must_use]
    pub(crate) fn unsynced(&self) -> usize {
        self.writing.len()
    }

    /// The machine stops: of what is not synced the first `kept` bytes happen to have made it.
    pub(crate) fn crash(&mut self, kept: usize) {
        self.writing.truncate(kept);
        self.sync();
    }

    /// The file as a whole, synced, takes the place of the old one.
    ///
    /// # Panics
    /// If something is being written.
    pub(crate) fn replace(&mut self, text: Vec<u8>) {
        assert!(
            self.writing.is_empty(),
            "the old file is still being written"
        );
        self.durable = text;
    }

    /// What a reader finds.
    #[must_use]
    pub(crate) fn read(&self) -> &[u8] {
        &self.durable
    }

    /// Length of what is there to stay, bytes.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.durable.len()
    }

    /// Cuts the end off.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.durable.truncate(len);
    }

    /// A new, empty disk takes its place.
    pub(crate) fn lose(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_keeps_what_was_synced_and_a_piece_of_the_rest() {
        let mut disk = Disk::default();
        disk.write(b"one ");
        disk.sync();
        disk.write(b"two ");
        disk.write(b"three");
        assert_eq!(disk.unsynced(), 9);
        assert_eq!(disk.read(), b"one ");
        disk.crash(6);
        assert_eq!(disk.read(), b"one two th");
        disk.lose();
        assert_eq!(disk.len(), 0);
    }
}
