//! Every number that code, tests and pages cite exists: decisions in `docs/decisions.md`,
//! invariants in `docs/invariants.md`, rows in `vectors/bad_inputs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders and files that may cite a number.
const CITING: [&str; 10] = [
    "README.md",
    "README.zh-CN.md",
    "cli",
    "docs",
    "examples",
    "functions",
    "shared",
    "template.yaml",
    "tests",
    ".ci",
];

/// A kind of numbers: the word before a number, and the form of the number.
struct Kind {
    word: &'static str,
    is_number: fn(&str) -> bool,
}

const DECISION: Kind = Kind { word: "decision", is_number: is_decision_number };
const INVARIANT: Kind = Kind { word: "invariant", is_number: is_short_number };
const ROW: Kind = Kind { word: "row", is_number: is_row_number };

#[test]
fn every_cited_number_exists() {
    let known = [(DECISION, decisions()), (INVARIANT, invariants()), (ROW, rows())];
    let mut missing = Vec::new();
    let mut cited = BTreeSet::new();
    for (path, text) in citing_files() {
        for (kind, known) in &known {
            for number in kind.numbers_in(&text) {
                if !known.contains(&number) {
                    missing.push(format!("{path}: {} {number}", kind.word));
                }
                cited.insert(format!("{} {number}", kind.word));
            }
        }
    }
    assert!(cited.len() > 40, "the test found only {} citations", cited.len());
    assert!(missing.is_empty(), "cited, but not in the docs:\n{}", missing.join("\n"));
}

#[test]
fn a_comment_names_what_its_number_belongs_to() {
    let mut bare = Vec::new();
    for (path, text) in citing_files().into_iter().filter(|(path, _)| path.ends_with(".rs")) {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| is_comment(line)) {
            let bare_ones = line.split(['(', ')']).filter(|word| is_decision_number(word));
            bare.extend(bare_ones.map(|word| format!("{path}:{}: ({word})", index + 1)));
        }
    }
    assert!(bare.is_empty(), "write (decision X) or (invariant X):\n{}", bare.join("\n"));
}

/// Without the word, the test above would not check whether the row exists.
#[test]
fn a_comment_writes_the_word_row_before_the_number_of_a_row() {
    let mut bare = Vec::new();
    for (path, text) in citing_files().into_iter().filter(|(path, _)| path.ends_with(".rs")) {
        for (line, comment) in comments(&text) {
            let numbers = bare_row_numbers(&comment);
            bare.extend(numbers.iter().map(|number| format!("{path}:{line}: {number}")));
        }
    }
    assert!(bare.is_empty(), "write row X:\n{}", bare.join("\n"));
}

#[test]
fn a_number_of_a_row_without_its_word_is_found() {
    assert_eq!(bare_row_numbers("/// B072."), ["B072"]);
    assert_eq!(bare_row_numbers("/// B110 and B111: koohook follows"), ["B110", "B111"]);
    assert_eq!(bare_row_numbers("// Row B136; also B130"), ["B130"]);
    assert!(bare_row_numbers("/// (rows B130,\n/// B131 and `B136`)").is_empty());
}

#[test]
fn the_decisions_cite_only_decisions_that_exist() {
    let known = decisions();
    let text = page("decisions.md");
    let words = text.split(|character: char| !character.is_alphanumeric());
    let missing: BTreeSet<&str> =
        words.filter(|word| is_decision_number(word) && !known.contains(*word)).collect();
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn decisions_are_numbered_without_gap() {
    let text = page("decisions.md");
    let numbers: Vec<&str> = decision_headings(&text).filter(|number| *number != "E1a").collect();
    let sections: [(char, usize); 9] = [
        ('A', 4),
        ('B', 11),
        ('C', 7),
        ('D', 12),
        ('E', 7),
        ('F', 6),
        ('G', 7),
        ('I', 7),
        ('J', 7),
    ];
    let wanted: Vec<String> = sections
        .iter()
        .flat_map(|(section, last)| (1..=*last).map(move |number| format!("{section}{number}")))
        .collect();
    assert_eq!(numbers, wanted);
}

#[test]
fn a_list_of_numbers_is_read_to_its_end() {
    let read = |text| DECISION.numbers_in(text);
    assert_eq!(read("see decision D5."), ["D5"]);
    assert_eq!(read("(decisions D4 to D6, E1a and G3)"), ["D4", "D6", "E1a", "G3"]);
    assert_eq!(read("/// decisions D11,\n/// D12"), ["D11", "D12"]);
    assert!(read("a decision in the Decision of X9").is_empty());
}

impl Kind {
    /// The numbers that directly follow the word: `decisions D4 to D6 and E1a`.
    fn numbers_in(&self, text: &str) -> Vec<String> {
        let mut numbers = Vec::new();
        let mut is_list = false;
        for word in text.split_whitespace().filter(|word| !MARKS.contains(word)) {
            let plain = word.trim_matches(|character: char| !character.is_alphanumeric());
            if self.is_word(plain) {
                is_list = true;
            } else if is_list && (self.is_number)(plain) {
                numbers.push(plain.to_owned());
                is_list = !word.ends_with(['.', ')', ';', ':']);
            } else {
                is_list &= matches!(plain, "and" | "or" | "to" | "");
            }
        }
        numbers
    }

    /// Whether a word is the kind's word, in the singular or the plural.
    fn is_word(&self, word: &str) -> bool {
        let word = word.to_ascii_lowercase();
        word.strip_suffix('s').unwrap_or(&word) == self.word
    }
}

/// The marks at the beginning of a comment line.
const MARKS: [&str; 4] = ["///", "//!", "//", "#"];

/// `D5` or `E1a`.
fn is_decision_number(word: &str) -> bool {
    let digits = word.strip_prefix(|first: char| ('A'..='J').contains(&first));
    digits.is_some_and(|digits| is_short_number(digits.strip_suffix('a').unwrap_or(digits)))
}

/// For example row `B136`.
fn is_row_number(word: &str) -> bool {
    word.strip_prefix('B').is_some_and(|digits| digits.len() == 3 && is_digits(digits))
}

/// `8` or `12`.
fn is_short_number(word: &str) -> bool {
    word.len() <= 2 && is_digits(word)
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The numbers of rows in a comment that do not belong to a list after the word "row".
fn bare_row_numbers(comment: &str) -> Vec<String> {
    let mut cited = ROW.numbers_in(comment).into_iter().peekable();
    let words = comment.split(|character: char| !character.is_alphanumeric());
    let numbers = words.filter(|word| is_row_number(word));
    numbers
        .filter(|word| cited.next_if(|cited| cited == word).is_none())
        .map(str::to_owned)
        .collect()
}

/// The comments of a file that fill whole lines, each with the number of its first line.
fn comments(text: &str) -> Vec<(usize, String)> {
    let mut comments: Vec<(usize, String)> = Vec::new();
    let mut was_comment = false;
    for (number, line) in (1..).zip(text.lines()) {
        let is_comment = is_comment(line);
        match comments.last_mut().filter(|_| was_comment) {
            Some((_, comment)) if is_comment => *comment = format!("{comment}\n{line}"),
            _ if is_comment => comments.push((number, line.to_owned())),
            _ => (),
        }
        was_comment = is_comment;
    }
    comments
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn decisions() -> BTreeSet<String> {
    decision_headings(&page("decisions.md")).map(str::to_owned).collect()
}

fn decision_headings(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("### ")?.split_once(". "))
        .map(|(number, _)| number)
}

fn invariants() -> BTreeSet<String> {
    let text = page("invariants.md");
    let first_cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    first_cells
        .map(|(number, _)| number.to_owned())
        .filter(|number| is_short_number(number))
        .collect()
}

/// The identifiers of the rows of bad inputs.
fn rows() -> BTreeSet<String> {
    let folder = root().join("tests/vectors/bad_inputs");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut rows = BTreeSet::new();
    for file in files {
        let table: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let ids = table.as_array().into_iter().flatten().filter_map(|row| row["id"].as_str());
        rows.extend(ids.map(str::to_owned));
    }
    rows
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

fn citing_files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for name in CITING {
        collect(&root().join(name), &mut files);
    }
    files
}

/// Reads a file, or all files below a folder that are text.
fn collect(path: &Path, files: &mut Vec<(String, String)>) {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries
            .iter()
            .filter(|entry| !entry.ends_with("target"))
            .for_each(|entry| collect(entry, files));
    } else if let Ok(text) = fs::read_to_string(path) {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        files.push((name, text));
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
