//! The template of access data. The seller writes one text for all instances.

mod check;
mod error;
mod placeholder;
#[cfg(test)]
mod tests;

use protocol::app_info::{AppInfo, AppInfoError, limit};
use protocol::query_string;
use serde_json::Value;

use crate::app_info_template::check::{check_members, check_texts};
use crate::app_info_template::placeholder::replace;

pub use crate::app_info_template::error::TemplateError;

/// Access data with placeholders. koohook fills them with the IDs of an instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template(AppInfo);

impl Template {
    /// Parses a template from JSON text.
    ///
    /// # Errors
    /// See [`TemplateError`]. Lengths are checked with the longest IDs of plain letters.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let value: Value = serde_json::from_str(text).map_err(|fault| {
            let (line, column) = (fault.line(), fault.column());
            TemplateError::NotJson { line, column }
        })?;
        let Value::Object(members) = value else { return Err(TemplateError::NotAnObject) };
        check_members(&members)?;
        // All other faults were checked before. serde can find only a repeated member.
        let info: AppInfo = serde_json::from_str(text).map_err(|_| TemplateError::Twice)?;
        check_texts(&members)?;
        let template = Self(info);
        let sample = "0".repeat(MAX_ID_LEN);
        template.fill(&sample, &sample).check().map_err(filled)?;
        Ok(template)
    }

    /// A template with only an address. It answers rehearsals if there is no template.
    pub fn of_address(front_end_url: &str) -> Self {
        Self(AppInfo { front_end_url: front_end_url.to_owned(), ..AppInfo::default() })
    }

    /// The access data of one instance. IDs in addresses are percent-encoded. An ID with letters
    /// outside ASCII is cut if it does not fit; the marketplace does not make such IDs.
    pub fn fill(&self, instance_id: &str, order_id: &str) -> AppInfo {
        let ids = [instance_id, order_id];
        let whole = self.filled(ids, |id| id.to_owned(), |id| query_string::encode(id).to_string());
        whole.check().unwrap_or_else(|_| {
            self.filled(
                ids,
                |id| cut(id, str::to_owned),
                |id| cut(id, |letter| query_string::encode(letter).to_string()),
            )
        })
    }

    fn filled(
        &self,
        ids: [&str; 2],
        as_text: impl Fn(&str) -> String,
        in_address: impl Fn(&str) -> String,
    ) -> AppInfo {
        let (texts, addresses) = (ids.map(as_text), ids.map(in_address));
        let plain = |text: &String| replace(text, texts.each_ref().map(String::as_str));
        let address = |text: &String| replace(text, addresses.each_ref().map(String::as_str));
        AppInfo {
            front_end_url: address(&self.0.front_end_url),
            admin_url: self.0.admin_url.as_ref().map(address),
            user_name: self.0.user_name.as_ref().map(plain),
            password: self.0.password.as_ref().map(plain),
            memo: self.0.memo.as_ref().map(plain),
        }
    }
}

/// The first letters of an ID that fit into [`MAX_ID_LEN`], each written by `write`.
fn cut(id: &str, write: impl Fn(&str) -> String) -> String {
    let mut cut = String::new();
    for letter in id.chars() {
        let written = write(letter.encode_utf8(&mut [0; 4]));
        if MAX_ID_LEN < cut.len() + written.len() {
            break;
        }
        cut.push_str(&written);
    }
    cut
}

/// The error of a template that is not valid access data after the IDs are filled in.
fn filled(fault: AppInfoError) -> TemplateError {
    match fault {
        AppInfoError::NotAnObject => TemplateError::NotAnObject,
        AppInfoError::FrontEndUrl => TemplateError::NotAnAddress("frontEndUrl"),
        AppInfoError::TooLong(member) => TemplateError::TooLong(member, limit(member)),
    }
}

/// The longest ID, in bytes.
const MAX_ID_LEN: usize = 64;
