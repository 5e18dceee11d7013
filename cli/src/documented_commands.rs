//! Every command that a page tells a user to type exists, with its options: the command's own parser
//! accepts it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap::error::ErrorKind;

/// The pages, relative to the workspace. Folders are read with their folders.
const PAGES: [&str; 4] = ["README.md", "README.zh-CN.md", "docs", "examples"];
/// Where a shell's command ends.
const ENDS: [&str; 6] = ["&&", "&", ";", "2>", "2>&1", "2>>"];
/// Words before `koohook` that make it a name and no command.
const NAMED: [&str; 5] = ["-u", "newer", "restart", "start", "stop"];
/// What the pages write for a time.
const TIMES: [&str; 4] = ["BEGIN", "END", "开始时间", "结束时间"];
/// What the pages write for a store's address.
const STORES: [&str; 2] = ["$NEW", "$OLD"];
/// Messages that begin with the program's name and are no commands.
const MESSAGES: [&str; 1] = ["koohook still seals values"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The pages in Markdown at a path.
fn pages(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries.flat_map(|entry| pages(&entry)).collect();
    }
    let is_page = path.extension().is_some_and(|ending| ending == "md");
    is_page.then(|| path.to_owned()).into_iter().collect()
}

/// The commands in a page: in its blocks for a shell, after `$` in other blocks, and in back quotes.
fn commands(page: &str) -> Vec<Vec<String>> {
    let (mut block, mut prose) = (None, String::new());
    let mut found = Vec::new();
    for line in page.replace("\\\n", " ").lines().chain([""]) {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            found.extend(in_back_quotes(&std::mem::take(&mut prose)));
            block = if block.is_some() { None } else { Some(language.to_owned()) };
            continue;
        }
        match block.as_deref() {
            Some("sh" | "bash" | "console") => found.extend(command(line)),
            Some(_) => found.extend(line.strip_prefix("$ ").and_then(command)),
            // A paragraph is read as a whole: back quotes may be on two lines.
            None if line.is_empty() => found.extend(in_back_quotes(&std::mem::take(&mut prose))),
            None => prose += &format!("{line} "),
        }
    }
    found
}

/// The commands between back quotes.
fn in_back_quotes(prose: &str) -> Vec<Vec<String>> {
    prose.split('`').skip(1).step_by(2).filter_map(command).collect()
}

/// The words of the command `koohook` in a line for a shell.
fn command(line: &str) -> Option<Vec<String>> {
    let words = words(line);
    let is_name =
        |word: &String| !word.is_empty() && word.bytes().all(|it| it.is_ascii_lowercase());
    let begin = words.windows(2).position(|pair| pair[0] == "koohook" && is_name(&pair[1]))?;
    let before = begin.checked_sub(1).and_then(|place| words.get(place));
    if before.is_some_and(|word| NAMED.contains(&word.as_str())) {
        return None;
    }
    let mut words = words.into_iter().skip(begin).peekable();
    let mut command: Vec<_> = std::iter::from_fn(|| words.next_if(|word| !is_end(word))).collect();
    // An option whose value another command prints is left out with it.
    if words.peek().is_some_and(|word| word.contains('$')) {
        command.pop_if(|last| last.starts_with("--"));
    }
    let line = command.join(" ");
    (!MESSAGES.iter().any(|message| line.starts_with(message))).then_some(command)
}

/// A choice such as `list|show` also ends a command, and so does the output of another command.
fn is_end(word: &str) -> bool {
    let is_open = word.contains(['|', '$']) && !STORES.contains(&word);
    ENDS.contains(&word) || word.starts_with(['>', '<', '#']) || is_open
}

/// The words of a line. Quotes keep a word together. A semicolon is a word of its own.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(mark), _) if mark == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, ' ') => words.push(std::mem::take(&mut word)),
            (None, ';') => words.extend([std::mem::take(&mut word), ";".to_owned()]),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Why the command does not exist, if it does not. A page may leave out what a command requires.
fn refusal(words: &[String]) -> Option<String> {
    let filled = words.iter().map(|word| match word.as_str() {
        time if TIMES.contains(&time) => "2026-11-27",
        store if STORES.contains(&store) => "sqlite:koohook.db",
        word => word,
    });
    let error = super::Cli::command().try_get_matches_from(filled).err()?;
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand => None,
        _ => Some(format!("{}: {}", words.join(" "), error.kind())),
    }
}

#[test]
fn every_command_in_the_pages_exists() {
    let paths: Vec<_> = PAGES.iter().flat_map(|path| pages(&root().join(path))).collect();
    let mut all = BTreeSet::new();
    for path in &paths {
        all.extend(commands(&fs::read_to_string(path).unwrap()));
    }
    assert!(paths.len() > 20 && all.len() > 80, "{} pages, {} commands", paths.len(), all.len());
    let refused: Vec<_> = all.iter().filter_map(|words| refusal(words)).collect();
    assert!(
        refused.is_empty(),
        "the pages name commands that do not exist:\n{}",
        refused.join("\n")
    );
}

#[test]
fn commands_are_found_and_wrong_ones_are_refused() {
    let page = "Type `koohook status`; not `koohook`.\n```sh\nA=b koohook logs f --since 1h | jq\n\
                journalctl -u koohook -o cat | koohook logs -   # all\nkoohook notices \\\n  now --all >x\n\
                ```\n```text\n$ koohook check\nkoohook can serve\n```\n";
    let found: Vec<_> = commands(page).iter().map(|words| words.join(" ")).collect();
    let expected = ["status", "logs f --since 1h", "logs -", "notices now --all", "check"];
    assert_eq!(found, expected.map(|command| format!("koohook {command}")));
    let refused = |command: &str| refusal(&words(command)).is_some();
    let right = [
        "koohook notices list --older-than 1h",
        "koohook notices",
        "koohook instances show 订单号",
    ];
    assert_eq!(right.map(refused), [false; 3]);
    let wrong = [
        "koohook notice list",
        "koohook notices list --old",
        "koohook notices list --older-than x",
    ];
    assert_eq!(wrong.map(refused), [true; 3]);
}
