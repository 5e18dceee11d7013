//! Names of parts as one base64 text. It is a third shorter than an array of hex texts, which older
//! values have.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::part::PartName;

#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Text(String),
    Names(BTreeSet<PartName>),
}

pub fn serialize<S: Serializer>(
    names: &BTreeSet<PartName>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    PartName::to_text(names).serialize(serializer)
}

pub fn deserialize<'d, D: Deserializer<'d>>(
    deserializer: D,
) -> Result<BTreeSet<PartName>, D::Error> {
    match Stored::deserialize(deserializer)? {
        Stored::Names(names) => Ok(names),
        Stored::Text(text) => PartName::from_text(&text)
            .ok_or_else(|| serde::de::Error::custom("names of parts are unreadable")),
    }
}
