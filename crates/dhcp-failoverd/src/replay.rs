//! The lease file at start: its records into a server.
//!
//! A torn record at the end was never answered for: it is left out. Damage before good records means that something
//! which this server once said is lost. Leases that are shared with a partner are then not taken from the file at all:
//! the relationship begins anew in RECOVER, and the partner gives them back. Nobody could give back the others, so
//! what can be read of those is kept.

use std::net::Ipv4Addr;

use dhcp4_server::journal::{Damage, Reader, StoredRecord, Tail};
use dhcp4_server::{Now, Seeds, Server, ServerConfig, StartError};

use crate::log::Log;

/// Warnings about single records that are worth a line each.
const MAX_WARNINGS: usize = 20;

/// A server with the leases that the file has, and the damage that was found.
pub(crate) fn load(
    config: ServerConfig,
    file: &str,
    text: &[u8],
    seeds: Seeds,
    now: Now,
    log: &mut Log,
) -> Result<(Server, Option<Damage>), StartError> {
    let mut read = Read {
        reader: Reader::new(file, text),
        damage: None,
        warnings: 0,
        log,
    };
    let server = Server::new(config.clone(), &mut read, seeds, now)?;
    let Read {
        reader,
        damage,
        warnings,
        log,
        ..
    } = read;
    if warnings > MAX_WARNINGS {
        log.error(format_args!(
            "{file}: {} more such records",
            warnings - MAX_WARNINGS
        ));
    }
    if let Tail::Torn(torn) = reader.tail() {
        log.error(format_args!(
            "{torn}\nThe lease file ends in an incomplete record, which is left out."
        ));
    }
    if damage.is_none() || config.relationships().next().is_none() {
        return Ok((server, damage));
    }
    log.error(
        "Leases that are shared with a failover partner are not taken from the damaged file.",
    );
    let shared = |address: Ipv4Addr| server.core().bindings().relationship_of(address).is_some();
    let unshared = Reader::new(file, text)
        .filter_map(Result::ok)
        .map(|entry| entry.record)
        .filter(|record| match record {
            StoredRecord::Lease(lease) => !shared(lease.address),
            StoredRecord::FailoverState(_) => false,
            StoredRecord::ByteOrder | StoredRecord::Other(_) => true,
        });
    Ok((Server::new(config, unshared, seeds, now)?, damage))
}

/// The good records, with what is said about the others.
struct Read<'a, 'l> {
    reader: Reader<'a>,
    damage: Option<Damage>,
    warnings: usize,
    log: &'l mut Log,
}

impl Iterator for Read<'_, '_> {
    type Item = StoredRecord;

    fn next(&mut self) -> Option<StoredRecord> {
        loop {
            match self.reader.next()? {
                Ok(entry) => {
                    entry.warnings.iter().for_each(|warning| self.warn(warning));
                    return Some(entry.record);
                }
                Err(damage) => {
                    self.warn(&damage);
                    self.damage.get_or_insert(damage);
                }
            }
        }
    }
}

impl Read<'_, '_> {
    fn warn(&mut self, warning: &dyn std::fmt::Display) {
        self.warnings += 1;
        if self.warnings <= MAX_WARNINGS {
            self.log.error(warning);
        }
    }
}
