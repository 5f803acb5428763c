//! `explain`: which server would answer a client, with what, and which line of the file each part of it comes from.
//!
//! Nothing of the rules is here: a server is made of the file, put where it serves alone, given the client's DHCPDISCOVER, and
//! what it says is shown, with what it took down on the way.

mod ask;
mod facts;
mod print;

use std::ffi::OsString;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use dhcp_split::{Explanation, Hba, LoadBalance};
use dhcp4_server::Trace;
use dhcpd_text::conf::{AddressOrName, FailoverPeer};
use dhcpd_text::review::Document;

use crate::start::plain;

/// Explains what a client would get, and why: which server answers, the subnet, pool, class and host, each option and the
/// line that it comes from.
///
/// The client is taken to send a DHCPDISCOVER and to have no lease yet. It is on the network of --relay or --interface;
/// without both, on the one network that the file has pools for.
#[derive(Parser)]
#[command(name = "dhcp-failoverd explain", bin_name = "dhcp-failoverd explain")]
struct Arguments {
    /// The configuration.
    #[arg(
        long = "cf",
        value_name = "CONF",
        default_value = "/etc/dhcp/dhcpd.conf"
    )]
    conf: PathBuf,
    /// The client's Ethernet address.
    #[arg(long, value_name = "MAC", value_parser = ask::mac)]
    mac: [u8; 6],
    /// Its client identifier (option 61): text, or octets such as 01:02:5e:00:00:01.
    #[arg(long, value_name = "ID", value_parser = ask::bytes)]
    client_id: Option<Bytes>,
    /// An option that it sends, by number or name: 60=phone, vendor-class-identifier=phone, 93=00:07, 82.1=port-7.
    #[arg(long, value_name = "OPTION=VALUE")]
    option: Vec<String>,
    /// The relay agent's address (giaddr).
    #[arg(long, value_name = "ADDRESS")]
    relay: Option<Ipv4Addr>,
    /// The server's interface: a name, or the address that it has there.
    #[arg(long, value_name = "NAME|ADDRESS")]
    interface: Option<String>,
    /// Draw the split of the relationship's 256 hash buckets.
    #[arg(long)]
    split: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Octets from the command line. (A list would be several arguments to the reader.)
type Bytes = std::sync::Arc<[u8]>;

/// The client's question.
struct Client {
    mac: [u8; 6],
    identifier: Option<Bytes>,
    options: Vec<(u8, Vec<u8>)>,
    relay: Option<Ipv4Addr>,
}

/// What there is to tell.
struct Answer<'d> {
    document: &'d Document,
    client: &'d Client,
    trace: Trace,
    /// The reply's bytes; `None` if there is none.
    reply: Option<Vec<u8>>,
    /// What the server logged.
    log: Vec<String>,
    /// The relationship that the client's pools belong to.
    peer: Option<&'d FailoverPeer>,
    split: bool,
}

/// Explains as told by the words behind `explain`; success if the client would be answered.
pub(crate) fn run(args: Vec<OsString>) -> ExitCode {
    // dhcpd's own spelling of the option.
    let spelled = |word: OsString| {
        if word == "-cf" {
            OsString::from("--cf")
        } else {
            word
        }
    };
    let words = std::iter::once(OsString::from("explain")).chain(args.into_iter().map(spelled));
    let arguments = Arguments::parse_from(words); // prints and exits by itself for --help and wrong usage
    match explain(&arguments) {
        Ok((text, answered)) => {
            println!("{text}");
            if answered {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn explain(arguments: &Arguments) -> Result<(String, bool), String> {
    let name = arguments.conf.display().to_string();
    let text = fs::read(&arguments.conf)
        .map_err(|error| format!("Can't open {name}: {}", plain(&error)))?;
    let mut load = |name: &str| fs::read(name).map_err(|error| plain(&error));
    let mut document = Document::read(&name, &text, &mut load).map_err(|errors| {
        errors
            .iter()
            .map(|error| format!("{error}\n"))
            .collect::<String>()
    })?;
    for peer in &mut document.config.failover_peers {
        for address in peer.address.iter_mut().chain([&mut peer.peer_address]) {
            if let AddressOrName::Name(_) = address {
                // Nothing is said to the partner, so any will do.
                *address = AddressOrName::Address(Ipv4Addr::UNSPECIFIED);
            }
        }
    }
    let options = ask::options(&arguments.option, &document.config.spaces)?;
    let client = Client {
        mac: arguments.mac,
        identifier: arguments.client_id.clone(),
        options,
        relay: arguments.relay,
    };
    let interface = ask::interface(
        &document.config,
        arguments.interface.as_deref(),
        client.relay,
    )?;
    let (trace, reply, log) = ask::answer(&document.config, interface, &client)?;
    let peer = peer_of(&document, &trace);
    let answer = Answer {
        document: &document,
        client: &client,
        trace,
        reply,
        log,
        peer,
        split: arguments.split,
    };
    let text = if arguments.json {
        print::json(&answer)
    } else {
        print::text(&answer)
    };
    Ok((text, answer.reply.is_some()))
}

/// The relationship of the pool that the answer is from, or else of any pool of the client's network.
fn peer_of<'d>(document: &'d Document, trace: &Trace) -> Option<&'d FailoverPeer> {
    let peers = &document.config.failover_peers;
    match &trace.lease {
        Some(lease) => {
            let name = lease.relationship.as_ref()?;
            peers.iter().find(|peer| peer.name == *name)
        }
        None => match &peers[..] {
            [only] => Some(only),
            _ => None,
        },
    }
}

impl Answer<'_> {
    /// Who answers where no load balancing is done.
    fn unshared(&self) -> &'static str {
        match &self.trace.lease {
            Some(lease) if lease.pool.is_none() => {
                "each server answers that has this fixed address in its file"
            }
            _ => "this one: the pool is not shared",
        }
    }

    /// How the relationship's load balancing takes the client.
    fn balance(&self) -> Option<(LoadBalance, Explanation<'_>)> {
        let peer = self.peer?;
        let root = &self.document.config.scopes[0].settings;
        let balance = LoadBalance {
            hba: peer.hba.map(Hba::from_bytes),
            max_seconds: peer.load_balance_max_seconds,
            check_secs_byte_order: root.check_secs_byte_order.unwrap_or(false),
        };
        let identifier = self.client.identifier.as_deref();
        let explanation = dhcp_split::explain(&balance, identifier, &self.client.mac, 0);
        Some((balance, explanation))
    }
}
