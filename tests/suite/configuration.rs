//! Every setting, every way to get it wrong: the start is refused with the setting's name and
//! without its value, and nothing that is configured shows a secret.

mod files;
mod product;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use domain::settings::RenewalChange;
use protocol::cipher::Strength;
use protocol::signature::TimestampUnit;
use shell::config::{Config, ConfigError, VARIABLES, unknown_settings};
use shell::endpoint::callbacks::BUDGET;
use shell::store::{Durability, StoreSetting};
use tempfile::NamedTempFile;
use tests::call::{BASE_KEY, PRODUCT_SECRET, koohook, run};
use tests::servers;

/// Part of every value that is refused, and of no message.
const CANARY: &str = "canary-value";
const APP_INFO: &str = r#"{"frontEndUrl":"https://app.example.com"}"#;
const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The least that starts.
const LEAST: [(&str, &str); 3] =
    [("KOOHOOK_STORE", "memory:"), ("KOOHOOK_BASE_KEY", BASE_KEY), ("KOOHOOK_APP_INFO", APP_INFO)];

/// The least that starts, with some settings changed.
fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut set: BTreeMap<String, String> = LEAST
        .iter()
        .chain(changes)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    set.retain(|_, value| value != "unset");
    Config::read(&|name| set.get(name).cloned())
}

/// Why a start is refused, once it is known to name the setting and no value.
fn refusal(changes: &[(&str, &str)]) -> String {
    let Err(refused) = read(changes) else { panic!("not refused: {changes:?}") };
    let said = refused.to_string();
    let shown = [said.clone(), format!("{refused:?}")].concat();
    let first = refused.iter().next().expect("a refusal names a setting");
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
fn the_least_starts_with_every_default() {
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
    assert_eq!(store, StoreSetting::Memory);
    assert_eq!((listen.as_str(), log.as_str()), ("127.0.0.1:8000", "info"));
}

#[test]
fn every_setting_can_be_something_else() {
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
    let StoreSetting::Sqlite { path, durability } = store else { panic!("{store:?}") };
    assert_eq!((path.as_path(), durability), (Path::new("/a b"), Durability::Any));
    assert_eq!((listen.as_str(), log.as_str()), ("127.0.0.1:9", "shell=debug"));
}

/// Threat T2: no key that is none ever opens an endpoint.
#[test]
fn keys_that_are_none_are_refused() {
    for setting in ["KOOHOOK_BASE_KEY", "KOOHOOK_BASE_KEY_PREVIOUS"] {
        refused(
            setting,
            &[
                " ",
                "\n",
                "                    ",
                "\u{3000}\u{3000}",
                "canary-value",
                "canary-value-15",
                " canary-value-padded-0001",
                "canary-value-padded-0001\n",
                "canary-value-padded-0001\r",
                "\tcanary-value-padded-0001",
                "canary-value-changeme-1",
                "CHANGE-ME-canary-value",
                "your_access_key_canary-value",
                "canary-value-placeholder",
                "0000000000000000",
                "1234567890123456",
                "0123456789abcdef",
                "----------------",
            ],
        );
    }
    refused("KOOHOOK_BASE_KEY", &[""]);
    let alone = refusal(&[
        ("KOOHOOK_BASE_KEY", "unset"),
        ("KOOHOOK_BASE_KEY_PREVIOUS", "constructed-base-key-0000"),
    ]);
    assert_eq!(alone, "KOOHOOK_BASE_KEY_PREVIOUS is set without a current key");
    accepted(
        "KOOHOOK_BASE_KEY",
        &[
            "11111111-2222-3333-4444-555555555555",
            "abcdefghijklmnop",
            "键键键键键键键键键键键键键键键匙",
        ],
    );
}

#[test]
fn a_door_without_a_key_has_no_callbacks() {
    let koohook = koohook(&[("KOOHOOK_STORE", "memory:"), ("KOOHOOK_APP_INFO", APP_INFO)]);
    for method in ["GET", "POST"] {
        let request = http::Request::builder().method(method);
        let request = request.uri("/saasproduce?signature=00").body(Vec::new());
        let response = run(koohook.answer(request.unwrap()));
        assert_eq!(response.status(), 404);
        assert!(!response.headers().contains_key("body-sign"));
    }
}

const NO_STORES: [&str; 69] = [
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
fn stores_that_are_none_are_refused() {
    refused("KOOHOOK_STORE", &NO_STORES);
    accepted("KOOHOOK_STORE", &["memory:", "sqlite:a", "sqlite:/a/b?durability=any"]);
}

/// What lies beyond this machine is sealed.
#[test]
fn stores_beyond_this_machine_want_a_seal_key() {
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

/// The store's password is in its address.
#[test]
fn a_server_that_is_none_is_refused_in_time_and_without_its_address() {
    let password = format!("redis://user:{CANARY}@127.0.0.1:1");
    let cluster = format!("{password}?cluster=true");
    let tls = format!("rediss://user:{CANARY}@127.0.0.1:1");
    let authority = format!("rediss://127.0.0.1:1?ca=/nowhere/{CANARY}");
    let host = format!("redis://{CANARY}.invalid:6379");
    let file = format!("unix:///nowhere/{CANARY}");
    for setting in [password, cluster, tls, authority, host, file] {
        let parsed = StoreSetting::parse(&setting).unwrap();
        let open = async { tokio::time::timeout(Duration::from_secs(8), parsed.open(true)).await };
        let refused = servers::run(open).expect("a start takes no longer than it must");
        let said = refused.map(|_| ()).unwrap_err().to_string();
        assert!(!said.is_empty() && !said.contains(CANARY), "{said}");
    }
}

/// On a function platform a file dies with the function (decision: the seller says that it may).
#[test]
fn a_file_is_no_store_where_files_die() {
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
    let nowhere = open("sqlite:/nowhere/canary-value/a", false).unwrap_err();
    assert!(!nowhere.contains(CANARY), "{nowhere}");
}

#[test]
fn paths_that_are_none_are_refused() {
    refused(
        "KOOHOOK_BASE_PATH",
        &[
            "/",
            "//",
            "/healthz",
            "/readyz",
            "/metrics",
            "/relay",
            "/usage",
            "/instances",
            "/instances/",
            "/instances/canary-value",
            "canary-value",
            "/canary-value/",
            "//canary-value",
            "/canary-value//a",
            "/canary-value/../a",
            "/./canary-value",
            "/canary-value?a=b",
            "/canary-value#a",
            "/canary-value a",
            "/canary-value%20",
            "/canary-value;a",
            "/测试",
            "https://seller.example.com/canary-value",
            " /canary-value",
            "/canary-value\n",
        ],
    );
    accepted(
        "KOOHOOK_BASE_PATH",
        &["/a", "/a/b/c", "/a-b._~", "/healthz/a", "/relays", "/instancesx", "/..a"],
    );
}

#[test]
fn words_of_no_list_are_refused() {
    refused(
        "KOOHOOK_TIMESTAMP_UNIT",
        &["canary-value", "millis", "Seconds", "SECONDS", " seconds", "ms", "both", "10"],
    );
    refused("KOOHOOK_V2_BODY_SIGN", &["canary-value", "ON", "true", "1", "off ", "no"]);
    refused("KOOHOOK_ENCRYPT_TYPE", &["canary-value", "0", "3", "AES256", "1 ", "01"]);
    refused("KOOHOOK_RENEWAL_CHANGE", &["canary-value", "Allow", "deny", "yes"]);
    let said = refusal(&[("KOOHOOK_TIMESTAMP_UNIT", CANARY)]);
    assert_eq!(said, "KOOHOOK_TIMESTAMP_UNIT wants `milliseconds` or `seconds`");
    accepted("KOOHOOK_TIMESTAMP_UNIT", &["milliseconds", "seconds"]);
    accepted("KOOHOOK_V2_BODY_SIGN", &["on", "off"]);
    accepted("KOOHOOK_ENCRYPT_TYPE", &["1", "2"]);
    accepted("KOOHOOK_RENEWAL_CHANGE", &["allow", "refuse"]);
}

/// An empty variable is a mistake, whatever it is for: of some it would be an endpoint that is closed, or
/// a value that lies in clear.
#[test]
fn a_setting_that_is_empty_is_refused() {
    for setting in VARIABLES {
        for empty in ["", " ", "\t\n", "\u{3000}"] {
            let said = refusal(&[(setting, empty)]);
            assert_eq!(said, format!("{setting} is empty; give it a value, or unset it"));
        }
    }
}

/// Unseen characters in a value, and the quotes that a file of settings leaves around it.
#[test]
fn unseen_characters_and_quotes_are_refused_in_every_setting() {
    let prose = "KOOHOOK_APP_INFO";
    for setting in VARIABLES {
        for letter in ["\u{feff}", "\u{200b}", "\u{202e}", "\u{ad}", "\0", "\u{7f}", "\u{a0}"] {
            for text in [format!("{letter}canary-value"), format!("canary-{letter}-value")] {
                let said = refusal(&[(setting, &text)]);
                assert!(said.starts_with(setting), "{said}");
                let is_named = said.contains("U+") || said.contains("begins or ends with a blank");
                assert!(is_named || setting == prose, "{letter:?}: {said}");
            }
        }
        for [open, close] in [["\"", "\""], ["'", "'"], ["“", "”"], ["\"", ""], ["", "'"]] {
            let said = refusal(&[(setting, &format!("{open}canary-value{close}"))]);
            assert_eq!(said, format!("{setting} is in quotes; remove them"));
        }
        let said = refusal(&[(setting, "canary-\u{fffd}-value")]);
        assert_eq!(said, format!("{setting} is not UTF-8; set it anew"));
    }
    let lines = [prose, "KOOHOOK_PRODUCT_CA", "KOOHOOK_PRODUCT_SECRET", "KOOHOOK_RSA_PRIVATE_KEY"];
    let one_line = VARIABLES.into_iter().filter(|it| !lines.contains(it) && !it.contains("SEAL"));
    for setting in one_line {
        for text in ["canary-value\n", "canary-value\r", " canary-value", "canary-value\u{3000}"] {
            let said = refusal(&[(setting, text)]);
            assert!(said.starts_with(&format!("{setting} begins or ends with a blank")), "{said}");
        }
        let said = refusal(&[(setting, "canary\tvalue")]);
        assert_eq!(said, format!("{setting} has the unseen character U+0009; type it anew"));
    }
}

/// What is not a level would be a target's name, and the log would be silent.
#[test]
fn logs_that_would_be_silent_are_refused() {
    refused(
        "KOOHOOK_LOG",
        &[
            "canary-value",
            "verbose",
            "warning",
            "INFO",
            "Info",
            "information",
            "1",
            "shell",
            "koohook=debug",
            "shell=verbose",
            "shell=",
            "=info",
            "info,",
            "info,canary-value",
            "info;shell=debug",
            "shell:debug",
            "shell=debug=info",
            "info, shell=debug",
            "*",
            "all",
        ],
    );
    accepted(
        "KOOHOOK_LOG",
        &[
            "off",
            "error",
            "warn",
            "info",
            "debug",
            "trace",
            "warn,shell=debug",
            "shell::store=trace",
        ],
    );
}

#[test]
fn places_to_listen_are_an_address_and_a_port() {
    refused(
        "KOOHOOK_LISTEN",
        &[
            "8000",
            ":8000",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:65536",
            "127.0.0.1:http",
            "http://127.0.0.1:8000",
            "canary-value:8000",
            "localhost",
            "localhost:+80",
            "::1:8000",
            "[::1]",
            "127.0.0.1:8000/",
            "0.0.0.0:8000,canary-value",
            "*:8000",
            "127.1:8000",
        ],
    );
    accepted(
        "KOOHOOK_LISTEN",
        &["127.0.0.1:8000", "0.0.0.0:80", "[::1]:8000", "[::]:0", "localhost:8000"],
    );
}

/// An operator mends all of it in one go.
#[test]
fn a_start_names_every_setting_that_cannot_be_used() {
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
fn names_that_are_almost_settings_are_told_which() {
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
fn deadlines_beyond_their_bounds_are_refused() {
    refused(
        "KOOHOOK_V1_DEADLINE_MILLIS",
        &[
            "canary-value",
            "0",
            "999",
            "15001",
            "-4000",
            "4e3",
            "4000.0",
            "4000ms",
            "4 s",
            "+4000",
            "0x1000",
            "４０００",
            " 4000",
            "99999999999999999999999",
        ],
    );
    accepted("KOOHOOK_V1_DEADLINE_MILLIS", &["1000", "4000", "15000"]);
}

#[test]
fn access_data_that_no_buyer_could_use_is_refused() {
    let long = |field: &str, len: usize| {
        format!(r#"{{"frontEndUrl":"https://a.example","{field}":"{}"}}"#, "x".repeat(len))
    };
    refused(
        "KOOHOOK_APP_INFO",
        &[
            "canary-value",
            "{}",
            "[]",
            "null",
            r#"{"frontEndUrl":"canary-value"}"#,
            r#"{"frontEndUrl":""}"#,
            r#"{"frontEndUrl":"ftp://canary-value"}"#,
            r#"{"frontEndUrl":"javascript:canary-value"}"#,
            r#"{"frontEndUrl":7,"memo":"canary-value"}"#,
            r#"{"adminUrl":"https://canary-value"}"#,
            r#"{"frontEndUrl":"https://a.example","password":["canary-value"]}"#,
            &long("password", 80),
            &long("userName", 80),
            &long("adminUrl", 513),
            &long("memo", 1025),
            &long("username", 9),
            r#"{"frontEndUrl":"https://a.example/canary-value/{instanceID}"}"#,
            r#"{"frontEndUrl":"https://a.example","password":"canary-value-${orderId}"}"#,
            r#"{"frontEndUrl":"https://a.example","password":7, "memo":"canary-value"}"#,
            r#"'{"frontEndUrl":"https://a.example/canary-value"}'"#,
            // Judged as filled.
            &format!(
                r#"{{"frontEndUrl":"https://a.example","userName":"{}{{orderId}}"}}"#,
                "x".repeat(44)
            ),
        ],
    );
    accepted("KOOHOOK_APP_INFO", &[&long("password", 79), &long("memo", 1024)]);
    let neither = refusal(&[("KOOHOOK_APP_INFO", "unset")]);
    assert!(neither.starts_with("KOOHOOK_APP_INFO or KOOHOOK_PRODUCT_URL is required"));
    let product = [
        ("KOOHOOK_APP_INFO", "unset"),
        ("KOOHOOK_PRODUCT_URL", "https://a.example"),
        ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ];
    assert!(read(&product).is_ok());
}

#[test]
fn seal_keys_that_are_none_are_refused() {
    for setting in ["KOOHOOK_SEAL_KEY", "KOOHOOK_SEAL_KEY_PREVIOUS"] {
        refused(
            setting,
            &[
                "canary-value",
                "Y2FuYXJ5LXZhbHVl",
                SEAL_KEY.trim_start_matches("AAEC"),
                &format!("AAAA{SEAL_KEY}"),
                SEAL_KEY.trim_end_matches('='),
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            ],
        );
    }
    refused("KOOHOOK_SEAL_KEY", &[&format!("{SEAL_KEY} {SEAL_KEY}")]);
    accepted("KOOHOOK_SEAL_KEY", &[SEAL_KEY]);
    // Keys that are given twice are one key.
    let several = format!("{SEAL_KEY}\r\n{}  {SEAL_KEY}\n", SEAL_KEY.replace('A', "B"));
    let several = [("KOOHOOK_SEAL_KEY", SEAL_KEY), ("KOOHOOK_SEAL_KEY_PREVIOUS", several.as_str())];
    assert!(read(&several).is_ok());
    let both = [("KOOHOOK_SEAL_KEY", SEAL_KEY), ("KOOHOOK_SEAL_KEY_PREVIOUS", SEAL_KEY)];
    assert!(read(&both).is_ok());
}

/// What was sealed would not open any more, and what is new would lie in clear beside it.
#[test]
fn a_seal_key_is_not_lost_in_silence() {
    refused("KOOHOOK_SEAL_KEY", &["", " "]);
    refused("KOOHOOK_SEAL_KEY_PREVIOUS", &[SEAL_KEY]);
}

#[test]
fn every_variable_that_is_read_is_listed() {
    let asked = std::cell::RefCell::new(Vec::new());
    let lookup = |name: &str| {
        asked.borrow_mut().push(name.to_owned());
        let least = LEAST.iter().find(|(set, _)| *set == name);
        least.map(|(_, value)| (*value).to_owned())
    };
    assert!(Config::read(&lookup).is_ok());
    for name in asked.into_inner() {
        let name = name.strip_suffix("_FILE").unwrap_or(&name);
        assert!(VARIABLES.contains(&name), "{name}");
    }
}

#[test]
fn what_is_configured_shows_no_secret() {
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
