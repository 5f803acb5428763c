//! Signatures of messages (RFC 8945). The library has the record; it makes and checks no signatures of MD5, SHA-1 and
//! SHA-224, which keys of dhcpd.conf still ask for.

use dhcp4_server::DnsName;
use dhcpd_text::conf::Key as Declared;
use hickory_proto::op::{Header, Message, Query};
use hickory_proto::rr::rdata::TSIG;
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_proto::rr::{DNSClass, Name, RData, Record};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, BinEncoder};
use omapi::Key;

use super::message::name;
use crate::omapi_key::{self, KeyError};

/// Seconds that the clocks may be apart (RFC 8945 §10).
const FUDGE: u16 = 300;

/// A key with its name and algorithm as they are on the wire.
pub(super) struct Signer {
    name: Name,
    algorithm: TsigAlgorithm,
    key: Box<dyn Key>,
}

/// Why an answer isn't believed, in BIND's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unbelievable {
    /// It has no signature.
    #[error("expected a TSIG or SIG(0)")]
    Unsigned,
    /// The name server didn't like ours.
    #[error("tsig indicates error")]
    Refused,
    /// The signature is wrong.
    #[error("tsig verify failure")]
    Wrong,
    /// The clocks are too far apart.
    #[error("clocks are unsynchronized")]
    Clock,
}

impl Signer {
    pub(super) fn new(declared: &Declared) -> Result<Self, KeyError> {
        let key = omapi_key::key(declared)?;
        let unknown = || KeyError::Algorithm {
            name: declared.name.clone(),
            algorithm: declared.algorithm.clone(),
        };
        let algorithm = match omapi_key::plain_algorithm(&declared.algorithm) {
            "hmac-md5" => TsigAlgorithm::HmacMd5,
            "hmac-sha1" => TsigAlgorithm::HmacSha1,
            "hmac-sha224" => TsigAlgorithm::HmacSha224,
            "hmac-sha256" => TsigAlgorithm::HmacSha256,
            "hmac-sha384" => TsigAlgorithm::HmacSha384,
            "hmac-sha512" => TsigAlgorithm::HmacSha512,
            _ => return Err(unknown()),
        };
        let key_name = DnsName::from_text(declared.name.as_bytes());
        Ok(Self {
            name: key_name.as_ref().and_then(name).ok_or_else(unknown)?,
            algorithm,
            key,
        })
    }

    /// Signs a message; returns it and the signature, which the answer's covers too. `None` if it can't be put together.
    pub(super) fn sign(&self, mut message: Message, now: u64) -> Option<(Vec<u8>, Vec<u8>)> {
        let id = message.metadata.id;
        let tsig = TSIG::new(
            self.algorithm.clone(),
            now,
            FUDGE,
            Vec::new(),
            id,
            None,
            Vec::new(),
        );
        let mut signed = message.to_vec().ok()?;
        self.variables(&tsig, &mut signed)?;
        let mac = self.key.sign(&signed);
        let mut record = Record::from_rdata(self.name.clone(), 0, tsig.set_mac(mac.clone()));
        record.dns_class = DNSClass::ANY;
        message.signature = Some(Box::new(record));
        Some((message.to_vec().ok()?, mac))
    }

    /// Checks the signature of an answer (RFC 8945 §5.3).
    pub(super) fn verify(&self, answer: &[u8], asked: &[u8], now: u64) -> Result<(), Unbelievable> {
        let (at, record) = last_record(answer).ok_or(Unbelievable::Unsigned)?;
        let RData::TSIG(tsig) = &record.data else {
            return Err(Unbelievable::Unsigned);
        };
        if tsig.error.is_some() && tsig.mac.is_empty() {
            return Err(Unbelievable::Refused);
        }
        let mut signed = (asked.len() as u16).to_be_bytes().to_vec(); // a MAC has at most 64 bytes
        signed.extend_from_slice(asked);
        let start = signed.len();
        signed.extend_from_slice(&answer[..at]);
        // As it was before the signature: one record less, and the id of the question.
        signed[start..start + 2].copy_from_slice(&tsig.oid.to_be_bytes());
        let count = u16::from_be_bytes([answer[10], answer[11]]).saturating_sub(1);
        signed[start + 10..start + 12].copy_from_slice(&count.to_be_bytes());
        self.variables(tsig, &mut signed)
            .ok_or(Unbelievable::Wrong)?;
        if record.name != self.name || !self.key.verify([&signed, &[]], &tsig.mac) {
            return Err(Unbelievable::Wrong);
        }
        match tsig.error {
            Some(_) => Err(Unbelievable::Refused),
            None if now.abs_diff(tsig.time) > tsig.fudge.into() => Err(Unbelievable::Clock),
            None => Ok(()),
        }
    }

    /// Appends what a signature covers beside the message (RFC 8945 §4.3.3).
    fn variables(&self, tsig: &TSIG, out: &mut Vec<u8>) -> Option<()> {
        let mut variables = Vec::new();
        let mut encoder = BinEncoder::new(&mut variables);
        tsig.emit_tsig_for_mac(&mut encoder, &self.name).ok()?;
        out.extend(variables);
        Some(())
    }
}

/// The last record of a message, and where it begins.
fn last_record(message: &[u8]) -> Option<(usize, Record)> {
    let mut decoder = BinDecoder::new(message);
    let header = Header::read(&mut decoder).ok()?;
    let counts = header.counts;
    for _ in 0..counts.queries {
        Query::read(&mut decoder).ok()?;
    }
    let records = [counts.answers, counts.authorities, counts.additionals];
    let records = records.into_iter().map(usize::from).sum::<usize>();
    for _ in 1..records {
        Record::<RData>::read(&mut decoder).ok()?;
    }
    let at = decoder.index();
    let last = Record::read(&mut decoder).ok()?;
    (counts.additionals > 0).then_some((at, last))
}
