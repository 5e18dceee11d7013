//! `kill -9` of the Redis that koohook writes to.

use super::{ALWAYS, Redis, cluster};
use crate::load::{Load, Watch, start};

#[test]
fn kills_of_a_server_that_syncs_lose_nothing_acknowledged_and_double_nothing() {
    let Some(redis) = Redis::start(&ALWAYS) else { return };
    let setting = redis.setting();
    kills_lose_nothing(redis, &setting, &[40, 70, 25, 55, 90, 30]);
}

#[test]
fn kills_of_a_node_lose_nothing_acknowledged_and_double_nothing() {
    let Some(node) = cluster() else { return };
    let setting = format!("{}?cluster=true", node.setting());
    kills_lose_nothing(node, &setting, &[40]);
}

/// Kills it after so many answers, and again after so many more.
fn kills_lose_nothing(mut redis: Redis, setting: &str, kills: &[usize]) {
    let (_koohook, address) = start(setting);
    let load = Load::default();
    let promises = load.run(&address, "CSK", || {
        for more in kills {
            load.wait_for(*more);
            redis.crash();
        }
        load.wait_for(40);
    });
    let watch = Watch::open(setting);
    watch.check_all_stand(&promises);
    watch.complete(&address, &promises);
}
