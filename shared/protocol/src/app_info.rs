//! The access data with which the buyer enters the product: `appInfo`.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The access data of one instance, in clear (both guides, `AppInfo`). Lengths are characters.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// Where the buyer logs in; at most 512.
    pub front_end_url: String,
    /// Where the buyer's administrator logs in; at most 512.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_url: Option<String>,
    /// The administrator's account; at most 79 bytes, so that V1's ciphertext fits its 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// The initial password; as the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Anything else the buyer should read; at most 1,024.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
}

/// Why access data cannot be sent. It names the field, never the value.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum AppInfoError {
    /// Not a JSON object of text fields.
    #[error("app info is not an object of texts")]
    NotAnObject,
    /// `frontEndUrl` is missing, or is not an http(s) address.
    #[error("frontEndUrl is missing, or is not an http(s) address")]
    FrontEndUrl,
    /// A field is longer than the guide allows.
    #[error("{0} is too long: at most {limit}", limit = limit(.0))]
    TooLong(&'static str),
}

/// The most that a field may have.
pub fn limit(field: &str) -> &'static str {
    match field {
        "userName" | "password" => "79 bytes",
        "memo" => "1024 characters",
        _ => "512 characters",
    }
}

/// The longest credential whose ciphertext, IV included, fits V1's 128 characters.
const MAX_CREDENTIAL_BYTES: usize = 79;

impl AppInfo {
    /// Reads access data from JSON text.
    ///
    /// # Errors
    /// As [`AppInfoError`] says.
    pub fn parse(text: &str) -> Result<Self, AppInfoError> {
        let parsed: Self = serde_json::from_str(text).map_err(|_| AppInfoError::NotAnObject)?;
        parsed.check()
    }

    /// Checks the lengths of the fields against the guide's limits.
    ///
    /// # Errors
    /// As [`AppInfoError`] says.
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

    /// What a tombstone keeps: the addresses, without the credentials.
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
    fn lengths_are_the_wires() {
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
            "memo is too long: at most 1024 characters"
        );
        assert_eq!(AppInfo::parse("{}"), Err(AppInfoError::NotAnObject));
        assert_eq!(AppInfo::parse(r#"{"frontEndUrl":""}"#), Err(AppInfoError::FrontEndUrl));
        assert_eq!(AppInfo::parse(r#"{"frontEndUrl":1}"#), Err(AppInfoError::NotAnObject));
    }

    #[test]
    fn debug_shows_no_credential() {
        let info = AppInfo::parse(r#"{"frontEndUrl":"https://a.example","password":"canary"}"#);
        assert_eq!(format!("{:?}", info.unwrap()), "AppInfo { .. }");
    }
}
