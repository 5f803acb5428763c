//! What concerns the server as a whole rather than a scope.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::AddressOrName;

/// Statements that ISC reads for the whole server, wherever in the outermost scope they stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerSettings {
    /// `ddns-update-style`
    pub ddns_update_style: Option<DdnsUpdateStyle>,
    /// `log-facility`, such as `local7`: a name of syslog(3) in lower case, without `LOG_`.
    pub log_facility: Option<String>,
    /// `omapi-port`
    pub omapi_port: Option<u16>,
    /// `omapi-key`: the name of a key in [`keys`](Self::keys).
    pub omapi_key: Option<String>,
    /// `key NAME { … }` declarations.
    pub keys: Vec<Key>,
    /// `zone NAME { … }` declarations.
    pub zones: Vec<Zone>,
    /// `lease-file-name`
    pub lease_file_name: Option<String>,
    /// `pid-file-name`
    pub pid_file_name: Option<String>,
    /// `db-time-format`
    pub db_time_format: Option<DbTimeFormat>,
    /// `lease-id-format`
    pub lease_id_format: Option<LeaseIdFormat>,
    /// `local-port`: where the server listens instead of 67.
    pub local_port: Option<u16>,
    /// `remote-port`: where clients listen instead of 68.
    pub remote_port: Option<u16>,
    /// `local-address`: the address to listen on.
    pub local_address: Option<Ipv4Addr>,
    /// `limited-broadcast-address` instead of 255.255.255.255.
    pub limited_broadcast_address: Option<Ipv4Addr>,
    /// `dont-use-fsync`
    pub dont_use_fsync: Option<bool>,
}

/// `ddns-update-style`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DdnsUpdateStyle {
    /// No DNS updates.
    None,
    /// `ad-hoc`, which no ISC dhcpd of today does.
    AdHoc,
    /// Names are guarded by TXT records.
    Interim,
    /// Names are guarded by DHCID records (RFC 4701, RFC 4703).
    Standard,
}

/// `db-time-format`: how dates are written in the lease file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DbTimeFormat {
    /// `default`: `W YYYY/MM/DD HH:MM:SS` in UTC.
    Default,
    /// `local`: `epoch SECONDS; # local time`.
    Local,
}

/// `lease-id-format`: how client identifiers are written in the lease file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseIdFormat {
    /// `octal`: a quoted string with octal escapes.
    Octal,
    /// `hex`: octets with colons.
    Hex,
}

/// `key NAME { algorithm A; secret S; }`
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// The algorithm's name in lower case, such as `hmac-md5`.
    pub algorithm: String,
    /// The secret in base 64, as written.
    pub secret: String,
}

/// `zone NAME { primary A; key K; }`: where the names of a zone are updated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its name, with a dot at the end.
    pub name: String,
    /// `primary`: the servers to update.
    pub primary: Vec<AddressOrName>,
    /// `secondary`: those to try if there is no other.
    pub secondary: Vec<AddressOrName>,
    /// `primary6`, `secondary6`: the same by IPv6.
    pub primary6: Vec<Ipv6Addr>,
    /// See [`primary6`](Self::primary6).
    pub secondary6: Vec<Ipv6Addr>,
    /// The name of a key in [`keys`](ServerSettings::keys).
    pub key: Option<String>,
}

impl std::fmt::Debug for Key {
    // A secret has no business in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("name", &self.name)
            .field("algorithm", &self.algorithm)
            .field(
                "secret",
                &format_args!("[{} characters]", self.secret.len()),
            )
            .finish()
    }
}
