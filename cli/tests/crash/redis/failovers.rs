//! A replica replaces koohook's Redis server.

use std::io::Write;
use std::sync::atomic::Ordering;
use std::thread;

use super::{ALWAYS, EVERYSEC, LocalRedis, found};
use crate::load::{CALLERS, Load, Watch};
use crate::running::start;

/// The replica misses the last writes. They are lost, and the repeated calls write them again.
#[test]
fn a_failover_may_lose_writes_but_gives_no_order_two_instances() {
    let Some((mut master, replica)) = replicated(&EVERYSEC) else { return };
    let (_koohook, address) = start(&master.setting());
    let load = Load::default();
    let orders = load.run(&address, "CSF", || {
        load.wait_for(100);
        replica.command("REPLICAOF NO ONE");
        load.wait_for(60);
        master.running.kill();
    });
    let (_koohook, address) = start(&replica.setting());
    let watch = Watch::open(&replica.setting());
    let lost = orders.iter().filter(|order| !watch.has_acknowledged(order)).count();
    let _ = writeln!(std::io::stderr(), "failover: {lost} of {} orders lost a write", orders.len());
    assert!(lost > 0, "the failover must lose a write; otherwise the test shows nothing");
    assert!(lost < orders.len(), "writes that the replica received exist");
    watch.complete(&address, &orders);
}

/// A change that was answered `000000` exists on the replica. The first answer may
/// be `000005`. The repeated call may then find a change that no replica has received.
#[test]
fn a_failover_to_an_acknowledging_replica_loses_nothing() {
    let Some((mut master, replica)) = replicated(&ALWAYS) else { return };
    let setting = format!("{}?wait=1", master.setting());
    assert!(found(&setting).unwrap().starts_with("A+ "));
    let (_koohook, address) = start(&setting);
    let load = Load::default();
    let orders = load.run(&address, "CSW", || {
        load.wait_for(100);
        replica.command("REPLICAOF NO ONE");
        while load.failed.load(Ordering::SeqCst) < 2 * CALLERS {
            thread::yield_now();
        }
        master.running.kill();
    });
    let (_koohook, address) = start(&replica.setting());
    let watch = Watch::open(&replica.setting());
    watch.check_acknowledged(&orders);
    watch.complete(&address, &orders);
}

/// A master, and a replica that has every write of the master.
fn replicated(arguments: &[&str]) -> Option<(LocalRedis, LocalRedis)> {
    let master = LocalRedis::start(arguments)?;
    let port = master.port.to_string();
    let of_master = [arguments, &["--replicaof", "127.0.0.1", &port]].concat();
    let replica = LocalRedis::start(&of_master).unwrap();
    master.wait_for_replica();
    Some((master, replica))
}
