//! Requests and answers of DynamoDB's protocol, as JSON: no more of them than koohook uses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use protocol::time::UnixMillis;

use crate::store::Version;

/// A stored value as an item. An attribute that is not there stays out of the index.
#[derive(Debug, Deserialize, Serialize)]
pub struct Item {
    /// The key, with [`KEY_PREFIX`] before it.
    pub k: StringAttribute,
    /// The name of the write.
    pub version: BinaryAttribute,
    /// The bytes.
    pub value: BinaryAttribute,
    /// When the value stops existing, in milliseconds. Conditions compare this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<NumberAttribute>,
    /// When DynamoDB may free the memory, in seconds. No condition compares this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<NumberAttribute>,
    /// The agenda's queue and shard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agenda: Option<StringAttribute>,
    /// The time and the key, so that the index is in both's order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<StringAttribute>,
}

/// An item's key.
#[derive(Debug, Deserialize, Serialize)]
pub struct ItemKey {
    /// As in [`Item`].
    pub k: StringAttribute,
}

/// A text attribute.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StringAttribute {
    /// The text.
    #[serde(rename = "S")]
    pub text: String,
}

/// A number attribute, which travels as text.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NumberAttribute {
    /// The number.
    #[serde(rename = "N", deserialize_with = "read_number", serialize_with = "write_number")]
    pub number: u64,
}

/// A binary attribute, which travels as base64.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct BinaryAttribute {
    /// The bytes.
    #[serde(rename = "B", deserialize_with = "read_base64", serialize_with = "write_base64")]
    pub bytes: Vec<u8>,
}

/// `GetItem`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetItemRequest<'a> {
    /// The table.
    pub table_name: &'a str,
    /// The item's key.
    pub key: ItemKey,
    /// Whether every write that was answered is seen.
    pub consistent_read: bool,
}

/// What `GetItem` answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetItemResponse {
    /// The item, if it exists.
    pub item: Option<Item>,
}

/// `PutItem`, under a condition.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutItemRequest<'a> {
    /// The table.
    pub table_name: &'a str,
    /// The item.
    pub item: &'a Item,
    /// The condition.
    pub condition_expression: &'static str,
    /// The condition's values.
    pub expression_attribute_values: PutConditionValues,
    /// Whether the answer to a lost race has the item that exists.
    pub return_values_on_condition_check_failure: &'static str,
}

/// The values of a write's condition.
#[derive(Serialize)]
pub struct PutConditionValues {
    /// The time.
    #[serde(rename = ":now")]
    pub now: NumberAttribute,
    /// The version that was read.
    #[serde(rename = ":over", skip_serializing_if = "Option::is_none")]
    pub over: Option<BinaryAttribute>,
}

/// `Query`, of the agenda.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryRequest<'a> {
    /// The table.
    pub table_name: &'a str,
    /// The index.
    pub index_name: &'static str,
    /// The condition.
    pub key_condition_expression: &'static str,
    /// The condition's values.
    pub expression_attribute_values: &'a QueryConditionValues,
    /// How many at once.
    pub limit: usize,
    /// The last item of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_start_key: Option<AgendaItem>,
}

/// The values of a query's condition.
#[derive(Serialize)]
pub struct QueryConditionValues {
    /// Queue and shard.
    #[serde(rename = ":agenda")]
    pub agenda: StringAttribute,
    /// The first place that is asked for.
    #[serde(rename = ":from")]
    pub from: StringAttribute,
    /// The last one.
    #[serde(rename = ":until")]
    pub until: StringAttribute,
}

/// What `Query` answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryResponse {
    /// One page of it.
    pub items: Vec<AgendaItem>,
    /// The last item of this page, if there is another page.
    pub last_evaluated_key: Option<AgendaItem>,
}

/// A line of the agenda, as the index has it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AgendaItem {
    /// As in [`Item`].
    pub k: StringAttribute,
    /// As in [`Item`].
    pub agenda: StringAttribute,
    /// As in [`Item`].
    pub due: StringAttribute,
}

/// What any call may be refused with.
#[derive(Default, Deserialize)]
pub struct DynamodbErrorResponse {
    /// The kind, behind a `#`.
    #[serde(default, rename = "__type")]
    pub kind: String,
    /// The item that exists, after a lost race.
    #[serde(rename = "Item")]
    pub item: Option<Item>,
}

impl ItemKey {
    /// The key of what a store's caller calls `key`.
    pub fn of(key: &str) -> Self {
        Self { k: StringAttribute::new(format!("{KEY_PREFIX}{key}")) }
    }
}

impl StringAttribute {
    /// A text.
    pub const fn new(text: String) -> Self {
        Self { text }
    }
}

impl From<UnixMillis> for NumberAttribute {
    fn from(at: UnixMillis) -> Self {
        Self { number: at.millis() }
    }
}

impl From<Version> for BinaryAttribute {
    fn from(Version(bytes): Version) -> Self {
        Self { bytes: bytes.to_vec() }
    }
}

impl DynamodbErrorResponse {
    /// The kind alone: the text before the `#` is the protocol's version.
    pub fn kind(&self) -> &str {
        self.kind.rsplit('#').next().unwrap_or_default()
    }
}

fn write_base64<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(bytes))
}

fn read_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    STANDARD.decode(text).map_err(|_| serde::de::Error::custom("no base64"))
}

fn write_number<S: Serializer>(number: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(number)
}

fn read_number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| serde::de::Error::custom("no number"))
}

/// Before every key, since a key must not be empty.
pub const KEY_PREFIX: &str = "k:";
