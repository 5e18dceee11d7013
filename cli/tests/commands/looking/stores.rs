//! The commands over Redis and DynamoDB, and how many records they read.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::documents;
use crate::notices::shop::{Shop, dynamodb, redis};
use crate::{Finished, Folder, row};

const CALLS: [&[&str]; 3] = [
    &["newInstance", "orderId=CS1", "orderLineId=CS1-1"],
    &["newInstance", "orderId=CS2", "orderLineId=CS2-1"],
    &["newInstance", "orderId=CS2", "orderLineId=CS2-2"],
];

/// The commands find what a server wrote, whatever the store.
fn everything_is_found(store: &str) {
    let shop = Shop::after(store, &CALLS);
    let json =
        |arguments: &[&str]| documents(&shop.koohook(&[arguments, &["-o", "json"]].concat()));
    let orders = |list: &[Value]| {
        list.iter().map(|it| it["orderId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let list = json(&["instances", "list"]);
    assert_eq!(orders(&list), ["CS2", "CS2", "CS1"]);
    assert_eq!(orders(&json(&["instances", "list", "--limit", "1"])), ["CS2"]);
    assert_eq!(orders(&json(&["instances", "show", "CS2"])), ["CS2", "CS2"]);
    let [line] = <[Value; 1]>::try_from(json(&["instances", "show", "CS2/CS2-2"])).unwrap();
    assert_eq!(line["instanceId"], list[0]["instanceId"]);
    assert_eq!(line["notices"][0]["attempts"][0]["status"], 500);
    let export = shop.koohook(&["instances", "export", "--format", "csv"]);
    export.check(0, ",CS1,pending,", "");
    assert_eq!(export.out.lines().count(), 4);
    let waits = json(&["notices", "list"]);
    assert_eq!(orders(&waits), ["CS1", "CS2", "CS2"]);
    let now = shop.koohook(&["notices", "now", "--order", "CS2", "--yes"]);
    now.check(0, "2 notices will be sent now\n", "\"operator made notices due\"");
    let status = shop.koohook(&["status", "http://127.0.0.1:1"]);
    status.check(1, "pending          ok      3 purchases wait for access data", "");
}

#[test]
fn everything_is_found_over_redis() {
    let Some(store) = redis("looking") else { return };
    everything_is_found(&store);
}

#[test]
fn everything_is_found_over_dynamodb() {
    let Some(store) = dynamodb("looking") else { return };
    let created = Shop::open(&store).koohook(&["store", "create", &store]);
    assert_eq!(created.code, Some(0), "{}", created.aside);
    everything_is_found(&store);
}

/// What Redis receives, as Redis itself reports it.
struct Monitor {
    control: TcpStream,
    lines: BufReader<TcpStream>,
    prefix: String,
}

impl Monitor {
    /// Begins. Other tests use the same server, so that only commands with the prefix count.
    fn start(store: &str) -> Self {
        let (address, prefix) =
            store.strip_prefix("redis://").unwrap().split_once("?prefix=").unwrap();
        let [control, mut monitor] = [(); 2].map(|()| TcpStream::connect(address).unwrap());
        monitor.write_all(b"MONITOR\r\n").unwrap();
        let mut lines = BufReader::new(monitor);
        let mut answer = String::new();
        lines.read_line(&mut answer).unwrap();
        assert_eq!(answer, "+OK\r\n");
        Self { control, lines, prefix: prefix.to_owned() }
    }

    /// How many records, and how many pages of the catalogue, were read since the last call. A page
    /// has an answer of each shard.
    fn reads(&mut self) -> (usize, usize) {
        self.control.write_all(b"ECHO end-of-reads\r\n").unwrap();
        let lines = self.lines.by_ref().lines().map(Result::unwrap);
        let lines = lines.take_while(|line| !line.contains("\"end-of-reads\""));
        let lines: Vec<_> = lines.filter(|line| line.contains(&self.prefix)).collect();
        let count = |command: &str, key: &str| {
            let command = format!("\"{command}\"");
            lines.iter().filter(|line| line.contains(&command) && line.contains(key)).count()
        };
        // The store's marks have other keys.
        (count("HMGET", "instance:"), count("ZREVRANGEBYSCORE", "") / SHARDS)
    }
}

const SHARDS: usize = 16;

#[test]
fn a_command_reads_only_the_records_that_it_prints() {
    let Some(store) = redis("reads") else { return };
    let shop = Shop::after(&store, &CALLS);
    let list = documents(&shop.koohook(&["instances", "list", "-o", "json"]));
    let id = list[0]["instanceId"].as_str().unwrap();
    let mut monitor = Monitor::start(&store);
    for (arguments, reads) in [
        (&["instances", "show", id][..], (1, 0)),
        (&["instances", "show", id, "-o", "json"], (1, 0)),
        (&["instances", "list", "--limit", "1"], (1, 6)),
        (&["instances", "list", "--limit", "2"], (2, 6)),
        (&["instances", "list"], (3, 6)),
        (&["instances", "list", "--state", "active"], (0, 1)),
        (&["instances", "export", "--format", "csv"], (3, 6)),
    ] {
        monitor.reads();
        assert_eq!(shop.koohook(arguments).code, Some(0));
        assert_eq!(monitor.reads(), reads, "{arguments:?}");
    }
}

/// An imported instance keeps its older ID. The ID that follows from the order points to it.
#[test]
fn the_order_of_an_imported_instance_leads_to_its_older_id() {
    let Some(store) = redis("moved") else { return };
    let shop = Shop::open(&store);
    shop.folder.write("rows.jsonl", row(7, "active").as_bytes());
    assert_eq!(shop.koohook(&["import", "rows.jsonl"]).code, Some(0));
    let mut monitor = Monitor::start(&store);
    monitor.reads();
    shop.koohook(&["instances", "show", "CS7"]).check(0, "instance  i-7", "");
    assert_eq!(monitor.reads(), (3, 0), "the ID CS7, the pointer of the order, and the instance");
}

/// More instances than one page of the catalogue has.
#[test]
fn every_page_is_listed_once() {
    let folder = Folder::new();
    let mut rows = String::new();
    (1..=MANY).for_each(|number| write!(rows, "{}", row(number, "active")).unwrap());
    folder.write("rows.jsonl", rows.as_bytes());
    assert_eq!(folder.run(&["import", "rows.jsonl"]).code, Some(0));
    let look = |arguments: &[&str]| {
        let mut command = folder.command(&[&["instances"], arguments].concat());
        Finished::of(command.env("KOOHOOK_STORE", "sqlite:koohook.db").output().unwrap())
    };
    let all = documents(&look(&["list", "--all", "-o", "json"]));
    let ids: Vec<_> = all.iter().map(|it| it["instanceId"].as_str().unwrap().to_owned()).collect();
    let mut sorted = ids.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((ids.len(), sorted.len()), (MANY, MANY));
    let times: Vec<_> = all.iter().map(|it| it["changed"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "the newest change comes first");
    let first = documents(&look(&["list", "--limit", "700", "-o", "json"]));
    assert_eq!(first, all[..700]);
    let export = look(&["export", "--format", "jsonl"]);
    let exported = export.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert!(
        exported.map(|it| it["instanceId"].clone()).eq(ids.iter().map(|id| Value::from(&**id)))
    );
}

const MANY: usize = 1_200;
