//! The relay agent between the clients and the servers.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use super::client::Audience;

/// The relay's own address: servers answer to it, at their own port.
const RELAY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);
/// Where both servers listen, each at a port of its own.
pub(super) const SERVERS: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Longest message taken.
const MAX_MESSAGE: usize = 1500;
/// How often a free port is looked for.
const PORT_TRIES: usize = 100;

/// Place of `hops` in a DHCP message.
const HOPS: usize = 3;
/// Place of `giaddr` in a DHCP message.
const GIADDR: std::ops::Range<usize> = 24..28;

/// One socket per server: replies come back to the port that a server listens on.
pub(super) struct Relay {
    links: Vec<Link>,
    buffer: [u8; MAX_MESSAGE],
}

struct Link {
    socket: UdpSocket,
    server: SocketAddrV4,
    /// What the server calls itself in option 54.
    identifier: Ipv4Addr,
}

impl Relay {
    /// A relay for servers with these identifiers, on ports that are free.
    pub(super) fn new(identifiers: &[Ipv4Addr]) -> io::Result<Self> {
        let link = |&identifier: &Ipv4Addr| {
            let socket = bind()?;
            socket.set_nonblocking(true)?;
            let server = SocketAddrV4::new(SERVERS, socket.local_addr()?.port());
            Ok(Link {
                socket,
                server,
                identifier,
            })
        };
        let links = identifiers.iter().map(link).collect::<io::Result<_>>()?;
        Ok(Self {
            links,
            buffer: [0; MAX_MESSAGE],
        })
    }

    /// The port that a server has to listen on.
    pub(super) fn port(&self, server: usize) -> u16 {
        self.links[server].server.port()
    }

    /// Takes a client's message to the servers that it is for.
    pub(super) fn forward(&self, audience: Audience, mut packet: Vec<u8>) -> io::Result<()> {
        packet[HOPS] += 1;
        packet[GIADDR].copy_from_slice(&RELAY.octets());
        for link in &self.links {
            if audience == Audience::Everyone || audience == Audience::Server(link.identifier) {
                match link.socket.send_to(&packet, link.server) {
                    // The network is full: the client asks again.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    sent => _ = sent?,
                }
            }
        }
        Ok(())
    }

    /// A server's message for a client, if one has come.
    pub(super) fn receive(&mut self) -> io::Result<Option<&[u8]>> {
        for link in &self.links {
            match link.socket.recv(&mut self.buffer) {
                Ok(length) => return Ok(Some(&self.buffer[..length])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// A socket of the relay at a port that is free for a server too.
fn bind() -> io::Result<UdpSocket> {
    for _ in 0..PORT_TRIES {
        let socket = UdpSocket::bind((RELAY, 0))?;
        if UdpSocket::bind((SERVERS, socket.local_addr()?.port())).is_ok() {
            return Ok(socket);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        "no port is free on loopback",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_go_to_whom_they_are_for_and_carry_the_relays_address() {
        let identifiers = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
        let mut relay = Relay::new(&identifiers).unwrap();
        let servers = [0, 1].map(|i| UdpSocket::bind((SERVERS, relay.port(i))).unwrap());
        let mut buffer = [0; 300];
        relay.forward(Audience::Everyone, vec![0; 240]).unwrap();
        for server in &servers {
            let (length, from) = server.recv_from(&mut buffer).unwrap();
            assert_eq!((length, buffer[HOPS], from.ip()), (240, 1, RELAY.into()));
            assert_eq!(buffer[GIADDR], RELAY.octets());
            server.set_nonblocking(true).unwrap();
        }
        relay
            .forward(Audience::Server(identifiers[1]), vec![9; 250])
            .unwrap();
        assert!(servers[0].recv(&mut buffer).is_err());
        assert_eq!(servers[1].recv(&mut buffer).unwrap(), 250);

        assert_eq!(relay.receive().unwrap(), None);
        servers[1]
            .send_to(b"reply", (RELAY, relay.port(1)))
            .unwrap();
        assert_eq!(relay.receive().unwrap(), Some(&b"reply"[..]));
    }
}
