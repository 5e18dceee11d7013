//! The part of DynamoDB's condition expressions that koohook uses: `AND`, `OR`, brackets,
//! comparisons with a value, `BETWEEN` two values, and whether an attribute exists.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Whether an item, which may be absent, meets a condition.
///
/// # Errors
/// If DynamoDB would call the expression invalid: a word is unknown at its place, a named value is
/// not given, or a given value is not named.
pub fn is_met(
    text: &str,
    item: Option<&Map<String, Value>>,
    values: &Value,
) -> Result<bool, String> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut words: Vec<&str> = spaced.split_whitespace().collect();
    words.reverse();
    let mut reader = Reader { words, item, values, used: BTreeSet::new() };
    let met = reader.any()?;
    if let Some(word) = reader.words.pop() {
        return Err(format!("unexpected {word}"));
    }
    let given: Option<BTreeSet<_>> =
        values.as_object().map(|values| values.keys().cloned().collect());
    if given.unwrap_or_default() != reader.used {
        return Err("Value provided in ExpressionAttributeValues unused in expressions".to_owned());
    }
    Ok(met)
}

struct Reader<'a> {
    words: Vec<&'a str>,
    item: Option<&'a Map<String, Value>>,
    values: &'a Value,
    used: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> Result<bool, String> {
        let mut met = self.all()?;
        while self.take("OR") {
            // The rest is always read, so that a syntax error in it is found.
            met |= self.all()?;
        }
        Ok(met)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut met = self.one()?;
        while self.take("AND") {
            met &= self.one()?;
        }
        Ok(met)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.take("(") {
            let met = self.any()?;
            return self.expect(")").map(|()| met);
        }
        let word = self.next()?;
        if word == "attribute_not_exists" {
            self.expect("(")?;
            let name = self.next()?;
            self.expect(")")?;
            return Ok(self.item.is_none_or(|item| !item.contains_key(name)));
        }
        let operator = self.next()?;
        let value = self.value()?;
        let found = self.item.and_then(|item| item.get(word));
        if operator == "BETWEEN" {
            self.expect("AND")?;
            return between(found, value, self.value()?);
        }
        let Some(found) = found else { return Ok(false) };
        let order = compare(found, value);
        match operator {
            "=" => Ok(order == Some(Ordering::Equal)),
            "<" => Ok(order == Some(Ordering::Less)),
            "<=" => Ok(matches!(order, Some(Ordering::Less | Ordering::Equal))),
            ">" => Ok(order == Some(Ordering::Greater)),
            other => Err(format!("unexpected {other}")),
        }
    }

    fn value(&mut self) -> Result<&'a Value, String> {
        let name = self.next()?;
        self.used.insert(name.to_owned());
        self.values.get(name).ok_or_else(|| format!("{name} is not given"))
    }

    fn next(&mut self) -> Result<&'a str, String> {
        self.words.pop().ok_or_else(|| "unexpected end".to_owned())
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.last() == Some(&word);
        if found {
            self.words.pop();
        }
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.take(word) { Ok(()) } else { Err(format!("{word} is missing")) }
    }
}

/// Whether a value lies between two others, or equals one of them. Bounds in the wrong order are
/// invalid.
fn between(found: Option<&Value>, least: &Value, greatest: &Value) -> Result<bool, String> {
    if compare(least, greatest) == Some(Ordering::Greater) {
        return Err("The BETWEEN operator requires upper bound to be greater".to_owned());
    }
    let at_least = |a: &Value, b: &Value| compare(a, b).is_some_and(Ordering::is_ge);
    Ok(found.is_some_and(|found| at_least(found, least) && at_least(greatest, found)))
}

/// The order of two values of the same type. Values of different types have no order.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    let number = |value: &Value| value["N"].as_str()?.parse::<u128>().ok();
    if let (Some(a), Some(b)) = (number(a), number(b)) {
        return Some(a.cmp(&b));
    }
    let of = |kind: &str| Some(a[kind].as_str()?.cmp(b[kind].as_str()?));
    // Base64 does not keep the order of bytes, but equal bytes have equal texts.
    of("S").or_else(|| of("B").filter(|order| order.is_eq()))
}
