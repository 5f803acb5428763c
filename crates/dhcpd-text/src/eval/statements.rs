//! Statements.

use std::sync::Arc;

use super::data::joined;
use super::variables::Value;
use super::{Effect, MAX_VALUE, Run};
use crate::conf::code::{Action, OptionValue, Statement};
use crate::conf::domain::{DomainWriter, read_names};
use crate::conf::expr::{Call, Data, Expr};
use crate::conf::{OptionId, Settings, SpaceId};

impl Run<'_> {
    /// Executes statements up to the first `break`, or to a `return` that sets `result`.
    pub(super) fn run(&mut self, statements: &[Statement], result: &mut Option<Value>) {
        for statement in statements {
            if !self.enter() {
                return;
            }
            let go_on = self.statement(statement, result);
            self.leave();
            if !go_on || result.is_some() {
                return;
            }
        }
    }

    /// Executes one statement; answers false at a `break`.
    fn statement(&mut self, statement: &Statement, result: &mut Option<Value>) -> bool {
        match &statement.action {
            Action::Option(action) => self.table.set(action, statement.at),
            Action::If {
                branches,
                otherwise,
            } => {
                let taken = branches.iter().find(|(condition, _)| self.holds(condition));
                self.run(taken.map_or(otherwise, |(_, body)| body), result);
            }
            Action::Switch { value, body } => {
                let start = self.matching_case(value, body);
                self.run(start, result);
            }
            Action::Case(_) | Action::Default => {}
            Action::Break => return false,
            Action::Set { name, value } => {
                let value = self.any(value);
                self.variables.set(name, value);
            }
            Action::Define { name, function } => {
                let function = Value::Function(Arc::clone(function));
                self.variables.set(name, Some(function));
            }
            Action::Unset(name) => {
                if self.variables.get(name).is_some() {
                    self.variables.set(name, None);
                }
            }
            Action::Eval(value) => {
                self.any(value);
            }
            Action::Return(value) => *result = self.any(value),
            Action::Log { priority, message } => {
                if let Some(message) = self.data(message) {
                    self.effect(Effect::Log {
                        priority: *priority,
                        message,
                    });
                }
            }
            Action::Execute { program, arguments } => self.program(program, arguments),
            Action::Add(class) => self.added.push(*class),
            Action::On(on) => {
                let handlers = &mut self.handlers;
                for (asked, place) in [
                    (on.events.commit, &mut handlers.commit),
                    (on.events.release, &mut handlers.release),
                    (on.events.expiry, &mut handlers.expiry),
                ] {
                    if asked {
                        *place = (!on.body.is_empty()).then(|| Arc::clone(on));
                    }
                }
            }
            Action::ParseVendorOption => self.vendor_space = self.vendor_option_space(),
        }
        true
    }

    /// The statements behind the case that fits; behind `default` if none does.
    fn matching_case<'s>(&mut self, value: &Expr, body: &'s [Statement]) -> &'s [Statement] {
        if let Some(value) = self.any(value) {
            for (index, statement) in body.iter().enumerate() {
                if let Action::Case(case) = &statement.action
                    && self.any(case).as_ref() == Some(&value)
                {
                    return &body[index + 1..];
                }
            }
        }
        let default = body.iter().position(|s| s.action == Action::Default);
        default.map_or(&[], |index| &body[index + 1..])
    }

    /// A null argument keeps the program from being run.
    fn program(&mut self, program: &[u8], arguments: &[Data]) {
        let values: Option<Vec<Vec<u8>>> = arguments
            .iter()
            .map(|argument| {
                let mut value = self.data(argument)?;
                // An argument ends at its first zero byte: C knows no other strings.
                value.truncate(
                    value
                        .iter()
                        .position(|byte| *byte == 0)
                        .unwrap_or(value.len()),
                );
                Some(value)
            })
            .collect();
        if let Some(arguments) = values {
            self.effect(Effect::Execute {
                program: program.to_vec(),
                arguments,
            });
        }
    }

    /// The space that `vendor-option-space` names now.
    pub(super) fn vendor_option_space(&mut self) -> Option<SpaceId> {
        self.named_space(|settings| settings.vendor_option_space)
    }

    /// The space that a parameter names now.
    pub(super) fn named_space(
        &mut self,
        which: fn(Settings) -> Option<Vec<u8>>,
    ) -> Option<SpaceId> {
        let name = which(self.settings())?;
        self.spaces.named(core::str::from_utf8(&name).ok()?)
    }

    /// The configured value of an option.
    pub(super) fn configured(&mut self, option: OptionId) -> Option<Vec<u8>> {
        let parts = self.table.parts(option);
        if parts.is_empty() || !self.enter() {
            return None;
        }
        let names = parts.len() > 1 && self.spaces.is_compressed_list(option);
        let values: Option<Vec<Vec<u8>>> = parts
            .into_iter()
            .map(|part| match part {
                OptionValue::Bytes(bytes) => Some(bytes.to_vec()),
                OptionValue::Expr(data) => self.data(&data),
            })
            .collect();
        self.leave();
        match names {
            true => joined_names(&values?),
            false => values?
                .into_iter()
                .try_fold(Vec::new(), |whole, value| joined(whole, &value)),
        }
    }

    /// The value of an expression of any type.
    pub(super) fn any(&mut self, expr: &Expr) -> Option<Value> {
        match expr {
            Expr::Data(data) => self.data(data).map(Value::Data),
            Expr::Number(number) => self.number(number).map(Value::Number),
            Expr::Boolean(boolean) => self.boolean(boolean).map(Value::Boolean),
            Expr::Variable(name) => self.variables.get(name).cloned(),
            Expr::Call(call) => self.call(call),
        }
    }

    /// Calls a function: null if there is none, if it takes another number of arguments, or if it returns nothing.
    pub(super) fn call(&mut self, call: &Call) -> Option<Value> {
        let Some(Value::Function(function)) = self.variables.get(&call.name) else {
            return None;
        };
        let function = Arc::clone(function);
        if function.parameters.len() != call.arguments.len() || !self.enter() {
            return None;
        }
        let names = function.parameters.iter().map(Arc::clone);
        let arguments = names
            .zip(&call.arguments)
            .map(|(name, argument)| (name, self.any(argument)))
            .collect();
        self.variables.push(arguments);
        let mut result = None;
        self.run(&function.body, &mut result);
        self.variables.pop();
        self.leave();
        result
    }
}

/// Lists of names with pointers, as one list.
fn joined_names(lists: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut writer = DomainWriter::new(true);
    for list in lists {
        let names = read_names(list)?;
        names.iter().for_each(|name| writer.push_labels(name));
    }
    Some(writer.finish()).filter(|whole| whole.len() <= MAX_VALUE)
}
