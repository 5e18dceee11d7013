//! Each kind of alarm, fired by its fault.

use std::time::Duration;

use domain::instance::id::derive;
use domain::usage::{
    InstanceUsage, Quantity, RecordVerdict, ReportedRecord, UsageCycle, UsageLife, UsageWindow,
};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use shell::failure::Failure;
use shell::repository::RecordUpdate;
use shell::world::{Deadline, World};
use tests::call::run;
use tests::log::Log;

use super::scene::{AlarmScene, MINUTE};

const READY: &str = r#"{"appInfo":{"frontEndUrl":"https://app.example.com/i"}}"#;

/// The fault is seen each minute for an hour and some minutes.
fn lasting(scene: &AlarmScene, kind: &str) {
    let began = [format!("{kind} began")];
    assert_eq!(scene.peers.take_said(), began, "one message at the start");
    scene.relay_for(59);
    assert_eq!(scene.peers.take_said(), [""; 0], "none within the hour");
    scene.relay_for(8);
    assert_eq!(scene.peers.take_said(), [format!("{kind} lasts")], "one after an hour");
}

fn over(scene: &AlarmScene, kind: &str) {
    scene.relay_for(9);
    assert_eq!(scene.peers.take_said(), [""; 0], "it is not over at once");
    scene.relay_for(8);
    assert_eq!(scene.peers.take_said(), [format!("{kind} ended")], "one at its end");
    scene.relay_for(240);
    assert_eq!(scene.peers.take_said(), [""; 0], "and no more");
}

#[test]
fn nothing_is_said_of_a_koohook_that_is_well() {
    let scene = AlarmScene::new();
    scene.store().set_ahead(0);
    assert_eq!(scene.buy("CS1"), "000004");
    scene.relay().unwrap();
    scene.relay_for(300);
    assert_eq!(scene.peers.posts(), 0);
}

#[test]
fn a_product_that_is_down_is_told() {
    let scene = AlarmScene::new();
    scene.peers.set_product(503, "");
    // Purchases come all the time. A first failure is no trouble yet.
    scene.buy("CS1");
    scene.relay().unwrap();
    assert_eq!(scene.peers.posts(), 0);
    scene.relay_for(1);
    assert_eq!(scene.peers.take_said(), ["product-down began"]);
    let texts = scene.peers.texts();
    assert!(
        texts.contains("koohook: the product does not accept notices\nsince 2026-10-05 21:10 UTC")
    );
    assert!(texts.contains("type: koohook check\nread: docs/alarms.md#product-down"), "{texts}");
    // The purchase also waits long, and its notice is given up only after three days.
    scene.relay_for(300);
    let said = scene.peers.take_said();
    let of = |kind: &str| said.iter().filter(|it| it.starts_with(kind)).count();
    assert_eq!(of("purchases-pending began"), 1, "{said:?}");
    assert!((4..=5).contains(&of("product-down lasts")), "{said:?}");
    assert_eq!(said.iter().filter(|it| it.ends_with("ended")).count(), 0, "{said:?}");
    scene.peers.set_product(200, READY);
    scene.relay_for(90);
    let mut said = scene.peers.take_said();
    said.retain(|it| it.ends_with("ended"));
    said.sort();
    assert_eq!(said, ["product-down ended", "purchases-pending ended"]);
}

#[test]
fn dead_letters_are_told_until_an_operator_sends_them_again() {
    let scene = AlarmScene::new();
    scene.buy("CS1");
    scene.relay().unwrap();
    scene.peers.set_product(410, "");
    let id = derive("CS1", Some("CS1-1"), None).to_string();
    scene.koohook.world().pass(Duration::from_secs(40));
    let members =
        [("activity", "updateInstanceStatus"), ("instanceId", &*id), ("status", "FREEZE")];
    assert_eq!(run(scene.koohook.v2(&members)).code, "000000");
    scene.relay().unwrap();
    lasting(&scene, "notices-dead");
    assert_eq!(run(scene.koohook.kept(&id)).unwrap().outbox.dead.len(), 1);
    // An operator's replay ends with the same record: the dead letter waits again.
    let mut record = run(scene.koohook.kept(&id)).unwrap();
    record.outbox.dead.clear();
    scene.koohook.world().pass(Duration::from_millis(1));
    rewrite(&scene, &id, record);
    over(&scene, "notices-dead");
}

/// Writes a record as the repository does, so that the agenda follows.
fn rewrite(scene: &AlarmScene, id: &str, record: domain::record::EntityRecord) {
    let context = scene.koohook.endpoint.context();
    let repository = context.repository(Deadline::after(context.world.elapsed(), MINUTE));
    let subject = domain::entity::Subject::Instance(InstanceId::parse(id).unwrap());
    let slot = run(repository.read(&subject)).unwrap();
    run(repository.write(&slot, record)).unwrap();
}

#[test]
fn purchases_that_wait_long_are_told_after_30_minutes() {
    let scene = AlarmScene::new();
    scene.peers.set_product(202, "");
    scene.buy("CS1");
    scene.relay().unwrap();
    scene.relay_for(29);
    assert_eq!(scene.peers.posts(), 0);
    scene.relay_for(1);
    let alarm = scene.peers.last();
    assert_eq!(
        (&alarm["count"], &alarm["command"]),
        (&1.into(), &"koohook instances list --state pending --older-than 30m --all".into(),)
    );
    lasting(&scene, "purchases-pending");
    let id = derive("CS1", Some("CS1-1"), None).to_string();
    let members = [
        ("activity", "releaseInstance"),
        ("instanceId", &*id),
        ("orderId", "CS1"),
        ("orderLineId", "CS1-9"),
    ];
    assert_eq!(run(scene.koohook.v2(&members)).code, "000000");
    over(&scene, "purchases-pending");
}

#[test]
fn abandoned_purchases_are_told() {
    let scene = AlarmScene::new();
    scene.peers.set_product(202, "");
    assert_eq!(scene.buy_v1("CS1"), "000004");
    scene.relay().unwrap();
    scene.relay_for(240);
    let said = scene.peers.take_said();
    let abandoned: Vec<_> =
        said.iter().filter(|it| it.starts_with("purchases-abandoned")).collect();
    assert_eq!(abandoned, ["purchases-abandoned began"], "{said:?}");
    scene.relay_for(60);
    let said = scene.peers.take_said();
    assert!(said.contains(&"purchases-abandoned ended".to_owned()), "{said:?}");
    assert!(said.iter().all(|it| it.ends_with("ended")), "{said:?}");
}

#[test]
fn clocks_that_differ_are_told() {
    let scene = AlarmScene::new();
    scene.store().set_ahead(-31_000);
    scene.relay().unwrap();
    assert_eq!(scene.peers.last()["count"], 31);
    lasting(&scene, "clocks-differ");
    scene.store().set_ahead(29_000);
    over(&scene, "clocks-differ");
}

/// Stores one window of the hour before, as the endpoint does.
fn report_usage(scene: &AlarmScene, id: &str) {
    let context = scene.koohook.endpoint.context();
    let repository = context.repository(Deadline::after(context.world.elapsed(), MINUTE));
    let now = World::now(&context.world);
    let end = now.millis() / 3_600_000 * 3_600_000;
    let window = UsageWindow::new(UnixMillis::new(end - 3_600_000), UnixMillis::new(end)).unwrap();
    let instance_id = InstanceId::parse(id).unwrap();
    let slot = run(repository.read_usage(&instance_id)).unwrap();
    let written = run(repository.update_usage(slot, |slot| {
        let new = || InstanceUsage::new(instance_id.clone());
        let mut usage = slot.record().cloned().unwrap_or_else(new);
        let (quantity, instance_id) = (Quantity::parse("1.5").unwrap(), instance_id.clone());
        let reported = ReportedRecord { instance_id, window, quantity, package: None };
        let verdict = usage.accept(&reported, UsageLife::default(), UsageCycle::Hourly, now);
        assert!(matches!(verdict, RecordVerdict::Accepted { .. }), "{verdict:?}");
        Ok::<_, Failure>(RecordUpdate::Write(usage, ()))
    }));
    written.unwrap();
}

#[test]
fn late_usage_is_told_until_the_marketplace_receives_it() {
    let scene = AlarmScene::new();
    scene.peers.set_marketplace(503, "");
    report_usage(&scene, "i-1");
    // The window ended nine minutes before. It is late 60 minutes after its end.
    scene.relay().unwrap();
    scene.relay_for(49);
    assert_eq!(scene.peers.posts(), 0);
    scene.relay_for(10);
    assert_eq!(scene.peers.take_said(), ["usage-late began"]);
    // The window is late once more after 90 minutes, and is told an hour after the first message.
    scene.relay_for(70);
    assert_eq!(scene.peers.take_said(), ["usage-late lasts"]);
    scene.peers.set_marketplace(200, r#"{"error_code":"MKT.0000"}"#);
    scene.relay_for(20);
    assert_eq!(scene.peers.take_said(), ["usage-late ended"]);
}

#[test]
fn a_rejected_key_of_usage_is_told() {
    let scene = AlarmScene::new();
    scene.peers.set_marketplace(401, r#"{"error_code":"MKT.0154"}"#);
    report_usage(&scene, "i-1");
    scene.relay().unwrap();
    scene.relay_for(15);
    assert_eq!(scene.peers.take_said(), ["usage-key began"]);
    scene.peers.set_marketplace(200, r#"{"error_code":"MKT.0000"}"#);
    scene.relay_for(90);
    let said = scene.peers.take_said();
    assert_eq!(said.iter().filter(|it| *it == "usage-key ended").count(), 1, "{said:?}");
}

#[test]
fn a_store_that_is_down_is_told_from_the_memory_of_each_process() {
    let scene = AlarmScene::new();
    scene.relay().unwrap();
    scene.store().set_down(true);
    scene.relay_for(1);
    lasting(&scene, "store-down");
    scene.store().set_down(false);
    over(&scene, "store-down");
}

#[test]
fn what_people_were_told_cannot_be_read_while_the_store_is_down() {
    let scene = AlarmScene::new();
    let log = Log::default();
    let _kept = log.keep();
    scene.relay().unwrap();
    scene.store().set_down(true);
    scene.koohook.world().pass(MINUTE);
    scene.relay().unwrap_err();
    scene.store().set_down(false);
    scene.relay_for(3);
    let text = log.text();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("alarms ")).collect();
    let [began, ended] = lines.as_slice() else { panic!("{text}") };
    assert!(began.contains("WARN") && began.contains("alarms cannot be read or written"));
    assert!(ended.contains("alarms are read and written again"));
}

/// Calls fail because the store is down. Both are told, also while nothing can be stored.
#[test]
fn failed_calls_are_told_with_their_count() {
    let scene = AlarmScene::new();
    scene.relay().unwrap();
    scene.store().set_down(true);
    for order in ["CS1", "CS2", "CS3"] {
        assert_eq!(scene.buy(order), "000005");
    }
    scene.relay_for(1);
    assert_eq!(scene.peers.last()["count"], 3);
    assert_eq!(scene.peers.take_said(), ["calls-failed began", "store-down began"]);
    scene.store().set_down(false);
    scene.buy("CS4");
    scene.relay_for(9);
    assert_eq!(scene.peers.take_said(), [""; 0]);
    scene.relay_for(60);
    let mut said = scene.peers.take_said();
    said.sort();
    assert_eq!(said, ["calls-failed ended", "store-down ended"]);
}
