//! The names of all settings, and names that are almost one.

use protocol::text::nearest;

/// The variables whose names look like settings and are not: a misspelt setting would be ignored
/// without a word. With each name goes the setting that it is most like.
pub fn unknown_settings(
    names: impl Iterator<Item = String>,
) -> Vec<(String, Option<&'static str>)> {
    let bare = |name: &str| name.strip_suffix("_FILE").unwrap_or(name).to_owned();
    let known =
        |name: &str| VARIABLES.contains(&bare(name).as_str()) || COMMAND_OPTIONS.contains(&name);
    let judged = names.filter(|name| !known(name)).map(|name| {
        let near = nearest(&bare(&name), VARIABLES);
        (name, near)
    });
    judged.filter(|(name, near)| name.starts_with("KOOHOOK_") || near.is_some()).collect()
}

/// Every variable that is read; `_FILE` behind any of them names a file to read it from.
pub const VARIABLES: [&str; 27] = [
    "KOOHOOK_APP_INFO",
    "KOOHOOK_BASE_KEY",
    "KOOHOOK_BASE_KEY_PREVIOUS",
    "KOOHOOK_BASE_PATH",
    "KOOHOOK_DELIVERY_BUDGET_MILLIS",
    "KOOHOOK_ENCRYPT_TYPE",
    "KOOHOOK_KIT_KEY",
    "KOOHOOK_KIT_KEY_PREVIOUS",
    "KOOHOOK_LISTEN",
    "KOOHOOK_LOG",
    "KOOHOOK_MAX_CONNECTIONS",
    "KOOHOOK_OPENAPI_AK",
    "KOOHOOK_OPENAPI_HOST",
    "KOOHOOK_OPENAPI_SK",
    "KOOHOOK_PRODUCT_CA",
    "KOOHOOK_PRODUCT_HTTP",
    "KOOHOOK_PRODUCT_SECRET",
    "KOOHOOK_PRODUCT_URL",
    "KOOHOOK_RELAY_SECRET",
    "KOOHOOK_RENEWAL_CHANGE",
    "KOOHOOK_RSA_PRIVATE_KEY",
    "KOOHOOK_SEAL_KEY",
    "KOOHOOK_SEAL_KEY_PREVIOUS",
    "KOOHOOK_STORE",
    "KOOHOOK_TIMESTAMP_UNIT",
    "KOOHOOK_V1_DEADLINE_MILLIS",
    "KOOHOOK_V2_BODY_SIGN",
];
/// Variables of the command's options, which no function reads.
const COMMAND_OPTIONS: [&str; 2] = ["KOOHOOK_ADDRESS", "KOOHOOK_SEALED_SECRET"];
