//! `koohook status` without a server, and without a store.

use std::net::TcpListener;

use super::Folder;
use crate::notices::shop::Shop;

#[test]
fn a_server_that_does_not_run_is_reported_beside_its_store() {
    let folder = Folder::with_instances();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let finished = folder.run(&["status", &format!("http://{free}")]);
    finished.check(1, "server           failed", "");
    for line in ["store            ok      sqlite koohook.db answers", "due now          ok      0"]
    {
        assert!(finished.out.contains(line), "{}", finished.out);
    }
}

#[test]
fn a_store_that_does_not_exist_is_reported() {
    let folder = Folder::new();
    let finished = folder.run(&["status", "http://127.0.0.1:1"]);
    finished.check(1, "store            failed  KOOHOOK_STORE: the file does not exist", "");
    assert!(!folder.0.path().join("koohook.db").exists());
}

#[test]
fn a_password_in_the_address_is_not_printed() {
    let folder = Folder::with_instances();
    let finished = folder.run(&["status", "http://operator:canary@127.0.0.1:1"]);
    finished.check(1, "server           failed  127.0.0.1:1 refused the connection", "");
    assert!(!(finished.out + &finished.aside).contains("canary"));
}

/// The entity waits for access data, so that it is in the queue of the due ones. Its dead letter counts.
#[test]
fn a_dead_letter_of_a_purchase_that_waits_is_counted() {
    let mut shop = Shop::open("sqlite:koohook.db");
    shop.product.answer(410);
    let address = shop.start();
    shop.send(&address, &["newInstance", "orderId=CS1", "orderLineId=CS1-1"]);
    shop.stop();
    let done = shop.koohook(&["status", "http://127.0.0.1:1"]);
    let dead = "dead letters     WARN    1 entity has dead letters; see them with koohook notices list \
                --state dead\n";
    done.check(1, dead, "");
    done.check(1, "pending          ok      1 purchase waits for access data, the oldest for ", "");
}
