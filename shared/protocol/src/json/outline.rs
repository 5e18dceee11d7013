//! The outline of a text whose signature is not verified yet. It is not a tree: it holds the places
//! of the outermost members in canonical order, and of every member that an object names again.
//!
//! It takes eight bytes a member. A member is at least five bytes long (`"":0,`), so an outline
//! takes at most 1.6 times the text's length (decision G6).

use std::cmp::Ordering;

use super::scanner::{Scanner, Token};
use super::string::{self, Raw};
use super::{JsonError, MAX_DEPTH, MAX_MEMBERS, Reading};

/// A text that was checked: one object, by the grammar and within our limits.
pub struct Outline<'a> {
    text: &'a str,
    /// From the front the outermost members, each as its last and its first place; from the back
    /// every nested member that is named again: its place, and what [`Place`] says of it. While
    /// objects are open, their members grow at the front: first units of the name, and place.
    slots: Vec<[u32; 2]>,
    front: usize,
    back: usize,
    named_again: bool,
    longest: usize,
}

/// Whether a member of a nested object is named again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// The object names it once.
    Only,
    /// The first of its name, and the place of the last.
    First { last: usize },
    /// A later one of its name, and where it ends if that is known.
    Later { end: Option<usize> },
}

/// Set in what a slot says of a first place: the rest is the last place.
const FIRST: u32 = 1 << 31;
/// What a slot says of a later place whose end is not known.
const UNKNOWN: u32 = 0;

impl<'a> Outline<'a> {
    /// Checks a body, and finds what its objects name.
    ///
    /// # Errors
    /// As [`JsonError`] says.
    pub fn of(body: &'a [u8]) -> Result<Self, JsonError> {
        let text = str::from_utf8(body).map_err(|_| JsonError::Malformed)?;
        // A place must fit beside `FIRST`; our longest body is far shorter.
        if !u32::try_from(text.len()).is_ok_and(|len| len < FIRST) {
            return Err(JsonError::TooManyNodes);
        }
        let (members, longest) = check(text)?;
        let slots = vec![[0; 2]; members];
        let mut outline =
            Self { text, slots, front: 0, back: members, named_again: false, longest };
        outline.fill()?;
        Ok(outline)
    }

    /// Whether an object, at any depth, names a member twice, also with one value.
    pub const fn names_again(&self) -> bool {
        self.named_again
    }

    /// How many outermost members there are, each name once.
    pub(crate) const fn len(&self) -> usize {
        self.front
    }

    /// The length of the longest string, as it arrived.
    pub(crate) const fn longest(&self) -> usize {
        self.longest
    }

    /// An outermost member, in canonical order: its name, its value's first token, and a scanner
    /// after that token.
    pub(crate) fn member(
        &self,
        index: usize,
        reading: Reading,
    ) -> Option<(Raw<'a>, Token<'a>, Scanner<'a>)> {
        let [last, first] = *self.slots.get(index).filter(|_| index < self.front)?;
        let at = match reading {
            Reading::First => first,
            Reading::Last => last,
        };
        self.member_at(usize::try_from(at).ok()?)
    }

    /// The member whose name is at a place.
    pub(super) fn member_at(&self, at: usize) -> Option<(Raw<'a>, Token<'a>, Scanner<'a>)> {
        let mut scanner = Scanner::at_member(self.text, at);
        let Ok(Some(Token::Name(name))) = scanner.next() else { return None };
        let value = scanner.next().ok()??;
        Some((name, value, scanner))
    }

    /// Whether a nested member is named again.
    pub(super) fn place(&self, at: usize) -> Place {
        let number = |told: u32| usize::try_from(told).unwrap_or_default();
        match self.find(at).and_then(|found| self.slots.get(found)) {
            None => Place::Only,
            Some([_, told]) if told & FIRST != 0 => Place::First { last: number(told & !FIRST) },
            Some(&[_, UNKNOWN]) => Place::Later { end: None },
            Some(&[_, end]) => Place::Later { end: Some(number(end)) },
        }
    }

    /// Keeps where a later member ends, so that its text is not read again.
    pub(super) fn set_end(&mut self, at: usize, end: usize) {
        let found = self.find(at).and_then(|found| self.slots.get_mut(found));
        if let (Some([_, told]), Ok(end)) = (found, u32::try_from(end)) {
            *told = end;
        }
    }

    fn find(&self, at: usize) -> Option<usize> {
        let named_again = self.slots.get(self.back..)?;
        let at = u32::try_from(at).ok()?;
        let found = named_again.binary_search_by_key(&at, |[place, _]| *place).ok()?;
        Some(self.back + found)
    }

    fn fill(&mut self) -> Result<(), JsonError> {
        let mut scanner = Scanner::new(self.text);
        // For each open object where its members begin, for each array nothing.
        let mut open = Vec::with_capacity(MAX_DEPTH);
        while let Some(token) = scanner.next()? {
            match token {
                Token::Object => open.push(Some(self.front)),
                Token::Array => open.push(None),
                Token::Name(_) => self.push_front(scanner.name_at()),
                Token::End => match (open.pop().flatten(), open.is_empty()) {
                    (Some(_), true) => self.order(),
                    (Some(start), false) => self.close(start),
                    (None, _) => (),
                },
                Token::Text(_) | Token::Number(_) | Token::Bool(_) | Token::Null => (),
            }
        }
        if let Some(named_again) = self.slots.get_mut(self.back..) {
            named_again.sort_unstable();
        }
        Ok(())
    }

    fn push_front(&mut self, at: usize) {
        let Ok(at) = u32::try_from(at) else { return };
        if let Some(slot) = self.slots.get_mut(self.front) {
            *slot = [string::first_units(name(self.text, at)), at];
            self.front += 1;
        }
    }

    /// Ends a nested object: its members go, but those that it names again.
    fn close(&mut self, start: usize) {
        self.sort(start);
        let mut last = None;
        while let Some(member) = self.pop_front(start) {
            let before = self.slots.get(start..self.front).and_then(<[_]>::last);
            if before.is_some_and(|before| by_name(self.text, *before, member).is_eq()) {
                last = last.or(Some(member));
                self.push_back(member, UNKNOWN);
            } else if let Some([_, last]) = last.take() {
                self.push_back(member, FIRST | last);
            }
        }
    }

    fn pop_front(&mut self, start: usize) -> Option<[u32; 2]> {
        self.front = self.front.checked_sub(1).filter(|front| *front >= start)?;
        self.slots.get(self.front).copied()
    }

    /// There is always room: each entry at the back replaces one at the front.
    fn push_back(&mut self, [_, at]: [u32; 2], told: u32) {
        self.named_again = true;
        self.back = self.back.saturating_sub(1);
        if let Some(slot) = self.slots.get_mut(self.back) {
            *slot = [at, told];
        }
    }

    /// Ends the outermost object: each name stays once, in canonical order.
    fn order(&mut self) {
        self.sort(0);
        let mut names = 0_usize;
        let mut before = None;
        for index in 0..self.front {
            let Some(member) = self.slots.get(index).copied() else { break };
            let again = before.is_some_and(|before| by_name(self.text, before, member).is_eq());
            let [_, at] = member;
            if again {
                self.named_again = true;
                let first = names.checked_sub(1).and_then(|index| self.slots.get_mut(index));
                first.into_iter().for_each(|[last, _]| *last = at);
            } else {
                self.slots.get_mut(names).into_iter().for_each(|slot| *slot = [at, at]);
                names += 1;
            }
            before = Some(member);
        }
        self.front = names;
    }

    fn sort(&mut self, start: usize) {
        let text = self.text;
        if let Some(members) = self.slots.get_mut(start..self.front) {
            members.sort_unstable_by(|a, b| by_name(text, *a, *b).then(a.cmp(b)));
        }
    }
}

/// Reads a text once: how many members its objects have, and the length of its longest string.
fn check(text: &str) -> Result<(usize, usize), JsonError> {
    let mut scanner = Scanner::new(text);
    let outermost = scanner.next()?;
    let (mut members, mut longest) = (0, 0);
    // How many members each open object or array has so far.
    let mut open = Vec::with_capacity(MAX_DEPTH);
    open.push(0);
    while let Some(token) = scanner.next()? {
        match token {
            Token::Name(_) => {
                members += 1;
                let named = open.last_mut().map(|named| {
                    *named += 1;
                    *named
                });
                if named.is_some_and(|named| MAX_MEMBERS < named) {
                    return Err(JsonError::TooManyNodes);
                }
            }
            Token::Text(raw) => longest = raw.len().max(longest),
            Token::Number(_) | Token::Bool(_) | Token::Null => (),
            Token::Object | Token::Array => open.push(0),
            Token::End => drop(open.pop()),
        }
    }
    match outermost {
        Some(Token::Object) => Ok((members, longest)),
        _ => Err(JsonError::NotAnObject),
    }
}

/// By the first units that the slots hold, then by the names themselves.
fn by_name(text: &str, [a_units, a]: [u32; 2], [b_units, b]: [u32; 2]) -> Ordering {
    let names = || string::compare(name(text, a), name(text, b));
    a_units.cmp(&b_units).then_with(names)
}

/// What follows the opening quote at a place.
fn name(text: &str, at: u32) -> &str {
    let quoted = usize::try_from(at).ok().and_then(|at| text.get(at..));
    quoted.and_then(|quoted| quoted.strip_prefix('"')).unwrap_or_default()
}
