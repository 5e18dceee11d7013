//! The names of all settings, and the search for misspelt names.

use protocol::text::nearest;

/// The variables whose names look like settings but are not: a misspelt setting would be ignored
/// silently. Each is listed with the setting that has the most similar name.
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

/// Every setting. With `_FILE` after its name, a variable names a file that contains the value.
pub const VARIABLES: [&str; 36] = [
    "KOOHOOK_ALARM_FORMAT",
    "KOOHOOK_ALARM_SECRET",
    "KOOHOOK_ALARM_URL",
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
    "KOOHOOK_METRICS",
    "KOOHOOK_METRICS_LISTEN",
    "KOOHOOK_METRICS_SECRET",
    "KOOHOOK_OPENAPI_AK",
    "KOOHOOK_OPENAPI_HOST",
    "KOOHOOK_OPENAPI_SK",
    "KOOHOOK_PRODUCT_CA",
    "KOOHOOK_PRODUCT_HTTP",
    "KOOHOOK_PRODUCT_SECRET",
    "KOOHOOK_PRODUCT_URL",
    "KOOHOOK_REHEARSED_USAGE",
    "KOOHOOK_RELAY_SECRET",
    "KOOHOOK_RENEWAL_CHANGE",
    "KOOHOOK_RSA_PRIVATE_KEY",
    "KOOHOOK_SEAL_KEY",
    "KOOHOOK_SEAL_KEY_PREVIOUS",
    "KOOHOOK_STORE",
    "KOOHOOK_TIMESTAMP_UNIT",
    "KOOHOOK_USAGE_AKSK",
    "KOOHOOK_USAGE_CYCLE",
    "KOOHOOK_V1_DEADLINE_MILLIS",
    "KOOHOOK_V2_BODY_SIGN",
];
/// Variables for options of the command. No function reads them.
const COMMAND_OPTIONS: [&str; 2] = ["KOOHOOK_ADDRESS", "KOOHOOK_SEALED_SECRET"];
