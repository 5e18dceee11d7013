//! The rows of the catalogue as they stand in `vectors/bad_inputs/*.json`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One row: a claim about one request, or about a few in a row.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BadInput {
    /// The catalogue's name of it; rows that the catalogue does not have begin with `X`.
    pub id: String,
    /// What is sent, in words.
    pub what: String,
    /// Why the answer is this one, where that is not plain.
    #[serde(default, rename = "note")]
    _note: String,
    /// The row stands for one row for each of these values, in every combination. `{name}` in a
    /// text is the value; a text that is nothing but `{name}` is the value with its type. The
    /// items of a list are `{name.0}`, `{name.1}` and so on.
    #[serde(default)]
    each: BTreeMap<String, Each>,
    /// Settings beside the usual ones.
    #[serde(default)]
    settings: Map<String, Value>,
    /// The setting for which the start is refused; then there are no steps.
    #[serde(default)]
    pub start_refused: Option<String>,
    /// What the rows of `each` have in common.
    #[serde(default)]
    pub together: Together,
    /// The requests.
    #[serde(default)]
    steps: Vec<Value>,
}

/// Values of a name in a row.
#[derive(Deserialize)]
#[serde(untagged)]
enum Each {
    List(Vec<Value>),
    Below(u64),
}

/// What the answers to all rows of an `each` have in common.
#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Together {
    /// Nothing in particular.
    #[default]
    Free,
    /// The last answer's bytes are the same in all of them.
    Identical,
    /// The last answer's instance IDs are all different.
    Distinct,
}

/// One of the rows that a row with `each` stands for.
#[derive(Deserialize)]
pub struct Expanded {
    /// Settings beside the usual ones.
    pub settings: BTreeMap<String, String>,
    /// The requests.
    pub steps: Vec<Step>,
}

/// One request and its answer.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// Which request of `vectors/bad_inputs/requests.json` it begins with.
    pub request: String,
    /// Members that are set before the request is signed; `«absent»` takes one away.
    pub set: Map<String, Value>,
    /// V2: the body that is signed, in place of the members.
    pub body: Option<String>,
    /// The key that signs.
    pub key: Option<String>,
    /// The time that is signed, as the wire has it.
    pub time: Option<String>,
    /// V2: the nonce that is signed.
    pub nonce: Option<String>,
    /// What travels as the query.
    pub query: Option<String>,
    /// What travels as the body.
    pub sent_body: Option<String>,
    /// Another method than the contract's.
    pub method: Option<String>,
    /// Another path than the endpoint's.
    pub path: Option<String>,
    /// Headers, names and values.
    pub headers: Vec<(String, String)>,
    /// How much later than it was signed the request arrives.
    pub late_millis: i64,
    /// Where the clock stands when the request is signed; it stays there.
    pub now: Option<u64>,
    /// Time that passes before the request is signed.
    pub pass_hours: u64,
    /// What goes wrong with the store: `refused` or `reply-lost`, operation by operation.
    pub trouble: Vec<String>,
    /// The answer.
    pub answer: String,
    /// Reads and writes of the store.
    pub counts: Option<(usize, usize)>,
    /// The reading that the signature was found to cover, as the log has it.
    pub form: Option<String>,
    /// What the log's line says, by member.
    pub line: Map<String, Value>,
    /// What is kept afterwards of the instance that the row is about, by JSON pointer.
    pub kept: BTreeMap<String, Value>,
    /// The key that signs the answer, where it is not the current one.
    pub signed_by: Option<String>,
    /// Whether the answer is, byte for byte, that of the step before.
    pub same_answer: bool,
    /// Words in the answer's headers.
    pub answer_headers: BTreeMap<String, String>,
}

impl BadInput {
    /// Reads a file of rows.
    pub fn read_all(text: &str) -> Vec<Self> {
        serde_json::from_str(text).expect("a file of rows")
    }

    /// The row, once for every combination of `each`.
    pub fn expand(&self) -> Vec<Expanded> {
        let mut all = vec![json!({ "settings": self.settings, "steps": self.steps })];
        for (name, each) in &self.each {
            let values = each.values();
            all = all
                .iter()
                .flat_map(|row| values.iter().map(|value| named(row, name, value)))
                .collect();
        }
        let read = |row| {
            serde_json::from_value(row).unwrap_or_else(|fault| panic!("{}: {fault}", self.id))
        };
        all.into_iter().map(read).collect()
    }
}

impl Each {
    fn values(&self) -> Vec<Value> {
        match self {
            Self::List(values) => values.clone(),
            Self::Below(end) => (0..*end).map(Value::from).collect(),
        }
    }
}

fn named(row: &Value, name: &str, value: &Value) -> Value {
    let mut named = substituted(row, name, value);
    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
        named = substituted(&named, &format!("{name}.{place}"), item);
    }
    named
}

fn substituted(tree: &Value, name: &str, value: &Value) -> Value {
    let mark = format!("{{{name}}}");
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match tree {
        Value::String(whole) if *whole == mark => value.clone(),
        Value::String(part) => part.replace(&mark, &text).into(),
        Value::Array(items) => items.iter().map(|item| substituted(item, name, value)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, item)| (key.replace(&mark, &text), substituted(item, name, value)))
            .collect(),
        other => other.clone(),
    }
}
