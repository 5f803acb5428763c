//! The question: a server made of the file, in a network that is made up, and the client's DHCPDISCOVER.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use dhcp_failover::UnixTime;
use dhcp4_server::journal::Reader;
use dhcp4_server::{Ingress, Instant, Interface, Now, Output, Seeds, Server, ServerConfig, Trace};
use dhcp4_wire::{Message, MessageType, OptionCode};
use dhcpd_text::conf::{Config, Role, SpaceId, Spaces};

use super::{Bytes, Client};
use crate::clock;
use crate::net::devices;

/// Index of the interface that is made up.
const INTERFACE: u32 = 1;
/// Longest message that is sent, and the longest reply asked for, bytes: so that no option is left out for want of room.
const MAX_MESSAGE: usize = 1500;
/// What a secondary is given for the MCLT that only its primary knows, seconds: no bound.
const UNKNOWN_MCLT: u32 = 1 << 30;
/// The agent's option, which the command line gives in parts.
const AGENT: u8 = 82;

/// Six octets with colons.
pub(super) fn mac(word: &str) -> Result<[u8; 6], String> {
    let octets = octets(word).and_then(|octets| octets.try_into().ok());
    octets.ok_or_else(|| "six octets in hexadecimal with colons".to_owned())
}

/// Octets with colons, `0x` and hexadecimal digits, a dotted address, or text.
pub(super) fn bytes(word: &str) -> Result<Bytes, String> {
    Ok(value(word).into())
}

fn value(word: &str) -> Vec<u8> {
    let hex = word.strip_prefix("0x").and_then(|digits| {
        let pairs: Vec<&str> = digits
            .as_bytes()
            .chunks(2)
            .map(|p| str::from_utf8(p).unwrap_or(""))
            .collect();
        octets(&pairs.join(":"))
    });
    let address = || {
        word.parse::<Ipv4Addr>()
            .ok()
            .map(|address| address.octets().to_vec())
    };
    let with_colons = || word.contains(':').then(|| octets(word)).flatten();
    hex.or_else(with_colons)
        .or_else(address)
        .unwrap_or_else(|| word.as_bytes().to_vec())
}

fn octets(word: &str) -> Option<Vec<u8>> {
    let octet = |part: &str| {
        (1..=2)
            .contains(&part.len())
            .then(|| u8::from_str_radix(part, 16).ok())
            .flatten()
    };
    word.split(':').map(octet).collect()
}

/// The options of the command line: code and value. Parts of option 82 are put together.
pub(super) fn options(words: &[String], spaces: &Spaces) -> Result<Vec<(u8, Vec<u8>)>, String> {
    let mut found: Vec<(u8, Vec<u8>)> = Vec::new();
    let mut agent = Vec::new();
    for word in words {
        let (name, text) = word
            .split_once('=')
            .ok_or_else(|| format!("{word}: not OPTION=VALUE"))?;
        let value = value(text);
        let unknown = || format!("{name}: no such option");
        let too_long = |_| format!("{name}: at most 255 octets");
        let part = name
            .strip_prefix("82.")
            .or_else(|| name.strip_prefix("agent."));
        match part {
            Some(part) => {
                agent.push(code(part, SpaceId::AGENT, spaces).ok_or_else(unknown)?);
                agent.push(u8::try_from(value.len()).map_err(too_long)?);
                agent.extend(value);
            }
            None => {
                let code = code(name, SpaceId::DHCP, spaces).ok_or_else(unknown)?;
                u8::try_from(value.len()).map_err(too_long)?;
                found.push((code, value));
            }
        }
    }
    if !agent.is_empty() {
        found.push((AGENT, agent));
    }
    Ok(found)
}

/// The code of an option by number or name.
fn code(name: &str, space: SpaceId, spaces: &Spaces) -> Option<u8> {
    if let Ok(code) = name.parse() {
        return Some(code);
    }
    let codes = spaces
        .codes(space)
        .filter_map(|code| u8::try_from(code).ok());
    let mut codes = codes.filter(|code| {
        let option = dhcpd_text::conf::OptionId {
            space,
            code: (*code).into(),
        };
        let full = spaces.name(option);
        full.rsplit('.')
            .next()
            .is_some_and(|last| last.eq_ignore_ascii_case(name))
    });
    codes.next()
}

/// The interface that the client's packet comes in by.
pub(super) fn interface(
    config: &Config,
    named: Option<&str>,
    relay: Option<Ipv4Addr>,
) -> Result<Interface, String> {
    let made_up = |name: &str, address: Option<Ipv4Addr>| Interface {
        name: name.to_owned(),
        index: INTERFACE,
        addresses: address
            .map(|address| (address, Ipv4Addr::BROADCAST))
            .into_iter()
            .collect(),
        mac: [2, 0, 0, 0, 0, 1],
    };
    let own = config
        .failover_peers
        .iter()
        .find_map(|peer| peer.address.as_ref()?.address());
    let own = own.filter(|address| !address.is_unspecified());
    match (named, relay) {
        (Some(named), _) => match named.parse() {
            Ok(address) => Ok(made_up("eth0", Some(address))),
            Err(_) => {
                // On the server itself its addresses are known; elsewhere `interface` statements may name it.
                let found = devices(&[named.to_owned()])
                    .ok()
                    .and_then(|mut found| found.pop());
                Ok(found.map_or_else(
                    || made_up(named, None),
                    |device| Interface {
                        index: INTERFACE,
                        ..device.interface
                    },
                ))
            }
        },
        (None, Some(_)) => Ok(made_up("eth0", own)),
        (None, None) => {
            let has_pools = |network: &&dhcpd_text::conf::SharedNetwork| {
                !network.pools.is_empty()
                    || network
                        .subnets
                        .iter()
                        .any(|subnet| !subnet.pools.is_empty())
            };
            let networks: Vec<_> = config.shared_networks.iter().filter(has_pools).collect();
            let [only] = networks[..] else {
                return Err("the file has more than one network: say where the client is, with --relay or --interface".to_owned());
            };
            let here =
                own.filter(|address| only.subnets.iter().any(|subnet| subnet.contains(*address)));
            let first = only
                .subnets
                .first()
                .map(|subnet| Ipv4Addr::from_bits(subnet.network.to_bits() + 1));
            Ok(made_up("eth0", here.or(first)))
        }
    }
}

/// What was taken down, the reply if there is one, and what was logged.
type Answered = (Trace, Option<Vec<u8>>, Vec<String>);

/// Asks.
pub(super) fn answer(
    config: &Config,
    interface: Interface,
    client: &Client,
) -> Result<Answered, String> {
    let mut config = config.clone();
    for peer in &mut config.failover_peers {
        if peer.role == Role::Secondary {
            peer.mclt.get_or_insert(UNKNOWN_MCLT);
        }
    }
    let (mut server_config, _) =
        ServerConfig::from_conf(&config, &[interface]).map_err(|errors| {
            errors
                .iter()
                .map(|error| format!("{error}\n"))
                .collect::<String>()
        })?;
    server_config.start_with(false, true);
    let real = clock::now();
    // The relationships have been in PARTNER-DOWN for long: all addresses are this server's to give.
    let mut now = Now {
        mono: Instant::from_millis(1_000_000),
        unix: real.unix,
    };
    let mut states = String::new();
    for peer in &config.failover_peers {
        let since = UnixTime(0).0;
        _ = writeln!(
            states,
            "failover peer \"{}\" state {{\n  my state partner-down at epoch {since};\n  partner state communications-interrupted at epoch {since};\n}}",
            peer.name
        );
    }
    let records = Reader::new("states", states.as_bytes())
        .filter_map(Result::ok)
        .map(|entry| entry.record);
    let seeds = Seeds { hash_key: [0, 0] };
    let mut server =
        Server::new(server_config, records, seeds, now).map_err(|error| error.to_string())?;
    let mut said = Said::default();
    said.drain(&mut server, now);
    said.log.clear();
    server.trace();
    let from = Ingress {
        interface: INTERFACE,
        from: SocketAddrV4::new(
            client.relay.unwrap_or(Ipv4Addr::UNSPECIFIED),
            if client.relay.is_some() { 67 } else { 68 },
        ),
        unicast: client.relay.is_some(),
    };
    server.handle_packet(&discover(client)?, &from, now);
    said.drain(&mut server, now);
    // The offer waits for a probe of the address, which nobody answers.
    let probes = said.probing;
    if probes
        && said.reply.is_none()
        && let Some((at, _)) = server.poll_timeout()
    {
        now = Now {
            mono: at.max(now.mono + Duration::from_secs(1)),
            ..now
        };
        server.handle_timeout(now);
        said.drain(&mut server, now);
    }
    Ok((
        server.take_trace().unwrap_or_default(),
        said.reply,
        said.log,
    ))
}

/// What the server says.
#[derive(Default)]
struct Said {
    reply: Option<Vec<u8>>,
    log: Vec<String>,
    probing: bool,
}

impl Said {
    fn drain(&mut self, server: &mut Server, now: Now) {
        while let Some(output) = server.poll_output() {
            match output {
                Output::Reply { packet, .. } => self.reply = Some(packet),
                Output::Event(event) => self.log.push(event.to_string()),
                Output::Dial(id) => server.handle_dial_failed(id, false, now),
                Output::Probe(_) => self.probing = true,
                // There is no partner, no disk, and nothing is to be run.
                Output::Store(_)
                | Output::PeerBytes(..)
                | Output::PeerClose(_)
                | Output::Execute { .. }
                | Output::Dns(_) => {}
            }
        }
    }
}

/// The client's DHCPDISCOVER.
fn discover(client: &Client) -> Result<Vec<u8>, String> {
    let mut message = Message::request(1, client.mac);
    message.giaddr = client.relay.unwrap_or(Ipv4Addr::UNSPECIFIED);
    message.options.set_message_type(MessageType::DISCOVER);
    message.options.set_max_message_size(MAX_MESSAGE as u16);
    if let Some(identifier) = &client.identifier {
        message.options.set_client_identifier(identifier);
    }
    let (last, others): (Vec<_>, Vec<_>) =
        client.options.iter().partition(|(code, _)| *code == AGENT);
    for (code, value) in others.into_iter().chain(last) {
        message.options.set(OptionCode(*code), value.clone());
    }
    let mut datagram = Vec::new();
    message
        .encode(MAX_MESSAGE, &mut datagram)
        .map_err(|error| error.to_string())?;
    Ok(datagram)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_people_write_them() {
        assert_eq!(value("phone"), b"phone");
        assert_eq!(value("00:7"), [0, 7]);
        assert_eq!(value("0x0007"), [0, 7]);
        assert_eq!(value("10.0.0.1"), [10, 0, 0, 1]);
        assert_eq!(value("0xzz"), b"0xzz");
        assert_eq!(mac("02:0:5e:00:00:1"), Ok([2, 0, 0x5e, 0, 0, 1]));
        assert!(mac("02:00").is_err() && mac("").is_err());
    }

    #[test]
    fn options_by_number_and_by_name() {
        let spaces = Spaces::default();
        let words = [
            "vendor-class-identifier=a",
            "93=00:07",
            "82.1=p",
            "agent.remote-id=q",
        ]
        .map(String::from);
        let expected = vec![
            (60, b"a".to_vec()),
            (93, vec![0, 7]),
            (82, vec![1, 1, b'p', 2, 1, b'q']),
        ];
        assert_eq!(options(&words, &spaces), Ok(expected));
        assert!(options(&["nonsense=1".into()], &spaces).is_err());
        assert!(options(&["60".into()], &spaces).is_err());
    }
}
