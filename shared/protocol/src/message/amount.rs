//! The amount of a V1 order: what its text says of its sign.

/// An optional amount, read no further than its sign (decision C3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Amount {
    /// The call carries none.
    Absent,
    /// The call carries a text that is not a decimal.
    Unreadable,
    /// Below zero: a refund.
    Negative,
    /// Zero, however it is written.
    Zero,
    /// Above zero.
    Positive,
}

impl Amount {
    /// Reads the text of a field.
    pub fn read(text: Option<&str>) -> Self {
        text.map_or(Self::Absent, |text| Self::parse(text).unwrap_or(Self::Unreadable))
    }

    /// Java's BigDecimal prints and reads these: a sign, digits with a dot before, among or
    /// behind them, an exponent. The exponent is checked and never expanded.
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

/// Java's scale. It refuses a number whose exponent or scale is not an `int`.
fn scale(fraction: &str, exponent: &str) -> Option<i32> {
    let exponent: i32 = exponent.parse().ok()?;
    let scale = i64::try_from(fraction.len()).ok()?.checked_sub(i64::from(exponent))?;
    i32::try_from(scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many more, with Java's answers, are in the tests' vectors.
    #[test]
    fn amounts_are_read_by_their_sign() {
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
    fn a_long_exponent_costs_nothing() {
        let amount = format!("1E{}", "9".repeat(100_000));
        assert_eq!(Amount::read(Some(&amount)), Amount::Unreadable);
    }
}
