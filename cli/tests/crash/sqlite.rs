//! Kills `koohook dev` over SQLite with `kill -9` under load. Every acknowledged change must exist once.

use std::sync::atomic::Ordering;

use crate::load::{Load, Watch};
use crate::running::start;

const KILLS: usize = 20;
/// The test kills the process after this many answers. Each round uses the next number.
const ANSWERS: [usize; 5] = [17, 40, 63, 9, 29];

#[test]
fn a_kill_neither_loses_nor_repeats_an_acknowledged_change() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("koohook.db").display());
    let mut orders = Vec::new();
    for round in 0..KILLS {
        let (mut koohook, address) = start(&store);
        let load = Load::default();
        orders.extend(load.run(&address, &format!("CS{round}"), || {
            load.wait_for(ANSWERS[round % ANSWERS.len()]);
            koohook.kill();
        }));
        assert_eq!(load.failed.load(Ordering::SeqCst), 0);
    }
    assert!(orders.iter().filter(|order| order.instance_id.is_some()).count() > KILLS);
    let watch = Watch::open(&store);
    watch.check_acknowledged(&orders);
    let (mut koohook, address) = start(&store);
    watch.complete(&address, &orders);
    koohook.kill();
}
