//! Calls about lists that run concurrently with the relay, with sweeps and with each other
//! (decision C2). The change that another writer made meanwhile decides whether koohook decides the
//! call again and writes its parts again.

use std::collections::BTreeSet;

use domain::decide::list::MAX_WAITING_PARTS;
use domain::record::MAX_VALUE_LEN;
use shell::failure::Failure;
use shell::relay::{Relay, RelayReport};
use shell::repository::{Slot, Start, Update};
use tests::call::run_paused;
use tests::log::Log;
use tests::product::{Mood, READY, ScriptedProduct};

use super::*;

/// A list of `count` people, named by their numbers.
fn people(from: usize, count: usize) -> Value {
    let names: Vec<String> = (from..from + count).map(|number| format!("u{number:07}")).collect();
    users(1, &names.iter().map(String::as_str).collect::<Vec<_>>(), 0)
}

fn relay(kit: &Kit) -> RelayReport {
    run(Relay::new(kit.0.endpoint.context(), Duration::from_secs(50)).run()).unwrap()
}

/// Sends a call that is paused after its read and the writes of `parts` parts. `meanwhile` runs
/// during the pause.
fn call_paused(kit: &Kit, body: &Value, parts: usize, meanwhile: impl FnOnce()) -> String {
    let request = signed(kit.0.world().now_millis(), Contract::V2, "authSync", body);
    kit.0.store().take_counts();
    let before_record = 2 + 2 * parts;
    let response = run_paused(kit.0.world(), before_record, kit.0.answer(request), meanwhile);
    Answer::read(&response).unwrap().code
}

/// The relay settles the notice of an earlier call after a call wrote its parts and before it
/// writes the entity record.
#[test]
fn a_concurrent_settlement_costs_one_more_write_and_no_part() {
    let (kit, here) = (Kit::new(), users_of("inst-1"));
    ScriptedProduct::of(kit.0.world(), |_| READY);
    assert_eq!(kit.call(Contract::V2, "authSync", &people(0, 3)), "000000");
    let code = call_paused(&kit, &people(3, 3), 1, || {
        assert_eq!(relay(&kit).delivered, 1);
        kit.0.store().take_counts();
    });
    assert_eq!(code, "000000");
    // The entity record is written twice: the first write loses the race.
    assert_eq!(
        kit.0.store().take_counts(),
        (0, 2),
        "no part is written again, and there is no read"
    );
    let kept = kit.kept(&here).unwrap();
    assert_eq!(kit.list(&here).head.rows(), 6);
    let waiting: Vec<_> = kept.outbox.waiting.iter().map(|notice| notice.sequence()).collect();
    assert_eq!(waiting, [2], "a settled notice must not wait again");
    assert!(kit.list(&here).unused.is_empty() || relay(&kit).troubled == 0);
}

/// Another call was faster and changed the list, so koohook decides the call again.
#[test]
fn a_call_is_decided_again_if_its_list_changed_meanwhile() {
    let (kit, here) = (Kit::new(), users_of("inst-1"));
    let code = call_paused(&kit, &people(0, 3), 1, || {
        assert_eq!(kit.call(Contract::V2, "authSync", &people(3, 3)), "000000");
        kit.0.store().take_counts();
    });
    assert_eq!(code, "000000");
    assert_eq!(kit.0.store().take_counts(), (0, 3), "a lost write, the part again, and the record");
    assert_eq!(kit.list(&here).head.rows(), 6);
    let sent: Vec<_> = kit.notices(&here).iter().map(|notice| notice.column("userName")).collect();
    assert_eq!(sent, [["u0000003", "u0000004", "u0000005"], ["u0000000", "u0000001", "u0000002"]]);
}

/// A writer's process may be suspended, with its clock, for longer than the rest time of unused
/// parts. The writer must then not refer to parts that a sweep deleted.
#[test]
fn a_writer_whose_parts_were_swept_writes_them_again() {
    for earlier in [0, 3] {
        let (kit, here) = (Kit::new(), users_of("inst-1"));
        if earlier > 0 {
            assert_eq!(kit.call(Contract::V2, "authSync", &people(100, earlier)), "000000");
        }
        let now = kit.0.world().now_millis();
        let code = call_paused(&kit, &people(0, 3), 1, || {
            kit.0.world().set_now(now + 2 * 3_600_000);
            assert_eq!(relay(&kit).swept.deleted, 1, "the part of the paused writer");
            kit.0.world().set_now(now);
        });
        assert_eq!(code, "000000");
        // The parts of the notice must be readable.
        let sent = kit.notices(&here).pop().unwrap();
        assert_eq!(sent.column("userName"), ["u0000000", "u0000001", "u0000002"]);
        assert_eq!(kit.list(&here).head.rows(), 3 + earlier);
    }
}

/// The number of waiting parts that the product's page states is reached, even with the longest
/// plain identifiers. The next call is rejected before any of its parts is written.
#[test]
fn the_number_of_waiting_parts_is_limited() {
    let kit = Kit::new();
    let long = |letter: &str| letter.repeat(64);
    let call = |number: usize| {
        let mut body = people(number, 1);
        body["instanceId"] = long("i").into();
        body["tenantId"] = long("t").into();
        body["appId"] = long("a").into();
        kit.cost(Contract::V2, "authSync", &body)
    };
    for number in 0..MAX_WAITING_PARTS {
        assert_eq!(call(number).0, "000000", "part {number}");
    }
    assert_eq!(
        call(MAX_WAITING_PARTS),
        ("000005".to_owned(), (1, 0)),
        "a rejected call writes nothing"
    );
    let id = InstanceId::parse(&long("i")).ok();
    let (tenant, app) = (TenantId::parse(&long("t")).unwrap(), AppId::parse(&long("a")).unwrap());
    let kept = kit.kept(&Subject::Users(id, tenant, app)).unwrap();
    // There must also be room for the longest head: 512 references of 40 bytes each.
    let len = kept.to_bytes().unwrap().len();
    assert!(len + 512 * 40 < MAX_VALUE_LEN, "{len}");
    ScriptedProduct::of(kit.0.world(), |_| READY);
    while relay(&kit).delivered > 0 {}
    assert_eq!(call(MAX_WAITING_PARTS).0, "000000", "after the deliveries, a new call is accepted");
}

/// koohook also rejects a value that would be too long before it writes the parts.
#[test]
fn a_list_that_is_too_long_for_its_value_is_rejected_before_its_parts() {
    let (kit, here) = (Kit::new(), users_of("inst-1"));
    assert_eq!(kit.call(Contract::V2, "authSync", &people(0, 3)), "000000");
    let mut kept = kit.kept(&here).unwrap();
    let len = kept.to_bytes().unwrap().len();
    let Entity::KitList(list) = &mut kept.entity else { panic!("the stored entity is not a list") };
    let name = |number: u32| {
        let mut name = [0; 16];
        name[..4].copy_from_slice(&number.to_be_bytes());
        PartName::new(name)
    };
    let room = MAX_VALUE_LEN - 2_000 - len;
    // A name costs 16 bytes, in base64.
    list.unused = (0..).map(name).take(room / 4 * 3 / 16).collect();
    assert!((MAX_VALUE_LEN - 3_000..MAX_VALUE_LEN).contains(&kept.to_bytes().unwrap().len()));
    let context = kit.0.endpoint.context();
    let repository =
        context.repository(Deadline::after(context.world.elapsed(), Duration::from_secs(4)));
    let slot = run(repository.read(&here)).unwrap();
    run(repository.write(&slot, kept)).unwrap();
    let rejected = kit.cost(Contract::V2, "authSync", &people(3, 500));
    assert_eq!(rejected, ("000005".to_owned(), (1, 0)));
    assert_eq!(
        kit.call(Contract::V2, "authSync", &people(0, 3)),
        "000000",
        "a repeat writes nothing"
    );
}

/// A time more than ten minutes in the future counts as now, in the stored value and in the notice.
#[test]
fn a_list_dated_in_the_future_counts_as_now() {
    let hour = 3_600_000;
    for (page, body, subject) in [
        ("authSync", users(1, &["a"], hour), users_of("inst-1")),
        ("allOrgSync", all(&[("1", "A", "")], hour), departments_of("inst-1")),
        ("singleOrgSync", single(1, "1", "A", "", hour), departments_of("inst-1")),
    ] {
        let kit = Kit::new();
        let log = Log::default();
        let keep = log.keep();
        assert_eq!(kit.call(Contract::V2, page, &body), "000000");
        drop(keep);
        let line = log.callbacks().pop().unwrap();
        assert_eq!((&line["level"], &line["remarks"]), (&json!("WARN"), &json!("signed-ahead")));
        let sent = kit.notices(&subject).pop().unwrap().data;
        let time = sent.get("listTime").or(sent.get("changeTime")).unwrap();
        assert_eq!(time, &json!(UnixMillis::new(NOW).to_rfc3339()), "{page}");
    }
}

/// A list must not overwrite a value of another kind.
#[test]
fn a_list_does_not_replace_a_value_of_another_kind() {
    let (kit, here) = (Kit::new(), users_of("inst-1"));
    let tenant =
        EntityRecord::new(Entity::Tenant(Dated { at: UnixMillis::new(NOW), standing: None }));
    let context = kit.0.endpoint.context();
    let repository =
        context.repository(Deadline::after(context.world.elapsed(), Duration::from_secs(4)));
    let slot = run(repository.read(&here)).unwrap();
    run(repository.write(&slot, tenant.clone())).unwrap();
    assert_eq!(kit.cost(Contract::V2, "authSync", &people(0, 3)), ("000005".to_owned(), (1, 0)));
    assert_eq!(kit.kept(&here).unwrap().entity, tenant.entity);
}

/// A call must not fail because the product is slow or because the relay settles a notice
/// meanwhile.
#[test]
fn sequential_calls_succeed_while_the_relay_is_busy() {
    let kit = Kit::new();
    let product =
        ScriptedProduct::of(kit.0.world(), |_| Mood::Answers(Duration::from_millis(20), 200, "{}"));
    kit.0.world().lag(Duration::from_millis(5));
    for number in 0..20 {
        let now = kit.0.world().now_millis();
        let request = signed(now, Contract::V2, "authSync", &people(number * 10, 10));
        let relay = Relay::new(kit.0.endpoint.context(), Duration::from_secs(50)).run();
        let (response, report) = run(futures_util::future::join(kit.0.answer(request), relay));
        assert_eq!(Answer::read(&response).unwrap().code, "000000", "call {number}");
        assert_eq!(report.unwrap().failed, 0);
    }
    while relay(&kit).delivered > 0 {}
    assert_eq!(product.effects().len(), 20);
}

/// A decision that asks for parts that it already has is a bug of koohook. Its call must still end.
#[test]
fn a_decision_that_repeats_its_request_ends_by_the_deadline() {
    let (kit, here) = (Kit::new(), users_of("inst-1"));
    let context = kit.0.endpoint.context();
    let repository =
        context.repository(Deadline::after(context.world.elapsed(), Duration::from_secs(4)));
    let ask = |_: &Slot| Ok::<Update<()>, Failure>(Update::Read(BTreeSet::new()));
    let ended = run(repository.update(Start::Subject(&here), ask));
    assert_eq!(ended.map(drop), Err(Failure::Contended));
}
