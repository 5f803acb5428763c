//! ISC dhcpd text formats: `dhcpd.leases` and `dhcpd.conf`, read and written.

#![forbid(unsafe_code)]

pub mod lex;

pub mod conf;
pub mod diagnostic;

mod checksum;
mod date;
pub mod leases;
