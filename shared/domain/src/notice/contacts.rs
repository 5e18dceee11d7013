//! The buyer's phone and e-mail (decision D1).

use serde_json::{Map, Value};

/// Removes phone and e-mail from the members, and from `other`. `other` contains the fields that
/// the guide does not name.
pub(super) fn remove_contacts(members: &mut Map<String, Value>) {
    for name in CONTACTS {
        members.remove(name);
    }
    if let Some(Value::Object(other)) = members.get_mut("other") {
        CONTACTS.iter().for_each(|name| drop(other.remove(*name)));
    }
}

/// The personal fields of V1's newInstance.
const CONTACTS: [&str; 2] = ["mobilePhone", "email"];
