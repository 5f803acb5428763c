//! What is asked of a name server, and what it says to that.

use core::net::Ipv4Addr;

use bytes::Bytes;

use super::name::DnsName;

/// One update (RFC 2136): changes of the records of one name, made if all prerequisites hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsUpdate {
    /// To be given back with the [answer](DnsAnswer).
    pub id: u64,
    /// The zone, by its place among [`ServerConfig::dns_zones`](crate::ServerConfig::dns_zones).
    pub zone: usize,
    /// The name that all records are of.
    pub name: DnsName,
    /// What must hold.
    pub prerequisites: Vec<DnsPrerequisite>,
    /// What is done then, in order.
    pub changes: Vec<DnsChange>,
}

/// What must hold of the name (RFC 2136 §2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsPrerequisite {
    /// It has no records.
    Unused,
    /// It has no record of this type.
    Absent(DnsRecordType),
    /// It has a record of this type.
    Exists(DnsRecordType),
    /// This record, and no other one of its type.
    Is(DnsData),
}

/// What is done with the records of the name (RFC 2136 §2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsChange {
    /// A record is added.
    Add {
        /// Its data.
        data: DnsData,
        /// How long it may be cached, seconds.
        ttl: u32,
    },
    /// This record is removed.
    Remove(DnsData),
    /// All records of this type are removed.
    RemoveAll(DnsRecordType),
}

/// A type of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsRecordType {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Texts.
    Txt,
    /// Whose the name is (RFC 4701).
    Dhcid,
    /// A name.
    Ptr,
}

/// A record's type and data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsData {
    /// A
    A(Ipv4Addr),
    /// TXT with one text of at most 255 bytes.
    Txt(Bytes),
    /// DHCID
    Dhcid(Bytes),
    /// PTR
    Ptr(DnsName),
}

/// What became of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsAnswer {
    /// It was made.
    Done,
    /// NXDOMAIN: the name has no records, but should.
    NxDomain,
    /// YXDOMAIN: the name has records, but shouldn't.
    YxDomain,
    /// NXRRSET: a record that should be there isn't.
    NxRrset,
    /// YXRRSET: a record that shouldn't be there is.
    YxRrset,
    /// It was not made, for this reason.
    Failed(String),
}

impl core::fmt::Display for DnsAnswer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Done => "success",
            Self::NxDomain => "NXDOMAIN",
            Self::YxDomain => "YXDOMAIN",
            Self::NxRrset => "NXRRSET",
            Self::YxRrset => "YXRRSET",
            Self::Failed(reason) => reason,
        })
    }
}
