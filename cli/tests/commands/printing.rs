//! Checks what goes to the standard output and what goes to the standard error.

use std::fs::File;
use std::io::pipe;

use serde_json::Value;

use crate::usage::seller::record;
use crate::{Finished, Folder, SEAL_KEY, row};

#[test]
fn a_closed_pipe_ends_the_printing_without_an_error() {
    let folder = Folder::with_instances();
    let key = folder.run(&["keys", "new", "--out", "key.pem"]);
    key.check(0, "MII", "Public key");
    folder.write("koohook.log", b"{\"level\":\"INFO\",\"message\":\"callback\"}\n");
    folder.write("usage.jsonl", record("i-1", 2, "1").as_bytes());
    let commands: &[&[&str]] = &[
        &["--help"],
        &["--version"],
        &["import", "--help"],
        &["import", "--dry-run", "rows.jsonl"],
        &["instances", "list"],
        &["instances", "show", "i-1"],
        &["instances", "export", "--format", "csv"],
        &["notices", "list", "--instance", "i-1"],
        &["notices", "show", "--instance", "i-1"],
        &["instances", "list", "-o", "json"],
        &["instances", "show", "i-1", "-o", "json"],
        &["instances", "export", "--format", "jsonl"],
        &["tenants", "export", "--format", "csv"],
        &["applications", "export", "--format", "csv"],
        &["notices", "list"],
        &["notices", "now"],
        &["notices", "replay"],
        &["usage", "list"],
        &["usage", "show", "i-1"],
        &["usage", "show", "i-1", "-o", "json"],
        &["usage", "report", "--dry-run", "usage.jsonl"],
        &["logs", "koohook.log"],
        &["completions", "bash"],
        &["keys", "seal", "key.pem", "text"],
        &["store", "check", "sqlite:koohook.db"],
        &["store", "create", "sqlite:koohook.db"],
        &["send", "--v2", "--curl", "--key", "constructed-base-key-0001", "queryInstance"],
    ];
    for arguments in commands {
        let done = folder.run_unread(arguments);
        assert_eq!((done.code, done.aside.as_str()), (Some(0), ""), "{arguments:?}");
    }
    folder.run_unread(&["keys", "public", "key.pem"]).check(0, "", "Public key");
}

/// `koohook keys public key.pem >public.txt` must write a file that contains only the key.
#[test]
fn the_standard_output_has_only_the_public_key() {
    let folder = Folder::new();
    let made = folder.run(&["keys", "new", "--out", "key.pem"]);
    made.check(0, "MII", "KOOHOOK_RSA_PRIVATE_KEY_FILE=key.pem");
    let shown = folder.run(&["keys", "public", "key.pem"]);
    shown.check(0, "MII", "Paste the");
    assert_eq!(shown.out, made.out);
    assert_eq!(shown.out.lines().count(), 1);
    assert!(shown.out.trim_end().bytes().all(|byte| !byte.is_ascii_whitespace()));
}

#[test]
fn the_version_is_short_or_long() {
    let folder = Folder::new();
    let version = format!("koohook {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(folder.run(&["-V"]).out, format!("{version}\n"));
    let long = folder.run(&["--version"]).out;
    assert!(long.starts_with(&format!("{version} (commit ")), "{long}");
    let stores = "; stores: memory, sqlite, redis, dynamodb)\n";
    assert!(long.contains(std::env::consts::ARCH) && long.ends_with(stores), "{long}");
}

/// The secret exists only in the output.
#[test]
fn a_new_secret_on_a_closed_pipe_is_an_error() {
    let folder = Folder::new();
    for arguments in [["keys", "secret", "seal"].as_slice(), &["keys", "new"]] {
        folder.run_unread(arguments).check(1, "", "the pipe was closed");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let folder = Folder::with_instances();
    for arguments in [["notices", "list"].as_slice(), &["import", "rows.jsonl"], &["--help"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let done = Finished::of(folder.command(arguments).stdout(full).output().unwrap());
        done.check(1, "", "standard output cannot be written (No space left on device");
    }
}

#[test]
fn an_error_on_a_closed_pipe_is_not_a_panic() {
    let folder = Folder::new();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let done = folder.command(&["notices", "list"]).stderr(writer).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
}

#[test]
fn the_standard_output_has_only_the_notices() {
    let folder = Folder::with_instances();
    let shown = folder.run(&["notices", "show", "--instance", "i-1"]);
    shown.check(0, "", "");
    assert_eq!(serde_json::from_str::<Value>(&shown.out).unwrap(), Value::Array(Vec::new()));
    let listed = folder.run(&["notices", "list"]);
    listed.check(0, "", "notices are only listed with --instance ID");
    assert_eq!(listed.out, "0 notices\n");
}

/// The cause is in the log, and the log goes to the standard error.
#[test]
fn the_error_of_a_stopped_server_leaves_the_standard_output_empty() {
    let folder = Folder::new();
    folder.write("rows.jsonl", row(1, "active").as_bytes());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let redis = format!("redis://{address}");
    let dynamodb = format!("dynamodb://koohook?region=eu-test-1&endpoint=http://{address}");
    for (store, expected) in [
        (&redis, "does not run at this address; start it, or correct the host and the port"),
        (
            &dynamodb,
            "check that the server of the store runs, and that KOOHOOK_STORE is its address",
        ),
    ] {
        let commands: [&[&str]; 3] =
            [&["notices", "list"], &["notices", "show"], &["import", "rows.jsonl"]];
        for arguments in commands {
            let settings = [
                ("KOOHOOK_STORE", store.as_str()),
                ("KOOHOOK_SEAL_KEY", SEAL_KEY),
                ("AWS_ACCESS_KEY_ID", "constructed"),
                ("AWS_SECRET_ACCESS_KEY", "constructed"),
            ];
            let done = Finished::of(folder.command(arguments).envs(settings).output().unwrap());
            done.check(1, "", expected);
            assert_eq!(done.out, "");
        }
    }
}
