//! Checks the members of a template at start, so that the seller finds its faults before a buyer.

use protocol::text::{nearest, unseen};
use serde_json::{Map, Value};

use super::error::TemplateError;
use super::placeholder::{PLACEHOLDERS, replace};

/// Checks that every member is known and is text, and that the mandatory member exists.
pub(super) fn check_members(members: &Map<String, Value>) -> Result<(), TemplateError> {
    for (name, value) in members {
        let Some(known) = MEMBERS.into_iter().find(|known| known == name) else {
            return Err(probable_member(name)
                .map_or(TemplateError::UnknownMember, TemplateError::NearMember));
        };
        let may_lack = known != "frontEndUrl";
        if !(value.is_string() || (may_lack && value.is_null())) {
            return Err(TemplateError::NotText(known));
        }
    }
    let has_address = members.contains_key("frontEndUrl");
    if has_address { Ok(()) } else { Err(TemplateError::NoFrontEndUrl) }
}

/// The member that the seller probably meant by an unknown name.
fn probable_member(name: &str) -> Option<&'static str> {
    let letters = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let letters = letters.to_ascii_lowercase();
    let other = OTHER_NAMES.into_iter().find(|(other, _)| *other == letters);
    other.map(|(_, member)| member).or_else(|| nearest(name, MEMBERS))
}

pub(super) fn check_texts(members: &Map<String, Value>) -> Result<(), TemplateError> {
    for member in MEMBERS {
        let Some(text) = members.get(member).and_then(Value::as_str) else { continue };
        let is_exact = EXACT.contains(&member);
        if is_exact && (unseen(text).is_some() || text.trim() != text) {
            return Err(TemplateError::Unseen(member));
        }
        let is_address = member.ends_with("Url");
        if is_address {
            check_address(member, text)?;
        }
        check_braces(member, text, is_address)?;
    }
    Ok(())
}

fn check_address(member: &'static str, text: &str) -> Result<(), TemplateError> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let rest = rest.filter(|rest| !rest.contains(' ') && !rest.contains('\\'));
    let rest = rest.ok_or(TemplateError::NotAnAddress(member))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains(['{', '}']) {
        Err(TemplateError::InHost(member))
    } else if host.is_empty() {
        Err(TemplateError::NotAnAddress(member))
    } else {
        Ok(())
    }
}

/// Checks that no other braces look like a placeholder. An address must not have any other braces.
fn check_braces(member: &'static str, text: &str, is_address: bool) -> Result<(), TemplateError> {
    let wrapped = |placeholder: &str| {
        let doubled = [format!("{{{placeholder}"), format!("{placeholder}}}")];
        text.contains(&format!("${placeholder}")) || doubled.iter().any(|it| text.contains(it))
    };
    if PLACEHOLDERS.into_iter().any(wrapped) {
        return Err(TemplateError::Wrapped(member));
    }
    let rest = replace(text, ["", ""]);
    let mut braced = rest.split('{').skip(1).filter_map(|after| after.split_once('}'));
    if let Some((name, _)) = braced.find(|(name, _)| is_address || is_name(name)) {
        let near = nearest(name, PLACEHOLDERS);
        let unknown = TemplateError::UnknownPlaceholder(member);
        return Err(near.map_or(unknown, |near| TemplateError::NearPlaceholder(member, near)));
    }
    let is_broken = is_address && rest.contains(['{', '}']);
    if is_broken { Err(TemplateError::UnknownPlaceholder(member)) } else { Ok(()) }
}

/// Whether a text between braces looks like a placeholder's name. A password may have other braces.
fn is_name(text: &str) -> bool {
    let name = text.trim();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    name.starts_with(|letter: char| letter.is_ascii_alphabetic()) && name.chars().all(fits)
}

const MEMBERS: [&str; 5] = ["frontEndUrl", "adminUrl", "userName", "password", "memo"];
/// Members in which a blank at an end or an invisible character changes the meaning.
const EXACT: [&str; 4] = ["frontEndUrl", "adminUrl", "userName", "password"];
/// Names that other systems use for a member. They are too different to be typing mistakes.
const OTHER_NAMES: [(&str, &str); 9] = [
    ("url", "frontEndUrl"),
    ("frontend", "frontEndUrl"),
    ("loginurl", "frontEndUrl"),
    ("address", "frontEndUrl"),
    ("admin", "adminUrl"),
    ("user", "userName"),
    ("account", "userName"),
    ("pass", "password"),
    ("pwd", "password"),
];
