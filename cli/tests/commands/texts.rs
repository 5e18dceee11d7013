//! The help of every command is the end of `tests/suite/texts.txt`, which lists every text.

use std::fs;

use crate::Folder;

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
    help(folder, &[])
}

/// The help of a command, then the help of its subcommands.
fn help(folder: &Folder, command: &[&str]) -> String {
    let done = folder.run(&[command, &["--help"]].concat());
    assert_eq!(done.code, Some(0), "{command:?}: {}", done.aside);
    let name = [&["koohook"], command].concat().join(" ");
    let mut text = format!("\n## {name}\n\n{}", done.out);
    let commands = done.out.split("\nCommands:\n").nth(1).unwrap_or_default();
    for line in commands.lines().take_while(|line| !line.is_empty()) {
        let name = line.split_whitespace().next().unwrap();
        if line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
            text += &help(folder, &[command, &[name]].concat());
        }
    }
    text
}

const UPDATE: &str = "if the new text is right, write the list again:\n  \
    UPDATE_TEXTS=1 cargo test --locked --workspace --test suite --test commands texts::\n";
