//! When two lease files say the same: what may differ, and why that is no loss.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::facts::{Facts, Said};
use super::generate::{is_in_pool, is_shared};

/// Who read the one file and wrote the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Through {
    Ours,
    Isc,
}

/// Everything in `before` that isn't in `after`, or is another there, a line each. `now` is when `before` was read.
pub(crate) fn lost(before: &Facts, after: &Facts, through: Through, now: u32) -> Vec<String> {
    let (before, mut after) = (settled(before, through, now), settled(after, through, now));
    for (address, said) in &mut after.leases {
        if before
            .leases
            .get(address)
            .is_some_and(|before| before.contains_key(OVER))
        {
            reduce(said);
        }
    }
    let mut lost = Vec::new();
    let addresses: BTreeSet<_> = before.leases.keys().chain(after.leases.keys()).collect();
    for &address in addresses {
        let empty = Said::new();
        let old = before.leases.get(&address).unwrap_or(&empty);
        let new = after.leases.get(&address).unwrap_or(&empty);
        differences(&address.to_string(), old, new, &mut lost);
    }
    for (key, old) in &before.others {
        let empty = Said::new();
        let new = after.others.get(key).unwrap_or(&empty);
        differences(key, old, new, &mut lost);
    }
    lost
}

fn differences(key: &str, old: &Said, new: &Said, lost: &mut Vec<String>) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (was, is) = (old.get(name), new.get(name));
        if was != is {
            lost.push(format!("{key}: {name}: {was:?} became {is:?}"));
        }
    }
}

/// How many leases dhcpd writes for this file: "Wrote N leases to leases file."
pub(crate) fn leases_written(facts: &Facts, now: u32) -> usize {
    settled(facts, Through::Isc, now).leases.len()
}

/// The file with all that goes without saying said, and without what whoever reads it is right to forget.
fn settled(facts: &Facts, through: Through, now: u32) -> Facts {
    let mut facts = facts.clone();
    let partner_down = is_partner_down(&facts);
    facts.leases = facts
        .leases
        .into_iter()
        .map(|(address, said)| (address, lease(address, said, through, now, partner_down)))
        .filter(|(address, said)| is_written(*address, said, through))
        .collect();
    facts.others.retain(|key, said| !is_undone(key, said));
    for said in facts.others.values_mut() {
        // What a secondary writes before its primary has told it.
        said.retain(|name, value| !(name == "mclt" && value == "0"));
    }
    facts
}

/// What was made by OMAPI and unmade again: dhcpd leaves it out of the next file. What the configuration declares stays
/// deleted.
fn is_undone(key: &str, said: &Said) -> bool {
    key.starts_with("host ") && said.contains_key("dynamic ;") && said.contains_key("deleted ;")
}

/// dhcpd forgets leases of addresses that are in no pool (`lease_instantiate`), and writes only those that it has
/// something to say about (`write_leases4`).
fn is_written(address: Ipv4Addr, said: &Said, through: Through) -> bool {
    through == Through::Ours
        || is_in_pool(address)
            && (["hardware", "uid", "tsfp"]
                .iter()
                .any(|name| said.contains_key(*name))
                || said.get("binding").is_some_and(|state| state != "free"))
}

fn lease(
    address: Ipv4Addr,
    mut said: Said,
    through: Through,
    now: u32,
    partner_down: bool,
) -> Said {
    // A time of 0 is none, an identifier or agent option without bytes is none.
    said.retain(|name, value| match name.as_str() {
        "starts" | "ends" | "tstp" | "tsfp" | "atsfp" | "cltt" => value != "0",
        "uid" => !value.is_empty(),
        _ => !(name.starts_with("agent ") && value.is_empty()),
    });
    old_states(&mut said);
    let ends = time(&said, "ends");
    if !is_in_pool(address) {
        // Ours keeps it as it is, but for what goes without saying.
        if said.get("next") == said.get("binding") {
            said.remove("next");
        }
        return said;
    }
    if !said.contains_key("binding") {
        let lasts = ends > now || said.keys().any(|name| name.starts_with("on "));
        said.insert(
            "binding".into(),
            if lasts { "active" } else { "free" }.into(),
        );
        said.entry("next".into()).or_insert_with(|| "free".into());
    }
    let state = said["binding"].clone();
    said.entry("next".into()).or_insert_with(|| state.clone());
    said.entry("rewind".into()).or_insert(state);
    if ends != 0 {
        said.entry("tstp".into())
            .or_insert_with(|| ends.to_string());
    }
    // Without a partner nobody else can own an address.
    if !is_shared(address) && said["binding"] == "backup" {
        for name in ["binding", "next", "rewind"] {
            said.insert(name.into(), "free".into());
        }
    }
    match through {
        Through::Isc => as_isc(&mut said, ends, now),
        Through::Ours => as_ours(&mut said),
    }
    if is_over(&said, partner_down, now) {
        reduce(&mut said);
    }
    said
}

/// `binding state reserved` and `bootp` are an active lease with that flag, in old files.
fn old_states(said: &mut Said) {
    for (old, flag) in [("reserved", "reserved"), ("bootp", "dynamic-bootp")] {
        if said.get("binding").is_some_and(|state| state == old) {
            said.insert("binding".into(), "active".into());
            said.insert(flag.into(), String::new());
        }
    }
}

fn time(said: &Said, name: &str) -> u32 {
    said.get(name)
        .map_or(0, |time| time.parse().expect("a time"))
}

/// Says of a lease that it ends as it is read.
const OVER: &str = "over";

/// Active or abandoned until now: each server goes on with it as soon as it serves, and drops what belonged to the lease
/// (`make_binding_state_transition`). A server that is alone goes on with the others too.
fn is_over(said: &Said, partner_down: bool, now: u32) -> bool {
    time(said, "ends") <= now
        && match said["binding"].as_str() {
            "active" | "abandoned" => true,
            "expired" | "released" | "reset" => partner_down,
            _ => false,
        }
}

fn is_partner_down(facts: &Facts) -> bool {
    let mut states = facts.others.values().filter_map(|said| said.get("my"));
    states.any(|state| state.starts_with("partner-down "))
}

/// What stays of a lease that is over: who had it, and when.
fn reduce(said: &mut Said) {
    said.retain(|name, _| {
        matches!(
            name.as_str(),
            "hardware" | "uid" | "starts" | "cltt" | "reserved" | "dynamic-bootp"
        )
    });
    said.insert(OVER.into(), String::new());
}

fn as_isc(said: &mut Said, ends: u32, now: u32) {
    // Only a lease that lasts is billed (`lease_instantiate`, `write_lease`).
    let billed = ends > now
        && matches!(
            said["binding"].as_str(),
            "active" | "expired" | "released" | "reset"
        );
    if !billed {
        said.remove("billing");
    }
}

fn as_ours(said: &mut Said) {
    // Of a lease that is over nobody is billed, and its end has been.
    if matches!(said["binding"].as_str(), "free" | "backup") {
        said.retain(|name, _| name != "billing" && !name.starts_with("on "));
    }
    // What follows by itself is the same for all leases in a state, and isn't kept for each.
    said.remove("next");
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_800_000_000;
    const LEASE: &str = "lease 10.20.1.7 { starts epoch 1799999000; ends epoch 1800001000; cltt epoch 1799999000;\n\
                         binding state active; next binding state expired; hardware ethernet 2:0:0:0:0:1; uid \"a\";\n\
                         set x = \"1\"; option agent.circuit-id \"p\"; client-hostname \"h\"; billing class \"limited\";\n\
                         on expiry { set y = \"2\"; } }\n\
                         host made { dynamic; hardware ethernet 2:0:0:0:0:9; } server-duid \"d\";";

    fn lost_from(before: &str, after: &str, through: Through) -> Vec<String> {
        let read = |text: &str| Facts::read(text.as_bytes());
        lost(&read(before), &read(after), through, NOW)
    }

    #[test]
    fn whatever_is_left_out_or_changed_is_lost() {
        for (was, is) in [
            ("starts epoch 1799999000; ", ""),
            ("ends epoch 1800001000", "ends epoch 1800001001"),
            ("uid \"a\";", ""),
            ("2:0:0:0:0:1", "2:0:0:0:0:2"),
            ("set x = \"1\";", ""),
            ("set x = \"1\"", "set x = true"),
            ("circuit-id", "remote-id"),
            ("client-hostname \"h\";", ""),
            ("class \"limited\"", "class \"other\""),
            ("expiry", "release"),
            ("active;", "free;"),
            ("host made", "host other"),
            ("server-duid \"d\";", ""),
        ] {
            assert!(LEASE.contains(was), "{was}");
            for through in [Through::Ours, Through::Isc] {
                let after = LEASE.replacen(was, is, 1);
                assert!(!lost_from(LEASE, &after, through).is_empty(), "{was}");
            }
        }
    }

    #[test]
    fn what_goes_without_saying_need_not_be_said() {
        let said = LEASE.replace(
            "cltt",
            "tstp epoch 1800001000; rewind binding state active; tsfp epoch 0; cltt",
        );
        for through in [Through::Ours, Through::Isc] {
            assert_eq!(lost_from(LEASE, &said, through), [""; 0]);
        }
    }

    #[test]
    fn only_dhcpd_may_forget_an_address_of_no_pool() {
        let outside = LEASE.replace("10.20.1.7", "10.20.9.7");
        let empty = "host made { dynamic; hardware ethernet 2:0:0:0:0:9; } server-duid \"d\";";
        assert_eq!(lost_from(&outside, empty, Through::Isc), [""; 0]);
        assert!(!lost_from(&outside, empty, Through::Ours).is_empty());
        let count = |text: &str| leases_written(&Facts::read(text.as_bytes()), NOW);
        assert_eq!((count(LEASE), count(&outside)), (1, 0));
    }

    #[test]
    fn of_a_lease_that_is_over_the_client_stays() {
        let over = LEASE.replace("1800001000", "1799999500");
        let after = "lease 10.20.1.7 { starts epoch 1799999000; cltt epoch 1799999000; binding state expired;\n\
                     hardware ethernet 2:0:0:0:0:1; uid \"a\"; }\n\
                     host made { dynamic; hardware ethernet 2:0:0:0:0:9; } server-duid \"d\";";
        assert_eq!(lost_from(&over, after, Through::Isc), [""; 0]);
        assert!(!lost_from(&over, &after.replace("uid \"a\";", ""), Through::Isc).is_empty());
    }
}
