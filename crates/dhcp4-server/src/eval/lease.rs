//! What statements keep in the record of a lease: variables, and what is to be done when it ends.

use std::sync::Arc;

use dhcp_failover::Extra;
use dhcpd_text::eval::{self, Variables};
use dhcpd_text::leases::Value;

use super::Billing;
use crate::exchange::{Exchange, Lease};
use crate::journal;
use crate::view::LeaseLanguage;

impl Exchange<'_> {
    /// The variables of a lease, if it is the client's own; where there is no lease, those that are there without a
    /// client.
    pub(super) fn lease_variables(&self, lease: Option<Lease>) -> Variables {
        let address = match lease {
            None => return self.config.language.globals.clone(),
            Some(Lease::Fixed { .. }) => return Variables::default(),
            Some(Lease::Dynamic(address)) => address,
        };
        let binding = self.binding(address);
        let own = binding.filter(|binding| self.query.is_tenant(&binding.client));
        let extra = own.and_then(|binding| binding.extra.as_deref());
        extra.map(variables_of).unwrap_or_default()
    }
}

/// The variables in a record.
pub(super) fn variables_of(extra: &Extra) -> Variables {
    let mut variables = Variables::default();
    for (name, value) in journal::variables(extra) {
        variables.set(&name, Some(value));
    }
    // As in dhcpd the names in DNS are variables too.
    for variable in extra
        .names
        .as_deref()
        .map_or_else(Vec::new, journal::name_variables)
    {
        let name = variable.name().into();
        if let Value::Data(bytes) = variable.value {
            variables.set(&name, Some(eval::Value::Data(bytes)));
        }
    }
    variables
}

/// What a record keeps beside the lease, with who is billed for it and what the statements have set instead of what was
/// there before. `language` is `None` where the statements are the same for everyone, and so set nothing.
pub(crate) fn with_language(
    extra: Option<Arc<Extra>>,
    language: Option<&LeaseLanguage>,
    billing: &Billing,
) -> Option<Arc<Extra>> {
    let former = extra.as_ref().map_or(&[][..], |extra| &extra.statements);
    let mut statements: Vec<String> = former
        .iter()
        .filter(|statement| !statement.starts_with("billing "))
        .filter(|statement| language.is_none() || is_kept(statement))
        .cloned()
        .collect();
    if let Billing::Account { account, .. } = billing {
        statements.insert(0, journal::billing_statement(account));
    }
    if let Some(language) = language {
        push_language(language, &mut statements);
    }
    if *former == *statements {
        return extra;
    }
    let mut changed = extra.map_or_else(Extra::default, |extra| (*extra).clone());
    changed.statements = statements;
    Some(Arc::new(changed))
}

fn push_language(language: &LeaseLanguage, statements: &mut Vec<String>) {
    for (name, value) in language.variables.iter() {
        let kept_elsewhere =
            name.eq_ignore_ascii_case(journal::VENDOR_CLASS) || journal::is_name(name);
        if !kept_elsewhere {
            statements.extend(journal::variable_statement(name, value));
        }
    }
    let handlers = &language.handlers;
    for (event, on) in [("release", &handlers.release), ("expiry", &handlers.expiry)] {
        if let Some(on) = on {
            statements.push(format!("on {event} {}", on.text));
        }
    }
}

/// Whether a statement of the record isn't one that the configuration's statements set.
fn is_kept(statement: &str) -> bool {
    let set = statement.starts_with("set ") && !journal::is_vendor_class_statement(statement);
    !set && !statement.starts_with("on ")
}
