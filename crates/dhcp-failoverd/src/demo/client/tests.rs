use super::*;

const ME: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 10);
const PRIMARY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const SECONDARY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn poll(client: &mut Client, at: u64) -> Vec<Action> {
    let mut out = Vec::new();
    client.poll(ms(at), &mut out);
    out
}

/// The one message among the actions.
fn sent(actions: &[Action]) -> (Audience, Message) {
    let mut sent = actions.iter().filter_map(|action| match action {
        Action::Send(audience, packet) => Some((*audience, Message::decode(packet).unwrap())),
        _ => None,
    });
    let message = sent.next().unwrap();
    assert_eq!(sent.next(), None);
    message
}

fn kind(message: &Message) -> MessageType {
    MessageType(message.options.get(OptionCode::DHCP_MESSAGE_TYPE).unwrap()[0])
}

/// What a server says to a client's last message, without T1 and T2.
fn answer(
    client: &mut Client,
    at: u64,
    to: &Message,
    kind: MessageType,
    server: Ipv4Addr,
    address: Ipv4Addr,
    seconds: u32,
) -> Vec<Action> {
    answer_with(
        client,
        at,
        to,
        kind,
        server,
        address,
        &[(OptionCode::DHCP_LEASE_TIME, seconds)],
    )
}

fn answer_with(
    client: &mut Client,
    at: u64,
    to: &Message,
    kind: MessageType,
    server: Ipv4Addr,
    address: Ipv4Addr,
    times: &[(OptionCode, u32)],
) -> Vec<Action> {
    let mut reply = to.clone();
    reply.op = OpCode::BOOTREPLY;
    reply.yiaddr = address;
    reply.options = dhcp4_wire::Options::new();
    reply.options.set_message_type(kind);
    reply.options.set_server_identifier(server);
    for (code, seconds) in times {
        reply.options.push(*code, seconds.to_be_bytes());
    }
    let mut bytes = Vec::new();
    reply.encode(MAX_MESSAGE, &mut bytes).unwrap();
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(Client::number_of(&packet), Some(client.number));
    let mut out = Vec::new();
    client.receive(&packet, ms(at), &mut out);
    out
}

/// A client with a lease of 8 s since 1.1 s, from the primary.
fn bound() -> Client {
    let mut client = Client::new(7, ms(1000));
    let (_, discover) = sent(&poll(&mut client, 1000));
    let offered = answer(
        &mut client,
        1050,
        &discover,
        MessageType::OFFER,
        PRIMARY,
        ME,
        8,
    );
    let (_, request) = sent(&offered);
    let told = answer(
        &mut client,
        1100,
        &request,
        MessageType::ACK,
        PRIMARY,
        ME,
        8,
    );
    let holds = Action::Holds {
        address: ME,
        until: ms(9050), // counted from the REQUEST
        server: PRIMARY,
        waited: Some(ms(100)),
    };
    assert_eq!(told, [holds]);
    client
}

#[test]
fn four_messages_make_a_lease() {
    let mut client = Client::new(258, ms(1000));
    assert_eq!(poll(&mut client, 999), []);
    assert_eq!(client.waiting(ms(999)), None);
    let (audience, discover) = sent(&poll(&mut client, 1000));
    assert_eq!(
        (audience, kind(&discover)),
        (Audience::Everyone, MessageType::DISCOVER)
    );
    assert_eq!(discover.chaddr[..6], [2, 0, 0, 0, 1, 2]);
    let id = discover
        .options
        .get(OptionCode::DHCP_CLIENT_IDENTIFIER)
        .unwrap();
    assert_eq!(id, [1, 2, 0, 0, 0, 1, 2]);
    let offered = answer(
        &mut client,
        1003,
        &discover,
        MessageType::OFFER,
        SECONDARY,
        ME,
        8,
    );
    let (audience, request) = sent(&offered);
    assert_eq!(
        (audience, kind(&request)),
        (Audience::Everyone, MessageType::REQUEST)
    );
    assert_eq!(
        request
            .options
            .get(OptionCode::DHCP_REQUESTED_ADDRESS)
            .unwrap(),
        ME.octets()
    );
    assert_eq!(
        request
            .options
            .get(OptionCode::DHCP_SERVER_IDENTIFIER)
            .unwrap(),
        SECONDARY.octets()
    );
    assert_eq!(request.ciaddr, Ipv4Addr::UNSPECIFIED);
    assert_eq!(client.waiting(ms(1500)), Some(ms(500)));
    assert!(client.is_asking(SECONDARY) && !client.is_asking(PRIMARY));
    let told = answer(
        &mut client,
        1010,
        &request,
        MessageType::ACK,
        SECONDARY,
        ME,
        8,
    );
    assert_eq!(told.len(), 1);
    assert!(client.is_bound_since(ms(1003)) && client.has_address());
    assert_eq!(
        (client.server(), client.waiting(ms(1500))),
        (Some(SECONDARY), None)
    );
}

#[test]
fn it_asks_again_ever_more_slowly_and_says_for_how_long() {
    let mut client = Client::new(1, ms(0));
    let mut times = Vec::new();
    let mut secs = Vec::new();
    for at in 0..20_000 {
        let actions = poll(&mut client, at);
        if !actions.is_empty() {
            times.push(at);
            secs.push(sent(&actions).1.secs);
        }
    }
    let gaps: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (gap, least) in gaps.iter().zip([1000, 2000, 4000, 4000, 4000]) {
        assert!((least..least + JITTER_MS).contains(gap), "{gaps:?}");
    }
    assert_eq!(secs[..4], [0, 1, 3, 7]);
}

#[test]
fn a_silent_server_is_given_up_and_the_clock_goes_on() {
    let mut client = Client::new(1, ms(0));
    let (_, discover) = sent(&poll(&mut client, 0));
    answer(
        &mut client,
        5,
        &discover,
        MessageType::OFFER,
        PRIMARY,
        ME,
        8,
    );
    let (_, second) = sent(&poll(&mut client, 1300));
    assert_eq!(
        (kind(&second), second.xid),
        (MessageType::REQUEST, discover.xid)
    );
    let (_, anew) = sent(&poll(&mut client, 3600));
    assert_eq!((kind(&anew), anew.secs), (MessageType::DISCOVER, 3));
    assert_ne!(anew.xid, discover.xid);
    assert_eq!(client.waiting(ms(3600)), Some(ms(3600)));
}

#[test]
fn a_lease_is_renewed_with_its_server_and_then_with_any() {
    let mut client = bound();
    assert_eq!(poll(&mut client, 5049), []);
    let (audience, renewal) = sent(&poll(&mut client, 5050));
    assert_eq!(audience, Audience::Server(PRIMARY));
    assert_eq!((kind(&renewal), renewal.ciaddr), (MessageType::REQUEST, ME));
    assert_eq!(
        renewal.options.get(OptionCode::DHCP_SERVER_IDENTIFIER),
        None
    );
    assert!(client.has_address() && !client.is_bound_since(ms(0)));
    let at_t2 = sent(&poll(&mut client, 8050));
    assert_eq!((at_t2.0, at_t2.1.secs), (Audience::Everyone, 3));
    let told = answer(
        &mut client,
        8060,
        &at_t2.1,
        MessageType::ACK,
        SECONDARY,
        ME,
        30,
    );
    let holds = Action::Holds {
        address: ME,
        until: ms(38_050),
        server: SECONDARY,
        waited: None,
    };
    assert_eq!(told, [holds]);
    // The other server's answer to the same broadcast comes too late to matter.
    assert_eq!(
        answer(
            &mut client,
            8070,
            &at_t2.1,
            MessageType::ACK,
            PRIMARY,
            ME,
            30
        ),
        []
    );
    assert_eq!(client.server(), Some(SECONDARY));
}

#[test]
fn a_lease_that_nobody_extends_runs_out() {
    let mut client = bound();
    let mut losses = Vec::new();
    for at in 5000..9100 {
        let actions = poll(&mut client, at);
        losses.extend(
            actions
                .into_iter()
                .filter(|a| !matches!(a, Action::Send(..)))
                .map(|a| (at, a)),
        );
    }
    assert_eq!(losses, [(9050, Action::Loses(ME, Loss::RanOut))]);
    assert_eq!(client.waiting(ms(9100)), Some(ms(50)));
}

#[test]
fn a_refused_lease_is_lost_at_once() {
    let mut client = bound();
    let (_, renewal) = sent(&poll(&mut client, 5050));
    let told = answer(
        &mut client,
        5060,
        &renewal,
        MessageType::NAK,
        PRIMARY,
        ME,
        0,
    );
    assert_eq!(told[0], Action::Loses(ME, Loss::Refused));
    assert_eq!(kind(&sent(&told).1), MessageType::DISCOVER);
    assert!(!client.has_address());
}

#[test]
fn another_address_is_a_lost_one() {
    let mut client = bound();
    let (_, renewal) = sent(&poll(&mut client, 5050));
    let other = Ipv4Addr::new(198, 18, 0, 99);
    let told = answer(
        &mut client,
        5060,
        &renewal,
        MessageType::ACK,
        PRIMARY,
        other,
        8,
    );
    assert_eq!(told[0], Action::Loses(ME, Loss::Moved));
    assert!(matches!(told[1], Action::Holds { address, .. } if address == other));
}

#[test]
fn a_refused_offer_loses_nothing() {
    let mut client = Client::new(1, ms(0));
    let (_, discover) = sent(&poll(&mut client, 0));
    let (_, request) = sent(&answer(
        &mut client,
        5,
        &discover,
        MessageType::OFFER,
        PRIMARY,
        ME,
        8,
    ));
    let told = answer(&mut client, 9, &request, MessageType::NAK, PRIMARY, ME, 0);
    assert_eq!(told.len(), 1);
    assert_eq!(kind(&sent(&told).1), MessageType::DISCOVER);
}

#[test]
fn strange_answers_are_ignored() {
    let mut client = bound();
    let (_, renewal) = sent(&poll(&mut client, 5050));
    let other = Message {
        xid: renewal.xid ^ 1,
        ..renewal.clone()
    };
    assert_eq!(
        answer(&mut client, 5060, &other, MessageType::NAK, PRIMARY, ME, 0),
        []
    );
    assert_eq!(
        answer(
            &mut client,
            5060,
            &renewal,
            MessageType::OFFER,
            PRIMARY,
            ME,
            8
        ),
        []
    );
    assert!(client.has_address());
}

#[test]
fn the_roll_call_asks_one_server() {
    let mut client = bound();
    client.call(SECONDARY, ms(2000));
    assert!(!client.is_bound_since(ms(2000)));
    assert_eq!(
        client.server(),
        Some(PRIMARY),
        "until the other one says yes"
    );
    let (audience, renewal) = sent(&poll(&mut client, 2000));
    assert_eq!(
        (audience, renewal.ciaddr),
        (Audience::Server(SECONDARY), ME)
    );
    let told = answer(
        &mut client,
        2010,
        &renewal,
        MessageType::ACK,
        SECONDARY,
        ME,
        7,
    );
    assert!(matches!(told[..], [Action::Holds { until, .. }] if until == ms(9000)));
    assert!(client.is_bound_since(ms(2000)));
    assert_eq!(client.server(), Some(SECONDARY));
}

#[test]
fn a_server_may_say_when_to_ask_again() {
    for (renew, rebind, t1, t2) in [
        (2, 3, 2000, 3000),
        (100, 200, 4000, 7000),
        (3, 2, 4000, 7000),
    ] {
        let mut client = bound();
        let (_, renewal) = sent(&poll(&mut client, 5050));
        let times = [
            (OptionCode::DHCP_LEASE_TIME, 8),
            (OptionCode::DHCP_RENEWAL_TIME, renew),
            (OptionCode::DHCP_REBINDING_TIME, rebind),
        ];
        answer_with(
            &mut client,
            5060,
            &renewal,
            MessageType::ACK,
            PRIMARY,
            ME,
            &times,
        );
        assert_eq!(poll(&mut client, 5050 + t1 - 1), []);
        assert_eq!(
            sent(&poll(&mut client, 5050 + t1)).0,
            Audience::Server(PRIMARY)
        );
        assert_eq!(sent(&poll(&mut client, 5050 + t2)).0, Audience::Everyone);
    }
}
