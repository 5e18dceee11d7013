//! The text that koohook send prints for an answer.

use serde_json::Value;
use simulator::answer::Remark;
use simulator::v1::{self, Strength};

use crate::options::AccessGuide;
use crate::output::errln;

/// The body of a V1 answer with decrypted credentials; `None` if it has none.
pub fn decrypted(body: &[u8], key: &str) -> Option<String> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    let strength = match body.get("encryptType").and_then(Value::as_str) {
        Some("2") => Strength::Aes128,
        _ => Strength::Aes256,
    };
    let mut is_any = body.get_mut("appInfo").is_some_and(|access| decrypt(access, key, strength));
    let listed = body.get_mut("info").and_then(Value::as_array_mut);
    for access in listed.into_iter().flatten().filter_map(|one| one.get_mut("appInfo")) {
        is_any |= decrypt(access, key, strength);
    }
    is_any.then(|| body.to_string())
}

/// Decrypts the credentials of one instance. Returns whether it had any.
fn decrypt(access: &mut Value, key: &str, strength: Strength) -> bool {
    let mut is_any = false;
    for name in ["userName", "password"] {
        let Some(value) = access.get_mut(name) else { continue };
        let sealed = value.as_str().filter(|text| !text.is_empty());
        match sealed.map(|sealed| v1::decrypt(key, strength, sealed)) {
            Some(Ok(plain)) => {
                *value = plain.into();
                is_any = true;
            }
            Some(Err(fault)) => errln!("remark: {name} is not decrypted: {fault}"),
            None => (),
        }
    }
    is_any
}

/// The text of a remark, in brackets.
pub fn remarked(remark: Option<Remark>) -> String {
    remark.map(|remark| format!(" (remark: {remark})")).unwrap_or_default()
}

/// The meaning of a result code, then what to do.
pub fn meaning(code: &str, contract: AccessGuide) -> Option<&'static str> {
    Some(match (code, contract) {
        ("000001", _) => {
            "the server could not verify the call; compare the access key; if it is right, read the \
             server's log"
        }
        ("000002", _) => {
            "the server rejects a parameter, or this machine's clock; read the server's log"
        }
        ("000003", _) => "the server does not have this instance; create it with newInstance",
        ("000004", AccessGuide::V1) => {
            "the server is still processing the order, and V1 counts that as a failure; set \
             KOOHOOK_APP_INFO, or let the product answer with appInfo"
        }
        ("000004", AccessGuide::V2) => {
            "the server is still processing the order; send queryInstance"
        }
        ("000005", _) => "the server failed; read its log",
        _ => return None,
    })
}
