//! `usageInfo`: the usage of an instance, in the answer to queryInstance.

use std::fmt;

use serde::{Serialize, Serializer, ser};
use serde_json::value::RawValue;

use super::InstanceId;
use crate::time::UnixMillis;

/// The usage of one billing item (both guides, "querying an instance", `UsageInfo`). The members are
/// in the order of the guide's table.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageInfo {
    /// Packages: the pay-per-use instance to which the usage belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related_instance_id: Option<InstanceId>,
    /// Pay-per-use: the whole usage since the beginning. Packages: the part that is used.
    pub usage_value: UsageValue,
    /// The time up to which the usage is counted. On the wire it is 17 digits in UTC.
    #[serde(serialize_with = "digits")]
    pub statistical_time: UnixMillis,
    /// An address at which the buyer sees the usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dashboard_url: Option<String>,
}

/// An exact decimal with at most 4 places, in ten-thousandths. On the wire it is a JSON number: the
/// guides say Double(12,4), and no float could contain every such decimal exactly.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UsageValue(u128);

impl UsageValue {
    /// The value of this many ten-thousandths.
    pub const fn of_ten_thousandths(count: u128) -> Self {
        Self(count)
    }
}

impl fmt::Display for UsageValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / UNIT, self.0 % UNIT);
        if rest == 0 {
            return write!(formatter, "{whole}");
        }
        let places = format!("{rest:04}");
        write!(formatter, "{whole}.{}", places.trim_end_matches('0'))
    }
}

impl Serialize for UsageValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = RawValue::from_string(self.to_string()).map_err(ser::Error::custom)?;
        number.serialize(serializer)
    }
}

fn digits<S: Serializer>(at: &UnixMillis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_utc_digits())
}

/// The number of ten-thousandths in one.
const UNIT: u128 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::to_ascii;

    fn info(value: u128) -> UsageInfo {
        UsageInfo {
            related_instance_id: None,
            usage_value: UsageValue::of_ten_thousandths(value),
            statistical_time: UnixMillis::new(1_679_899_953_980),
            dashboard_url: None,
        }
    }

    fn written(info: &UsageInfo) -> String {
        String::from_utf8(to_ascii(info).unwrap()).unwrap()
    }

    /// The form of the V2 guide's example; Python's `datetime` gave the time.
    #[test]
    fn the_members_have_the_form_and_the_order_of_the_guide() {
        let all = UsageInfo {
            related_instance_id: Some(InstanceId::parse("i-2").unwrap()),
            dashboard_url: Some("https://app.example.com/usage".to_owned()),
            ..info(125_000)
        };
        let expected = r#"{"relatedInstanceId":"i-2","usageValue":12.5,"statisticalTime":"20230327065233980","dashboardUrl":"https://app.example.com/usage"}"#;
        assert_eq!(written(&all), expected);
        let least = r#"{"usageValue":0,"statisticalTime":"20230327065233980"}"#;
        assert_eq!(written(&info(0)), least);
    }

    #[test]
    fn the_value_is_an_exact_number_with_at_most_4_places() {
        let cases = [
            (1, "0.0001"),
            (10_000, "1"),
            (10_010, "1.001"),
            (999_999_999_999, "99999999.9999"),
            (1_000_000_000_000_001, "100000000000.0001"),
            (90_071_992_547_409_930_001, "9007199254740993.0001"),
        ];
        for (count, text) in cases {
            assert_eq!(UsageValue::of_ten_thousandths(count).to_string(), text);
            assert!(written(&info(count)).contains(&format!(r#""usageValue":{text},"#)), "{text}");
        }
    }
}
