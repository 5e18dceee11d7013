//! Checks what koohook finds out about its Redis at the start, and which servers it rejects.

use std::thread;

use super::{ALWAYS, LocalRedis, found, free_port};
use crate::load::{Watch, new_instance, settled};
use crate::running::start;

#[test]
fn a_start_logs_the_durability_grade_of_the_server() {
    let Some(redis) = LocalRedis::start(&ALWAYS) else { return };
    let setting = redis.setting();
    assert!(found(&setting).unwrap().starts_with("A "));
    let replica =
        LocalRedis::start(&["--replicaof", "127.0.0.1", &redis.port.to_string()]).unwrap();
    redis.wait_for_replica();
    assert!(found(&setting).unwrap().starts_with("B "), "a failover may lose writes");
    drop(replica);
    while redis.ask("WAIT 1 1").as_deref() != Some(":0") {
        thread::yield_now();
    }
    redis.command("CONFIG SET appendfsync everysec");
    assert!(found(&setting).unwrap().starts_with("B "));
    for (worse, better, why) in [
        ("CONFIG SET appendonly no", "CONFIG SET appendonly yes", "appendonly"),
        ("CONFIG SET appendfsync no", "CONFIG SET appendfsync everysec", "appendfsync"),
        (
            "CONFIG SET maxmemory-policy allkeys-lru",
            "CONFIG SET maxmemory-policy noeviction",
            "noeviction",
        ),
    ] {
        redis.command(worse);
        let refused = found(&setting).unwrap_err();
        assert!(refused.contains(why) && refused.contains("durability=any"), "{refused}");
        assert!(!refused.contains("127.0.0.1"), "{refused}");
        assert!(found(&format!("{setting}?durability=any")).unwrap().starts_with("C "));
        redis.command(better);
    }
    redis.command("REPLICAOF 127.0.0.1 1");
    assert!(found(&setting).unwrap_err().contains("replica"));
}

/// Managed servers may deny CONFIG and INFO.
#[test]
fn a_server_that_hides_its_durability_settings_gets_grade_b() {
    let Some(redis) = LocalRedis::start(&["--appendonly", "no"]) else { return };
    redis.command("ACL SETUSER canary on >canary-password ~* +@all -config -info");
    let setting = redis.setting().replace("//", "//canary:canary-password@");
    assert_eq!(found(&setting).as_deref(), Ok("B no durability settings"));
    redis.command("ACL SETUSER canary +info");
    assert!(
        found(&setting).unwrap_err().contains("appendonly"),
        "a visible bad setting is rejected"
    );
    let wrong = found(&setting.replace("password", "wrong")).unwrap_err();
    assert!(wrong.contains("redis") && !wrong.contains("canary"), "{wrong}");
}

#[test]
fn koohook_connects_by_socket_and_by_database_number() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("redis.sock").display().to_string();
    let Some(redis) = LocalRedis::start(&[&ALWAYS[..], &["--unixsocket", &socket]].concat()) else {
        return;
    };
    for setting in [format!("unix://{socket}?db=3"), format!("{}/3", redis.setting())] {
        let (mut koohook, address) = start(&setting);
        settled(&address, &new_instance("CS1"));
        koohook.kill();
    }
    let (_koohook, address) = start(&redis.setting());
    let id = settled(&address, &new_instance("CS2")).instance_id.unwrap();
    let third = Watch::open(&format!("redis+unix://{socket}?db=3"));
    assert!(third.record(&id).is_none(), "another database");
    let id = settled(&address, &new_instance("CS1")).instance_id.unwrap();
    assert_eq!(
        third.record(&id).unwrap().outbox.sequence,
        1,
        "both settings name the same database"
    );
}

/// koohook trusts a certificate if its authority is public, or is given by `ca=` in the setting.
#[test]
fn koohook_connects_over_tls_only_to_a_trusted_certificate() {
    let port = free_port();
    let file = |name| format!("{}/../tests/vectors/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    let [authority, certificate, key] = ["ca.pem", "server.pem", "server.key"].map(file);
    let listen = port.to_string();
    let tls = ["--tls-port", &listen, "--tls-auth-clients", "no", "--tls-cert-file", &certificate];
    let tls = [&tls[..], &["--tls-key-file", &key, "--tls-ca-cert-file", &authority]].concat();
    let Some(_redis) = LocalRedis::start(&[&ALWAYS[..], &tls].concat()) else { return };
    for host in ["localhost", "127.0.0.1"] {
        let setting = format!("rediss://{host}:{port}?ca={authority}");
        assert!(found(&setting).unwrap().starts_with("A "), "{host}");
    }
    for untrusted in [
        format!("rediss://127.0.0.1:{port}"),
        format!("rediss://127.0.0.1:{port}?ca={certificate}"),
        format!("rediss://127.0.0.1:{port}?ca={key}"),
    ] {
        let refused = found(&untrusted).unwrap_err();
        assert!(refused.contains("KOOHOOK_STORE") && !refused.contains("127"), "{refused}");
    }
    let plain = format!("redis://127.0.0.1:{port}");
    assert_eq!(found(&plain).as_deref(), Ok(""), "a server that is cut off may come back");
}
