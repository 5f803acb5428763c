//! Requests by hand, and what dhcpd 4.4.3-P1 answered when it was sent them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Answer, CONTROL, Client, KEY, LAB, List, Toy, status};
use omapi::{
    HEADER_LEN, MAX_MESSAGE_LEN, Operation, Outgoing, ResultCode, SHUTDOWN, SessionError, Startup,
    Value, decode,
};

#[test]
fn opening() {
    let not_found = || status(ResultCode::NOT_FOUND, "no object matches specification");
    let no_handle = || status(ResultCode::NOT_FOUND, "no matching handle");
    let not_made = || status(ResultCode::NOT_IMPLEMENTED, "can't create new object");
    let failed = |code| status(code, "object lookup failed");
    let mut client = Client::plain();
    let mut open = |kind: &str, object: List<'_>| client.open(kind, object);
    assert_eq!(open("nonsense", &[]), no_handle());
    assert_eq!(open("failover-state", &[]), not_made());
    assert_eq!(open("failover-state", &[("name", "".into())]), not_made());
    assert_eq!(open("failover-state", &[("name", "x".into())]), not_found());
    assert_eq!(
        open("failover-state", &[("handle", 99.into())]),
        not_found()
    );
    let short = open("failover-state", &[("handle", "1".into())]);
    assert_eq!(short, failed(ResultCode::INVALID_ARGUMENT));
    let both = open(
        "failover-state",
        &[("handle", LAB.into()), ("name", "x".into())],
    );
    assert_eq!(both, failed(ResultCode::KEY_CONFLICT));
    let control = Answer::Object(CONTROL, vec!["state".into()]);
    assert_eq!(open("control", &[]), control);
    assert_eq!(open("control", &[("handle", CONTROL.into())]), control);
    let other = open("control", &[("handle", LAB.into())]);
    assert_eq!(other, failed(ResultCode::INVALID_ARGUMENT));
    assert_eq!(open("control", &[("handle", 99.into())]), not_found());
    assert_eq!(open("authenticator", &[]), not_found(), "there are no keys");
    for kind in [
        "lease",
        "host",
        "group",
        "class",
        "subclass",
        "pool",
        "connection",
    ] {
        let expected = status(ResultCode::NOT_IMPLEMENTED, "unsearchable object type");
        assert_eq!(open(kind, &[("name", "x".into())]), expected);
    }
    let Answer::Object(LAB, names) = open("failover-state", &[("name", "lab".into())]) else {
        panic!("it is there");
    };
    assert_eq!(
        names.len(),
        18,
        "without load-balance-hba, which isn't known yet"
    );
    let by_handle = open("failover-state", &[("handle", LAB.into())]);
    assert_eq!(by_handle, Answer::Object(LAB, names));
}

#[test]
fn opening_with_flags() {
    let mut client = Client::plain();
    let lab: List<'_> = &[("name", "lab".into())];
    let mut open = |flags: List<'_>, kind: &str, object: List<'_>| {
        let values = [&[("type", kind.into())], flags].concat();
        client.send(Operation::Open, 0, &values, object)
    };
    for name in ["create", "update", "exclusive"] {
        let text = format!("invalid {name} flag value");
        let expected = status(ResultCode::INVALID_ARGUMENT, &text);
        assert_eq!(open(&[(name, "1".into())], "failover-state", lab), expected);
    }
    let create: List<'_> = &[("create", 1.into())];
    let made = open(create, "failover-state", &[("name", "x".into())]);
    assert_eq!(
        made,
        status(ResultCode::NOT_IMPLEMENTED, "can't create new object")
    );
    let exclusive: List<'_> = &[("create", 1.into()), ("exclusive", 1.into())];
    let made = open(exclusive, "failover-state", lab);
    assert_eq!(
        made,
        status(ResultCode::EXISTS, "specified object already exists")
    );
    let not_updated = |code| status(code, "can't update object");
    assert_eq!(
        open(create, "control", &[]),
        not_updated(ResultCode::INVALID_ARGUMENT)
    );
    let untyped = open(create, "nonsense", &[]);
    assert_eq!(
        untyped,
        status(ResultCode::INVALID_ARGUMENT, "type required on create")
    );
    let update: List<'_> = &[("update", 1.into())];
    let unknown = open(
        update,
        "failover-state",
        &[("name", "lab".into()), ("zz", 1.into())],
    );
    assert_eq!(unknown, not_updated(ResultCode::NOT_FOUND));
    let set = [("name", "lab".into()), ("local-state", 4.into())];
    assert!(matches!(
        open(update, "failover-state", &set),
        Answer::Object(LAB, _)
    ));
    assert_eq!(client.server.set, [(0, 4)], "as an update would");
}

#[test]
fn updating_refreshing_and_deleting() {
    let not_updated = |code| status(code, "can't update object");
    let no_handle = || status(ResultCode::NOT_FOUND, "no matching handle");
    let mut client = Client::plain();
    let mut send =
        |operation, handle, object: List<'_>| client.send(operation, handle, &[], object);
    let mut update = |handle, object: List<'_>| send(Operation::Update, handle, object);
    assert_eq!(update(LAB, &[]), not_updated(ResultCode::INVALID_ARGUMENT));
    assert_eq!(update(99, &[("mclt", 1.into())]), no_handle());
    let short = update(LAB, &[("local-state", "4".into())]);
    assert_eq!(short, not_updated(ResultCode::INVALID_ARGUMENT));
    let none = update(LAB, &[("local-state", "".into())]);
    assert_eq!(none, not_updated(ResultCode::INVALID_ARGUMENT));
    let no_state = update(LAB, &[("local-state", 99.into())]);
    assert_eq!(no_state, not_updated(ResultCode::INVALID_ARGUMENT));
    let handle = update(LAB, &[("handle", 1.into())]);
    assert_eq!(handle, not_updated(ResultCode::NOT_FOUND));
    let ignored = update(LAB, &[("partner-state", 4.into()), ("skew", 1.into())]);
    assert_eq!(ignored, status(ResultCode::SUCCESS, ""));
    let done = update(LAB, &[("local-state", 4.into()), ("local-state", 6.into())]);
    assert_eq!(done, status(ResultCode::SUCCESS, ""));
    for state in [1.into(), "2".into()] {
        let refused = update(CONTROL, &[("state", state)]);
        assert_eq!(refused, not_updated(ResultCode::INVALID_ARGUMENT));
    }
    let unknown = update(CONTROL, &[("name", 1.into())]);
    assert_eq!(unknown, not_updated(ResultCode::NOT_FOUND));
    assert!(matches!(
        send(Operation::Refresh, LAB, &[]),
        Answer::Object(LAB, _)
    ));
    assert_eq!(send(Operation::Refresh, 99, &[]), no_handle());
    assert_eq!(send(Operation::Refresh, 0, &[]), no_handle());
    let mut delete = |handle| send(Operation::Delete, handle, &[]);
    assert_eq!(delete(LAB), status(ResultCode::NOT_IMPLEMENTED, ""));
    assert_eq!(delete(CONTROL), status(ResultCode::NO_PERMISSION, ""));
    assert_eq!(delete(99), no_handle());
    let notify = status(ResultCode::NOT_IMPLEMENTED, "notify not implemented yet");
    assert_eq!(send(Operation::Notify, LAB, &[]), notify);
    assert_eq!(client.server.set, [(0, 6)], "the last of two counts");
    assert!(!client.server.stopped);
    let stop = client.send(
        Operation::Update,
        CONTROL,
        &[],
        &[("state", SHUTDOWN.into())],
    );
    assert_eq!(stop, status(ResultCode::SUCCESS, ""));
    assert!(client.server.stopped);
}

/// A message about nothing in particular.
fn message<'a>(operation: Operation, response_to: u32, values: List<'a>) -> Outgoing<'a> {
    Outgoing {
        operation,
        handle: 0,
        id: 1,
        response_to,
        values,
        object: &[],
    }
}

#[test]
fn what_dhcpd_hangs_up_on() {
    let end = |message: &Outgoing<'_>| Client::plain().try_send(message).unwrap_err();
    let answer = message(Operation::Open, 5, &[]);
    assert_eq!(end(&answer), SessionError::Unasked(5));
    let operation = SessionError::Operation(5);
    assert_eq!(end(&message(Operation::Status, 0, &[])), operation);
    for name in [
        "op",
        "handle",
        "object",
        "notify-object",
        "authid",
        "id",
        "rid",
    ] {
        let values = [(name, 1.into())];
        let error = end(&message(Operation::Open, 0, &values));
        assert_eq!(error, SessionError::ReservedName, "{name}");
    }
    let mut stranger = Client::secured();
    stranger.key = Some((KEY, Toy("k1", 7)));
    let unopened = stranger
        .try_send(&message(Operation::Open, 0, &[]))
        .unwrap_err();
    assert_eq!(unopened, SessionError::Authenticator(KEY));
}

#[test]
fn what_is_too_much() {
    let many: Vec<_> = (0..65).map(|_| ("a", Value::Number(0))).collect();
    let long = [("a", Value::Bytes(vec![0; MAX_MESSAGE_LEN]))];
    for (values, error) in [
        (&many[..], SessionError::ValueCount),
        (&long, SessionError::MessageLength),
    ] {
        let message = Outgoing {
            operation: Operation::Open,
            handle: 0,
            id: 1,
            response_to: 0,
            values,
            object: &[],
        };
        assert_eq!(Client::plain().try_send(&message), Err(error));
    }
    let message = |signature_len: u32| {
        let mut header = [0; HEADER_LEN];
        header[4..8].copy_from_slice(&signature_len.to_be_bytes());
        decode(&header, Startup::OURS.header_len).map(drop)
    };
    assert_eq!(message(64), Ok(()));
    assert_eq!(message(65), Err(SessionError::SignatureLength(65)));
}

/// Longer headers are read past; what is more in them isn't signed.
#[test]
fn a_longer_header() {
    let bytes = [&[0; HEADER_LEN][..], &[9; 8], &[0; 4]].concat();
    let (message, len) = decode(&bytes, HEADER_LEN + 8).unwrap().unwrap();
    assert_eq!(len, HEADER_LEN + 8 + 4);
    assert_eq!(message.signed.concat(), [0; 24]);
}
