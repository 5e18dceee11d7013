//! Interrupted imports, and purchases during an import.

use futures_util::FutureExt;
use shell::import::{Import, ImportOutcome};
use tests::call::{run, run_until_halt};

use super::{
    LEGACY, POINTS, Served, call, check_whole, derived, import, instances, run_import, served,
};

/// Runs an import up to a point of its operations, then the other actor, then the rest of the
/// import.
pub(super) fn interleaved(
    koohook: &Served,
    point: usize,
    import: &Import,
    other: impl FnOnce(),
) -> ImportOutcome {
    let putting = run_import(koohook, import);
    futures_util::pin_mut!(putting);
    koohook.world().halt_at(point);
    let early = loop {
        let output = putting.as_mut().now_or_never();
        if output.is_some() || koohook.world().has_halted() {
            break output;
        }
    };
    koohook.world().go_on();
    other();
    early.unwrap_or_else(|| run(putting)).unwrap()
}

/// Runs an import up to a point of its operations. There its process ends.
fn interrupted(koohook: &Served, point: usize, import: &Import) {
    koohook.world().halt_at(point);
    let _ = run_until_halt(koohook.world(), run_import(koohook, import));
}

#[test]
fn a_purchase_during_an_import_makes_no_second_instance() {
    let import = import("CS1", LEGACY);
    let mut outcomes = Vec::new();
    for point in 0..POINTS {
        let koohook = served();
        let mut first = None;
        let outcome = interleaved(&koohook, point, &import, || first = Some(call(&koohook, "CS1")));
        let what = format!("after point {point}: {outcome:?}");
        let (code, id) = first.unwrap();
        match outcome {
            ImportOutcome::OrderMadeHere(ref known) => {
                assert_eq!(known, &derived("CS1"), "{what}");
                assert_eq!(id.as_deref(), Some(known.as_str()), "{what}");
            }
            ImportOutcome::Imported if code == "000000" => {
                assert_eq!(id.as_deref(), Some(LEGACY), "{what}")
            }
            ImportOutcome::Imported => assert_eq!((code.as_str(), id), ("000005", None), "{what}"),
            other => panic!("{what}: {other:?}"),
        }
        check_whole(&koohook, "CS1", &what);
        outcomes.push((outcome, code));
    }
    outcomes.dedup();
    let [won, waits, after] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(won, &(ImportOutcome::OrderMadeHere(derived("CS1")), "000000".to_owned()));
    assert_eq!(waits, &(ImportOutcome::Imported, "000005".to_owned()));
    assert_eq!(after, &(ImportOutcome::Imported, "000000".to_owned()));
}

#[test]
fn an_import_that_was_interrupted_is_completed_by_the_next_run() {
    let import = import("CS1", LEGACY);
    for with_purchase in [false, true] {
        for point in 0..POINTS {
            let koohook = served();
            interrupted(&koohook, point, &import);
            let code = with_purchase.then(|| call(&koohook, "CS1").0);
            let outcome = run(run_import(&koohook, &import)).unwrap();
            let what = format!("after point {point}, {code:?}: {outcome:?}");
            check_whole(&koohook, "CS1", &what);
            let is_imported = instances(&koohook, "CS1") == [LEGACY];
            assert_eq!(
                is_imported,
                outcome != ImportOutcome::OrderMadeHere(derived("CS1")),
                "{what}"
            );
            assert!(is_imported || with_purchase, "{what}");
        }
    }
}

/// Two imports use one ID for two purchases. The first import gets the ID. koohook creates an
/// instance for the other purchase when the marketplace calls.
#[test]
fn an_id_belongs_to_the_first_purchase_that_is_imported_under_it() {
    let (first, second) = (import("CS1", LEGACY), import("CS2", LEGACY));
    for point in 0..POINTS {
        let koohook = served();
        let mut other = None;
        let outcome = interleaved(&koohook, point, &first, || {
            other = Some(run(run_import(&koohook, &second)))
        });
        let what = format!("after point {point}: {outcome:?} and {other:?}");
        let mut outcomes = [outcome, other.unwrap().unwrap()];
        outcomes.sort();
        assert_eq!(outcomes, [ImportOutcome::Imported, ImportOutcome::OtherPurchase], "{what}");
        for order in ["CS1", "CS2"] {
            check_whole(&koohook, order, &what);
        }
    }
}

/// The pointer of an interrupted import waits for its instance. Meanwhile another purchase was
/// imported under that ID.
#[test]
fn a_pointer_to_another_purchase_is_replaced() {
    let (first, second) = (import("CS1", LEGACY), import("CS2", LEGACY));
    for point in 0..POINTS {
        let koohook = served();
        interrupted(&koohook, point, &first);
        let second = run(run_import(&koohook, &second)).unwrap();
        let outcome = run(run_import(&koohook, &first)).unwrap();
        let what = format!("after point {point}: {second:?} and {outcome:?}");
        for order in ["CS1", "CS2"] {
            check_whole(&koohook, order, &what);
        }
    }
}

#[test]
fn two_concurrent_runs_of_an_import_make_one_instance() {
    let import = import("CS1", LEGACY);
    for point in 0..POINTS {
        let koohook = served();
        let mut other = None;
        let outcome = interleaved(&koohook, point, &import, || {
            other = Some(run(run_import(&koohook, &import)))
        });
        let what = format!("after point {point}: {outcome:?} and {other:?}");
        let mut outcomes = [outcome, other.unwrap().unwrap()];
        outcomes.sort();
        assert_eq!(outcomes, [ImportOutcome::Imported, ImportOutcome::Exists], "{what}");
        check_whole(&koohook, "CS1", &what);
        assert_eq!(instances(&koohook, "CS1"), [LEGACY], "{what}");
    }
}
