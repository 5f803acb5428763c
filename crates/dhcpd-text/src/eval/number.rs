//! Expressions whose value is a number.

use super::Run;
use super::variables::Value;
use crate::conf::expr::{Arithmetic, Number};

impl Run<'_> {
    /// The number that an expression comes to, or null.
    pub(super) fn number(&mut self, number: &Number) -> Option<u64> {
        if !self.enter() {
            return None;
        }
        let value = self.any_number(number);
        self.leave();
        value
    }

    fn any_number(&mut self, number: &Number) -> Option<u64> {
        match number {
            Number::Constant(value) => Some(*value),
            Number::ExtractInt { of, bytes } => {
                let of = self.data(of)?;
                let bytes = of.get(..usize::from(*bytes))?;
                Some(
                    bytes
                        .iter()
                        .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
                )
            }
            Number::LeaseTime => self.client.lease_time().map(u64::from),
            Number::ClientState => None,
            Number::Variable(name) => match self.variables.get(name) {
                Some(Value::Number(value)) => Some(*value),
                _ => None,
            },
            Number::Call(call) => match self.call(call) {
                Some(Value::Number(value)) => Some(value),
                _ => None,
            },
            Number::Arithmetic {
                operator,
                left,
                right,
            } => {
                let (left, right) = (self.number(left), self.number(right));
                arithmetic(*operator, left?, right?)
            }
        }
    }
}

fn arithmetic(operator: Arithmetic, left: u64, right: u64) -> Option<u64> {
    Some(match operator {
        Arithmetic::Add => left.wrapping_add(right),
        Arithmetic::Multiply => left.wrapping_mul(right),
        Arithmetic::Divide => left.checked_div(right)?,
        Arithmetic::Remainder => left.checked_rem(right)?,
        Arithmetic::And => left & right,
        Arithmetic::Or => left | right,
        Arithmetic::Xor => left ^ right,
    })
}
