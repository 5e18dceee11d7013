//! Keys and names for one run; most show that they are made up.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// An access key that no other server has.
pub fn access_key() -> String {
    format!("made-up-{}", hex(12))
}

/// A key that seals what one run keeps.
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
    // Names, not secrets: without randomness they are merely the same in every run.
    let _ = getrandom::fill(&mut random);
    hex::encode(random)
}

/// What the demo seals with: 32 times the letter D, since all that it keeps is made up.
pub const DEMO_SEAL_KEY: &str = "REREREREREREREREREREREREREREREREREREREREREQ=";

/// Access data for every instance of a trial.
pub const APP_INFO: &str = r#"{"frontEndUrl":"https://app.example.com/i/{instanceId}","adminUrl":"https://app.example.com/admin","userName":"admin","password":"made-up-password","memo":"made up by koohook"}"#;
