//! Backs up and moves stores of every kind, beside a koohook that serves.

use std::io::Write;
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::load::{Load, LoadOrder, Watch, new_instance, settled};
use crate::running::{command, start};

/// The stores of this machine: SQLite, and each server that `tests/servers` started.
fn stores(folder: &Path) -> Vec<String> {
    static DRAWN: AtomicUsize = AtomicUsize::new(0);
    let drawn = DRAWN.fetch_add(1, Ordering::SeqCst);
    let mut stores = vec![format!("sqlite:{}", folder.join(format!("{drawn}.db")).display())];
    for variable in ["KOOHOOK_TEST_REDIS", "KOOHOOK_TEST_REDIS_CLUSTER", "KOOHOOK_TEST_DYNAMODB"] {
        let Ok(address) = std::env::var(variable) else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{variable} is not set");
            let _ =
                writeln!(std::io::stderr(), "!! SKIPPED: {variable} is not set; run tests/servers");
            continue;
        };
        let own = format!("backup-{}-{drawn}", std::process::id());
        if variable == "KOOHOOK_TEST_DYNAMODB" {
            let table = format!("dynamodb://{own}?region=eu-test-1&endpoint={address}");
            check(&koohook(&["store", "create", &table], &table), "active");
            stores.push(table);
        } else {
            let mark = if address.contains('?') { '&' } else { '?' };
            stores.push(format!("{address}{mark}prefix={own}"));
        }
    }
    stores
}

fn koohook(arguments: &[&str], store: &str) -> Output {
    command(arguments, store).output().unwrap()
}

#[track_caller]
fn check(done: &Output, out: &str) {
    let printed = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && printed.contains(out), "{done:?}");
}

/// How many values a command reports in the words before `what`.
fn number(done: &Output, what: &str) -> usize {
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    let before = printed.split(what).next().unwrap();
    before.rsplit([' ', '\n', ';']).find(|it| !it.is_empty()).unwrap().parse().unwrap()
}

/// Backs a store up while koohook serves. Returns the orders that were acknowledged before it began.
fn back_up_under_load(store: &str, file: &str) -> Vec<LoadOrder> {
    let (mut server, address) = start(store);
    let orders: Vec<_> = (0..40)
        .map(|number| {
            let id = format!("CS{number}");
            let answer = settled(&address, &new_instance(&id));
            LoadOrder { id, instance_id: answer.instance_id, ..LoadOrder::default() }
        })
        .collect();
    let load = Load::default();
    load.run(&address, "LOAD", || {
        load.wait_for(8);
        check(&koohook(&["store", "backup", file], store), "values copied");
        load.wait_for(8);
    });
    server.kill();
    orders
}

/// A seller grows from each store to each other one.
#[test]
fn every_store_moves_to_every_store_beside_a_serving_koohook() {
    let folder = tempfile::tempdir().unwrap();
    for (place, source) in stores(folder.path()).iter().enumerate() {
        let name = |step: &str| folder.path().join(format!("{place}.{step}")).display().to_string();
        let (first, second) = (name("first"), name("second"));
        let acknowledged = back_up_under_load(source, &first);
        // koohook is stopped now: this backup has everything.
        let last = koohook(&["store", "backup", &second], source);
        check(&last, "values copied");
        for target in stores(folder.path()) {
            let restored = koohook(&["store", "restore", &first], &target);
            check(&restored, "values read back and equal\n");
            Watch::open(&target).check_instances(&acknowledged);
            let moved = koohook(&["store", "restore", &second, "--update"], &target);
            check(&moved, "; 0 differ\n");
            assert_eq!(
                number(&moved, " values read back"),
                number(&last, " values copied"),
                "{source} to {target}"
            );
            let again = koohook(&["store", "restore", &second], &target);
            check(&again, "; 0 differ\n");
            let (mut server, address) = start(&target);
            // Every order keeps its instance, and a repeat changes nothing.
            for order in &acknowledged {
                let answer = settled(&address, &new_instance(&order.id));
                assert_eq!(answer.instance_id, order.instance_id);
            }
            server.kill();
        }
    }
}

/// A bundle of koohook that serves the target keeps what it wrote, and the command reports it.
#[test]
fn a_restore_beside_a_serving_koohook_keeps_what_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let [source, target] =
        ["a.db", "b.db"].map(|name| format!("sqlite:{}", folder.path().join(name).display()));
    let file = folder.path().join("file").display().to_string();
    let acknowledged = back_up_under_load(&source, &file);
    let (mut server, address) = start(&target);
    let own = settled(&address, &new_instance("CS0"));
    assert_eq!(own.instance_id, acknowledged[0].instance_id, "the id is derived from the order");
    let done = koohook(&["store", "restore", &file], &target);
    let printed = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    assert!(printed.contains("; 1 differ\n"), "{printed}");
    for order in &acknowledged {
        let answer = settled(&address, &new_instance(&order.id));
        assert_eq!(answer.instance_id, order.instance_id);
    }
    server.kill();
}
