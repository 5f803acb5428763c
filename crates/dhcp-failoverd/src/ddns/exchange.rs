//! One update and its answer, by UDP: the servers of the zone are asked one after the other.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use dhcp4_server::{DnsAnswer, DnsUpdate, DnsZone};
use dhcpd_text::conf::AddressOrName;
use hickory_proto::op::{Message, ResponseCode};
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout;

use super::message::message;
use super::tsig::Signer;
use crate::clock;
use crate::omapi_key::KeyError;

/// Port of name servers.
const PORT: u16 = 53;
/// How long an answer is waited for, each time that the message was sent: ten seconds in all, as long as a client of BIND
/// waits.
const WAITS: [Duration; 3] = [
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(5),
];
/// Servers of one zone that are asked: the most that dhcpd asks.
const MAX_SERVERS: usize = 8;
/// Longest answer, bytes.
const MAX_ANSWER: usize = 4096;

/// Where the names of a zone are changed.
pub(super) struct Server {
    zone: DnsZone,
    signer: Option<Result<Signer, KeyError>>,
    source: Option<Ipv4Addr>,
}

impl Server {
    pub(super) fn new(zone: &DnsZone, source: Option<Ipv4Addr>) -> Self {
        Self {
            zone: zone.clone(),
            signer: zone.key.as_ref().map(Signer::new),
            source,
        }
    }

    /// As dhcpd orders them: primaries by IPv4 and by IPv6, then secondaries.
    async fn addresses(&self) -> Vec<IpAddr> {
        let declared = &self.zone.declared;
        let mut all = Vec::new();
        for (four, six) in [
            (&declared.primary, &declared.primary6),
            (&declared.secondary, &declared.secondary6),
        ] {
            for address in four {
                match address {
                    AddressOrName::Address(address) => all.push(IpAddr::V4(*address)),
                    AddressOrName::Name(name) => {
                        let found = lookup_host((name.as_str(), PORT)).await;
                        all.extend(found.into_iter().flatten().map(|found| found.ip()));
                    }
                }
            }
            all.extend(six.iter().copied().map(IpAddr::V6));
        }
        all.truncate(MAX_SERVERS);
        all
    }
}

/// Sends an update until a server of the zone has answered it.
pub(super) async fn exchange(server: &Server, update: &DnsUpdate) -> DnsAnswer {
    let mut answer = DnsAnswer::Failed("no server of the zone is known".into());
    for address in server.addresses().await {
        answer = match ask(server, address, update).await {
            Ok(answer) => answer,
            Err(error) => DnsAnswer::Failed(error.to_string()),
        };
        if !matches!(answer, DnsAnswer::Failed(_)) {
            break;
        }
    }
    answer
}

async fn ask(server: &Server, address: IpAddr, update: &DnsUpdate) -> io::Result<DnsAnswer> {
    let failed = |reason: &str| Ok(DnsAnswer::Failed(reason.to_owned()));
    let id = Message::query().metadata.id; // at random
    let Some(asked) = message(id, &server.zone.name, update) else {
        return failed("bad name");
    };
    let signer = match &server.signer {
        Some(Err(error)) => return failed(&error.to_string()),
        Some(Ok(signer)) => Some(signer),
        None => None,
    };
    let now = || u64::from(clock::now().unix.0);
    let signed = match signer {
        Some(signer) => signer.sign(asked, now()),
        None => asked.to_vec().ok().map(|bytes| (bytes, Vec::new())),
    };
    let Some((bytes, mac)) = signed else {
        return failed("the update can't be put into a message");
    };
    let source = match address {
        IpAddr::V4(_) => server.source.unwrap_or(Ipv4Addr::UNSPECIFIED).into(),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((source, 0)).await?;
    socket.connect((address, PORT)).await?;
    let mut unbelievable = None;
    for wait in WAITS {
        socket.send(&bytes).await?;
        let mut received = [0; MAX_ANSWER];
        let answered = timeout(wait, async {
            loop {
                let length = socket.recv(&mut received).await?;
                let answer = &received[..length];
                let Some(code) = code_of(answer, id) else {
                    continue;
                };
                match signer.map(|signer| signer.verify(answer, &mac, now())) {
                    None | Some(Ok(())) => return Ok::<_, io::Error>(code),
                    // It may be another's; the right one may follow.
                    Some(Err(why)) => unbelievable = Some(why),
                }
            }
        });
        match answered.await {
            Ok(code) => return Ok(answer_of(code?)),
            // It won't get better by asking again.
            Err(_) if unbelievable.is_some() => break,
            Err(_) => {}
        }
    }
    match unbelievable {
        Some(why) => failed(&why.to_string()),
        None => failed("timed out"),
    }
}

/// The response code of an answer to the message of this id.
fn code_of(answer: &[u8], id: u16) -> Option<ResponseCode> {
    let metadata = Message::from_vec(answer).ok()?.metadata;
    let is_answer = metadata.message_type == hickory_proto::op::MessageType::Response;
    (is_answer && metadata.id == id).then_some(metadata.response_code)
}

fn answer_of(code: ResponseCode) -> DnsAnswer {
    let failed = |reason: &str| DnsAnswer::Failed(reason.to_owned());
    match code {
        ResponseCode::NoError => DnsAnswer::Done,
        ResponseCode::NXDomain => DnsAnswer::NxDomain,
        ResponseCode::YXDomain => DnsAnswer::YxDomain,
        ResponseCode::NXRRSet => DnsAnswer::NxRrset,
        ResponseCode::YXRRSet => DnsAnswer::YxRrset,
        // In BIND's words.
        ResponseCode::FormErr => failed("FORMERR"),
        ResponseCode::ServFail => failed("SERVFAIL"),
        ResponseCode::NotImp => failed("NOTIMP"),
        ResponseCode::Refused => failed("REFUSED"),
        ResponseCode::NotAuth => failed("NOTAUTH"),
        ResponseCode::NotZone => failed("NOTZONE"),
        other => DnsAnswer::Failed(other.to_string()),
    }
}
