//! The binary from start to stop, as an operator has it.

mod common;

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{ACK, CONF, NAK, PATIENCE, Rig, is_kept, last_leases, mac, renew, stderr, unix_now};

#[test]
fn a_lease_lives_through_a_clean_stop_and_a_restart() {
    let mut rig = Rig::new("restart", CONF);
    rig.start();
    let relay = rig.relay();
    let ack = relay.dora(1);
    assert_eq!(ack.lease, 3600);
    assert!(
        is_kept(&last_leases(&rig.leases()), &ack, mac(1), unix_now()),
        "it is on disk when the client has it"
    );

    assert!(rig.stop("TERM").success());
    let text = String::from_utf8(rig.leases()).unwrap();
    assert!(!text.contains("# s="), "a plain file:\n{text}");
    assert!(is_kept(
        &last_leases(text.as_bytes()),
        &ack,
        mac(1),
        unix_now() - 5
    ));
    for gone in ["dhcpd.pid", "dhcpd.sock"] {
        assert!(!rig.path(gone).exists(), "{gone}");
    }

    rig.start();
    assert_eq!(relay.exchange(&renew(1, ack.yiaddr)).kind, ACK);
    assert_eq!(
        relay.exchange(&renew(2, ack.yiaddr)).kind,
        NAK,
        "it is client 1's"
    );
    assert!(rig.stop("INT").success());
    assert!(rig.path("dhcpd.leases~").exists());
}

#[test]
fn a_torn_record_is_cut_and_said() {
    let mut rig = Rig::new("torn", CONF);
    rig.start();
    let ack = rig.relay().dora(1);
    rig.kill9();
    let mut text = rig.leases();
    text.extend_from_slice(b"lease 127.10.0.77 {\n  starts 1 20");
    std::fs::write(rig.path("dhcpd.leases"), &text).unwrap();
    rig.start();
    assert!(rig.log().contains("incomplete record"), "{}", rig.log());
    let text = String::from_utf8(rig.leases()).unwrap();
    assert!(!text.contains("127.10.0.77"), "{text}");
    assert!(last_leases(text.as_bytes()).contains_key(&ack.yiaddr));
}

#[test]
fn a_damaged_file_is_kept_aside() {
    let mut rig = Rig::new("damaged", CONF);
    rig.start();
    let relay = rig.relay();
    let first = relay.dora(1);
    let second = relay.dora(2);
    rig.kill9();
    let text = String::from_utf8(rig.leases()).unwrap();
    let damaged = text.replacen("binding state active", "binding state bogus!", 1);
    assert_ne!(text, damaged);
    std::fs::write(rig.path("dhcpd.leases"), &damaged).unwrap();
    rig.start();
    let names = std::fs::read_dir(&rig.dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let aside = names
        .into_iter()
        .find(|name| name.starts_with("dhcpd.leases.corrupt."))
        .expect("kept aside");
    assert_eq!(std::fs::read_to_string(rig.path(&aside)).unwrap(), damaged);
    assert!(rig.log().contains("Corrupt lease file"));
    // This pool has no partner who could give anything back: what can be read is kept.
    let leases = last_leases(&rig.leases());
    assert!(
        leases.contains_key(&second.yiaddr) && !leases.contains_key(&first.yiaddr),
        "{leases:?}"
    );
}

#[test]
fn there_is_one_server_per_lease_file_and_port() {
    let mut rig = Rig::new("one", CONF);
    rig.start();
    let other = Rig::new("other", CONF);
    let locked = other
        .command(&["-d", "-lf", rig.path("dhcpd.leases").to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(locked.status.code(), Some(1));
    assert!(
        stderr(&locked).contains("locked by another process"),
        "{}",
        stderr(&locked)
    );
    let same_port = other
        .command(&["-d", "-p", &rig.port.to_string()])
        .output()
        .unwrap();
    assert_eq!(same_port.status.code(), Some(1));
    assert!(
        stderr(&same_port).contains("Can't bind to dhcp address"),
        "{}",
        stderr(&same_port)
    );
    let same_pid = other
        .command(&["-d", "-pf", rig.path("dhcpd.pid").to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(same_pid.status.code(), Some(1));
    assert!(
        stderr(&same_pid).contains("already a DHCP server running"),
        "{}",
        stderr(&same_pid)
    );
}

#[test]
fn a_missing_lease_file_is_not_an_empty_one() {
    let rig = Rig::new("missing", CONF);
    std::fs::remove_file(rig.path("dhcpd.leases")).unwrap();
    let output = rig.command(&["-d"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("check for failed database rewrite attempt!"),
        "{}",
        stderr(&output)
    );
    assert!(!rig.path("dhcpd.leases").exists());
}

#[test]
fn t_and_capital_t_test_without_touching_anything() {
    let rig = Rig::new("test", CONF);
    std::fs::write(
        rig.path("dhcpd.leases"),
        "lease 127.10.0.5 {\n  starts bogus;\n}\nlease 127.10.0.6 {\n}\n",
    )
    .unwrap();
    let before = rig.leases();
    assert_eq!(
        rig.command(&["-t"]).output().unwrap().status.code(),
        Some(0)
    );
    let output = rig.command(&["-T"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("line 2"), "{}", stderr(&output));
    assert_eq!(rig.leases(), before);

    std::fs::write(
        rig.path("dhcpd.conf"),
        "subnet 127.0.0.0 netmask 255.0.0.0 {\n  range 127.10.0.1 127.10.0.9\n}\n",
    )
    .unwrap();
    let output = rig.command(&["-t"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("dhcpd.conf line 3: semicolon expected."),
        "{}",
        stderr(&output)
    );
    assert!(
        stderr(&output).contains("Configuration file errors encountered"),
        "{}",
        stderr(&output)
    );

    std::fs::remove_file(rig.path("dhcpd.conf")).unwrap();
    let output = rig.command(&["-t"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("No such file or directory"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn an_operator_asks() {
    let mut rig = Rig::new("ask", CONF);
    rig.start();
    rig.relay().dora(1);
    let socket = rig.path("dhcpd.sock").metadata().unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o660);

    let output = rig.ask(&["status"]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(table.contains("pool 127.10.0.1-127.10.15.254"), "{table}");
    assert!(
        table.contains("free 4093") && table.contains("active 1 "),
        "{table}"
    );
    let json = rig.ask(&["status", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["pools"][0]["active"], 1);
    assert_eq!(json["counters"]["ack"], 1);

    let output = rig.ask(&["partner-down", "nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("no failover peer nobody"),
        "{}",
        stderr(&output)
    );
    rig.kill9();
    assert_eq!(
        rig.ask(&["status"]).status.code(),
        Some(1),
        "nobody answers"
    );
    rig.start(); // the dead server's socket is no obstacle
    assert!(rig.ask(&["status"]).status.success());
}

#[test]
fn without_f_it_goes_to_the_background() {
    let rig = Rig::new("daemon", CONF);
    let status = rig
        .command(&["-q"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "the parent ends once everything is open");
    let deadline = Instant::now() + PATIENCE;
    let pid: u32 = loop {
        let text = std::fs::read_to_string(rig.path("dhcpd.pid")).unwrap_or_default();
        if let Ok(pid) = text.trim().parse() {
            break pid;
        }
        assert!(Instant::now() < deadline, "no pid file");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(rig.relay().dora(1).kind, ACK);
    common::send_signal(pid, "TERM");
    while rig.path("dhcpd.pid").exists() {
        assert!(Instant::now() < deadline, "it doesn't end");
        std::thread::sleep(Duration::from_millis(5));
    }
}
