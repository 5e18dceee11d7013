//! `KOOHOOK_STORE`.

use std::time::Duration;

use shell::store::StoreSetting;
use tempfile::NamedTempFile;
use tests::call::run;
use tests::servers;

use super::{CANARY, SEAL_KEY, accepted, read, refusal, refused};

const BAD_STORES: [&str; 69] = [
    "",
    "memory",
    "memory:canary-value",
    "sqlite",
    "sqlite:",
    "sqlite:?durability=any",
    "sqlite:canary-value?durability=canary-value",
    "sqlite:canary-value?canary-value",
    "sqlite::memory:",
    "sqlite:file:canary-value",
    "sqlite://canary-value",
    "sqlite:///canary-value",
    "sqlite:canary-value?mode=memory",
    "sqlite:canary-value\n",
    "memory:\n",
    "\u{feff}redis://canary-value",
    "redis://canary-value:6379\r\n",
    "sqlite:\u{feff}canary-value",
    "sqlite:~/canary-value",
    "sqlite:/canary-value/",
    "postgres://canary-value:canary-value@db/koohook",
    "dynamodb:canary-value",
    "dynamodb://canary-value",
    "dynamodb://?region=eu-west-1",
    "dynamodb://ab?region=eu-west-1",
    "dynamodb://canary-value/a?region=eu-west-1",
    "dynamodb://canary-value?region=",
    "dynamodb://canary-value?region=EU-WEST-1",
    "dynamodb://canary-value?region=eu.example.com",
    "dynamodb://canary-value?region=eu-west-1&region=eu-west-2",
    "dynamodb://canary-value?region=eu-west-1&durability=any",
    "dynamodb://canary-value?region=eu-west-1&endpoint=",
    "dynamodb://canary-value?region=eu-west-1&endpoint=canary-value",
    "dynamodb://canary-value?region=eu-west-1&endpoint=http://canary-value.example",
    "dynamodb://canary-value?region=eu-west-1&endpoint=http://127.0.0.1.canary-value.example",
    "dynamodb://canary-value?region=eu-west-1&endpoint=http://canary-value@127.0.0.1",
    "dynamodb://canary-value?region=eu-west-1&endpoint=https://canary-value.example/a",
    "dynamodb://canary-value?region=eu-west-1&endpoint=ftp://127.0.0.1",
    "SQLITE:/canary-value",
    " memory:",
    "redis:",
    "redis://",
    "redis:canary-value",
    "redis://?cluster=true",
    "redis://canary-value?cluster=canary-value",
    "redis://canary-value?cluster",
    "redis://canary-value?durability=required",
    "redis://canary-value?prefix=",
    "redis://canary-value?prefix={canary-value}",
    "redis://canary-value?protocol=resp3",
    "redis://canary-value?db=1",
    "redis://canary-value?ca=/canary-value",
    "rediss://canary-value?ca=",
    "redis://canary-value?wait=",
    "redis://canary-value?wait=0",
    "redis://canary-value?wait=17",
    "redis://canary-value?wait=-1",
    "redis://canary-value?wait=canary-value",
    "redis://canary-value?wait=1&cluster=true",
    "rediss://canary-value?cluster=true&wait=2",
    "redis://canary-value ",
    "redis://a:canary-value",
    "redis://user:canary-value@canary-value@a",
    "redis://user:canary/value@a:6379",
    "redis://user:canary%value@a:6379",
    "rediss://canary-value#insecure",
    "REDIS://canary-value",
    "unix:///canary-value?cluster=true",
    "redis+unix:///canary-value?canary-value=1",
];

#[test]
fn unusable_stores_are_rejected() {
    refused("KOOHOOK_STORE", &BAD_STORES);
    accepted("KOOHOOK_STORE", &["memory:", "sqlite:a", "sqlite:/a/b?durability=any"]);
}

/// Values that leave this machine must be sealed.
#[test]
fn stores_on_other_machines_require_a_seal_key() {
    for setting in [
        "redis://127.0.0.1",
        "redis://user:pass%40word@redis.example.com:6380/2",
        "rediss://:password@redis.example.com?cluster=true&prefix=shop-1&durability=any",
        "redis+unix:///run/redis.sock?db=1&pass=password&prefix=shop_2",
        "unix:///run/redis.sock",
        "redis://redis.example.com?wait=1",
        "unix:///run/redis.sock?db=1&wait=16&prefix=shop",
        "rediss://redis.example.com?ca=/etc/koohook/authority.pem",
        "dynamodb://koohook?region=eu-west-1",
        "dynamodb://a.b_c-D?region=cn-north-1",
        "dynamodb://koohook?region=eu-west-1&endpoint=https://dynamodb.example:8443",
        "dynamodb://koohook?endpoint=http://127.0.0.1:8000&region=eu-west-1",
    ] {
        assert!(read(&[("KOOHOOK_STORE", setting), ("KOOHOOK_SEAL_KEY", SEAL_KEY)]).is_ok());
        let said = refusal(&[("KOOHOOK_STORE", setting)]);
        assert!(said.starts_with("KOOHOOK_SEAL_KEY is required"), "{said}");
    }
}

/// The store's address contains its password, so the message must not contain the address.
#[test]
fn an_unreachable_server_is_reported_soon_and_without_its_address() {
    let password = format!("redis://user:{CANARY}@127.0.0.1:1");
    let cluster = format!("{password}?cluster=true");
    let tls = format!("rediss://user:{CANARY}@127.0.0.1:1");
    let authority = format!("rediss://127.0.0.1:1?ca=/missing/{CANARY}");
    let host = format!("redis://{CANARY}.invalid:6379");
    let file = format!("unix:///missing/{CANARY}");
    for setting in [password, cluster, tls, authority, host, file] {
        let parsed = StoreSetting::parse(&setting).unwrap();
        let open = async { tokio::time::timeout(Duration::from_secs(8), parsed.open(true)).await };
        let refused = servers::run(open).expect("koohook must stop trying within 8 s");
        let said = refused.map(|_| ()).unwrap_err().to_string();
        assert!(!said.is_empty() && !said.contains(CANARY), "{said}");
    }
}

/// A function platform deletes files with the function. The seller may accept this by a setting.
#[test]
fn a_function_platform_requires_a_setting_for_a_file_store() {
    let open = |setting: &str, on_function_platform| {
        run(StoreSetting::parse(setting).unwrap().open(on_function_platform))
            .map(|_| ())
            .map_err(|fault| fault.to_string())
    };
    let file = NamedTempFile::new().unwrap();
    let path = format!("sqlite:{}", file.path().display());
    assert_eq!(open(&path, false), Ok(()));
    assert_eq!(open(&format!("{path}?durability=any"), true), Ok(()));
    let refused = open(&path, true).unwrap_err();
    assert!(!refused.contains(&path), "{refused}");
    let missing = open("sqlite:/missing/canary-value/a", false).unwrap_err();
    assert!(!missing.contains(CANARY), "{missing}");
}
