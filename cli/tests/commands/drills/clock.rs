//! The clock of koohook's machine jumps by a day while it serves, stays wrong, and is right again.
//! libfaketime changes the clock of the process. The marketplace, the store and the product keep
//! the right time.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::scene::{AcceptingProduct, KEY, ServeProcess, purchase, v1_id, v1_purchase, v1_status};
use crate::notices::shop::redis;
use crate::{Folder, SEAL_KEY};

/// A server whose clock the test sets.
struct Shifted {
    server: ServeProcess,
    clock: PathBuf,
}

/// The library of the Debian package `faketime`; `None`, with a message, if it is not installed.
fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").unwrap().flatten();
    let files = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let found = files.into_iter().find(|file| file.exists());
    if found.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "libfaketime is missing");
        let _ = writeln!(io::stderr(), "!! SKIPPED faketime: install the Debian package faketime");
    }
    found
}

impl Shifted {
    fn start(folder: &Folder, library: &Path, settings: &[(&'static str, String)]) -> Self {
        let clock = folder.write("clock", b"+0");
        let mut command = folder.command(&["serve"]);
        command.env("KOOHOOK_LISTEN", "127.0.0.1:0").envs(settings.iter().cloned());
        command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", &clock);
        // Timeouts must stay as they are: only the time of day is wrong.
        for name in ["FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC"] {
            command.env(name, "1");
        }
        Self { server: ServeProcess::of(command), clock }
    }

    /// Sets how far the clock is from the right time. The file is replaced, so that the process
    /// never reads a part of it.
    fn set(&self, offset: &str) {
        let next = self.clock.with_extension("next");
        fs::write(&next, offset).unwrap();
        fs::rename(next, &self.clock).unwrap();
    }
}

fn settings(product: &AcceptingProduct, store: Option<&str>) -> Vec<(&'static str, String)> {
    let mut settings = product.settings();
    if let Some(store) = store {
        settings.push(("KOOHOOK_STORE", store.to_owned()));
        settings.push(("KOOHOOK_SEAL_KEY", SEAL_KEY.to_owned()));
    }
    settings
}

/// V2 calls are refused while the clock is wrong. V1 calls are carried out, and none is lost.
fn a_wrong_clock_loses_nothing(offset: &str, store: Option<&str>) {
    let Some(library) = faketime() else { return };
    let (folder, product) = (Folder::new(), AcceptingProduct::listen());
    let shifted = Shifted::start(&folder, &library, &settings(&product, store));
    let Shifted { server, .. } = &shifted;
    let buyer = v1_id("CV1");
    assert_eq!(server.v1(KEY, &v1_purchase("CV1")), "000000");
    assert_eq!(server.v1(KEY, &v1_status(&buyer, "FREEZE")), "000000");

    shifted.set(offset);
    assert_eq!(server.v2(KEY, &purchase("CS1", "CS1-1")), "000002");
    let line = server.wait_for(|line| line["fault"] == "timestamp outside the tolerance");
    assert_eq!((&line["level"], &line["orderId"]), (&"WARN".into(), &"CS1".into()));
    assert_eq!(server.v1(KEY, &v1_status(&buyer, "NORMAL")), "000000");
    product.answer(500);
    assert_eq!(server.v1(KEY, &v1_status(&buyer, "FREEZE")), "000000");
    if store.is_some() {
        let line = server.wait_for(|line| line["message"] == "clocks differ");
        assert_eq!(line["level"], "ERROR");
        let ahead = if offset.starts_with('+') { "ahead of the store" } else { "behind the store" };
        assert_eq!(line["machine"], ahead);
    }
    assert!(server.is_ready(), "only V2 calls fail, so the process must not be replaced");

    shifted.set("+0");
    product.answer(200);
    assert_eq!(server.v2(KEY, &purchase("CS1", "CS1-1")), "000000");
    assert_eq!(server.v1(KEY, &v1_status(&buyer, "NORMAL")), "000000");
    let types = ["created", "frozen", "thawed", "frozen", "thawed"];
    assert_eq!(product.wait_for(&buyer, 5), types.map(|it| format!("instance.{it}")));
    for message in ["notice given up", "purchase abandoned", "usage dropped"] {
        assert!(server.lines(message).is_empty(), "{message}");
    }
}

#[test]
fn a_clock_a_day_ahead_over_sqlite_loses_nothing() {
    a_wrong_clock_loses_nothing("+1d", None);
}

#[test]
fn a_clock_a_day_behind_over_sqlite_loses_nothing() {
    a_wrong_clock_loses_nothing("-1d", None);
}

#[test]
fn a_clock_that_stands_still_over_sqlite_loses_nothing() {
    a_wrong_clock_loses_nothing("2026-10-05 21:09:27", None);
}

#[test]
fn a_clock_a_day_ahead_over_redis_is_reported_and_loses_nothing() {
    let Some(store) = redis("clock-ahead") else { return };
    a_wrong_clock_loses_nothing("+1d", Some(&store));
}

#[test]
fn a_clock_a_day_behind_over_redis_is_reported_and_loses_nothing() {
    let Some(store) = redis("clock-behind") else { return };
    a_wrong_clock_loses_nothing("-1d", Some(&store));
}
