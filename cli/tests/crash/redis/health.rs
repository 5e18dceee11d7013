//! A koohook whose Redis does not run, and comes back.

use std::process::Command;

use super::{ALWAYS, LocalRedis, code, run_redis};
use crate::health::{check_without_store, status, wait_for_readyz};
use crate::load::{new_instance, settled};
use crate::running::{SEAL_KEY, start};

impl LocalRedis {
    /// Starts the server again after it was killed.
    fn start_again(&mut self) {
        self.running = run_redis(self.port, &self.folder, &self.arguments);
        self.wait();
    }
}

#[test]
fn readyz_follows_a_redis_that_dies_and_returns() {
    let Some(mut redis) = LocalRedis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    assert_eq!(status(&address, "/readyz"), 200, "the first probe ends before koohook listens");
    redis.running.kill();
    wait_for_readyz(&address, 503);
    check_without_store(&address);
    redis.start_again();
    settled(&address, &new_instance("CS1"));
    wait_for_readyz(&address, 200);
}

#[test]
fn koohook_starts_without_its_redis_and_works_when_the_redis_is_back() {
    let Some(mut redis) = LocalRedis::start(&ALWAYS) else { return };
    redis.running.kill();
    let (_koohook, address) = start(&redis.setting());
    assert_eq!(status(&address, "/readyz"), 503);
    check_without_store(&address);
    redis.start_again();
    settled(&address, &new_instance("CS1"));
    wait_for_readyz(&address, 200);
}

/// The grade is unknown at the start. koohook must not write before it knows it.
#[test]
fn koohook_writes_nothing_to_a_redis_that_comes_back_with_unfit_durability() {
    let Some(mut redis) = LocalRedis::start(&["--appendonly", "no"]) else { return };
    redis.running.kill();
    let (_koohook, address) = start(&redis.setting());
    redis.start_again();
    assert_eq!(code(&address, "CS1"), "000005");
    assert_eq!(status(&address, "/readyz"), 503);
    assert_eq!(redis.ask("DBSIZE").as_deref(), Some(":0"));
    redis.command("CONFIG SET appendonly yes");
    settled(&address, &new_instance("CS1"));
    wait_for_readyz(&address, 200);
}

#[test]
fn koohook_check_names_a_missing_permission_and_a_redis_that_does_not_run() {
    let Some(mut redis) = LocalRedis::start(&ALWAYS) else { return };
    let rules = "on >canary-password ~* +@all -zrangebyscore";
    redis.command(&format!("ACL SETUSER canary {rules}"));
    let check = |store: &str| {
        command(&["check"], store)
            .env("KOOHOOK_BASE_KEY", "constructed-base-key-0001")
            .env("KOOHOOK_APP_INFO", r#"{"frontEndUrl":"https://app.example.com"}"#)
            .output()
            .unwrap()
    };
    let sound = check(&redis.setting());
    assert_eq!(sound.status.code(), Some(0), "{sound:?}");
    let lacking = check(&redis.setting().replace("//", "//canary:canary-password@"));
    let text = String::from_utf8(lacking.stdout).unwrap();
    assert_eq!(lacking.status.code(), Some(1), "{text}");
    let line = text.lines().find(|line| line.starts_with("store agenda")).unwrap();
    assert!(line.contains("failed") && line.contains("allow the user"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("store read") && line.contains("ok")));
    assert!(!text.contains("canary"), "{text}");
    redis.running.kill();
    let text = String::from_utf8(check(&redis.setting()).stdout).unwrap();
    assert!(text.contains("failed  KOOHOOK_STORE: redis does not run at this address"), "{text}");
}

#[test]
fn koohook_status_shows_whether_the_server_and_its_redis_are_well() {
    let Some(mut redis) = LocalRedis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    let setting = redis.setting();
    let status = || {
        let finished = command(&["status", &address], &setting).output().unwrap();
        (finished.status.code(), String::from_utf8(finished.stdout).unwrap())
    };
    let (code, text) = status();
    assert_eq!(code, Some(0), "{text}");
    for line in ["server           ok", "ready            ok", "answers", "clock            ok"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    redis.running.kill();
    wait_for_readyz(&address, 503);
    let (code, text) = status();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("ready            failed  /readyz answers 503"), "{text}");
    assert!(text.contains("store            failed"), "{text}");
}

/// A command of koohook over a store.
fn command(arguments: &[&str], store: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koohook"));
    command.args(arguments).env("KOOHOOK_STORE", store).env("KOOHOOK_SEAL_KEY", SEAL_KEY);
    command
}

/// An operator reads the data. What works needs no line.
#[test]
fn a_command_logs_no_info_lines_but_what_the_operator_did() {
    let Some(redis) = LocalRedis::start(&ALWAYS) else { return };
    let list = |log: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_koohook"));
        command.env_clear().env("KOOHOOK_STORE", redis.setting()).env("KOOHOOK_SEAL_KEY", SEAL_KEY);
        command.envs(log.map(|log| ("KOOHOOK_LOG", log))).args(["notices", "list"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(!list(None).contains(r#""level""#), "{}", list(None));
    assert!(list(Some("info")).contains("redis durability"), "{}", list(Some("info")));
}
