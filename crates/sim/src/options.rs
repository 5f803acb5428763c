//! What is asked for, over what the seed says.

use core::fmt;

use crate::clock::Time;
use crate::fault::Fault;
use crate::scenario::HOUR;

/// The longest run: so that no sum of times overflows.
const MAX_DURATION: Time = 100_000 * 24 * HOUR;
/// Most clients.
const MAX_CLIENTS: u64 = 10_000;
/// Most addresses of a pool: what its network has room for.
const MAX_ADDRESSES: u64 = 60_000;

/// What is asked for on the command line, over what the seed says.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Length of the part with faults, ms.
    pub duration: Option<Time>,
    /// Number of clients.
    pub clients: Option<u64>,
    /// Most addresses of a pool.
    pub addresses: Option<u32>,
    /// Fault classes that are left out.
    pub without: Vec<Fault>,
    /// Fault classes that are there in any case.
    pub with: Vec<Fault>,
    /// The scenario that speed is measured on: 50 clients, leases of 8 hours, an MCLT of one, and a
    /// max-response-delay of 60 s. The faults are the seed's.
    pub reference: bool,
}

impl Options {
    /// Takes one option of a command line: its name, and how to get its value.
    ///
    /// # Errors
    /// If there is no such option, or its value isn't one.
    pub fn take(
        &mut self,
        word: &str,
        value: impl FnOnce() -> Result<String, String>,
    ) -> Result<(), String> {
        let number = |text: String| {
            text.parse::<u64>()
                .map_err(|error| format!("{word}: {text}: {error}"))
        };
        let length = |unit: Time, text| {
            number(text).map(|number| Some(number.saturating_mul(unit).min(MAX_DURATION)))
        };
        match word {
            "--days" => self.duration = length(24 * HOUR, value()?)?,
            "--hours" => self.duration = length(HOUR, value()?)?,
            "--seconds" => self.duration = length(1000, value()?)?,
            "--clients" => self.clients = Some(number(value()?)?.min(MAX_CLIENTS)),
            "--addresses" => {
                self.addresses = Some(number(value()?)?.clamp(1, MAX_ADDRESSES) as u32);
            }
            "--without" => match value()?.as_str() {
                "all" => self.without = Fault::ALL.to_vec(),
                class => self.without.push(class.parse()?),
            },
            "--with" => self.with.push(value()?.parse()?),
            "--reference" => self.reference = true,
            _ => return Err(format!("unknown argument {word}")),
        }
        Ok(())
    }

    /// Reads a line of options, as [`Display`](fmt::Display) writes it.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn parse(line: &str) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            options.take(word, || {
                let value = words.next().map(str::to_owned);
                value.ok_or_else(|| format!("{word} wants a value"))
            })?;
        }
        Ok(options)
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        if let Some(duration) = self.duration {
            words.push(format!("--seconds {}", duration / 1000));
        }
        if let Some(clients) = self.clients {
            words.push(format!("--clients {clients}"));
        }
        if let Some(addresses) = self.addresses {
            words.push(format!("--addresses {addresses}"));
        }
        if self.without == Fault::ALL {
            words.push("--without all".into());
        } else {
            let without = self.without.iter();
            words.extend(without.map(|fault| format!("--without {fault}")));
        }
        words.extend(self.with.iter().map(|fault| format!("--with {fault}")));
        if self.reference {
            words.push("--reference".into());
        }
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_back() {
        let line = "--seconds 90 --clients 3 --addresses 2 --without crash --with lie --reference";
        let options = Options::parse(line).unwrap();
        assert_eq!(options.to_string(), line);
        assert_eq!(options.duration, Some(90_000));
        let line = "--without all --with lie";
        assert_eq!(Options::parse(line).unwrap().to_string(), line);
        assert!(Options::parse("--clients").is_err());
        assert!(Options::parse("--clients many").is_err());
        assert!(Options::parse("--without gremlins").is_err());
        assert!(Options::parse("--verbose").is_err());
        assert_eq!(
            Options::parse("--hours 2").unwrap().to_string(),
            "--seconds 7200"
        );
    }
}
