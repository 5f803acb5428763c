//! The record beside a name that says whose it is.

use bytes::Bytes;
use dhcp_failover::{Client, Names};
use md5::{Digest, Md5};
use sha2::Sha256;

use super::message::{DnsData, DnsRecordType};
use super::name::DnsName;

/// Type byte of an identifier that is built of a DUID (RFC 4361 §6.1).
const TYPE_DUID: u8 = 255;

/// Says whose a name is: the data of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Text of a TXT record, as `ddns-update-style interim` has it.
    Txt(Bytes),
    /// DHCID (RFC 4701), as `standard` has it.
    Dhcid(Bytes),
}

impl Guard {
    /// The guard of a client, in the style that is asked for. `None` if its identifier is too short for its type.
    pub(crate) fn of(standard: bool, client: &Client, name: &DnsName) -> Option<Self> {
        let uid = &client.uid[..];
        if !standard {
            return Some(match uid {
                [] => Self::txt("00", client.hardware.as_wire()),
                uid => Self::txt("31", uid),
            });
        }
        let (kind, identity) = match uid {
            [] => (0, client.hardware.as_wire()),
            [TYPE_DUID, ..] => (2, uid.get(5..)?),
            uid => (1, uid),
        };
        // Identifier type, then digest type 1, which is SHA-256 (RFC 4701 §3.3, §3.4).
        let mut data = vec![0, kind, 1];
        let digest = Sha256::new().chain_update(identity);
        data.extend(digest.chain_update(name.as_wire()).finalize());
        Some(Self::Dhcid(data.into()))
    }

    /// Two digits for the kind of identity, as dhcpd comes to them, and the MD5 of the identity.
    fn txt(kind: &str, identity: &[u8]) -> Self {
        let mut text = kind.to_owned();
        for byte in Md5::digest(identity) {
            text.push_str(&format!("{byte:02x}"));
        }
        Self::Txt(text.into())
    }

    /// The guard that goes with names.
    pub(crate) fn in_names(names: &Names) -> Option<Self> {
        let dhcid = names.dhcid.clone().map(Self::Dhcid);
        dhcid.or_else(|| names.txt.clone().map(Self::Txt))
    }

    /// Puts it among the names.
    pub(crate) fn store(&self, names: &mut Names) {
        (names.txt, names.dhcid) = match self.clone() {
            Self::Txt(text) => (Some(text), None),
            Self::Dhcid(data) => (None, Some(data)),
        };
    }

    pub(crate) fn data(&self) -> DnsData {
        match self.clone() {
            Self::Txt(text) => DnsData::Txt(text),
            Self::Dhcid(data) => DnsData::Dhcid(data),
        }
    }

    pub(crate) fn record_type(&self) -> DnsRecordType {
        match self {
            Self::Txt(_) => DnsRecordType::Txt,
            Self::Dhcid(_) => DnsRecordType::Dhcid,
        }
    }

    /// The type that the other style has.
    pub(crate) fn other_type(&self) -> DnsRecordType {
        match self {
            Self::Txt(_) => DnsRecordType::Dhcid,
            Self::Dhcid(_) => DnsRecordType::Txt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use failover_wire::HardwareAddress;

    fn client(uid: &'static [u8]) -> Client {
        Client {
            hardware: HardwareAddress::new(1, &[1, 2, 3, 4, 5, 6]).unwrap(),
            uid: Bytes::from_static(uid),
        }
    }

    /// RFC 4701 §3.6.2 and §3.6.3.
    #[test]
    fn dhcid_as_in_the_rfc() {
        let name = |text: &str| DnsName::from_text(text.as_bytes()).unwrap();
        let dhcid = |data: &[u8]| Some(Guard::Dhcid(Bytes::copy_from_slice(data)));
        let by_uid = client(b"\x01\x07\x08\x09\x0a\x0b\x0c");
        let first = [
            0x00, 0x01, 0x01, 0x39, 0x20, 0xfe, 0x5d, 0x1d, 0xce, 0xb3, 0xfd, 0x0b, 0xa3, 0x37,
            0x97, 0x56, 0xa7, 0x0d, 0x73, 0xb1, 0x70, 0x09, 0xf4, 0x1d, 0x58, 0xbd, 0xdb, 0xfc,
            0xd6, 0xa2, 0x50, 0x39, 0x56, 0xd8, 0xda,
        ];
        assert_eq!(
            Guard::of(true, &by_uid, &name("chi.example.com")),
            dhcid(&first)
        );
        let second = [
            0x00, 0x00, 0x01, 0xc4, 0xb9, 0xa5, 0xb2, 0x49, 0x65, 0x13, 0x43, 0x15, 0x8d, 0xde,
            0x7b, 0xcc, 0x77, 0x16, 0x98, 0x41, 0xf7, 0xa4, 0x24, 0x3a, 0x57, 0x2b, 0x5c, 0x28,
            0x3f, 0xff, 0xed, 0xeb, 0x3f, 0x75, 0xe6,
        ];
        assert_eq!(
            Guard::of(true, &client(b""), &name("client.example.com")),
            dhcid(&second)
        );
    }

    #[test]
    fn an_identifier_of_a_duid_counts_without_its_iaid() {
        let name = DnsName::from_text(b"a.b").unwrap();
        assert_eq!(Guard::of(true, &client(b"\xff\0\0\0"), &name), None);
        let one = Guard::of(true, &client(b"\xff\0\0\0\x01duid"), &name);
        assert_eq!(one, Guard::of(true, &client(b"\xff\0\0\0\x02duid"), &name));
        assert!(matches!(one, Some(Guard::Dhcid(data)) if data[..3] == [0, 2, 1]));
    }
}
