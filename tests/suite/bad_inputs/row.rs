//! The rows of the catalogue, as `vectors/bad_inputs/*.json` writes them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One row: a claim about one request or about a sequence of requests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BadInput {
    /// The row's ID in the catalogue. The ID of a row that the catalogue does not have starts with
    /// `X`.
    pub id: String,
    /// A description of the request.
    pub what: String,
    /// The reason for the answer, if it is not obvious.
    #[serde(default, rename = "note")]
    _note: String,
    /// The row is repeated for every combination of these values. `{name}` in a text is replaced by
    /// the value. A text that is only `{name}` becomes the value with its type. The items of a list
    /// are `{name.0}`, `{name.1}` and so on.
    #[serde(default)]
    each: BTreeMap<String, Each>,
    /// Settings besides the usual ones.
    #[serde(default)]
    settings: Map<String, Value>,
    /// The setting that makes koohook reject its settings at start. Such a row has no steps.
    #[serde(default)]
    pub start_refused: Option<String>,
    /// The condition on all answers to the rows of `each`.
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

/// A condition on all answers to the rows of an `each`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Together {
    /// Nothing is required.
    #[default]
    Free,
    /// The last answer's bytes are the same in all rows.
    Identical,
    /// The last answer's instance IDs are all different.
    Distinct,
}

/// One of the rows into which a row with `each` expands.
#[derive(Deserialize)]
pub struct Expanded {
    /// Settings besides the usual ones.
    pub settings: BTreeMap<String, String>,
    /// The requests.
    pub steps: Vec<Step>,
}

/// One request and its answer.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// The name of the request in `vectors/bad_inputs/requests.json` that the step changes.
    pub request: String,
    /// Members that are set before the request is signed; `«absent»` removes a member.
    pub set: Map<String, Value>,
    /// V2: the body to sign, instead of the members.
    pub body: Option<String>,
    /// The key that signs the request.
    pub key: Option<String>,
    /// The time to sign, in its form on the wire.
    pub time: Option<String>,
    /// V2: the nonce to sign.
    pub nonce: Option<String>,
    /// The query to send.
    pub query: Option<String>,
    /// The body to send.
    pub sent_body: Option<String>,
    /// The method, if it is not the contract's.
    pub method: Option<String>,
    /// The path, if it is not the endpoint's.
    pub path: Option<String>,
    /// Headers: names and values.
    pub headers: Vec<(String, String)>,
    /// The milliseconds between signing the request and its arrival.
    pub late_millis: i64,
    /// The clock's time when the request is signed. Later steps keep it.
    pub now: Option<u64>,
    /// The hours that pass before the request is signed.
    pub pass_hours: u64,
    /// The store's faults, one for each operation: `refused` or `reply-lost`.
    pub trouble: Vec<String>,
    /// The expected answer.
    pub answer: String,
    /// The expected numbers of reads and writes.
    pub counts: Option<(usize, usize)>,
    /// The logged form of the text that the signature covers.
    pub form: Option<String>,
    /// Expected members of the call's log line.
    pub line: Map<String, Value>,
    /// Expected parts of the stored record of the row's instance afterwards, by JSON pointer.
    pub kept: BTreeMap<String, Value>,
    /// The key that signs the answer, if it is not the current one.
    pub signed_by: Option<String>,
    /// Whether the answer's bytes equal those of the previous step.
    pub same_answer: bool,
    /// Expected headers of the answer.
    pub answer_headers: BTreeMap<String, String>,
}

impl BadInput {
    /// Parses a file of rows.
    pub fn read_all(text: &str) -> Vec<Self> {
        serde_json::from_str(text).expect("a file of rows")
    }

    /// Expands the row to every combination of `each`.
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
