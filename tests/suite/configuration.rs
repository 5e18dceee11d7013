//! Every setting and every way to set it wrong. Each time koohook must not start, and must report
//! the setting's name without its value. No configured object may show a secret.

mod access_data;
mod files;
mod keys;
mod metrics;
mod names;
mod product;
mod stores;
mod values;

use std::collections::BTreeMap;
use std::path::Path;

use domain::settings::RenewalChange;
use protocol::cipher::Strength;
use protocol::signature::TimestampUnit;
use shell::config::{Config, ConfigError};
use shell::endpoint::callbacks::BUDGET;
use shell::store::{Durability, StoreSetting};
use tests::call::{BASE_KEY, PRODUCT_SECRET};

/// A part of every rejected value. No message may contain it.
const CANARY: &str = "canary-value";
const APP_INFO: &str = r#"{"frontEndUrl":"https://app.example.com"}"#;
const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The fewest settings with which koohook starts.
const MINIMUM: [(&str, &str); 3] =
    [("KOOHOOK_STORE", "memory:"), ("KOOHOOK_BASE_KEY", BASE_KEY), ("KOOHOOK_APP_INFO", APP_INFO)];

/// Reads the minimum with some settings changed.
fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut set: BTreeMap<String, String> = MINIMUM
        .iter()
        .chain(changes)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    set.retain(|_, value| value != "unset");
    Config::read(&|name| set.get(name).cloned())
}

/// The text of a rejected configuration. It must name the setting and must not contain the value.
fn refusal(changes: &[(&str, &str)]) -> String {
    let Err(refused) = read(changes) else { panic!("not rejected: {changes:?}") };
    let said = refused.to_string();
    let shown = [said.clone(), format!("{refused:?}")].concat();
    let first = refused.iter().next().expect("a rejection must name a setting");
    assert!(said.starts_with(&format!("{} ", first.setting)), "{said}");
    assert!(!shown.contains(CANARY), "{said}");
    said
}

fn refused(setting: &str, values: &[&str]) {
    for value in values {
        let said = refusal(&[(setting, value)]);
        assert!(said.starts_with(&format!("{setting} ")), "{value:?}: {said}");
    }
}

fn accepted(setting: &str, values: &[&str]) {
    for value in values {
        let read = read(&[(setting, value)]);
        assert!(read.is_ok(), "{setting} {value:?}: {:?}", read.err());
    }
}

#[test]
fn the_minimum_has_every_default() {
    let Config { endpoint, store, listen, log, .. } = read(&[]).unwrap();
    assert_eq!(endpoint.base_path, "/saasproduce");
    let keys = endpoint.base_keys.unwrap();
    assert_eq!((keys.current.as_str(), keys.previous), (BASE_KEY, None));
    assert_eq!(endpoint.timestamp_unit, TimestampUnit::Milliseconds);
    assert!(endpoint.v2_body_sign);
    assert_eq!(endpoint.v1_new_instance, BUDGET);
    assert!(endpoint.pages.template.is_some() && endpoint.pages.product_origin.is_none());
    assert_eq!(endpoint.pages.strength, Strength::Aes256);
    assert_eq!(endpoint.pages.renewal_change, RenewalChange::Allow);
    assert!(!endpoint.pages.rehearsed_usage);
    assert_eq!(store, StoreSetting::Memory);
    assert_eq!((listen.as_str(), log.as_str()), ("127.0.0.1:8000", "info"));
}

#[test]
fn every_setting_replaces_its_default() {
    let Config { endpoint, store, listen, log, .. } = read(&[
        ("KOOHOOK_BASE_PATH", "/a/b"),
        ("KOOHOOK_BASE_KEY_PREVIOUS", "constructed-base-key-0000"),
        ("KOOHOOK_TIMESTAMP_UNIT", "seconds"),
        ("KOOHOOK_V2_BODY_SIGN", "off"),
        ("KOOHOOK_V1_DEADLINE_MILLIS", "15000"),
        ("KOOHOOK_PRODUCT_URL", "https://product.example.com:8443/hooks?a=b"),
        ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
        ("KOOHOOK_DELIVERY_BUDGET_MILLIS", "0"),
        ("KOOHOOK_RELAY_SECRET", "made-up-relay-secret"),
        ("KOOHOOK_ENCRYPT_TYPE", "2"),
        ("KOOHOOK_RENEWAL_CHANGE", "refuse"),
        ("KOOHOOK_REHEARSED_USAGE", "on"),
        ("KOOHOOK_STORE", "sqlite:/a b?durability=any"),
        ("KOOHOOK_LISTEN", "127.0.0.1:9"),
        ("KOOHOOK_LOG", "shell=debug"),
    ])
    .unwrap();
    assert_eq!(endpoint.base_path, "/a/b");
    let keys = endpoint.base_keys.unwrap();
    assert_eq!(keys.previous.unwrap().as_str(), "constructed-base-key-0000");
    assert_eq!(endpoint.timestamp_unit, TimestampUnit::Seconds);
    assert!(!endpoint.v2_body_sign);
    assert_eq!(endpoint.v1_new_instance.as_millis(), 15_000);
    let origin = endpoint.pages.product_origin.as_deref();
    assert_eq!(origin, Some("https://product.example.com:8443"));
    assert_eq!(endpoint.pages.strength, Strength::Aes128);
    assert_eq!(endpoint.pages.renewal_change, RenewalChange::Refuse);
    assert!(endpoint.pages.rehearsed_usage);
    let StoreSetting::Sqlite { path, durability } = store else { panic!("{store:?}") };
    assert_eq!((path.as_path(), durability), (Path::new("/a b"), Durability::Any));
    assert_eq!((listen.as_str(), log.as_str()), ("127.0.0.1:9", "shell=debug"));
}
