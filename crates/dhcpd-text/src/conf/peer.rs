//! `failover peer NAME { … }`

use super::number::Number;
use super::parser::{Parser, Read, Reported};
use super::statement::{Block, Context};
use super::{
    AddressOrName, DEFAULT_FAILOVER_PORT, FailoverPeer, Location, Role, hba_from_split, words,
};
use crate::lex::{Token, TokenKind};

/// A peer as far as it has been read; 0 stands for "not said", as in ISC.
#[derive(Default)]
struct Draft {
    role: Option<Role>,
    me: Side,
    partner: Side,
    mclt: Option<u32>,
    split: Option<u16>,
    hba: Option<[u8; 32]>,
    load_balance_max_seconds: u32,
    max_lease_misbalance: u32,
    max_lease_ownership: u32,
    min_balance: u32,
    max_balance: u32,
    auto_partner_down: u32,
}

/// What may be said of either server.
#[derive(Default)]
struct Side {
    address: Option<AddressOrName>,
    port: u16,
    max_response_delay: Option<u32>,
    max_unacked_updates: Option<u32>,
}

impl<'t> Parser<'_, '_, 't> {
    /// `failover peer NAME { … }`, or `failover peer NAME;` in a shared network.
    pub(super) fn failover(&mut self, context: Context) -> Read<()> {
        let token = self.peek();
        if !matches!(context.block, Block::Root | Block::SharedNetwork) {
            let message = "failover peers may only be defined in shared-network declarations and the outer scope.";
            return Err(self.error_misplaced(
                &token,
                message,
                "this outside of all braces, or in a pool to name the peer",
            ));
        }
        self.next();
        let at = self.location(&token);
        self.expect_word("peer", "expecting \"peer\"")?;
        let name_token = self.peek();
        let name = match name_token.word() {
            Some(word) => {
                self.next();
                word.as_bytes().to_vec()
            }
            None => self.quoted(
                "expecting failover peer name.",
                "the name of the failover peer",
            )?,
        };
        let name = String::from_utf8_lossy(&name).into_owned();
        match self.peek() {
            token if token.is(b';') => self.network_failover(context, &name_token, name),
            token if token.is_word("state") => Err(self.unsupported(
                &token,
                "a failover state in dhcpd.conf (it belongs in the lease file)",
            )),
            _ => self.failover_block(context, name, at),
        }
    }

    /// `failover peer NAME;` in a shared network
    fn network_failover(&mut self, context: Context, token: &Token<'_>, name: String) -> Read<()> {
        let Some(network) = context.network else {
            let message = "failover peer reference not in shared-network declaration";
            return Err(self.error_next(message, "`{` and the settings of the failover peer"));
        };
        if !self.known_peer(&name) {
            let expected = self.peer_suggestion(&name);
            return Err(self.error(
                token,
                &format!("reference to unknown failover peer {name}"),
                &expected,
            ));
        }
        self.build.config.shared_networks[network].failover_peer = Some(name);
        self.semicolon("the name of the failover peer")
    }

    fn failover_block(&mut self, context: Context, name: String, at: Location) -> Read<()> {
        self.open_block("the name of the failover peer")?;
        let known = self.known_peer(&name);
        if known {
            self.error_last(
                &format!("redeclaration of failover peer {name}"),
                "each failover peer once",
            );
        }
        let errors = self.build.errors();
        let mut draft = Draft::default();
        while !self.block_ends("the failover peer") {
            if self.peer_statement(&mut draft).is_err() {
                self.recover();
            }
        }
        if known {
            return Ok(());
        }
        self.build.peers.push(name.clone());
        if let Some(network) = context.network {
            self.build.config.shared_networks[network].failover_peer = Some(name.clone());
        }
        // What is missing may be in a statement that was not understood.
        if errors == self.build.errors()
            && let Some(peer) = self.finish_peer(draft, name, at)
        {
            self.build.config.failover_peers.push(peer);
        }
        Ok(())
    }

    /// Whether a failover peer of this name has been declared.
    pub(super) fn known_peer(&self, name: &str) -> bool {
        self.build.peers.iter().any(|peer| peer == name)
    }

    /// What to say about a failover peer that is not known.
    pub(super) fn peer_suggestion(&self, name: &str) -> String {
        let peers = self.build.peers.iter().map(String::as_str);
        match words::nearest(name, peers) {
            Some(nearest) => {
                format!("a failover peer that is declared above; did you mean \"{nearest}\"?")
            }
            None => "a failover peer that is declared above".to_owned(),
        }
    }

    fn peer_statement(&mut self, draft: &mut Draft) -> Read<()> {
        let mut partner = false;
        while self.take_word("peer") {
            partner = true;
        }
        let token = self.peek();
        let word = token.word().unwrap_or_default().to_ascii_lowercase();
        let side = if partner {
            &mut draft.partner
        } else {
            &mut draft.me
        };
        match word.as_str() {
            "address" => {
                self.next();
                side.address = Some(self.address_or_name()?);
            }
            "port" => side.port = self.port()?,
            "max-response-delay" => side.max_response_delay = Some(self.peer_number()?),
            "max-unacked-updates" => side.max_unacked_updates = Some(self.peer_number()?),
            "mclt" => draft.mclt = Some(self.peer_number()?),
            "max-lease-misbalance" => draft.max_lease_misbalance = self.peer_number()?,
            "max-lease-ownership" => draft.max_lease_ownership = self.peer_number()?,
            "min-balance" => draft.min_balance = self.peer_number()?,
            "max-balance" => draft.max_balance = self.peer_number()?,
            "auto-partner-down" => draft.auto_partner_down = self.peer_number()?,
            "primary" | "secondary" => self.role(draft)?,
            "split" => self.split(draft)?,
            "hba" => self.hba(draft)?,
            "load" => draft.load_balance_max_seconds = self.load_balance()?,
            _ => {
                let nearest =
                    words::nearest(&word, PEER_STATEMENTS.into_iter()).filter(|_| !word.is_empty());
                let expected = match nearest {
                    Some(nearest) => {
                        format!("a setting of the failover peer; did you mean `{nearest}`?")
                    }
                    None => format!("one of {}", PEER_STATEMENTS.join(", ")),
                };
                return Err(self.error_next("invalid statement in peer declaration", &expected));
            }
        }
        self.semicolon(&format!("{word} and its value"))
    }

    fn role(&mut self, draft: &mut Draft) -> Read<()> {
        let secondary = self.next().is_word("secondary");
        draft.role = Some(if secondary {
            Role::Secondary
        } else {
            Role::Primary
        });
        if secondary && draft.hba.is_some() {
            return Err(self.load_balance_on_secondary());
        }
        Ok(())
    }

    fn load_balance_on_secondary(&mut self) -> Reported {
        let message = "secondary may not define load balance settings.";
        self.error_last(message, "split or hba on the primary only")
    }

    /// The number behind the next word.
    fn peer_number(&mut self) -> Read<u32> {
        self.next();
        let token = self.peek();
        if token.kind != TokenKind::Number {
            return Err(self.error_next("expecting number.", "a number without a unit"));
        }
        self.next();
        let number = Number::atoi(token.text);
        if let Some(warning) = number.warning {
            self.warn(&token, &warning);
        }
        Ok(number.value)
    }

    fn port(&mut self) -> Read<u16> {
        let token = self.peek();
        let number = self.peer_number()?;
        let port = (number & 0xffff) as u16;
        if u32::from(port) != number {
            self.warn(&token, &format!("{number} is no TCP port; ISC dhcpd takes it for {port}, and so is it taken here"));
        }
        Ok(port)
    }

    fn split(&mut self, draft: &mut Draft) -> Read<()> {
        let token = self.peek();
        let split = self.peer_number()?;
        if draft.role == Some(Role::Secondary) {
            return Err(self.load_balance_on_secondary());
        }
        let Some(split) = u16::try_from(split).ok().filter(|split| *split <= 256) else {
            let message = "split must be between 0 and 256, inclusive";
            return Err(self.error_last(
                message,
                "the number of buckets of 256 that the primary serves",
            ));
        };
        if draft.hba.is_some() && draft.split.is_none() {
            self.warn(&token, BOTH);
        }
        draft.split = Some(split);
        draft.hba = Some(hba_from_split(split));
        Ok(())
    }

    fn hba(&mut self, draft: &mut Draft) -> Read<()> {
        let token = self.next();
        if draft.role == Some(Role::Secondary) {
            return Err(self.load_balance_on_secondary());
        }
        let octets = self.hexadecimal("hba")?;
        let Ok(hba) = octets.try_into() else {
            return Err(self.error_last(
                "HBA must be exactly 32 bytes.",
                "32 octets in hexadecimal with colons",
            ));
        };
        if draft.split.is_some() {
            self.warn(&token, BOTH);
        }
        draft.hba = Some(hba);
        Ok(())
    }

    /// `load balance max seconds N`
    fn load_balance(&mut self) -> Read<u32> {
        self.next();
        self.expect_word("balance", "expecting 'balance'")?;
        self.expect_word("max", "expecting 'max'")?;
        if !self.peek().is_word("seconds") {
            return Err(self.error_next("expecting 'secs'", "`load balance max seconds N;`"));
        }
        self.peer_number()
    }

    /// Checks what ISC checks at the closing brace, and fills in the defaults.
    fn finish_peer(&mut self, draft: Draft, name: String, at: Location) -> Option<FailoverPeer> {
        let role = draft.role.unwrap_or(Role::Primary);
        let Some(peer_address) = draft.partner.address else {
            self.error_last(
                "peer address may not be omitted",
                "`peer address A;` in the failover peer",
            );
            return None;
        };
        if role == Role::Primary && draft.hba.is_none() {
            let message = "primary failover server must have hba or split.";
            self.error_last(
                message,
                "`split 128;` in the failover peer, for half of the clients each",
            );
            return None;
        }
        if role == Role::Primary && draft.mclt.unwrap_or(0) == 0 {
            let message = "primary failover server must have mclt.";
            self.error_last(
                message,
                "`mclt 3600;` or other seconds in the failover peer",
            );
            return None;
        }
        let or = |value: u32, default| if value == 0 { default } else { value };
        let port = |value| {
            if value == 0 {
                DEFAULT_FAILOVER_PORT
            } else {
                value
            }
        };
        Some(FailoverPeer {
            name,
            role,
            address: draft.me.address,
            peer_address,
            port: port(draft.me.port),
            peer_port: port(draft.partner.port),
            max_response_delay: or(draft.me.max_response_delay.unwrap_or(0), 20),
            max_unacked_updates: or(draft.me.max_unacked_updates.unwrap_or(0), 100),
            peer_max_response_delay: draft.partner.max_response_delay,
            peer_max_unacked_updates: draft.partner.max_unacked_updates,
            mclt: draft.mclt,
            split: draft.split,
            hba: draft.hba,
            load_balance_max_seconds: draft.load_balance_max_seconds,
            max_lease_misbalance: or(draft.max_lease_misbalance, 15),
            max_lease_ownership: or(draft.max_lease_ownership, 10),
            min_balance: or(draft.min_balance, 60),
            max_balance: or(draft.max_balance, 3600),
            auto_partner_down: draft.auto_partner_down,
            at,
        })
    }
}

/// ISC accepts both.
const BOTH: &str = "split and hba are both set: the last one counts";

/// The settings of a failover peer.
const PEER_STATEMENTS: [&str; 16] = [
    "primary",
    "secondary",
    "address",
    "port",
    "peer",
    "max-response-delay",
    "max-unacked-updates",
    "mclt",
    "split",
    "hba",
    "load",
    "max-lease-misbalance",
    "max-lease-ownership",
    "min-balance",
    "max-balance",
    "auto-partner-down",
];
