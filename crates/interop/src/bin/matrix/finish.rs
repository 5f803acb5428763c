//! The end of a run: everything settles, and is looked at.

use std::time::{Duration, Instant};

use dhcp4_wire::MessageType;
use interop::{Capture, Ledger, until};

use crate::outcome::{Outcome, Path};
use crate::pair::{A, B, Side};
use crate::stage::{SLOW_MACHINE, Stage};
use crate::wire::Wire;

/// Both servers know the same. dhcpd answers an update within 4 s, and leases may run out meanwhile.
const TO_AGREE: Duration = Duration::from_secs(40);

/// A pair that has no connection won't come to agree.
const TO_AGREE_APART: Duration = Duration::from_secs(3);

/// They must agree for as long as this: an update on its way makes them differ.
const FOR_GOOD: Duration = Duration::from_secs(2);

impl Stage {
    /// Lets the pair settle and notes what has become of it. `broken` is why the scenario could not go on.
    pub(crate) fn finish(&mut self, broken: Option<String>) -> Outcome {
        if let Some(side) = self.probed {
            return self.finish_probe(side, broken);
        }
        // They renew for ever.
        self.clients.clear();
        self.lab.step("clients are gone");
        let joined = Side::BOTH.map(|side| self.logged(side)) == ["normal", "normal"];
        let differences = self.differences(if joined { TO_AGREE } else { TO_AGREE_APART });
        let unacked = Side::BOTH.map(|side| self.unacked(side));
        let died = self.died();
        let wire = self
            .capture
            .take()
            .map(|capture| Wire::read(&capture.stop()))
            .unwrap_or_default();
        let seen = self.lab.watch.seen();
        let paths = Side::BOTH
            .map(|side| Path::from_log(&self.lab.servers[side.index()].log, self.setup.name(side)));
        Outcome {
            broken,
            paths,
            services: std::mem::take(&mut self.services),
            normal_after: std::mem::take(&mut self.normal_after),
            answers: Vec::new(),
            probed: None,
            differences,
            unacked,
            twice: Ledger::new(&seen).twice,
            naks: seen
                .iter()
                .filter(|message| message.kind == MessageType::NAK)
                .count(),
            died,
            wire,
            folder: self.folder(),
        }
    }

    /// One server was alone with odd greetings: its answers count, and that it lives.
    fn finish_probe(&mut self, side: Side, broken: Option<String>) -> Outcome {
        drop(self.capture.take().map(Capture::stop));
        Outcome {
            broken,
            answers: std::mem::take(&mut self.answers),
            probed: Some(side),
            died: self.died(),
            folder: self.folder(),
            ..Outcome::default()
        }
    }

    fn logged(&self, side: Side) -> String {
        self.lab.servers[side.index()]
            .logged_state(self.setup.name(side))
            .local
    }

    /// Where the lease files differ, once they have had time.
    fn differences(&self, patience: Duration) -> Vec<String> {
        let [a, b] = [A, B].map(|side| &self.lab.servers[side.index()]);
        let mut differences = Vec::new();
        let mut equal_since = None;
        until(patience * SLOW_MACHINE as u32, || {
            differences = a.database().differences(&b.database());
            if !differences.is_empty() {
                equal_since = None;
                return None;
            }
            let since = *equal_since.get_or_insert_with(Instant::now);
            (since.elapsed() >= FOR_GOOD).then_some(())
        });
        differences.iter().map(ToString::to_string).collect()
    }

    /// Updates that `side` still waits to have answered. A server that is down waits for nothing.
    fn unacked(&self, side: Side) -> usize {
        if !self.up[side.index()] {
            return 0;
        }
        let server = &self.lab.servers[side.index()];
        let mut last = 0;
        until(TO_AGREE_APART, || {
            last = server.unacked(self.setup.name(side)).unwrap_or(0);
            (last == 0).then_some(())
        });
        last
    }

    /// Servers that should be running and aren't.
    fn died(&mut self) -> Vec<String> {
        let mut died = Vec::new();
        for side in Side::BOTH {
            let server = &mut self.lab.servers[side.index()];
            if self.up[side.index()] && !server.is_running() {
                died.push(format!("{side} ended by itself:\n{}", server.tail(10)));
            }
        }
        died
    }
}
