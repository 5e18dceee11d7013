//! A pull scanner over JSON text. It checks the grammar of RFC 8259 and koohook's limits in one
//! pass, and allocates no memory.
//!
//! `serde_json` copies each string that contains an escape, and cannot return to a place in the
//! text. Before the signature is verified, both would cost too much (decision G6).

use super::string::{Raw, unescape};
use super::{JsonError, MAX_DEPTH, MAX_NODES, work};

/// One token of the text. Strings and numbers are the text as received.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Token<'a> {
    /// An object begins.
    Object,
    /// An array begins.
    Array,
    /// The innermost object or array ends.
    End,
    /// A member's name. The scanner has also read its colon.
    Name(Raw<'a>),
    Text(Raw<'a>),
    Number(&'a str),
    Bool(bool),
    Null,
}

pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    name_at: usize,
    /// One bit for each open object (1) or array (0). The lowest bit is the innermost.
    objects: u64,
    depth: usize,
    nodes: usize,
    expects: Expects,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Expects {
    Value,
    ValueOrEnd,
    Name,
    NameOrEnd,
    CommaOrEnd,
    Nothing,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        let expects = Expects::Value;
        Self { text, at: 0, name_at: 0, objects: 0, depth: 0, nodes: 0, expects }
    }

    /// Starts at the name of a member. [`Self::name_at`] returned the place.
    pub fn at_member(text: &'a str, at: usize) -> Self {
        Self { at, objects: 1, depth: 1, expects: Expects::Name, ..Self::new(text) }
    }

    /// The place after the last token.
    pub const fn at(&self) -> usize {
        self.at
    }

    /// The place of the last name.
    pub const fn name_at(&self) -> usize {
        self.name_at
    }

    /// The next token; `None` after the outermost value.
    pub fn next(&mut self) -> Result<Option<Token<'a>>, JsonError> {
        self.skip_blanks();
        let Some(byte) = self.peek() else {
            let whole = self.expects == Expects::Nothing;
            return if whole { Ok(None) } else { Err(JsonError::Malformed) };
        };
        if self.expects == Expects::CommaOrEnd && byte == b',' {
            self.at += 1;
            self.expects = if self.in_object() { Expects::Name } else { Expects::Value };
            return self.next();
        }
        let token = match (self.expects, byte) {
            (Expects::CommaOrEnd | Expects::NameOrEnd, b'}') if self.in_object() => self.end(),
            (Expects::CommaOrEnd | Expects::ValueOrEnd, b']') if !self.in_object() => self.end(),
            (Expects::Name | Expects::NameOrEnd, b'"') => self.name()?,
            (Expects::Value | Expects::ValueOrEnd, _) => self.value(byte)?,
            _ => return Err(JsonError::Malformed),
        };
        Ok(Some(token))
    }

    /// Reads to the end of the next value.
    pub fn skip_value(&mut self) -> Result<(), JsonError> {
        let depth = self.depth;
        while self.next()?.is_some() && self.depth > depth {}
        Ok(())
    }

    /// Skips the next value, which ends at `end`.
    pub const fn jump(&mut self, end: usize) {
        self.at = end;
        self.expects = Expects::CommaOrEnd;
    }

    const fn in_object(&self) -> bool {
        self.depth > 0 && self.objects & 1 == 1
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Skips bytes while they fit. Returns their number.
    fn pass(&mut self, fits: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest();
        let passed = rest.iter().position(|byte| !fits(*byte)).unwrap_or(rest.len());
        work::done(passed + 1);
        self.at += passed;
        passed
    }

    fn skip_blanks(&mut self) {
        self.pass(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    fn name(&mut self) -> Result<Token<'a>, JsonError> {
        self.name_at = self.at;
        let name = self.string()?;
        self.skip_blanks();
        if self.peek() != Some(b':') {
            return Err(JsonError::Malformed);
        }
        self.at += 1;
        self.expects = Expects::Value;
        Ok(Token::Name(name))
    }

    fn value(&mut self, first: u8) -> Result<Token<'a>, JsonError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(JsonError::TooManyNodes);
        }
        let token = match first {
            b'{' => return self.begin(Token::Object),
            b'[' => return self.begin(Token::Array),
            b'"' => Token::Text(self.string()?),
            b't' => self.word("true", Token::Bool(true))?,
            b'f' => self.word("false", Token::Bool(false))?,
            b'n' => self.word("null", Token::Null)?,
            _ => Token::Number(self.number()?),
        };
        self.ended();
        Ok(token)
    }

    fn begin(&mut self, token: Token<'a>) -> Result<Token<'a>, JsonError> {
        if self.depth == MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        let object = token == Token::Object;
        self.at += 1;
        self.depth += 1;
        self.objects = self.objects << 1 | u64::from(object);
        self.expects = if object { Expects::NameOrEnd } else { Expects::ValueOrEnd };
        Ok(token)
    }

    const fn end(&mut self) -> Token<'a> {
        self.at += 1;
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
        self.ended();
        Token::End
    }

    const fn ended(&mut self) {
        self.expects = if self.depth == 0 { Expects::Nothing } else { Expects::CommaOrEnd };
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>, JsonError> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(JsonError::Malformed);
        }
        self.at += word.len();
        Ok(token)
    }

    fn string(&mut self) -> Result<Raw<'a>, JsonError> {
        let start = self.at + 1;
        self.at = start;
        loop {
            self.pass(|byte| !matches!(byte, b'"' | b'\\' | ..=0x1f));
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let escape = self.text.get(self.at..).and_then(unescape);
                    self.at += escape.ok_or(JsonError::Malformed)?.1;
                }
                Some(_) | None => return Err(JsonError::Malformed),
            }
        }
        let raw = self.text.get(start..self.at).ok_or(JsonError::Malformed)?;
        self.at += 1;
        Ok(Raw::new(raw))
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.pass_one(b"-");
        if !self.pass_one(b"0") {
            self.digits()?;
        }
        if self.pass_one(b".") {
            self.digits()?;
        }
        if self.pass_one(b"eE") {
            self.pass_one(b"+-");
            self.digits()?;
        }
        let text = self.text.get(start..self.at).ok_or(JsonError::Malformed)?;
        if is_finite(text) { Ok(text) } else { Err(JsonError::Malformed) }
    }

    fn pass_one(&mut self, of: &[u8]) -> bool {
        let passes = self.peek().is_some_and(|byte| of.contains(&byte));
        self.at += usize::from(passes);
        passes
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        match self.pass(|byte| byte.is_ascii_digit()) {
            0 => Err(JsonError::Malformed),
            _ => Ok(()),
        }
    }
}

/// Whether a number is in the range of a double. Most numbers need no conversion.
fn is_finite(text: &str) -> bool {
    let plainly = text.len() <= 300 && !text.contains(['e', 'E']);
    plainly || text.parse::<f64>().is_ok_and(f64::is_finite)
}
