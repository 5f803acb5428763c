//! The variables in which dhcpd keeps what DNS has for an address.

use bytes::Bytes;
use dhcp_failover::Names;
use dhcpd_text::leases::{LeaseRecord, Value, Variable};

const FORWARD: &str = "ddns-fwd-name";
const CLIENT_FQDN: &str = "ddns-client-fqdn";
const REVERSE: &str = "ddns-rev-name";
const TXT: &str = "ddns-txt";
const DHCID: &str = "ddns-dhcid";

/// Longest value that is taken from a file, bytes: what a name has at most.
const MAX_LEN: usize = 255;

/// Whether a variable is one of those that [`names_in`] reads.
pub(crate) fn is_name_variable(variable: &Variable) -> bool {
    match &variable.value {
        Value::Data(bytes) => is_name(variable.name()) && is_usable(bytes),
        _ => false,
    }
}

/// Whether a variable has one of the names that dhcpd keeps DNS names in.
pub(crate) fn is_name(name: &str) -> bool {
    [FORWARD, CLIENT_FQDN, REVERSE, TXT, DHCID]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

fn is_usable(bytes: &[u8]) -> bool {
    (1..=MAX_LEN).contains(&bytes.len())
}

/// The names that a record has.
pub(crate) fn names_in(record: &LeaseRecord) -> Names {
    let value = |name: &str| {
        let mut all = record.variables.iter().rev();
        let found = all.find(|variable| variable.name().eq_ignore_ascii_case(name))?;
        match &found.value {
            Value::Data(bytes) if is_usable(bytes) => Some(Bytes::copy_from_slice(bytes)),
            _ => None,
        }
    };
    Names {
        forward: value(FORWARD),
        client_fqdn: value(CLIENT_FQDN),
        reverse: value(REVERSE),
        txt: value(TXT),
        dhcid: value(DHCID),
    }
}

/// The variables that keep names, in the order in which dhcpd comes to set them, last first.
pub(crate) fn name_variables(names: &Names) -> Vec<Variable> {
    let variable = |name: &str, value: &Option<Bytes>| {
        let value = value.as_ref()?;
        Variable::new(name, Value::Data(value.to_vec()))
    };
    [
        variable(REVERSE, &names.reverse),
        variable(CLIENT_FQDN, &names.client_fqdn),
        variable(TXT, &names.txt),
        variable(DHCID, &names.dhcid),
        variable(FORWARD, &names.forward),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were_kept() {
        let bytes = |text: &'static [u8]| Some(Bytes::from_static(text));
        let names = Names {
            forward: bytes(b"pc1.example.org"),
            client_fqdn: None,
            reverse: bytes(b"1.0.0.10.in-addr.arpa."),
            txt: None,
            dhcid: bytes(b"\x00\x01\x01\xff\x00"),
        };
        let mut record = LeaseRecord::new(core::net::Ipv4Addr::LOCALHOST);
        record.variables = name_variables(&names);
        assert!(record.variables.iter().all(is_name_variable));
        assert_eq!(names_in(&record), names);
    }
}
