//! The names of the settings, and what koohook reports about them at start.

use shell::config::{Config, VARIABLES, unknown_settings};
use shell::store::StoreSetting;

use super::{CANARY, MINIMUM, SEAL_KEY, read, refusal};

/// All problems are in one message, so that the operator can fix them in one pass.
#[test]
fn the_start_names_every_unusable_setting() {
    let said = refusal(&[
        ("KOOHOOK_LISTEN", "canary-value"),
        ("KOOHOOK_STORE", "canary-value"),
        ("KOOHOOK_BASE_KEY", "canary-value"),
        ("KOOHOOK_KIT_KEY", "\"canary-value\""),
        ("KOOHOOK_APP_INFO", "canary-value"),
        ("KOOHOOK_PRODUCT_URL", "canary-value"),
        ("KOOHOOK_PRODUCT_SECRET", "canary-value"),
        ("KOOHOOK_V2_BODY_SIGN", "ON"),
        ("KOOHOOK_OPENAPI_AK", "canary value"),
        ("KOOHOOK_LOG", "canary-value"),
    ]);
    let expected = [
        "KOOHOOK_APP_INFO",
        "KOOHOOK_BASE_KEY",
        "KOOHOOK_KIT_KEY",
        "KOOHOOK_LISTEN",
        "KOOHOOK_LOG",
        "KOOHOOK_OPENAPI_SK",
        "KOOHOOK_PRODUCT_SECRET",
        "KOOHOOK_PRODUCT_URL",
        "KOOHOOK_STORE",
        "KOOHOOK_V2_BODY_SIGN",
    ];
    let mut named: Vec<_> = said.lines().map(|line| line.split(' ').next().unwrap()).collect();
    named.sort_unstable();
    assert_eq!(named, expected, "{said}");
}

#[test]
fn a_misspelt_setting_is_reported_with_the_right_name() {
    let near = |name: &str| unknown_settings([name.to_owned()].into_iter()).pop();
    for (name, setting) in [
        ("KOOHOOK_BASEKEY", "KOOHOOK_BASE_KEY"),
        ("KOOHOOK_BASEKEY_FILE", "KOOHOOK_BASE_KEY"),
        ("koohook_base_key", "KOOHOOK_BASE_KEY"),
        ("KOOHOK_STORE", "KOOHOOK_STORE"),
        ("KOOHOOK_PRODUCT_URI", "KOOHOOK_PRODUCT_URL"),
        ("KOOHOOK_LOGS", "KOOHOOK_LOG"),
    ] {
        assert_eq!(near(name), Some((name.to_owned(), Some(setting))), "{name}");
    }
    let unknown = "KOOHOOK_CANARY".to_owned();
    assert_eq!(near(&unknown), Some((unknown, None)));
    for known in ["KOOHOOK_BASE_KEY", "KOOHOOK_BASE_KEY_FILE", "PATH", "LANG", "HOME", "AWS_REGION"]
    {
        assert_eq!(near(known), None, "{known}");
    }
}

#[test]
fn every_variable_that_is_read_is_listed() {
    let read_names = std::cell::RefCell::new(Vec::new());
    let lookup = |name: &str| {
        read_names.borrow_mut().push(name.to_owned());
        let minimum = MINIMUM.iter().find(|(set, _)| *set == name);
        minimum.map(|(_, value)| (*value).to_owned())
    };
    assert!(Config::read(&lookup).is_ok());
    for name in read_names.into_inner() {
        let name = name.strip_suffix("_FILE").unwrap_or(&name);
        assert!(VARIABLES.contains(&name), "{name}");
    }
}

#[test]
fn a_printed_configuration_shows_no_secret() {
    let app_info = format!(
        r#"{{"frontEndUrl":"https://a.example/{CANARY}","password":"{CANARY}","memo":"{CANARY}"}}"#
    );
    let key = format!("{CANARY}-key-0001");
    let previous = format!("{CANARY}-key-0000");
    let config = read(&[
        ("KOOHOOK_APP_INFO", &app_info),
        ("KOOHOOK_BASE_KEY", &key),
        ("KOOHOOK_BASE_KEY_PREVIOUS", &previous),
        ("KOOHOOK_SEAL_KEY", SEAL_KEY),
    ]);
    let Config { endpoint, .. } = config.unwrap();
    let store = StoreSetting::parse(&format!("redis://user:{CANARY}@redis.example.com")).unwrap();
    let shown = format!("{endpoint:?} {endpoint:#?} {store:?}");
    assert!(shown.contains("base_path"), "{shown}");
    assert!(!shown.contains(CANARY), "{shown}");
    let seal_key = shell::seal::SealKey::parse(SEAL_KEY).unwrap();
    assert_eq!(format!("{seal_key:?}"), "SealKey([redacted])");
}
