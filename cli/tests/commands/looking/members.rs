//! The pages for operators list every member of the JSON that the commands print.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::{documents, folder_of_calls, look};
use crate::usage::seller::{UsageSeller, record};

const PAGES: [&str; 2] = ["operating.md", "operating.zh-CN.md"];

/// The members of objects in a list of objects.
fn members(list: &Value) -> BTreeSet<String> {
    let objects = list.as_array().unwrap().iter();
    objects.flat_map(|object| object.as_object().unwrap().keys().cloned()).collect()
}

/// The words in back quotes of the first cell in each row of a table that begins with a head.
fn listed(page: &str, what: &str) -> BTreeSet<String> {
    let path = format!("{}/../docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let row = format!("| {what} | ");
    let found = text.lines().find_map(|line| line.strip_prefix(&row));
    let cells = found.unwrap_or_else(|| panic!("{page} has no row {row}"));
    let cell = cells.split(" | ").next().unwrap();
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_pages_list_every_member_of_the_json() {
    let folder = folder_of_calls();
    let read = |command: &str| {
        let arguments: Vec<_> = command.split(' ').chain(["-o", "json"]).collect();
        Value::from(documents(&look(&folder, &arguments)))
    };
    let shown = read("instances show CS-FAILS/L1");
    let ready = read("instances show CS-READY/L1");
    let tenants = read("tenants show /T-1");
    let lists = read("instances list");
    let seller = UsageSeller::open("sqlite:koohook.db");
    seller.report(&[record("i-1", 2, "1")]).check(0, "1 accepted", "");
    let usage = seller.json(&["show", "i-1"]).remove(0);
    let common = members(&lists);
    let of_show: BTreeSet<_> = members(&shown).difference(&common).cloned().collect();
    for page in PAGES {
        for (what, found) in [
            ("`instances list`", common.clone()),
            ("`tenants list`", members(&read("tenants list"))),
            ("`applications list`", members(&read("applications list"))),
            ("`show`", of_show.clone()),
            ("`events`", members(&shown[0]["events"])),
            ("`notices`", members(&shown[0]["notices"])),
            ("`attempts`", members(&shown[0]["notices"][0]["attempts"])),
            ("`endedNotices`", members(&ready[0]["endedNotices"])),
            ("`next`", members(&shown[0]["next"])),
            ("`lists`", members(&tenants[0]["lists"])),
            ("`notices list`", members(&read("notices list"))),
            ("`usage list`", members(&usage["windows"])),
            ("`usage show`", members(&Value::from(vec![usage.clone()]))),
            ("`check`, `status`", members(&checked(&folder))),
        ] {
            assert!(!found.is_empty(), "{what}");
            assert_eq!(listed(page, what), found, "{page}: {what}");
        }
    }
}

/// The findings of `koohook status` without a server.
fn checked(folder: &crate::Folder) -> Value {
    let done = look(folder, &["status", "http://127.0.0.1:1", "-o", "json"]);
    serde_json::from_str(&done.out).unwrap()
}
