//! Store faults at any operation, interrupted calls, and concurrent callers.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use tests::call::run_until_halt;
use tests::world::StoreFault;

use super::*;

fn codes() -> Vec<String> {
    (0..1_200).map(|code| format!("{code:05}")).collect()
}

/// A kit with a list in parts, and the next call that changes the list.
fn prepared() -> (Kit, Value) {
    let (kit, codes) = (Kit::new(), codes());
    let rows: Vec<_> = codes.iter().map(|code| (code.as_str(), "A", "")).collect();
    assert_eq!(kit.call(Contract::V2, "allOrgSync", &all(&rows, -100)), "000000");
    let rows: Vec<_> = codes.iter().skip(600).map(|code| (code.as_str(), "B", "")).collect();
    (kit, all(&rows, -50))
}

/// Every part that the record names must exist, and every notice must exist exactly once.
fn assert_whole(kit: &Kit, done: bool) {
    let here = departments_of("inst-1");
    let list = kit.list(&here);
    for name in list.head.parts() {
        assert!(!kit.part(&here, name).is_empty());
    }
    let notices = kit.notices(&here);
    let (rows, count) = (list.head.rows(), notices.len());
    assert!(done || (rows, count) == (1_200, 1) || (rows, count) == (600, 2), "{rows} {count}");
    if done {
        assert_eq!((rows, count), (600, 2));
        assert_eq!(notices[1].column("orgCode"), codes()[600..]);
    }
}

#[test]
fn a_store_fault_leaves_the_old_list_or_the_new_one() {
    for trouble in [StoreFault::Refused, StoreFault::ReplyLost] {
        for times in [1, 30] {
            for first in 0.. {
                let (kit, body) = prepared();
                let successes = (0..first).map(|_| StoreFault::None);
                kit.0.store().take_counts();
                kit.0.store().plan(successes.chain((0..times).map(|_| trouble)));
                let code = kit.call(Contract::V2, "allOrgSync", &body);
                let (reads, writes) = kit.0.store().take_counts();
                kit.0.store().plan([]);
                assert_whole(&kit, code == "000000");
                assert!(code == "000000" || code == "000005", "{code}");
                // A write is retried once. If koohook then finds its own version, the write
                // succeeded.
                assert!(times > 1 || writes == 0 || code == "000000", "{trouble:?} at {first}");
                // The marketplace's retry is a new call with a new time.
                let retry = with(&body, "timeStamp", at(-40));
                assert_eq!(kit.call(Contract::V2, "allOrgSync", &retry), "000000");
                assert_whole(&kit, true);
                if reads + writes <= first {
                    break;
                }
            }
        }
    }
}

#[test]
fn an_interrupted_call_leaves_the_old_list_or_the_new_one() {
    for point in 0.. {
        let (kit, body) = prepared();
        let request = signed(NOW, Contract::V2, "allOrgSync", &body);
        kit.0.world().halt_at(point);
        let done = run_until_halt(kit.0.world(), kit.0.answer(request)).is_some();
        assert_whole(&kit, done);
        let retry = with(&body, "timeStamp", at(-40));
        assert_eq!(kit.call(Contract::V2, "allOrgSync", &retry), "000000");
        assert_whole(&kit, true);
        if done {
            assert!(point > 4, "{point}");
            break;
        }
    }
}

#[test]
fn a_tenant_is_sent_once_despite_store_faults() {
    for trouble in [StoreFault::Refused, StoreFault::ReplyLost] {
        for (first, times) in [(0, 1), (1, 1), (1, 2), (1, 3), (1, 9), (2, 1)] {
            let kit = Kit::new();
            let successes = (0..first).map(|_| StoreFault::None);
            kit.0.store().plan(successes.chain((0..times).map(|_| trouble)));
            let code = kit.call(Contract::V1, "tenantSync", &tenant(1, "A", 0));
            assert!(code == "000000" || code == "000005", "{code}");
            kit.0.store().plan([]);
            let retry = tenant(1, "A", 5);
            assert_eq!(kit.call(Contract::V1, "tenantSync", &retry), "000000");
            assert_eq!(kit.kinds(&tenant_of("inst-1")), ["tenant.put"]);
        }
    }
}

/// A call that was answered 000000 is stored. A call that was answered 000005 is sent again until
/// it is.
#[test]
fn sixteen_concurrent_callers_on_one_directory_lose_no_change() {
    for (page, here) in
        [("authSync", users_of("inst-1")), ("singleOrgSync", departments_of("inst-1"))]
    {
        let (kit, barrier) = (Kit::new(), Barrier::new(16));
        thread::scope(|scope| {
            for number in 0..16 {
                let (kit, barrier) = (&kit, &barrier);
                scope.spawn(move || {
                    let name = format!("u{number}");
                    let body = match page {
                        "authSync" => users(1, &[&name, "shared"], 0),
                        _ => single(1, &name, "A", "", 0),
                    };
                    barrier.wait();
                    let sent = (0..100).map(|_| kit.call(Contract::V2, page, &body));
                    let failed: Vec<String> = sent.take_while(|code| code != "000000").collect();
                    assert!(failed.iter().all(|code| code == "000005"), "{failed:?}");
                    assert!(failed.len() < 100, "the call was never carried out");
                });
            }
        });
        let notices = kit.notices(&here);
        let one = |notice: &Notice| match page {
            "authSync" => notice.column("userName"),
            _ => vec![notice.data["orgCode"].as_str().unwrap().to_owned()],
        };
        let sent: Vec<String> = notices.iter().flat_map(one).collect();
        let distinct: BTreeSet<&String> = sent.iter().collect();
        assert_eq!((notices.len(), sent.len()), (16, distinct.len()));
        assert_eq!(kit.list(&here).head.rows(), distinct.len());
    }
}
