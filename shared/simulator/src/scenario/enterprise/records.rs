//! The people and departments in the lists of an enterprise.

use serde_json::{Value as Json, json};

pub(super) struct Department<'a> {
    pub(super) code: &'a str,
    pub(super) name: &'a str,
    /// The code of the parent; empty for a department at the top.
    pub(super) parent: &'a str,
}

impl Department<'_> {
    /// The department as JSON text with unquoted member names.
    pub(super) fn unquoted(&self, name: &str) -> String {
        let Self { code, name: value, parent } = self;
        format!(r#"{{orgCode:"{code}", {name}:"{value}", parentCode:"{parent}"}}"#)
    }
}

/// The members of the guides' tables. The last three are nested, as in the example.
pub(super) fn person(user_name: &str, role: &str) -> Json {
    json!({
        "userName": user_name,
        "name": "张三",
        "position": "",
        "orgCode": "00000001",
        "role": role,
        "enable": "true",
        "employeeCode": "E-0001",
        "mobile": "15905222222",
        "email": "user@example.com",
        "extension": { "employeeType": 1, "workPlace": "深圳", "entryDate": "2022-11-9" },
    })
}

pub(super) fn departments<'a>(rows: &[(&'a str, &'a str, &'a str)]) -> Vec<Department<'a>> {
    rows.iter().map(|&(code, name, parent)| Department { code, name, parent }).collect()
}

/// Codes, names and parents. Each child is listed before its parent.
pub(super) const DEPARTMENTS: [(&str, &str, &str); 3] = [
    ("00000003", "Test: a \u{6d4b}, {b}", "00000002"),
    ("00000002", "研发部", "00000001"),
    ("00000001", "产品部", ""),
];
