//! Writes the history of a run, and has it judged while it is written.

use std::io::Write;
use std::net::Ipv4Addr;

use dhcp_failover::{ServerState, What};
use dhcp4_server::{Event, Output};

use crate::clock::Time;
use crate::event::NodeId;
use crate::history::{Checker, Conflict, Entry, Seen, State, Vendor};

/// The history of a run, as it goes.
pub(crate) struct Recorder {
    checker: Checker,
    out: Option<Box<dyn Write>>,
    /// Clients that have been sent an ACK in their present exchange.
    coming: Vec<bool>,
    names: Vec<String>,
}

impl core::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Recorder({} clients)", self.names.len())
    }
}

impl Recorder {
    /// Begins with the setup; writes it out if there is something to write to.
    #[must_use]
    pub(crate) fn new(
        mclt: u32,
        tolerance: Time,
        clients: usize,
        out: Option<Box<dyn Write>>,
    ) -> Self {
        let mut recorder = Self {
            checker: Checker::default(),
            out,
            coming: vec![false; clients],
            names: (0..clients).map(|client| format!("c{client:02}")).collect(),
        };
        let vendors = [Vendor::Ours; 2];
        recorder.see(
            0,
            Seen::Setup {
                mclt,
                tolerance,
                vendors,
            },
        );
        recorder
    }

    /// Something is seen.
    pub(crate) fn see(&mut self, at: Time, seen: Seen) {
        let entry = Entry { at, seen };
        if let Some(out) = &mut self.out
            && writeln!(out, "{}", entry.line()).is_err()
        {
            self.out = None;
        }
        self.checker
            .take(&entry)
            .expect("entries come in order, after the setup, of two servers");
    }

    /// A server sends an ACK that its client waits for. What it says of conflicts that the ACK makes.
    pub(crate) fn ack(
        &mut self,
        at: Time,
        server: NodeId,
        client: usize,
        address: Ipv4Addr,
        until: Time,
    ) -> Vec<Conflict> {
        self.coming[client] = true;
        let name = self.names[client].clone();
        let seen = Seen::Ack {
            server,
            client: name,
            address,
            until,
        };
        self.see(at, seen);
        self.checker.latest().to_vec()
    }

    /// A client uses an address from now on.
    pub(crate) fn takes(
        &mut self,
        at: Time,
        server: NodeId,
        client: usize,
        address: Ipv4Addr,
        until: Time,
    ) {
        self.coming[client] = false;
        let client = self.names[client].clone();
        let seen = Seen::Takes {
            server,
            client,
            address,
            until,
        };
        self.see(at, seen);
    }

    /// A client begins another exchange.
    pub(crate) fn moves_on(&mut self, at: Time, client: usize) {
        if std::mem::take(&mut self.coming[client]) {
            let client = self.names[client].clone();
            self.see(at, Seen::MovesOn { client });
        }
    }

    /// A client gives an address up.
    pub(crate) fn drops(&mut self, at: Time, client: usize, address: Ipv4Addr) {
        let client = self.names[client].clone();
        self.see(at, Seen::Drops { client, address });
    }

    /// Clients that others have the identity of.
    pub(crate) fn cloned(&mut self, client: usize) {
        let client = self.names[client].clone();
        self.see(0, Seen::Cloned { client });
    }

    /// A server does something that its log tells of.
    pub(crate) fn output(&mut self, at: Time, server: NodeId, output: &Output) {
        let Output::Event(Event::Failover(event)) = output else {
            return;
        };
        if let What::IMove { to, .. } = event.what {
            let state = match to {
                ServerState::Normal => State::Normal,
                ServerState::CommunicationsInterrupted => State::CommunicationsInterrupted,
                ServerState::PartnerDown => State::PartnerDown,
                _ => State::Other,
            };
            self.see(at, Seen::State { server, state });
        }
    }
}
