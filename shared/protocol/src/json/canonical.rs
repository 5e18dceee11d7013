//! Writes the canonical form, which the marketplace signs. It is written in pieces, without a copy
//! in memory.

use super::outline::{Outline, Place};
use super::scanner::{Scanner, Token};
use super::string::Raw;
use super::{JsonError, Reading, Scalars};

impl Outline<'_> {
    /// Writes the form that the marketplace signs. The outermost members are sorted by UTF-16 code
    /// units, and top-level nulls are dropped. The text is compact, and nested members keep their
    /// order. Sources: V2 guide, page "security token"; `TreeMap` and `ObjectMapper` in the sample
    /// project.
    ///
    /// # Errors
    /// Never in practice: [`Outline::of`] has checked the text.
    pub fn write_canonical(
        &mut self,
        reading: Reading,
        scalars: Scalars,
        out: &mut dyn FnMut(&str),
    ) -> Result<(), JsonError> {
        Writer { outline: self, reading, out }.outermost(scalars)
    }
}

struct Writer<'w, 'a> {
    outline: &'w mut Outline<'a>,
    reading: Reading,
    out: &'w mut dyn FnMut(&str),
}

impl<'a> Writer<'_, 'a> {
    fn outermost(&mut self, scalars: Scalars) -> Result<(), JsonError> {
        let mut separator = "{";
        for index in 0..self.outline.len() {
            let member = self.outline.member(index, self.reading);
            let (name, value, mut scanner) = member.ok_or(JsonError::Malformed)?;
            if value == Token::Null {
                continue;
            }
            self.name(separator, name);
            separator = ",";
            match (scalars, value) {
                (Scalars::AsText, Token::Number(_) | Token::Bool(_)) => {
                    (self.out)("\"");
                    self.value(value, &mut scanner)?;
                    (self.out)("\"");
                }
                _ => self.value(value, &mut scanner)?,
            }
        }
        (self.out)(if separator == "{" { "{}" } else { "}" });
        Ok(())
    }

    fn name(&mut self, separator: &str, name: Raw<'a>) {
        (self.out)(separator);
        name.write_as_jackson(self.out);
        (self.out)(":");
    }

    fn value(&mut self, value: Token<'a>, scanner: &mut Scanner<'a>) -> Result<(), JsonError> {
        match value {
            Token::Object => return self.object(scanner),
            Token::Array => return self.array(scanner),
            Token::Text(raw) => raw.write_as_jackson(self.out),
            Token::Number(text) => (self.out)(text),
            Token::Bool(true) => (self.out)("true"),
            Token::Bool(false) => (self.out)("false"),
            Token::Null => (self.out)("null"),
            // These two tokens are not values.
            Token::Name(_) | Token::End => return Err(JsonError::Malformed),
        }
        Ok(())
    }

    fn array(&mut self, scanner: &mut Scanner<'a>) -> Result<(), JsonError> {
        let mut separator = "[";
        while let Some(value) = scanner.next()?.filter(|token| *token != Token::End) {
            (self.out)(separator);
            separator = ",";
            self.value(value, scanner)?;
        }
        (self.out)(if separator == "[" { "[]" } else { "]" });
        Ok(())
    }

    fn object(&mut self, scanner: &mut Scanner<'a>) -> Result<(), JsonError> {
        let mut separator = "{";
        while let Some(Token::Name(name)) = scanner.next()? {
            match self.outline.place(scanner.name_at()) {
                Place::Later { end: Some(end) } => scanner.jump(end),
                Place::Later { end: None } => scanner.skip_value()?,
                place @ (Place::Only | Place::First { .. }) => {
                    self.name(separator, name);
                    separator = ",";
                    self.member_value(place, scanner)?;
                }
            }
        }
        (self.out)(if separator == "{" { "{}" } else { "}" });
        Ok(())
    }

    fn member_value(&mut self, place: Place, scanner: &mut Scanner<'a>) -> Result<(), JsonError> {
        if let (Place::First { last }, Reading::Last) = (place, self.reading) {
            scanner.skip_value()?;
            return self.value_at(last);
        }
        let value = scanner.next()?.ok_or(JsonError::Malformed)?;
        self.value(value, scanner)
    }

    /// Writes the value of a later member at the place of the first member of that name.
    fn value_at(&mut self, at: usize) -> Result<(), JsonError> {
        let (_, value, mut scanner) = self.outline.member_at(at).ok_or(JsonError::Malformed)?;
        self.value(value, &mut scanner)?;
        self.outline.set_end(at, scanner.at());
        Ok(())
    }
}
