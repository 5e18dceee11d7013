//! `kill -9` of `koohook dev` over SQLite under load: every acknowledged change exists, and nothing
//! exists twice.

use std::sync::atomic::Ordering;

use crate::load::{Load, Watch, start};

const KILLS: usize = 20;
/// After how many answers of a round the process is killed; different every time.
const ANSWERS: [usize; 5] = [17, 40, 63, 9, 29];

#[test]
fn a_kill_loses_nothing_acknowledged_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("koohook.db").display());
    let mut promises = Vec::new();
    for round in 0..KILLS {
        let (mut koohook, address) = start(&store);
        let load = Load::default();
        promises.extend(load.run(&address, &format!("CS{round}"), || {
            load.wait_for(ANSWERS[round % ANSWERS.len()]);
            koohook.kill();
        }));
        assert_eq!(load.refused.load(Ordering::SeqCst), 0);
    }
    assert!(promises.iter().filter(|promise| promise.instance_id.is_some()).count() > KILLS);
    let watch = Watch::open(&store);
    watch.check_all_stand(&promises);
    let (mut koohook, address) = start(&store);
    watch.complete(&address, &promises);
    koohook.kill();
}
