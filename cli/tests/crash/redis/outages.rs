//! A Redis that is stopped, full, demoted, busy or without its scripts, and recovers.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use super::{ALWAYS, LocalRedis, cluster, code};
use crate::load::{CALLERS, IN_TIME, Load, Watch, new_instance, settled};
use crate::running::start;

#[test]
fn koohook_answers_000005_in_time_while_a_server_is_stopped() {
    let Some(redis) = LocalRedis::start(&ALWAYS) else { return };
    stop_and_continue(&redis, &redis.setting());
}

#[test]
fn koohook_answers_000005_in_time_while_a_cluster_node_is_stopped() {
    let Some(node) = cluster() else { return };
    stop_and_continue(&node, &format!("{}?cluster=true", node.setting()));
}

fn stop_and_continue(redis: &LocalRedis, setting: &str) {
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
fn koohook_loads_its_scripts_again_if_the_server_lost_them() {
    let Some(redis) = LocalRedis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    let load = Load::default();
    let orders = load.run(&address, "CSS", || {
        for _ in 0..20 {
            load.wait_for(10);
            redis.command("SCRIPT FLUSH");
        }
    });
    assert_eq!(load.failed.load(Ordering::SeqCst), 0);
    Watch::open(&redis.setting()).complete(&address, &orders);
}

#[test]
fn koohook_answers_000005_while_a_server_cannot_write() {
    let Some(redis) = LocalRedis::start(&ALWAYS) else { return };
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
        redis.command(worse);
        for _ in 0..3 {
            assert_eq!(code(&address, &order), "000005", "{worse}");
        }
        redis.command(better);
        settled(&address, &new_instance(&order));
    }
    assert_eq!(watch.record(&id), before);
}

/// The data of a replica may be old. koohook does not answer from it, not even a repeated call.
#[test]
fn koohook_does_not_answer_from_a_replica() {
    let Some(redis) = LocalRedis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    settled(&address, &new_instance("CS1"));
    redis.command("REPLICAOF 127.0.0.1 1");
    assert_eq!(code(&address, "CS1"), "000005");
    redis.command("REPLICAOF NO ONE");
    settled(&address, &new_instance("CS1"));
}

#[test]
fn koohook_answers_000005_in_time_while_a_script_blocks_the_server() {
    let Some(redis) = LocalRedis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    redis.command("CONFIG SET lua-time-limit 50");
    thread::scope(|scope| {
        scope.spawn(|| redis.ask("EVAL \"while true do end\" 0"));
        while !redis.ask("PING").unwrap().starts_with("-BUSY") {
            thread::yield_now();
        }
        let begun = Instant::now();
        assert_eq!(code(&address, "CS1"), "000005");
        assert!(begun.elapsed() < IN_TIME);
        redis.command("SCRIPT KILL");
    });
    settled(&address, &new_instance("CS1"));
}
