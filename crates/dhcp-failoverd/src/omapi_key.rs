//! The keys that `omapi-key` and zones may name.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use dhcpd_text::conf::{Key as Declared, ServerSettings};
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use md5::Md5;
use omapi::{Key, Keyring};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

/// What may stand behind the plain name of an algorithm.
const DOMAIN: &str = ".sig-alg.reg.int.";

/// As loose about padding as dhcpd.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A key of a configuration can't be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// dhcpd knows no more algorithms either.
    #[error(
        "key {name}: algorithm {algorithm} is none of hmac-md5, -sha1, -sha224, -sha256, -sha384, -sha512"
    )]
    Algorithm {
        /// The key's.
        name: String,
        /// The one asked for.
        algorithm: String,
    },
    /// The parser lets none of these pass.
    #[error("key {0}: the secret is not in base 64")]
    Secret(String),
}

/// The keys of a configuration.
///
/// # Errors
///
/// One of them can't be used. It need not be the one that `omapi-key` names: the author meant something by each.
pub(crate) fn keyring(server: &ServerSettings) -> Result<Keyring, KeyError> {
    let named = server.omapi_key.as_ref();
    let required = named.and_then(|name| server.keys.iter().position(|key| key.name == *name));
    let keys = server.keys.iter().map(key).collect::<Result<_, _>>()?;
    Ok(Keyring::new(keys, required))
}

/// One declared key.
///
/// # Errors
///
/// It can't be used.
pub(crate) fn key(declared: &Declared) -> Result<Box<dyn Key>, KeyError> {
    let secret = BASE64
        .decode(declared.secret.trim_end_matches('='))
        .map_err(|_| KeyError::Secret(declared.name.clone()))?;
    let algorithm = declared.algorithm.as_str();
    Ok(match plain_algorithm(algorithm) {
        "hmac-md5" => HmacKey::<Hmac<Md5>>::boxed(declared, &secret),
        "hmac-sha1" => HmacKey::<Hmac<Sha1>>::boxed(declared, &secret),
        "hmac-sha224" => HmacKey::<Hmac<Sha224>>::boxed(declared, &secret),
        "hmac-sha256" => HmacKey::<Hmac<Sha256>>::boxed(declared, &secret),
        "hmac-sha384" => HmacKey::<Hmac<Sha384>>::boxed(declared, &secret),
        "hmac-sha512" => HmacKey::<Hmac<Sha512>>::boxed(declared, &secret),
        _ => {
            return Err(KeyError::Algorithm {
                name: declared.name.clone(),
                algorithm: algorithm.into(),
            });
        }
    })
}

/// The name of an algorithm without the domain that may stand behind it.
pub(crate) fn plain_algorithm(algorithm: &str) -> &str {
    let plain = algorithm.strip_suffix(DOMAIN);
    let plain = plain.or_else(|| algorithm.strip_suffix(DOMAIN.trim_end_matches('.')));
    plain.unwrap_or(algorithm)
}

/// A key, with the secret already worked into the MAC.
struct HmacKey<M> {
    name: String,
    algorithm: String,
    mac: M,
}

impl<M: Mac + KeyInit + Clone + 'static> HmacKey<M> {
    fn boxed(declared: &Declared, secret: &[u8]) -> Box<dyn Key> {
        Box::new(Self {
            name: declared.name.clone(),
            algorithm: declared.algorithm.clone(),
            mac: <M as KeyInit>::new_from_slice(secret).expect("HMAC takes keys of any length"),
        })
    }
}

impl<M: Mac + Clone> Key for HmacKey<M> {
    fn name(&self) -> &str {
        &self.name
    }

    fn algorithm(&self) -> &str {
        &self.algorithm
    }

    fn signature_len(&self) -> u32 {
        M::output_size() as u32
    }

    fn sign(&self, signed: &[u8]) -> Vec<u8> {
        let mut mac = self.mac.clone();
        mac.update(signed);
        mac.finalize().into_bytes().to_vec()
    }

    fn verify(&self, signed: [&[u8]; 2], signature: &[u8]) -> bool {
        let mut mac = self.mac.clone();
        signed.into_iter().for_each(|part| mac.update(part));
        mac.verify_slice(signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(algorithm: &str, secret: &[u8]) -> Declared {
        Declared {
            name: "k".into(),
            algorithm: algorithm.into(),
            secret: base64::engine::general_purpose::STANDARD.encode(secret),
        }
    }

    /// RFC 2202 and RFC 4231, test case 2 of each.
    #[test]
    fn signatures_are_those_of_the_standards() {
        for (algorithm, begin) in [
            ("hmac-md5", [0x75, 0x0c, 0x78, 0x3e]),
            ("hmac-md5.sig-alg.reg.int.", [0x75, 0x0c, 0x78, 0x3e]),
            ("hmac-sha1", [0xef, 0xfc, 0xdf, 0x6a]),
            ("hmac-sha224", [0xa3, 0x0e, 0x01, 0x09]),
            ("hmac-sha256", [0x5b, 0xdc, 0xc1, 0x46]),
            ("hmac-sha384", [0xaf, 0x45, 0xd2, 0xe3]),
            ("hmac-sha512", [0x16, 0x4b, 0x7a, 0x7b]),
        ] {
            let key = key(&declared(algorithm, b"Jefe")).unwrap();
            let text = b"what do ya want for nothing?";
            let mut signature = key.sign(text);
            assert_eq!(signature[..4], begin, "{algorithm}");
            assert_eq!(signature.len(), key.signature_len() as usize);
            let (first, second) = text.split_at(5);
            assert!(key.verify([first, second], &signature));
            signature[0] ^= 1;
            assert!(!key.verify([first, second], &signature));
            assert!(!key.verify([text, b""], b""), "no signature at all");
        }
    }

    #[test]
    fn secrets_without_padding_and_unknown_algorithms() {
        let mut padded = declared("hmac-md5", b"ab");
        let signature = |declared: &Declared| key(declared).unwrap().sign(b"x");
        let expected = signature(&padded);
        padded.secret = "YWI".into();
        assert_eq!(signature(&padded), expected);
        let unknown = key(&declared("hmac-md4", b"ab"));
        assert!(matches!(unknown, Err(KeyError::Algorithm { .. })));
    }

    #[test]
    fn the_key_that_is_asked_for() {
        let mut server = ServerSettings {
            keys: vec![declared("hmac-md5", b"ab")],
            ..ServerSettings::default()
        };
        assert!(!keyring(&server).unwrap().is_required());
        server.omapi_key = Some("k".into());
        assert!(keyring(&server).unwrap().is_required());
    }
}
