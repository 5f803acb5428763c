//! Who may do what, where a key is asked for: as dhcpd 4.4.3-P1 answered, but for the places where it lets pass.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Answer, CONTROL, Client, KEY, List, Toy, status};
use omapi::{HEADER_LEN, Operation, Outgoing, ResultCode, SHUTDOWN, decode};

#[test]
fn nothing_without_the_key() {
    let refused = || status(ResultCode::NO_KEYS, "No authenticator on message");
    let mut client = Client::secured();
    assert_eq!(client.open("control", &[]), refused());
    assert_eq!(client.send(Operation::Open, 0, &[], &[]), refused());
    for operation in [
        Operation::Refresh,
        Operation::Update,
        Operation::Delete,
        Operation::Notify,
    ] {
        let answer = client.send(operation, CONTROL, &[], &[("state", SHUTDOWN.into())]);
        assert_eq!(answer, refused());
    }
    let no_object = client.open("authenticator", &[]);
    assert_eq!(
        no_object,
        status(ResultCode::NOT_IMPLEMENTED, "can't create new object")
    );
    let not_found = status(ResultCode::NOT_FOUND, "no object matches specification");
    assert_eq!(
        client.open("authenticator", &[("name", "k1".into())]),
        not_found
    );
    let wrong = client.authenticate("other");
    assert_eq!(
        wrong,
        status(ResultCode::INVALID_KEY, "can't select authenticator")
    );
    // Opening needs no secret; what is sent with it does.
    let opened = Answer::Object(KEY, vec!["name".into(), "algorithm".into()]);
    assert_eq!(client.authenticate("K1"), opened);
    assert_eq!(client.open("control", &[]), refused());
    client.key = Some((KEY, Toy("k1", 8)));
    assert_eq!(
        client.open("control", &[]),
        status(ResultCode::INVALID_KEY, "")
    );
    client.key = Some((KEY, Toy("k1", 7)));
    assert!(matches!(
        client.open("control", &[]),
        Answer::Object(CONTROL, _)
    ));
}

/// dhcpd takes it.
#[test]
fn an_open_authenticator_is_no_signature() {
    let mut client = Client::secured();
    client.authenticate("k1");
    let mut request = Vec::new();
    let message = Outgoing {
        operation: Operation::Open,
        handle: 0,
        id: 5,
        response_to: 0,
        values: &[("type", "control".into())],
        object: &[],
    };
    message.encode(None, &mut request);
    request[..4].copy_from_slice(&KEY.to_be_bytes());
    client.session.receive(&request);
    let mut answer = Vec::new();
    client
        .session
        .handle(&mut client.server, &mut answer)
        .unwrap();
    let (answer, _) = decode(&answer, HEADER_LEN).unwrap().unwrap();
    assert_eq!(answer.values.get("result"), Some(&[0, 6, 0, 0xb][..]));
}

#[test]
fn authenticators_are_not_to_be_changed() {
    let mut client = Client::secured();
    client.authenticate("k1");
    client.key = Some((KEY, Toy("k1", 7)));
    let object: List<'_> = &[
        ("name", "k1".into()),
        ("algorithm", "hmac-md5.SIG-ALG.REG.INT.".into()),
    ];
    let changed = client.send(Operation::Update, KEY, &[], object);
    assert_eq!(
        changed,
        status(ResultCode::NO_PERMISSION, "cannot update authenticator")
    );
    let values = [("type", "authenticator".into()), ("update", 1.into())];
    let changed = client.send(Operation::Open, 0, &values, object);
    assert_eq!(
        changed,
        status(ResultCode::NO_PERMISSION, "can't update object")
    );
    let removed = client.send(Operation::Delete, KEY, &[], &[]);
    assert_eq!(
        removed,
        status(ResultCode::NOT_IMPLEMENTED, "no remove method for object")
    );
    assert!(matches!(
        client.send(Operation::Refresh, KEY, &[], &[]),
        Answer::Object(KEY, _)
    ));
}
