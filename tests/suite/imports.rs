//! Imports into a bundle that serves calls. Whatever happens during an import, one order has one
//! instance (decisions C2 and C7).
//!
//! Most tests stop an import at each point of its operations, and run another actor there to its
//! end.

mod calls;
mod differences;
mod interleaved;

use std::time::Duration;

use domain::entity::Entity;
use domain::instance::id::OrderedBy;
use domain::instance::{Access, Instance};
use domain::outbox::Reader;
use domain::record::EntityRecord;
use protocol::app_info::AppInfo;
use protocol::message::{InstanceId, OrderId};
use shell::failure::Failure;
use shell::import::{Import, ImportOutcome};
use shell::repository::Repository;
use shell::seal::{Clear, Seal};
use shell::store::memory::Memory;
use shell::world::{Deadline, World};
use tests::call::{Koohook, SETTINGS, run};

use self::interleaved::interleaved;

type Served = Koohook<Memory>;

/// More than the number of points in an import.
const POINTS: usize = 12;
const LEGACY: &str = "legacy-0001";

fn served() -> Served {
    Koohook::over(Memory::new(), &SETTINGS)
}

fn derived(order: &str) -> InstanceId {
    OrderedBy::V1 { order, product: Some("P1"), charging_mode: None }.instance_id()
}

/// The instance of an order, with the ID from an older server.
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

async fn run_import(koohook: &Served, import: &Import) -> Result<ImportOutcome, Failure> {
    run_or_check(koohook, import, false).await
}

async fn run_or_check(
    koohook: &Served,
    import: &Import,
    dry_run: bool,
) -> Result<ImportOutcome, Failure> {
    let seal = Seal::new(None, None, Clear::Allowed);
    let world = koohook.world();
    let deadline = Deadline::after(world.elapsed(), Duration::from_secs(10));
    let repository = Repository::new(world, &seal, Reader::Operator, deadline);
    import.put(&repository, dry_run).await
}

/// The marketplace's purchase call. Returns the code and the instance ID in the answer.
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

/// The IDs that have an instance of the order.
fn instances(koohook: &Served, order: &str) -> Vec<String> {
    let at = |id: &str| run(koohook.kept(id)).map(|kept| kept.entity);
    let ids = [LEGACY.to_owned(), derived(order).to_string()];
    let is_one =
        |id: &String| matches!(at(id), Some(Entity::Instance(it)) if it.order_id.as_str() == order);
    ids.into_iter().filter(is_one).collect()
}

/// Checks that the order has one instance, and that the marketplace gets its ID.
fn check_whole(koohook: &Served, order: &str, what: &str) {
    let (code, id) = call(koohook, order);
    assert_eq!(code, "000000", "{what}");
    assert_eq!(instances(koohook, order), [id.unwrap()], "{what}");
}

/// If the older server used the derived ID, no pointer is needed.
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
            // The purchase was first, with the access data of the template.
            ImportOutcome::Differs(columns) if differs(columns) => (),
            other => panic!("{what}: {other:?}"),
        }
        check_whole(&koohook, "CS1", &what);
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let koohook = served();
    let outcome = run(run_or_check(&koohook, &import("CS1", LEGACY), true));
    assert_eq!(outcome, Ok(ImportOutcome::WouldImport));
    assert_eq!(koohook.store().take_counts(), (2, 0));
    assert!(run(koohook.kept(derived("CS1").as_str())).is_none());
}

/// The first import lacked the charging mode, which is a part of the purchase's ID. A corrected
/// import adds a pointer to the instance.
#[test]
fn a_corrected_import_links_the_purchase_to_its_instance() {
    let koohook = served();
    run(run_import(&koohook, &import("CS1", LEGACY))).unwrap();
    let purchase = OrderedBy::V1 { order: "CS1", product: Some("P1"), charging_mode: Some("5") };
    let corrected = Import { derived: purchase.instance_id(), ..import("CS1", LEGACY) };
    for (dry_run, expected) in [
        (true, ImportOutcome::Linked),
        (false, ImportOutcome::Linked),
        (true, ImportOutcome::Exists),
        (false, ImportOutcome::Exists),
    ] {
        assert_eq!(run(run_or_check(&koohook, &corrected, dry_run)), Ok(expected));
    }
    assert_eq!(call(&koohook, "CS1").1.as_deref(), Some(LEGACY));
}

#[test]
fn an_import_of_a_purchase_that_has_another_id_returns_that_id() {
    const OTHER: &str = "older-2";
    let koohook = served();
    run(run_import(&koohook, &import("CS1", LEGACY))).unwrap();
    call(&koohook, "CS2");
    for dry_run in [true, false] {
        let imported = run(run_or_check(&koohook, &import("CS1", OTHER), dry_run));
        let known = InstanceId::parse(LEGACY).unwrap();
        assert_eq!(imported, Ok(ImportOutcome::OrderMoved(known)));
        let answered = run(run_or_check(&koohook, &import("CS2", OTHER), dry_run));
        assert_eq!(answered, Ok(ImportOutcome::OrderMadeHere(derived("CS2"))));
    }
}

/// A call must not be answered with another order's instance.
#[test]
fn a_pointer_to_another_order_is_not_followed() {
    let koohook = served();
    run(run_import(&koohook, &import("CS2", LEGACY))).unwrap();
    let moved = Entity::MovedTo(InstanceId::parse(LEGACY).unwrap());
    run(koohook.keep(derived("CS1").as_str(), &EntityRecord::new(moved)));
    assert_eq!(call(&koohook, "CS1").0, "000005");
    assert_eq!(call(&koohook, "CS2"), ("000000".to_owned(), Some(LEGACY.to_owned())));
}
