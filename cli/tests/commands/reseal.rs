//! Checks `koohook store reseal` over a file.

use rusqlite::Connection;
use serde_json::Value;

use crate::{Finished, Folder, row};

const STORE: &str = "sqlite:koohook.db";
/// Made-up keys: 32 times the letters A, B and C.
const KEYS: [&str; 3] = [
    "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
    "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=",
    "Q0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0M=",
];

/// Runs a command with a seal key and previous ones.
fn run(folder: &Folder, arguments: &[&str], current: usize, previous: &str) -> Finished {
    let mut command = folder.command(arguments);
    command.env("KOOHOOK_SEAL_KEY", KEYS[current]).env("KOOHOOK_STORE", STORE);
    if !previous.is_empty() {
        command.env("KOOHOOK_SEAL_KEY_PREVIOUS", previous);
    }
    Finished::of(command.output().unwrap())
}

fn reseal(folder: &Folder, arguments: &[&str], current: usize, previous: &str) -> Finished {
    let done =
        run(folder, &[&["store", "reseal", "--wait", "0s"], arguments].concat(), current, previous);
    for key in KEYS {
        assert!(!done.out.contains(key) && !done.aside.contains(key), "no key is printed");
    }
    done
}

/// A folder whose store has three instances, sealed with the first key.
fn sealed() -> Folder {
    let folder = Folder::new();
    let rows: Vec<_> = (1..=3).map(|number| row(number, "active")).collect();
    folder.write("rows.jsonl", rows.concat().as_bytes());
    run(&folder, &["import", "rows.jsonl"], 0, "").check(0, "3 imported", "");
    folder
}

fn sql(folder: &Folder, text: &str) {
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    connection.execute_batch(text).unwrap();
}

/// How many instances a command finds that has only this key.
fn found_with(folder: &Folder, current: usize) -> Option<usize> {
    let done = run(folder, &["instances", "list", "-o", "json"], current, "");
    (done.code == Some(0)).then(|| serde_json::from_str::<Vec<Value>>(&done.out).unwrap().len())
}

#[test]
fn after_a_reseal_only_the_new_key_is_needed_twice_in_a_row() {
    let folder = sealed();
    for (old, new) in [(0, 1), (1, 2)] {
        let dry = reseal(&folder, &["--dry-run"], new, KEYS[old]);
        dry.check(1, "checked: 0 values are sealed with KOOHOOK_SEAL_KEY; not: 7 (previous key 1: 7, unencrypted: 0)", "");
        dry.check(1, "run this command without --dry-run", "");
        assert_eq!(found_with(&folder, old), Some(3), "a dry run writes nothing");
        let done = reseal(&folder, &[], new, KEYS[old]);
        done.check(
            0,
            "sealed with KOOHOOK_SEAL_KEY now: 7 (previous key 1: 7, unencrypted: 0)",
            "",
        );
        done.check(0, "checked: 7 values are sealed with KOOHOOK_SEAL_KEY; not: 0", "");
        done.check(0, "no value needs KOOHOOK_SEAL_KEY_PREVIOUS; unset it in every koohook", "");
        assert_eq!((found_with(&folder, old), found_with(&folder, new)), (None, Some(3)));
        let again = reseal(&folder, &[], new, KEYS[old]);
        again.check(0, "sealed with KOOHOOK_SEAL_KEY now: 0 (", "");
        reseal(&folder, &["--dry-run"], new, "").check(
            0,
            "every value is sealed with KOOHOOK_SEAL_KEY",
            "",
        );
    }
}

/// A second rotation may begin before the first one is finished.
#[test]
fn values_of_several_previous_keys_are_counted_for_each() {
    let folder = sealed();
    folder.write("rows.jsonl", row(4, "active").as_bytes());
    run(&folder, &["import", "rows.jsonl"], 1, KEYS[0]).check(0, "1 imported", "");
    let previous = format!("{} {}", KEYS[1], KEYS[0]);
    let done = reseal(&folder, &["-o", "json"], 2, &previous);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(report["written"]["previous"], serde_json::json!([2, 7]), "{report}");
    assert_eq!((&report["end"], done.code), (&Value::from("complete"), Some(0)));
    assert_eq!(report["checked"]["current"], 9);
    assert_eq!(found_with(&folder, 2), Some(4));
}

#[test]
fn a_value_that_no_key_decrypts_is_named_and_the_others_are_sealed() {
    let folder = sealed();
    sql(
        &folder,
        "INSERT INTO kept (key, version, value) VALUES
            ('instance:foreign', x'01010101010101010101010101010101', x'0100112233445566778899aabbccddeeff')",
    );
    let done = reseal(&folder, &[], 1, KEYS[0]);
    done.check(
        1,
        "checked: 7 values are sealed with KOOHOOK_SEAL_KEY; not: 0",
        "  instance:foreign",
    );
    done.check(1, "the other values do not need KOOHOOK_SEAL_KEY_PREVIOUS; add the key", "");
    assert_eq!(found_with(&folder, 1), Some(3), "the mark is sealed, too");
}

#[test]
fn values_of_a_store_that_was_unencrypted_are_sealed_after_serve_has_put_its_mark() {
    let folder = Folder::with_instances();
    let refused = reseal(&folder, &[], 0, "");
    refused.check(1, "", "first start koohook serve (or dev) with this key");
    let mut server = folder.command(&["serve"]);
    server.env("KOOHOOK_SEAL_KEY", KEYS[0]).env("KOOHOOK_STORE", STORE);
    server
        .env("KOOHOOK_BASE_KEY", "constructed-base-key-0001")
        .env("KOOHOOK_LISTEN", "127.0.0.1:0");
    server.env("KOOHOOK_APP_INFO", r#"{"frontEndUrl":"https://a.example"}"#);
    let mut server = server.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(server.stdout.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("\"listen\"")));
    reseal(&folder, &[], 0, "").check(0, "unencrypted: 7)", "");
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(found_with(&folder, 0), Some(3));
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    let count = "SELECT count(*) FROM kept WHERE substr(value, 1, 1) = x'00'";
    assert_eq!(connection.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn a_reseal_needs_a_key_and_an_existing_store() {
    let folder = Folder::new();
    let done = Finished::of(folder.command(&["store", "reseal", STORE]).output().unwrap());
    done.check(1, "", "KOOHOOK_STORE: the file does not exist");
    let folder = Folder::with_instances();
    let done = Finished::of(folder.command(&["store", "reseal", STORE]).output().unwrap());
    done.check(1, "", "KOOHOOK_SEAL_KEY is not set");
    let folder = sealed();
    reseal(&folder, &[], 1, "").check(1, "", "KOOHOOK_SEAL_KEY does not decrypt this store");
}
