//! No secret and no personal data is in the log, at any level (decisions G5, I1).
//!
//! The log and the panic hook belong to a whole process. So the test starts itself as another
//! process with `KOOHOOK_LOG=trace`, and reads that process's output. In there a real host answers
//! every call of the scenarios over every store, with a unique text in one field after the other.

mod process;

use std::process::Command;

use serde_json::Value;

use crate::notices::KIT_SECRETS;

/// In each field, setting, header and answer that must not be in the log.
const CANARY: &str = "canary";
/// In each ID of a call that is not verified.
const STRANGER: &str = "stranger";
/// Base64 of `canary-product-secret-0001`, of 32 bytes for the seal, and of 32 other bytes.
const PRODUCT_SECRET: &str = "Y2FuYXJ5LXByb2R1Y3Qtc2VjcmV0LTAwMDE=";
const SEAL_KEY: &str = "Y2FuYXJ5LXNlYWwta2V5LTAwMDEtY2FuYXJ5LXNlYWw=";
const SEAL_KEY_PREVIOUS: &str = "Y2FuYXJ5LXNlYWwta2V5LTAwMDAtY2FuYXJ5LXNlYWw=";
const INSIDE: &str = "KOOHOOK_TEST_INSIDE_LOG";
const PEM: &str = "KOOHOOK_TEST_INSIDE_PEM";
const SEALED: &str = "KOOHOOK_TEST_INSIDE_SEALED";
const NAME: &str = "call_log::canaries::the_log_contains_no_secret_at_any_level";

#[test]
fn the_log_contains_no_secret_at_any_level() {
    if std::env::var_os(INSIDE).is_some() {
        return process::run();
    }
    let (pem, sealed) = &*KIT_SECRETS;
    let inside = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .envs([(INSIDE, "1"), (PEM, pem), (SEALED, sealed)])
        .envs([
            ("AWS_ACCESS_KEY_ID", tests::dynamodb::ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", tests::dynamodb::SECRET_KEY),
            ("AWS_SESSION_TOKEN", tests::dynamodb::SESSION_TOKEN),
        ])
        .output()
        .unwrap();
    let output = [inside.stdout, inside.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    let output = output.concat();
    let end = output.get(output.len().saturating_sub(4_000)..).unwrap_or_default();
    assert!(inside.status.success(), "{end}");
    let key_lines = pem.lines().filter(|line| !line.starts_with("-----"));
    let secrets = [CANARY, STRANGER, PRODUCT_SECRET, SEAL_KEY, SEAL_KEY_PREVIOUS, sealed];
    let aws = [tests::dynamodb::SECRET_KEY, tests::dynamodb::SESSION_TOKEN];
    for secret in secrets.into_iter().chain(aws).chain(key_lines) {
        let shown = output.lines().find(|line| line.contains(secret));
        assert_eq!(shown, None, "{secret}");
    }
    let lines = output.lines().filter(|line| line.starts_with('{'));
    let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    // Other crates write at these levels, sealed bodies among them. koohook does not.
    for level in ["TRACE", "DEBUG"] {
        assert_eq!(lines.iter().find(|line| line["level"] == level), None);
    }
    all_ends_are_tried(&lines);
}

/// The output is worth nothing if a kind of end was never reached.
fn all_ends_are_tried(lines: &[Value]) {
    let count = |is: &dyn Fn(&Value) -> bool| lines.iter().filter(|line| is(line)).count();
    for outcome in [
        "applied",
        "repeated",
        "no-effect",
        "looked-up",
        "rehearsed",
        "rejected",
        "refused",
        "failed",
    ] {
        assert!(count(&|line| line["outcome"] == outcome) > 0, "{outcome}");
    }
    for id in ["orderId", "orderLineId", "instanceId", "tenantId", "appId", "businessId"] {
        assert!(count(&|line| line["outcome"] == "applied" && line[id].is_string()) > 0, "{id}");
    }
    for message in [
        "request rejected",
        "panicked",
        "access data accepted",
        "access data rejected",
        "usage reported",
        "usage report rejected",
        "usage info accepted",
        "usage info rejected",
    ] {
        assert!(count(&|line| line["message"] == message) > 0, "{message}");
    }
    for notice in ["delivered", "failed", "not-reached"] {
        assert!(count(&|line| line["notice"] == notice) > 0, "{notice}");
    }
}
