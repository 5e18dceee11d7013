//! The body of a request, read by the table of the guide.

use serde_json::{Map, Value};

use super::answer::Refusal;
use super::record::{ReceivedRecord, RecordState};

/// Parses a body into records.
///
/// Restates *Pushing usage (new)*: an array `usage_records` of 1 to 1,000 records, and no other
/// member. Times and values are parsed later, because a bad record does not fail the request.
pub(super) fn read(body: &[u8], most: usize, now: u64) -> Result<Vec<ReceivedRecord>, Refusal> {
    let body: Value = serde_json::from_slice(body).map_err(|_| Refusal::OTHER)?;
    let body = body.as_object().ok_or(Refusal::OTHER)?;
    check_names(body, &["usage_records"])?;
    let records = body.get("usage_records").ok_or(Refusal::PARAMETERS)?;
    let records = records.as_array().ok_or(Refusal::OUT_OF_RANGE)?;
    if records.len() > most {
        return Err(Refusal::TOO_MANY);
    }
    if records.is_empty() {
        return Err(Refusal::PARAMETERS);
    }
    records.iter().map(|record| read_record(record, now)).collect()
}

fn read_record(record: &Value, now: u64) -> Result<ReceivedRecord, Refusal> {
    let members = record.as_object().ok_or(Refusal::OUT_OF_RANGE)?;
    check_names(members, &NAMES)?;
    let text = |name, limit| mandatory(members, name, limit);
    Ok(ReceivedRecord {
        instance_id: text("instance_id", ID_LENGTH)?,
        record_time: text("record_time", TIME_LENGTH)?,
        begin_time: text("begin_time", TIME_LENGTH)?,
        end_time: text("end_time", TIME_LENGTH)?,
        usage_value: usage_value(members)?,
        metering_sn: optional(members, "metering_sn", ID_LENGTH)?.unwrap_or_default(),
        relate_pkg_instance: optional(members, "relate_pkg_instance", ID_LENGTH)?,
        received_at: now,
        state: RecordState::Waiting,
    })
}

fn check_names(members: &Map<String, Value>, known: &[&str]) -> Result<(), Refusal> {
    let is_known = members.keys().all(|name| known.contains(&name.as_str()));
    if is_known { Ok(()) } else { Err(Refusal::PARAMETERS) }
}

/// The pages differ: a text, or a JSON number.
fn usage_value(members: &Map<String, Value>) -> Result<String, Refusal> {
    match members.get("usage_value") {
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => mandatory(members, "usage_value", VALUE_LENGTH),
    }
}

fn mandatory(members: &Map<String, Value>, name: &str, limit: usize) -> Result<String, Refusal> {
    optional(members, name, limit)?.ok_or(Refusal::PARAMETERS)
}

/// An empty text counts as absent.
fn optional(
    members: &Map<String, Value>,
    name: &str,
    limit: usize,
) -> Result<Option<String>, Refusal> {
    let Some(value) = members.get(name) else {
        return Ok(None);
    };
    let text = value.as_str().ok_or(Refusal::OUT_OF_RANGE)?;
    if limit < text.chars().count() {
        return Err(Refusal::OUT_OF_RANGE);
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

const NAMES: [&str; 7] = [
    "instance_id",
    "record_time",
    "begin_time",
    "end_time",
    "usage_value",
    "metering_sn",
    "relate_pkg_instance",
];
const ID_LENGTH: usize = 64;
/// The format has 16 characters, and the table says 17.
const TIME_LENGTH: usize = 17;
const VALUE_LENGTH: usize = 20;
