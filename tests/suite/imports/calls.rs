//! Calls about an imported instance that are older or newer than the import.

use domain::instance::{FreezeCause, InstanceState};
use shell::import::ImportOutcome;
use tests::call::{run, v1};
use tests::world::NOW;

use super::{LEGACY, import, run_import, served};

/// The time between the import and the signing of a call, and whether the call has an effect. A
/// call that was under way has an effect; a copy of an older call has none (decision D5).
const SIGNED: [(i64, bool); 6] = [
    (-365 * 86_400_000, false),
    (-3_600_000, false),
    (-60_001, false),
    (-60_000, true),
    (0, true),
    (5_000, true),
];

/// V1 calls that change an imported instance. V1 accepts old signatures.
fn changes() -> [Vec<(&'static str, &'static str)>; 5] {
    let about =
        |members: &[(&'static str, &'static str)]| [&[("instanceId", LEGACY)], members].concat();
    let order = [("orderId", "CS9"), ("expireTime", "20300101000000")];
    [
        about(&[("activity", "instanceStatus"), ("instanceStatus", "FREEZE")]),
        about(&[("activity", "expireInstance"), ("orderId", "CS1")]),
        about(
            &[&[("activity", "refreshInstance"), ("orderAmount", "1")], order.as_slice()].concat(),
        ),
        about(
            &[&[("activity", "refreshInstance"), ("trialToFormal", "1")], order.as_slice()]
                .concat(),
        ),
        about(&[
            ("activity", "upgrade"),
            ("orderId", "CS9"),
            ("skuCode", "S2"),
            ("productId", "P2"),
        ]),
    ]
}

#[test]
fn a_call_signed_more_than_a_minute_before_an_import_has_no_effect() {
    for change in changes() {
        for (millis, has_effect) in SIGNED {
            let koohook = served();
            run(run_import(&koohook, &import("CS1", LEGACY))).unwrap();
            let before = run(koohook.kept(LEGACY)).unwrap();
            let signed_at = NOW.checked_add_signed(millis).unwrap();
            koohook.world().set_now(NOW.max(signed_at));
            let answer = run(koohook.reply(v1(signed_at, &change)));
            let what = format!("{change:?}, signed {millis} ms after the import");
            assert_eq!(answer.code, "000000", "{what}");
            let after = run(koohook.kept(LEGACY)).unwrap();
            let [before, after] = [before, after].map(|kept| kept.outbox.waiting.len());
            assert_eq!(after > before, has_effect, "{what}");
        }
    }
}

/// A copy of an older unfreeze must not end an imported freeze.
#[test]
fn an_unfreeze_signed_more_than_a_minute_before_an_import_has_no_effect() {
    for (millis, has_effect) in SIGNED {
        let koohook = served();
        let mut frozen = import("CS1", LEGACY);
        frozen.instance.state = InstanceState::Frozen(FreezeCause::Status);
        run(run_import(&koohook, &frozen)).unwrap();
        let signed_at = NOW.checked_add_signed(millis).unwrap();
        koohook.world().set_now(NOW.max(signed_at));
        let unfreeze =
            [("activity", "instanceStatus"), ("instanceId", LEGACY), ("instanceStatus", "NORMAL")];
        assert_eq!(run(koohook.reply(v1(signed_at, &unfreeze))).code, "000000");
        let state = run(koohook.instance(LEGACY)).state;
        assert_eq!(state == InstanceState::Active, has_effect, "{millis}");
    }
}

/// A second import of the file must not move the time of the first import.
#[test]
fn a_repeated_import_keeps_the_time_of_the_first() {
    let koohook = served();
    run(run_import(&koohook, &import("CS1", LEGACY))).unwrap();
    koohook.world().set_now(NOW + 600_000);
    assert_eq!(run(run_import(&koohook, &import("CS1", LEGACY))), Ok(ImportOutcome::Exists));
    let freeze =
        [("activity", "instanceStatus"), ("instanceId", LEGACY), ("instanceStatus", "FREEZE")];
    assert_eq!(run(koohook.reply(v1(NOW + 60_000, &freeze))).code, "000000");
    assert_eq!(run(koohook.instance(LEGACY)).state, InstanceState::Frozen(FreezeCause::Status));
}
