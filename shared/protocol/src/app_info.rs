//! `appInfo`: the access data with which the buyer logs in to the product.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The access data of one instance, unencrypted (both guides, `AppInfo`). Lengths are in
/// characters.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// The address where the buyer logs in: at most 512.
    pub front_end_url: String,
    /// The address where the buyer's administrator logs in: at most 512.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_url: Option<String>,
    /// The administrator's account: at most 79 bytes, since V1 limits the ciphertext to 128
    /// characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// The initial password: at most 79 bytes, for the same reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Other text for the buyer: at most 1,024.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
}

/// Why access data cannot be sent. The error contains the field's name, never its value.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum AppInfoError {
    /// The text is not a JSON object with string members.
    #[error("access data is not a JSON object with string members")]
    NotAnObject,
    /// `frontEndUrl` is missing, or is not an http(s) address.
    #[error("frontEndUrl is missing or is not an http(s) address")]
    FrontEndUrl,
    /// A field is longer than the guide allows.
    #[error("{0} is too long; the limit is {limit}", limit = limit(.0))]
    TooLong(&'static str),
}

/// The limit of a field, as text.
pub fn limit(field: &str) -> &'static str {
    match field {
        "userName" | "password" => "79 bytes",
        "memo" => "1024 characters",
        _ => "512 characters",
    }
}

/// The longest credential. Its ciphertext with the IV has at most V1's 128 characters.
const MAX_CREDENTIAL_BYTES: usize = 79;

impl AppInfo {
    /// Reads access data from JSON text.
    ///
    /// # Errors
    /// If the text is not access data, or a field breaks a limit.
    pub fn parse(text: &str) -> Result<Self, AppInfoError> {
        let parsed: Self = serde_json::from_str(text).map_err(|_| AppInfoError::NotAnObject)?;
        parsed.check()
    }

    /// Checks `frontEndUrl` and the lengths of the fields by the guide's limits.
    ///
    /// # Errors
    /// If a field breaks a limit.
    pub fn check(self) -> Result<Self, AppInfoError> {
        let address = &self.front_end_url;
        if !(address.starts_with("https://") || address.starts_with("http://")) {
            return Err(AppInfoError::FrontEndUrl);
        }
        let letters = |text: &str| text.chars().count();
        let long =
            |field: &Option<String>, max| field.as_ref().is_some_and(|text| letters(text) > max);
        let wide = |field: &Option<String>| {
            field.as_ref().is_some_and(|text| text.len() > MAX_CREDENTIAL_BYTES)
        };
        let faults = [
            (letters(address) > 512, "frontEndUrl"),
            (long(&self.admin_url, 512), "adminUrl"),
            (wide(&self.user_name), "userName"),
            (wide(&self.password), "password"),
            (long(&self.memo, 1024), "memo"),
        ];
        match faults.into_iter().find(|(faulty, _)| *faulty) {
            Some((_, field)) => Err(AppInfoError::TooLong(field)),
            None => Ok(self),
        }
    }

    /// The access data without credentials and memo. A tombstone keeps only this part.
    pub fn without_credentials(self) -> Self {
        Self { user_name: None, password: None, memo: None, ..self }
    }
}

impl fmt::Debug for AppInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AppInfo").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_limited_as_in_the_guide() {
        let with = |field: &str, text: String| {
            AppInfo::parse(&format!(r#"{{"frontEndUrl":"https://a.example","{field}":"{text}"}}"#))
        };
        assert!(with("memo", "用".repeat(1024)).is_ok());
        assert_eq!(with("memo", "用".repeat(1025)), Err(AppInfoError::TooLong("memo")));
        assert!(with("password", "x".repeat(79)).is_ok());
        assert_eq!(with("password", "x".repeat(80)), Err(AppInfoError::TooLong("password")));
        assert_eq!(with("adminUrl", "x".repeat(513)), Err(AppInfoError::TooLong("adminUrl")));
        assert_eq!(
            AppInfoError::TooLong("memo").to_string(),
            "memo is too long; the limit is 1024 characters"
        );
        assert_eq!(AppInfo::parse("{}"), Err(AppInfoError::NotAnObject));
        assert_eq!(AppInfo::parse(r#"{"frontEndUrl":""}"#), Err(AppInfoError::FrontEndUrl));
        assert_eq!(AppInfo::parse(r#"{"frontEndUrl":1}"#), Err(AppInfoError::NotAnObject));
    }

    #[test]
    fn debug_output_contains_no_credential() {
        let info = AppInfo::parse(r#"{"frontEndUrl":"https://a.example","password":"canary"}"#);
        assert_eq!(format!("{:?}", info.unwrap()), "AppInfo { .. }");
    }
}
