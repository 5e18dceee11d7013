//! `koohook notices` over stores with notices that a real server made, for a product that rejects them.

pub mod shop;

use serde_json::Value;

use self::shop::Shop;

const PURCHASE: &[&str] = &["newInstance", "orderId=CS1", "orderLineId=CS1-1"];
const OTHER: &[&str] = &["newInstance", "orderId=CS2", "orderLineId=CS2-1"];

/// The instance IDs of both purchases in the list, in the order of the purchases.
fn instances(list: &[Value]) -> Vec<&str> {
    list.iter().map(|line| line["instanceId"].as_str().unwrap()).collect()
}

#[test]
fn the_list_says_who_waits_for_what() {
    let shop = Shop::after("sqlite:koohook.db", &[PURCHASE, OTHER]);
    let done = shop.notices(&["list"]);
    done.check(0, "", "");
    let lines: Vec<&str> = done.out.lines().collect();
    // A pipe gets data alone: its first line is a notice.
    assert!(
        lines[0].contains(" +08:00  CS1  -  ") && lines[1].contains(" +08:00  CS2  -  "),
        "{}",
        done.out
    );
    let why = "instance.created  waiting  next attempt 2";
    assert!(lines[0].contains(why), "{}", done.out);
    assert!(lines[0].ends_with(" +08:00 after 1 attempt: product answered 500"), "{}", done.out);
    assert_eq!(lines[2..], ["2 notices"]);
    let list = shop.json();
    assert_eq!((&list[0]["orderId"], &list[0]["status"]), (&"CS1".into(), &500.into()));
    assert!(list[0]["nextAttempt"].as_str().unwrap() > list[0]["since"].as_str().unwrap());
    for (arguments, count) in [
        (&["--order", "CS1"][..], 1),
        (&["--instance", instances(&list)[1]], 1),
        (&["--type", "instance.created"], 2),
        (&["--type", "newInstance"], 2),
        (&["--type", "instance.frozen"], 0),
        (&["--type", "refreshInstance"], 0),
        (&["--state", "dead"], 0),
        (&["--older-than", "1h"], 0),
        (&["--sequence", "2"], 0),
        (&["--since", "2026-01-01"], 2),
    ] {
        let done = shop.notices(&[&["list"], arguments].concat());
        done.check(0, &format!("{count} notices\n"), "");
    }
    shop.notices(&["list", "--type", "created"]).check(2, "", "instance.created, instance.acc");
    assert_eq!(shop.notices(&["list", "--type", "users.put", "-o", "json"]).out, "[]\n");
}

#[test]
fn nothing_is_sent_before_the_operator_agrees() {
    let shop = Shop::after("sqlite:koohook.db", &[PURCHASE, OTHER]);
    let before = shop.json();
    let done = shop.notices(&["now"]);
    done.check(1, "", "2 notices of 2 instances are selected, and none is changed; give --yes");
    let selected = "  CS1  instance.created  waiting\n  CS2  instance.created  waiting\n";
    done.check(1, "", selected);
    assert_eq!((shop.json(), done.out.as_str()), (before, ""));
    let done = shop.notices(&["now", "--order", "CS1"]);
    done.check(1, "", "1 notice of 1 instance is selected, and none is changed");
}

#[test]
fn a_selection_without_notices_says_why() {
    let shop = Shop::after("sqlite:koohook.db", &[PURCHASE]);
    let unknown = "no purchase and no waiting notice has the order CS3; correct it";
    for command in ["list", "show", "now", "replay"] {
        shop.notices(&[command, "--order", "CS3"]).check(1, "", unknown);
        let done = shop.notices(&[command, "--instance", "CS3"]);
        done.check(1, "", "instance CS3 is not in this store");
    }
    let other = shop.notices(&["list", "--order", "CS1", "--older-than", "1h"]);
    other.check(0, "0 notices", "the other options leave them out");
    let waiting = shop.notices(&["replay", "--order", "CS1"]);
    waiting.check(0, "", "1 waiting notice is not selected; use koohook notices now");

    let mut shop = Shop::open("sqlite:koohook.db");
    shop.product.answer(410);
    let address = shop.start();
    shop.send(&address, PURCHASE);
    let dead = shop.notices(&["now", "--order", "CS1"]);
    dead.check(0, "0 notices will be sent now", "1 dead letter is not selected; add --dead");
    shop.product.answer(200);
    let done = shop.notices(&["now", "--order", "CS1", "--dead", "--yes", "--wait", "1m"]);
    assert!(done.code.is_some(), "{}", done.aside);
}

#[test]
fn a_notice_is_shown_with_its_attempts_and_readable_times() {
    let mut shop = Shop::open("sqlite:koohook.db");
    shop.product.answer(410);
    let address = shop.start();
    shop.send(&address, PURCHASE);
    shop.stop();
    let done = shop.notices(&["show", "--order", "CS1"]);
    done.check(0, "", "");
    let shown: Vec<Value> = serde_json::from_str(&done.out).unwrap();
    let (listed, delivery) = (&shop.json()[0], &shown[0]["delivery"]);
    assert_eq!((&delivery["attempts"], &delivery["isRunning"]), (&1.into(), &false.into()));
    assert_eq!(delivery["failed"][0]["status"], 410);
    for time in [&shown[0]["deadSince"], &delivery["since"], &delivery["failed"][0]["at"]] {
        let time = time.as_str().unwrap();
        assert!(time.len() > 19 && time.ends_with('Z') && time.contains('T'), "{time}");
    }
    assert!(shown[0]["trial"]["since"].is_u64(), "older programs read the stored form");
    // What waits is as old as its change, however late it was given up.
    assert_eq!(listed["deadSince"], shown[0]["deadSince"]);
    assert_eq!(listed["since"], shown[0]["notice"]["timestamp"]);
    assert!(listed["since"].as_str() <= listed["deadSince"].as_str(), "{listed}");
}

fn notices_become_due_and_are_sent(store: &str) {
    let mut shop = Shop::after(store, &[PURCHASE, OTHER]);
    let list = shop.json();
    let done = shop.notices(&["now", "--order", "CS1", "--yes"]);
    done.check(0, "due now\n1 notices will be sent now\n", "\"operator made notices due\"");
    done.check(0, "", "not waited; give --wait 15s to see the outcome");
    let log = done.aside.lines().find(|line| line.contains("operator made")).unwrap();
    let log: Value = serde_json::from_str(log).unwrap();
    assert_eq!((&log["orderId"], &log["count"]), (&"CS1".into(), &1.into()));
    assert_eq!(log["instanceId"], list[0]["instanceId"]);
    let after = shop.json();
    assert_eq!(after[0]["why"], "due now, after 1 attempt: product answered 500");
    assert_eq!(after[1]["nextAttempt"], list[1]["nextAttempt"], "the other instance still waits");
    let again = shop.notices(&["now", "--order", "CS1", "--yes"]);
    again.check(0, "due now\n1 notices will be sent now\n", "");
    assert!(!again.aside.contains("operator made"), "it was due already: {}", again.aside);

    shop.product.answer(202);
    shop.start();
    let done = shop.notices(&["now", "--yes", "--wait", "1m", "--order", "CS2"]);
    done.check(0, "delivered with attempt 2\n", "koohook serve within a second");
    let received = shop.product.received.lock().unwrap().clone();
    let of_last = received.iter().filter(|(id, _)| *id == received.last().unwrap().0);
    assert!(of_last.count() == 2, "both attempts have one id: {received:?}");
}

#[test]
fn notices_become_due_and_are_sent_over_sqlite() {
    notices_become_due_and_are_sent("sqlite:koohook.db");
}

#[test]
fn notices_become_due_and_are_sent_over_redis() {
    let Some(store) = shop::redis("notices") else { return };
    notices_become_due_and_are_sent(&store);
}

#[test]
fn an_attempt_that_fails_again_is_shown() {
    let mut shop = Shop::after("sqlite:koohook.db", &[PURCHASE]);
    shop.product.answer(503);
    shop.start();
    let done = shop.notices(&["now", "--yes", "--wait", "1m"]);
    done.check(1, "after 2 attempts: product answered 503\n", "");
    assert!(done.out.contains("not accepted: next attempt 2"), "{}", done.out);
}

#[test]
fn a_dead_letter_is_sent_before_the_notices_that_it_blocks() {
    let mut shop = Shop::open("sqlite:koohook.db");
    shop.product.answer(410);
    let address = shop.start();
    shop.send(&address, PURCHASE);
    let list = shop.json();
    let id = instances(&list)[0].to_owned();
    let frozen = ["updateInstanceStatus", &format!("instanceId={id}"), "status=FREEZE"];
    shop.send(&address, &frozen);
    shop.stop();
    let list = shop.json();
    assert_eq!((&list[0]["state"], &list[1]["sequence"]), (&"dead".into(), &2.into()), "{list:?}");
    assert_eq!(list[1]["why"], "blocked by the dead instance.created; replay that one first");
    let done = shop.notices(&["now", "--yes"]);
    done.check(
        0,
        "replay that one first; koohook notices now --dead\n0 notices will be sent now",
        "",
    );

    shop.product.answer(202);
    let done = shop.notices(&["now", "--dead", "--yes"]);
    done.check(0, "2 notices will be sent now\n", "\"operator sent notices again\"");
    assert!(done.out.contains("waits for notice 1"), "{}", done.out);
    shop.start();
    let done = shop.notices(&["now", "--yes", "--wait", "1m"]);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.aside);
    assert_eq!(shop.product.sequences(), [1, 1, 2], "in their order, each once after the 410");
}

#[test]
fn a_replay_asks_counts_and_is_logged() {
    let shop = {
        let mut shop = Shop::open("sqlite:koohook.db");
        shop.product.answer(410);
        let address = shop.start();
        [PURCHASE, OTHER].iter().for_each(|call| drop(shop.send(&address, call)));
        shop.stop();
        shop
    };
    let list = shop.json();
    shop.notices(&["replay"]).check(1, "", "2 notices of 2 instances are selected");
    let done = shop.notices(&["replay", "--instance", instances(&list)[0], "--yes"]);
    done.check(0, "due now\n1 notices will be sent again\n", "\"operator sent notices again\"");
    let done = shop.notices(&["replay", "--since", "2026-01-01", "--state", "dead", "-y"]);
    done.check(0, "1 notices will be sent again\n", "");
    let done = shop.notices(&["replay", "--state", "waiting"]);
    done.check(1, "", "use koohook notices now");
    assert!(shop.json().iter().all(|line| line["state"] == "waiting"));
}

/// Decision E3: what the product accepted is delivered.
#[test]
fn a_purchase_that_the_product_accepted_waits_for_its_access_data() {
    let mut shop = Shop::open("sqlite:koohook.db");
    shop.product.answer(202);
    let address = shop.start();
    let answer = shop.send(&address, PURCHASE);
    let id = answer["instanceId"].as_str().unwrap();
    let done = shop.notices(&["list", "--instance", id]);
    done.check(0, "access data  access-data  waits ", "");
    let waits = "1 purchase that the product accepted waits for its PUT of the access data";
    done.check(0, "PUT of the access data\n0 notices\n", waits);
    let now = ["now", "--instance", id, "--type", "instance.created", "--yes"];
    let accepted = "the product accepted instance.created, so koohook does not send it again";
    shop.notices(&now).check(0, "0 notices will be sent now\n", accepted);
    assert_eq!(shop.product.sequences(), [1]);
}
