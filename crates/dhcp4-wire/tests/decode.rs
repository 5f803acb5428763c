//! What is read, ignored and dropped. Where ISC dhcpd can be asked, a live dhcpd 4.4.3-P1 did the
//! same with the same bytes.

#![allow(clippy::unwrap_used, reason = "a test")]

use dhcp4_wire::{
    DecodeReason, Joined, LengthRule, MessageType, OptionCode, Packet, SubOptionCode,
};
use std::net::Ipv4Addr;

const OPTIONS_AT: usize = 240;
const FILE_AT: usize = 108;
const SNAME_AT: usize = 44;

/// A DISCOVER's fixed fields, the cookie, and these options.
fn with_options(options: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; 236];
    packet[..4].copy_from_slice(&[1, 1, 6, 1]);
    packet.extend_from_slice(&[99, 130, 83, 99]);
    packet.extend_from_slice(options);
    packet
}

fn overloaded(options: &[u8], file: &[u8], sname: &[u8]) -> Vec<u8> {
    let mut packet = with_options(options);
    packet[FILE_AT..FILE_AT + file.len()].copy_from_slice(file);
    packet[SNAME_AT..SNAME_AT + sname.len()].copy_from_slice(sname);
    packet
}

#[track_caller]
fn refused(packet: &[u8]) -> (usize, DecodeReason) {
    let error = Packet::parse(packet).unwrap_err();
    (error.offset, error.reason)
}

fn bytes(value: Option<Joined<'_>>) -> Option<Vec<u8>> {
    value.map(|value| value.to_vec())
}

#[test]
fn fixed_fields() {
    let mut packet: Vec<u8> = (0..236).map(|i| i as u8).collect();
    packet[2] = 6;
    packet[10] = 0x80;
    let packet = Packet::parse(&packet).unwrap();
    assert_eq!(
        (
            packet.op().0,
            packet.htype().0,
            packet.hlen(),
            packet.hops()
        ),
        (0, 1, 6, 3)
    );
    assert_eq!((packet.xid(), packet.secs()), (0x0405_0607, 0x0809));
    assert_eq!(
        (packet.flags().0, packet.flags().broadcast()),
        (0x800b, true)
    );
    assert_eq!(packet.ciaddr(), Ipv4Addr::new(12, 13, 14, 15));
    assert_eq!(packet.yiaddr(), Ipv4Addr::new(16, 17, 18, 19));
    assert_eq!(packet.siaddr(), Ipv4Addr::new(20, 21, 22, 23));
    assert_eq!(packet.giaddr(), Ipv4Addr::new(24, 25, 26, 27));
    assert_eq!(packet.chaddr(), [28, 29, 30, 31, 32, 33]);
    assert_eq!(
        packet.chaddr_field(),
        core::array::from_fn(|i| i as u8 + 28)
    );
    assert_eq!(*packet.sname(), core::array::from_fn(|i| i as u8 + 44));
    assert_eq!(*packet.file(), core::array::from_fn(|i| i as u8 + 108));
}

#[test]
fn without_the_cookie_there_are_no_options() {
    let mut packet = with_options(&[53, 1, 1, 12, 200]);
    packet[236] = 98;
    let packet = Packet::parse(&packet).unwrap();
    assert!(!packet.has_magic_cookie());
    assert_eq!(packet.options().count(), 0);
    assert_eq!(
        (packet.message_type(), packet.has_option(OptionCode(53))),
        (None, false)
    );
    assert_eq!(packet.vendor_area(), [98, 130, 83, 99, 53, 1, 1, 12, 200]);
    for len in 236..OPTIONS_AT {
        assert!(
            !Packet::parse(&with_options(&[])[..len])
                .unwrap()
                .has_magic_cookie()
        );
    }
}

#[test]
fn a_packet_has_all_fixed_fields() {
    let packet = with_options(&[]);
    assert_eq!(
        refused(&packet[..235]),
        (235, DecodeReason::TooShort { len: 235 })
    );
    assert_eq!(refused(&[]), (0, DecodeReason::TooShort { len: 0 }));
    let long = vec![0; 65_508];
    assert_eq!(refused(&long).1, DecodeReason::TooLong { len: 65_508 });
    assert!(Packet::parse(&long[1..]).is_ok());
}

#[test]
fn a_hardware_address_has_at_most_16_bytes() {
    let mut packet = with_options(&[]);
    for hlen in [0, 6, 16] {
        packet[2] = hlen;
        assert_eq!(
            Packet::parse(&packet).unwrap().chaddr().len(),
            usize::from(hlen)
        );
    }
    packet[2] = 17;
    assert_eq!(
        refused(&packet),
        (2, DecodeReason::HardwareLength { hlen: 17 })
    );
}

#[test]
fn an_option_past_the_end_of_its_field_is_refused() {
    let code = OptionCode::HOST_NAME;
    let overrun = |len, left| DecodeReason::Overrun { code, len, left };
    assert_eq!(
        refused(&with_options(&[53, 1, 1, 12, 3, 65, 66])),
        (243, overrun(3, 2))
    );
    assert_eq!(
        refused(&with_options(&[53, 1, 1, 12])),
        (243, DecodeReason::MissingLength { code })
    );
    let mut file = [0; 128];
    file[126..].copy_from_slice(&[12, 1]);
    assert_eq!(
        refused(&overloaded(&[52, 1, 1], &file, &[])),
        (234, overrun(1, 0))
    );
    let mut sname = [0; 64];
    sname[63] = 12;
    assert_eq!(
        refused(&overloaded(&[52, 1, 2], &[], &sname)),
        (107, DecodeReason::MissingLength { code })
    );
    assert!(Packet::parse(&overloaded(&[52, 1, 1], &[], &sname)).is_ok());
}

#[test]
fn end_is_optional_and_final() {
    let packet = with_options(&[0, 0, 53, 1, 1, 0, 55, 2, 1, 3, 0, 0]);
    let packet = Packet::parse(&packet).unwrap();
    assert_eq!(packet.message_type(), Some(MessageType::DISCOVER));
    assert_eq!(bytes(packet.parameter_request_list()), Some(vec![1, 3]));
    let packet = with_options(&[53, 1, 1, 255, 55, 200, 1]);
    let packet = Packet::parse(&packet).unwrap();
    assert_eq!(
        packet.options().collect::<Vec<_>>(),
        [(OptionCode(53), &[1][..])]
    );
    assert!(!packet.has_option(OptionCode(55)));
}

#[test]
fn overload_goes_on_in_file_then_in_sname() {
    let packet = overloaded(
        &[53, 1, 2, 12, 2, 97, 98, 52, 1, 3, 255],
        &[12, 1, 99, 0, 15, 1, 120, 255, 12, 200],
        &[12, 1, 100, 43, 0],
    );
    let packet = Packet::parse(&packet).unwrap();
    let codes: Vec<u8> = packet.options().map(|(code, _)| code.0).collect();
    assert_eq!(codes, [53, 12, 52, 12, 15, 12, 43]);
    assert_eq!(bytes(packet.host_name()), Some(b"abcd".to_vec()));
    assert_eq!(packet.overload(), 3);
    let name = packet.host_name().unwrap();
    assert_eq!((name.as_slice(), name.len()), (None, 4));
    assert_eq!(
        name.fragments().collect::<Vec<_>>(),
        [&b"ab"[..], b"c", b"d"]
    );
    assert_eq!(name.contiguous(&mut [0; 4]), Some(&b"abcd"[..]));
    assert_eq!(name.contiguous(&mut [0; 3]), None);
}

#[test]
fn overload_counts_in_the_options_field_only() {
    // As dhcpd has it: the first byte's lowest bits, whatever the length.
    for (option, bits) in [
        (&[52, 0][..], 0),
        (&[52, 1, 5], 1),
        (&[52, 2, 2, 0], 2),
        (&[52, 1, 4], 0),
    ] {
        let packet = with_options(option);
        assert_eq!(Packet::parse(&packet).unwrap().overload(), bits);
    }
    let packet = overloaded(&[52, 1, 1], &[52, 1, 2, 255], &[12, 1, 65]);
    assert_eq!(Packet::parse(&packet).unwrap().host_name(), None);
    let packet = overloaded(&[52, 0, 52, 1, 2], &[], &[12, 1, 65]);
    assert_eq!(
        bytes(Packet::parse(&packet).unwrap().host_name()),
        Some(vec![65])
    );
}

#[test]
fn fragments_are_joined() {
    let packet = with_options(&[55, 2, 1, 3, 53, 1, 1, 55, 1, 6, 77, 1, 97, 77, 1, 98]);
    let packet = Packet::parse(&packet).unwrap();
    assert_eq!(bytes(packet.parameter_request_list()), Some(vec![1, 3, 6]));
    assert_eq!(bytes(packet.user_class()), Some(b"ab".to_vec()));
    assert_eq!(bytes(packet.option(OptionCode(77))), Some(b"ab".to_vec()));
    // dhcpd takes the first byte of two message types, and no address of eight bytes.
    let packet = with_options(&[53, 1, 1, 53, 1, 3, 50, 4, 10, 0, 0, 1, 50, 4, 10, 0, 0, 2]);
    let packet = Packet::parse(&packet).unwrap();
    assert_eq!(packet.message_type(), Some(MessageType::DISCOVER));
    assert_eq!(packet.requested_address(), None);
    let packet = with_options(&[53, 0, 53, 1, 1, 54, 2, 10, 0, 54, 2, 0, 9]);
    let packet = Packet::parse(&packet).unwrap();
    assert_eq!(packet.message_type(), Some(MessageType::DISCOVER));
    assert_eq!(packet.server_identifier(), Some(Ipv4Addr::new(10, 0, 0, 9)));
}

#[test]
fn wrong_lengths_are_as_if_the_option_were_missing() {
    let packet = with_options(&[
        53, 0, 50, 3, 10, 0, 0, 51, 2, 1, 2, 57, 1, 9, 12, 0, 60, 0, 55, 0, 118, 1, 1,
    ]);
    let packet = Packet::parse(&packet).unwrap();
    assert_eq!(packet.message_type(), None);
    assert_eq!(
        (packet.requested_address(), packet.subnet_selection()),
        (None, None)
    );
    assert_eq!(
        (packet.lease_time(), packet.max_message_size()),
        (None, None)
    );
    assert_eq!(
        (packet.host_name(), packet.vendor_class_identifier()),
        (None, None)
    );
    assert_eq!(packet.parameter_request_list(), None);
}

#[test]
fn getters() {
    let packet = with_options(&[
        53, 1, 3, 50, 4, 10, 0, 0, 7, 54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 14, 16, 61, 1, 9, 57, 2, 5,
        220, 60, 2, 77, 83, 12, 3, 97, 98, 0, 81, 4, 0, 0, 0, 97, 118, 4, 10, 1, 0, 0, 93, 4, 0, 7,
        0, 9, 56, 2, 110, 111, 255,
    ]);
    let packet = Packet::parse(&packet).unwrap();
    assert_eq!(packet.message_type(), Some(MessageType::REQUEST));
    assert_eq!(packet.requested_address(), Some(Ipv4Addr::new(10, 0, 0, 7)));
    assert_eq!(packet.server_identifier(), Some(Ipv4Addr::new(10, 0, 0, 1)));
    assert_eq!(
        (packet.lease_time(), packet.max_message_size()),
        (Some(3600), Some(1500))
    );
    assert_eq!(bytes(packet.client_identifier()), Some(vec![9]));
    assert_eq!(
        bytes(packet.vendor_class_identifier()),
        Some(b"MS".to_vec())
    );
    assert_eq!(
        bytes(packet.host_name()),
        Some(b"ab".to_vec()),
        "without the zero byte"
    );
    assert_eq!(bytes(packet.client_fqdn()), Some(vec![0, 0, 0, 97]));
    assert_eq!(packet.subnet_selection(), Some(Ipv4Addr::new(10, 1, 0, 0)));
    assert_eq!(
        (packet.client_architecture(), packet.option_overload()),
        (Some(7), None)
    );
    assert_eq!(bytes(packet.message()), Some(b"no".to_vec()));
    assert_eq!(
        packet.check_lengths().unwrap_err().reason,
        DecodeReason::OptionLength {
            code: OptionCode::DHCP_CLIENT_IDENTIFIER,
            len: 1,
            want: OptionCode::DHCP_CLIENT_IDENTIFIER.length_rule(),
        }
    );
}

#[test]
fn an_empty_client_identifier_is_refused() {
    assert_eq!(
        refused(&with_options(&[53, 1, 1, 61, 0])),
        (243, DecodeReason::EmptyClientIdentifier)
    );
    assert_eq!(
        refused(&with_options(&[61, 0, 53, 1, 1, 61, 0])),
        (240, DecodeReason::EmptyClientIdentifier)
    );
    let packet = with_options(&[61, 0, 61, 3, 1, 2, 3]);
    let packet = Packet::parse(&packet).unwrap();
    assert_eq!(bytes(packet.client_identifier()), Some(vec![1, 2, 3]));
}

#[test]
fn trailing_zero_bytes_go_across_fragments() {
    let packet = with_options(&[12, 2, 97, 0, 53, 1, 1, 12, 2, 0, 0]);
    let name = Packet::parse(&packet).unwrap().host_name().unwrap();
    assert_eq!((name.to_vec(), name.len()), (b"a".to_vec(), 1));
    let packet = with_options(&[12, 2, 0, 0, 12, 1, 0]);
    assert_eq!(Packet::parse(&packet).unwrap().host_name(), None);
}

/// What dhcpd sends back of an option 82.
#[test]
fn relay_agent_information_as_far_as_it_can_be_read() {
    let echo = |option: &[u8]| {
        let packet = with_options(option);
        let relay = Packet::parse(&packet).unwrap().relay_agent_information()?;
        relay.echo(&mut [0; 64]).map(<[u8]>::to_vec)
    };
    let whole = [82, 8, 1, 2, 65, 66, 2, 2, 67, 68];
    assert_eq!(echo(&whole), Some(whole[2..].to_vec()));
    assert_eq!(
        echo(&[82, 8, 2, 2, 65, 66, 1, 9, 67, 68]),
        Some(vec![2, 2, 65, 66]),
        "overrun"
    );
    assert_eq!(
        echo(&[82, 5, 2, 2, 65, 66, 1]),
        Some(vec![2, 2, 65, 66]),
        "code alone"
    );
    assert_eq!(
        echo(&[82, 7, 2, 2, 65, 66, 0, 0, 0]),
        Some(vec![2, 2, 65, 66]),
        "zeros"
    );
    assert_eq!(echo(&[82, 5, 0, 2, 2, 65, 66]), None, "zero first");
    assert_eq!(
        echo(&[82, 5, 1, 9, 97, 98, 99]),
        None,
        "nothing but an overrun"
    );
    assert_eq!(echo(&[82, 0]), None);
    let two = [82, 4, 2, 2, 65, 66, 82, 4, 1, 2, 67, 68];
    assert_eq!(
        echo(&two),
        Some(vec![2, 2, 65, 66, 1, 2, 67, 68]),
        "two of them"
    );
    let cut = [82, 3, 2, 2, 65, 82, 5, 66, 1, 2, 67, 68];
    assert_eq!(echo(&cut), Some(vec![66, 1, 2]), "each is read by itself");
    assert_eq!(
        echo(&[82, 6, 2, 0, 1, 2, 67, 68]),
        Some(vec![1, 2, 67, 68]),
        "empty"
    );
    assert_eq!(
        echo(&[82, 8, 1, 2, 65, 66, 1, 2, 67, 68]),
        Some(vec![1, 2, 65, 66]),
        "twice"
    );
    assert_eq!(
        echo(&[82, 6, 1, 0, 1, 2, 67, 68]),
        Some(vec![]),
        "twice, first empty"
    );
    assert_eq!(echo(&[82, 4, 255, 2, 65, 66]), Some(vec![255, 2, 65, 66]));
}

#[test]
fn relay_sub_options() {
    let packet = with_options(&[
        82, 22, 1, 2, 65, 66, 2, 2, 67, 68, 5, 4, 10, 1, 0, 0, 11, 4, 10, 1, 0, 1, 1, 0,
    ]);
    let packet = Packet::parse(&packet).unwrap();
    let relay = packet.relay_agent_information().unwrap();
    assert_eq!(relay.circuit_id(), Some(&b"AB"[..]));
    assert_eq!(relay.remote_id(), Some(&b"CD"[..]));
    assert_eq!(relay.link_selection(), Some(Ipv4Addr::new(10, 1, 0, 0)));
    assert_eq!(relay.server_id_override(), Some(Ipv4Addr::new(10, 1, 0, 1)));
    assert_eq!(relay.get(SubOptionCode::SUBSCRIBER_ID), None);
    let codes: Vec<u8> = relay.sub_options().map(|(code, _)| code.0).collect();
    assert_eq!(codes, [1, 2, 5, 11, 1]);
    assert_eq!(relay.echo(&mut [0; 19]), None, "too little room");
}

#[test]
fn lengths_are_checked_after_joining() {
    let first = |option: &[u8]| {
        Packet::parse(&with_options(option))
            .unwrap()
            .check_lengths()
    };
    assert_eq!(
        first(&[1, 4, 255, 0, 0, 0, 3, 8, 0, 0, 0, 0, 0, 0, 0, 0, 224, 0]),
        Ok(())
    );
    assert_eq!(first(&[54, 2, 10, 0, 54, 2, 0, 9]), Ok(()), "two halves");
    assert_eq!(
        first(&[6, 6, 1, 1, 1, 1, 2, 2, 6, 2, 2, 2]),
        Ok(()),
        "cut within an address"
    );
    let wrong = |option: &[u8]| match first(option).unwrap_err() {
        error if matches!(error.reason, DecodeReason::RelayAgentInformation) => {
            (error.offset, 82, 0)
        }
        error => match error.reason {
            DecodeReason::OptionLength { code, len, .. } => (error.offset, code.0, len),
            other => panic!("{other}"),
        },
    };
    assert_eq!(wrong(&[53, 1, 1, 1, 3, 255, 0, 0]), (243, 1, 3));
    assert_eq!(
        wrong(&[16, 4, 1, 1, 1, 1, 16, 4, 1, 1, 1, 1]),
        (240, 16, 8),
        "twice"
    );
    assert_eq!(wrong(&[3, 0]), (240, 3, 0));
    assert_eq!(wrong(&[53, 2, 1, 1]), (240, 53, 2));
    assert_eq!(wrong(&[53, 1, 1, 82, 5, 1, 2, 65, 66, 0]), (243, 82, 0));
}

#[test]
fn names_are_those_of_dhcpd() {
    assert_eq!(
        OptionCode::DHCP_CLIENT_IDENTIFIER.name(),
        Some("dhcp-client-identifier")
    );
    assert_eq!(
        OptionCode::from_name("domain-name-servers"),
        Some(OptionCode(6))
    );
    assert_eq!(OptionCode::from_name("classless-static-routes"), None);
    assert_eq!(
        (OptionCode(224).name(), OptionCode::END.name()),
        (None, None)
    );
    assert_eq!(OptionCode(224).length_rule(), LengthRule::ANY);
    for code in (0..=255).map(OptionCode) {
        assert_eq!(
            code.name().and_then(OptionCode::from_name),
            code.name().map(|_| code)
        );
    }
}

#[test]
fn errors_say_where_and_why() {
    let error = Packet::parse(&with_options(&[53, 1, 1, 12, 3, 65, 66])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "at byte 243: option 12 (host-name) is 3 bytes long, but only 2 are left"
    );
    let packet = with_options(&[53, 1, 1, 1, 3, 255, 0, 0]);
    let error = Packet::parse(&packet).unwrap().check_lengths().unwrap_err();
    assert_eq!(
        error.to_string(),
        "at byte 243: option 1 (subnet-mask) is 3 bytes long, its definition wants exactly 4 bytes"
    );
}
