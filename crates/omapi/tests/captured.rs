//! What real omshell and dhcpd 4.4.3-P1 said to each other, byte for byte.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::cell::RefCell;
use std::rc::Rc;

use hex_literal::hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use omapi::{
    FailoverState, HEADER_LEN, Key, Keyring, Message, Objects, ResultCode, Session, decode,
};

/// Both sides' startup message.
const STARTUP: [u8; 8] = hex!("0000006400000018");

/// `new failover-state`, `set name = "lab"`, `open`.
const OPEN: [u8; 65] = hex!(
    "000000000000000000000001000000006b8b4567000000000004747970650000000e6661696c6f7665722d7374617465000000046e616d65"
    "000000036c61620000"
);

/// dhcpd's answer.
const OPENED: [u8; 506] = hex!(
    "000000000000000000000003000000011d7c3bea6b8b4567000000046e616d65000000036c6162000f706172746e65722d61646472657373"
    "000000085006f51813560000000c706172746e65722d706f7274000000040000034f000d6c6f63616c2d6164647265737300000008a005f5"
    "1813560000000a6c6f63616c2d706f7274000000040000028700176d61782d6f75747374616e64696e672d75706461746573000000040000"
    "000a00046d636c74000000040000003c00156c6f61642d62616c616e63652d6d61782d73656373000000040000000300106c6f61642d6261"
    "6c616e63652d68626100000020ffffffffffffffffffffffffffffffff00000000000000000000000000000000000d706172746e65722d73"
    "746174650000000400000002000b6c6f63616c2d73746174650000000400000002000c706172746e65722d73746f73000000046b04d02e00"
    "0a6c6f63616c2d73746f73000000046b04d02e0009686965726172636879000000040000000000106c6173742d7061636b65742d73656e74"
    "000000040000000000176c6173742d74696d657374616d702d726563656976656400000004000000000004736b6577000000040000000000"
    "126d61782d726573706f6e73652d64656c6179000000040000000a00136375722d756e61636b65642d757064617465730000000400000000"
    "0000"
);

/// `set mclt = 5`, `update`, sent with handle 1.
const UPDATE: [u8; 42] =
    hex!("000000000000000000000003000000016b8b456900000000000000046d636c7400000004000000050000");

/// `set bogus = 5` after that, `update`, sent with handle 1.
const UPDATE_UNKNOWN: [u8; 57] = hex!(
    "000000000000000000000003000000016b8b456a00000000000000046d636c7400000004000000050005626f6775730000000400000005"
    "0000"
);

/// The secret that the following were captured with.
const SECRET: &[u8] = b"lab secret 16 by";

/// omshell's `key k1 …`, `connect`: it opens the authenticator.
const OPEN_K1: [u8; 103] = hex!(
    "000000000000000000000001000000006b8b4567000000000004747970650000000d61757468656e74696361746f72000000046e616d6500"
    "0000026b310009616c676f726974686d00000019686d61632d6d64352e5349472d414c472e5245472e494e542e0000"
);

/// dhcpd's answer: the authenticator, of handle 1.
const K1_OPENED: [u8; 80] = hex!(
    "000000000000000000000003000000013de23c4a6b8b4567000000046e616d65000000026b310009616c676f726974686d00000019686d61"
    "632d6d64352e5349472d414c472e5245472e494e542e0000"
);

/// As `OPEN`, signed.
const SIGNED_OPEN: [u8; 81] = hex!(
    "000000010000001000000001000000006b8b4568000000000004747970650000000e6661696c6f7665722d7374617465000000046e616d65"
    "000000036c6162000077bab3de8d090c2cc9c469b761732603"
);

/// dhcpd's answer, signed.
const SIGNED_OPENED: [u8; 522] = hex!(
    "000000010000001000000003000000023de23c4b6b8b4568000000046e616d65000000036c6162000f706172746e65722d61646472657373"
    "00000008e05958c3a7550000000c706172746e65722d706f72740000000400000287000d6c6f63616c2d6164647265737300000008305958"
    "c3a7550000000a6c6f63616c2d706f7274000000040000034f00176d61782d6f75747374616e64696e672d75706461746573000000040000"
    "000a00046d636c74000000040000003c00156c6f61642d62616c616e63652d6d61782d73656373000000040000000300106c6f61642d6261"
    "6c616e63652d68626100000020ffffffffffffffffffffffffffffffff00000000000000000000000000000000000d706172746e65722d73"
    "746174650000000400000002000b6c6f63616c2d73746174650000000400000002000c706172746e65722d73746f73000000046b04d02e00"
    "0a6c6f63616c2d73746f73000000046b04d02e0009686965726172636879000000040000000100106c6173742d7061636b65742d73656e74"
    "000000040000000000176c6173742d74696d657374616d702d726563656976656400000004000000000004736b6577000000040000000000"
    "126d61782d726573706f6e73652d64656c6179000000040000000a00136375722d756e61636b65642d757064617465730000000400000000"
    "0000913d10b0ec9be050738a77b3c5f921d0"
);

/// The same open, signed with another secret, and dhcpd's answer.
const FORGED_OPEN: [u8; 81] = hex!(
    "000000010000001000000001000000006b8b4568000000000004747970650000000e6661696c6f7665722d7374617465000000046e616d65"
    "000000036c61620000bdc5b28ebefa2c73bada65944f758e84"
);
const FORGERY_REFUSED: [u8; 44] = hex!(
    "000000000000000000000005000000003f961c9a6b8b45680006726573756c74000000040006000b00000000"
);

/// The answer to `OPEN` where a key is asked for.
const NO_KEY: [u8; 84] = hex!(
    "0000000000000000000000050000000068b5a8546b8b45670006726573756c74000000040006000900076d6573736167650000001b4e6f20"
    "61757468656e74696361746f72206f6e206d65737361676500000000"
);

/// The authenticator `other`, which is declared and isn't the one asked for.
const OPEN_OTHER: [u8; 106] = hex!(
    "000000000000000000000001000000006b8b4567000000000004747970650000000d61757468656e74696361746f72000000046e616d6500"
    "0000056f746865720009616c676f726974686d00000019686d61632d6d64352e5349472d414c472e5245472e494e542e0000"
);
const OTHER_REFUSED: [u8; 83] = hex!(
    "000000000000000000000005000000005803153d6b8b45670006726573756c74000000040006000b00076d6573736167650000001a63616e"
    "27742073656c6563742061757468656e74696361746f7200000000"
);

/// The authenticator `k9`, which there isn't.
const OPEN_K9: [u8; 103] = hex!(
    "000000000000000000000001000000006b8b4567000000000004747970650000000d61757468656e74696361746f72000000046e616d6500"
    "0000026b390009616c676f726974686d00000019686d61632d6d64352e5349472d414c472e5245472e494e542e0000"
);
const K9_REFUSED: [u8; 88] = hex!(
    "0000000000000000000000050000000045f853af6b8b45670006726573756c74000000040000001700076d6573736167650000001f6e6f20"
    "6f626a656374206d6174636865732073706563696669636174696f6e00000000"
);

/// HMAC-MD5 with the secret of the captures.
struct Md5Key(&'static str);

impl Md5Key {
    fn mac(parts: &[&[u8]]) -> Hmac<Md5> {
        let mut mac = Hmac::<Md5>::new_from_slice(SECRET).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        mac
    }
}

impl Key for Md5Key {
    fn name(&self) -> &str {
        self.0
    }
    fn algorithm(&self) -> &str {
        "hmac-md5"
    }
    fn signature_len(&self) -> u32 {
        16
    }
    fn sign(&self, signed: &[u8]) -> Vec<u8> {
        Self::mac(&[signed]).finalize().into_bytes().to_vec()
    }
    fn verify(&self, signed: [&[u8]; 2], signature: &[u8]) -> bool {
        Self::mac(&signed).verify_slice(signature).is_ok()
    }
}

/// The relationship of the capture.
struct Lab(RefCell<Vec<u32>>);

impl Objects for Lab {
    fn find_relationship(&self, name: &[u8]) -> Option<usize> {
        (name == b"lab").then_some(0)
    }
    fn failover_state(&self, relationship: usize) -> Option<FailoverState> {
        (relationship == 0).then(|| FailoverState {
            name: "lab".into(),
            partner_address: [10, 78, 0, 2].into(),
            partner_port: 847,
            local_address: [10, 78, 0, 1].into(),
            local_port: 647,
            max_outstanding_updates: 10,
            mclt: 60,
            load_balance_max_secs: 3,
            load_balance_hba: Some(std::array::from_fn(|i| if i < 16 { 0xff } else { 0 })),
            partner_state: 2,
            local_state: 2,
            partner_stos: 0x6b04_d02e,
            local_stos: 0x6b04_d02e,
            is_secondary: false,
            max_response_delay: 10,
            cur_unacked_updates: 0,
        })
    }
    fn set_local_state(&mut self, _: usize, state: u32) -> Result<(), ResultCode> {
        self.0.get_mut().push(state);
        Ok(())
    }
    fn shut_down(&mut self) {}
    fn is_shutting_down(&self) -> bool {
        false
    }
}

/// A session that has been greeted, with the keys of the captures if `secured`.
fn session(secured: bool) -> Session {
    let names: &[&str] = if secured { &["k1", "other"] } else { &[] };
    let keys = names
        .iter()
        .map(|name| Box::new(Md5Key(name)) as Box<dyn Key>);
    let keyring = Keyring::new(keys.collect(), secured.then_some(0));
    let mut sent = Vec::new();
    let mut session = Session::new(Rc::new(keyring), &mut sent);
    assert_eq!(sent, STARTUP);
    session.receive(&STARTUP);
    session
}

fn ask(session: &mut Session, request: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    session.receive(request);
    let mut lab = Lab(RefCell::default());
    session.handle(&mut lab, &mut answer).unwrap();
    answer
}

fn read(bytes: &[u8]) -> Message<'_> {
    let (message, len) = decode(bytes, HEADER_LEN).unwrap().expect("it is whole");
    assert_eq!(len, bytes.len());
    message
}

/// All but the message's own id, which is counted from somewhere by each side.
fn without_id(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[16..20].fill(0);
    bytes
}

/// The request, with the handle that our server has for the object.
fn with_handle(mut request: Vec<u8>, handle: u32) -> Vec<u8> {
    request[12..16].copy_from_slice(&handle.to_be_bytes());
    request
}

#[test]
fn the_attributes_are_dhcpds_in_dhcpds_order() {
    let ours = ask(&mut session(false), &OPEN);
    let (ours, theirs) = (read(&ours), read(&OPENED));
    assert_eq!(ours.response_to, 0x6b8b_4567);
    assert_eq!(ours.values, theirs.values);
    let attributes = |message: Message<'static>| -> Vec<_> { message.object.iter().collect() };
    // dhcpd sends the bytes of a pointer for an address; everything else is the same.
    let theirs = attributes(theirs)
        .into_iter()
        .map(|(name, value)| match name {
            b"partner-address" => (name, &[10, 78, 0, 2][..]),
            b"local-address" => (name, &[10, 78, 0, 1][..]),
            _ => (name, value),
        });
    let ours: Vec<_> = ours.object.iter().collect();
    assert_eq!(ours, theirs.collect::<Vec<_>>());
    assert_eq!(ours.len(), 19);
}

#[test]
fn an_update_without_effect_is_done() {
    let mut session = session(false);
    let opened = ask(&mut session, &OPEN);
    let handle = read(&opened).handle;
    let done = ask(&mut session, &with_handle(UPDATE.to_vec(), handle));
    let expected = hex!(
        "000000000000000000000005000000001d7c3bec6b8b45690006726573756c74000000040000000000000000"
    );
    assert_eq!(without_id(&done), without_id(&expected));
}

#[test]
fn an_unknown_attribute_is_refused() {
    let mut session = session(false);
    let opened = ask(&mut session, &OPEN);
    let handle = read(&opened).handle;
    let refused = ask(&mut session, &with_handle(UPDATE_UNKNOWN.to_vec(), handle));
    let expected = hex!(
        "000000000000000000000005000000001d7c3bed6b8b456a0006726573756c74000000040000001700076d6573736167650000001363"
        "616e277420757064617465206f626a65637400000000"
    );
    assert_eq!(without_id(&refused), without_id(&expected));
}

#[test]
fn both_signatures_are_hmac_md5_over_all_but_the_authenticator_s_handle() {
    for bytes in [&SIGNED_OPEN[..], &SIGNED_OPENED] {
        let message = read(bytes);
        assert_eq!(message.authenticator, 1);
        assert!(Md5Key("k1").verify(message.signed, message.signature));
        let signed = &bytes[4..bytes.len() - 16];
        assert_eq!(Md5Key("k1").sign(signed), message.signature);
    }
    let forged = read(&FORGED_OPEN);
    assert!(!Md5Key("k1").verify(forged.signed, forged.signature));
}

/// omshell's own bytes from `connect` to the answer; its handle of the authenticator is that of dhcpd, so the signed
/// request is signed anew.
#[test]
fn a_key_opens_the_door() {
    let mut session = session(true);
    let opened = ask(&mut session, &OPEN_K1);
    let handle = read(&opened).handle;
    assert_eq!(
        without_id(&with_handle(opened, 1)),
        without_id(&K1_OPENED),
        "the authenticator"
    );
    let mut request = SIGNED_OPEN.to_vec();
    request[..4].copy_from_slice(&handle.to_be_bytes());
    let answer = ask(&mut session, &request);
    let answer = read(&answer);
    assert_eq!((answer.operation, answer.authenticator), (3, handle));
    assert_eq!(answer.object.get("name"), Some(&b"lab"[..]));
    assert!(Md5Key("k1").verify(answer.signed, answer.signature));
}

#[test]
fn a_signature_by_another_secret_is_refused_in_dhcpds_words() {
    let mut session = session(true);
    let opened = ask(&mut session, &OPEN_K1);
    let mut request = FORGED_OPEN.to_vec();
    request[..4].copy_from_slice(&read(&opened).handle.to_be_bytes());
    let answer = ask(&mut session, &request);
    assert_eq!(without_id(&answer), without_id(&FORGERY_REFUSED));
}

#[test]
fn no_key_the_wrong_one_and_an_unknown_one_are_refused_in_dhcpds_words() {
    for (request, expected) in [
        (&OPEN[..], &NO_KEY[..]),
        (&OPEN_OTHER, &OTHER_REFUSED),
        (&OPEN_K9, &K9_REFUSED),
    ] {
        let answer = ask(&mut session(true), request);
        assert_eq!(without_id(&answer), without_id(expected));
    }
}
