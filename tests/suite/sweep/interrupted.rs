//! Sweeps that end early, fail, or run concurrently with other work.

use std::time::Duration;

use domain::kit_list::PartName;
use domain::store_keys::part_key;
use protocol::time::UnixMillis;
use shell::relay::Relay;
use shell::store::{Put, Queue, Store, Value, Version};
use shell::world::{Deadline, World};
use tests::call::run;
use tests::product::{READY, ScriptedProduct};
use tests::world::StoreFault;

use super::{HOUR, crowded, koohook, readable, subject, swept, unused, with_repository};

/// If the process ends at any point of a sweep, the next run continues from there.
#[test]
fn a_sweep_that_ends_at_any_point_is_continued_by_the_next_run() {
    let koohook = koohook();
    crowded(&koohook, 300);
    ScriptedProduct::of(koohook.world(), |_| READY);
    let mut runs = 0;
    for point in (10..).step_by(97) {
        koohook.world().halt_at(point);
        let relay = Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run();
        let done = tests::call::run_until_halt(koohook.world(), relay).is_some();
        // The claim of the ended process expires.
        koohook.world().pass(Duration::from_mins(1));
        runs += 1;
        if done && unused(&koohook) == 0 {
            break;
        }
        assert!(runs < 50, "{} are left", unused(&koohook));
    }
    let swept = with_repository(koohook.world(), async |repository| {
        let parts =
            repository.world.store().agenda(Queue::Sweep, UnixMillis::EPOCH..=UnixMillis::MAX, 999);
        parts.await.unwrap().len()
    });
    assert_eq!(swept, 0, "deleted parts are not checked again");
}

/// Parts that cannot be deleted do not delay a delivery, and are deleted later.
#[test]
fn a_failed_sweep_delays_no_delivery_and_is_retried() {
    let koohook = koohook();
    crowded(&koohook, 100);
    let product = ScriptedProduct::of(koohook.world(), |_| READY);
    // The first operations work: four agendas and the value. The claim and the settlement follow,
    // mixed with the sweep's own operations.
    let well = std::iter::repeat_n(StoreFault::None, 8);
    koohook.store().plan(well.chain(std::iter::repeat_n(StoreFault::Refused, 40)));
    for _ in 0..4 {
        run(Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run()).unwrap();
        koohook.world().pass(Duration::from_secs(60));
    }
    assert_eq!((product.effects().len(), unused(&koohook)), (1, 0));
}

/// One process deletes a part while another one keeps it. The part is deleted.
#[test]
fn a_race_about_a_part_ends_with_the_part_deleted() {
    let owner = subject().key();
    for point in 0..4 {
        let koohook = koohook();
        let name = PartName::new([7; 16]);
        with_repository(koohook.world(), async |repository| {
            repository.write_parts(&owner, [(name, b"part".to_vec())].into()).await.unwrap();
        });
        let context = koohook.endpoint.context();
        let deadline = Deadline::after(context.world.elapsed(), Duration::from_secs(4));
        let repository = context.repository(deadline);
        let delete = repository.delete_part(&owner, name);
        tests::call::run_paused(koohook.world(), point, delete, || {
            run(repository.keep_part(&owner, name)).unwrap();
        })
        .unwrap();
        assert!(!readable(&koohook, vec![name]), "the part is deleted after point {point}");
        let settle = repository.keep_part(&owner, name);
        run(settle).unwrap();
        koohook.world().pass(HOUR);
        let key = part_key(&owner, name);
        let now = UnixMillis::new(koohook.world().now_millis());
        let gone = run(koohook.store().inner().get(&key, now)).unwrap();
        assert_eq!(gone, None, "a deleted part expires, even if it was checked since");
    }
}

/// The parts of an unreadable list wait. The relay checks the parts after them.
#[test]
fn the_parts_of_an_unreadable_list_do_not_delay_other_parts() {
    let koohook = koohook();
    let (unreadable, other) = (subject().key(), "users:other".to_owned());
    with_repository(koohook.world(), async |repository| {
        let name = |number: u16| {
            let mut name = [1; 16];
            name[..2].copy_from_slice(&number.to_be_bytes());
            PartName::new(name)
        };
        for first in (0..300).step_by(50) {
            let parts = (first..first + 50).map(|number| (name(number), b"[]".to_vec())).collect();
            repository.write_parts(&unreadable, parts).await.unwrap();
        }
        repository.world.pass(Duration::from_secs(1));
        repository.write_parts(&other, [(name(999), b"[]".to_vec())].into()).await.unwrap();
        let bytes = br#"{"schema":999}"#.to_vec();
        let value = Value { version: Version([9; 16]), bytes, ..Value::default() };
        let now = UnixMillis::new(repository.world.now_millis());
        let store = repository.world.store().inner();
        assert_eq!(store.put(&unreadable, &value, None, now).await.unwrap(), Put::Won);
    });
    koohook.world().pass(HOUR);
    let mut deleted = 0;
    for _ in 0..4 {
        deleted += swept(&koohook).deleted;
        koohook.world().pass(Duration::from_mins(1));
    }
    assert_eq!(deleted, 1, "the part after them is deleted");
}
