//! Differences between an import's row and the stored instance.

use domain::instance::{Access, FreezeCause, Instance, InstanceState};
use protocol::app_info::AppInfo;
use protocol::time::UnixMillis;
use shell::import::ImportOutcome;
use tests::call::run;
use tests::world::NOW;

use super::{LEGACY, import, run_import, run_or_check, served};

/// A change to an import of the same instance, and the columns that then differ.
type Difference = (fn(&mut Instance), &'static [&'static str]);

const DIFFERENCES: [Difference; 9] = [
    (|_| (), &[]),
    (|instance| instance.state = InstanceState::Frozen(FreezeCause::Expiry), &["state"]),
    (|instance| instance.state = InstanceState::Released, &["state"]),
    (|instance| instance.expires = Some(UnixMillis::new(NOW)), &["expireTime"]),
    (|instance| info(instance).front_end_url.push('x'), &["frontEndUrl"]),
    (|instance| info(instance).admin_url = Some("https://admin.example".into()), &["adminUrl"]),
    (|instance| info(instance).user_name = Some("admin".into()), &["userName"]),
    (|instance| info(instance).password = Some("constructed".into()), &["password"]),
    (
        |instance| {
            instance.state = InstanceState::Frozen(FreezeCause::Status);
            info(instance).memo = Some("note".into());
        },
        &["state", "memo"],
    ),
];

pub(super) fn info(instance: &mut Instance) -> &mut AppInfo {
    match &mut instance.access {
        Access::Ready(info) => info,
        other => panic!("{other:?}"),
    }
}

/// An import never changes an existing instance. It reports the columns that differ, in a dry run
/// and in a real one.
#[test]
fn an_import_reports_the_columns_that_differ() {
    for (change, columns) in DIFFERENCES {
        let koohook = served();
        run(run_import(&koohook, &import("CS1", LEGACY))).unwrap();
        let existing = run(koohook.instance(LEGACY));
        let mut other = import("CS1", LEGACY);
        change(&mut other.instance);
        let expected = match columns {
            [] => ImportOutcome::Exists,
            columns => ImportOutcome::Differs(columns.to_vec()),
        };
        for dry_run in [true, false, true] {
            let outcome = run(run_or_check(&koohook, &other, dry_run));
            assert_eq!(outcome.as_ref(), Ok(&expected));
        }
        assert_eq!(run(koohook.instance(LEGACY)), existing, "{columns:?}");
    }
}

#[test]
fn an_import_reports_a_different_cause_of_a_freeze() {
    let koohook = served();
    let mut first = import("CS1", LEGACY);
    first.instance.state = InstanceState::Frozen(FreezeCause::Expiry);
    run(run_import(&koohook, &first)).unwrap();
    first.instance.state = InstanceState::Frozen(FreezeCause::Status);
    let outcome = run(run_import(&koohook, &first));
    assert_eq!(outcome, Ok(ImportOutcome::Differs(vec!["freezeCause"])));
}
