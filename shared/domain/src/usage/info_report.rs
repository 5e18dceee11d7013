//! The product's message with the usage of an instance, for the marketplace's query:
//! `PUT /instances/{instanceId}/usage-info` (decision J6).

use protocol::json::{Document, Json, Members};
use protocol::message::InstanceId;
use serde::{Deserialize, Serialize};

use super::quantity::UsageTotal;
use super::report::{UsageMessageError, member, text};
use crate::product::without_mark;

/// The product's message with the usage of an instance. It is a Standard Webhook. Its signature does
/// not cover the path, so the body must name the instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageInfoReport {
    /// Its entries: 1 to [`MAX_INFO_ENTRIES`].
    pub entries: Vec<UsageInfoEntry>,
}

/// One entry of the message: the usage of one billing item.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageInfoEntry {
    /// The part of the package that is used.
    pub usage_value: UsageTotal,
    /// The pay-per-use instance to which the usage belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub related_instance_id: Option<InstanceId>,
    /// An address at which the buyer sees the usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard_url: Option<String>,
}

/// The most entries of one message (decision J6).
pub const MAX_INFO_ENTRIES: usize = 64;

impl UsageInfoReport {
    /// The type of the message.
    pub const TYPE: &str = "instance.usage";

    /// Parses a message that was sent to the path of an instance.
    ///
    /// # Errors
    /// If it is not such a message, or was signed for another request.
    pub fn read(path_id: &InstanceId, body: &[u8]) -> Result<Self, UsageMessageError> {
        let document =
            Document::parse(without_mark(body)).map_err(|_| UsageMessageError::NotAnObject)?;
        if document.conflicting {
            return Err(UsageMessageError::NotAnObject);
        }
        let kind = text(&document.members, "type").ok_or(UsageMessageError::NotAMessage)?;
        let Some(Json::Object(data)) = member(&document.members, "data") else {
            return Err(UsageMessageError::NotAMessage);
        };
        if kind != Self::TYPE || text(data, "instanceId") != Some(path_id.as_str()) {
            return Err(UsageMessageError::Misdirected);
        }
        let Some(Json::Array(entries)) = member(data, "usageInfo") else {
            return Err(UsageMessageError::NotAMessage);
        };
        if entries.is_empty() || entries.len() > MAX_INFO_ENTRIES {
            return Err(UsageMessageError::EntryCount);
        }
        let entries: Option<_> = entries.iter().map(entry).collect();
        entries.map(|entries| Self { entries }).ok_or(UsageMessageError::Entry)
    }

    /// Whether it says that the instance is a package (decision J7).
    pub fn is_of_package(&self) -> bool {
        self.entries.iter().any(|entry| entry.related_instance_id.is_some())
    }
}

fn entry(entry: &Json) -> Option<UsageInfoEntry> {
    let Json::Object(members) = entry else { return None };
    let usage_value = match member(members, "usageValue")? {
        Json::Text(text) | Json::Number(text) => UsageTotal::parse(text)?,
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    let related = optional_text(members, "relatedInstanceId")?;
    let dashboard_url = optional_text(members, "dashboardUrl")?;
    let fits = dashboard_url.is_none_or(is_address);
    fits.then_some(UsageInfoEntry {
        usage_value,
        related_instance_id: related.map(InstanceId::parse).transpose().ok()?,
        dashboard_url: dashboard_url.map(str::to_owned),
    })
}

/// A member that is absent or a string; `None` if it is neither.
fn optional_text<'a>(members: &'a Members, name: &str) -> Option<Option<&'a str>> {
    match member(members, name) {
        None => Some(None),
        Some(_) => text(members, name).map(Some),
    }
}

/// An http(s) address within the guide's limit of `dashboardUrl`.
fn is_address(text: &str) -> bool {
    let has_scheme = text.starts_with("https://") || text.starts_with("http://");
    has_scheme && text.len() <= 512 && text.bytes().all(|byte| byte.is_ascii_graphic())
}
