//! Imports that are interrupted, and purchases in between.

use futures_util::FutureExt;
use shell::import::{Import, ImportOutcome};
use tests::call::{run, run_until_halt};

use super::{OWN, POINTS, Served, call, check_whole, derived, import, instances, put, served};

/// Runs an import up to a point of its operations, then another actor, then the import's rest.
pub(super) fn interleaved(
    koohook: &Served,
    point: usize,
    import: &Import,
    other: impl FnOnce(),
) -> ImportOutcome {
    let putting = put(koohook, import);
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

/// Runs an import up to a point of its operations, where its process ends.
fn interrupted(koohook: &Served, point: usize, import: &Import) {
    koohook.world().halt_at(point);
    let _ = run_until_halt(koohook.world(), put(koohook, import));
}

#[test]
fn a_purchase_in_between_makes_no_second_instance() {
    let import = import("CS1", OWN);
    let mut outcomes = Vec::new();
    for point in 0..POINTS {
        let koohook = served();
        let mut first = None;
        let outcome = interleaved(&koohook, point, &import, || first = Some(call(&koohook, "CS1")));
        let what = format!("after point {point}: {outcome:?}");
        let (code, id) = first.unwrap();
        match outcome {
            ImportOutcome::OrderMadeHere => {
                assert_eq!(id, Some(derived("CS1").to_string()), "{what}")
            }
            ImportOutcome::Imported if code == "000000" => {
                assert_eq!(id.as_deref(), Some(OWN), "{what}")
            }
            ImportOutcome::Imported => assert_eq!((code.as_str(), id), ("000005", None), "{what}"),
            other => panic!("{what}: {other:?}"),
        }
        check_whole(&koohook, "CS1", &what);
        outcomes.push((outcome, code));
    }
    outcomes.dedup();
    let [won, waits, after] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(won, &(ImportOutcome::OrderMadeHere, "000000".to_owned()));
    assert_eq!(waits, &(ImportOutcome::Imported, "000005".to_owned()));
    assert_eq!(after, &(ImportOutcome::Imported, "000000".to_owned()));
}

#[test]
fn an_import_that_was_interrupted_anywhere_is_whole_when_run_again() {
    let import = import("CS1", OWN);
    for with_purchase in [false, true] {
        for point in 0..POINTS {
            let koohook = served();
            interrupted(&koohook, point, &import);
            let code = with_purchase.then(|| call(&koohook, "CS1").0);
            let outcome = run(put(&koohook, &import)).unwrap();
            let what = format!("after point {point}, {code:?}: {outcome:?}");
            check_whole(&koohook, "CS1", &what);
            let own = instances(&koohook, "CS1") == [OWN];
            assert_eq!(own, outcome != ImportOutcome::OrderMadeHere, "{what}");
            assert!(own || with_purchase, "{what}");
        }
    }
}

/// Two imports give one ID to two purchases: the first has it, and the other's purchase is made
/// here when the marketplace calls.
#[test]
fn an_id_that_another_purchase_took_is_pointed_at_by_no_one_else() {
    let (mine, theirs) = (import("CS1", OWN), import("CS2", OWN));
    for point in 0..POINTS {
        let koohook = served();
        let mut other = None;
        let outcome =
            interleaved(&koohook, point, &mine, || other = Some(run(put(&koohook, &theirs))));
        let what = format!("after point {point}: {outcome:?} and {other:?}");
        let mut outcomes = [outcome, other.unwrap().unwrap()];
        outcomes.sort();
        assert_eq!(outcomes, [ImportOutcome::Imported, ImportOutcome::OtherPurchase], "{what}");
        for order in ["CS1", "CS2"] {
            check_whole(&koohook, order, &what);
        }
    }
}

/// The pointer of an import that was interrupted waits for an instance; another purchase took its
/// ID meanwhile.
#[test]
fn a_pointer_to_another_purchase_is_taken_back() {
    let (mine, theirs) = (import("CS1", OWN), import("CS2", OWN));
    for point in 0..POINTS {
        let koohook = served();
        interrupted(&koohook, point, &mine);
        let theirs = run(put(&koohook, &theirs)).unwrap();
        let outcome = run(put(&koohook, &mine)).unwrap();
        let what = format!("after point {point}: {theirs:?} and {outcome:?}");
        for order in ["CS1", "CS2"] {
            check_whole(&koohook, order, &what);
        }
    }
}

#[test]
fn two_runs_of_one_import_at_once_are_one() {
    let import = import("CS1", OWN);
    for point in 0..POINTS {
        let koohook = served();
        let mut other = None;
        let outcome =
            interleaved(&koohook, point, &import, || other = Some(run(put(&koohook, &import))));
        let what = format!("after point {point}: {outcome:?} and {other:?}");
        let mut outcomes = [outcome, other.unwrap().unwrap()];
        outcomes.sort();
        assert_eq!(outcomes, [ImportOutcome::Imported, ImportOutcome::Exists], "{what}");
        check_whole(&koohook, "CS1", &what);
        assert_eq!(instances(&koohook, "CS1"), [OWN], "{what}");
    }
}
