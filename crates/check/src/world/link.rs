//! What happens on the link, and with time.

use failover_wire::{Frame, Message};

use super::{Link, State, World};
use crate::age::{Aging, NOW};
use crate::number::{Renumbering, chosen_by_sender, renumbered};
use crate::server::Input;
use crate::setting::MOST;

impl World {
    pub(super) fn tick(&mut self, state: State) -> State {
        let mut next = state;
        for side in 0..2 {
            let outcome = self.outcome(state.servers[side], Input::Tick);
            let outcome = self.outcomes[outcome as usize].as_ref();
            next.servers[side] = outcome.expect("time always passes").server;
        }
        for client in 0..MOST as u8 + 1 {
            let left = state.holds(client, 0);
            next.set_hold(client, 0, left.saturating_sub(1));
        }
        let mut link = self.links.get(state.link).clone();
        for frame in link.to.iter_mut().flatten() {
            *frame = self.aged_frame(*frame);
        }
        link.late = [0, 1].map(|side| link.to[side].len() as u8);
        link.stale = link.up[0] != link.up[1];
        next.link = self.links.insert(link).0;
        next
    }

    fn aged_frame(&mut self, frame: u32) -> u32 {
        if let Some(aged) = self.aged_frames.get(&frame) {
            return *aged;
        }
        let mut older = self.frames.get(frame).clone();
        Aging::new(1, &self.setting).frame(&mut older);
        let (aged, _) = self.frames.insert(older);
        self.aged_frames.insert(frame, aged);
        aged
    }

    /// A connection, CONNECT and CONNECTACK: nothing that happens between them matters, since
    /// they change no binding, and a cut is as good after them.
    pub(super) fn connect(&mut self, state: State) -> State {
        let mut link = Link::default();
        let mut servers = state.servers;
        let mut messages = [Vec::new(), Vec::new()];
        for side in 0..2 {
            link.up[side] = true;
            let at = self.outcome(servers[side], Input::Connected);
            let outcome = self.outcomes[at as usize].as_ref().expect("it is up");
            servers[side] = outcome.server;
            messages[1 - side].extend(&outcome.sent);
        }
        // CONNECT to the secondary; CONNECTACK to the primary.
        for side in [1, 0] {
            while let Some(frame) = (!messages[side].is_empty()).then(|| messages[side].remove(0)) {
                let is_handshake = matches!(
                    self.frames.get(frame).message,
                    Message::Connect(_) | Message::ConnectAck(_)
                );
                if !is_handshake {
                    messages[side].insert(0, frame);
                    break;
                }
                let at = self.outcome(servers[side], Input::Frame(frame));
                let outcome = self.outcomes[at as usize].as_ref().expect("it is up");
                servers[side] = outcome.server;
                link.up[side] &= !outcome.closed;
                messages[1 - side].extend(&outcome.sent);
            }
        }
        link.to = messages;
        let next = State { servers, ..state };
        self.with_link(next, link)
    }

    /// The link after a server took an input and sent messages, and then, maybe, left.
    pub(super) fn link_after(
        &self,
        state: State,
        side: usize,
        input: Input,
        sent: &[u32],
        ends: bool,
    ) -> Link {
        let mut link = self.links.get(state.link).clone();
        if matches!(input, Input::Frame(_)) {
            link.to[side].remove(0);
            link.late[side] = link.late[side].saturating_sub(1);
        }
        // What is sent to a partner that has left arrives nowhere.
        if link.up == [true; 2] {
            link.to[1 - side].extend(sent);
        }
        if ends {
            link.up[side] = false;
            link.to[side].clear();
            link.late[side] = 0;
            link.stale &= link.up[0] != link.up[1];
        }
        link
    }

    /// Puts a link in place, with transactions numbered from 1.
    pub(super) fn with_link(&mut self, state: State, mut link: Link) -> State {
        let mut state = state;
        let known = [0, 1].map(|side| &self.facts(state, side).known);
        let mut xids = [known[0].own.clone(), known[1].own.clone()];
        for side in 0..2 {
            xids[1 - side].extend(&known[side].partners);
            for frame in &link.to[side] {
                let frame = self.frames.get(*frame);
                match chosen_by_sender(frame) {
                    Some(true) => xids[1 - side].push(frame.xid),
                    Some(false) => xids[side].push(frame.xid),
                    None => {}
                }
            }
        }
        for xids in &mut xids {
            xids.sort_unstable();
            xids.dedup();
        }
        for side in 0..2 {
            let renumbering = Renumbering {
                own: xids[side].clone(),
                partners: xids[1 - side].clone(),
            };
            if !renumbering.keeps(&self.facts(state, side).known) {
                state.servers[side] = self.renumber(state.servers[side], renumbering);
            }
            for frame in &mut link.to[side] {
                let old = self.frames.get(*frame);
                let xids = match chosen_by_sender(old) {
                    Some(true) => &xids[1 - side],
                    Some(false) => &xids[side],
                    None => continue,
                };
                let xid = renumbered(xids, old.xid);
                if xid != old.xid {
                    let new = Frame { xid, ..old.clone() };
                    *frame = self.frames.insert(new).0;
                }
            }
        }
        state.link = self.links.insert(link).0;
        state
    }

    fn renumber(&mut self, number: u32, renumbering: Renumbering) -> u32 {
        if let Some(known) = self.renamed.get(&(number, renumbering.clone())) {
            return *known;
        }
        let mut server = self.servers.get(number).clone();
        if let Some(core) = &mut server.core {
            core.rename(NOW, &mut renumbering.clone());
        }
        let renamed = self.keep(server);
        self.renamed.insert((number, renumbering), renamed);
        renamed
    }
}
