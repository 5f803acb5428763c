//! What a run prints, and the hash of all that happened in it.

use core::fmt;
use std::io::Write;

use crate::clock::Time;

/// Whose column a line stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// A server: 0 is the primary, 1 the secondary.
    Node(usize),
    /// A server's disk.
    Disk(usize),
    /// A client.
    Client(usize),
    /// The network, the operator, and the run itself.
    World,
}

/// Lines for people, and a hash for machines.
pub struct Trace {
    out: Option<Box<dyn Write>>,
    hash: u64,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace({:016x})", self.hash)
    }
}

impl Trace {
    /// Prints to `out`, or nowhere.
    #[must_use]
    pub fn new(out: Option<Box<dyn Write>>) -> Self {
        Self { out, hash: 0 }
    }

    /// One line: the time, a mark in the column of who it is about, and what happened.
    pub fn line(&mut self, time: Time, who: Who, what: fmt::Arguments<'_>) {
        let Some(out) = &mut self.out else {
            return;
        };
        let (seconds, millis) = (time / 1000, time % 1000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let mark = match who {
            Who::Node(0) => "P . . .   .".to_owned(),
            Who::Disk(0) => ". D . .   .".to_owned(),
            Who::Node(_) => ". . S .   .".to_owned(),
            Who::Disk(_) => ". . . D   .".to_owned(),
            Who::Client(client) => format!(". . . . c{client:02}"),
            Who::World => "* * * * * *".to_owned(),
        };
        // Nobody reads on when the reader is gone.
        if writeln!(
            out,
            "{hours:3}:{minutes:02}:{seconds:02}.{millis:03}  {mark}  {what}"
        )
        .is_err()
        {
            self.out = None;
        }
    }

    /// Whether anybody reads the lines.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.out.is_some()
    }

    /// Takes a number into the hash.
    pub fn mix(&mut self, number: u64) {
        // The multiplier of FNV-1a, over words: not for adversaries.
        self.hash = (self.hash.rotate_left(5) ^ number).wrapping_mul(0x0100_0000_01b3_0001);
    }

    /// Takes bytes into the hash.
    pub fn mix_bytes(&mut self, bytes: &[u8]) {
        self.mix(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
    }

    /// The hash of everything so far.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash
    }
}
