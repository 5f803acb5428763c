//! `zone NAME { primary A; key K; }`

use super::Zone;
use super::parser::{Parser, Read};

impl Parser<'_, '_, '_> {
    /// `zone NAME { … }`
    pub(super) fn zone(&mut self) -> Read<()> {
        self.next();
        let Some(mut name) = self.host_name() else {
            return Err(
                self.error_next("expecting hostname.", "the name of a zone, without quotes")
            );
        };
        if !name.ends_with('.') {
            name.push('.');
        }
        let mut zone = Zone {
            name,
            primary: Vec::new(),
            secondary: Vec::new(),
            primary6: Vec::new(),
            secondary6: Vec::new(),
            key: None,
        };
        self.open_block("the name of the zone")?;
        while !self.block_ends("the zone") {
            if self.zone_statement(&mut zone).is_err() {
                self.recover();
            }
        }
        self.build.config.server.zones.push(zone);
        Ok(())
    }

    fn zone_statement(&mut self, zone: &mut Zone) -> Read<()> {
        let token = self.peek();
        let word = token.word().unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "primary" | "secondary" => {
                let former = match word.as_str() {
                    "primary" => !zone.primary.is_empty(),
                    _ => !zone.secondary.is_empty(),
                };
                if former {
                    let message = format!("more than one {word}.");
                    return Err(self.error_next(&message, "all addresses in one, with commas"));
                }
                self.next();
                let mut servers = vec![self.address_or_name()?];
                while self.take(b',') {
                    servers.push(self.address_or_name()?);
                }
                match word.as_str() {
                    "primary" => zone.primary = servers,
                    _ => zone.secondary = servers,
                }
            }
            "primary6" | "secondary6" => {
                self.next();
                let mut servers = vec![self.address6()?];
                while self.take(b',') {
                    servers.push(self.address6()?);
                }
                match word.as_str() {
                    "primary6" => zone.primary6 = servers,
                    _ => zone.secondary6 = servers,
                }
            }
            "key" => {
                self.next();
                let token = self.peek();
                let name = String::from_utf8_lossy(&self.key_name()?).into_owned();
                let mut keys = self.build.config.server.keys.iter();
                if !keys.any(|key| key.name == name) {
                    let expected = "a key that is declared above";
                    return Err(self.error(&token, &format!("unknown key {name}"), expected));
                }
                if zone.key.replace(name).is_some() {
                    let message = format!("Multiple key definitions for zone {}.", zone.name);
                    return Err(self.error(&token, &message, "one key"));
                }
            }
            _ => {
                let expected = "`primary`, `secondary`, `primary6`, `secondary6`, `key` or `}`";
                return Err(self.error_next("expecting right brace.", expected));
            }
        }
        self.semicolon("the zone's server or key")
    }
}
