//! Kills koohook's Redis server with `kill -9`.

use super::{ALWAYS, LocalRedis, cluster};
use crate::load::{Load, Watch};
use crate::running::start;

#[test]
fn kills_of_a_syncing_server_neither_lose_nor_repeat_an_acknowledged_change() {
    let Some(redis) = LocalRedis::start(&ALWAYS) else { return };
    let setting = redis.setting();
    kills_lose_nothing(redis, &setting, &[40, 70, 25, 55, 90, 30]);
}

#[test]
fn kills_of_a_cluster_node_neither_lose_nor_repeat_an_acknowledged_change() {
    let Some(node) = cluster() else { return };
    let setting = format!("{}?cluster=true", node.setting());
    kills_lose_nothing(node, &setting, &[40]);
}

/// Kills the server after each given number of answers.
fn kills_lose_nothing(mut redis: LocalRedis, setting: &str, kills: &[usize]) {
    let (_koohook, address) = start(setting);
    let load = Load::default();
    let orders = load.run(&address, "CSK", || {
        for more in kills {
            load.wait_for(*more);
            redis.crash();
        }
        load.wait_for(40);
    });
    let watch = Watch::open(setting);
    watch.check_acknowledged(&orders);
    watch.complete(&address, &orders);
}
