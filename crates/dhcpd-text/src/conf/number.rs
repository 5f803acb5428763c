//! Numbers as ISC reads them.

/// A number that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// Its value in two's complement.
    pub(super) value: u32,
    /// What ISC accepts in silence and its author hardly meant.
    pub(super) warning: Option<String>,
}

impl Number {
    /// Reads the text of a number token for a field of `width` bytes (1, 2 or 4).
    ///
    /// With no base given, `0x` starts a hexadecimal number and `0` an octal one, as in ISC.
    ///
    /// # Errors
    /// ISC's message.
    pub(super) fn parse(text: &[u8], base: Option<u32>, width: u8) -> Result<Self, String> {
        let shown = String::from_utf8_lossy(text);
        let (negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        let (base, digits) = match (base, digits) {
            (Some(base), digits) => (base, digits),
            (None, [b'0', b'x', digits @ ..]) => (16, digits),
            (None, [b'0', digits @ ..]) if digits.first().is_some_and(u8::is_ascii_digit) => {
                (8, digits)
            }
            (None, digits) => (10, digits),
        };
        let (value, low) = magnitude(digits, base).map_err(|digit| match digit {
            Some(digit) => format!("Bogus number {shown}: digit {digit} not in base {base}"),
            None => format!("Bogus number: {shown}."),
        })?;
        let limit = (1_u64 << (8 * u32::from(width) - u32::from(negative))) - u64::from(!negative);
        if value > limit && (width < 4 || negative) {
            return Err(format!("{shown} exceeds max ({limit}) for precision."));
        }
        let result = if negative { low.wrapping_neg() } else { low };
        let warning = (value > limit).then(|| format!("{shown} does not fit in 32 bits; ISC dhcpd takes it for {result}, and so is it taken here"));
        Ok(Self {
            value: result,
            warning,
        })
    }

    /// C's `atoi` of a decimal number, in two's complement.
    pub(super) fn atoi(text: &[u8]) -> Self {
        let shown = String::from_utf8_lossy(text);
        let negative = text.first() == Some(&b'-');
        // A number over 64 bits is cut to the largest, as by strtol(3).
        let value = shown
            .parse()
            .unwrap_or(if negative { i64::MIN } else { i64::MAX });
        let low = (value as u64 & u64::from(u32::MAX)) as u32;
        let fits = (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(&value);
        let warning = (!fits).then(|| format!("{shown} does not fit in 32 bits; ISC dhcpd takes it for {low}, and so is it taken here"));
        Self {
            value: low,
            warning,
        }
    }
}

/// The value of the digits, at most `u64::MAX`, and what ISC makes of it, which computes in 32 bits and does not notice when they
/// overflow; or the first digit that is not in the base (`None`: not a digit at all).
fn magnitude(digits: &[u8], base: u32) -> Result<(u64, u32), Option<u32>> {
    let (mut value, mut low) = (0_u64, 0_u32);
    if digits.is_empty() {
        return Err(None);
    }
    for byte in digits {
        let digit = char::from(*byte).to_digit(36).ok_or(None)?;
        if digit >= base {
            return Err(Some(digit));
        }
        value = value
            .saturating_mul(u64::from(base))
            .saturating_add(u64::from(digit));
        low = low.wrapping_mul(base).wrapping_add(digit);
    }
    Ok((value, low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, width: u8) -> Result<u32, String> {
        Number::parse(text.as_bytes(), None, width).map(|number| number.value)
    }

    #[test]
    fn bases_and_signs() {
        assert_eq!(value("600", 4), Ok(600));
        assert_eq!(value("-1", 4), Ok(u32::MAX));
        assert_eq!(value("-5", 1).map(|v| v & 0xff), Ok(251));
        assert_eq!(value("0x1F", 2), Ok(31));
        assert_eq!(value("010", 2), Ok(8));
        assert_eq!(value("0", 1), Ok(0));
        assert_eq!(Number::parse(b"ff", Some(16), 1).unwrap().value, 255);
        assert_eq!(Number::parse(b"010", Some(10), 1).unwrap().value, 10);
    }

    #[test]
    fn limits() {
        assert_eq!(value("255", 1), Ok(255));
        assert_eq!(
            value("256", 1),
            Err("256 exceeds max (255) for precision.".into())
        );
        assert_eq!(value("-128", 1), Ok(128_u32.wrapping_neg()));
        assert_eq!(
            value("-129", 1),
            Err("-129 exceeds max (128) for precision.".into())
        );
        assert_eq!(value("4294967295", 4), Ok(u32::MAX));
        let over = Number::parse(b"4294967297", None, 4).unwrap();
        assert_eq!((over.value, over.warning.is_some()), (1, true));
        assert!(Number::parse(b"-2147483649", None, 4).is_err());
    }

    #[test]
    fn wrong_digits_are_named() {
        assert_eq!(
            value("08", 4),
            Err("Bogus number 08: digit 8 not in base 8".into())
        );
        assert_eq!(
            value("1f", 4),
            Err("Bogus number 1f: digit 15 not in base 10".into())
        );
        assert_eq!(value("0x", 4), Err("Bogus number: 0x.".into()));
        assert_eq!(value("1-2", 4), Err("Bogus number: 1-2.".into()));
    }

    #[test]
    fn atoi_wraps() {
        assert_eq!(
            Number::atoi(b"-1"),
            Number {
                value: u32::MAX,
                warning: None
            }
        );
        assert_eq!(Number::atoi(b"010").value, 10);
        let over = Number::atoi(b"99999999999999999999");
        assert_eq!((over.value, over.warning.is_some()), (u32::MAX, true));
    }
}
