//! omshell against our server, and against dhcpd beside it: the same words for the same orders.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use interop::conf::{self, PEER};
use interop::{Kind, Lab, Server, Site, until, wait_for};

const BOTH: (usize, usize) = (0, 1);
const OURS: usize = 0;
const ISC: usize = 1;
const PORT: u16 = 7911;

/// Both new: STARTUP lasts until they hear of each other, and each dials every 5 s.
const TO_NORMAL: Duration = Duration::from_secs(60);

/// A transition that a server makes at once, on a machine that has much to do.
const AT_ONCE: Duration = Duration::from_secs(15);

/// Opens the relationship.
const OPEN: &str = "new failover-state\nset name = \"dhcp-failover\"\nopen\n";

/// The key asked for, and another one. The texts are in base 64.
const KEYS: &str = "key k1 { algorithm hmac-md5; secret ZmlyZSBhbmQgc21va2U=; }
key other { algorithm hmac-md5; secret d2F0ZXIgYW5kIHNhbHQ=; }
omapi-key k1;
";

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn as_dhcpd() {
    let mut lab = pair("omapi", "");
    lab.wait_normal(PEER, BOTH, TO_NORMAL);

    lab.step("the attributes");
    let shown = until(TO_NORMAL, || {
        let shown = [OURS, ISC].map(|server| attributes(&omshell(&lab.servers[server], "", OPEN)));
        // The pool is being balanced at first.
        let unacked = ("cur-unacked-updates".into(), "00:00:00:00".into());
        shown
            .iter()
            .all(|shown| shown.last() == Some(&unacked))
            .then_some(shown)
    });
    let shown = shown.expect("both settle");
    let names = shown.each_ref().map(|shown| names(shown));
    assert_eq!(names[OURS], names[ISC]);
    assert_eq!(names[OURS].len(), 19);
    for ((name, ours), (_, theirs)) in shown[OURS].iter().zip(&shown[ISC]) {
        match name.as_str() {
            // dhcpd shows its memory.
            "partner-address" => assert_eq!(ours, "c0:a8:01:0b"),
            "local-address" => assert_eq!(ours, "c0:a8:01:0a"),
            "hierarchy" => assert_eq!(
                (ours.as_str(), theirs.as_str()),
                ("00:00:00:00", "00:00:00:01")
            ),
            // Each writes down when it has heard.
            "partner-stos" | "local-stos" => {
                let times = [ours, theirs]
                    .map(|time| u32::from_str_radix(&time.replace(':', ""), 16).unwrap());
                assert!(times[0].abs_diff(times[1]) <= 10, "{name}: {times:?}");
            }
            _ => assert_eq!(ours, theirs, "{name}"),
        }
    }

    lab.step("what is refused");
    for orders in [
        "new failover-state\nopen\n",
        "new failover-state\nset name = \"nobody\"\nopen\n",
        "new failover-state\nset name = \"nobody\"\ncreate\n",
        "new nonsense\nopen\n",
        "new control\nopen\nset state = 1\nupdate\n",
        "new control\nopen\nset speed = 1\nupdate\n",
        "new control\nopen\nremove\n",
    ] {
        let said = [OURS, ISC].map(|server| omshell(&lab.servers[server], "", orders));
        assert_eq!(said[OURS], said[ISC], "{orders}");
    }
    for (orders, answer) in [
        ("set speed = 1\nupdate\n", "can't update object: not found"),
        ("remove\n", "can't destroy object: not implemented"),
        ("set mclt = 1\nupdate\nrefresh\n", "mclt = 00:00:00:3c"),
    ] {
        for server in [OURS, ISC] {
            let said = omshell(&lab.servers[server], "", &format!("{OPEN}{orders}"));
            assert!(said.contains(answer), "{orders}{said}");
        }
    }
    // Of some of these dhcpd dies.
    for state in ["0", "1", "12", "99", "4294967295", "\"normal\""] {
        let said = omshell(
            &lab.servers[OURS],
            "",
            &format!("{OPEN}set local-state = {state}\nupdate\n"),
        );
        assert!(
            said.contains("can't update object: invalid argument"),
            "{state}: {said}"
        );
    }
    for kind in ["lease", "host", "group", "pool"] {
        let said = omshell(&lab.servers[OURS], "", &format!("new {kind}\nopen\n"));
        assert!(
            said.contains("can't open object: not implemented"),
            "{kind}: {said}"
        );
    }
    lab.wait_normal(PEER, BOTH, AT_ONCE);

    lab.step("SHUTDOWN by hand, and back");
    set_state(&lab.servers[OURS], 8);
    lab.servers[ISC].wait_state(PEER, "partner-down", AT_ONCE);
    set_state(&lab.servers[OURS], 6);
    lab.wait_normal(PEER, BOTH, TO_NORMAL * 2);

    lab.step("the partner is killed, and declared down");
    lab.servers[ISC].kill();
    lab.servers[OURS].wait_state(PEER, "communications-interrupted", AT_ONCE);
    set_state(&lab.servers[OURS], 4);
    lab.servers[OURS].wait_state(PEER, "partner-down", AT_ONCE);
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn with_a_key() {
    let mut lab = pair("omapi-key", KEYS);
    lab.step("keys, right and wrong");
    for (key, answer) in [
        ("key k1 ZmlyZSBhbmQgc21va2U=\n", "name = \"dhcp-failover\""),
        ("key K1 ZmlyZSBhbmQgc21va2U=\n", "cur-unacked-updates = "),
        ("", "can't open object: no key specified"),
        (
            "key k1 d2F0ZXIgYW5kIHNhbHQ=\n",
            "can't open object: connection reset by peer",
        ),
        (
            "key other d2F0ZXIgYW5kIHNhbHQ=\n",
            "dhcpctl_connect: invalid TSIG key",
        ),
        (
            "key nobody ZmlyZSBhbmQgc21va2U=\n",
            "dhcpctl_connect: not found",
        ),
    ] {
        for server in &lab.servers {
            let said = omshell(server, key, OPEN);
            assert!(said.contains(answer), "{:?} {key}{said}", server.kind);
        }
    }

    lab.step("nobody but the holder of the key stops it");
    let stop = "new control\nopen\nset state = 2\nupdate\n";
    for key in [
        "",
        "key k1 d2F0ZXIgYW5kIHNhbHQ=\n",
        "key other d2F0ZXIgYW5kIHNhbHQ=\n",
    ] {
        omshell(&lab.servers[OURS], key, stop);
    }
    assert!(!forged_stop(&lab.servers[OURS]), "dhcpd would take it");
    std::thread::sleep(Duration::from_secs(3)); // longer than from the order to the end
    assert!(lab.servers[OURS].is_running());

    lab.step("a crowd that says nothing, too much, or doesn't listen");
    let crowd = lab.servers[OURS].namespace.enter(crowd);
    let fds = || {
        std::fs::read_dir(format!("/proc/{}/fd", lab.servers[OURS].pid().unwrap()))
            .unwrap()
            .count()
    };
    assert!(fds() < 60, "{} descriptors", fds());
    let said = omshell(&lab.servers[OURS], "key k1 ZmlyZSBhbmQgc21va2U=\n", OPEN);
    assert!(said.contains("local-state = "), "{said}");
    lab.servers[OURS].wait_up(); // and on its control socket
    drop(crowd);

    lab.step("the server is stopped, and its partner serves alone at once");
    lab.wait_normal(PEER, BOTH, TO_NORMAL);
    let said = omshell(&lab.servers[OURS], "key k1 ZmlyZSBhbmQgc21va2U=\n", stop);
    assert!(!said.contains("can't"), "{said}");
    let partner = &lab.servers[ISC];
    partner.wait_state(PEER, "partner-down", AT_ONCE);
    assert_eq!(partner.state(PEER).partner, "shutdown");
    let server = &mut lab.servers[OURS];
    wait_for("the end", AT_ONCE, || !server.is_running());
}

/// Ours, primary, and dhcpd, with `more` in both configurations.
fn pair(name: &str, more: &str) -> Lab {
    let sites = conf::WIDE_SITES.map(|site| [site]);
    let [a, b] = [(Kind::Ours, &sites[0]), (Kind::Isc, &sites[1])]
        .map(|(kind, addresses)| Site { kind, addresses });
    let mut lab = Lab::new(name, &conf::WIDE_CLIENTS, &[a, b]);
    let primary = format!("{more}{}", conf::wide());
    lab.servers[OURS].configure(&primary);
    lab.servers[ISC].configure(&conf::mirror(&primary));
    for server in &mut lab.servers {
        server.start();
        server.wait_up();
    }
    lab
}

/// What omshell says to `orders` after connecting, with `key` before that.
fn omshell(server: &Server, key: &str, orders: &str) -> String {
    let mut command = server.namespace.command("omshell");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut omshell = command
        .spawn()
        .expect("omshell is there: scripts/test installs it");
    let script = format!("server 127.0.0.1\nport {PORT}\n{key}connect\n{orders}");
    let mut input = omshell.stdin.take().expect("it is piped");
    input.write_all(script.as_bytes()).unwrap();
    drop(input);
    let ended = until(AT_ONCE, || omshell.try_wait().unwrap());
    if ended.is_none() {
        omshell.kill().unwrap();
    }
    let output = omshell.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(
        ended.is_some(),
        "{:?} leaves omshell waiting:\n{said}",
        server.kind
    );
    said
}

/// The attributes that omshell shows at last.
fn attributes(said: &str) -> Vec<(String, String)> {
    let last = said
        .rsplit("obj: ")
        .next()
        .expect("there is always one part");
    let pairs = last.lines().filter_map(|line| line.split_once(" = "));
    pairs
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn names(attributes: &[(String, String)]) -> Vec<&str> {
    attributes.iter().map(|(name, _)| name.as_str()).collect()
}

fn set_state(server: &Server, state: u8) {
    let said = omshell(
        server,
        "",
        &format!("{OPEN}set local-state = {state}\nupdate\n"),
    );
    assert!(!said.contains("can't"), "{said}");
}

fn connect() -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, PORT)).expect("it listens on loopback");
    stream.set_read_timeout(Some(AT_ONCE)).unwrap();
    stream
}

/// One value, with its name.
fn value(name: &str, value: &[u8]) -> Vec<u8> {
    let (name_len, value_len) = (name.len() as u16, value.len() as u32);
    [
        &name_len.to_be_bytes()[..],
        name.as_bytes(),
        &value_len.to_be_bytes(),
        value,
    ]
    .concat()
}

/// A message without a signature that says it is by this authenticator.
fn message(authenticator: u32, operation: u32, handle: u32, lists: [Vec<u8>; 2]) -> Vec<u8> {
    let header = [authenticator, 0, operation, handle, 1, 0].map(u32::to_be_bytes);
    let [values, object] = lists;
    [header.concat(), values, vec![0, 0], object, vec![0, 0]].concat()
}

/// Opens the authenticator, for which the secret isn't needed, and orders the end without a signature. Was it done?
fn forged_stop(server: &Server) -> bool {
    server.namespace.enter(|| {
        let mut stream = connect();
        let startup = [0, 0, 0, 100, 0, 0, 0, 24];
        let name = [
            value("name", b"k1"),
            value("algorithm", b"hmac-md5.SIG-ALG.REG.INT."),
        ];
        let open = message(0, 1, 0, [value("type", b"authenticator"), name.concat()]);
        stream.write_all(&[&startup[..], &open].concat()).unwrap();
        let mut answer = [0; 8 + 24 + 17];
        stream.read_exact(&mut answer).unwrap();
        let handle = u32::from_be_bytes(answer[20..24].try_into().unwrap());
        let kind = value("type", b"control");
        let stop = [
            message(handle, 1, 0, [kind, vec![]]),
            message(handle, 3, 1, [vec![], value("state", &[0, 0, 0, 2])]),
        ];
        stream.write_all(&stop.concat()).unwrap();
        let mut rest = Vec::new();
        while !rest.windows(6).any(|window| window == b"result") {
            let mut buffer = [0; 512];
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(len) => rest.extend_from_slice(&buffer[..len]),
            }
        }
        // INVALID KEY.
        !rest
            .windows(14)
            .any(|window| window == b"result\0\0\0\x04\0\x06\0\x0b")
    })
}

/// Many clients of the worst kind.
fn crowd() -> Vec<TcpStream> {
    let mut crowd: Vec<_> = (0..40).map(|_| connect()).collect();
    for (index, stream) in crowd.iter_mut().enumerate() {
        let startup = [0, 0, 0, 100, 0, 0, 0, 24];
        // Those that had to make room for others are gone.
        _ = stream.write_all(&startup[..index % 9]);
    }
    for _ in 0..4 {
        let mut deaf = connect();
        deaf.set_nonblocking(true).unwrap();
        let requests = message(0, 2, 1, [vec![], vec![]]).repeat(1000);
        let startup = [0, 0, 0, 100, 0, 0, 0, 24];
        _ = deaf.write_all(&startup);
        while deaf.write_all(&requests).is_ok() {}
        crowd.push(deaf);
    }
    for garbage in [
        vec![0xff; 4096],
        [&[0, 0, 0, 100, 0, 0, 0, 24][..], &[0x7f; 60_000]].concat(),
    ] {
        let mut stream = connect();
        _ = stream.write_all(&garbage);
        crowd.push(stream);
    }
    crowd
}
