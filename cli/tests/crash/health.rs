//! `/readyz` and `/healthz` of a running koohook whose store is lost (decision I5).

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::load::{new_instance, send, settled};
use crate::running::start;

/// The longest wait for a probe. koohook probes every ten seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// The status of a path at a koohook's address.
pub fn status(address: &str, path: &str) -> u16 {
    let url = address.replace("/saasproduce", path);
    let request = ureq::get(url).config().http_status_as_error(false).build();
    request.call().unwrap().status().as_u16()
}

/// Waits until `/readyz` answers with this status.
pub fn wait_for_readyz(address: &str, expected: u16) {
    let begun = Instant::now();
    while status(address, "/readyz") != expected {
        assert!(begun.elapsed() < PATIENCE, "/readyz does not answer {expected}");
        thread::yield_now();
    }
}

/// Checks that koohook answers what needs no store.
pub fn check_without_store(address: &str) {
    assert_eq!(status(address, "/healthz"), 200);
    let mut rehearsal = new_instance("CS9");
    rehearsal.push(("testFlag", "1".to_owned()));
    settled(address, &rehearsal);
    assert_eq!(send(address, &new_instance("CS9")).unwrap().code, "000005");
}

#[test]
fn a_koohook_whose_sqlite_file_is_deleted_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("koohook.db");
    let (_koohook, address) = start(&format!("sqlite:{}", file.display()));
    assert_eq!(status(&address, "/readyz"), 200);
    settled(&address, &new_instance("CS1"));
    fs::remove_file(&file).unwrap();
    wait_for_readyz(&address, 503);
    check_without_store(&address);
}
