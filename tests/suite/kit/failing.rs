//! A store that fails at any moment, callers that give up, and callers that race.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use tests::call::run_until_halt;
use tests::world::Trouble;

use super::*;

fn codes() -> Vec<String> {
    (0..1_200).map(|code| format!("{code:05}")).collect()
}

/// A list that has parts, and the call that changes it next.
fn prepared() -> (Kit, Value) {
    let (kit, codes) = (Kit::new(), codes());
    let rows: Vec<_> = codes.iter().map(|code| (code.as_str(), "A", "")).collect();
    assert_eq!(kit.call(Contract::V2, "allOrgSync", &all(&rows, -100)), "000000");
    let rows: Vec<_> = codes.iter().skip(600).map(|code| (code.as_str(), "B", "")).collect();
    (kit, all(&rows, -50))
}

/// All that is referred to stands, and what was told was told once.
fn assert_whole(kit: &Kit, done: bool) {
    let here = departments_of("inst-1");
    let list = kit.list(&here);
    for name in list.head.parts() {
        assert!(!kit.part(&here, name).is_empty());
    }
    let notices = kit.notices(&here);
    let (rows, told) = (list.head.rows(), notices.len());
    assert!(done || (rows, told) == (1_200, 1) || (rows, told) == (600, 2), "{rows} {told}");
    if done {
        assert_eq!((rows, told), (600, 2));
        assert_eq!(notices[1].column("orgCode"), codes()[600..]);
    }
}

#[test]
fn a_store_that_fails_anywhere_leaves_the_old_list_or_the_new_one() {
    for trouble in [Trouble::Refused, Trouble::ReplyLost] {
        for times in [1, 30] {
            for first in 0.. {
                let (kit, body) = prepared();
                let well = (0..first).map(|_| Trouble::None);
                kit.0.store().take_counts();
                kit.0.store().plan(well.chain((0..times).map(|_| trouble)));
                let code = kit.call(Contract::V2, "allOrgSync", &body);
                let (reads, writes) = kit.0.store().take_counts();
                kit.0.store().plan([]);
                assert_whole(&kit, code == "000000");
                assert!(code == "000000" || code == "000005", "{code}");
                // A write is sent again, and whoever finds it there knows it for his own.
                assert!(times > 1 || writes == 0 || code == "000000", "{trouble:?} at {first}");
                // A retry is a new call with a new time.
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
fn a_caller_that_is_dropped_anywhere_leaves_the_old_list_or_the_new_one() {
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
fn a_tenant_is_told_once_however_the_store_fails() {
    for trouble in [Trouble::Refused, Trouble::ReplyLost] {
        for (first, times) in [(0, 1), (1, 1), (1, 2), (1, 3), (1, 9), (2, 1)] {
            let kit = Kit::new();
            let well = (0..first).map(|_| Trouble::None);
            kit.0.store().plan(well.chain((0..times).map(|_| trouble)));
            let code = kit.call(Contract::V1, "tenantSync", &tenant(1, "A", 0));
            assert!(code == "000000" || code == "000005", "{code}");
            kit.0.store().plan([]);
            let retry = tenant(1, "A", 5);
            assert_eq!(kit.call(Contract::V1, "tenantSync", &retry), "000000");
            assert_eq!(kit.kinds(&tenant_of("inst-1")), ["tenant.put"]);
        }
    }
}

/// What is answered 000000 happened; what is answered 000005 is sent again until it did.
#[test]
fn sixteen_callers_on_one_directory_lose_nothing() {
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
                        "authSync" => users(1, &[&name, "everybody"], 0),
                        _ => single(1, &name, "A", "", 0),
                    };
                    barrier.wait();
                    let sent = (0..100).map(|_| kit.call(Contract::V2, page, &body));
                    let refused: Vec<String> = sent.take_while(|code| code != "000000").collect();
                    assert!(refused.iter().all(|code| code == "000005"), "{refused:?}");
                    assert!(refused.len() < 100, "never carried out");
                });
            }
        });
        let notices = kit.notices(&here);
        let one = |notice: &Notice| match page {
            "authSync" => notice.column("userName"),
            _ => vec![notice.data["orgCode"].as_str().unwrap().to_owned()],
        };
        let told: Vec<String> = notices.iter().flat_map(one).collect();
        let once: BTreeSet<&String> = told.iter().collect();
        assert_eq!((notices.len(), told.len()), (16, once.len()));
        assert_eq!(kit.list(&here).head.rows(), once.len());
    }
}
