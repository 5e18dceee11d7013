//! A replica takes over from the Redis that koohook writes to.

use std::io::Write;
use std::sync::atomic::Ordering;
use std::thread;

use super::{ALWAYS, EVERYSEC, Redis, found};
use crate::load::{CALLERS, Load, Watch, start};

/// The replica did not hear the end: what it missed is lost, and heals when it is called again.
#[test]
fn a_failover_may_forget_but_makes_no_order_two() {
    let Some((mut master, replica)) = replicated(&EVERYSEC) else { return };
    let (_koohook, address) = start(&master.setting());
    let load = Load::default();
    let promises = load.run(&address, "CSF", || {
        load.wait_for(100);
        replica.tell("REPLICAOF NO ONE");
        load.wait_for(60);
        master.running.kill();
    });
    let (_koohook, address) = start(&replica.setting());
    let watch = Watch::open(&replica.setting());
    let lost = promises.iter().filter(|promise| !watch.stands(promise)).count();
    let _ = writeln!(std::io::stderr(), "failover: {lost} of {} promises lost", promises.len());
    assert!(lost > 0, "or this test shows nothing");
    assert!(lost < promises.len(), "what the replica heard stands");
    watch.complete(&address, &promises);
}

/// What was answered `000000` exists on the replica. This holds even if the first answer was
/// `000005` and a repeat found the change that no replica had received.
#[test]
fn a_failover_to_a_replica_that_acknowledges_forgets_nothing() {
    let Some((mut master, replica)) = replicated(&ALWAYS) else { return };
    let setting = format!("{}?wait=1", master.setting());
    assert!(found(&setting).unwrap().starts_with("A+ "));
    let (_koohook, address) = start(&setting);
    let load = Load::default();
    let promises = load.run(&address, "CSW", || {
        load.wait_for(100);
        replica.tell("REPLICAOF NO ONE");
        while load.refused.load(Ordering::SeqCst) < 2 * CALLERS {
            thread::yield_now();
        }
        master.running.kill();
    });
    let (_koohook, address) = start(&replica.setting());
    let watch = Watch::open(&replica.setting());
    watch.check_all_stand(&promises);
    watch.complete(&address, &promises);
}

/// A master, and its replica that has heard everything.
fn replicated(arguments: &[&str]) -> Option<(Redis, Redis)> {
    let master = Redis::start(arguments)?;
    let port = master.port.to_string();
    let of_master = [arguments, &["--replicaof", "127.0.0.1", &port]].concat();
    let replica = Redis::start(&of_master).unwrap();
    master.wait_for_replica();
    Some((master, replica))
}
