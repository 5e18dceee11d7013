//! The texts in one file of Rust source.

use std::fmt;

use proc_macro2::{Literal, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{
    Attribute, Ident, ItemConst, ItemEnum, ItemFn, ItemImpl, ItemStatic, ItemStruct, ItemTrait, Lit,
};

/// A text with its place.
#[derive(Debug)]
pub struct SourceText {
    kind: &'static str,
    /// The type, function or constant that contains it.
    place: String,
    text: String,
}

impl fmt::Display for SourceText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.replace('\n', "\\n").replace('\r', "\\r");
        write!(formatter, "{:<5}  {}: {text}", self.kind, self.place)
    }
}

/// Reads a file. Tests inside it are left out.
pub fn texts(source: &str) -> Vec<SourceText> {
    let mut reader = Reader { texts: Vec::new(), places: Vec::new() };
    reader.visit_file(&syn::parse_file(source).unwrap());
    reader.texts
}

struct Reader {
    texts: Vec<SourceText>,
    /// The types and functions around the current place, the outermost first.
    places: Vec<String>,
}

impl Reader {
    fn inside(&mut self, place: impl ToString, read: impl FnOnce(&mut Self)) {
        self.places.push(place.to_string());
        read(self);
        self.places.pop();
    }

    fn add(&mut self, kind: &'static str, text: String) {
        self.texts.push(SourceText { kind, place: self.places.join("::"), text });
    }

    /// The texts of a macro's input. If `is_format`, one word is also a text.
    fn add_tokens(&mut self, tokens: TokenStream, is_format: bool) {
        // The names before a group: of the macro that it calls.
        let mut names: Vec<Ident> = Vec::new();
        let mut is_attribute = false;
        for token in tokens {
            let was_attribute = std::mem::take(&mut is_attribute);
            match token {
                TokenTree::Ident(name) => names.push(name),
                TokenTree::Punct(mark) => is_attribute = mark.as_char() == '#',
                // Doc comments are attributes.
                TokenTree::Group(_) if was_attribute => (),
                TokenTree::Group(group) => match names.as_slice() {
                    [.., tracing, level] if tracing == "tracing" => {
                        self.add_log_line(level, group.stream());
                    }
                    _ => self.add_tokens(group.stream(), is_format),
                },
                TokenTree::Literal(literal) => self.add_literal(literal, is_format),
            }
        }
    }

    fn add_literal(&mut self, literal: Literal, is_format: bool) {
        if let Lit::Str(text) = Lit::new(literal) {
            let text = text.value();
            if is_sentence(&text) || is_format && has_word(&text) {
                self.add("text", text);
            }
        }
    }

    /// The message of a log line is its last literal outside brackets. Other literals are fields.
    fn add_log_line(&mut self, level: &Ident, tokens: TokenStream) {
        let mut message = None;
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.add_tokens(group.stream(), true),
                TokenTree::Literal(literal) => message = Some(Lit::new(literal)),
                TokenTree::Ident(_) | TokenTree::Punct(_) => (),
            }
        }
        if let Some(Lit::Str(message)) = message {
            self.add("log", format!("{level}: {}", message.value()));
        }
    }

    fn add_error(&mut self, attributes: &[Attribute]) {
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("error")) {
            let tokens = attribute.meta.require_list().unwrap().tokens.clone();
            if let Some(TokenTree::Literal(text)) = tokens.into_iter().next()
                && let Lit::Str(text) = Lit::new(text)
            {
                self.add("error", text.value());
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !attributes.iter().any(is_test) {
            visit::visit_item(self, item);
        }
    }

    /// Doc comments are not texts, and the help has those of the command's options.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.inside(&item.ident, |reader| {
            for variant in &item.variants {
                reader.inside(&variant.ident, |reader| reader.add_error(&variant.attrs));
            }
        });
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.inside(&item.ident, |reader| reader.add_error(&item.attrs));
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let name = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|it| it.ident.to_string()),
            _ => None,
        };
        self.inside(name.unwrap_or_default(), |reader| visit::visit_item_impl(reader, item));
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        self.inside(&item.ident, |reader| visit::visit_item_trait(reader, item));
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.inside(&item.sig.ident, |reader| visit::visit_item_fn(reader, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.inside(&item.sig.ident, |reader| visit::visit_impl_item_fn(reader, item));
    }

    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        self.inside(&item.ident, |reader| visit::visit_item_const(reader, item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.inside(&item.ident, |reader| visit::visit_impl_item_const(reader, item));
    }

    fn visit_item_static(&mut self, item: &'ast ItemStatic) {
        self.inside(&item.ident, |reader| visit::visit_item_static(reader, item));
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let Some(name) = item.path.segments.last().map(|last| &last.ident) else { return };
        let name_text = name.to_string();
        if LEVELS.contains(&name_text.as_str()) {
            self.add_log_line(name, item.tokens.clone());
        } else {
            self.add_tokens(item.tokens.clone(), FORMATS.contains(&name_text.as_str()));
        }
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        let text = text.value();
        if is_sentence(&text) {
            self.add("text", text);
        }
    }
}

fn is_test(attribute: &Attribute) -> bool {
    let is_cfg_test = || attribute.parse_args::<Ident>().is_ok_and(|argument| argument == "test");
    attribute.path().is_ident("test") || attribute.path().is_ident("cfg") && is_cfg_test()
}

/// Whether a text has two words, is the body of an answer, or ends as a sentence does. A query of a
/// database is not a text.
fn is_sentence(text: &str) -> bool {
    if QUERIES.iter().any(|query| text.trim_start().starts_with(query)) {
        return false;
    }
    let is_body = text.starts_with("{\"");
    let is_end = text.ends_with('.') && has_word(text);
    is_body || is_end || words(text) > 1
}

fn has_word(text: &str) -> bool {
    words(text) > 0
}

/// How many words a text has. A placeholder in braces is not a word.
fn words(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut bare = String::new();
    for letter in text.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => bare.push(letter),
            _ => (),
        }
    }
    let is_word = |word: &&str| word.chars().filter(|letter| letter.is_alphabetic()).count() > 1;
    bare.split_whitespace().filter(is_word).count()
}

const LEVELS: [&str; 5] = ["trace", "debug", "info", "warn", "error"];
const FORMATS: [&str; 6] = ["format", "outln", "errln", "write", "writeln", "format_args"];
/// How the queries of the stores begin.
const QUERIES: [&str; 7] =
    ["SELECT ", "INSERT ", "UPDATE ", "CREATE ", "PRAGMA ", "DELETE ", "BEGIN"];

#[test]
fn errors_messages_and_sentences_are_found() {
    let source = r##"
        enum E { #[error("no key; set {name}")] A, #[error(transparent)] B(F) }
        impl E { fn advice() { tracing::warn!(x, at = %y, "log lost"); f("see the log", "word") } }
        const BODY: &str = r#"{"error":"x"}"#;
        fn f() { format!("{n} rows: {}", "word"); sql("SELECT a FROM b") }
        #[cfg(test)] mod tests { const A: &str = "left out here"; }
    "##;
    let found: Vec<_> = texts(source).iter().map(ToString::to_string).collect();
    let expected = [
        "error  E::A: no key; set {name}",
        "log    E::advice: warn: log lost",
        "text   E::advice: see the log",
        "text   BODY: {\"error\":\"x\"}",
        "text   f: {n} rows: {}",
        "text   f: word",
    ];
    assert_eq!(found, expected);
}
