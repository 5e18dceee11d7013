//! The messages that the source can log as WARN or ERROR, read from its tokens.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::Lit;

use crate::structure::shipped_files;

/// The levels of one message, in capitals.
pub type Levels = BTreeSet<String>;

/// The beginning of each message, up to a semicolon, and its levels. Other levels are left out.
pub fn alarms() -> BTreeMap<String, Levels> {
    let mut alarms = BTreeMap::new();
    for (file, source) in shipped_files() {
        if !file.starts_with("tests/") {
            add(&mut alarms, &source.parse().unwrap());
        }
    }
    alarms
}

fn add(alarms: &mut BTreeMap<String, Levels>, source: &TokenStream) {
    let mut found = Found::default();
    found.read(source.clone());
    found.settle();
    for (level, message) in found.lines {
        if ["warn", "error"].contains(&level.as_str()) {
            let beginning = message.split(';').next().unwrap_or_default().to_owned();
            alarms.entry(beginning).or_default().insert(level.to_uppercase());
        }
    }
}

/// What a group of tokens contains.
#[derive(Default)]
struct Found {
    /// Levels and messages.
    lines: Vec<(String, String)>,
    /// Messages in a macro `line!` whose level is an argument.
    open: Vec<String>,
    /// The levels of the calls of that macro.
    calls: BTreeSet<String>,
}

impl Found {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut place = 0;
        while let Some(token) = tokens.get(place) {
            place += 1;
            if is_test_item(&tokens[..place]) {
                place += tokens[place..].iter().take_while(|it| !ends_item(it)).count() + 1;
            } else if let TokenTree::Group(group) = token {
                let before = words(&tokens[..place - 1]);
                match before.as_slice() {
                    [.., "tracing", "$", "level"] => self.open.extend(message(group.stream())),
                    [.., "tracing", level] => {
                        let line = message(group.stream()).map(|it| ((*level).to_owned(), it));
                        self.lines.extend(line);
                    }
                    [.., "line"] => self.calls.extend(first_word(group.stream())),
                    _ => self.read_group(group.delimiter(), group.stream()),
                }
            }
        }
    }

    /// A macro and its calls are in one function, or in one file.
    fn read_group(&mut self, delimiter: Delimiter, tokens: TokenStream) {
        let mut inner = Self::default();
        inner.read(tokens);
        if delimiter == Delimiter::Brace && !inner.calls.is_empty() {
            inner.settle();
        }
        self.lines.extend(inner.lines);
        self.open.extend(inner.open);
        self.calls.extend(inner.calls);
    }

    /// Gives the messages of the macro the levels of its calls.
    fn settle(&mut self) {
        if !self.open.is_empty() {
            let calls = std::mem::take(&mut self.calls);
            for message in self.open.drain(..) {
                self.lines.extend(calls.iter().map(|level| (level.clone(), message.clone())));
            }
        }
    }
}

/// Whether the last token is `(cfg(test))` or `(test)` of an attribute.
fn is_test_item(tokens: &[TokenTree]) -> bool {
    let [.., TokenTree::Punct(mark), TokenTree::Group(group)] = tokens else { return false };
    let text = group.stream().to_string().replace(' ', "");
    mark.as_char() == '#' && ["cfg(test)", "test"].contains(&text.as_str())
}

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    }
}

/// The names at the end of some tokens, without the marks of paths and macros.
fn words(tokens: &[TokenTree]) -> Vec<&'static str> {
    let known = |text: String| {
        let all = ["tracing", "level", "line", "trace", "debug", "info", "warn", "error", "$"];
        all.into_iter().find(|it| *it == text)
    };
    let mut words: Vec<_> = tokens
        .iter()
        .rev()
        .filter(|it| !matches!(it, TokenTree::Punct(mark) if [':', '!'].contains(&mark.as_char())))
        .map_while(|it| known(it.to_string()))
        .take(3)
        .collect();
    let is_macro = tokens.last().is_some_and(|it| it.to_string() == "!");
    words.reverse();
    if is_macro { words } else { Vec::new() }
}

/// The last literal outside brackets.
fn message(tokens: TokenStream) -> Option<String> {
    let last = tokens.into_iter().filter_map(|token| match token {
        TokenTree::Literal(literal) => Some(Lit::new(literal)),
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Group(_) => None,
    });
    last.last().and_then(|it| if let Lit::Str(text) = it { Some(text.value()) } else { None })
}

fn first_word(tokens: TokenStream) -> Option<String> {
    tokens.into_iter().next().map(|token| token.to_string())
}

#[test]
fn messages_are_found_with_each_of_their_levels() {
    let source = r#"
        fn f() { tracing::warn!(x, at = %y, "log lost; look"); tracing::info!("fine"); }
        fn g() { if a { tracing::error!("log lost") } }
        fn h() {
            macro_rules! line { ($level:ident) => { tracing::$level!(name = "n", "line written") } }
            match x { 1 => line!(info), 2 => line!(error), _ => line!(warn) }
        }
        fn i() { macro_rules! line { ($level:ident) => { tracing::$level!("once") } } line!(warn) }
        #[test] fn t() { tracing::error!("in a test") }
        #[cfg(test)] mod tests { fn t() { tracing::error!("in tests") } }
    "#;
    let mut found = BTreeMap::new();
    add(&mut found, &source.parse().unwrap());
    let both: Levels = ["ERROR", "WARN"].map(str::to_owned).into();
    let one: Levels = ["WARN".to_owned()].into();
    let expected = [("line written", both.clone()), ("log lost", both), ("once", one)];
    assert_eq!(found, expected.map(|(message, levels)| (message.to_owned(), levels)).into());
}
