//! Imports beside a bundle that serves: whatever comes in between, one order has one instance
//! (decisions C2 and C7).
//!
//! An import is stopped at each point of its operations in turn, and another actor runs to its end
//! there.

use std::time::Duration;

use domain::entity::Entity;
use domain::instance::id::OrderedBy;
use domain::instance::{Access, FreezeCause, Instance, InstanceState};
use domain::outbox::Reader;
use domain::record::EntityRecord;
use futures_util::FutureExt;
use protocol::app_info::AppInfo;
use protocol::message::{InstanceId, OrderId};
use protocol::time::UnixMillis;
use shell::failure::Failure;
use shell::import::{Import, ImportOutcome};
use shell::repository::Repository;
use shell::seal::{Clear, Seal};
use shell::store::memory::Memory;
use shell::world::{Deadline, World};
use tests::call::{Koohook, SETTINGS, run, run_until_halt, v1};
use tests::world::NOW;

type Served = Koohook<Memory>;

/// More points than an import has.
const POINTS: usize = 12;
const OWN: &str = "legacy-0001";

fn served() -> Served {
    Koohook::over(Memory::new(), &SETTINGS)
}

fn derived(order: &str) -> InstanceId {
    OrderedBy::V1 { order, product: Some("P1"), charging_mode: None }.instance_id()
}

/// The instance of an order, under the ID that an older server gave it.
fn import(order: &str, id: &str) -> Import {
    let info = AppInfo {
        front_end_url: "https://old.example.com".to_owned(),
        admin_url: None,
        user_name: None,
        password: None,
        memo: None,
    };
    let (id, order_id) = (InstanceId::parse(id).unwrap(), OrderId::parse(order).unwrap());
    let instance = Instance::created(id, order_id, Access::Ready(info));
    Import { instance, derived: derived(order) }
}

async fn put(koohook: &Served, import: &Import) -> Result<ImportOutcome, Failure> {
    put_or_foresee(koohook, import, false).await
}

async fn put_or_foresee(
    koohook: &Served,
    import: &Import,
    dry_run: bool,
) -> Result<ImportOutcome, Failure> {
    let seal = Seal::new(None, None, Clear::Allowed);
    let world = koohook.world();
    let deadline = Deadline::after(world.elapsed(), Duration::from_secs(10));
    let repository = Repository::new(world, &seal, Reader::Nobody, deadline);
    import.put(&repository, dry_run).await
}

/// The marketplace's call: its code, and the ID that it is answered.
fn call(koohook: &Served, order: &str) -> (String, Option<String>) {
    let purchase = [
        ("activity", "newInstance"),
        ("businessId", "b"),
        ("customerId", "c"),
        ("orderId", order),
        ("productId", "P1"),
    ];
    let answer = run(koohook.v1(&purchase));
    (answer.code, answer.instance_id)
}

/// The IDs under which an instance of the order exists.
fn instances(koohook: &Served, order: &str) -> Vec<String> {
    let at = |id: &str| run(koohook.kept(id)).map(|kept| kept.entity);
    let ids = [OWN.to_owned(), derived(order).to_string()];
    let is_one =
        |id: &String| matches!(at(id), Some(Entity::Instance(it)) if it.order_id.as_str() == order);
    ids.into_iter().filter(is_one).collect()
}

/// One order, one instance, and the marketplace is answered its ID.
fn check_whole(koohook: &Served, order: &str, what: &str) {
    let (code, id) = call(koohook, order);
    assert_eq!(code, "000000", "{what}");
    assert_eq!(instances(koohook, order), [id.unwrap()], "{what}");
}

/// Runs an import up to a point of its operations, then another actor, then the import's rest.
fn interleaved(
    koohook: &Served,
    point: usize,
    import: &Import,
    other: impl FnOnce(),
) -> ImportOutcome {
    let putting = put(koohook, import);
    futures_util::pin_mut!(putting);
    koohook.world().halt_at(point);
    let early = loop {
        let output = putting.as_mut().now_or_never();
        if output.is_some() || koohook.world().has_halted() {
            break output;
        }
    };
    koohook.world().go_on();
    other();
    early.unwrap_or_else(|| run(putting)).unwrap()
}

/// Runs an import up to a point of its operations, where its process ends.
fn interrupted(koohook: &Served, point: usize, import: &Import) {
    koohook.world().halt_at(point);
    let _ = run_until_halt(koohook.world(), put(koohook, import));
}

#[test]
fn a_purchase_in_between_makes_no_second_instance() {
    let import = import("CS1", OWN);
    let mut outcomes = Vec::new();
    for point in 0..POINTS {
        let koohook = served();
        let mut first = None;
        let outcome = interleaved(&koohook, point, &import, || first = Some(call(&koohook, "CS1")));
        let what = format!("after point {point}: {outcome:?}");
        let (code, id) = first.unwrap();
        match outcome {
            ImportOutcome::OrderMadeHere => {
                assert_eq!(id, Some(derived("CS1").to_string()), "{what}")
            }
            ImportOutcome::Imported if code == "000000" => {
                assert_eq!(id.as_deref(), Some(OWN), "{what}")
            }
            ImportOutcome::Imported => assert_eq!((code.as_str(), id), ("000005", None), "{what}"),
            other => panic!("{what}: {other:?}"),
        }
        check_whole(&koohook, "CS1", &what);
        outcomes.push((outcome, code));
    }
    outcomes.dedup();
    let [won, waits, after] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(won, &(ImportOutcome::OrderMadeHere, "000000".to_owned()));
    assert_eq!(waits, &(ImportOutcome::Imported, "000005".to_owned()));
    assert_eq!(after, &(ImportOutcome::Imported, "000000".to_owned()));
}

#[test]
fn an_import_that_was_interrupted_anywhere_is_whole_when_run_again() {
    let import = import("CS1", OWN);
    for with_purchase in [false, true] {
        for point in 0..POINTS {
            let koohook = served();
            interrupted(&koohook, point, &import);
            let code = with_purchase.then(|| call(&koohook, "CS1").0);
            let outcome = run(put(&koohook, &import)).unwrap();
            let what = format!("after point {point}, {code:?}: {outcome:?}");
            check_whole(&koohook, "CS1", &what);
            let own = instances(&koohook, "CS1") == [OWN];
            assert_eq!(own, outcome != ImportOutcome::OrderMadeHere, "{what}");
            assert!(own || with_purchase, "{what}");
        }
    }
}

/// Two imports give one ID to two purchases: the first has it, and the other's purchase is made
/// here when the marketplace calls.
#[test]
fn an_id_that_another_purchase_took_is_pointed_at_by_no_one_else() {
    let (mine, theirs) = (import("CS1", OWN), import("CS2", OWN));
    for point in 0..POINTS {
        let koohook = served();
        let mut other = None;
        let outcome =
            interleaved(&koohook, point, &mine, || other = Some(run(put(&koohook, &theirs))));
        let what = format!("after point {point}: {outcome:?} and {other:?}");
        let mut outcomes = [outcome, other.unwrap().unwrap()];
        outcomes.sort();
        assert_eq!(outcomes, [ImportOutcome::Imported, ImportOutcome::OtherPurchase], "{what}");
        for order in ["CS1", "CS2"] {
            check_whole(&koohook, order, &what);
        }
    }
}

/// The pointer of an import that was interrupted waits for an instance; another purchase took its
/// ID meanwhile.
#[test]
fn a_pointer_to_another_purchase_is_taken_back() {
    let (mine, theirs) = (import("CS1", OWN), import("CS2", OWN));
    for point in 0..POINTS {
        let koohook = served();
        interrupted(&koohook, point, &mine);
        let theirs = run(put(&koohook, &theirs)).unwrap();
        let outcome = run(put(&koohook, &mine)).unwrap();
        let what = format!("after point {point}: {theirs:?} and {outcome:?}");
        for order in ["CS1", "CS2"] {
            check_whole(&koohook, order, &what);
        }
    }
}

#[test]
fn two_runs_of_one_import_at_once_are_one() {
    let import = import("CS1", OWN);
    for point in 0..POINTS {
        let koohook = served();
        let mut other = None;
        let outcome =
            interleaved(&koohook, point, &import, || other = Some(run(put(&koohook, &import))));
        let what = format!("after point {point}: {outcome:?} and {other:?}");
        let mut outcomes = [outcome, other.unwrap().unwrap()];
        outcomes.sort();
        assert_eq!(outcomes, [ImportOutcome::Imported, ImportOutcome::Exists], "{what}");
        check_whole(&koohook, "CS1", &what);
        assert_eq!(instances(&koohook, "CS1"), [OWN], "{what}");
    }
}

/// An older server that happened to give the derived ID needs no pointer.
#[test]
fn an_instance_under_the_derived_id_is_one_value() {
    let import = import("CS1", derived("CS1").as_str());
    for point in 0..POINTS {
        let koohook = served();
        let outcome = interleaved(&koohook, point, &import, || drop(call(&koohook, "CS1")));
        let what = format!("after point {point}: {outcome:?}");
        let differs = |columns: &[&str]| columns.contains(&"frontEndUrl");
        match &outcome {
            ImportOutcome::Imported => (),
            // The purchase came first, with the template's access data.
            ImportOutcome::Differs(columns) if differs(columns) => (),
            other => panic!("{what}: {other:?}"),
        }
        check_whole(&koohook, "CS1", &what);
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let koohook = served();
    let foreseen = run(put_or_foresee(&koohook, &import("CS1", OWN), true));
    assert_eq!(foreseen, Ok(ImportOutcome::WouldImport));
    assert_eq!(koohook.store().take_counts(), (2, 0));
    assert!(run(koohook.kept(derived("CS1").as_str())).is_none());
}

/// An import of the same instance that says something else, and the columns in which it does.
type Difference = (fn(&mut Instance), &'static [&'static str]);

const DIFFERENCES: [Difference; 9] = [
    (|_| (), &[]),
    (|instance| instance.state = InstanceState::Frozen(FreezeCause::Expiry), &["state"]),
    (|instance| instance.state = InstanceState::Released, &["state"]),
    (|instance| instance.expires = Some(UnixMillis::new(NOW)), &["expireTime"]),
    (|instance| info(instance).front_end_url.push('x'), &["frontEndUrl"]),
    (|instance| info(instance).admin_url = Some("https://admin.example".into()), &["adminUrl"]),
    (|instance| info(instance).user_name = Some("admin".into()), &["userName"]),
    (|instance| info(instance).password = Some("constructed".into()), &["password"]),
    (
        |instance| {
            instance.state = InstanceState::Frozen(FreezeCause::Status);
            info(instance).memo = Some("note".into());
        },
        &["state", "memo"],
    ),
];

fn info(instance: &mut Instance) -> &mut AppInfo {
    match &mut instance.access {
        Access::Ready(info) => info,
        other => panic!("{other:?}"),
    }
}

/// What exists already is left as it is; where the import says something else, it is told so, in
/// a dry run and in a run alike.
#[test]
fn a_row_that_differs_from_what_exists_is_not_equal_to_it() {
    for (change, columns) in DIFFERENCES {
        let koohook = served();
        run(put(&koohook, &import("CS1", OWN))).unwrap();
        let standing = run(koohook.instance(OWN));
        let mut other = import("CS1", OWN);
        change(&mut other.instance);
        let expected = match columns {
            [] => ImportOutcome::Exists,
            columns => ImportOutcome::Differs(columns.to_vec()),
        };
        for dry_run in [true, false, true] {
            let outcome = run(put_or_foresee(&koohook, &other, dry_run));
            assert_eq!(outcome.as_ref(), Ok(&expected));
        }
        assert_eq!(run(koohook.instance(OWN)), standing, "{columns:?}");
    }
}

#[test]
fn a_cause_of_a_freeze_that_differs_is_named() {
    let koohook = served();
    let mut first = import("CS1", OWN);
    first.instance.state = InstanceState::Frozen(FreezeCause::Expiry);
    run(put(&koohook, &first)).unwrap();
    first.instance.state = InstanceState::Frozen(FreezeCause::Status);
    let outcome = run(put(&koohook, &first));
    assert_eq!(outcome, Ok(ImportOutcome::Differs(vec!["freezeCause"])));
}

/// A first import forgot what makes the purchase another; the corrected one leads to the instance.
#[test]
fn a_purchase_that_was_named_wrongly_is_linked_by_another_import() {
    let koohook = served();
    run(put(&koohook, &import("CS1", OWN))).unwrap();
    let purchase = OrderedBy::V1 { order: "CS1", product: Some("P1"), charging_mode: Some("5") };
    let corrected = Import { derived: purchase.instance_id(), ..import("CS1", OWN) };
    for (dry_run, expected) in [
        (true, ImportOutcome::Linked),
        (false, ImportOutcome::Linked),
        (true, ImportOutcome::Exists),
        (false, ImportOutcome::Exists),
    ] {
        assert_eq!(run(put_or_foresee(&koohook, &corrected, dry_run)), Ok(expected));
    }
    assert_eq!(call(&koohook, "CS1").1.as_deref(), Some(OWN));
}

/// How long before and after the import a call is signed, and whether it has an effect: one that
/// was under way has, a copy of an older one has not (decision D5).
const SIGNED: [(i64, bool); 6] = [
    (-365 * 86_400_000, false),
    (-3_600_000, false),
    (-60_001, false),
    (-60_000, true),
    (0, true),
    (5_000, true),
];

/// Calls of V1, which old signatures still pass, that change an imported instance.
fn changes() -> [Vec<(&'static str, &'static str)>; 5] {
    let of = |members: &[(&'static str, &'static str)]| [&[("instanceId", OWN)], members].concat();
    let order = [("orderId", "CS9"), ("expireTime", "20300101000000")];
    [
        of(&[("activity", "instanceStatus"), ("instanceStatus", "FREEZE")]),
        of(&[("activity", "expireInstance"), ("orderId", "CS1")]),
        of(&[&[("activity", "refreshInstance"), ("orderAmount", "1")], order.as_slice()].concat()),
        of(&[&[("activity", "refreshInstance"), ("trialToFormal", "1")], order.as_slice()]
            .concat()),
        of(&[("activity", "upgrade"), ("orderId", "CS9"), ("skuCode", "S2"), ("productId", "P2")]),
    ]
}

#[test]
fn a_call_that_is_older_than_the_import_has_no_effect() {
    for change in changes() {
        for (millis, has_effect) in SIGNED {
            let koohook = served();
            run(put(&koohook, &import("CS1", OWN))).unwrap();
            let before = run(koohook.kept(OWN)).unwrap();
            let signed_at = NOW.checked_add_signed(millis).unwrap();
            koohook.world().set_now(NOW.max(signed_at));
            let answer = run(koohook.reply(v1(signed_at, &change)));
            let what = format!("{change:?}, signed {millis} ms after the import");
            assert_eq!(answer.code, "000000", "{what}");
            let after = run(koohook.kept(OWN)).unwrap();
            let [before, after] = [before, after].map(|kept| kept.outbox.waiting.len());
            assert_eq!(after > before, has_effect, "{what}");
        }
    }
}

/// An imported freeze is not ended by a copy of a thaw that came before it.
#[test]
fn an_older_thaw_does_not_end_an_imported_freeze() {
    for (millis, has_effect) in SIGNED {
        let koohook = served();
        let mut frozen = import("CS1", OWN);
        frozen.instance.state = InstanceState::Frozen(FreezeCause::Status);
        run(put(&koohook, &frozen)).unwrap();
        let signed_at = NOW.checked_add_signed(millis).unwrap();
        koohook.world().set_now(NOW.max(signed_at));
        let thaw =
            [("activity", "instanceStatus"), ("instanceId", OWN), ("instanceStatus", "NORMAL")];
        assert_eq!(run(koohook.reply(v1(signed_at, &thaw))).code, "000000");
        let state = run(koohook.instance(OWN)).state;
        assert_eq!(state == InstanceState::Active, has_effect, "{millis}");
    }
}

/// A second import of the file does not move the time of the first.
#[test]
fn an_import_that_is_run_again_ages_no_call() {
    let koohook = served();
    run(put(&koohook, &import("CS1", OWN))).unwrap();
    koohook.world().set_now(NOW + 600_000);
    assert_eq!(run(put(&koohook, &import("CS1", OWN))), Ok(ImportOutcome::Exists));
    let freeze =
        [("activity", "instanceStatus"), ("instanceId", OWN), ("instanceStatus", "FREEZE")];
    assert_eq!(run(koohook.reply(v1(NOW + 60_000, &freeze))).code, "000000");
    assert_eq!(run(koohook.instance(OWN)).state, InstanceState::Frozen(FreezeCause::Status));
}

/// A pointer that leads to another order's instance answers nobody.
#[test]
fn a_pointer_to_another_order_is_not_followed() {
    let koohook = served();
    run(put(&koohook, &import("CS2", OWN))).unwrap();
    let moved = Entity::MovedTo(InstanceId::parse(OWN).unwrap());
    run(koohook.keep(derived("CS1").as_str(), &EntityRecord::new(moved)));
    assert_eq!(call(&koohook, "CS1").0, "000005");
    assert_eq!(call(&koohook, "CS2"), ("000000".to_owned(), Some(OWN.to_owned())));
}
