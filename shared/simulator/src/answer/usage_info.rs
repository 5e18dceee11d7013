//! The usage in the answer to queryInstance.

use serde_json::Value;

use super::AnswerError;
use super::members::Members;

/// One entry of `usageInfo`: the usage of a pay-per-use instance, or of one billing item of a
/// package.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageInfo {
    /// `relatedInstanceId`, at most 64 characters: the pay-per-use instance that used a package.
    pub related_instance_id: Option<String>,
    /// `usageValue`, a JSON number with at most 8 digits and 4 decimals.
    pub usage_value: Value,
    /// `statisticalTime`, UTC `yyyyMMddHHmmssSSS`.
    pub statistical_time: String,
    /// `dashboardUrl`, at most 512 characters.
    pub dashboard_url: Option<String>,
}

impl UsageInfo {
    /// Restates *Interface debugging*: a usage entry must have its value and its time.
    pub(super) fn read(value: &Value) -> Result<Self, AnswerError> {
        let usage = Members::of("usageInfo", value)?;
        let usage_value = usage.get("usageValue").ok_or(AnswerError::Missing("usageValue"))?;
        Ok(Self {
            related_instance_id: usage.optional("relatedInstanceId", 64)?,
            usage_value: usage_value.clone(),
            statistical_time: usage.mandatory("statisticalTime", 20)?,
            dashboard_url: usage.optional("dashboardUrl", 512)?,
        })
    }

    /// Whether value and time have the form of the queryInstance page: `Double(12,4)`, and 17
    /// digits. The debugging page also accepts other forms.
    pub(super) fn has_the_tables_form(&self) -> bool {
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let Value::Number(number) = &self.usage_value else {
            return false;
        };
        let number = number.to_string();
        let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
        let is_value = whole.len() <= 8 && fraction.len() <= 4;
        let is_decimal = is_digits(whole) && is_digits(fraction);
        let is_time = self.statistical_time.len() == 17 && is_digits(&self.statistical_time);
        is_value && is_decimal && is_time
    }
}
