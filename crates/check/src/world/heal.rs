//! The way back to NORMAL, when nothing befalls the servers any more.

use super::{Action, State, World};
use crate::server::Input;

impl World {
    /// What would bring both servers back to NORMAL, were there no more faults; none if they are.
    pub(crate) fn heal(&self, state: State) -> Option<Action> {
        let link = self.links.get(state.link);
        let facts = [self.facts(state, 0), self.facts(state, 1)];
        let at = |side, input| Some(Action::At(side, input, None));
        for (side, own) in facts.iter().enumerate() {
            if !own.up {
                return at(side, Input::Start);
            }
            if own.due {
                return at(side, Input::Timeout);
            }
            if link.up[side] && !link.up[1 - side] {
                return at(side, Input::Lost);
            }
            if let Some(frame) = link.to[side].first() {
                return at(side, Input::Frame(*frame));
            }
        }
        if link.up == [false; 2] {
            return Some(Action::Connect);
        }
        if self.is_settled(state) {
            return None;
        }
        Some(Action::Tick)
    }

    /// Whether each server thinks the link up exactly where the world does: else the world is
    /// modelled wrongly.
    pub(crate) fn is_consistent(&self, state: State) -> bool {
        let link = self.links.get(state.link);
        (0..2).all(|side| self.facts(state, side).connected == link.up[side])
    }
}
