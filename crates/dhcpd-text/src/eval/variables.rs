//! Variables: those of the lease, and the arguments of the functions that are being called.

use std::sync::Arc;

use crate::conf::code::Function;

/// Variables of one lease: more than any configuration has.
const MAX_VARIABLES: usize = 256;

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Bytes.
    Data(Vec<u8>),
    /// A number.
    Number(u64),
    /// True or false.
    Boolean(bool),
    /// A function, by `define`.
    Function(Arc<Function>),
}

/// Names and values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables {
    /// The lease's own at the bottom, then those of each function that is being called.
    frames: Vec<Vec<(Arc<str>, Option<Value>)>>,
}

impl Variables {
    /// The value of a variable, whose name may be written in any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut frames = self.frames.iter().rev();
        frames
            .find_map(|frame| find(frame, name).map(|at| frame[at].1.as_ref()))
            .flatten()
    }

    /// Sets a variable where it is, or else in the innermost place; `None` unsets it.
    pub fn set(&mut self, name: &Arc<str>, value: Option<Value>) {
        for frame in self.frames.iter_mut().rev() {
            if let Some(at) = find(frame, name) {
                frame[at].1 = value;
                return;
            }
        }
        if self.frames.is_empty() {
            self.frames.push(Vec::new());
        }
        if let Some(frame) = self.frames.last_mut()
            && frame.len() < MAX_VARIABLES
        {
            frame.push((Arc::clone(name), value));
        }
    }

    /// The lease's own variables that are set, in the order in which they were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        let own = self.frames.first().into_iter().flatten();
        own.filter_map(|(name, value)| Some((&**name, value.as_ref()?)))
    }

    /// Opens a place for the arguments of a function.
    pub(super) fn push(&mut self, arguments: Vec<(Arc<str>, Option<Value>)>) {
        if self.frames.is_empty() {
            self.frames.push(Vec::new());
        }
        self.frames.push(arguments);
    }

    /// Closes it again.
    pub(super) fn pop(&mut self) {
        self.frames.pop();
    }
}

fn find(frame: &[(Arc<str>, Option<Value>)], name: &str) -> Option<usize> {
    frame
        .iter()
        .position(|(other, _)| other.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_hide_and_go_away() {
        let mut variables = Variables::default();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        variables.set(&a, Some(Value::Number(1)));
        variables.push(vec![(Arc::clone(&a), Some(Value::Number(2)))]);
        assert_eq!(variables.get("A"), Some(&Value::Number(2)));
        variables.set(&b, Some(Value::Boolean(true)));
        variables.pop();
        assert_eq!(variables.get("a"), Some(&Value::Number(1)));
        assert_eq!(variables.get("b"), None, "it was set in the function");
        variables.set(&a, None);
        assert_eq!(variables.iter().count(), 0);
    }
}
