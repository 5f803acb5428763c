//! Names in DNS: which updates the server asks for, in which order, and what the lease keeps of them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod rig;

use std::net::Ipv4Addr;

use dhcp4_server::{
    DnsAnswer, DnsChange, DnsData, DnsPrerequisite, DnsRecordType, DnsUpdate, Output,
};
use dhcp4_wire::{Message, OptionCode};
use rig::{Rig, discover, release, request};

const SERVER: [u8; 4] = [10, 0, 0, 2];

fn conf(more: &str) -> String {
    format!(
        "ddns-update-style interim; ping-check false; default-lease-time 600; min-lease-time 600;
         dhcp-cache-threshold 0; option domain-name \"example.org\";
         zone example.org. {{ primary 10.0.0.53; }} zone 10.in-addr.arpa. {{ primary 10.0.0.53; }}
         {more}
         subnet 10.0.0.0 netmask 255.255.255.0 {{ range 10.0.0.100 10.0.0.109; }}"
    )
}

fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

fn named(client: u32, last: u8, name: &str) -> Message {
    let mut message = request(client, address(last));
    message.options.set_host_name(name);
    message
}

/// The updates asked for since the last look.
fn updates(rig: &mut Rig) -> Vec<DnsUpdate> {
    let done = std::mem::take(&mut rig.done);
    let updates = done.into_iter().filter_map(|output| match output {
        Output::Dns(update) => Some(update),
        _ => None,
    });
    updates.collect()
}

fn answer(rig: &mut Rig, update: &DnsUpdate, answer: &DnsAnswer) {
    rig.server.handle_dns_answer(update.id, answer, rig.now());
    rig.perform();
}

/// An update in a few words.
fn words(update: &DnsUpdate) -> String {
    let labels: Vec<_> = update.name.labels().map(String::from_utf8_lossy).collect();
    let data = |data: &DnsData| match data {
        DnsData::A(address) => address.to_string(),
        DnsData::Txt(_) => "TXT".to_owned(),
        DnsData::Dhcid(_) => "DHCID".to_owned(),
        DnsData::Ptr(name) => format!("PTR to {}", name.labels().count()),
    };
    let kind = |kind: &DnsRecordType| format!("{kind:?}");
    let needs = update.prerequisites.iter().map(|needed| match needed {
        DnsPrerequisite::Unused => "unused".to_owned(),
        DnsPrerequisite::Absent(absent) => format!("no {}", kind(absent)),
        DnsPrerequisite::Exists(there) => format!("some {}", kind(there)),
        DnsPrerequisite::Is(is) => format!("is {}", data(is)),
    });
    let does = update.changes.iter().map(|change| match change {
        DnsChange::Add { data: added, ttl } => format!("+{} {ttl}", data(added)),
        DnsChange::Remove(gone) => format!("-{}", data(gone)),
        DnsChange::RemoveAll(gone) => format!("-{}", kind(gone)),
    });
    let list = |words: Vec<String>| words.join(", ");
    format!(
        "{}: [{}] {}",
        labels.join("."),
        list(needs.collect()),
        list(does.collect())
    )
}

/// Answers all that is asked for with success, until nothing is; says what it was.
fn agree(rig: &mut Rig) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..20 {
        let asked = updates(rig);
        if asked.is_empty() {
            return all;
        }
        for update in asked {
            all.push(words(&update));
            answer(rig, &update, &DnsAnswer::Done);
        }
    }
    panic!("no end: {all:#?}")
}

const ADDED: [&str; 2] = [
    "pc.example.org: [unused] +10.0.0.100 300, +TXT 300",
    "100.0.0.10.in-addr.arpa: [] -Ptr, +PTR to 3 300",
];

#[test]
fn a_lease_gets_a_name_after_it_is_stored_and_keeps_it() {
    let mut rig = Rig::new(&conf(""), SERVER);
    rig.ask(&discover(1));
    assert!(updates(&mut rig).is_empty());
    rig.ask(&named(1, 100, "pc"));
    let stored = rig.done.iter().position(|o| matches!(o, Output::Store(_)));
    let asked = rig.done.iter().position(|o| matches!(o, Output::Dns(_)));
    assert!(stored.unwrap() < asked.unwrap());
    assert_eq!(agree(&mut rig), ADDED);
    let file = String::from_utf8(rig.disk.clone()).unwrap();
    for line in [
        "set ddns-fwd-name = \"pc.example.org\";",
        "set ddns-rev-name = \"100.0.0.10.in-addr.arpa.\";",
        "set ddns-txt = \"00",
    ] {
        assert!(file.contains(line), "{line}\n{file}");
    }
    assert!(rig.log_has("Added new forward map from pc.example.org to 10.0.0.100"));
    assert!(rig.log_has("Added reverse map from 100.0.0.10.in-addr.arpa. to pc.example.org"));
    rig.ask(&named(1, 100, "pc"));
    assert!(updates(&mut rig).is_empty(), "it has that name");
    // After a restart too.
    let mut rig = Rig::with_file(&conf(""), SERVER, &file);
    rig.ask(&named(1, 100, "pc"));
    assert!(updates(&mut rig).is_empty());
}

const REMOVED: [&str; 3] = [
    "pc.example.org: [is TXT] -10.0.0.100",
    "pc.example.org: [no A, no Aaaa] -TXT",
    "100.0.0.10.in-addr.arpa: [] -PTR to 3",
];

#[test]
fn a_name_goes_when_the_lease_ends_however_that_is() {
    for (way, end) in [
        (
            "release",
            (|rig| drop(rig.send(&release(1, address(100))))) as fn(&mut Rig),
        ),
        ("expiry", |rig| rig.pass(601_000)),
        ("probe", |rig| {
            let mut decline = rig::message(1, dhcp4_wire::MessageType::DECLINE);
            decline.options.set_requested_address(address(100));
            rig.send(&decline);
        }),
    ] {
        let mut rig = Rig::new(&conf(""), SERVER);
        rig.ask(&named(1, 100, "pc"));
        agree(&mut rig);
        end(&mut rig);
        assert_eq!(agree(&mut rig), REMOVED, "{way}");
        let file = String::from_utf8(rig.disk.clone()).unwrap();
        let last = &file[file.rfind("lease 10.0.0.100").unwrap()..];
        assert!(!last.contains("ddns-"), "{way}\n{last}");
        assert!(rig.log_has("Removed reverse map on 100.0.0.10.in-addr.arpa."));
    }
}

#[test]
fn what_was_not_removed_is_removed_after_a_restart() {
    let mut rig = Rig::new(&conf(""), SERVER);
    rig.ask(&named(1, 100, "pc"));
    agree(&mut rig);
    rig.send(&release(1, address(100)));
    for _ in 0..3 {
        for update in updates(&mut rig) {
            answer(&mut rig, &update, &DnsAnswer::Failed("timed out".into()));
        }
    }
    assert!(rig.log_has("Can't remove reverse map on 100.0.0.10.in-addr.arpa.: timed out"));
    let file = String::from_utf8(rig.disk.clone()).unwrap();
    let mut rig = Rig::with_file(&conf(""), SERVER, &file);
    assert_eq!(agree(&mut rig), REMOVED);
}

#[test]
fn a_new_name_takes_the_place_of_the_old_one() {
    let mut rig = Rig::new(&conf(""), SERVER);
    rig.ask(&named(1, 100, "pc"));
    agree(&mut rig);
    rig.ask(&named(1, 100, "laptop"));
    let all = agree(&mut rig);
    assert_eq!(all[..3], REMOVED);
    assert_eq!(
        all[3],
        "laptop.example.org: [unused] +10.0.0.100 300, +TXT 300"
    );
}

#[test]
fn a_name_that_is_anothers_stays_with_it() {
    let mut rig = Rig::new(&conf(""), SERVER);
    rig.ask(&named(1, 100, "pc"));
    let first = updates(&mut rig).remove(0);
    answer(&mut rig, &first, &DnsAnswer::YxDomain);
    let second = updates(&mut rig).remove(0);
    let over = "pc.example.org: [is TXT] -A, +10.0.0.100 300";
    assert_eq!(words(&second), over);
    answer(&mut rig, &second, &DnsAnswer::NxRrset);
    assert!(updates(&mut rig).is_empty());
    let line = "Forward map from pc.example.org to 10.0.0.100 FAILED: \
                Has an address record but no DHCID, not mine.";
    assert!(rig.log_has(line), "{:#?}", rig.log);
    assert!(
        !String::from_utf8(rig.disk.clone())
            .unwrap()
            .contains("ddns-")
    );
}

#[test]
fn a_lease_that_ends_while_its_name_is_on_the_way_leaves_nothing() {
    let mut rig = Rig::new(&conf(""), SERVER);
    rig.ask(&named(1, 100, "pc"));
    let first = updates(&mut rig).remove(0);
    rig.send(&release(1, address(100)));
    assert!(updates(&mut rig).is_empty(), "one after the other");
    answer(&mut rig, &first, &DnsAnswer::Done);
    let all = agree(&mut rig);
    assert_eq!(all[0], ADDED[1]);
    assert_eq!(all[1..], REMOVED);
}

#[test]
fn the_next_tenant_waits_for_the_names_of_the_last_one() {
    let mut rig = Rig::new(&conf(""), SERVER);
    rig.ask(&named(1, 100, "pc"));
    agree(&mut rig);
    rig.send(&release(1, address(100)));
    rig.ask(&named(2, 100, "other"));
    let all = agree(&mut rig);
    assert_eq!(all[..3], REMOVED);
    assert_eq!(
        all[3],
        "other.example.org: [unused] +10.0.0.100 300, +TXT 300"
    );
    assert_eq!(all.len(), 5);
}

#[test]
fn clients_may_see_to_their_name_themselves() {
    let fqdn = |flags: u8| {
        let mut message = request(1, address(100));
        let mut option = vec![flags, 0, 0];
        option.extend(b"own.example.net");
        message.options.set(OptionCode::FQDN, option);
        message
    };
    let told = |rig: &mut Rig, flags| {
        let ack = rig.ask(&fqdn(flags));
        ack.message
            .options
            .get(OptionCode::FQDN)
            .map(|option| option.to_vec())
    };
    let mut rig = Rig::new(&conf(""), SERVER);
    assert_eq!(told(&mut rig, 0).unwrap(), b"\x00\xff\xffown.example.net");
    assert_eq!(agree(&mut rig), [ADDED[1]]);
    let file = String::from_utf8(rig.disk.clone()).unwrap();
    assert!(file.contains("set ddns-client-fqdn = \"own.example.net\";"));
    let mut rig = Rig::new(&conf("deny client-updates;"), SERVER);
    assert_eq!(told(&mut rig, 0).unwrap(), b"\x03\xff\xffown.example.org");
    assert_eq!(agree(&mut rig).len(), 2);
    let mut rig = Rig::new(&conf("ignore client-updates;"), SERVER);
    assert_eq!(told(&mut rig, 0).unwrap(), b"\x00\xff\xffown.example.net");
    assert_eq!(agree(&mut rig).len(), 2);
    let mut rig = Rig::new(&conf("fqdn-reply false;"), SERVER);
    assert_eq!(told(&mut rig, 1), None);
    assert_eq!(agree(&mut rig).len(), 2);
}

#[test]
fn what_the_configuration_says() {
    for (more, first) in [
        ("ddns-updates off;", None),
        ("do-forward-updates off;", None),
        (
            "ddns-hostname = concat (\"h-\", option host-name);",
            Some("h-pc.example.org"),
        ),
        (
            "ddns-domainname \"sub.example.org\";",
            Some("pc.sub.example.org"),
        ),
        (
            "ddns-hostname \"fixed\"; ddns-ttl 77;",
            Some("fixed.example.org"),
        ),
        (
            "use-host-decl-names on; ddns-hostname = null; host declared { hardware ethernet 02:00:00:00:00:01; }",
            Some("declared.example.org"),
        ),
    ] {
        let mut rig = Rig::new(&conf(more), SERVER);
        rig.ask(&named(1, 100, "pc"));
        let all = agree(&mut rig);
        let named = all.first().and_then(|words| words.split(':').next());
        assert_eq!(named, first, "{more}");
        if more.contains("77") {
            assert!(all[0].ends_with("+10.0.0.100 77, +TXT 77"), "{all:?}");
        }
    }
}

#[test]
fn without_a_style_nothing_is_asked_for() {
    let text = conf("").replace("ddns-update-style interim;", "");
    let mut rig = Rig::new(&text, SERVER);
    rig.ask(&named(1, 100, "pc"));
    rig.send(&release(1, address(100)));
    assert!(updates(&mut rig).is_empty());
}
