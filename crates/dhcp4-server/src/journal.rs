//! The lease file: its records to the table at start, and every change back into records.
//!
//! Reading: [`Reader`] yields the records (and says where a torn tail is to be cut), [`Server::new`](crate::Server::new)
//! takes them. Writing: a [`RecordWriter`] turns each [`Output::Store`](crate::Output::Store) into text, and for a
//! rewrite everything in [`Server::kept`](crate::Server::kept) and [`Server::records`](crate::Server::records).
//!
//! Potential expiry times: the file has three, we keep apart what was sent, what the partner acknowledged and what it
//! announced. `tsfp` is the greater of acknowledged and announced, which is what dhcpd bounds its grants by; `atsfp` is
//! acknowledged; `tstp` is what our next update says. Where sent or announced say more, the record's comment line has
//! them.

mod load;
mod names;
mod store;

pub use dhcpd_text::leases::{Damage, Entry, Reader, Record as StoredRecord, Tail};

pub(crate) use load::Loaded;
pub(crate) use names::{is_name, is_name_variable, name_variables, names_in};
pub use store::RecordWriter;

use std::sync::Arc;

use dhcp_failover::{Binding, BindingStatus, Extra};
use dhcpd_text::conf::code::Events;
use dhcpd_text::eval;
use dhcpd_text::leases::{Billing, BindingState, LeaseRecord, Value, Variable, Writer};

use crate::eval::Account;

/// Whether a rewritten file has a record of this address: not of one that was never used.
pub(crate) fn is_worth_keeping(binding: &Binding) -> bool {
    binding.status != BindingStatus::Free
        || binding.rewind != BindingStatus::Free
        || binding.reserved
        || binding.ends.0 != 0
        || binding.cltt.0 != 0
        || binding.horizon().0 != 0
        || binding.pending
        || !binding.client.is_empty()
}

pub(crate) const VENDOR_CLASS: &str = "vendor-class-identifier";

/// The statement in which the record keeps the client's vendor class (option 60), as dhcpd does for lease queries.
pub(crate) fn vendor_class_statement(class: &[u8]) -> String {
    let mut record = LeaseRecord::new(core::net::Ipv4Addr::UNSPECIFIED);
    record
        .variables
        .extend(Variable::new(VENDOR_CLASS, Value::Data(class.to_vec())));
    statements_of(&record).pop().unwrap_or_default()
}

/// Whether a statement is [`vendor_class_statement`] of this class; the usual case is told without making it.
pub(crate) fn says_vendor_class(statement: &str, class: &[u8]) -> bool {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if !class.iter().all(plain) {
        return statement == vendor_class_statement(class);
    }
    let value = statement
        .strip_prefix("set ")
        .and_then(|rest| rest.strip_prefix(VENDOR_CLASS))
        .and_then(|rest| rest.strip_prefix(" = \""))
        .and_then(|rest| rest.strip_suffix("\";"));
    value.is_some_and(|value| value.as_bytes() == class)
}

pub(crate) fn is_vendor_class_statement(statement: &str) -> bool {
    statement
        .strip_prefix("set ")
        .is_some_and(|rest| rest.starts_with(VENDOR_CLASS))
}

/// The statement in which the record keeps a variable; none for a function, or a name that the file can't hold.
pub(crate) fn variable_statement(name: &str, value: &eval::Value) -> Option<String> {
    let value = match value {
        eval::Value::Data(bytes) => Value::Data(bytes.clone()),
        eval::Value::Number(number) => Value::Number(number.cast_signed()),
        eval::Value::Boolean(boolean) => Value::Boolean(*boolean),
        eval::Value::Function(_) => return None,
    };
    let mut record = LeaseRecord::new(core::net::Ipv4Addr::UNSPECIFIED);
    record.variables.push(Variable::new(name, value)?);
    statements_of(&record).pop()
}

/// Who pays for a lease, if it is said.
pub(crate) fn account(extra: &Extra) -> Option<Account> {
    match read(extra, "billing ")?.billing? {
        Billing::Class(class) => Some((class, None)),
        Billing::Subclass { class, value } => Some((class, Some(value))),
    }
}

/// The statement in which the record keeps who pays for the lease.
pub(crate) fn billing_statement((class, value): &Account) -> String {
    let mut record = LeaseRecord::new(core::net::Ipv4Addr::UNSPECIFIED);
    let class = class.clone();
    record.billing = Some(match value.clone() {
        Some(value) => Billing::Subclass { class, value },
        None => Billing::Class(class),
    });
    statements_of(&record).pop().unwrap_or_default()
}

/// The events and the body of an `on` statement as this server writes it: one event and one line.
pub(crate) fn split_handler(text: &str) -> Option<(Events, &str)> {
    let (event, body) = text.strip_prefix("on ")?.split_once(' ')?;
    let mut events = Events::default();
    match event {
        "release" => events.release = true,
        "expiry" => events.expiry = true,
        _ => return None,
    }
    Some((events, body))
}

/// The statements of a record that begin with a word, read again.
fn read(extra: &Extra, word: &str) -> Option<LeaseRecord> {
    let statements: Vec<&str> = extra
        .statements
        .iter()
        .map(String::as_str)
        .filter(|statement| statement.starts_with(word))
        .collect();
    if statements.is_empty() {
        return None;
    }
    let text = format!("lease 0.0.0.0 {{\n{}\n}}\n", statements.join("\n"));
    match Reader::new("", text.as_bytes()).next()?.ok()?.record {
        StoredRecord::Lease(lease) => Some(lease),
        _ => None,
    }
}

/// The variables that a record keeps, in order.
pub(crate) fn variables(extra: &Extra) -> Vec<(Arc<str>, eval::Value)> {
    let Some(lease) = read(extra, "set ") else {
        return Vec::new();
    };
    let value = |value: Value| match value {
        Value::Data(bytes) => eval::Value::Data(bytes),
        Value::Number(number) => eval::Value::Number(number.cast_unsigned()),
        Value::Boolean(boolean) => eval::Value::Boolean(boolean),
    };
    let variables = lease.variables.into_iter();
    variables
        .map(|variable| (variable.name().into(), value(variable.value)))
        .collect()
}

/// The statements of a record that the table carries as text, each as it would be written: variables, billing, events
/// and unknown ones.
fn statements_of(record: &LeaseRecord) -> Vec<String> {
    let mut statements = Vec::new();
    let mut one = |carried: LeaseRecord| {
        let mut text = Vec::new();
        Writer::plain().lease(&carried, &mut text);
        // Between the line that opens the record and the one that closes it.
        let text = readable(text);
        let inner = text.split_once('\n').map_or("", |(_, inner)| inner);
        let inner = inner.strip_suffix("}\n").unwrap_or(inner).trim();
        if !inner.is_empty() {
            statements.push(inner.to_owned());
        }
    };
    let bare = || LeaseRecord::new(record.address);
    if record.billing.is_some() {
        one(LeaseRecord {
            billing: record.billing.clone(),
            ..bare()
        });
    }
    let others = record.variables.iter();
    for variable in others.filter(|variable| !is_name_variable(variable)) {
        one(LeaseRecord {
            variables: vec![variable.clone()],
            ..bare()
        });
    }
    for event in record.events.iter().chain(&record.unknown) {
        one(LeaseRecord {
            unknown: vec![event.clone()],
            ..bare()
        });
    }
    statements
}

/// The table carries text. A byte that is none can only stand in a string, and there it has another spelling.
fn readable(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let bytes = error.as_bytes().iter();
        let spelled = bytes.map(|&byte| match byte.is_ascii() {
            true => char::from(byte).to_string(),
            false => format!("\\{byte:03o}"),
        });
        spelled.collect()
    })
}

fn state_of(status: BindingStatus) -> BindingState {
    match status {
        BindingStatus::Free => BindingState::Free,
        BindingStatus::Active => BindingState::Active,
        BindingStatus::Expired => BindingState::Expired,
        BindingStatus::Released => BindingState::Released,
        BindingStatus::Abandoned => BindingState::Abandoned,
        BindingStatus::Reset => BindingState::Reset,
        BindingStatus::Backup => BindingState::Backup,
    }
}

fn status_of(state: BindingState) -> BindingStatus {
    match state {
        BindingState::Free => BindingStatus::Free,
        BindingState::Active => BindingStatus::Active,
        BindingState::Expired => BindingStatus::Expired,
        BindingState::Released => BindingStatus::Released,
        BindingState::Abandoned => BindingStatus::Abandoned,
        BindingState::Reset => BindingStatus::Reset,
        BindingState::Backup => BindingStatus::Backup,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_spelled_as_text() {
        let record = LeaseRecord {
            events: vec![b"on expiry { log (info, \"caf\xe9\"); }".to_vec()],
            unknown: vec!["later \"caf\u{e9}\";".into()],
            ..LeaseRecord::new(core::net::Ipv4Addr::UNSPECIFIED)
        };
        assert_eq!(
            statements_of(&record),
            [
                "on expiry { log (info, \"caf\\351\"); }",
                "later \"caf\u{e9}\";"
            ]
        );
    }

    #[test]
    fn a_vendor_class_is_recognised_however_it_is_spelled() {
        for class in [&b"MSFT 5.0"[..], b"a\"b\\c", b"\x00\xff", b""] {
            let statement = vendor_class_statement(class);
            assert!(says_vendor_class(&statement, class), "{statement}");
            assert!(is_vendor_class_statement(&statement), "{statement}");
            assert!(!says_vendor_class(&statement, b"other"));
        }
        assert_eq!(
            vendor_class_statement(b"x"),
            "set vendor-class-identifier = \"x\";"
        );
    }
}
