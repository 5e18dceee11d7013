//! The golden vectors, computed or printed by other programs. Tests check them through the real
//! endpoint, and check single functions with them.
//!
//! Neither koohook's own signer nor the simulator made any of them.

mod sample;
mod sdk;
mod v1;
mod v2;
mod webhooks;

use http::{Request, Uri};
use protocol::access_key::{AccessKey, Keyring};
use tests::call::{APP_INFO, Bundled, koohook};

const V1_KEY: &str = "11111111-2222-3333-4444-555555555555";
const REFUSED: &[u8] = br#"{"resultCode":"000001","resultMsg":"authentication failed."}"#;

fn endpoint(key: &str) -> Bundled {
    koohook(&[
        ("KOOHOOK_BASE_KEY", key),
        ("KOOHOOK_APP_INFO", APP_INFO),
        ("KOOHOOK_STORE", "memory:"),
    ])
}

fn ring(key: &str) -> Keyring {
    Keyring { current: AccessKey::parse(key).unwrap(), previous: None }
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn get(query: &str) -> Request<Vec<u8>> {
    Request::get(format!("/saasproduce?{query}")).body(Vec::new()).unwrap()
}

/// A V2 call with the address and the headers that the guide's pages show.
fn post(signature: &str, timestamp: &str, nonce: &str, body: &str) -> Request<Vec<u8>> {
    let uri: Uri = format!(
        "https://www.isvwebsite.com/saasproduce\
         ?signature={signature}&timestamp={timestamp}&nonce={nonce}"
    )
    .parse()
    .unwrap();
    Request::post(uri)
        .header("accept", "application/json")
        .header("content-type", "application/json;charset=utf8")
        .body(body.as_bytes().to_vec())
        .unwrap()
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
