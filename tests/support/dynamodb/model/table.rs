//! A table of the model: its items, its conditions and its indexes.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::refusal::{ModelAnswer, Refused};
use crate::dynamodb::condition::is_met;

/// A table.
#[derive(Default)]
pub struct ModelTable {
    /// The answer of `DescribeTable`.
    pub described: Value,
    /// Whether the table deletes items by their `ttl`.
    pub deletes_expired: bool,
    /// The items, by their keys.
    pub items: BTreeMap<String, KeptItem>,
}

/// An item now, and before its last write.
pub struct KeptItem {
    /// The attributes now.
    pub now: Map<String, Value>,
    before: Option<Map<String, Value>>,
}

impl ModelTable {
    /// `GetItem`.
    pub fn get(&self, request: &Value) -> ModelAnswer {
        let item = self.items.get(key(&request["Key"])?);
        let item = match request["ConsistentRead"] {
            Value::Bool(true) => item.map(|item| &item.now),
            _ => item.and_then(|item| item.before.as_ref()),
        };
        Ok(item.map_or(json!({}), |item| json!({ "Item": item })))
    }

    /// `PutItem`.
    pub fn put(&mut self, request: &Value) -> ModelAnswer {
        let item = request["Item"].as_object().ok_or(Refused::invalid("no item"))?;
        let key = key(&request["Item"])?.to_owned();
        let lengths = item.iter().map(|(name, value)| name.len() + length(value));
        if lengths.sum::<usize>() > MAX_ITEM_LEN {
            return Err(Refused::invalid("Item size has exceeded the maximum allowed size"));
        }
        let keys = INDEXES
            .iter()
            .flat_map(|[hash, range]| [(*hash, MAX_KEY_LEN), (*range, MAX_SORT_KEY_LEN)]);
        for (name, longest) in keys {
            let text = item.get(name).map(|value| value["S"].as_str().unwrap_or_default());
            if text.is_some_and(|text| text.is_empty() || text.len() > longest) {
                return Err(Refused::invalid("an index key of a wrong type or length"));
            }
        }
        let current = self.items.get(&key).map(|item| &item.now);
        if let Some(condition) = request["ConditionExpression"].as_str() {
            let met = is_met(condition, current, &request["ExpressionAttributeValues"]);
            if !met.map_err(|fault| Refused::invalid(&fault))? {
                let returns_item = request["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD";
                let current = current.filter(|_| returns_item).cloned();
                let message = "The conditional request failed".to_owned();
                return Err(Refused("ConditionalCheckFailedException", message, current));
            }
        }
        let before = self.items.remove(&key).map(|item| item.now);
        self.items.insert(key, KeptItem { now: item.clone(), before });
        Ok(json!({}))
    }

    /// `UpdateTable`, only to add indexes.
    pub fn add_indexes(&mut self, request: &Value) -> ModelAnswer {
        let indexes = self.described["GlobalSecondaryIndexes"].as_array_mut();
        let indexes =
            indexes.ok_or_else(|| Refused::invalid("the table has no list of indexes"))?;
        for update in request["GlobalSecondaryIndexUpdates"].as_array().into_iter().flatten() {
            let mut index = update["Create"].clone();
            if indexes.iter().any(|other| other["IndexName"] == index["IndexName"]) {
                return Err(Refused::invalid("Attempting to create an index which already exists"));
            }
            index["IndexStatus"] = json!("ACTIVE");
            indexes.push(index);
        }
        self.described["AttributeDefinitions"] = request["AttributeDefinitions"].clone();
        Ok(json!({ "TableDescription": self.described }))
    }

    /// `Scan` of the table, in the order of the keys.
    pub fn scan(&self, request: &Value) -> ModelAnswer {
        let limit = limit(request)?;
        let start = &request["ExclusiveStartKey"];
        let start = if start.is_null() { "" } else { key(start)? };
        let items = self.items.iter().filter(|(key, _)| key.as_str() > start);
        let page: Vec<_> = items.take(limit).map(|(_, item)| &item.now).collect();
        let mut answer = json!({ "Count": page.len(), "Items": page });
        if let Some(last) = page.last().filter(|_| page.len() == limit) {
            answer["LastEvaluatedKey"] = json!({ "k": last["k"] });
        }
        Ok(answer)
    }

    /// `Query`, only of an index.
    pub fn query(&self, request: &Value) -> ModelAnswer {
        let name = &request["IndexName"];
        let mut indexes = self.described["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
        let exists = indexes.any(|index| index["IndexName"] == *name);
        let keys = INDEXES.into_iter().find(|[hash, _]| exists && *name == *hash);
        let Some([hash, range]) = keys.filter(|_| request["ConsistentRead"] != true) else {
            return Err(Refused::invalid("no such index, or a strong read of one"));
        };
        let limit = limit(request)?;
        let condition = request["KeyConditionExpression"].as_str().unwrap_or_default();
        let values = &request["ExpressionAttributeValues"];
        let mut found = Vec::new();
        for item in self.items.values().map(|item| &item.now) {
            let met = is_met(condition, Some(item), values);
            if met.map_err(|fault| Refused::invalid(&fault))? {
                let projected = ["k", hash, range].map(|name| (name, item.get(name)));
                found.push(json!(BTreeMap::from(projected)));
            }
        }
        let place = |item: &Value| {
            [range, "k"].map(|name| item[name]["S"].as_str().unwrap_or_default().to_owned())
        };
        found.sort_by_key(place);
        let descends = request["ScanIndexForward"] == false;
        if descends {
            found.reverse();
        }
        let start = &request["ExclusiveStartKey"];
        let is_after = |item: &Value| match place(item).cmp(&place(start)) {
            Ordering::Less => descends,
            Ordering::Equal => false,
            Ordering::Greater => !descends,
        };
        let mut page: Vec<Value> =
            found.into_iter().filter(|item| start.is_null() || is_after(item)).collect();
        page.truncate(limit);
        let mut answer = json!({ "Count": page.len(), "Items": page });
        // A full page returns its last key, even if no item follows.
        if let Some(last) = page.last().filter(|_| page.len() == limit) {
            answer["LastEvaluatedKey"] = last.clone();
        }
        Ok(answer)
    }
}

fn limit(request: &Value) -> Result<usize, Refused> {
    let limit = request["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    limit.filter(|limit| *limit > 0).ok_or_else(|| Refused::invalid("Limit must be at least 1"))
}

fn key(attributes: &Value) -> Result<&str, Refused> {
    let key = attributes["k"]["S"].as_str().filter(|key| (1..=MAX_KEY_LEN).contains(&key.len()));
    key.ok_or_else(|| Refused::invalid("a key of a wrong type or length"))
}

fn length(value: &Value) -> usize {
    let binary = value["B"].as_str().and_then(|text| STANDARD.decode(text).ok());
    let text = value["S"].as_str().or(value["N"].as_str());
    binary.map_or(text.map_or(0, str::len), |bytes| bytes.len())
}

/// The greatest length of an item, with the names of its attributes.
const MAX_ITEM_LEN: usize = 400 * 1024;
const MAX_KEY_LEN: usize = 2_048;
const MAX_SORT_KEY_LEN: usize = 1_024;
/// The keys of the indexes. Each index has the name of its first key.
const INDEXES: [[&str; 2]; 2] = [["agenda", "due"], ["catalogue", "changed"]];
