//! What can happen next: all that the assumptions allow.

use dhcp_failover::ServerState;

use super::{Action, CRASHES, LOSSES, Link, State, World};
use crate::server::Input;
use crate::setting::Assumption;

impl World {
    pub(super) fn possible(&self, state: State, actions: &mut Vec<Action>) {
        let link = self.links.get(state.link);
        let facts = [self.facts(state, 0), self.facts(state, 1)];
        if !facts[0].due && !facts[1].due && self.may_wait(link) {
            actions.push(Action::Tick);
        }
        if facts[0].up && facts[1].up && link.up == [false; 2] {
            actions.push(Action::Connect);
        }
        let isolated = [0, 1].map(|side| self.is_isolated(state, side));
        if self.setting.cuts
            && !self.setting.half_open
            && link.up == [true; 2]
            && isolated == [false; 2]
        {
            actions.push(Action::Cut);
        }
        for side in 0..2 {
            let mut push = |input| actions.push(Action::At(side, input, None));
            let own = facts[side];
            if !own.up {
                push(Input::Start);
                continue;
            }
            if own.due {
                push(Input::Timeout);
            }
            if let Some(frame) = link.to[side].first() {
                push(Input::Frame(*frame));
            }
            let starting = own.state == Some(ServerState::Startup);
            let cut = self.setting.cuts && self.setting.half_open || !link.up[1 - side];
            if link.up[side] && cut && !isolated[side] {
                push(Input::Lost);
            }
            if starting && !link.up[side] && !isolated[side] {
                push(Input::Silence);
            }
            if self.may_be_declared_down(state, side) && !link.up[side] {
                push(Input::PartnerDown);
            }
            if state.left(CRASHES) > 0 {
                (0..=own.unsynced).for_each(|kept| push(Input::Crash { kept }));
                if state.left(LOSSES) > 0 && self.may_lose_its_disk(state, side) {
                    push(Input::Lose);
                }
            }
            if link.to[1 - side].len() < usize::from(self.setting.window) {
                self.clients(state, side, &mut push);
            }
        }
    }

    /// Whether a unit of time may pass: a message that is too long under way, or a partner that is
    /// silent for too long, is as good as a lost link (max-response-delay).
    fn may_wait(&self, link: &Link) -> bool {
        let half_open = link.up[0] != link.up[1];
        if self.setting.prompt {
            return !half_open && link.to.iter().all(Vec::is_empty);
        }
        !(half_open && link.stale) && link.late == [0; 2]
    }

    /// V2: a server that starts while its partner serves alone reaches it before it serves.
    fn is_isolated(&self, state: State, side: usize) -> bool {
        self.setting.without != Some(Assumption::Reachable)
            && self.facts(state, side).state == Some(ServerState::Startup)
            && self.facts(state, 1 - side).saved == Some(ServerState::PartnerDown)
    }

    /// V1: the operator declares down only a partner that is dead. V2: not one that served alone,
    /// whose leases this server doesn't know. V3: not to a server that has lost its disk and hasn't
    /// recovered.
    fn may_be_declared_down(&self, state: State, side: usize) -> bool {
        let (own, partner) = (self.facts(state, side), self.facts(state, 1 - side));
        if self.setting.without == Some(Assumption::HonestOperator) {
            return own.state != Some(ServerState::PartnerDown);
        }
        self.setting.operator
            && !partner.up
            && partner.saved != Some(ServerState::PartnerDown)
            && own.state != Some(ServerState::PartnerDown)
            && !state.forgetful(side)
    }

    /// V3: the disk of the only server that is up to date isn't lost.
    fn may_lose_its_disk(&self, state: State, side: usize) -> bool {
        let partner = self.facts(state, 1 - side);
        let current = matches!(
            partner.saved,
            Some(
                ServerState::Normal
                    | ServerState::CommunicationsInterrupted
                    | ServerState::PartnerDown
            )
        );
        self.setting.without == Some(Assumption::KeptDisk)
            || current && self.facts(state, side).saved != Some(ServerState::PartnerDown)
    }

    fn clients(&self, state: State, side: usize, push: &mut impl FnMut(Input)) {
        let server = self.servers.get(state.servers[side]);
        if !server.serves() {
            return;
        }
        let setting = &self.setting;
        for address in 0..setting.addresses {
            for client in 0..setting.clients {
                push(Input::Ask { client, address });
                if setting.reuse {
                    push(Input::Repeat { client, address });
                }
                if state.holds(client, address) == 0 {
                    continue;
                }
                let binding = server.binding(setting, address);
                // The server looks whether it is this client's.
                if setting.release && setting.name_of(&binding.client) == Some(client) {
                    push(Input::Release { address });
                }
                if setting.decline {
                    push(Input::Decline { client, address });
                }
            }
        }
    }
}
