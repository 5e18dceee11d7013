//! Imports beside a bundle that serves: whatever comes in between, one order has one instance
//! (decisions C2 and C7).
//!
//! An import is stopped at each point of its operations in turn, and another actor runs to its end
//! there.

use futures_util::FutureExt;
use marketplace::app_info::AppInfo;
use marketplace::entity::{Entity, Kept, Subject};
use marketplace::instance::{Access, Instance};
use marketplace::message::{InstanceId, OrderId, OrderedBy};
use marketplace::outbox::Reader;
use shell::failure::Failure;
use shell::import::{Import, ImportOutcome};
use shell::shelf::Shelf;
use shell::store::memory::Memory;
use shell::vault::{Clear, Vault};
use shell::world::{Deadline, World};
use std::time::Duration;
use tests::call::{Koohook, SETTINGS, run, run_until_halt};

type Served = Koohook<receive::Function, Memory>;

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
    let vault = Vault::new(None, None, Clear::Allowed);
    let world = koohook.world();
    let deadline = Deadline::after(world.elapsed(), Duration::from_secs(10));
    let shelf = Shelf { world, vault: &vault, reader: Reader::Nobody, deadline };
    import.put(&shelf, false).await
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
        assert!(matches!(outcome, ImportOutcome::Imported | ImportOutcome::Exists), "{what}");
        check_whole(&koohook, "CS1", &what);
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let koohook = served();
    let import = import("CS1", OWN);
    let vault = Vault::new(None, None, Clear::Allowed);
    let deadline = Deadline::after(Duration::ZERO, Duration::from_secs(10));
    let shelf = Shelf { world: koohook.world(), vault: &vault, reader: Reader::Nobody, deadline };
    assert_eq!(run(import.put(&shelf, true)), Ok(ImportOutcome::WouldImport));
    assert_eq!(koohook.store().take_counts(), (2, 0));
    assert!(run(shelf.read(&Subject::Instance(derived("CS1")))).unwrap().kept.is_none());
}

/// A pointer that leads to another order's instance answers nobody.
#[test]
fn a_pointer_to_another_order_is_not_followed() {
    let koohook = served();
    run(put(&koohook, &import("CS2", OWN))).unwrap();
    let moved = Entity::MovedTo(InstanceId::parse(OWN).unwrap());
    run(koohook.keep(derived("CS1").as_str(), &Kept::new(moved)));
    assert_eq!(call(&koohook, "CS1").0, "000005");
    assert_eq!(call(&koohook, "CS2"), ("000000".to_owned(), Some(OWN.to_owned())));
}
