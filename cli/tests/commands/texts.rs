//! The help of every command is the end of `tests/suite/texts.txt`, which lists every text.

use std::fs;

use crate::{Finished, Folder};

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/suite/texts.txt");
/// The line before the help.
const HELP_HEAD: &str = "# koohook: help\n";

#[test]
fn the_help_of_every_command_is_in_the_list_of_texts() {
    let list = fs::read_to_string(LIST).unwrap_or_default();
    let (before, listed) = list.split_at(list.find(HELP_HEAD).unwrap_or(list.len()));
    let found = format!("{HELP_HEAD}{}", every_help(&Folder::new()));
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        fs::write(LIST, format!("{before}{found}")).unwrap();
        return;
    }
    let pairs = found.lines().zip(listed.lines());
    if let Some((found, listed)) = pairs.into_iter().find(|(found, listed)| found != listed) {
        panic!("{LIST} lists\n  {listed}\nand the help has\n  {found}\n{UPDATE}");
    }
    assert_eq!(found.lines().count(), listed.lines().count(), "{UPDATE}");
}

/// The help of every command.
pub fn every_help(folder: &Folder) -> String {
    help_with(folder, &[], &[])
}

/// A password may be in a setting, and a help may be in a log or a screenshot.
#[test]
fn no_help_prints_a_value_of_the_environment() {
    let folder = Folder::new();
    let help = every_help(&folder);
    let mut names: Vec<_> =
        help.split("[env: ").skip(1).filter_map(|text| text.split(['=', ']']).next()).collect();
    names.extend(["KOOHOOK_SEAL_KEY", "KOOHOOK_PRODUCT_SECRET", "KOOHOOK_OPENAPI_SK"]);
    assert!(names.contains(&"KOOHOOK_STORE") && names.len() > 10, "{names:?}");
    let values = names.iter().map(|name| (*name, format!("canary-of-{name}")));
    let help = help_with(&folder, &[], &values.collect::<Vec<_>>());
    assert!(help.contains("[env: KOOHOOK_STORE]") && !help.contains("canary"), "{help}");
}

/// The help of a command, then the help of its subcommands.
fn help_with(folder: &Folder, command: &[&str], settings: &[(&str, String)]) -> String {
    let mut asked = folder.command(&[command, &["--help"]].concat());
    let done = Finished::of(asked.envs(settings.iter().cloned()).output().unwrap());
    assert_eq!(done.code, Some(0), "{command:?}: {}", done.aside);
    let name = [&["koohook"], command].concat().join(" ");
    let mut text = format!("\n## {name}\n\n{}", done.out);
    let commands = done.out.split("\nCommands:\n").nth(1).unwrap_or_default();
    for line in commands.lines().take_while(|line| !line.is_empty()) {
        let name = line.split_whitespace().next().unwrap();
        if line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
            text += &help_with(folder, &[command, &[name]].concat(), settings);
        }
    }
    text
}

const UPDATE: &str = "if the new text is right, write the list again:\n  \
    UPDATE_TEXTS=1 cargo test --locked --workspace --test suite --test commands texts::\n";
