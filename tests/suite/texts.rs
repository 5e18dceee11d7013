//! `texts.txt` lists every text that a person reads: errors, advice, log messages, the answers that
//! HTTP callers read, and the help of the command. A reviewer reads them all in one file.
//!
//! This test writes and compares the texts of the source. The test `texts` of the command does the
//! same with the help, which is the end of the file.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use self::source::{SourceText, texts};
use crate::structure::{root, shipped_files};

const LIST: &str = "tests/suite/texts.txt";
/// The line before the help.
const HELP_HEAD: &str = "# koohook: help\n";
/// Packages whose texts reach a person outside the tests.
const PACKAGES: [&str; 4] = ["cli", "functions", "shared", "examples"];

#[test]
fn every_text_of_the_source_is_in_the_list() {
    let path = root().join(LIST);
    let list = fs::read_to_string(&path).unwrap_or_default();
    let (listed, help) = list.split_at(list.find(HELP_HEAD).unwrap_or(list.len()));
    let found = source_texts();
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        fs::write(path, format!("{found}{help}")).unwrap();
        return;
    }
    let pairs = found.lines().zip(listed.lines());
    if let Some((found, listed)) = pairs.into_iter().find(|(found, listed)| found != listed) {
        panic!("{LIST} lists\n  {listed}\nand the source has\n  {found}\n{UPDATE}");
    }
    assert_eq!(found.lines().count(), listed.lines().count(), "{UPDATE}");
}

#[test]
fn the_operators_pages_name_every_log_message() {
    let list = fs::read_to_string(root().join(LIST)).unwrap();
    let messages: Vec<&str> = list.lines().filter_map(log_message).collect();
    assert!(messages.len() > 30, "{messages:?}");
    for language in [".md", ".zh-CN.md"] {
        let page =
            |name| fs::read_to_string(root().join(format!("docs/{name}{language}"))).unwrap();
        let text = ["operating", "log"].map(page).concat();
        let missing: Vec<_> = messages.iter().filter(|message| !text.contains(**message)).collect();
        assert!(missing.is_empty(), "docs/log{language} does not name {missing:?}");
    }
}

#[test]
fn the_redis_permission_error_lists_the_commands_of_the_guide() {
    let list = fs::read_to_string(root().join(LIST)).unwrap();
    let error = list.lines().find_map(|line| line.strip_prefix("text   NO_RIGHT: ")).unwrap();
    let listed = commands(error);
    assert!(listed.len() > 18, "{listed:?}");
    for (page, start) in
        [("docs/stores.md", "**Permissions.**"), ("docs/stores.zh-CN.md", "**权限**：")]
    {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let section = text.split_once(start).unwrap().1.split_once("\n## ").unwrap().0;
        let code: Vec<&str> = section.split('`').skip(1).step_by(2).collect();
        assert_eq!(commands(&code.join(", ")), listed, "{page}");
    }
}

/// The words in capitals, which are commands and subcommands of Redis.
fn commands(text: &str) -> BTreeSet<&str> {
    let is_command =
        |word: &&str| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(is_command).collect()
}

/// The first clause of a log message. The callback's own line and texts with a variable are left
/// out.
fn log_message(line: &str) -> Option<&str> {
    let (_, message) = line.strip_prefix("log ")?.split_once(": ")?.1.split_once(": ")?;
    (!message.contains('{')).then(|| message.split(';').next().unwrap_or(message))
}

/// The texts of every file, sorted by the file's path.
fn source_texts() -> String {
    let is_listed = |file: &String| PACKAGES.iter().any(|package| file.starts_with(package));
    let mut all = BTreeMap::new();
    for (file, source) in shipped_files().into_iter().filter(|(file, _)| is_listed(file)) {
        let texts = texts(&source);
        if !texts.is_empty() {
            all.insert(file, texts);
        }
    }
    let section = |(file, texts): (&String, &Vec<SourceText>)| {
        let lines: String = texts.iter().map(|text| format!("{text}\n")).collect();
        format!("# {file}\n{lines}\n")
    };
    format!("{ABOUT}{}", all.iter().map(section).collect::<String>())
}

const UPDATE: &str = "if the new text is right, write the list again:\n  \
    UPDATE_TEXTS=1 cargo test --locked --workspace --test suite --test commands texts::\n";
const ABOUT: &str = "\
Every text that a person reads, sorted by file. A test writes this list; do not edit it.
error: the text of an error enum. log: a message, with its level. text: any other sentence.

";
