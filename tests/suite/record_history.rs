//! A record keeps the newest events of its entity and how its newest notices ended (decision I4). An
//! operator reads them; no answer depends on them.

use std::time::Duration;

use domain::entity::Entity;
use domain::history::{CallOutcome, Event, EventKind, MAX_EVENTS, OtherEvent};
use domain::instance::{Access, Instance};
use domain::notice::{NoticeDraft, NoticeType};
use domain::outbox::{EndKind, MAX_ENDS, Reader};
use domain::record::{EntityRecord, MAX_VALUE_LEN};
use domain::usage::UsageLife;
use protocol::message::{Activity, InstanceId, OrderId, OrderLineId};
use protocol::time::UnixMillis;
use tests::call::{Bundled, SETTINGS, WITH_PRODUCT, koohook, run};
use tests::world::NOW;

fn buy(koohook: &Bundled, order: &str) -> InstanceId {
    let answer = run(koohook.v2(&[
        ("activity", "newInstance"),
        ("businessId", "made-up-business"),
        ("orderId", order),
        ("orderLineId", &format!("{order}-1")),
    ]));
    InstanceId::parse(answer.instance_id.as_deref().unwrap()).unwrap()
}

fn refresh(koohook: &Bundled, id: &InstanceId, order: &str, expire: &str) -> String {
    let answer = run(koohook.v2(&[
        ("activity", "refreshInstance"),
        ("scene", "RENEWAL"),
        ("instanceId", id.as_str()),
        ("orderId", order),
        ("orderLineId", &format!("{order}-1")),
        ("expireTime", expire),
    ]));
    answer.code
}

fn kept(koohook: &Bundled, id: &InstanceId) -> EntityRecord {
    run(koohook.kept(id.as_str())).unwrap()
}

fn event(activity: Activity, order: &str, outcome: CallOutcome) -> Event {
    Event {
        at: UnixMillis::new(NOW),
        what: EventKind::Call(activity),
        order: Some(OrderId::parse(order).unwrap()),
        line: Some(OrderLineId::parse(&format!("{order}-1")).unwrap()),
        outcome,
    }
}

#[test]
fn each_written_call_is_an_event_with_its_order_and_outcome() {
    let koohook = koohook(&SETTINGS);
    let id = buy(&koohook, "CS1");
    assert_eq!(refresh(&koohook, &id, "CS2", "20300101000000"), "000000");
    assert_eq!(refresh(&koohook, &id, "CS2", "20300101000000"), "000000", "a repeat");
    koohook.world().pass(Duration::from_secs(1));
    assert_eq!(refresh(&koohook, &id, "CS3", "20290101000000"), "000000", "moves back");
    let events = kept(&koohook, &id).events;
    let moved_back = event(Activity::RefreshInstance, "CS3", CallOutcome::NoEffect);
    let expected = [
        event(Activity::NewInstance, "CS1", CallOutcome::Applied),
        event(Activity::RefreshInstance, "CS2", CallOutcome::Applied),
        Event { at: UnixMillis::new(NOW + 1_000), ..moved_back },
    ];
    assert_eq!(events, expected, "a repeat writes nothing, so it is no event");
}

#[test]
fn a_record_keeps_its_newest_32_events() {
    let koohook = koohook(&SETTINGS);
    let id = buy(&koohook, "CS1");
    for number in 0..40 {
        let expire = format!("{}{:02}01000000", 2030 + number / 12, number % 12 + 1);
        refresh(&koohook, &id, &format!("CS-{number}"), &expire);
    }
    let events = kept(&koohook, &id).events;
    assert_eq!(events.len(), MAX_EVENTS);
    let orders = [events.first(), events.last()].map(|event| event.unwrap().order.clone().unwrap());
    assert_eq!(orders.map(String::from), ["CS-8", "CS-39"]);
}

#[test]
fn a_record_knows_when_its_entity_last_changed() {
    let koohook = koohook(&SETTINGS);
    let id = buy(&koohook, "CS1");
    koohook.world().pass(Duration::from_secs(9));
    refresh(&koohook, &id, "CS2", "20300101000000");
    let changed = UnixMillis::new(NOW + 9_000);
    assert_eq!(kept(&koohook, &id).changed, Some(changed));
    koohook.world().pass(Duration::from_secs(9));
    refresh(&koohook, &id, "CS3", "20290101000000");
    assert_eq!(kept(&koohook, &id).changed, Some(changed), "the expiry stayed");
}

/// An upgrade changes no member that a list shows, but it is the newest change.
#[test]
fn an_upgrade_is_a_change_and_its_repeat_is_none() {
    let koohook = koohook(&SETTINGS);
    let id = buy(&koohook, "CS1");
    let upgrade = [
        ("activity", "upgradeInstance"),
        ("instanceId", id.as_str()),
        ("orderId", "CS2"),
        ("orderLineId", "CS2-1"),
        ("productId", "OFFI-made-up"),
    ];
    for passed in [9, 18] {
        koohook.world().pass(Duration::from_secs(9));
        assert_eq!(run(koohook.v2(&upgrade)).code, "000000", "after {passed} s");
        assert_eq!(kept(&koohook, &id).changed, Some(UnixMillis::new(NOW + 9_000)));
    }
}

/// The text of a record that the version before the history wrote.
const OLD: &str = r#"{"schema":1,"entity":{"instance":{"id":"i-1","order_id":"CS1","state":"active","access":"pending","newest":{}}},"ledger":{"rows":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"outbox":{"sequence":1,"waiting":[{"type":"instance.created","at":1,"data":{"sequence":1}}],"dropped":0}}"#;

#[test]
fn a_record_of_schema_1_is_read_and_gets_its_history_from_then_on() {
    let koohook = koohook(&WITH_PRODUCT);
    let old = EntityRecord::from_bytes(OLD.as_bytes()).unwrap();
    assert_eq!((old.events.len(), old.ids.clone(), old.changed), (0, None, None));
    run(koohook.keep_bytes("i-1", &[b"\0", OLD.as_bytes()].concat()));
    let id = InstanceId::parse("i-1").unwrap();
    assert_eq!(refresh(&koohook, &id, "CS2", "20300101000000"), "000000");
    let new = kept(&koohook, &id);
    assert_eq!(new.events, [event(Activity::RefreshInstance, "CS2", CallOutcome::Applied)]);
    assert!(String::from_utf8(new.to_bytes().unwrap()).unwrap().starts_with(r#"{"schema":3,"#));
    let Entity::Instance(instance) = new.entity else { panic!("an instance stays one") };
    assert_eq!(instance.wait.map(|wait| wait.since), Some(UnixMillis::new(NOW)));
}

/// The text of a record that the version before usage wrote: `koohook import` of one row.
const WITHOUT_USAGE: &str = r#"{"schema":2,"entity":{"instance":{"id":"i-1","order_id":"CS1","state":"active","access":{"ready":{"frontEndUrl":"https://app.example.com"}},"newest":{"status":1795742693652,"refresh":1795742693652,"upgrade":1795742693652}}},"ledger":{"rows":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"outbox":{"sequence":0,"waiting":[],"dropped":0},"events":[{"at":1795742753652,"what":"imported","outcome":"applied"}],"changed":1795742753652}"#;

/// Its beginning stays unknown, so its usage is not checked against it (decision J2).
#[test]
fn a_record_of_schema_2_is_read_and_gets_its_end_but_no_beginning() {
    let koohook = koohook(&SETTINGS);
    run(koohook.keep_bytes("i-1", &[b"\0", WITHOUT_USAGE.as_bytes()].concat()));
    let members = [
        ("activity", "releaseInstance"),
        ("instanceId", "i-1"),
        ("orderId", "CS2"),
        ("orderLineId", "CS2-1"),
    ];
    koohook.world().pass(Duration::from_millis(1_999));
    assert_eq!(run(koohook.v2(&members)).code, "000000");
    let id = InstanceId::parse("i-1").unwrap();
    let new = kept(&koohook, &id);
    let text = String::from_utf8(new.to_bytes().unwrap()).unwrap();
    assert!(text.starts_with(r#"{"schema":3,"#), "an older koohook would lose the end: {text}");
    let Entity::Instance(instance) = new.entity else { panic!("an instance stays one") };
    let ends = Some(UnixMillis::new(NOW + 1_000));
    assert_eq!(instance.usage_life(), UsageLife { begins: None, ends });
    assert_eq!((instance.charging(), instance.usage_kind()), (None, None));
    let again = EntityRecord::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(again.entity, Entity::Instance(instance));
}

fn instance() -> EntityRecord {
    let (id, order) = (InstanceId::parse("i-1").unwrap(), OrderId::parse("CS1").unwrap());
    EntityRecord::new(Instance::created(id, order, Access::Pending).into())
}

#[test]
fn a_record_keeps_how_its_newest_32_notices_ended() {
    let mut record = instance();
    let now = UnixMillis::new(NOW);
    for _ in 0..MAX_ENDS + 100 {
        let draft = NoticeDraft::of_time(NoticeType::Renewed);
        record.outbox.append(vec![draft], Reader::Operator, now);
    }
    let ends = &record.outbox.ends;
    assert_eq!(ends.len(), MAX_ENDS);
    assert!(ends.iter().all(|end| (end.how, end.attempts) == (EndKind::Dropped, 0)));
    assert_eq!(ends.last().map(|end| end.sequence), Some(68), "the newest 64 of 132 wait");
}

/// The longest history is shorter than the room that the other members leave. Without that room, the
/// history is lost and the change is not.
#[test]
fn a_history_never_makes_a_record_too_long() {
    let mut record = instance();
    let now = UnixMillis::new(NOW);
    record.outbox.append(vec![NoticeDraft::of_time(NoticeType::Renewed)], Reader::Product, now);
    for notice in &mut record.outbox.waiting {
        notice.data.insert("long".to_owned(), "x".repeat(MAX_VALUE_LEN - 1_000).into());
    }
    let short = record.to_bytes().unwrap();
    for _ in 0..MAX_EVENTS {
        record.add_event(Event::other(OtherEvent::Imported, now));
    }
    assert_eq!(record.to_bytes().unwrap(), short, "the history is left out");
    for notice in &mut record.outbox.waiting {
        notice.data.insert("more".to_owned(), "x".repeat(1_000).into());
    }
    assert!(record.to_bytes().is_err());
}
