//! Authenticators.

/// What dhcpd puts behind the plain name of an algorithm.
const ALGORITHM_DOMAIN: &str = ".SIG-ALG.REG.INT.";

/// A shared secret and what is done with it. Left to the caller, so that this crate needs no cryptography.
pub trait Key {
    /// Its name in the configuration; compared without regard to case.
    fn name(&self) -> &str;

    /// The algorithm as the configuration has it, such as `hmac-md5`.
    fn algorithm(&self) -> &str;

    /// Bytes of a signature.
    fn signature_len(&self) -> u32;

    /// The signature of `signed`, [`signature_len`](Self::signature_len) bytes.
    fn sign(&self, signed: &[u8]) -> Vec<u8>;

    /// Whether `signature` is that of the two parts of `signed`, one behind the other; found in a time that doesn't
    /// depend on where it differs.
    fn verify(&self, signed: [&[u8]; 2], signature: &[u8]) -> bool;
}

/// The algorithm's name on the wire: a plain one gets the domain behind it that dhcpd gives it.
pub(crate) fn full_algorithm(name: &str) -> String {
    if name.contains('.') {
        name.into()
    } else {
        format!("{name}{ALGORITHM_DOMAIN}")
    }
}

/// The keys that clients may name, and which of them is asked for.
#[derive(Default)]
pub struct Keyring {
    keys: Vec<Box<dyn Key>>,
    required: Option<usize>,
}

impl Keyring {
    /// No authentication: every client may do everything, as with dhcpd without `omapi-key`.
    pub fn open() -> Self {
        Self::default()
    }

    /// All declared `keys`, of which the one of index `required` (`omapi-key`) has to be used; with `None` none needs
    /// to be, and any may.
    ///
    /// # Panics
    ///
    /// There is no key of that index.
    pub fn new(keys: Vec<Box<dyn Key>>, required: Option<usize>) -> Self {
        assert!(required.is_none_or(|index| index < keys.len()));
        Self { keys, required }
    }

    /// Whether messages have to be signed.
    pub fn is_required(&self) -> bool {
        self.required.is_some()
    }

    /// May the key of this index be used?
    pub(crate) fn is_accepted(&self, index: usize) -> bool {
        self.required.is_none_or(|required| required == index)
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&dyn Key> {
        self.keys.get(index).map(Box::as_ref)
    }

    /// The key of this name and algorithm.
    pub(crate) fn find(&self, name: &[u8], algorithm: &[u8]) -> Option<usize> {
        self.keys.iter().position(|key| {
            key.name().as_bytes().eq_ignore_ascii_case(name)
                && full_algorithm(key.algorithm())
                    .as_bytes()
                    .eq_ignore_ascii_case(algorithm)
        })
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Names only: secrets have no place in a log.
        let names = self.keys.iter().map(|key| key.name());
        f.debug_list().entries(names).finish()
    }
}
