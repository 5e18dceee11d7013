//! What a start says of a Redis that does not let its user do everything, or is not one.

use std::net::TcpListener;

use shell::config::{Config, StoreConfig};
use shell::host;
use tests::call::{APP_INFO, BASE_KEY, config};
use tests::redis_server::RedisServer;
use tests::servers::run;

const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What the start of a process that relays says; nothing if it starts.
fn said(store: &str) -> Option<String> {
    let Config { context, store, .. } = config(&[
        ("KOOHOOK_BASE_KEY", BASE_KEY),
        ("KOOHOOK_APP_INFO", APP_INFO),
        ("KOOHOOK_SEAL_KEY", SEAL_KEY),
        ("KOOHOOK_STORE", store),
    ]);
    let said = run(host::open_proven_context(context, &store, false)).err()?.to_string();
    assert!(said.starts_with("KOOHOOK_STORE: "), "{said}");
    assert!(!said.contains("canary-value") && !said.contains("127.0.0.1"), "{said}");
    Some(said)
}

#[test]
fn a_right_that_is_missing_is_named() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let all = "+ping +info +config +time +dbsize +hmget +hget +hset +hdel +persist +pexpire +zadd \
        +zrem +zrangebyscore +eval +evalsha";
    let keys = "~koohook:*";
    let address = server.address().replace("redis://", "redis://shop:canary-value@");
    let with = |rules: &str| {
        let _: () = server.tell(&format!("ACL SETUSER shop reset on >canary-value {rules}"));
        said(&address)
    };
    assert_eq!(with(&format!("{all} {keys}")), None, "what is documented is enough");
    for lacking in ["hmget", "hset", "hdel", "persist", "pexpire", "zadd", "zrem", "zrangebyscore"]
    {
        let said = with(&format!("{all} {keys} -{lacking}")).expect(lacking);
        assert!(said.contains("permission `") && said.contains("EVALSHA"), "{lacking}: {said}");
    }
    for rules in [
        format!("{all} ~other:*"),
        format!("{all} {keys} -eval -evalsha"),
        format!("+@read +ping +info {keys}"),
    ] {
        assert!(with(&rules).is_some_and(|said| said.contains("permission `")), "{rules}");
    }
    assert_eq!(
        with(&format!("{all} {keys} -dbsize -time -config")),
        None,
        "these it can do without"
    );
}

/// `koohook store check` prints a line for each.
#[test]
fn an_examination_names_each_right_that_is_missing() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let rules = "on >canary-value ~koohook:* +@all -zrangebyscore -evalsha";
    let _: () = server.tell(&format!("ACL SETUSER shop reset {rules}"));
    let store = server.address().replace("redis://", "redis://shop:canary-value@");
    let settings = [("KOOHOOK_SEAL_KEY", SEAL_KEY), ("KOOHOOK_STORE", store.as_str())];
    let lookup = |name: &str| {
        settings.iter().find(|(set, _)| *set == name).map(|(_, text)| (*text).to_owned())
    };
    let findings = run(host::check_store(&StoreConfig::to_check(&lookup).unwrap()));
    let failed: Vec<_> = findings
        .into_iter()
        .filter_map(|finding| finding.outcome.err().map(|text| (finding.what, text)))
        .collect();
    assert_eq!(
        failed.iter().map(|(what, _)| *what).collect::<Vec<_>>(),
        ["script", "write", "agenda"]
    );
    for (_, text) in failed {
        assert!(text.contains("allow the user") && !text.contains("canary-value"), "{text}");
    }
}

#[test]
fn nothing_of_a_proof_is_left_on_an_agenda() {
    let Some(server) = RedisServer::start(&[]) else { return };
    for _ in 0..2 {
        assert_eq!(said(&server.address()), None);
        let keys: Vec<String> = server.tell("KEYS koohook:*");
        assert!(!keys.iter().any(|key| key.contains("agenda")), "{keys:?}");
        for key in keys.iter().filter(|key| key.ends_with("proof")) {
            let seconds: i64 = server.tell(&format!("TTL {key}"));
            assert!((1..=3_600).contains(&seconds), "its memory is freed: {seconds}");
        }
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_told_with_what_to_do() {
    let Some(server) = RedisServer::start(&["--requirepass", "p@ss%"]) else { return };
    let address = server.address();
    let host = address.strip_prefix("redis://").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (store, expected) in [
        (format!("redis://{free}"), "does not run at this address"),
        (format!("redis://{host}"), "percent-encode"),
        (format!("redis://:canary-value@{host}"), "percent-encode"),
        (format!("redis://shop:canary-value@{host}"), "percent-encode"),
        ("redis://canary-value.invalid".to_owned(), "host name"),
        (format!("rediss://:p%40ss%25@{host}"), "use rediss:// if the port speaks TLS"),
        ("unix:///nowhere/canary-value".to_owned(), "no socket"),
    ] {
        let said = said(&store).expect(expected);
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(said(&format!("redis://:p%40ss%25@{host}")), None);
}
