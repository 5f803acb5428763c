//! What the configuration's statements do with leases: variables, handlers, programs, limits.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod rig;

use std::net::Ipv4Addr;

use dhcp4_server::Output;
use dhcp4_wire::OptionCode;
use rig::{Rig, discover, release, renew, request};

const SERVER: [u8; 4] = [10, 0, 0, 2];
const CONF: &str = r#"
    ping-check false;
    default-lease-time 600;
    min-lease-time 600;
    dhcp-cache-threshold 0;
    subnet 10.0.0.0 netmask 255.255.255.0 {
      if defined (times) { set times = encode-int (extract-int (times, 32) + 1, 32); }
      else { set times = encode-int (1, 32); }
      option domain-name = concat ("named-", option host-name);
      on commit { execute ("commit", binary-to-ascii (10, 8, ".", leased-address), option host-name);
                  log (info, concat ("times ", binary-to-ascii (10, 32, "", times))); }
      on release { execute ("release", binary-to-ascii (16, 8, ":", hardware)); }
      on expiry { execute ("expiry", binary-to-ascii (10, 32, "", times)); }
      range 10.0.0.100 10.0.0.109;
    }"#;

fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

/// The programs run since the last look, with their arguments.
fn programs(rig: &mut Rig) -> Vec<String> {
    let done = std::mem::take(&mut rig.done);
    let programs = done.into_iter().filter_map(|output| match output {
        Output::Execute { program, arguments } => {
            let words = std::iter::once(program).chain(arguments);
            let words: Vec<_> = words.map(|word| String::from_utf8(word).unwrap()).collect();
            Some(words.join(" "))
        }
        _ => None,
    });
    programs.collect()
}

fn record(rig: &Rig) -> String {
    let file = String::from_utf8(rig.disk.clone()).unwrap();
    let at = file.rfind("lease 10.0.0.").unwrap();
    file[at..].to_owned()
}

#[test]
fn a_commit_runs_its_program_once_the_lease_is_stored() {
    let mut rig = Rig::new(CONF, SERVER);
    rig.ask(&discover(1));
    assert!(programs(&mut rig).is_empty(), "nothing is committed yet");
    let mut asks = request(1, address(100));
    asks.options.set_host_name("pc");
    let ack = rig.ask(&asks);
    let domain = ack.message.options.get(OptionCode(15)).unwrap();
    assert_eq!(domain, b"named-pc");
    let stored = rig.done.iter().position(|o| matches!(o, Output::Store(_)));
    let ran = rig
        .done
        .iter()
        .position(|o| matches!(o, Output::Execute { .. }));
    assert!(stored.unwrap() < ran.unwrap());
    assert_eq!(programs(&mut rig), ["commit 10.0.0.100 pc"]);
    // A null argument keeps the program from being run.
    rig.ask(&renew(1, address(100)));
    assert!(programs(&mut rig).is_empty());
}

#[test]
fn variables_last_as_long_as_the_lease() {
    let mut rig = Rig::new(CONF, SERVER);
    rig.dora(1);
    rig.ask(&renew(1, address(100)));
    rig.ask(&renew(1, address(100)));
    assert!(rig.log_has("times 3"), "{:#?}", rig.log);
    assert!(record(&rig).contains(r#"set times = "\000\000\000\003";"#));
    // Another client begins anew.
    rig.dora(2);
    assert!(rig.log_has("times 1"));
    // So does the server, with what its file says.
    let file = String::from_utf8(rig.disk.clone()).unwrap();
    let mut rig = Rig::with_file(CONF, SERVER, &file);
    rig.ask(&renew(1, address(100)));
    assert!(rig.log_has("times 4"), "{:#?}", rig.log);
}

#[test]
fn a_release_runs_its_program_and_no_other() {
    let mut rig = Rig::new(CONF, SERVER);
    rig.dora(1);
    assert!(record(&rig).contains("on release { execute"));
    programs(&mut rig);
    rig.send(&release(1, address(100)));
    assert_eq!(programs(&mut rig), ["release 1:2:0:0:0:0:1"]);
    assert!(!record(&rig).contains("on "), "{}", record(&rig));
    rig.pass(10_000_000);
    assert!(programs(&mut rig).is_empty());
}

#[test]
fn an_expiry_runs_its_program_even_after_a_restart_with_another_configuration() {
    let mut rig = Rig::new(CONF, SERVER);
    rig.dora(1);
    let file = String::from_utf8(rig.disk.clone()).unwrap();
    programs(&mut rig);
    rig.pass(601_000);
    assert_eq!(programs(&mut rig), ["expiry 1"]);
    let plain = "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.100 10.0.0.109; }";
    let mut rig = Rig::with_file(plain, SERVER, &file);
    rig.pass(601_000);
    assert_eq!(programs(&mut rig), ["expiry 1"]);
}

#[test]
fn a_lease_limit_holds_over_a_restart_and_ends_with_the_lease() {
    let conf = r#"
        ping-check false; default-lease-time 600; min-lease-time 600;
        class "all" { match if exists dhcp-message-type; lease limit 1; }
        subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.100 10.0.0.109; }"#;
    let mut rig = Rig::new(conf, SERVER);
    rig.dora(1);
    assert!(record(&rig).contains("billing class \"all\";"));
    assert!(rig.send(&discover(2)).is_empty());
    assert!(rig.log_has(
        "DHCPDISCOVER from 02:00:00:00:00:02 via eth0: no available billing: lease limit reached in all matching classes (last: 'all')"
    ));
    let file = String::from_utf8(rig.disk.clone()).unwrap();
    let mut rig = Rig::with_file(conf, SERVER, &file);
    assert!(rig.send(&discover(2)).is_empty());
    rig.ask(&renew(1, address(100)));
    rig.pass(700_000);
    rig.dora(2);
    assert!(rig.send(&discover(1)).is_empty());
}

#[test]
fn a_log_line_stays_one_line() {
    let conf = r#"
        ping-check false;
        log (error, concat ("name ", option host-name));
        subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.100 10.0.0.109; }"#;
    let mut rig = Rig::new(conf, SERVER);
    let mut asks = discover(1);
    asks.options
        .set_host_name("a\nfailover peer x: gone\u{1b}[0m");
    rig.ask(&asks);
    assert!(
        rig.log_has("name a\\012failover peer x: gone\\033[0m"),
        "{:#?}",
        rig.log
    );
}
