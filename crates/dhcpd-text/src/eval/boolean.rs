//! Expressions that are true or false.

use super::Run;
use super::variables::Value;
use crate::conf::Pattern;
use crate::conf::expr::Boolean;

impl Run<'_> {
    /// Whether an expression is true, or null.
    pub(super) fn boolean(&mut self, boolean: &Boolean) -> Option<bool> {
        if !self.enter() {
            return None;
        }
        let value = self.any_boolean(boolean);
        self.leave();
        value
    }

    fn any_boolean(&mut self, boolean: &Boolean) -> Option<bool> {
        match boolean {
            Boolean::Equal {
                negated,
                left,
                right,
            } => {
                let (left, right) = (self.any(left), self.any(right));
                Some((left == right) != *negated)
            }
            Boolean::Matches {
                subject,
                pattern,
                any_case,
                compiled,
            } => {
                let subject = self.data(subject);
                match compiled {
                    Some(compiled) => Some(compiled.is_match(&subject?)),
                    None => {
                        let pattern = self.data(pattern);
                        let compiled = Pattern::new(&pattern?, *any_case);
                        let subject = subject?;
                        Some(compiled.is_some_and(|pattern| pattern.is_match(&subject)))
                    }
                }
            }
            // As in ISC, a false left side leaves the right one unasked, and the whole null.
            Boolean::And(left, right) => match self.boolean(left) {
                Some(true) => self.boolean(right),
                _ => None,
            },
            Boolean::Or(left, right) => match self.boolean(left) {
                Some(true) => Some(true),
                left => self.boolean(right).or(left),
            },
            Boolean::Not(inner) => self.boolean(inner).map(|value| !value),
            Boolean::Exists(option) => Some(self.received_option(*option).is_some()),
            Boolean::Known => self.client.is_known(),
            Boolean::Static => Some(self.client.is_static()),
            Boolean::Defined(name) => Some(self.variables.get(name).is_some()),
            Boolean::Variable(name) => match self.variables.get(name) {
                Some(Value::Boolean(value)) => Some(*value),
                _ => None,
            },
            // ISC executes the function and forgets what it returned.
            Boolean::Call(call) => {
                self.call(call);
                None
            }
        }
    }
}
