//! A key is in the hands of an attacker: what the attacker does, what the operator types to find it,
//! and what changes when the key is replaced.

use std::collections::BTreeSet;

use domain::webhook::WebhookSecrets;
use serde_json::{Value, json};

use super::scene::{
    AcceptingProduct, KEY, SECRET, ServeProcess, id, now, purchase, status, v1_id, v1_purchase,
    v1_status,
};
use crate::{Finished, Folder};

const NEW_KEY: &str = "constructed-base-key-0002";
const NEW_SECRET: &str = "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMg==";
/// The orders that the marketplace's console lists.
const CONSOLE: [&str; 3] = ["CS1", "CS2", "CV1"];

/// Runs a command over the folder's store.
fn koohook(folder: &Folder, arguments: &[&str]) -> Finished {
    let mut command = folder.command(arguments);
    Finished::of(command.env("KOOHOOK_STORE", "sqlite:koohook.db").output().unwrap())
}

/// The orders of an export, with their states.
fn exported(folder: &Folder) -> Vec<(String, String)> {
    let done = koohook(folder, &["instances", "export", "--format", "jsonl"]);
    done.check(0, "", "");
    let lines = done.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    lines.map(|line| (text(&line, "orderId"), text(&line, "state"))).collect()
}

/// The orders that koohook has and the console does not list.
fn unknown_to_the_console(folder: &Folder) -> Vec<String> {
    let known: BTreeSet<_> = CONSOLE.into_iter().collect();
    let orders = exported(folder).into_iter().map(|(order, _)| order);
    orders.filter(|order| !known.contains(order.as_str())).collect()
}

/// A shop with three real purchases. The attacker has made one more, and frozen a buyer's instance.
fn attacked(folder: &Folder, product: &AcceptingProduct) -> ServeProcess {
    let server = ServeProcess::start(folder, &product.settings());
    for order in ["CS1", "CS2"] {
        assert_eq!(server.v2(KEY, &purchase(order, &format!("{order}-1"))), "000000");
    }
    assert_eq!(server.v1(KEY, &v1_purchase("CV1")), "000000");
    assert_eq!(server.v2(KEY, &purchase("CS-FORGED", "CS-FORGED-1")), "000000");
    assert_eq!(server.v2(KEY, &status(&id("CS2"), "FREEZE")), "000000");
    server
}

#[test]
fn a_purchase_that_was_forged_with_a_leaked_key_is_found_and_released() {
    let (folder, product) = (Folder::new(), AcceptingProduct::listen());
    let server = attacked(&folder, &product);
    assert_eq!(unknown_to_the_console(&folder), ["CS-FORGED"]);
    let since = koohook(&folder, &["instances", "list", "--since", "2020-01-01", "-o", "json"]);
    since.check(0, "CS-FORGED", "");
    server.stop();

    // The new key, and no previous one: the leaked key is worth nothing from now on.
    let settings = [product.settings(), vec![("KOOHOOK_BASE_KEY", NEW_KEY.to_owned())]].concat();
    let server = ServeProcess::start(&folder, &settings);
    let before = exported(&folder);
    for forged in [
        server.v2(KEY, &purchase("CS-FORGED-2", "CS-FORGED-2-1")),
        server.v2(KEY, &status(&id("CS1"), "FREEZE")),
        server.v2(KEY, &[("activity", "queryInstance"), ("instanceId", &id("CS1"))]),
        server.v1(KEY, &v1_purchase("CV1")),
    ] {
        assert_eq!(forged, "000001");
    }
    assert_eq!(exported(&folder), before, "the attacker changes nothing");
    server.wait_for(|line| line["fault"] == "signature wrong");
    let rejected = server.lines("callback");
    assert!(rejected.iter().all(|line| line["fault"] == "signature wrong"), "{rejected:#?}");

    // The marketplace goes on with the new key. The operator ends what the attacker did with the
    // calls that the marketplace would send.
    assert_eq!(server.v2(NEW_KEY, &purchase("CS1", "CS1-1")), "000000");
    let send = |call: &[&str]| {
        let head = ["send", "--v2", "--key", NEW_KEY, "--address", &server.address];
        koohook(&folder, &[&head, call].concat()).check(0, "000000", "");
    };
    let (forged, frozen) = (id("CS-FORGED"), id("CS2"));
    send(&["releaseInstance", &format!("instanceId={forged}"), "orderId=X", "orderLineId=X-1"]);
    send(&["updateInstanceStatus", &format!("instanceId={frozen}"), "status=UNFREEZE"]);
    let states = exported(&folder);
    let state = |order: &str| states.iter().find(|(it, _)| it == order).map(|(_, state)| &**state);
    assert_eq!((state("CS-FORGED"), state("CS2")), (Some("released"), Some("active")));
    assert_eq!(product.types(&forged), ["instance.created", "instance.released"]);
    assert_eq!(product.types(&frozen), ["instance.created", "instance.frozen", "instance.thawed"]);
}

/// While the old key is set as the previous one, the attacker is still believed. The log says which
/// calls it verified.
#[test]
fn a_leaked_key_that_stays_as_the_previous_key_still_opens_the_door() {
    let (folder, product) = (Folder::new(), AcceptingProduct::listen());
    let keys = vec![
        ("KOOHOOK_BASE_KEY", NEW_KEY.to_owned()),
        ("KOOHOOK_BASE_KEY_PREVIOUS", KEY.to_owned()),
    ];
    let server = ServeProcess::start(&folder, &[product.settings(), keys].concat());
    assert_eq!(server.v2(NEW_KEY, &purchase("CS1", "CS1-1")), "000000");
    assert_eq!(server.v2(KEY, &purchase("CS-FORGED", "CS-FORGED-1")), "000000");
    server.wait_for(|line| line["orderId"] == "CS-FORGED" && line["message"] == "callback");
    let keys: Vec<_> =
        server.lines("callback").into_iter().map(|line| line["key"].clone()).collect();
    assert_eq!(keys, ["current", "previous"]);
    let mut text = String::new();
    for line in server.log() {
        text += &format!("{line}\n");
    }
    folder.write("koohook.log", text.as_bytes());
    let found = ["logs", "koohook.log", "--grep", r#""key":"previous""#, "-o", "json"];
    koohook(&folder, &found).check(0, "CS-FORGED", "");
}

/// A copy of a V1 call stays correctly signed for as long as its key is valid. It has no effect
/// twice, and none after a newer call.
#[test]
fn a_replayed_v1_call_changes_nothing_and_fails_after_the_key_changed() {
    let (folder, product) = (Folder::new(), AcceptingProduct::listen());
    let server = ServeProcess::start(&folder, &product.settings());
    assert_eq!(server.v1(KEY, &v1_purchase("CV1")), "000000");
    let id = v1_id("CV1");
    let old = now() - 1_000;
    let replay = |server: &ServeProcess| {
        let time = simulator::time::to_the_millisecond(old);
        let request =
            simulator::v1::request(&server.address, KEY, &time, &v1_status(&id, "FREEZE"));
        let mut response = ureq::run(request.unwrap().map(drop)).unwrap();
        let body: Value =
            serde_json::from_slice(&response.body_mut().read_to_vec().unwrap()).unwrap();
        body["resultCode"].as_str().unwrap().to_owned()
    };
    assert_eq!(replay(&server), "000000");
    assert_eq!(server.v1(KEY, &v1_status(&id, "NORMAL")), "000000");
    for _ in 0..2 {
        assert_eq!(replay(&server), "000000", "an older call is acknowledged");
    }
    assert_eq!(exported(&folder), [("CV1".to_owned(), "active".to_owned())]);
    let line = server.wait_for(|line| line["remarks"] == "older-than-known");
    assert_eq!(line["instanceId"], id.as_str());
    server.stop();
    let settings = [product.settings(), vec![("KOOHOOK_BASE_KEY", NEW_KEY.to_owned())]].concat();
    assert_eq!(replay(&ServeProcess::start(&folder, &settings)), "000001");
}

/// Sends access data as the product does. Returns the HTTP status.
fn put_access(server: &ServeProcess, secret: &str, instance: &str, address: &str) -> u16 {
    let body = json!({
        "type": "instance.access", "timestamp": "2026-11-27T00:00:00Z",
        "data": { "instanceId": instance, "appInfo": { "frontEndUrl": address } },
    });
    let (body, seconds) = (body.to_string().into_bytes(), now() / 1_000);
    let message = format!("made-up-{}", now());
    let signature = WebhookSecrets::parse(secret).unwrap().sign(&message, seconds, &body);
    let request = http::Request::put(format!("{}/instances/{instance}/app-info", server.origin()))
        .header("webhook-id", message)
        .header("webhook-timestamp", seconds.to_string())
        .header("webhook-signature", signature)
        .header("content-type", "application/json")
        .body(body)
        .unwrap();
    match ureq::run(request) {
        Ok(response) => response.status().as_u16(),
        Err(ureq::Error::StatusCode(status)) => status,
        Err(fault) => panic!("{fault}"),
    }
}

/// With the product's secret an attacker can send a buyer to another address. Two secrets at once
/// keep a gap of the product's own messages away, and the attacker in. One new secret ends it.
#[test]
fn a_leaked_product_secret_is_refused_after_it_was_replaced() {
    let (folder, product) = (Folder::new(), AcceptingProduct::listen());
    let server = ServeProcess::start(&folder, &product.settings());
    assert_eq!(server.v2(KEY, &purchase("CS1", "CS1-1")), "000000");
    let id = id("CS1");
    let forge =
        |server: &ServeProcess, secret| put_access(server, secret, &id, "https://evil.example");
    assert!((200..300).contains(&forge(&server, SECRET)), "the attacker is believed");
    server.stop();
    let with =
        |secret: String| [product.settings(), vec![("KOOHOOK_PRODUCT_SECRET", secret)]].concat();
    let both = ServeProcess::start(&folder, &with(format!("{NEW_SECRET} {SECRET}")));
    assert!((200..300).contains(&forge(&both, SECRET)));
    both.stop();
    let server = ServeProcess::start(&folder, &with(NEW_SECRET.to_owned()));
    assert_eq!(forge(&server, SECRET), 401);
    server.wait_for(|line| {
        line["message"] == "access data rejected" && line["outcome"] == "rejected"
    });
    // The product says again what is right.
    let status = put_access(&server, NEW_SECRET, &id, "https://app.example.com/i");
    assert!((200..300).contains(&status), "{status}");
    let answer = super::scene::v2(
        &server.address,
        KEY,
        &[("activity", "queryInstance"), ("instanceId", &id)],
    );
    assert_eq!(answer.unwrap().code, "000000");
}
