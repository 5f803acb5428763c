//! Lease files: those of a live dhcpd, and our own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod rig;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use dhcp_failover::BindingStatus;
use dhcp4_server::journal::{Reader, RecordWriter};
use dhcp4_server::{Output, Record, Server, StoredRecord};
use dhcpd_text::leases::LeaseRecord;
use rig::{Rig, discover, renew};

/// The pair that the recorded files come from.
fn lab(primary: bool) -> String {
    let role = if primary {
        "primary; mclt 60; split 128;"
    } else {
        "secondary;"
    };
    format!(
        "ping-check false;
         failover peer \"lab\" {{
           {role} address 10.77.0.{}; peer address 10.77.0.{};
           max-response-delay 10; max-unacked-updates 10; load balance max seconds 3;
         }}
         subnet 10.77.0.0 netmask 255.255.255.0 {{
           pool {{ failover peer \"lab\"; range 10.77.0.1 10.77.0.254; }}
         }}",
        if primary { 1 } else { 2 },
        if primary { 2 } else { 1 },
    )
}

fn data(name: &str) -> String {
    let path = format!("{}/tests/data/leases/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// What a rewrite of the lease file holds.
fn rewrite(server: &Server) -> Vec<u8> {
    let mut writer = RecordWriter::plain(server.config());
    let mut file = Vec::new();
    writer.header("test", &mut file);
    server
        .kept()
        .iter()
        .for_each(|record| writer.kept(record, &mut file));
    server
        .records()
        .for_each(|record| writer.record(&record, &mut file));
    file
}

/// The leases of a file, the last record of each.
fn leases(file: &[u8]) -> BTreeMap<Ipv4Addr, LeaseRecord> {
    let records = Reader::new("dhcpd.leases", file).map(|entry| entry.unwrap().record);
    let leases = records.filter_map(|record| match record {
        StoredRecord::Lease(lease) => Some((lease.address, lease)),
        _ => None,
    });
    leases.collect()
}

#[test]
fn files_of_a_live_dhcpd_come_out_as_they_went_in() {
    for (name, primary) in [
        ("S1.a", true),
        ("S2.a", true),
        ("S2.b", false),
        ("S7.b", false),
    ] {
        let text = data(&format!("{name}.leases"));
        let rig = Rig::with_file(&lab(primary), [10, 77, 0, 1], &text);
        let before = leases(text.as_bytes());
        let after = leases(&rewrite(&rig.server));
        assert!(before.len() > 10);
        let unused = |lease: &LeaseRecord| {
            let free = Some(dhcpd_text::leases::BindingState::Free);
            let bare = LeaseRecord {
                binding_state: free,
                ..LeaseRecord::new(lease.address)
            };
            *lease == bare
        };
        for (address, lease) in before.iter().filter(|(_, lease)| !unused(lease)) {
            let Some(written) = after.get(address) else {
                panic!("{name} {address} is lost: {lease:?}");
            };
            // Leases end while the server starts: what is recorded lies in the past.
            if lease.binding_state == written.binding_state {
                // A missing `tstp` means `ends`.
                let lease = LeaseRecord {
                    tstp: lease.tstp.or(lease.ends),
                    ..lease.clone()
                };
                assert_eq!(lease, *written, "{name}");
            }
        }
    }
}

#[test]
fn what_is_not_ours_is_kept() {
    let file = "server-duid \"\\000\\001\\000\\001\";\n\
                lease 192.0.2.7 {\n  starts epoch 5;\n  ends epoch 4000000000;\n  \
                binding state active;\n  strange thing;\n}\n\
                failover peer \"gone\" state {\n  my state normal at epoch 7;\n  \
                partner state normal at epoch 7;\n}\n";
    let conf = "subnet 10.0.0.0 netmask 255.0.0.0 { range 10.0.0.1 10.0.0.9; }";
    let rig = Rig::with_file(conf, [10, 0, 0, 200], file);
    let out = String::from_utf8(rewrite(&rig.server)).unwrap();
    for part in [
        "server-duid",
        "lease 192.0.2.7 {",
        "strange thing;",
        "failover peer \"gone\" state",
    ] {
        assert!(out.contains(part), "{part} is lost:\n{out}");
    }
    assert_eq!(rig.server.stats().foreign_leases, 1);
    assert!(rig.log_has("lease 192.0.2.7 is in no pool; its record is kept as it is"));
}

#[test]
fn statements_of_a_lease_survive_its_renewal() {
    let file = format!(
        "lease 10.0.0.1 {{\n  starts epoch {};\n  ends epoch {};\n  binding state active;\n  \
         hardware ethernet 02:00:00:00:00:01;\n  set ddns-txt = \"abc\";\n  \
         client-hostname \"lamp\";\n  on expiry {{\n    set x = \"1\";\n  }}\n}}\n",
        rig::START - 400,
        rig::START + 200,
    );
    let conf = "ping-check false;
                subnet 10.0.0.0 netmask 255.0.0.0 { range 10.0.0.1 10.0.0.9; }";
    let mut rig = Rig::with_file(conf, [10, 0, 0, 200], &file);
    let mut renew = renew(1, Ipv4Addr::new(10, 0, 0, 1));
    renew.options.set_host_name("lamp");
    renew.options.push(
        dhcp4_wire::OptionCode::VENDOR_CLASS_IDENTIFIER,
        b"MSFT 5.0".to_vec(),
    );
    rig.ask(&renew);
    let text = String::from_utf8(rig.disk[file.len()..].to_vec()).unwrap();
    for part in [
        "set ddns-txt = \"abc\";",
        "on expiry {",
        "client-hostname \"lamp\";",
        "set vendor-class-identifier = \"MSFT 5.0\";",
    ] {
        assert!(text.contains(part), "{part} is lost:\n{text}");
    }
    let again = leases(&rig.disk);
    assert_eq!(
        again[&Ipv4Addr::new(10, 0, 0, 1)].variables.len(),
        2,
        "read back as variables"
    );
}

#[test]
fn next_state_is_as_dhcpd_writes_it() {
    let conf = "ping-check false;
                subnet 10.0.0.0 netmask 255.0.0.0 { range 10.0.0.1 10.0.0.9; }";
    let mut alone = Rig::new(conf, [10, 0, 0, 200]);
    alone.dora(1);
    let text = String::from_utf8(alone.disk.clone()).unwrap();
    assert!(
        text.contains("binding state active;\n  next binding state free;"),
        "{text}"
    );
    let states = "failover peer \"lab\" state {\n  my state partner-down at epoch 5;\n  \
                  partner state communications-interrupted at epoch 5;\n}\n";
    let mut shared = Rig::with_file(&lab(true), [10, 77, 0, 1], states);
    shared.pass(60_000);
    shared.dora(1);
    let text = String::from_utf8(shared.disk.clone()).unwrap();
    assert!(
        text.contains("binding state active;\n  next binding state expired;"),
        "{text}"
    );
}

#[test]
fn an_unused_address_has_no_record() {
    let conf = "ping-check false;
                subnet 10.0.0.0 netmask 255.0.0.0 { range 10.0.0.1 10.0.0.9; }";
    let mut rig = Rig::new(conf, [10, 0, 0, 200]);
    assert_eq!(rig.server.records().count(), 0);
    rig.ask(&discover(1));
    assert_eq!(rig.server.records().count(), 0, "an offer is no lease");
    rig.dora(1);
    let records: Vec<Record> = rig.server.records().collect();
    let [Record::Binding(_, binding)] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!(binding.status, BindingStatus::Active);
    assert!(
        rig.done
            .iter()
            .any(|o| *o == Output::Store(records[0].clone()))
    );
}
