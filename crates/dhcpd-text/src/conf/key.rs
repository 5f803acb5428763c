//! `key NAME { algorithm A; secret S; }`, which `omapi-key` refers to.

use super::Key;
use super::parser::{Parser, Read};
use crate::lex::TokenKind;

impl Parser<'_, '_, '_> {
    /// `key NAME { … }`, with or without a `;` behind it.
    pub(super) fn key(&mut self) -> Read<()> {
        let token = self.next();
        let name = self.key_name()?;
        let name = String::from_utf8_lossy(&name).into_owned();
        let (mut algorithm, mut secret) = (None, None);
        self.open_block("the name of the key")?;
        while !self.block_ends("the key") {
            if self
                .key_statement(&name, &mut algorithm, &mut secret)
                .is_err()
            {
                self.recover();
            }
        }
        let (Some(algorithm), Some(secret)) = (algorithm, secret) else {
            let expected = "an algorithm and a secret in the key";
            self.error_last(&format!("key {name} is not complete"), expected);
            self.take(b';');
            return Ok(());
        };
        let keys = &mut self.build.config.server.keys;
        let before = keys.len();
        keys.retain(|key| key.name != name);
        if keys.len() < before {
            self.warn(
                &token,
                &format!("key {name} is declared twice: the last one counts"),
            );
        }
        self.build.config.server.keys.push(Key {
            name,
            algorithm,
            secret,
        });
        // As in BIND, which this block comes from.
        self.take(b';');
        Ok(())
    }

    /// The name of a key, with or without quotes.
    pub(super) fn key_name(&mut self) -> Read<Vec<u8>> {
        let expected = "the name of a key";
        if self.peek().kind == TokenKind::String {
            return self.quoted("expecting key name.", expected);
        }
        match self.host_name() {
            Some(name) => Ok(name.into_bytes()),
            None => Err(self.error_next("expecting key name.", expected)),
        }
    }

    fn key_statement(
        &mut self,
        name: &str,
        algorithm: &mut Option<String>,
        secret: &mut Option<String>,
    ) -> Read<()> {
        let token = self.peek();
        if self.take_word("algorithm") {
            if algorithm.is_some() {
                return Err(self.error(
                    &token,
                    &format!("key {name}: too many algorithms"),
                    "one algorithm",
                ));
            }
            let Some(word) = self.host_name() else {
                let expected = "the name of an algorithm, such as hmac-md5";
                return Err(self.error_next("expecting key algorithm name.", expected));
            };
            *algorithm = Some(word.to_ascii_lowercase());
            return self.semicolon("the algorithm");
        }
        if self.take_word("secret") {
            if secret.is_some() {
                return Err(self.error(
                    &token,
                    &format!("key {name}: too many secrets"),
                    "one secret",
                ));
            }
            *secret = Some(self.secret()?);
            return self.semicolon("the secret");
        }
        Err(self.error_next("expecting right brace.", "`algorithm`, `secret` or `}`"))
    }

    /// Base 64, with or without quotes.
    fn secret(&mut self) -> Read<String> {
        let first = self.peek();
        let mut text = String::new();
        if first.kind == TokenKind::String {
            text = String::from_utf8_lossy(&self.quoted("", "")?).into_owned();
        } else {
            loop {
                let token = self.peek();
                if token.is_end() || token.is(b';') || token.is(b'}') {
                    break;
                }
                text.push_str(&String::from_utf8_lossy(token.text));
                self.next();
            }
        }
        if is_base64(&text) {
            return Ok(text);
        }
        Err(self.error(
            &first,
            "the secret of the key is not in base 64",
            "letters, digits, `+` and `/`, padded to a multiple of 4 with `=`",
        ))
    }
}

/// As loose about padding as ISC is.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    !digits.is_empty()
        && (text.len().is_multiple_of(4) || digits.len().is_multiple_of(4))
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64() {
        for good in ["QUJD", "QUI=", "QQ==", "+/+/", "QUJD=="] {
            assert!(is_base64(good), "{good}");
        }
        for bad in ["", "====", "QUJ", "QU-D", "QUJD=QUJ"] {
            assert!(!is_base64(bad), "{bad}");
        }
    }
}
