//! The messages that are sent of a notice: one, or one for each part of a list.

use protocol::digest;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Notice;
use super::kind::NoticeType;

/// What is sent to the product, without its signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Its ID for ever (`webhook-id`): the product recognises a repeat by it.
    pub id: String,
    /// The body.
    pub body: Vec<u8>,
}

/// One part of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part {
    /// Which; 1 is the first.
    pub number: usize,
    /// Of how many.
    pub of: usize,
}

/// A notice as it is sent.
#[derive(Serialize)]
struct Sent<'a> {
    #[serde(rename = "type")]
    kind: NoticeType,
    timestamp: String,
    data: &'a Map<String, Value>,
}

impl Notice {
    /// The notice's ID for ever. It is made of the entity, the sequence and the content: even if a
    /// store is lost, two contents never get one ID.
    pub fn id(&self, entity_key: &str) -> String {
        let digest: [u8; 16] = digest::of(&[entity_key, &self.body().to_string()]);
        format!("msg_{}", hex::encode(digest))
    }

    /// What is sent: `{"type","timestamp","data"}`.
    pub fn body(&self) -> Value {
        json!(self.sent())
    }

    /// The message that is sent of a notice without parts.
    pub fn message(&self, entity_key: &str) -> Message {
        Message { id: self.id(entity_key), body: self.body().to_string().into_bytes() }
    }

    /// The message of one part of a list. `records` is a JSON array. `id` is the notice's own; the
    /// part's ID is derived from it. `None` if the records are not JSON.
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

    /// The length of the body. No tree is built for it: every write measures every waiting notice.
    pub(crate) fn len(&self) -> usize {
        serde_json::to_vec(&self.sent()).map_or(usize::MAX, |written| written.len())
    }
}
