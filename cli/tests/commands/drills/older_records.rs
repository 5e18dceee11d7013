//! Stores that older versions wrote: this version carries on with every record.
//!
//! `tests/vectors/records/write.py` says what the older versions were told.

use rusqlite::Connection;
use serde_json::Value;

use super::scene::{AcceptingProduct, KEY, ServeProcess, id, purchase, status, v1_purchase};
use crate::{Finished, Folder};

const SCHEMA_1: &str = include_str!("../../../../tests/vectors/records/schema-1.sql");
const SCHEMA_2: &str = include_str!("../../../../tests/vectors/records/schema-2.sql");

fn folder_with(schema: &str, number: u32) -> Folder {
    let folder = Folder::new();
    let connection = Connection::open(folder.0.path().join("koohook.db")).unwrap();
    connection.execute_batch(schema).unwrap();
    let records: i64 = connection
        .query_row(
            "SELECT count(*) FROM kept WHERE instr(value, ?1) > 0",
            [format!("\"schema\":{number},").into_bytes()],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(records, 6, "every record has the older schema");
    folder
}

/// What waits is sent, every order is remembered, and new calls are carried out.
fn everything_is_carried_on(schema: &str, number: u32) {
    let (folder, product) = (folder_with(schema, number), AcceptingProduct::listen());
    let server = ServeProcess::start(&folder, &product.settings());
    let renewed = id("CS1");
    assert_eq!(product.wait_for(&renewed, 1), ["instance.thawed"], "what waited is sent");
    assert_eq!(product.wait_for(&id("CS4"), 1), ["instance.created"]);
    assert_eq!(server.v1(KEY, &v1_purchase("CV1")), "000000");
    for (order, code) in PURCHASES {
        assert_eq!(server.v2(KEY, &purchase(order, &format!("{order}-1"))), code, "{order}");
    }
    assert_eq!(renew(&server, &renewed), "000000");
    assert_eq!(renew(&server, &id("CS5")), "000003", "a release is final");
    assert_eq!(server.v2(KEY, &status(&renewed, "FREEZE")), "000000");
    let types = product.wait_for(&renewed, 2);
    assert_eq!(types, ["instance.thawed", "instance.frozen"], "the repeated renewal has no notice");
    koohook(&folder, &["store", "reindex"]).check(0, "the catalogue is complete", "");
    assert_eq!(states(&folder), STATES.map(|(order, state)| (order.to_owned(), state.to_owned())));
}

/// Each purchase again, and its answer.
const PURCHASES: [(&str, &str); 5] =
    [("CS1", "000000"), ("CS2", "000106"), ("CS3", "000004"), ("CS4", "000000"), ("CS5", "000000")];

/// What the list of instances has at the end.
const STATES: [(&str, &str); 6] = [
    ("CS1", "frozen"),
    ("CS2", "refused"),
    ("CS3", "pending"),
    ("CS4", "active"),
    ("CS5", "released"),
    ("CV1", "active"),
];

/// The renewal that the older version carried out.
fn renew(server: &ServeProcess, instance: &str) -> String {
    let members = [
        ("activity", "refreshInstance"),
        ("scene", "RENEWAL"),
        ("instanceId", instance),
        ("orderId", "CR1"),
        ("orderLineId", "CR1-1"),
        ("expireTime", "20300101000000"),
    ];
    server.v2(KEY, &members)
}

fn koohook(folder: &Folder, arguments: &[&str]) -> Finished {
    let mut command = folder.command(arguments);
    Finished::of(command.env("KOOHOOK_STORE", "sqlite:koohook.db").output().unwrap())
}

/// The orders and the states of all instances, by order.
fn states(folder: &Folder) -> Vec<(String, String)> {
    let list = koohook(folder, &["instances", "list", "-o", "json"]);
    list.check(0, "", "");
    let list: Vec<Value> = serde_json::from_str(&list.out).unwrap();
    let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    let mut states: Vec<_> =
        list.iter().map(|it| (text(it, "orderId"), text(it, "state"))).collect();
    states.sort_unstable();
    states
}

#[test]
fn a_store_of_schema_1_is_carried_on() {
    everything_is_carried_on(SCHEMA_1, 1);
}

#[test]
fn a_store_of_schema_2_is_carried_on() {
    everything_is_carried_on(SCHEMA_2, 2);
}
