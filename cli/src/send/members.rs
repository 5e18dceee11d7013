//! The members of a call. They are completed and encrypted as the marketplace does it.

use std::fs;

use functions::application_sync::secret::{Oaep, PublicKey};
use serde_json::Value;
use simulator::time::in_china;
use simulator::v1::{self, Iv, Strength};

use super::SendArguments;
use super::call::{is_kit, text};
use crate::error::CommandError;
use crate::generated;
use crate::options::AccessGuide;
use crate::output::errln;

/// Reads the members, and adds the members that the marketplace always sends.
///
/// # Errors
/// If a member is malformed, or a key cannot be used.
pub fn read(
    arguments: &SendArguments,
    contract: AccessGuide,
    key: &str,
) -> Result<Vec<(String, Value)>, CommandError> {
    let mut members =
        arguments.members.iter().map(|word| member(word)).collect::<Result<_, _>>()?;
    if is_kit(&arguments.activity) {
        complete_kit(arguments, contract, &mut members)?;
        return Ok(members);
    }
    members.insert(0, ("activity".to_owned(), arguments.activity.as_str().into()));
    if arguments.activity == "newInstance" && !has(&members, "businessId") {
        members.push(("businessId".to_owned(), generated::id().into()));
    }
    match contract {
        AccessGuide::V1 => complete_v1(arguments, key, &mut members)?,
        AccessGuide::V2 => warn_of_the_sample(&members),
    }
    Ok(members)
}

fn complete_v1(
    arguments: &SendArguments,
    key: &str,
    members: &mut [(String, Value)],
) -> Result<(), CommandError> {
    for (name, value) in members.iter_mut() {
        if value.is_object() || value.is_array() {
            return Err(
                format!("{name} is JSON, and V1 sends only texts; write {name}=TEXT").into()
            );
        }
        let plain = text(value);
        if PERSONAL.contains(&name.as_str()) && !arguments.raw && !plain.is_empty() {
            *value = encrypted(key, arguments.strength()?, &plain)?.into();
        }
    }
    Ok(())
}

/// Encrypts a personal field with a new initialisation vector.
fn encrypted(key: &str, strength: Strength, plain: &str) -> Result<String, CommandError> {
    let letters: String = generated::id().chars().take(16).collect();
    let iv: Iv = letters.parse()?;
    Ok(v1::encrypt(key, strength, iv, plain))
}

/// Completes a kit body: the time, flags as numbers, and lists as text under V1.
fn complete_kit(
    arguments: &SendArguments,
    contract: AccessGuide,
    members: &mut Vec<(String, Value)>,
) -> Result<(), CommandError> {
    for (name, value) in members.iter_mut() {
        let number = value.as_str().and_then(|text| text.parse::<u8>().ok());
        if let Some(number) = number.filter(|_| FLAGS.contains(&name.as_str())) {
            *value = number.into();
        } else if contract == AccessGuide::V1 && (value.is_array() || value.is_object()) {
            *value = value.to_string().into();
        }
    }
    let is_application = arguments.activity == "applicationSync";
    if is_application {
        seal_secret(arguments, members)?;
    }
    let now = in_china(generated::now_millis());
    let mut add = |name: &str, value: Value| {
        if !has(members, name) {
            members.push((name.to_owned(), value));
        }
    };
    if arguments.activity == "authSync" {
        add("currentSyncTime", now.as_str().into());
    }
    add("testFlag", 0.into());
    add("timeStamp", now.into());
    Ok(())
}

/// Encrypts a given client secret with the seller's public key. Without that key, a given secret must
/// already be encrypted.
fn seal_secret(
    arguments: &SendArguments,
    members: &mut Vec<(String, Value)>,
) -> Result<(), CommandError> {
    let given = members.iter_mut().find(|(name, _)| name == SECRET);
    match (given, &arguments.public_key, &arguments.sealed_secret) {
        (Some((_, value)), Some(key), _) => {
            *value = public_key(key)?.seal(Oaep::Sha256Mgf1Sha1, &text(value))?.into();
        }
        (None, _, Some(sealed)) => members.push((SECRET.to_owned(), sealed.as_str().into())),
        _ => (),
    }
    Ok(())
}

/// Reads a public key from its text, or from a file.
fn public_key(given: &str) -> Result<PublicKey, CommandError> {
    if let Some(key) = PublicKey::parse(given) {
        return Ok(key);
    }
    let text = fs::read_to_string(given).map_err(|fault| {
        format!("--public-key is neither a public key nor a readable file ({fault}); correct it")
    })?;
    PublicKey::parse(&text).ok_or_else(|| {
        "--public-key names a file without a public key; koohook keys public prints one".into()
    })
}

/// Warns of JSON values: the marketplace's sample reads a V2 body as a map of texts, and signs the texts.
fn warn_of_the_sample(members: &[(String, Value)]) {
    let other = |(name, value): &&(String, Value)| !value.is_string() && name != "productInfo";
    for (name, value) in members.iter().filter(other) {
        errln!(
            "koohook: {name} is not a text, and a server built on the marketplace's sample answers \
             000001; write {name}={}",
            text(value)
        );
    }
}

fn member(word: &str) -> Result<(String, Value), CommandError> {
    let Some((name, text)) = word.split_once('=') else {
        return Err(format!("{word} is not a member; write name=text or name:=json").into());
    };
    match name.strip_suffix(':') {
        None => Ok((name.to_owned(), text.into())),
        Some(name) => match serde_json::from_str(text) {
            Ok(value) => Ok((name.to_owned(), value)),
            Err(fault) => {
                Err(format!("{name} is not JSON ({fault}); write {name}=text for a text").into())
            }
        },
    }
}

fn has(members: &[(String, Value)], name: &str) -> bool {
    members.iter().any(|(known, _)| known == name)
}

/// V1's encrypted fields (*Decrypting mobile numbers and e-mail addresses*).
const PERSONAL: [&str; 2] = ["mobilePhone", "email"];
const FLAGS: [&str; 2] = ["flag", "testFlag"];
const SECRET: &str = "clientSecret";
