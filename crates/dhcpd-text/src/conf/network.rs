//! `shared-network` and `subnet`.

use std::net::Ipv4Addr;

use super::parser::{Parser, Read};
use super::statement::{Block, Context};
use super::{ScopeId, SharedNetwork, Subnet};
use crate::lex::{Span, Token, TokenKind};

impl<'t> Parser<'_, '_, 't> {
    /// `shared-network NAME { … }`
    pub(super) fn shared_network(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        if !matches!(context.block, Block::Root | Block::Group) {
            let expected = "this outside of other networks, pools and hosts";
            return Err(self.error(
                &token,
                "shared-network parameters not allowed here.",
                expected,
            ));
        }
        let at = self.location(&token);
        let name = self.network_name()?;
        let scope = self.build.open_scope(context.scope);
        let networks = &mut self.build.config.shared_networks;
        let index = networks.len();
        networks.push(SharedNetwork {
            name,
            scope,
            subnets: Vec::new(),
            pools: Vec::new(),
            failover_peer: None,
            implicit: false,
            interface: None,
            at,
        });
        let inner = Context {
            network: Some(index),
            ..context.inside(Block::SharedNetwork, scope)
        };
        self.block(inner, "the shared-network", |parser, token| {
            parser.interface(token, index)
        })?;
        if self.build.config.shared_networks[index].subnets.is_empty() {
            self.error_last(
                "empty shared-network decl",
                "at least one subnet in the shared-network",
            );
        }
        Ok(())
    }

    fn network_name(&mut self) -> Read<String> {
        let expected = "a name, such as office or \"floor 2\"";
        let token = self.peek();
        if token.kind == TokenKind::String {
            let name = self.quoted("", expected)?;
            if name.is_empty() {
                return Err(self.error(&token, "zero-length shared network name", expected));
            }
            return Ok(String::from_utf8_lossy(&name).into_owned());
        }
        self.host_name()
            .ok_or_else(|| self.error_next("expecting a name for shared-network", expected))
    }

    /// `interface NAME;` in a network
    fn interface(&mut self, token: Token<'t>, network: usize) -> Option<Read<()>> {
        token.is_word("interface").then(|| {
            self.next();
            let name = match self.peek() {
                token if token.kind == TokenKind::String => self.quoted("", "")?,
                token if token.word().is_some() => self.next().text.to_vec(),
                token if token.is(b';') => {
                    return Err(self.missing_value("a name, such as eth0,", "interface"));
                }
                _ => {
                    return Err(
                        self.error_next("expecting an interface name", "a name, such as eth0")
                    );
                }
            };
            let name = String::from_utf8_lossy(&name).into_owned();
            let interface = &mut self.build.config.shared_networks[network].interface;
            if interface.is_some() {
                let message = "A subnet or shared network can't be connected to two interfaces.";
                return Err(self.error_last(message, "one interface"));
            }
            *interface = Some(name);
            self.semicolon("the name of the interface")
        })
    }

    /// `subnet NUMBER netmask MASK { … }`
    pub(super) fn subnet(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        if matches!(
            context.block,
            Block::Subnet | Block::Pool | Block::Host | Block::Class
        ) {
            return Err(self.error(
                &token,
                "subnet declarations not allowed here.",
                "this outside of subnets, pools and hosts",
            ));
        }
        let at = self.location(&token);
        let start = self.peek().span;
        let network = self.dotted_quad()?;
        self.expect_word("netmask", "Expecting netmask")?;
        let netmask = self.dotted_quad()?;
        self.check_mask(start, network, netmask)?;
        if !self.peek().is(b'{') {
            return Err(self.error_next("expecting left brace.", "`{` after the netmask"));
        }
        let scope = self.build.open_scope(context.scope);
        let index = match context.network {
            Some(index) => index,
            None => self.implicit_network(scope, network, netmask, &token),
        };
        let subnets = &mut self.build.config.shared_networks[index].subnets;
        let subnet = subnets.len();
        subnets.push(Subnet {
            network,
            netmask,
            scope,
            pools: Vec::new(),
            at,
        });
        let inner = Context {
            network: Some(index),
            subnet: Some(subnet),
            ..context.inside(Block::Subnet, scope)
        };
        self.block(inner, "the subnet", |parser, token| {
            parser.interface(token, index)
        })
    }

    fn check_mask(&mut self, start: Span, network: Ipv4Addr, netmask: Ipv4Addr) -> Read<()> {
        if network.to_bits() & !netmask.to_bits() != 0 {
            let message =
                format!("subnet {network} netmask {netmask}: bad subnet number/mask combination.");
            let number = Ipv4Addr::from_bits(network.to_bits() & netmask.to_bits());
            return Err(self.error_since(
                start,
                &message,
                &format!("the number of the network: subnet {number} netmask {netmask}"),
            ));
        }
        if netmask.to_bits().leading_ones() != netmask.to_bits().count_ones() {
            let message = format!("not supported: the netmask {netmask}, which has holes");
            return Err(self.error_since(start, &message, "a netmask of ones before zeros"));
        }
        Ok(())
    }

    fn implicit_network(
        &mut self,
        scope: ScopeId,
        network: Ipv4Addr,
        netmask: Ipv4Addr,
        token: &Token<'_>,
    ) -> usize {
        let at = self.location(token);
        let networks = &mut self.build.config.shared_networks;
        networks.push(SharedNetwork {
            name: format!("{network}/{}", netmask.to_bits().leading_ones()),
            scope,
            subnets: Vec::new(),
            pools: Vec::new(),
            failover_peer: None,
            implicit: true,
            interface: None,
            at,
        });
        networks.len() - 1
    }
}
