//! How the table must be: its key and its indexes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{agenda, catalogue};

/// The answer to `DescribeTable`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribedTable {
    /// The table.
    pub table: TableShape,
}

/// A table, as `DescribeTable` shows it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TableShape {
    table_status: String,
    key_schema: Value,
    attribute_definitions: Vec<Value>,
    #[serde(default)]
    global_secondary_indexes: Vec<IndexShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexShape {
    index_name: String,
    index_status: String,
    key_schema: Value,
}

impl TableShape {
    /// Whether the table and all its indexes are active.
    pub fn is_active(&self) -> bool {
        let mut indexes = self.global_secondary_indexes.iter();
        self.table_status == ACTIVE && indexes.all(|index| index.index_status == ACTIVE)
    }

    /// Whether the table has the index of the catalogue. Tables of older versions have none.
    pub fn has_catalogue(&self) -> bool {
        self.index(catalogue::INDEX).is_some()
    }

    /// Checks the table's shape. The error states what is wrong.
    ///
    /// # Errors
    /// If the table is not as [`definition`] says, except for a missing index of the catalogue.
    pub fn fit(&self) -> Result<(), &'static str> {
        if self.key_schema != key_schema() {
            return Err("its key is not only `k`");
        }
        if self.index(agenda::INDEX).is_none_or(|index| index.key_schema != index_schema(AGENDA)) {
            return Err("it has no index `agenda` on `agenda` and `due`");
        }
        let catalogue = self.index(catalogue::INDEX);
        if catalogue.is_some_and(|index| index.key_schema != index_schema(CATALOGUE)) {
            return Err("its index `catalogue` is not on `catalogue` and `changed`");
        }
        let needed = if catalogue.is_some() { definitions() } else { older_definitions() };
        if !needed.iter().all(|wanted| self.attribute_definitions.contains(wanted)) {
            return Err("its key attributes are not strings");
        }
        Ok(())
    }

    fn index(&self, name: &str) -> Option<&IndexShape> {
        self.global_secondary_indexes.iter().find(|index| index.index_name == name)
    }
}

/// The request of `CreateTable`.
pub fn definition(table: &str) -> Value {
    json!({
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": definitions(),
        "KeySchema": key_schema(),
        "GlobalSecondaryIndexes": [
            index(agenda::INDEX, AGENDA),
            index(catalogue::INDEX, CATALOGUE),
        ],
    })
}

/// The request of `UpdateTable` that adds the index of the catalogue.
pub fn addition(table: &str) -> Value {
    json!({
        "TableName": table,
        "AttributeDefinitions": definitions(),
        "GlobalSecondaryIndexUpdates": [{ "Create": index(catalogue::INDEX, CATALOGUE) }],
    })
}

fn index(name: &str, keys: [&str; 2]) -> Value {
    json!({
        "IndexName": name,
        "KeySchema": index_schema(keys),
        "Projection": { "ProjectionType": "KEYS_ONLY" },
    })
}

fn definitions() -> Vec<Value> {
    let [[agenda, due], [catalogue, changed]] = [AGENDA, CATALOGUE];
    strings(&["k", agenda, due, catalogue, changed])
}

fn older_definitions() -> Vec<Value> {
    let [agenda, due] = AGENDA;
    strings(&["k", agenda, due])
}

fn strings(names: &[&str]) -> Vec<Value> {
    let string = |name| json!({ "AttributeName": name, "AttributeType": "S" });
    names.iter().map(string).collect()
}

fn key_schema() -> Value {
    json!([{ "AttributeName": "k", "KeyType": "HASH" }])
}

fn index_schema([hash, range]: [&str; 2]) -> Value {
    json!([
        { "AttributeName": hash, "KeyType": "HASH" },
        { "AttributeName": range, "KeyType": "RANGE" },
    ])
}

/// The keys of the index of the agenda.
const AGENDA: [&str; 2] = [agenda::INDEX, "due"];
/// The keys of the index of the catalogue.
const CATALOGUE: [&str; 2] = [catalogue::INDEX, "changed"];
const ACTIVE: &str = "ACTIVE";
