//! Reads JSON lines: one object on each line; or the list in one object.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use super::row::{ColumnFaults, Columns, ImportRow, Rows};

/// The members of an object in their order, with repeated ones.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = object.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Reads JSON lines.
///
/// # Errors
/// If members are unknown, or a line does not contain one whole object.
pub fn rows(text: &str, columns: &Columns) -> Result<Rows, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parsed: Vec<_> =
        lines.map(|(at, line)| (at + 1, serde_json::from_str::<Members>(line))).collect();
    if let Some((line, Err(fault))) = parsed.first()
        && fault.classify() == Category::Eof
    {
        return Err(format!(
            "line {line} contains only the beginning of an object; write each object on one line, as \
             `jq -c .` does"
        ));
    }
    let read = parsed.iter().filter_map(|(line, it)| Some((*line, it.as_ref().ok()?)));
    check_members(read, columns)?;
    let row = |members: Result<Members, _>| {
        members.map_err(not_an_object).and_then(|members| row(members, columns))
    };
    Ok(parsed.into_iter().map(|(line, members)| (line, row(members))).collect())
}

/// Reads the objects in the only member of an object, a list. Each has its place in the list. `None`
/// if the text is not such an object.
///
/// # Errors
/// If members are unknown.
pub fn listed_rows(text: &str, list: &str, columns: &Columns) -> Option<Result<Rows, String>> {
    let mut whole: BTreeMap<String, Vec<Members>> = serde_json::from_str(text).ok()?;
    let listed = whole.remove(list).filter(|_| whole.is_empty())?;
    let listed: Vec<_> = listed.into_iter().enumerate().map(|(at, it)| (at + 1, it)).collect();
    let checked = check_members(listed.iter().map(|(place, it)| (*place, it)), columns);
    let rows = listed.into_iter().map(|(place, members)| (place, row(members, columns)));
    Some(checked.map(|()| rows.collect()))
}

/// Checks the names of all members. The error names each wrong name once.
fn check_members<'a>(
    rows: impl Iterator<Item = (usize, &'a Members)>,
    columns: &Columns,
) -> Result<(), String> {
    let mut unknown: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut known = Vec::new();
    let mut count = 0;
    for (line, Members(members)) in rows {
        count += 1;
        for (name, _) in members {
            match columns.find(name) {
                Some(column) => known.push(column),
                None => unknown.entry(name).or_insert((line, 0)).1 += 1,
            }
        }
        known.sort_unstable();
        known.dedup();
    }
    let mut faults = ColumnFaults::default();
    for (name, (line, times)) in unknown {
        let more = if times > 1 { format!(" and {} more", times - 1) } else { String::new() };
        faults.unknown(name, &format!(" on line {line}{more}"));
    }
    if count > 0 {
        faults.check_mandatory(&known, columns);
    }
    faults.check(columns)
}

/// Describes a fault by its place and kind. It leaves the value out, because rows contain passwords.
fn not_an_object(fault: serde_json::Error) -> String {
    match fault.classify() {
        Category::Eof => "is cut off; write the whole object on one line".to_owned(),
        Category::Io | Category::Syntax | Category::Data => {
            format!("is not a JSON object; correct it at column {}", fault.column())
        }
    }
}

fn row(Members(members): Members, columns: &Columns) -> Result<ImportRow, String> {
    let mut row = ImportRow::default();
    let mut names = Vec::new();
    for (name, value) in members {
        let Some(column) = columns.find(&name) else { continue };
        if names.contains(&column) {
            return Err(format!("{column} is there twice; delete one"));
        }
        names.push(column);
        match value {
            Value::Null => (),
            Value::String(text) => row.set(column, text),
            Value::Number(number) if columns.numbers.contains(&column) => {
                row.set(column, number.to_string())
            }
            Value::Number(_) => {
                return Err(format!(
                    "{column} is a number; write it as a text, in quotation marks"
                ));
            }
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                return Err(format!("{column} is not a text; write it in quotation marks"));
            }
        }
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::super::row::COLUMNS;
    use super::*;

    const ROW: &str = r#"{"instanceId":"i-1","orderId":"CS1"}"#;

    fn fault(row: &str) -> (usize, String) {
        let rows = rows(&format!("{ROW}\n{row}\n"), &COLUMNS).unwrap();
        let (line, row) = rows.into_iter().next_back().unwrap();
        (line, row.unwrap_err())
    }

    #[test]
    fn an_empty_line_is_counted_but_is_not_a_row() {
        for end in ["\n", "\r\n"] {
            let text = [ROW, "", "  ", ROW, ""].join(end);
            let lines: Vec<_> =
                rows(&text, &COLUMNS).unwrap().into_iter().map(|(line, _)| line).collect();
            assert_eq!(lines, [1, 4]);
        }
    }

    #[test]
    fn the_error_names_the_line_of_a_bad_row() {
        let faults = [
            ("[]", "is not a JSON object"),
            ("null", "is not a JSON object"),
            (r#"{"orderId":"CS2""#, "is cut off"),
            (&format!("{ROW}{ROW}"), "is not a JSON object"),
            (r#"{"instanceId":1,"orderId":"CS2"}"#, "instanceId is a number"),
            (r#"{"instanceId":true}"#, "instanceId is not a text"),
            (r#"{"instanceId":"a","instanceId":"b"}"#, "instanceId is there twice"),
        ];
        for (row, expected) in faults {
            let (line, fault) = fault(row);
            assert_eq!(line, 2, "{row}");
            assert!(fault.starts_with(expected), "{row}: {fault}");
        }
    }

    #[test]
    fn the_error_names_a_wrong_member_once() {
        let row = r#"{"instanceId":"i-1","order":"canary","pass":"canary"}"#;
        let fault = rows(&format!("{row}\n{row}\n\n{row}\n"), &COLUMNS).unwrap_err();
        let expected = "unknown column `order` on line 1 and 2 more; \
                        unknown column `pass` on line 1 and 2 more; column orderId is missing";
        assert!(fault.starts_with(expected), "{fault}");
        assert!(!fault.contains("canary"), "{fault}");
    }

    #[test]
    fn an_object_on_several_lines_is_one_error() {
        let fault = rows("{\n  \"instanceId\": \"i-1\"\n}\n", &COLUMNS).unwrap_err();
        assert!(fault.starts_with("line 1 contains only the beginning of an object"), "{fault}");
    }

    #[test]
    fn null_and_blank_texts_mean_absent() {
        for text in ["null", "\"\"", "\" \""] {
            let row = format!(r#"{{"instanceId":"i-1","orderId":"CS1","memo":{text}}}"#);
            let (_, row) = rows(&row, &COLUMNS).unwrap().remove(0);
            assert_eq!(row.unwrap().get("memo"), None, "{text}");
        }
    }
}
