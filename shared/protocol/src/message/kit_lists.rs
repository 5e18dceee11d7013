//! The kit's calls about many: the people of an application, the departments of an enterprise.

use std::collections::BTreeMap;

use super::fields::MAX_KEPT_LETTERS;
use super::malformed::MalformedKind;
use super::{AppId, Fields, InstanceId, Malformed, OrgCode, TenantId, UserName};
use crate::json::Json;
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// People authorised for an application, or no longer (kit guide, "synchronising
/// authorisations").
#[derive(Clone, Debug)]
pub struct AuthSync {
    /// The purchase.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// The application.
    pub app_id: AppId,
    /// What becomes of the people.
    pub change: UserChange,
    /// When.
    pub at: UnixMillis,
    /// The people, as received.
    pub records: Vec<ListItem>,
}

/// What becomes of the people in a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UserChange {
    /// `0`: they are no more.
    Delete,
    /// `1`, `2`: added or modified.
    Put,
    /// V2 `3`: they may not use the application any more.
    Revoke,
}

/// All departments of an enterprise (kit guide, "synchronising departments, all").
#[derive(Clone, Debug)]
pub struct AllOrgSync {
    /// The purchase.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// When.
    pub at: UnixMillis,
    /// The departments, as received: a flat list.
    pub records: Vec<ListItem>,
}

/// One item of a list: who or what it is, and all that was said of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListItem {
    /// The account, or the department's code: compared byte for byte.
    pub identity: String,
    /// The item as received; its texts cut where no product could want them longer.
    pub value: Json,
}

impl AuthSync {
    /// Reads a call. `userList` is an array under V2 or a string that holds one, under V1 always
    /// a string.
    ///
    /// # Errors
    /// Where an identifier is none, the flag is unknown, the list is none, or a person has no
    /// account.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let list = list(fields, "userList", Names::Quoted)?;
        Ok(Self {
            instance_id: fields.kit_instance_id()?,
            tenant_id: fields.required("tenantId", TenantId::parse)?,
            app_id: fields.required("appId", AppId::parse)?,
            change: Self::change(verified)?,
            at: fields.kit_time("currentSyncTime")?,
            records: records(list, "userName", |text| UserName::parse(text).map(drop))?,
        })
    }
}

impl AuthSync {
    /// Reads `flag` alone; V1 knows no revocation.
    ///
    /// # Errors
    /// Where it is missing or of no list.
    pub fn change(verified: &Verified) -> Result<UserChange, Malformed> {
        let fields = Fields::of(verified);
        let three = [("0", UserChange::Delete), ("1", UserChange::Put), ("2", UserChange::Put)];
        match (fields.contract(), fields.text("flag")) {
            (Contract::V2, Some("3")) => Ok(UserChange::Revoke),
            (Contract::V1 | Contract::V2, _) => fields.word("flag", &three),
        }
    }
}

impl ListItem {
    /// A department's name, under any of the guides' three spellings.
    pub fn department_name(&self) -> &str {
        let names = ["orgName", "OrgName", "name"];
        names.iter().find_map(|name| member(&self.value, name)?.as_text()).unwrap_or_default()
    }

    /// The department above a department; empty at the top.
    pub fn parent_code(&self) -> &str {
        member(&self.value, "parentCode").and_then(Json::as_text).unwrap_or_default()
    }
}

impl AllOrgSync {
    /// Reads a call. The list is `orgInfo` under V1 and `orgInfoList` under V2; in a string its
    /// members' names may lack their quotes, as in the guides' own examples.
    ///
    /// # Errors
    /// Where an identifier is none, the list is none, a department has no code, or departments
    /// lie above themselves.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let name = match fields.contract() {
            Contract::V1 => "orgInfo",
            Contract::V2 => "orgInfoList",
        };
        let list = list(fields, name, Names::MaybeBare)?;
        let records = records(list, "orgCode", |text| OrgCode::parse(text).map(drop))?;
        if has_circle(&records) {
            return Err(Malformed { field: "parentCode", kind: MalformedKind::Cyclic });
        }
        Ok(Self {
            instance_id: fields.kit_instance_id()?,
            tenant_id: fields.required("tenantId", TenantId::parse)?,
            at: fields.kit_time("timeStamp")?,
            records,
        })
    }
}

/// How the member names of a list in a string are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Names {
    Quoted,
    MaybeBare,
}

fn list(fields: Fields<'_>, name: &'static str, names: Names) -> Result<Vec<Json>, Malformed> {
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

fn records(
    items: Vec<Json>,
    name: &'static str,
    parse: impl Fn(&str) -> Result<(), MalformedKind>,
) -> Result<Vec<ListItem>, Malformed> {
    let malformed = |kind| Malformed { field: name, kind };
    let record = |item: Json| {
        let identity = member(&item, name).and_then(Json::as_text).unwrap_or_default().to_owned();
        parse(&identity).map_err(malformed)?;
        Ok(ListItem { identity, value: cut(item) })
    };
    items.into_iter().map(record).collect()
}

fn member<'a>(item: &'a Json, name: &str) -> Option<&'a Json> {
    match item {
        Json::Object(members) => {
            members.iter().find(|(standing, _)| standing == name).map(|(_, value)| value)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_) => None,
    }
}

fn cut(value: Json) -> Json {
    match value {
        Json::Text(text) => match text.char_indices().nth(MAX_KEPT_LETTERS) {
            Some((end, _)) => Json::Text(text.get(..end).unwrap_or_default().to_owned()),
            None => Json::Text(text),
        },
        Json::Array(items) => Json::Array(items.into_iter().map(cut).collect()),
        Json::Object(members) => {
            Json::Object(members.into_iter().map(|(name, value)| (name, cut(value))).collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => value,
    }
}

/// Whether departments of one list lie above themselves. Each is walked up once, so that a
/// list of ten thousand in one line takes no longer than any other.
fn has_circle(records: &[ListItem]) -> bool {
    let parents: BTreeMap<&str, &str> =
        records.iter().map(|record| (record.identity.as_str(), record.parent_code())).collect();
    let mut walked: BTreeMap<&str, usize> = BTreeMap::new();
    for (walk, start) in records.iter().enumerate() {
        let mut at = Some(start.identity.as_str());
        while let Some((code, parent)) = at.and_then(|code| parents.get_key_value(code)) {
            match walked.insert(code, walk) {
                Some(earlier) if earlier == walk => return true,
                Some(_) => break,
                None => at = Some(parent),
            }
        }
    }
    false
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
                // What is escaped never ends a string.
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
    fn bare_names_get_quotes() {
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

    fn departments(pairs: &[(&str, &str)]) -> Vec<ListItem> {
        let record = |(code, parent): &(&str, &str)| {
            let text = format!(r#"{{"orgCode":"{code}","parentCode":"{parent}"}}"#);
            ListItem { identity: (*code).to_owned(), value: Json::parse(&text).unwrap() }
        };
        pairs.iter().map(record).collect()
    }

    #[test]
    fn circles_are_seen_and_lines_are_none() {
        assert!(has_circle(&departments(&[("a", "a")])));
        assert!(has_circle(&departments(&[("x", ""), ("a", "b"), ("b", "c"), ("c", "a")])));
        assert!(!has_circle(&departments(&[
            ("a", ""),
            ("b", "a"),
            ("c", "a"),
            ("d", "elsewhere")
        ])));
        let codes: Vec<String> = (0..10_000).map(|code| code.to_string()).collect();
        let line: Vec<_> =
            codes.windows(2).map(|pair| (pair[1].as_str(), pair[0].as_str())).collect();
        assert!(!has_circle(&departments(&line)));
    }
}
