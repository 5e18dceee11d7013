//! Builds the tree of a JSON text in one pass.

use std::collections::BTreeMap;

use super::scanner::{Scanner, Token};
use super::{Json, JsonError, Members};

/// A JSON document whose outermost value is an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document {
    /// The members of the outermost object. If a name is repeated, this is the first member.
    pub members: Members,
    /// Whether an object at any depth repeats a name with different values.
    pub conflicting: bool,
}

impl Document {
    /// Reads a document whose outermost value is an object.
    ///
    /// # Errors
    /// If the body is not a JSON object, or breaks a limit.
    pub fn parse(body: &[u8]) -> Result<Self, JsonError> {
        let text = str::from_utf8(body).map_err(|_| JsonError::Malformed)?;
        let mut builder = Builder::new(text);
        match builder.whole()? {
            Json::Object(members) => Ok(Self { members, conflicting: builder.conflicting }),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_) => {
                Err(JsonError::NotAnObject)
            }
        }
    }
}

impl Json {
    /// Reads one value of any type. If a name is repeated, the first member counts.
    ///
    /// # Errors
    /// If the text is not JSON, or breaks a limit.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        Builder::new(text).whole()
    }
}

struct Builder<'a> {
    scanner: Scanner<'a>,
    conflicting: bool,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Self { scanner: Scanner::new(text), conflicting: false }
    }

    fn whole(&mut self) -> Result<Json, JsonError> {
        let value = self.next()?.ok_or(JsonError::Malformed)?;
        match self.scanner.next()? {
            None => Ok(value),
            Some(_) => Err(JsonError::Malformed),
        }
    }

    /// Reads the next value. `None` at the end of an array.
    fn next(&mut self) -> Result<Option<Json>, JsonError> {
        Ok(match self.scanner.next()? {
            None | Some(Token::End | Token::Name(_)) => None,
            Some(Token::Object) => Some(Json::Object(self.object()?)),
            Some(Token::Array) => Some(Json::Array(self.array()?)),
            Some(Token::Text(raw)) => Some(Json::Text(raw.to_text())),
            Some(Token::Number(text)) => Some(Json::Number(text.to_owned())),
            Some(Token::Bool(bool)) => Some(Json::Bool(bool)),
            Some(Token::Null) => Some(Json::Null),
        })
    }

    fn array(&mut self) -> Result<Vec<Json>, JsonError> {
        let mut items = Vec::new();
        while let Some(item) = self.next()? {
            items.push(item);
        }
        Ok(items)
    }

    fn object(&mut self) -> Result<Members, JsonError> {
        let mut places = BTreeMap::new();
        let mut members = Members::new();
        while let Some(Token::Name(name)) = self.scanner.next()? {
            let name = name.to_text();
            let value = self.next()?.ok_or(JsonError::Malformed)?;
            let place = *places.entry(name.clone()).or_insert(members.len());
            match members.get(place) {
                None => members.push((name, value)),
                Some((_, first)) => self.conflicting |= *first != value,
            }
        }
        Ok(members)
    }
}
