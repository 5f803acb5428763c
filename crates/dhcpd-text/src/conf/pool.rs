//! `pool` and `range`.

use std::net::Ipv4Addr;

use super::parser::{Parser, Read};
use super::statement::{Block, Context};
use super::{Permit, Pool, PoolFailover, Range};
use crate::diagnostic::Severity;
use crate::lex::{Span, Token};

impl<'t> Parser<'_, '_, 't> {
    /// `pool { … }`
    pub(super) fn pool(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        let network = match (context.block, context.network) {
            (Block::SharedNetwork | Block::Subnet, Some(network)) => network,
            (Block::Pool, _) => {
                return Err(self.error(
                    &token,
                    "pool declared within pool.",
                    "this outside of pools",
                ));
            }
            _ => {
                let expected = "this in a subnet or shared-network";
                return Err(self.error(&token, "pool declared outside of network", expected));
            }
        };
        let at = self.location(&token);
        let inherits = self.build.config.shared_networks[network]
            .failover_peer
            .is_some();
        let mut pool = Pool {
            ranges: Vec::new(),
            scope: self.build.open_scope(context.scope),
            permits: Vec::new(),
            prohibits: Vec::new(),
            failover: if inherits {
                PoolFailover::Inherit
            } else {
                PoolFailover::None
            },
            at,
        };
        let inner = context.inside(Block::Pool, pool.scope);
        let errors = self.build.errors();
        self.block(inner, "the pool", |parser, token| {
            parser.pool_statement(token, inner, &mut pool)
        })?;
        if pool.ranges.is_empty() && errors == self.build.errors() {
            let expected = "at least one range in the pool";
            self.error_last("Pool declaration with no address range.", expected);
        }
        self.check_pool(&pool);
        let network = &mut self.build.config.shared_networks[network];
        match context.subnet {
            Some(subnet) => network.subnets[subnet].pools.push(pool),
            None => network.pools.push(pool),
        }
        Ok(())
    }

    /// What ISC lets pass depending on the order of statements.
    fn check_pool(&mut self, pool: &Pool) {
        let bootp = pool.ranges.iter().any(|range| range.dynamic_bootp);
        if bootp && pool.failover != PoolFailover::None {
            let message = "dynamic-bootp is not permitted where there is a failover peer; ISC dhcpd overlooks it in this order of statements";
            self.build
                .report_at(Severity::Warning, pool.at, message.into(), None);
        }
    }

    fn pool_statement(
        &mut self,
        token: Token<'t>,
        context: Context,
        pool: &mut Pool,
    ) -> Option<Read<()>> {
        let read = match token.word()?.to_ascii_lowercase().as_str() {
            "no" => self.no_failover(pool),
            "failover" => self.pool_failover(pool),
            "range" => {
                self.next();
                self.range(context, &pool.failover)
                    .map(|range| pool.ranges.push(range))
            }
            "allow" => self.permit(pool).map(|permit| pool.permits.push(permit)),
            "deny" => self.permit(pool).map(|permit| pool.prohibits.push(permit)),
            _ => return None,
        };
        Some(read)
    }

    /// `no failover peer`, without a `;`: ISC's grammar has it so.
    fn no_failover(&mut self, pool: &mut Pool) -> Read<()> {
        self.next();
        let expected = "`no failover peer`";
        if !self.take_word("failover") || !self.take_word("peer") {
            return Err(self.error_next("expecting \"failover peer\".", expected));
        }
        pool.failover = PoolFailover::None;
        if self.peek().is(b';') {
            let expected = "no `;` after `no failover peer`: ISC dhcpd has none there";
            return Err(self.error_next("expecting a parameter or declaration", expected));
        }
        Ok(())
    }

    /// `failover peer "NAME";` in a pool
    fn pool_failover(&mut self, pool: &mut Pool) -> Read<()> {
        self.next();
        self.expect_word("peer", "expecting 'peer'.")?;
        let token = self.peek();
        let name = self.quoted(
            "expecting string.",
            "the name of a failover peer in double quotes",
        )?;
        let name = String::from_utf8_lossy(&name).into_owned();
        if !self.known_peer(&name) {
            let expected = self.peer_suggestion(&name);
            return Err(self.error(
                &token,
                &format!("failover peer {name}: not found"),
                &expected,
            ));
        }
        pool.failover = PoolFailover::Peer(name);
        self.semicolon("the name of the failover peer")
    }

    /// `range …;` directly in a subnet
    pub(super) fn subnet_range(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        let (Block::Subnet, Some(network), Some(index)) =
            (context.block, context.network, context.subnet)
        else {
            return Err(self.error(
                &token,
                "range declaration not allowed here.",
                "this in a subnet or pool",
            ));
        };
        let range = self.range(context, &PoolFailover::None)?;
        let at = self.location(&token);
        let subnet = &mut self.build.config.shared_networks[network].subnets[index];
        // ISC makes one pool for BOOTP clients too and one for others.
        let (permits, prohibits) = match range.dynamic_bootp {
            true => (vec![Permit::AllClients], Vec::new()),
            false => (Vec::new(), vec![Permit::DynamicBootpClients]),
        };
        let scope = subnet.scope;
        let existing = subnet
            .pools
            .iter_mut()
            .find(|pool| pool.scope == scope && pool.permits == permits);
        match existing {
            Some(pool) => pool.ranges.push(range),
            None => subnet.pools.push(Pool {
                ranges: vec![range],
                scope,
                permits,
                prohibits,
                failover: PoolFailover::None,
                at,
            }),
        }
        Ok(())
    }

    /// `[dynamic-bootp] LOW [HIGH];` behind `range`
    fn range(&mut self, context: Context, failover: &PoolFailover) -> Read<Range> {
        let token = self.peek();
        let dynamic_bootp = self.take_word("dynamic-bootp");
        let first = self.dotted_quad()?;
        let second = if self.peek().is(b';') {
            first
        } else {
            self.dotted_quad()?
        };
        let range = Range {
            low: first.min(second),
            high: first.max(second),
            dynamic_bootp,
        };
        self.check_range(context, token.span, first, second)?;
        self.semicolon("the range")?;
        if dynamic_bootp && *failover != PoolFailover::None {
            let message = "dynamic-bootp flag is not permitted for address range declarations where there is a failover peer in scope.";
            self.error(
                &token,
                message,
                "a pool without failover peer for these addresses",
            );
            return Ok(range);
        }
        if second < first {
            self.warn(
                &token,
                &format!("the range is written backwards; it is taken as {second} to {first}"),
            );
        }
        for (low, high) in self.build.claimed.claim(range.low, range.high) {
            let message = format!("lease {low} is declared twice!");
            let rest = if low == high {
                String::new()
            } else {
                format!("; so are the next ones up to {high}")
            };
            self.error_since(
                token.span,
                &message,
                &format!("each address in one range only{rest}"),
            );
        }
        Ok(range)
    }

    fn check_range(
        &mut self,
        context: Context,
        start: Span,
        first: Ipv4Addr,
        second: Ipv4Addr,
    ) -> Read<()> {
        let network = context.network.expect("ranges stand in a network");
        let network = &self.build.config.shared_networks[network];
        let subnet = match context.subnet {
            Some(index) => &network.subnets[index],
            None => match network.subnets.iter().find(|subnet| subnet.contains(first)) {
                Some(subnet) => subnet,
                None => {
                    let message = format!("address range not on network {}", network.name);
                    let expected = "the pool after the subnet that its addresses are in";
                    return Err(self.error_since(start, &message, expected));
                }
            },
        };
        let Some(stranger) = [first, second]
            .into_iter()
            .find(|address| !subnet.contains(*address))
        else {
            return Ok(());
        };
        let (number, mask) = (subnet.network, subnet.netmask);
        let message =
            format!("bad range, address {stranger} not in subnet {number} netmask {mask}");
        let last = Ipv4Addr::from_bits(number.to_bits() | !mask.to_bits());
        Err(self.error_since(
            start,
            &message,
            &format!("addresses from {number} to {last}"),
        ))
    }

    /// What `allow` or `deny` of a pool is about.
    fn permit(&mut self, pool: &Pool) -> Read<Permit> {
        self.next();
        let expected = "one of known-clients, unknown-clients, all clients, dynamic bootp clients, members of \"CLASS\"";
        let token = self.peek();
        let word = token.word().unwrap_or_default().to_ascii_lowercase();
        let (permit, clients) = match word.as_str() {
            "known-clients" => (Permit::KnownClients, false),
            "unknown-clients" => (Permit::UnknownClients, false),
            "known" => (Permit::KnownClients, true),
            "unknown" => (Permit::UnknownClients, true),
            "authenticated" => (Permit::AuthenticatedClients, true),
            "unauthenticated" => (Permit::UnauthenticatedClients, true),
            "all" => (Permit::AllClients, true),
            "dynamic" => (Permit::DynamicBootpClients, true),
            "members" => {
                let class = self.members()?;
                self.semicolon("the class")?;
                return Ok(Permit::Members(class));
            }
            "after" => return self.after(pool),
            _ => return Err(self.error_next("expecting permit type.", expected)),
        };
        self.next();
        if permit == Permit::DynamicBootpClients {
            self.expect_word("bootp", "expecting \"bootp\"")?;
        }
        if clients {
            self.expect_word("clients", "expecting \"clients\"")?;
        }
        self.semicolon("the permit")?;
        Ok(permit)
    }

    /// `after DATE;`
    fn after(&mut self, pool: &Pool) -> Read<Permit> {
        let token = self.next();
        let mut others = pool.permits.iter().chain(&pool.prohibits);
        if others.any(|permit| matches!(permit, Permit::After(_))) {
            return Err(self.error(&token, "duplicate \"after\" clause.", "one date in a pool"));
        }
        let date = self.date()?;
        self.semicolon("the date")?;
        Ok(Permit::After(date))
    }
}
