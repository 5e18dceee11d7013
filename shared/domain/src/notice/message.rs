//! The messages of a notice: one message, or one message for each part of a list.

use protocol::digest;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Notice;
use super::kind::NoticeType;

/// A message to the product, without its signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Its permanent ID (`webhook-id`), by which the product recognises a repeat.
    pub id: String,
    /// The body.
    pub body: Vec<u8>,
}

/// One part of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part {
    /// The number of the part; the first part has number 1.
    pub number: usize,
    /// The total number of parts.
    pub of: usize,
}

/// The body of a notice.
#[derive(Serialize)]
struct Sent<'a> {
    #[serde(rename = "type")]
    kind: NoticeType,
    timestamp: String,
    data: &'a Map<String, Value>,
}

impl Notice {
    /// The permanent ID of the notice. It is derived from the entity, the sequence and the content.
    /// So two contents never get the same ID, even after the loss of a store.
    pub fn id(&self, entity_key: &str) -> String {
        let digest: [u8; 16] = digest::of(&[entity_key, &self.body().to_string()]);
        format!("msg_{}", hex::encode(digest))
    }

    /// The body: `{"type","timestamp","data"}`.
    pub fn body(&self) -> Value {
        json!(self.sent())
    }

    /// The message of a notice without parts.
    pub fn message(&self, entity_key: &str) -> Message {
        Message { id: self.id(entity_key), body: self.body().to_string().into_bytes() }
    }

    /// The message of one part of a list. `records` is a JSON array. `id` is the ID of the notice;
    /// the ID of the part is derived from it. `None` if the records are not JSON.
    pub fn part_message(&self, id: &str, part: Part, records: &[u8]) -> Option<Message> {
        let records: Value = serde_json::from_slice(records).ok()?;
        let Part { number: part, of } = part;
        let mut data = self.data.clone();
        data.insert("parts".to_owned(), of.into());
        data.insert("part".to_owned(), part.into());
        data.insert("records".to_owned(), records);
        let body = Self { kind: self.kind, at: self.at, data }.body().to_string().into_bytes();
        Some(Message { id: format!("{id}_{part}"), body })
    }

    fn sent(&self) -> Sent<'_> {
        Sent { kind: self.kind, timestamp: self.at.to_rfc3339(), data: &self.data }
    }

    /// The length of the body in bytes. It builds no JSON tree, because every write measures every
    /// waiting notice.
    pub(crate) fn len(&self) -> usize {
        serde_json::to_vec(&self.sent()).map_or(usize::MAX, |written| written.len())
    }
}
