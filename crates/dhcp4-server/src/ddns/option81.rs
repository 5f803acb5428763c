//! The Client FQDN option (RFC 4702), received and answered.

use dhcpd_text::eval::fqdn_part;

use super::name::DnsName;

/// RFC 4702 §2.1: the server updates the A record.
const S: u8 = 1;
/// ISC's no-client-update; the RFC's O and N together.
const N: u8 = 2;
/// The name is in the form of RFC 1035.
const E: u8 = 4;
/// What the deprecated RCODE fields of an answer say.
const RCODE: u8 = 255;

/// Codes in the option space `fqdn`.
const SERVER_UPDATE: u32 = 2;
const ENCODED: u32 = 3;
const HOSTNAME: u32 = 6;
const DOMAIN: u32 = 7;
const WHOLE: u32 = 8;

/// What a client sent.
pub(crate) struct Received(Vec<u8>);

impl Received {
    /// `None` if the option is too short to be one.
    pub(crate) fn new(option: Vec<u8>) -> Option<Self> {
        fqdn_part(&option, ENCODED)?;
        Some(Self(option))
    }

    fn flag(&self, code: u32) -> bool {
        fqdn_part(&self.0, code).is_some_and(|value| value == [1])
    }

    /// The client wants the server to update the A record.
    pub(crate) fn wants_server(&self) -> bool {
        self.flag(SERVER_UPDATE)
    }

    /// Its first label.
    pub(crate) fn hostname(&self) -> Option<Vec<u8>> {
        fqdn_part(&self.0, HOSTNAME)
    }

    /// The whole name, if there is one.
    pub(crate) fn name(&self) -> Option<Vec<u8>> {
        fqdn_part(&self.0, WHOLE)
    }

    /// The whole name, if it is more than one label.
    pub(crate) fn qualified(&self) -> Option<Vec<u8>> {
        fqdn_part(&self.0, DOMAIN).and_then(|_| self.name())
    }

    /// The answer: who updates the A record, and of which name, in the form that the client chose. `None` if the name
    /// has no such form.
    pub(crate) fn answer(&self, server_updates: bool, name: &[u8]) -> Option<Vec<u8>> {
        let encoded = self.flag(ENCODED);
        let flags = match server_updates {
            true => S | N,
            false => 0,
        };
        let mut option = vec![flags | if encoded { E } else { 0 }, RCODE, RCODE];
        match encoded {
            true if !name.is_empty() => option.extend(DnsName::from_text(name)?.as_wire()),
            _ => option.extend(name),
        }
        Some(option)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_form_of_the_question() {
        let plain = Received::new(b"\x01\0\0pc9".to_vec()).unwrap();
        assert!(plain.wants_server());
        assert_eq!(plain.qualified(), None);
        assert_eq!(plain.hostname().unwrap(), b"pc9");
        assert_eq!(
            plain.answer(true, b"pc9.x.org").unwrap(),
            b"\x03\xff\xffpc9.x.org"
        );
        let encoded = Received::new(b"\x04\0\0\x03pc9\x01x\0".to_vec()).unwrap();
        assert!(!encoded.wants_server());
        assert_eq!(encoded.qualified().unwrap(), b"pc9.x");
        assert_eq!(
            encoded.answer(false, b"pc9.x").unwrap(),
            b"\x04\xff\xff\x03pc9\x01x\0"
        );
        assert!(Received::new(vec![1, 2]).is_none());
    }
}
