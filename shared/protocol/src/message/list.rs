//! The lists of people or departments in kit calls: an array, or a string that contains one.

use super::kept_text::kept_text;
use super::malformed::MalformedKind;
use super::{Fields, Malformed};
use crate::json::Json;

/// One person or department of a list, with all its members.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListItem {
    /// The person's account or the department's code. koohook compares it byte by byte.
    pub identity: String,
    /// The item as received. [`kept_text`] cuts its texts.
    pub value: Json,
}

/// The guides' spellings of the member with a department's name.
pub(super) const DEPARTMENT_NAMES: [&str; 3] = ["orgName", "OrgName", "name"];

/// Whether the member names of a list in a string must have quotes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Names {
    Quoted,
    MaybeBare,
}

impl ListItem {
    /// The department's name. It may have any of the guides' three spellings.
    pub fn department_name(&self) -> &str {
        let name = DEPARTMENT_NAMES.iter().find_map(|name| member(&self.value, name)?.as_text());
        name.unwrap_or_default()
    }

    /// The code of the parent department. Empty for a top department.
    pub fn parent_code(&self) -> &str {
        member(&self.value, "parentCode").and_then(Json::as_text).unwrap_or_default()
    }
}

/// Reads a list from a member of the call.
pub(super) fn read(
    fields: Fields<'_>,
    name: &'static str,
    names: Names,
) -> Result<Vec<Json>, Malformed> {
    let malformed = |kind| Malformed { field: name, kind };
    match fields.value(name) {
        None => Err(malformed(MalformedKind::Missing)),
        Some(Json::Array(items)) => Ok(items.clone()),
        Some(Json::Text(text)) => {
            let read = match (Json::parse(text), names) {
                (Err(_), Names::MaybeBare) => Json::parse(&with_quoted_names(text)),
                (read, Names::Quoted | Names::MaybeBare) => read,
            };
            match read {
                Ok(Json::Array(items)) => Ok(items),
                Ok(_) | Err(_) => Err(malformed(MalformedKind::WrongType)),
            }
        }
        Some(_) => Err(malformed(MalformedKind::WrongType)),
    }
}

/// Reads the identity of each item.
pub(super) fn items(
    values: Vec<Json>,
    name: &'static str,
    parse: impl Fn(&str) -> Result<(), MalformedKind>,
) -> Result<Vec<ListItem>, Malformed> {
    let malformed = |kind| Malformed { field: name, kind };
    let record = |item: Json| {
        let identity = member(&item, name).and_then(Json::as_text).unwrap_or_default().to_owned();
        parse(&identity).map_err(malformed)?;
        Ok(ListItem { identity, value: cut(item) })
    };
    values.into_iter().map(record).collect()
}

fn member<'a>(item: &'a Json, name: &str) -> Option<&'a Json> {
    match item {
        Json::Object(members) => {
            members.iter().find(|(given, _)| given == name).map(|(_, value)| value)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_) => None,
    }
}

fn cut(value: Json) -> Json {
    match value {
        Json::Text(mut text) => {
            text.truncate(kept_text(&text).len());
            Json::Text(text)
        }
        Json::Array(items) => Json::Array(items.into_iter().map(cut).collect()),
        Json::Object(members) => {
            Json::Object(members.into_iter().map(|(name, value)| (name, cut(value))).collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => value,
    }
}

/// Puts quotes around bare member names: letters, digits and `_` between `{` or `,` and `:`.
fn with_quoted_names(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    let mut in_string = false;
    while let Some(letter) = rest.chars().next() {
        out.push(letter);
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        match letter {
            '\\' if in_string => {
                // An escaped character never ends a string.
                let escaped = rest.chars().next();
                out.extend(escaped);
                rest = rest.get(escaped.map_or(0, char::len_utf8)..).unwrap_or_default();
            }
            '"' => in_string = !in_string,
            '{' | ',' if !in_string => rest = quote_name(rest, &mut out),
            _ => (),
        }
    }
    out
}

fn quote_name<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let trimmed = rest.trim_start();
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let after = trimmed.trim_start_matches(is_letter);
    let name = trimmed.strip_suffix(after).unwrap_or_default();
    if name.is_empty() || !after.trim_start().starts_with(':') {
        return rest;
    }
    out.push('"');
    out.push_str(name);
    out.push('"');
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_quotes_get_quotes() {
        let cases = [
            (r#"[{orgCode:"1", name : "a,b:{c:d"}]"#, r#"[{"orgCode":"1","name" : "a,b:{c:d"}]"#),
            (r#"[{"a":"x\",b:1",c:[1,2]}]"#, r#"[{"a":"x\",b:1","c":[1,2]}]"#),
            ("[1,2]", "[1,2]"),
            ("[{a", "[{a"),
        ];
        for (bare, quoted) in cases {
            assert_eq!(with_quoted_names(bare), quoted);
        }
    }
}
