//! What the buyer gets to enter the product: `appInfo`, and the template it may come from.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::query;

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

/// Why access data cannot go over the wire. Names the field, never the value.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Fault {
    /// No JSON object of text fields.
    #[error("app info is no object of text fields")]
    NotAnObject,
    /// `frontEndUrl` is missing, or no http(s) address.
    #[error("frontEndUrl is missing, or no http(s) address")]
    FrontEndUrl,
    /// A field is longer than the guide allows.
    #[error("{0} is too long")]
    TooLong(&'static str),
}

/// What a template may name: replaced by the instance's own.
const PLACEHOLDERS: [&str; 2] = ["{instanceId}", "{orderId}"];

/// The longest credential whose ciphertext, IV included, fits V1's 128 characters.
const MAX_CREDENTIAL_BYTES: usize = 79;

impl AppInfo {
    /// Reads access data from JSON text.
    ///
    /// # Errors
    /// As [`Fault`] says.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let parsed: Self = serde_json::from_str(text).map_err(|_| Fault::NotAnObject)?;
        parsed.check()
    }

    /// Holds the wire's lengths against the fields.
    ///
    /// # Errors
    /// As [`Fault`] says.
    pub fn check(self) -> Result<Self, Fault> {
        let address = &self.front_end_url;
        if !(address.starts_with("https://") || address.starts_with("http://")) {
            return Err(Fault::FrontEndUrl);
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
            Some((_, field)) => Err(Fault::TooLong(field)),
            None => Ok(self),
        }
    }

    /// What may stay in a tombstone: addresses, no credentials.
    pub fn without_credentials(self) -> Self {
        Self { user_name: None, password: None, memo: None, ..self }
    }
}

impl fmt::Debug for AppInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AppInfo").finish_non_exhaustive()
    }
}

/// Access data with placeholders, the same for every instance but for what they name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template(AppInfo);

impl Template {
    /// Reads a template from JSON text.
    ///
    /// # Errors
    /// As [`Fault`] says, judged as filled for the longest IDs of plain letters.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let template = Self(serde_json::from_str(text).map_err(|_| Fault::NotAnObject)?);
        let sample = "0".repeat(64);
        template.fill(&sample, &sample).check()?;
        Ok(template)
    }

    /// The bare address: what a rehearsal is answered where nobody made a template.
    pub fn of_address(front_end_url: &str) -> Self {
        Self(AppInfo { front_end_url: front_end_url.to_owned(), ..AppInfo::default() })
    }

    /// The access data of one instance. In addresses what is filled in is percent-encoded.
    pub fn fill(&self, instance_id: &str, order_id: &str) -> AppInfo {
        let plain = |text: &String| replace(text, [instance_id, order_id]);
        let [instance, order] = [instance_id, order_id].map(|id| query::encode(id).to_string());
        let address = |text: &String| replace(text, [&instance, &order]);
        AppInfo {
            front_end_url: address(&self.0.front_end_url),
            admin_url: self.0.admin_url.as_ref().map(address),
            user_name: self.0.user_name.as_ref().map(plain),
            password: self.0.password.as_ref().map(plain),
            memo: self.0.memo.as_ref().map(plain),
        }
    }
}

/// Replaces in one pass, so that a value which looks like a placeholder stays itself.
fn replace(text: &str, values: [&str; 2]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    'next: while let Some(letter) = rest.chars().next() {
        for (placeholder, value) in PLACEHOLDERS.into_iter().zip(values) {
            if let Some(after) = rest.strip_prefix(placeholder) {
                out.push_str(value);
                rest = after;
                continue 'next;
            }
        }
        out.push(letter);
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_field_by_field() {
        let text = r#"{"frontEndUrl":"https://app.example.com/i/{instanceId}?o={orderId}",
            "userName":"admin@{orderId}","memo":"{unknown} {instanceId"}"#;
        let filled = Template::parse(text).unwrap().fill("a/b", "{instanceId} 1");
        assert_eq!(filled.front_end_url, "https://app.example.com/i/a%2Fb?o=%7BinstanceId%7D%201");
        assert_eq!(filled.user_name.as_deref(), Some("admin@{instanceId} 1"));
        assert_eq!(filled.memo.as_deref(), Some("{unknown} {instanceId"));
    }

    #[test]
    fn a_template_fits_the_wire_for_the_longest_id() {
        let with = |user_name: &str| {
            Template::parse(&format!(
                r#"{{"frontEndUrl":"https://a.example","userName":"{user_name}"}}"#
            ))
        };
        assert!(with("admin@{orderId}").is_ok());
        assert_eq!(with("{orderId}@{instanceId}"), Err(Fault::TooLong("userName")));
    }

    #[test]
    fn lengths_are_the_wires() {
        let with = |field: &str, text: String| {
            AppInfo::parse(&format!(r#"{{"frontEndUrl":"https://a.example","{field}":"{text}"}}"#))
        };
        assert!(with("memo", "用".repeat(1024)).is_ok());
        assert_eq!(with("memo", "用".repeat(1025)), Err(Fault::TooLong("memo")));
        assert!(with("password", "x".repeat(79)).is_ok());
        assert_eq!(with("password", "x".repeat(80)), Err(Fault::TooLong("password")));
        assert_eq!(with("adminUrl", "x".repeat(513)), Err(Fault::TooLong("adminUrl")));
        assert_eq!(AppInfo::parse("{}"), Err(Fault::NotAnObject));
        assert_eq!(AppInfo::parse(r#"{"frontEndUrl":""}"#), Err(Fault::FrontEndUrl));
        assert_eq!(AppInfo::parse(r#"{"frontEndUrl":1}"#), Err(Fault::NotAnObject));
    }

    #[test]
    fn debug_shows_no_credential() {
        let info = AppInfo::parse(r#"{"frontEndUrl":"https://a.example","password":"canary"}"#);
        assert_eq!(format!("{:?}", info.unwrap()), "AppInfo { .. }");
    }
}
