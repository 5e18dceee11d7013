//! The tree of a text, built in one pass.

use std::collections::BTreeMap;

use super::scanner::{Scanner, Token};
use super::{Json, JsonError, Members};

/// A document that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document {
    /// The members of the outermost object. If several have one name, the first counts.
    pub members: Members,
    /// Whether an object, at any depth, names one member twice with different values.
    pub conflicting: bool,
}

impl Document {
    /// Reads a document whose outermost value is an object.
    ///
    /// # Errors
    /// As [`JsonError`] says.
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
    /// Reads any one value. If several members have one name, the first counts.
    ///
    /// # Errors
    /// As [`JsonError`] says, `NotAnObject` excepted.
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

    /// The next value; `None` at the end of an array.
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
