//! Limits for the length of files and functions.

use super::modules::files;
use super::source::{Token, begins, end_of_block, is_word, tokens};

/// The lines of a file without its inline tests.
const LONGEST_FILE: usize = 300;
/// The lines of a function's body that contain code.
const LONGEST_FUNCTION: usize = 40;

#[test]
fn no_file_is_long() {
    let mut long = Vec::new();
    for module in files() {
        let own = module.source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = own.lines().count();
        if lines > LONGEST_FILE {
            long.push(format!("{} has {lines} lines without its tests", module.file));
        }
    }
    assert!(long.is_empty(), "{} files are too long:\n{}", long.len(), long.join("\n"));
}

#[test]
fn no_function_is_long() {
    let mut long = Vec::new();
    for module in files() {
        let tokens = tokens(&module.source);
        for (name, body) in functions(&tokens) {
            let lines = lines(body);
            if lines > LONGEST_FUNCTION {
                let line = body[0].line;
                long.push(format!("{}:{line}: {name} has {lines} lines", module.file));
            }
        }
    }
    assert!(long.is_empty(), "{} functions are too long:\n{}", long.len(), long.join("\n"));
}

/// The functions with a body, each with the tokens of its body.
fn functions<'a, 't>(tokens: &'t [Token<'a>]) -> Vec<(&'a str, &'t [Token<'a>])> {
    let mut functions = Vec::new();
    for at in 0..tokens.len() {
        if tokens[at].text != "fn" || !tokens.get(at + 1).is_some_and(|name| is_word(name.text)) {
            continue;
        }
        let mut start = at;
        while start < tokens.len() && !matches!(tokens[start].text, "{" | ";") {
            let is_group = matches!(tokens[start].text, "(" | "[");
            start = if is_group { end_of_block(tokens, start) } else { start + 1 };
        }
        if start < tokens.len() && begins(&tokens[start..], &["{"]) {
            functions.push((tokens[at + 1].text, &tokens[start..end_of_block(tokens, start)]));
        }
    }
    functions
}

/// The number of lines between the braces that contain a token.
fn lines(body: &[Token<'_>]) -> usize {
    let mut lines: Vec<usize> = body[1..body.len() - 1].iter().map(|token| token.line).collect();
    lines.dedup();
    lines.len()
}
