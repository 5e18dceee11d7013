//! The product's message with usage: `POST /usage` (decision J1).

use protocol::json::{Document, Json, Members};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::quantity::Quantity;
use super::window::UsageWindow;
use crate::product::without_mark;

/// The product's message with usage. Its lines are in the order of the message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageReport {
    /// One line for each record.
    pub lines: Vec<UsageReportLine>,
}

/// One record of the message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageReportLine {
    /// The product's ID of the record. It is only repeated in the answer; `None` if it is malformed.
    pub record_id: Option<String>,
    /// The record; `None` if a member is missing or malformed.
    pub record: Option<ReportedRecord>,
}

/// A well-formed record of usage.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportedRecord {
    /// The instance.
    pub instance_id: InstanceId,
    /// The window.
    pub window: UsageWindow,
    /// The usage in the window.
    pub quantity: Quantity,
    /// The package instance from which the marketplace deducts it.
    pub package: Option<InstanceId>,
}

/// Why a message about usage is rejected as a whole. The text quotes no part of it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum UsageMessageError {
    /// The body is not a JSON object, or two members with one name differ.
    #[error("body is not a JSON object with each member once")]
    NotAnObject,
    /// `records` is missing or is not an array.
    #[error("records is missing or is not an array; send 1 to 1000 records")]
    NoRecords,
    /// `records` has too many items.
    #[error("records has more than 1000 items; send them in several calls")]
    TooMany,
    /// `type`, `data` or `data.usageInfo` is missing or malformed.
    #[error("type, data or data.usageInfo is missing or malformed")]
    NotAMessage,
    /// An entry of `usageInfo` is malformed.
    #[error(
        "an entry of usageInfo is malformed; usageValue is a decimal with at most 4 places, relatedInstanceId an ID, dashboardUrl an address"
    )]
    Entry,
    /// `usageInfo` has no entry, or more than 64.
    #[error("usageInfo must have 1 to 64 entries")]
    EntryCount,
    /// The message has another type or names another instance, so it was not signed for this
    /// request.
    #[error("type is not instance.usage, or instanceId is not the one in the path")]
    Misdirected,
}

/// The most records of one message.
pub const MAX_REPORTED: usize = 1_000;

impl UsageReport {
    /// Parses a message.
    ///
    /// # Errors
    /// If it has no usable list of records. A malformed record is only an empty line.
    pub fn read(body: &[u8]) -> Result<Self, UsageMessageError> {
        let records = records_of(without_mark(body))?;
        if records.is_empty() {
            return Err(UsageMessageError::NoRecords);
        }
        if records.len() > MAX_REPORTED {
            return Err(UsageMessageError::TooMany);
        }
        Ok(Self { lines: records.into_iter().map(line).collect() })
    }
}

/// The texts of the records. Each is parsed by itself, so that a malformed one rejects no other.
fn records_of(body: &[u8]) -> Result<Vec<&RawValue>, UsageMessageError> {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        records: Option<&'a RawValue>,
    }
    let read: Result<Message<'_>, _> = serde_json::from_slice(body);
    let Message { records } = read.map_err(|_| UsageMessageError::NotAnObject)?;
    let records = records.ok_or(UsageMessageError::NoRecords)?;
    serde_json::from_str(records.get()).map_err(|_| UsageMessageError::NoRecords)
}

impl ReportedRecord {
    /// Parses the members of a record from their texts.
    pub fn parse(
        instance: &str,
        [begin, end]: [&str; 2],
        value: &str,
        package: Option<&str>,
    ) -> Option<Self> {
        let time = UnixMillis::from_rfc3339_second;
        Some(Self {
            instance_id: InstanceId::parse(instance).ok()?,
            window: UsageWindow::new(time(begin)?, time(end)?)?,
            quantity: Quantity::parse(value)?,
            package: package.map(InstanceId::parse).transpose().ok()?,
        })
    }
}

fn line(record: &RawValue) -> UsageReportLine {
    let document = Document::parse(record.get().as_bytes());
    let Some(document) = document.ok().filter(|document| !document.conflicting) else {
        return UsageReportLine { record_id: lenient_record_id(record), record: None };
    };
    let members = document.members;
    let record_id = text(&members, "recordId").filter(|id| is_record_id(id)).map(str::to_owned);
    // A record whose answer cannot name it is malformed, too.
    let record = record_id.as_ref().and_then(|_| reported(&members));
    UsageReportLine { record_id, record }
}

/// The ID of a record that is malformed, for its answer.
fn lenient_record_id(record: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        record_id: String,
    }
    let named: Option<Named> = serde_json::from_str(record.get()).ok();
    named.map(|named| named.record_id).filter(|id| is_record_id(id))
}

fn reported(members: &Members) -> Option<ReportedRecord> {
    let value = match member(members, "value")? {
        Json::Text(text) | Json::Number(text) => text,
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    let package = match member(members, "relatedPackageInstanceId") {
        None => None,
        Some(Json::Text(package)) => Some(package.as_str()),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            return None;
        }
    };
    let times = [text(members, "beginTime")?, text(members, "endTime")?];
    ReportedRecord::parse(text(members, "instanceId")?, times, value, package)
}

/// A member that is not null.
pub(super) fn member<'a>(members: &'a Members, name: &str) -> Option<&'a Json> {
    let of_name = members.iter().find(|(named, value)| named == name && *value != Json::Null);
    of_name.map(|(_, value)| value)
}

/// The text of a member that is a string.
pub(super) fn text<'a>(members: &'a Members, name: &str) -> Option<&'a str> {
    match member(members, name)? {
        Json::Text(text) => Some(text),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

fn is_record_id(id: &str) -> bool {
    (1..=64).contains(&id.chars().count()) && !id.chars().any(char::is_control)
}
