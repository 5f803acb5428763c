//! Words for messages that are out of the ordinary.

use failover_wire::{ServerFlags, ServerStateCode, Xid};

use super::*;
use crate::decode::event::Party;

const NOW: UnixTime = UnixTime(1_795_448_110);

fn words(message: Message) -> String {
    let party = Party {
        address: "127.0.0.1:647".parse().unwrap(),
        role: None,
    };
    let seen = Seen {
        from: party,
        to: party,
        frame: Frame::new(NOW, Xid(1), message),
        bytes: bytes::Bytes::new(),
        answers: Answers::Unknown,
    };
    describe(&seen, Stamp::new(NOW.0.into(), 0))
}

#[test]
fn what_is_missing_is_said() {
    assert_eq!(
        words(Message::Connect(Connect::default())),
        "let us be partners, of no name, no MCLT, no limit of unacknowledged updates, no receive timer, \
         no hash bucket assignment, no protocol version, clock right by the capture's"
    );
    let state = Message::State(StateMessage::default());
    assert_eq!(words(state), "I am in no state");
    let update = Message::BindingUpdate(BindingUpdate::default());
    assert_eq!(words(update), "no address of no status, never used");
    assert_eq!(
        words(Message::BindingAck(BindingAck::default())),
        "no address accepted"
    );
    let disconnect = Message::Disconnect(Disconnect::default());
    assert_eq!(words(disconnect), "I hang up, without a reason");
}

#[test]
fn what_is_odd_is_said() {
    let connect = Connect {
        protocol_version: Some(2),
        tls_request: Some(2),
        hba: Some(vec![0; 5].into()),
        ..Connect::default()
    };
    let said = words(Message::Connect(connect));
    for part in [
        "protocol version 2",
        "TLS request 2",
        "32 bytes long, not 5",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let mut by_hand = [0; 32];
    by_hand[31] = 0x81;
    assert_eq!(
        split(Some(&by_hand)),
        "primary serves 2 of 256 buckets, chosen by hand"
    );
    let state = StateMessage {
        state: Some(ServerStateCode(77)),
        flags: Some(ServerFlags::STARTUP),
        start_of_state: None,
    };
    assert_eq!(
        words(Message::State(state)),
        "I am in state 77, which is none, starting up"
    );
}

#[test]
fn clients_and_ends() {
    let update = |update: BindingUpdate| {
        words(Message::BindingUpdate(BindingUpdate {
            address: Some([10, 0, 0, 1].into()),
            start_of_state: Some(NOW),
            ..update
        }))
    };
    let said = update(BindingUpdate {
        status: Some(BindingStatus::Active),
        hardware: HardwareAddress::new(6, &[1, 2]),
        client_identifier: Some(vec![0, 65].into()),
        lease_expiration: Some(UnixTime::NEVER),
        ip_flags: Some(IpFlags(3)),
        ..BindingUpdate::default()
    });
    assert_eq!(
        said,
        "10.0.0.1 ACTIVE for hardware type 6 01:02 (identifier 00:41), never ends, reserved, BOOTP"
    );
    let said = update(BindingUpdate {
        status: Some(BindingStatus::Free),
        hardware: Some(HardwareAddress::OVERSIZED),
        lease_expiration: Some(UnixTime(NOW.0 - 7)),
        potential_expiration: Some(UnixTime(NOW.0 - 3)),
        ..BindingUpdate::default()
    });
    assert_eq!(
        said,
        "10.0.0.1 FREE, last of a hardware address that is too long, ended 7 s ago (15:35:03), \
         so since 15:35:10"
    );
}

#[test]
fn reasons_are_iscs_words() {
    let said = |code, text: Option<&[u8]>| refused(RejectReason(code), text);
    assert_eq!(said(4, None), "refused: time mismatch too great (reason 4)");
    assert_eq!(
        said(19, None),
        "refused: IP not reserved on this server (reason 19)"
    );
    assert_eq!(
        said(15, Some(b"Outdated binding information.")),
        "refused: outdated binding information (reason 15)"
    );
    assert_eq!(
        said(1, Some(b"no \x07!")),
        "refused: illegal IP address (not part of any address pool) (reason 1) \"no \\x07!\""
    );
}
