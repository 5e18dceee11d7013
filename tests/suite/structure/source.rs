//! Rust source as tokens: enough to find the names that a file uses, declares and imports.
//!
//! Comments, strings and characters are left out, so a name in one of them does not count.

use std::iter::Peekable;
use std::str::CharIndices;

/// A word or a punctuation mark, and its line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Token<'a> {
    /// The word, or one character.
    pub text: &'a str,
    /// The line, counted from 1.
    pub line: usize,
}

/// Splits source into tokens.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut reader = Reader { source, rest: source.char_indices().peekable(), line: 1 };
    let mut tokens = Vec::new();
    while let Some(token) = reader.next() {
        tokens.extend(token);
    }
    tokens
}

/// Leaves out every item under `#[cfg(test)]`.
pub fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if begins(&tokens[at..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            at = end_of_item(tokens, at);
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// Whether tokens begin with these.
pub fn begins(tokens: &[Token<'_>], expected: &[&str]) -> bool {
    let same = |(token, expected): (&Token<'_>, &&str)| token.text == *expected;
    tokens.len() >= expected.len() && tokens.iter().zip(expected).all(same)
}

/// The index after the closing bracket of the block that begins at `start`.
pub fn end_of_block(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

pub fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// An item ends with a semicolon, or with its first block in braces.
fn end_of_item(tokens: &[Token<'_>], start: usize) -> usize {
    let mut at = start;
    while at < tokens.len() {
        match tokens[at].text {
            ";" => return at + 1,
            "{" => return end_of_block(tokens, at),
            "(" | "[" => at = end_of_block(tokens, at),
            _ => at += 1,
        }
    }
    at
}

struct Reader<'a> {
    source: &'a str,
    rest: Peekable<CharIndices<'a>>,
    line: usize,
}

impl<'a> Reader<'a> {
    /// The next token, or `Some(None)` for a comment, a string or white space.
    fn next(&mut self) -> Option<Option<Token<'a>>> {
        let line = self.line;
        let (start, first) = self.step()?;
        let second = self.peek();
        if first.is_whitespace() {
            return Some(None);
        }
        match (first, second) {
            ('/', Some('/')) => self.pass_while(|character| character != '\n'),
            ('/', Some('*')) => self.pass_block_comment(),
            ('"', _) => self.pass_text(),
            ('\'', _) => self.pass_quote(),
            _ if first.is_alphanumeric() || first == '_' => return Some(self.word(start, line)),
            _ => return Some(Some(self.token(start, line))),
        }
        Some(None)
    }

    /// A word, or `None` if the word begins a raw string.
    fn word(&mut self, start: usize, line: usize) -> Option<Token<'a>> {
        self.pass_while(|character| character.is_alphanumeric() || character == '_');
        let word = self.token(start, line);
        let is_raw = matches!(word.text, "r" | "br" | "cr");
        match self.peek() {
            Some('"') if is_raw => self.pass_raw_text(0),
            Some('#') if is_raw => {
                let before = self.position();
                self.pass_while(|character| character == '#');
                let marks = self.position() - before;
                if self.peek() != Some('"') {
                    return None;
                }
                self.pass_raw_text(marks);
            }
            Some('"') if matches!(word.text, "b" | "c") => {
                self.step();
                self.pass_text();
            }
            _ => return Some(word),
        }
        None
    }

    /// Passes a character or a lifetime.
    fn pass_quote(&mut self) {
        let first = self.step().map(|(_, first)| first);
        if first == Some('\\') {
            self.step();
            self.pass_while(|character| character != '\'');
            self.step();
        } else if self.peek() == Some('\'') {
            self.step();
        } else {
            self.pass_while(|character| character.is_alphanumeric() || character == '_');
        }
    }

    fn pass_text(&mut self) {
        while let Some((_, character)) = self.step() {
            match character {
                '\\' => drop(self.step()),
                '"' => return,
                _ => {}
            }
        }
    }

    fn pass_raw_text(&mut self, marks: usize) {
        let end = format!("\"{}", "#".repeat(marks));
        self.step();
        while !self.rest_starts_with(&end) && self.step().is_some() {}
        for _ in 0..end.len() {
            self.step();
        }
    }

    fn pass_block_comment(&mut self) {
        let mut depth = 1;
        self.step();
        while depth > 0 {
            let Some((_, character)) = self.step() else { return };
            match (character, self.peek()) {
                ('*', Some('/')) => depth -= 1,
                ('/', Some('*')) => depth += 1,
                _ => continue,
            }
            self.step();
        }
    }

    fn pass_while(&mut self, passes: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&passes) {
            self.step();
        }
    }

    fn token(&mut self, start: usize, line: usize) -> Token<'a> {
        let end = self.position();
        Token { text: self.source.get(start..end).unwrap_or_default(), line }
    }

    fn rest_starts_with(&mut self, text: &str) -> bool {
        let position = self.position();
        self.source.get(position..).is_some_and(|rest| rest.starts_with(text))
    }

    fn position(&mut self) -> usize {
        self.rest.peek().map_or(self.source.len(), |(position, _)| *position)
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, character)| *character)
    }

    fn step(&mut self) -> Option<(usize, char)> {
        let next = self.rest.next();
        self.line += usize::from(next.is_some_and(|(_, character)| character == '\n'));
        next
    }
}

#[test]
fn the_tokenizer_leaves_out_comments_strings_characters_and_tests() {
    let source = r##"use a::b; // c
        /* d /* e */ f */ let g = ("h", 'i', '\'', b"j", r#"k " l"#, 'm: loop {});
        #[cfg(test)] mod tests { fn n() { } }
        #[cfg(test)] mod o;
        p"##;
    let words = |tokens: &[Token<'_>]| {
        let words = tokens.iter().map(|token| token.text).filter(|text| is_word(text));
        words.collect::<Vec<_>>().join(" ")
    };
    let all = tokens(source);
    assert_eq!(words(&without_tests(&all)), "use a b let g loop p");
    assert_eq!(all.last().map(|token| token.line), Some(5));
}
