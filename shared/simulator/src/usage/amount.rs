//! Exact amounts of usage: a number of ten-thousandths.

use std::fmt;

/// An amount with four decimals. A sum of any records fits.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Amount(u128);

impl Amount {
    /// Parses digits, with a point and 1 to 4 decimals if there is a fraction.
    ///
    /// Restates `Double(12,4)` of *Pushing usage*: at most 8 digits before the point.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (text, ""),
        };
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=MOST_DIGITS).contains(&whole.len()) && fraction.len() <= DECIMALS;
        if !fits || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        format!("{whole}{fraction:0<DECIMALS$}").parse().ok().map(Self)
    }

    pub(super) const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Adds another amount. The greatest `u128` is never reached: a record has 12 digits.
    pub(super) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Writes no zeros at the end of the fraction: `99`, `12.5`, `0.0001`.
impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:0DECIMALS$}", self.0 / ONE, self.0 % ONE);
        formatter.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// One, in ten-thousandths.
const ONE: u128 = 10_000;
const DECIMALS: usize = 4;
const MOST_DIGITS: usize = 8;

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn an_amount_is_read_and_written_exactly() {
        let known = [
            ("0", "0"),
            ("99", "99"),
            ("100", "100"),
            ("12.50", "12.5"),
            ("0.0001", "0.0001"),
            ("007.1", "7.1"),
            ("99999999.9999", "99999999.9999"),
        ];
        for (text, written) in known {
            assert_eq!(Amount::parse(text).map(|a| a.to_string()).as_deref(), Some(written));
        }
    }

    #[test]
    fn other_texts_are_no_amounts() {
        let others =
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", " 1", "1.00000", "100000000", "１"];
        for text in others {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
    }

    /// A thousand times a tenth is a hundred, which binary fractions miss.
    #[test]
    fn a_sum_is_exact() {
        let tenth = Amount::parse("0.1").unwrap();
        let sum = (0..1_000).fold(Amount::default(), |sum, _| sum.plus(tenth));
        assert_eq!(sum.to_string(), "100");
    }
}
