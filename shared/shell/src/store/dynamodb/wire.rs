//! Requests and answers of DynamoDB's protocol as JSON: only the members that koohook uses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use protocol::time::UnixMillis;

use crate::store::Version;

/// A stored value as an item. Without `agenda` and `due`, the item is not in the index
/// `agenda`; without `catalogue` and `changed`, it is not in the index `catalogue`.
#[derive(Debug, Deserialize, Serialize)]
pub struct Item {
    /// The key, with [`KEY_PREFIX`] before it.
    pub k: StringAttribute,
    /// The version: the token of the write.
    pub version: BinaryAttribute,
    /// The bytes.
    pub value: BinaryAttribute,
    /// When the value expires, in milliseconds. Conditions compare this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<NumberAttribute>,
    /// When DynamoDB may delete the item, in seconds. No condition compares this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<NumberAttribute>,
    /// The agenda's queue and shard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agenda: Option<StringAttribute>,
    /// The time and the key, so that the index is sorted by both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<StringAttribute>,
    /// The catalogue's list and shard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<StringAttribute>,
    /// The time of the change, the key and the digest of the order, so that the index is sorted by
    /// time and key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<StringAttribute>,
}

/// An item's key.
#[derive(Debug, Deserialize, Serialize)]
pub struct ItemKey {
    /// See [`Item`].
    pub k: StringAttribute,
}

/// A text attribute.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StringAttribute {
    /// The text.
    #[serde(rename = "S")]
    pub text: String,
}

/// A number attribute, which is sent as text.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NumberAttribute {
    /// The number.
    #[serde(rename = "N", deserialize_with = "read_number", serialize_with = "write_number")]
    pub number: u64,
}

/// A binary attribute, which is sent as base64.
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
    /// Whether the read sees every acknowledged write.
    pub consistent_read: bool,
}

/// The answer to `GetItem`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetItemResponse {
    /// The item, if it exists.
    pub item: Option<Item>,
}

/// A conditional `PutItem`.
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
    /// Whether the answer to a lost race contains the current item.
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

/// A `Query` of an index.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryRequest<'a, V, I> {
    /// The table.
    pub table_name: &'a str,
    /// The index.
    pub index_name: &'static str,
    /// The condition.
    pub key_condition_expression: &'static str,
    /// The condition's values.
    pub expression_attribute_values: &'a V,
    /// Whether the lowest sort key is the first.
    pub scan_index_forward: bool,
    /// The maximum number of items in the answer.
    pub limit: usize,
    /// The last item of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_start_key: Option<I>,
}

/// The values of the condition of a query of the agenda.
#[derive(Serialize)]
pub struct AgendaConditionValues {
    /// Queue and shard.
    #[serde(rename = ":agenda")]
    pub agenda: StringAttribute,
    /// The first sort key.
    #[serde(rename = ":from")]
    pub from: StringAttribute,
    /// The last sort key.
    #[serde(rename = ":until")]
    pub until: StringAttribute,
}

/// The answer to `Query`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryResponse<I> {
    /// The items of one page.
    pub items: Vec<I>,
    /// The last item of this page, if there is another page.
    pub last_evaluated_key: Option<I>,
}

/// An entry of the agenda, as the index contains it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AgendaItem {
    /// See [`Item`].
    pub k: StringAttribute,
    /// See [`Item`].
    pub agenda: StringAttribute,
    /// See [`Item`].
    pub due: StringAttribute,
}

/// The answer to a call that failed.
#[derive(Default, Deserialize)]
pub struct DynamodbErrorResponse {
    /// The error's name, after a `#`.
    #[serde(default, rename = "__type")]
    pub kind: String,
    /// After a lost race, the current item.
    #[serde(rename = "Item")]
    pub item: Option<Item>,
}

impl ItemKey {
    /// The item key of a store key.
    pub fn of(key: &str) -> Self {
        Self { k: StringAttribute::new(format!("{KEY_PREFIX}{key}")) }
    }
}

impl StringAttribute {
    /// Makes a text attribute.
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
    /// The error's name without the protocol's version, which is before the `#`.
    pub fn kind(&self) -> &str {
        self.kind.rsplit('#').next().unwrap_or_default()
    }
}

fn write_base64<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(bytes))
}

fn read_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    STANDARD.decode(text).map_err(|_| serde::de::Error::custom("not base64"))
}

fn write_number<S: Serializer>(number: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(number)
}

fn read_number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| serde::de::Error::custom("not a number"))
}

/// The prefix of every key, because DynamoDB allows no empty key.
pub const KEY_PREFIX: &str = "k:";
