//! A Redis that is frozen, full, demoted, busy or forgetful, and recovers.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use super::{ALWAYS, Redis, cluster, code};
use crate::load::{CALLERS, IN_TIME, Load, Watch, new_instance, settled, start};

#[test]
fn a_frozen_server_is_000005_in_time_and_recovers() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    freezes_and_recovers(&redis, &redis.setting());
}

#[test]
fn a_frozen_node_is_000005_in_time_and_recovers() {
    let Some(node) = cluster() else { return };
    freezes_and_recovers(&node, &format!("{}?cluster=true", node.setting()));
}

fn freezes_and_recovers(redis: &Redis, setting: &str) {
    let (_koohook, address) = start(setting);
    settled(&address, &new_instance("CS1"));
    redis.signal("-STOP");
    let begun = Instant::now();
    let codes: Vec<_> = thread::scope(|scope| {
        let call = |number: usize| {
            scope.spawn({
                let address = &address;
                move || (code(address, &format!("CSZ{number}")), begun.elapsed())
            })
        };
        let callers: Vec<_> = (0..CALLERS).map(call).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    for (code, elapsed) in codes {
        assert_eq!(code, "000005");
        assert!(elapsed < IN_TIME, "{elapsed:?}");
    }
    redis.signal("-CONT");
    let watch = Watch::open(setting);
    for number in 0..CALLERS {
        let id = settled(&address, &new_instance(&format!("CSZ{number}"))).instance_id.unwrap();
        assert_eq!(watch.record(&id).unwrap().outbox.sequence, 1);
    }
}

#[test]
fn a_server_that_forgets_its_scripts_is_told_them_again() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    let load = Load::default();
    let promises = load.run(&address, "CSS", || {
        for _ in 0..20 {
            load.wait_for(10);
            redis.tell("SCRIPT FLUSH");
        }
    });
    assert_eq!(load.refused.load(Ordering::SeqCst), 0);
    Watch::open(&redis.setting()).complete(&address, &promises);
}

#[test]
fn a_server_that_cannot_write_is_000005_until_it_can() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    let id = settled(&address, &new_instance("CS1")).instance_id.unwrap();
    let watch = Watch::open(&redis.setting());
    let before = watch.record(&id);
    for (number, (worse, better)) in [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
        ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
    ]
    .iter()
    .enumerate()
    {
        let order = format!("CSW{number}");
        redis.tell(worse);
        for _ in 0..3 {
            assert_eq!(code(&address, &order), "000005", "{worse}");
        }
        redis.tell(better);
        settled(&address, &new_instance(&order));
    }
    assert_eq!(watch.record(&id), before);
}

/// The data of a replica may be old: koohook answers nothing from it, not even a repeat.
#[test]
fn a_replica_is_not_believed() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    settled(&address, &new_instance("CS1"));
    redis.tell("REPLICAOF 127.0.0.1 1");
    assert_eq!(code(&address, "CS1"), "000005");
    redis.tell("REPLICAOF NO ONE");
    settled(&address, &new_instance("CS1"));
}

#[test]
fn a_server_that_a_script_keeps_busy_is_000005_in_time() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    redis.tell("CONFIG SET lua-time-limit 50");
    thread::scope(|scope| {
        scope.spawn(|| redis.ask("EVAL \"while true do end\" 0"));
        while !redis.ask("PING").unwrap().starts_with("-BUSY") {
            thread::yield_now();
        }
        let begun = Instant::now();
        assert_eq!(code(&address, "CS1"), "000005");
        assert!(begun.elapsed() < IN_TIME);
        redis.tell("SCRIPT KILL");
    });
    settled(&address, &new_instance("CS1"));
}
