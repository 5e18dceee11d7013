//! The outline of a text whose signature is not verified yet. It is not a tree. It contains the
//! places of the outermost members in canonical order, and the places of all repeated members.
//!
//! An outline uses eight bytes for each member. A member is at least five bytes long (`"":0,`). So
//! an outline uses at most 1.6 times the text's length (decision G6).

use std::cmp::Ordering;

use super::scanner::{Scanner, Token};
use super::string::{self, Raw};
use super::{JsonError, MAX_DEPTH, MAX_MEMBERS, Reading};

/// A checked text: one JSON object within koohook's limits.
pub struct Outline<'a> {
    text: &'a str,
    /// At the front: the outermost members, each with its last and its first place. At the back:
    /// every repeated nested member, with its place and the encoded [`Place`]. While an object is
    /// open, its members are appended at the front: the first units of the name, and the place.
    slots: Vec<[u32; 2]>,
    front: usize,
    back: usize,
    named_again: bool,
    longest: usize,
}

/// Whether the name of a nested member is repeated in its object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// The name occurs once.
    Only,
    /// The first member of a repeated name, with the place of the last.
    First { last: usize },
    /// A later member of a repeated name, with its end if that is known.
    Later { end: Option<usize> },
}

/// This bit marks a first member in a slot. The other bits are the last member's place.
const FIRST: u32 = 1 << 31;
/// The value in a slot for a later member whose end is not known.
const UNKNOWN: u32 = 0;

impl<'a> Outline<'a> {
    /// Checks a body and finds the places of its members.
    ///
    /// # Errors
    /// If the body is not a JSON object, or breaks a limit.
    pub fn of(body: &'a [u8]) -> Result<Self, JsonError> {
        let text = str::from_utf8(body).map_err(|_| JsonError::Malformed)?;
        // A place must fit into the bits below `FIRST`. The longest body is far shorter.
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

    /// Whether an object at any depth has a repeated member, even with equal values.
    pub const fn names_again(&self) -> bool {
        self.named_again
    }

    /// The number of outermost members. Each name counts once.
    pub(crate) const fn len(&self) -> usize {
        self.front
    }

    /// The length of the longest string as received, in bytes.
    pub(crate) const fn longest(&self) -> usize {
        self.longest
    }

    /// The outermost member at an index in canonical order. Returns its name, the first token of
    /// its value, and a scanner after that token.
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

    /// The member whose name begins at a place.
    pub(super) fn member_at(&self, at: usize) -> Option<(Raw<'a>, Token<'a>, Scanner<'a>)> {
        let mut scanner = Scanner::at_member(self.text, at);
        let Ok(Some(Token::Name(name))) = scanner.next() else { return None };
        let value = scanner.next().ok()??;
        Some((name, value, scanner))
    }

    /// Whether the name of the nested member at a place is repeated.
    pub(super) fn place(&self, at: usize) -> Place {
        let number = |state: u32| usize::try_from(state).unwrap_or_default();
        match self.find(at).and_then(|found| self.slots.get(found)) {
            None => Place::Only,
            Some([_, state]) if state & FIRST != 0 => Place::First { last: number(state & !FIRST) },
            Some(&[_, UNKNOWN]) => Place::Later { end: None },
            Some(&[_, end]) => Place::Later { end: Some(number(end)) },
        }
    }

    /// Stores the end of a later member, so that its text is not read again.
    pub(super) fn set_end(&mut self, at: usize, end: usize) {
        let found = self.find(at).and_then(|found| self.slots.get_mut(found));
        if let (Some([_, state]), Ok(end)) = (found, u32::try_from(end)) {
            *state = end;
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
        // For each open object, the index of its first member. `None` for each open array.
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

    /// Ends a nested object: removes its members, and moves the repeated ones to the back.
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

    /// A slot is always free: each entry at the back replaces one at the front.
    fn push_back(&mut self, [_, at]: [u32; 2], state: u32) {
        self.named_again = true;
        self.back = self.back.saturating_sub(1);
        if let Some(slot) = self.slots.get_mut(self.back) {
            *slot = [at, state];
        }
    }

    /// Ends the outermost object: sorts its members canonically and keeps each name once.
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

/// Reads a text once. Returns the number of members in it and the length of its longest string.
fn check(text: &str) -> Result<(usize, usize), JsonError> {
    let mut scanner = Scanner::new(text);
    let outermost = scanner.next()?;
    let (mut members, mut longest) = (0, 0);
    // The number of members read so far in each open object. It stays 0 for an array.
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

/// Compares by the first units in the slots, then by the names.
fn by_name(text: &str, [a_units, a]: [u32; 2], [b_units, b]: [u32; 2]) -> Ordering {
    let names = || string::compare(name(text, a), name(text, b));
    a_units.cmp(&b_units).then_with(names)
}

/// The text after the opening quote at a place.
fn name(text: &str, at: u32) -> &str {
    let quoted = usize::try_from(at).ok().and_then(|at| text.get(at..));
    quoted.and_then(|quoted| quoted.strip_prefix('"')).unwrap_or_default()
}
