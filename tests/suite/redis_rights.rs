//! The error of a start if the Redis user lacks a permission, or the server is not reachable.

use std::net::TcpListener;

use protocol::time::UnixMillis;
use shell::config::{Config, StoreConfig};
use shell::host;
use shell::store::{Scan, Store, StoreSetting, Unavailable, Value};
use tests::call::{APP_INFO, BASE_KEY, config};
use tests::log::Log;
use tests::redis_server::RedisServer;

use tests::servers::run;

/// The commands of the permissions in the guide that a single server without a database needs.
const COMMANDS: &str = "+ping +info +config|get +time +dbsize +hmget +hget +hset +hdel +persist \
    +pexpire +zadd +zrem +zrangebyscore +zrevrangebyscore +eval +evalsha";
const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The error of a process that runs the relay, or `None` if it starts.
fn start_error(store: &str) -> Option<String> {
    let Config { context, store, .. } = config(&[
        ("KOOHOOK_BASE_KEY", BASE_KEY),
        ("KOOHOOK_APP_INFO", APP_INFO),
        ("KOOHOOK_SEAL_KEY", SEAL_KEY),
        ("KOOHOOK_STORE", store),
    ]);
    let error = run(host::open_proven_context(context, &store, false)).err()?.to_string();
    assert!(error.starts_with("KOOHOOK_STORE: "), "{error}");
    assert!(!error.contains("canary-value") && !error.contains("127.0.0.1"), "{error}");
    Some(error)
}

#[test]
fn the_error_of_a_start_names_the_missing_permission() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let all = COMMANDS;
    let keys = "~koohook:*";
    let address = server.address().replace("redis://", "redis://shop:canary-value@");
    let with = |rules: &str| {
        let _: () = server.command(&format!("ACL SETUSER shop reset on >canary-value {rules}"));
        start_error(&address)
    };
    assert_eq!(with(&format!("{all} {keys}")), None, "the documented permissions are enough");
    for lacking in [
        "hmget",
        "hset",
        "hdel",
        "persist",
        "pexpire",
        "zadd",
        "zrem",
        "zrangebyscore",
        "zrevrangebyscore",
    ] {
        let error = with(&format!("{all} {keys} -{lacking}")).expect(lacking);
        assert!(error.contains("permission `") && error.contains("EVALSHA"), "{lacking}: {error}");
    }
    for rules in [
        format!("{all} ~other:*"),
        format!("{all} {keys} -eval -evalsha"),
        format!("+@read +ping +info {keys}"),
    ] {
        assert!(with(&rules).is_some_and(|error| error.contains("permission `")), "{rules}");
    }
    assert_eq!(
        with(&format!("{all} {keys} -dbsize -time -config")),
        None,
        "koohook does not need these"
    );
}

/// Only commands scan. A process that serves needs no permission for it.
#[test]
fn the_scan_needs_the_two_further_permissions_of_the_guide() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let address = server.address().replace("redis://", "redis://shop:canary-value@");
    let store = |rules: &str| {
        let rules = format!("reset on >canary-value ~koohook:* {COMMANDS} {rules}");
        let _: () = server.command(&format!("ACL SETUSER shop {rules}"));
        run(StoreSetting::parse(&address).unwrap().open(false)).unwrap()
    };
    let listed = store("");
    run(listed.put("a", &Value::default(), None, UnixMillis::EPOCH)).unwrap();
    assert!(run(store("+scan +zscore").scan(None, 9)).is_ok());
    for rules in ["", "+scan", "+zscore"] {
        let log = Log::default();
        let _kept = log.keep();
        assert_eq!(run(store(rules).scan(None, 9)), Err(Unavailable), "{rules}");
        assert!(log.text().contains("also need SCAN and ZSCORE"), "{}", log.text());
    }
}

/// The client drops the server's answer to `SELECT`, and reports any failure as one of the database.
#[test]
fn the_error_for_a_database_names_a_missing_permission_or_a_wrong_number() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let address = server.address().replace("redis://", "redis://shop:canary-value@");
    let with = |rules: &str, database: &str| {
        let rules = format!("reset on >canary-value ~koohook:* {COMMANDS} {rules}");
        let _: () = server.command(&format!("ACL SETUSER shop {rules}"));
        start_error(&format!("{address}/{database}"))
    };
    let error = with("", "1").unwrap();
    assert!(error.contains("SELECT if the address names a database"), "{error}");
    assert_eq!(with("+select", "1"), None);
    let error = with("+select", "99").unwrap();
    assert!(error.contains("has no database with this number"), "{error}");
}

/// The client for a cluster reports a rejected `CLUSTER SLOTS` only as a missing answer.
#[test]
fn the_error_for_a_cluster_names_a_missing_permission_or_a_single_server() {
    let Some(cluster) =
        RedisServer::start(&["--cluster-enabled", "yes", "--cluster-port", &free_port()])
    else {
        return;
    };
    let _: () = cluster.command("CLUSTER ADDSLOTSRANGE 0 16383");
    let Some(single) = RedisServer::start(&[]) else { return };
    let with = |server: &RedisServer, rules: &str| {
        let rules = format!("reset on >canary-value ~koohook:* {COMMANDS} {rules}");
        let _: () = server.command(&format!("ACL SETUSER shop {rules}"));
        let address = server.address().replace("redis://", "redis://shop:canary-value@");
        start_error(&format!("{address}?cluster=true"))
    };
    let error = with(&cluster, "").unwrap();
    assert!(error.contains("CLUSTER SLOTS with cluster=true"), "{error}");
    assert_eq!(with(&cluster, "+cluster|slots"), None);
    let error = with(&single, "+cluster|slots").unwrap();
    assert!(error.contains("is not a cluster; remove cluster=true"), "{error}");
}

/// `koohook store check` prints a line for each finding.
#[test]
fn a_store_check_names_each_missing_permission() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let rules = "on >canary-value ~koohook:* +@all -zrangebyscore -zrevrangebyscore -evalsha";
    let _: () = server.command(&format!("ACL SETUSER shop reset {rules}"));
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
        ["script", "write", "agenda", "catalogue"]
    );
    for (_, text) in failed {
        assert!(text.contains("allow the user") && !text.contains("canary-value"), "{text}");
    }
}

#[test]
fn the_permission_check_leaves_no_entry_on_the_agenda_or_in_the_catalogue() {
    let Some(server) = RedisServer::start(&[]) else { return };
    for _ in 0..2 {
        assert_eq!(start_error(&server.address()), None);
        let keys: Vec<String> = server.command("KEYS koohook:*");
        assert!(
            !keys.iter().any(|key| key.contains("}:agenda:") || key.ends_with("}:catalogue")),
            "{keys:?}"
        );
        for key in keys.iter().filter(|key| key.ends_with("proof")) {
            let seconds: i64 = server.command(&format!("TTL {key}"));
            assert!((1..=3_600).contains(&seconds), "the key expires: {seconds}");
        }
    }
}

/// The error of a command that opens the store. A process that serves would wait for the server.
fn open_error(store: &str) -> String {
    let setting = StoreSetting::parse(store).unwrap();
    let error = run(setting.open(false)).unwrap_err().to_string();
    assert_eq!(start_error(store), None, "a process that serves starts");
    error
}

#[test]
fn the_error_for_an_unreachable_server_says_what_to_do() {
    let Some(server) = RedisServer::start(&["--requirepass", "p@ss%"]) else { return };
    let address = server.address();
    let host = address.strip_prefix("redis://").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (store, expected) in [
        (format!("redis://{host}"), "percent-encode"),
        (format!("redis://:canary-value@{host}"), "percent-encode"),
        (format!("redis://shop:canary-value@{host}"), "percent-encode"),
    ] {
        let error = start_error(&store).expect(expected);
        assert!(error.contains(expected), "{expected}: {error}");
    }
    for (store, expected) in [
        (format!("redis://{free}"), "does not run at this address"),
        ("redis://canary-value.invalid".to_owned(), "host name"),
        (format!("rediss://:p%40ss%25@{host}"), "use rediss:// if the port speaks TLS"),
        ("unix:///nowhere/canary-value".to_owned(), "no socket"),
    ] {
        let error = open_error(&store);
        assert!(error.contains(expected) && !error.contains("canary"), "{expected}: {error}");
    }
    assert_eq!(start_error(&format!("redis://:p%40ss%25@{host}")), None);
}

/// A port for the bus of a cluster. The default bus port of a server with a high port is not a port.
fn free_port() -> String {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap();
    free.port().to_string()
}
