//! Long lists on their way to the product.

use std::collections::BTreeSet;

use domain::entity::Subject;
use protocol::message::TenantId;
use shell::world::Deadline;
use tests::call::{Bundled, Koohook, PRODUCT_SECRET, run_until_halt};
use tests::product::{Mood, ScriptedProduct, Told};
use tests::test_store::TestStore;

use crate::delivery::*;

// Lists.

const KIT_KEY: &str = "constructed-kit-key-0002";

/// Lists so many departments.
fn list_departments(koohook: &Bundled, count: usize) {
    let now = koohook.world().now_millis();
    let item = |code: usize| format!(r#"{{"orgCode":"{code:05}","orgName":"made up"}}"#);
    let items: Vec<String> = (0..count).map(item).collect();
    let time = simulator::time::in_china(now);
    let body = format!(
        r#"{{"instanceId":"i","orgInfoList":[{}],"tenantId":"t","testFlag":0,"timeStamp":"{time}"}}"#,
        items.join(",")
    );
    let [time, nonce] = [now.to_string(), format!("nonce-{now}")];
    let request = simulator::kit_v2::request(
        tests::call::ADDRESS,
        "allOrgSync",
        KIT_KEY,
        &time,
        &nonce,
        body.as_bytes(),
    );
    let response = run(koohook.answer(request.unwrap()));
    assert_eq!(Answer::read(&response).unwrap().code, "000000");
}

fn listing() -> Bundled {
    let settings = [
        ("KOOHOOK_KIT_KEY", KIT_KEY),
        ("KOOHOOK_PRODUCT_URL", "https://product.example.com/hooks"),
        ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
        ("KOOHOOK_STORE", "memory:"),
    ];
    Koohook::serving(&[functions::ALL_ORG_SYNC], TestStore::new(), &settings)
}

fn run_relay(koohook: &Bundled, seconds: u64) -> RelayReport {
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(seconds)).run()).unwrap()
}

/// What a product heard of a list: each part's number, and how many records it held.
fn parts(product: &ScriptedProduct) -> Vec<(u64, usize)> {
    let part = |told: &Told| {
        let data = &told.body["data"];
        assert_eq!(data["parts"], 20);
        (data["part"].as_u64().unwrap(), data["records"].as_array().unwrap().len())
    };
    product.told().iter().map(part).collect()
}

#[test]
fn a_long_list_arrives_whole_in_parts_in_order_and_its_parts_are_let_go() {
    let koohook = listing();
    let product =
        ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, 200, "ok"));
    list_departments(&koohook, 10_000);
    assert_eq!(product.told().len(), 0, "lists are left to the relay");
    let report = run_relay(&koohook, 50);
    assert_eq!((report.delivered, report.swept.deleted), (1, 20), "told, and its parts let go");
    assert_eq!(parts(&product), (1..=20).map(|part| (part, 500)).collect::<Vec<_>>());
    let records = product.told().into_iter().flat_map(|told| {
        let records = told.body["data"]["records"].as_array().unwrap().clone();
        records.into_iter().map(|record| record["orgCode"].as_str().unwrap().to_owned())
    });
    let expected = (0..10_000).map(|code| format!("{code:05}"));
    assert!(records.eq(expected), "every department, in its place");
}

/// A product that takes a second for each part needs more than a timer's run gives.
#[test]
fn a_list_too_long_for_one_run_goes_on_where_it_stopped() {
    let koohook = listing();
    let product =
        ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::from_secs(1), 200, ""));
    list_departments(&koohook, 10_000);
    let mut delivered = 0;
    for _ in 0..12 {
        delivered += run_relay(&koohook, 8).delivered;
        koohook.world().pass(Duration::from_mins(10));
    }
    assert_eq!(delivered, 1);
    let told: Vec<_> = parts(&product).into_iter().map(|(part, _)| part).collect();
    assert!(told.is_sorted() && told.len() < 25, "{told:?}");
    let mut once = told.clone();
    once.dedup();
    assert_eq!(once, (1..=20).collect::<Vec<_>>());
    let ids: BTreeSet<_> = product.told().into_iter().map(|told| told.id).collect();
    assert_eq!(ids.len(), 20, "each part has a name for ever");
}

/// A process that ends while it sends a part holds the list for a claim, be the list ever so long.
#[test]
fn a_long_list_whose_sender_died_goes_on_after_one_claim() {
    let koohook = listing();
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::Answers(Duration::ZERO, 200, ""));
    list_departments(&koohook, 10_000);
    // Some parts are sent; then the process ends.
    koohook.world().halt_at(40);
    let relay = Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run();
    assert!(run_until_halt(koohook.world(), relay).is_none());
    let sent = product.told().len();
    assert!((3..20).contains(&sent), "{sent} were sent");
    koohook.world().pass(Duration::from_millis(14_999));
    assert_eq!(run_relay(&koohook, 50).delivered, 0, "the claim stands");
    koohook.world().pass(Duration::from_millis(1));
    assert_eq!(run_relay(&koohook, 50).delivered, 1);
    assert_eq!(product.effects().len(), 20);
}

#[test]
fn the_parts_of_a_dead_list_stay_for_as_long_as_it_can_be_replayed() {
    let koohook = listing();
    let product = ScriptedProduct::of(koohook.world(), |_| Mood::Refuses(410, ""));
    list_departments(&koohook, 10_000);
    assert_eq!(run_relay(&koohook, 50).dead, 1);
    koohook.world().pass(Duration::from_hours(1));
    assert_eq!(run_relay(&koohook, 50).swept.deleted, 0);
    product.meets(koohook.world(), |_| Mood::Answers(Duration::ZERO, 200, ""));
    let context = koohook.endpoint.context();
    let repository =
        context.repository(Deadline::after(context.world.elapsed(), Duration::from_secs(4)));
    let instance = InstanceId::parse("i").unwrap();
    let subject = Subject::Departments(Some(instance), TenantId::parse("t").unwrap());
    let slot = run(repository.read(&subject)).unwrap();
    let mut kept = slot.record().cloned().unwrap();
    assert!(kept.outbox.replay(1));
    run(repository.write(&slot, kept)).unwrap();
    assert_eq!(run_relay(&koohook, 50).delivered, 1);
    assert_eq!(product.told().len(), 21);
}
