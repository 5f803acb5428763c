//! The port with clients of all kinds, on loopback.

use std::io::{Read as _, Write as _};
use std::net::TcpStream as Client;

use omapi::{FailoverState, Objects, ResultCode, Startup};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server of one relationship, of handle 2.
struct Lab;

impl Objects for Lab {
    fn find_relationship(&self, _: &[u8]) -> Option<usize> {
        None
    }
    fn failover_state(&self, relationship: usize) -> Option<FailoverState> {
        (relationship == 0).then(|| FailoverState {
            name: "lab".into(),
            partner_address: [10, 0, 0, 2].into(),
            partner_port: 647,
            local_address: [10, 0, 0, 1].into(),
            local_port: 647,
            max_outstanding_updates: 10,
            mclt: 60,
            load_balance_max_secs: 3,
            load_balance_hba: None,
            partner_state: 2,
            local_state: 2,
            partner_stos: 0,
            local_stos: 0,
            is_secondary: false,
            max_response_delay: 10,
            cur_unacked_updates: 0,
        })
    }
    fn set_local_state(&mut self, _: usize, _: u32) -> Result<(), ResultCode> {
        Err(ResultCode::INVALID_ARGUMENT)
    }
    fn shut_down(&mut self) {}
    fn is_shutting_down(&self) -> bool {
        false
    }
}

/// Serves on a port of its own until `done`.
async fn serve(omapi: &mut Omapi, mut done: impl FnMut(&Omapi) -> bool) {
    let turns = async {
        while !done(omapi) {
            let ready = std::future::poll_fn(|cx| omapi.poll_ready(cx));
            _ = tokio::time::timeout(Duration::from_millis(5), ready).await;
            let mut answers = Vec::new();
            omapi.requests(|id, session| {
                let mut answer = Vec::new();
                session.handle(&mut Lab, &mut answer)?;
                answers.push((id, answer));
                Ok(())
            });
            for (id, answer) in answers {
                omapi.answer(id, &answer);
            }
            omapi.flush();
        }
    };
    tokio::time::timeout(PATIENCE, turns).await.unwrap();
}

fn in_runtime(test: impl AsyncFnOnce(Omapi, SocketAddr)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = listen(0).unwrap();
        let port = listener.local_addr().unwrap().port();
        let opened = Opened {
            port: Some(port),
            listener: Some(listener),
            keys: Keyring::open(),
        };
        let omapi = Omapi::new(opened, Instant::from_millis(0)).unwrap();
        test(omapi, SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await;
    });
}

fn connect(address: SocketAddr) -> Client {
    let mut client = Client::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut startup = Vec::new();
    Startup::OURS.encode(&mut startup);
    client.write_all(&startup).unwrap();
    client
}

#[test]
fn a_crowd_makes_room_for_the_next() {
    in_runtime(async |mut omapi, address| {
        let crowd: Vec<_> = (0..3 * MAX_CONNECTIONS).map(|_| connect(address)).collect();
        serve(&mut omapi, |omapi| omapi.next == crowd.len() as u64).await;
        assert_eq!(omapi.connections.len(), MAX_CONNECTIONS);
        let mut client = connect(address);
        // OPEN of `control`.
        let request = b"\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x07\0\0\0\0\0\x04type\0\0\0\x07control\0\0\0\0";
        client.write_all(request).unwrap();
        client.set_nonblocking(true).unwrap();
        let mut received = Vec::new();
        serve(&mut omapi, |_| {
            _ = client.read_to_end(&mut received); // all there is
            received.len() >= 8 + 43
        })
        .await;
        assert_eq!(received[8 + 20..8 + 24], [0, 0, 0, 7], "{received:?}");
    });
}

#[test]
fn what_a_deaf_client_costs_is_bounded() {
    in_runtime(async |mut omapi, address| {
        let mut deaf = connect(address);
        deaf.set_nonblocking(true).unwrap();
        // REFRESH of the relationship, over and over.
        let refresh = b"\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x02\0\0\0\x07\0\0\0\0\0\0\0\0".repeat(512);
        let (mut sent, mut stuck) = (0, 0);
        serve(&mut omapi, |omapi| {
            let held = omapi.connections.iter().map(|c| c.unsent.len()).max();
            assert!(held < Some(1024), "more than one answer");
            stuck = if held > Some(0) { stuck + 1 } else { 0 };
            if let Ok(len) = deaf.write(&refresh[sent % 28..]) {
                sent += len;
            }
            stuck > 20
        })
        .await;
        assert_eq!(omapi.connections.len(), 1, "it may begin to listen yet");
    });
}

#[test]
fn a_port_that_is_taken_is_tried_again() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let other = listen(0).unwrap();
    let server = ServerSettings {
        omapi_port: Some(other.local_addr().unwrap().port()),
        ..ServerSettings::default()
    };
    let mut log = Log::new(true, true);
    let opened = Opened::new(&server, &mut log);
    assert!(opened.listener.is_none());
    let begin = Instant::from_millis(1000);
    let mut omapi = Omapi::new(opened, begin).unwrap();
    drop(other);
    omapi.tend(begin, &mut log);
    assert!(omapi.listener.is_none(), "not yet");
    omapi.tend(begin + AGAIN, &mut log);
    assert!(omapi.listener.is_some());
}

#[test]
fn without_its_key_it_stays_closed() {
    let key = dhcpd_text::conf::Key {
        name: "k".into(),
        algorithm: "hmac-md4".into(),
        secret: "QUJD".into(),
    };
    let server = ServerSettings {
        omapi_port: Some(0),
        omapi_key: Some("k".into()),
        keys: vec![key],
        ..ServerSettings::default()
    };
    let opened = Opened::new(&server, &mut Log::new(true, true));
    assert!(opened.port.is_none() && opened.listener.is_none());
}
