//! Generated keys and names for one run. Most of them begin with `made-up`.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// An access key that no other server has.
pub fn access_key() -> String {
    format!("made-up-{}", hex(12))
}

/// A key that seals the values of one run.
pub fn seal_key() -> Result<String, getrandom::Error> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)?;
    Ok(STANDARD.encode(key))
}

/// A business ID or nonce that no other request has.
pub fn id() -> String {
    hex(16)
}

/// Milliseconds since 1970.
pub fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    // These are names, not secrets. Without randomness they are only the same in every run.
    let _ = getrandom::fill(&mut random);
    hex::encode(random)
}

/// The seal key of the demo: 32 times the letter D. The demo stores no real data.
pub const DEMO_SEAL_KEY: &str = "REREREREREREREREREREREREREREREREREREREREREQ=";

/// Access data for every instance of a demo or of `koohook dev`.
pub const APP_INFO: &str = r#"{"frontEndUrl":"https://app.example.com/i/{instanceId}","adminUrl":"https://app.example.com/admin","userName":"admin","password":"made-up-password","memo":"made up by koohook"}"#;
