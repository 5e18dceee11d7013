//! The amount of a V1 order. Only its sign is read.

/// The sign of an optional amount (decision C3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Amount {
    /// The call has no amount.
    Absent,
    /// The text is not a decimal.
    Unreadable,
    /// Below zero: a refund.
    Negative,
    /// Zero, in any notation.
    Zero,
    /// Above zero.
    Positive,
}

impl Amount {
    /// Reads the text of a field.
    pub fn read(text: Option<&str>) -> Self {
        text.map_or(Self::Absent, |text| Self::parse(text).unwrap_or(Self::Unreadable))
    }

    /// Reads every decimal that Java's `BigDecimal` reads or prints: an optional sign, digits with
    /// an optional dot at any place, and an optional exponent. The exponent is checked but never
    /// expanded, because that could need much memory.
    fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (decimal, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        scale(fraction, exponent)?;
        let is_zero = digits.bytes().all(|digit| digit == b'0');
        Some(match (is_zero, text.starts_with('-')) {
            (true, _) => Self::Zero,
            (false, true) => Self::Negative,
            (false, false) => Self::Positive,
        })
    }
}

/// Java's scale. `None` if the exponent or the scale is not an `int`: Java rejects such a number.
fn scale(fraction: &str, exponent: &str) -> Option<i32> {
    let exponent: i32 = exponent.parse().ok()?;
    let scale = i64::try_from(fraction.len()).ok()?.checked_sub(i64::from(exponent))?;
    i32::try_from(scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tests' vectors contain many more texts, with Java's results.
    #[test]
    fn the_sign_of_an_amount_is_read() {
        let cases = [
            (Amount::Positive, "12.78 1. .5 +1E+2 1E-2147483647"),
            (Amount::Negative, "-0.001 -.5 -1E+2 -1e2147483647"),
            (Amount::Zero, "0 -0.000 0E+5 +.0e-7"),
            (Amount::Unreadable, "- . 12.78x 1.2.3 1E 1E2147483648 １"),
        ];
        for (amount, texts) in cases {
            for text in texts.split(' ') {
                assert_eq!(Amount::read(Some(text)), amount, "{text}");
            }
        }
        assert_eq!(Amount::read(None), Amount::Absent);
    }

    #[test]
    fn a_long_exponent_is_not_expanded() {
        let amount = format!("1E{}", "9".repeat(100_000));
        assert_eq!(Amount::read(Some(&amount)), Amount::Unreadable);
    }
}
