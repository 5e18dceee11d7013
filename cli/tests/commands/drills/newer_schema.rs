//! A newer koohook wrote records, and the older one was started again. The older one must change
//! none of them, go on with the others, and say what to do.
//!
//! The newer koohook is played by a record with the next schema and a member that this koohook does
//! not know.

use domain::record::SCHEMA;
use rusqlite::Connection;

use super::scene::{AcceptingProduct, KEY, ServeProcess, id, purchase, status};
use crate::{Finished, Folder};

/// Replaces a text in the stored values of an order.
fn rewrite(folder: &Folder, order: &str, old: &str, new: &str) {
    let values = stored(folder, order);
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    for (key, value) in values {
        let text = String::from_utf8(value).unwrap();
        assert!(text.contains(old), "{text}");
        let value = text.replace(old, new).into_bytes();
        connection.execute("UPDATE kept SET value = ?1 WHERE key = ?2", (value, key)).unwrap();
    }
}

/// The stored values that name an order.
fn stored(folder: &Folder, order: &str) -> Vec<(String, Vec<u8>)> {
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    let mut statement = connection.prepare("SELECT key, value FROM kept ORDER BY key").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(String, Vec<u8>)> = rows.map(Result::unwrap).collect();
    let names = |value: &[u8]| String::from_utf8_lossy(value).contains(&format!("\"{order}\""));
    let found: Vec<_> = rows.into_iter().filter(|(_, value)| names(value)).collect();
    assert!(!found.is_empty());
    found
}

fn koohook(folder: &Folder, arguments: &[&str]) -> Finished {
    let mut command = folder.command(arguments);
    Finished::of(command.env("KOOHOOK_STORE", "sqlite:koohook.db").output().unwrap())
}

/// A store with two purchases. A newer koohook wrote the record of `CS1`, which has a notice that
/// waits. Returns the texts that the newer koohook replaced, and wrote instead.
fn written_by_a_newer_one(folder: &Folder, product: &AcceptingProduct) -> [String; 2] {
    let server = ServeProcess::start(folder, &product.settings());
    for order in ["CS2", "CS1"] {
        assert_eq!(server.v2(KEY, &purchase(order, &format!("{order}-1"))), "000000");
    }
    product.answer(500);
    assert_eq!(server.v2(KEY, &status(&id("CS1"), "FREEZE")), "000000");
    server.stop();
    product.answer(200);
    let current = format!("\"schema\":{SCHEMA}");
    let next = format!("\"schema\":{},\"novel\":{{\"member\":1}}", SCHEMA + 1);
    rewrite(folder, "CS1", &current, &next);
    [current, next]
}

/// The older koohook serves. It says which values it cannot use, and what to do.
fn the_log_says_what_to_do(server: &ServeProcess) {
    let line = server.wait_for(|line| line["outcome"] == "failed");
    let fault = "stored value has a newer schema";
    assert_eq!((&line["level"], &line["fault"]), (&"ERROR".into(), &fault.into()));
    let line = server.wait_for(|line| line["message"] == "values cannot be used");
    let advice = "a newer version of koohook wrote these values; start that version again";
    assert_eq!((&line["level"], &line["advice"]), (&"ERROR".into(), &advice.into()));
}

/// The commands print what they can read, and the cause.
fn the_commands_say_what_to_do(folder: &Folder, origin: &str) {
    let cause = "stored value has a newer schema; use the version of koohook that wrote it, or a \
                 newer one";
    for (arguments, others) in [
        (&["instances", "list"][..], "CS2"),
        (&["instances", "export", "--format", "csv"], "CS2"),
        (&["instances", "show", "CS1"], ""),
        (&["notices", "list"], ""),
        (&["store", "reindex"], ""),
    ] {
        koohook(folder, arguments).check(1, others, cause);
    }
    koohook(folder, &["status", origin]).check(0, "not every record was read", "");
}

#[test]
fn an_older_koohook_changes_no_record_of_a_newer_one_and_serves_the_others() {
    let (folder, product) = (Folder::new(), AcceptingProduct::listen());
    let [current, next] = written_by_a_newer_one(&folder, &product);
    let (newer, instance) = (stored(&folder, "CS1"), id("CS1"));
    let server = ServeProcess::start(&folder, &product.settings());
    for call in [
        &status(&instance, "UNFREEZE")[..],
        &purchase("CS1", "CS1-1"),
        &[("activity", "queryInstance"), ("instanceId", instance.as_str())],
    ] {
        assert_eq!(server.v2(KEY, call), "000005", "the marketplace repeats the call");
    }
    the_log_says_what_to_do(&server);
    assert_eq!(server.v2(KEY, &status(&id("CS2"), "FREEZE")), "000000", "the others are served");
    assert!(server.is_ready(), "the store works, so the process must not be replaced");
    the_commands_say_what_to_do(&folder, server.origin());
    server.stop();
    assert_eq!(stored(&folder, "CS1"), newer, "not one byte changed");

    // The newer version again: everything goes on where it stopped.
    rewrite(&folder, "CS1", &next, &current);
    let server = ServeProcess::start(&folder, &product.settings());
    assert_eq!(server.v2(KEY, &status(&instance, "UNFREEZE")), "000000");
    let types = ["instance.created", "instance.frozen", "instance.thawed"];
    assert_eq!(product.wait_for(&instance, 3), types);
    koohook(&folder, &["instances", "list"]).check(0, "CS1", "");
}
