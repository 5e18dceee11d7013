//! Calls about an imported instance, older and newer than its import.

use domain::instance::{FreezeCause, InstanceState};
use shell::import::ImportOutcome;
use tests::call::{run, v1};
use tests::world::NOW;

use super::{OWN, import, put, served};

/// How long before and after the import a call is signed, and whether it has an effect: one that
/// was under way has, a copy of an older one has not (decision D5).
const SIGNED: [(i64, bool); 6] = [
    (-365 * 86_400_000, false),
    (-3_600_000, false),
    (-60_001, false),
    (-60_000, true),
    (0, true),
    (5_000, true),
];

/// Calls of V1, which old signatures still pass, that change an imported instance.
fn changes() -> [Vec<(&'static str, &'static str)>; 5] {
    let of = |members: &[(&'static str, &'static str)]| [&[("instanceId", OWN)], members].concat();
    let order = [("orderId", "CS9"), ("expireTime", "20300101000000")];
    [
        of(&[("activity", "instanceStatus"), ("instanceStatus", "FREEZE")]),
        of(&[("activity", "expireInstance"), ("orderId", "CS1")]),
        of(&[&[("activity", "refreshInstance"), ("orderAmount", "1")], order.as_slice()].concat()),
        of(&[&[("activity", "refreshInstance"), ("trialToFormal", "1")], order.as_slice()]
            .concat()),
        of(&[("activity", "upgrade"), ("orderId", "CS9"), ("skuCode", "S2"), ("productId", "P2")]),
    ]
}

#[test]
fn a_call_that_is_older_than_the_import_has_no_effect() {
    for change in changes() {
        for (millis, has_effect) in SIGNED {
            let koohook = served();
            run(put(&koohook, &import("CS1", OWN))).unwrap();
            let before = run(koohook.kept(OWN)).unwrap();
            let signed_at = NOW.checked_add_signed(millis).unwrap();
            koohook.world().set_now(NOW.max(signed_at));
            let answer = run(koohook.reply(v1(signed_at, &change)));
            let what = format!("{change:?}, signed {millis} ms after the import");
            assert_eq!(answer.code, "000000", "{what}");
            let after = run(koohook.kept(OWN)).unwrap();
            let [before, after] = [before, after].map(|kept| kept.outbox.waiting.len());
            assert_eq!(after > before, has_effect, "{what}");
        }
    }
}

/// An imported freeze is not ended by a copy of a thaw that came before it.
#[test]
fn an_older_thaw_does_not_end_an_imported_freeze() {
    for (millis, has_effect) in SIGNED {
        let koohook = served();
        let mut frozen = import("CS1", OWN);
        frozen.instance.state = InstanceState::Frozen(FreezeCause::Status);
        run(put(&koohook, &frozen)).unwrap();
        let signed_at = NOW.checked_add_signed(millis).unwrap();
        koohook.world().set_now(NOW.max(signed_at));
        let thaw =
            [("activity", "instanceStatus"), ("instanceId", OWN), ("instanceStatus", "NORMAL")];
        assert_eq!(run(koohook.reply(v1(signed_at, &thaw))).code, "000000");
        let state = run(koohook.instance(OWN)).state;
        assert_eq!(state == InstanceState::Active, has_effect, "{millis}");
    }
}

/// A second import of the file does not move the time of the first.
#[test]
fn an_import_that_is_run_again_ages_no_call() {
    let koohook = served();
    run(put(&koohook, &import("CS1", OWN))).unwrap();
    koohook.world().set_now(NOW + 600_000);
    assert_eq!(run(put(&koohook, &import("CS1", OWN))), Ok(ImportOutcome::Exists));
    let freeze =
        [("activity", "instanceStatus"), ("instanceId", OWN), ("instanceStatus", "FREEZE")];
    assert_eq!(run(koohook.reply(v1(NOW + 60_000, &freeze))).code, "000000");
    assert_eq!(run(koohook.instance(OWN)).state, InstanceState::Frozen(FreezeCause::Status));
}
