//! Calls about lists beside our own relay, beside sweeps, and beside each other (decision C2): what
//! changed in between decides whether a call is decided again, and whether its parts are made
//! again.

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

/// So many people by their accounts.
fn people(from: usize, count: usize) -> Value {
    let names: Vec<String> = (from..from + count).map(|number| format!("u{number:07}")).collect();
    users(1, &names.iter().map(String::as_str).collect::<Vec<_>>(), 0)
}

fn relay(kit: &Kit) -> RelayReport {
    run(Relay::new(kit.0.endpoint.context(), Duration::from_secs(50)).run()).unwrap()
}

/// Calls, and is paused behind its read and the writes of so many parts; meanwhile others work.
fn call_paused(kit: &Kit, body: &Value, parts: usize, meanwhile: impl FnOnce()) -> String {
    let request = signed(kit.0.world().now_millis(), Contract::V2, "authSync", body);
    kit.0.store().take_counts();
    let before_head = 2 + 2 * parts;
    let response = run_paused(kit.0.world(), before_head, kit.0.answer(request), meanwhile);
    Answer::read(&response).unwrap().code
}

/// The relay settles the notice of an earlier call between a call's parts and its head.
#[test]
fn a_notice_that_the_relay_settled_meanwhile_costs_one_more_write_and_no_part() {
    let (kit, here) = (Kit::new(), users_of("inst-1"));
    ScriptedProduct::of(kit.0.world(), |_| READY);
    assert_eq!(kit.call(Contract::V2, "authSync", &people(0, 3)), "000000");
    let code = call_paused(&kit, &people(3, 3), 1, || {
        assert_eq!(relay(&kit).delivered, 1);
        kit.0.store().take_counts();
    });
    assert_eq!(code, "000000");
    // Its head, once in vain and once again.
    assert_eq!(kit.0.store().take_counts(), (0, 2), "no part is made anew, nothing is read");
    let kept = kit.kept(&here).unwrap();
    assert_eq!(kit.list(&here).head.rows(), 6);
    let waiting: Vec<_> = kept.outbox.waiting.iter().map(|notice| notice.sequence()).collect();
    assert_eq!(waiting, [2], "what was settled stays settled");
    assert!(kit.list(&here).unused.is_empty() || relay(&kit).troubled == 0);
}

/// Another call was faster: the list is another, and the call is decided anew.
#[test]
fn a_list_that_changed_meanwhile_is_decided_again() {
    let (kit, here) = (Kit::new(), users_of("inst-1"));
    let code = call_paused(&kit, &people(0, 3), 1, || {
        assert_eq!(kit.call(Contract::V2, "authSync", &people(3, 3)), "000000");
        kit.0.store().take_counts();
    });
    assert_eq!(code, "000000");
    assert_eq!(kit.0.store().take_counts(), (0, 3), "a head in vain, its part anew, its head");
    assert_eq!(kit.list(&here).head.rows(), 6);
    let told: Vec<_> = kit.notices(&here).iter().map(|notice| notice.column("userName")).collect();
    assert_eq!(told, [["u0000003", "u0000004", "u0000005"], ["u0000000", "u0000001", "u0000002"]]);
}

/// A writer that was frozen with its process for longer than parts rest must not refer to parts
/// that a sweep let go: its own clock may have stood still.
#[test]
fn a_writer_that_a_sweep_overtook_makes_its_parts_anew() {
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
        // Whatever is told can be read.
        let told = kit.notices(&here).pop().unwrap();
        assert_eq!(told.column("userName"), ["u0000000", "u0000001", "u0000002"]);
        assert_eq!(kit.list(&here).head.rows(), 3 + earlier);
    }
}

/// The number that the product's page names is reached, under the longest plain identifiers; one
/// more is refused before any of its parts is written.
#[test]
fn as_many_parts_wait_as_the_page_says_and_no_more() {
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
    assert_eq!(call(MAX_WAITING_PARTS), ("000005".to_owned(), (1, 0)), "nothing was written");
    let id = InstanceId::parse(&long("i")).ok();
    let (tenant, app) = (TenantId::parse(&long("t")).unwrap(), AppId::parse(&long("a")).unwrap());
    let kept = kit.kept(&Subject::Users(id, tenant, app)).unwrap();
    // Beside them the longest head, whose 512 references take 40 bytes of text each.
    let len = kept.to_bytes().unwrap().len();
    assert!(len + 512 * 40 < MAX_VALUE_LEN, "{len}");
    ScriptedProduct::of(kit.0.world(), |_| READY);
    while relay(&kit).delivered > 0 {}
    assert_eq!(call(MAX_WAITING_PARTS).0, "000000", "once the product took them there is room");
}

/// A value that would not fit is refused before its parts are written as well.
#[test]
fn a_list_that_does_not_fit_its_value_is_refused_before_its_parts() {
    let (kit, here) = (Kit::new(), users_of("inst-1"));
    assert_eq!(kit.call(Contract::V2, "authSync", &people(0, 3)), "000000");
    let mut kept = kit.kept(&here).unwrap();
    let len = kept.to_bytes().unwrap().len();
    let Entity::KitList(list) = &mut kept.entity else { panic!("a list is kept") };
    let name = |number: u32| {
        let mut name = [0; 16];
        name[..4].copy_from_slice(&number.to_be_bytes());
        PartName::new(name)
    };
    let room = MAX_VALUE_LEN - 2_000 - len;
    // A name takes 16 bytes, in base64.
    list.unused = (0..).map(name).take(room / 4 * 3 / 16).collect();
    assert!((MAX_VALUE_LEN - 3_000..MAX_VALUE_LEN).contains(&kept.to_bytes().unwrap().len()));
    let context = kit.0.endpoint.context();
    let repository =
        context.repository(Deadline::after(context.world.elapsed(), Duration::from_secs(4)));
    let slot = run(repository.read(&here)).unwrap();
    run(repository.write(&slot, kept)).unwrap();
    let refused = kit.cost(Contract::V2, "authSync", &people(3, 500));
    assert_eq!(refused, ("000005".to_owned(), (1, 0)));
    assert_eq!(
        kit.call(Contract::V2, "authSync", &people(0, 3)),
        "000000",
        "a repeat writes nothing"
    );
}

/// Signed or dated more than ten minutes ahead counts as now, on the record and at the product.
#[test]
fn a_list_dated_ahead_counts_as_now_and_is_told_so() {
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
        let told = kit.notices(&subject).pop().unwrap().data;
        let time = told.get("listTime").or(told.get("changeTime")).unwrap();
        assert_eq!(time, &json!(UnixMillis::new(NOW).to_rfc3339()), "{page}");
    }
}

/// A list is never put over a value of another kind.
#[test]
fn a_list_does_not_replace_a_value_of_another_kind() {
    let (kit, here) = (Kit::new(), users_of("inst-1"));
    let strange =
        EntityRecord::new(Entity::Tenant(Dated { at: UnixMillis::new(NOW), standing: None }));
    let context = kit.0.endpoint.context();
    let repository =
        context.repository(Deadline::after(context.world.elapsed(), Duration::from_secs(4)));
    let slot = run(repository.read(&here)).unwrap();
    run(repository.write(&slot, strange.clone())).unwrap();
    assert_eq!(kit.cost(Contract::V2, "authSync", &people(0, 3)), ("000005".to_owned(), (1, 0)));
    assert_eq!(kit.kept(&here).unwrap(), strange);
}

/// A call is not failed because a product is slow, nor because our relay settles beside it.
#[test]
fn sequential_calls_beside_a_busy_relay_all_succeed() {
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

/// A decision that asks for what it has already is a bug of ours. Its call ends all the same.
#[test]
fn a_decision_that_asks_in_vain_ends_by_the_deadline() {
    let (kit, here) = (Kit::new(), users_of("inst-1"));
    let context = kit.0.endpoint.context();
    let repository =
        context.repository(Deadline::after(context.world.elapsed(), Duration::from_secs(4)));
    let ask = |_: &Slot| Ok::<Update<()>, Failure>(Update::Read(BTreeSet::new()));
    let ended = run(repository.update(Start::Subject(&here), ask));
    assert_eq!(ended.map(drop), Err(Failure::Contended));
}
