//! Exact decimals: the usage of one window, and sums.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The usage of one window: zero or more, with at most 4 decimal places and 8 digits before them
/// (decision J1). Its text has no trailing zeros.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct Quantity(Decimal);

/// A sum of quantities.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct UsageTotal(Decimal);

/// A text is not a stored decimal.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a decimal with at most 4 places")]
pub struct QuantityError;

impl Quantity {
    /// Parses a decimal, with or without an exponent. `None` if it is negative, or has too many
    /// digits.
    pub fn parse(text: &str) -> Option<Self> {
        decimal(text, LIMIT).map(Self)
    }

    /// Whether it is zero. The marketplace accepts no record with zero.
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl UsageTotal {
    /// Parses a decimal that [`fmt::Display`] wrote, or a total that the product sends, with or
    /// without an exponent: zero or more, at most 4 decimal places, and 15 digits before them.
    pub fn parse(text: &str) -> Option<Self> {
        decimal(text, TOTAL_LIMIT).map(Self)
    }

    /// Zero.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The total in ten-thousandths, exactly.
    pub fn ten_thousandths(self) -> u128 {
        let missing = PLACES.saturating_sub(self.0.scale());
        self.0.mantissa().unsigned_abs().saturating_mul(10_u128.pow(missing))
    }

    /// The sum with one more quantity. It stops at the largest decimal instead of overflowing.
    #[must_use]
    pub fn plus(self, quantity: Quantity) -> Self {
        Self(self.0.saturating_add(quantity.0).normalize())
    }
}

/// Parses a decimal from zero to below a limit, with at most 4 places. It has no trailing zeros.
fn decimal(text: &str, limit: u64) -> Option<Decimal> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b".+-eE".contains(&byte));
    if !is_plain || text.len() > MAX_TEXT || text.starts_with('+') {
        return None;
    }
    let exact = || Decimal::from_str_exact(text).ok();
    let decimal =
        if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok() } else { exact() };
    let decimal = decimal?.normalize();
    let fits = (decimal.is_zero() || decimal.is_sign_positive())
        && decimal.scale() <= PLACES
        && decimal < Decimal::from(limit);
    // A negative zero is zero.
    fits.then(|| if decimal.is_zero() { Decimal::ZERO } else { decimal })
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for UsageTotal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> Self {
        quantity.to_string()
    }
}

impl From<UsageTotal> for String {
    fn from(total: UsageTotal) -> Self {
        total.to_string()
    }
}

impl TryFrom<String> for Quantity {
    type Error = QuantityError;

    fn try_from(text: String) -> Result<Self, QuantityError> {
        Self::parse(&text).ok_or(QuantityError)
    }
}

impl TryFrom<String> for UsageTotal {
    type Error = QuantityError;

    fn try_from(text: String) -> Result<Self, QuantityError> {
        Self::parse(&text).ok_or(QuantityError)
    }
}

/// The most decimal places (both guides, usage push).
const PLACES: u32 = 4;
/// A quantity has at most 8 digits before the decimal point.
const LIMIT: u64 = 100_000_000;
/// More than the windows of centuries add up to.
const TOTAL_LIMIT: u64 = 1_000_000_000_000_000;
/// The longest text of a quantity. Longer texts are rejected without being parsed.
const MAX_TEXT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_has_at_most_4_places_and_8_digits_before_them() {
        let cases = [
            ("0", "0"),
            ("-0", "0"),
            ("0.0000", "0"),
            ("99", "99"),
            ("1.5000", "1.5"),
            ("00012.25", "12.25"),
            ("99999999.9999", "99999999.9999"),
            ("1e2", "100"),
            ("1E-4", "0.0001"),
            ("12.50000000", "12.5"),
            ("2.5e+1", "25"),
        ];
        for (text, written) in cases {
            let read = Quantity::parse(text).map(|it| it.to_string());
            assert_eq!(read.as_deref(), Some(written), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_quantities() {
        let wrong = [
            "",
            "-1",
            "-0.0001",
            "100000000",
            "0.00001",
            "1e-5",
            "1e8",
            "1e999999999",
            "NaN",
            "inf",
            "１",
            "1,5",
            "1_000",
            " 1",
            "+1",
            "0x1",
            "1.2.3",
            ".",
            "e1",
            "-",
        ];
        for text in wrong {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
        assert_eq!(Quantity::parse(&"0".repeat(65)), None);
    }

    /// Python's `decimal` computed the sum.
    #[test]
    fn sums_are_exact() {
        let texts = ["0.1", "0.2", "99999999.9999", "0.0001"];
        let sum = texts
            .iter()
            .fold(UsageTotal::default(), |sum, text| sum.plus(Quantity::parse(text).unwrap()));
        assert_eq!(sum.to_string(), "100000000.3");
        assert_eq!(UsageTotal::parse("100000000.3"), Some(sum));
    }

    /// Java writes a `double` of ten millions or more with an exponent.
    #[test]
    fn a_total_has_at_most_4_places_and_15_digits_before_them() {
        let read = |text| UsageTotal::parse(text).map(|total| total.to_string());
        for (text, written) in [
            ("1.2345678E7", "12345678"),
            ("-0.0", "0"),
            ("999999999999999.9999", "999999999999999.9999"),
        ] {
            assert_eq!(read(text).as_deref(), Some(written), "{text}");
        }
        for text in ["1e15", "0.00001", "-1", "", "+1", "NaN"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_total_is_a_whole_number_of_ten_thousandths() {
        let cases = [
            ("0", 0),
            ("1", 10_000),
            ("12.5", 125_000),
            ("0.0001", 1),
            ("100000000.3", 1_000_000_003_000),
            ("999999999999999.9999", 9_999_999_999_999_999_999),
        ];
        for (text, count) in cases {
            assert_eq!(
                UsageTotal::parse(text).map(UsageTotal::ten_thousandths),
                Some(count),
                "{text}"
            );
        }
    }
}
