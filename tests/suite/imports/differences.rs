//! How a row differs from what exists.

use domain::instance::{Access, FreezeCause, Instance, InstanceState};
use protocol::app_info::AppInfo;
use protocol::time::UnixMillis;
use shell::import::ImportOutcome;
use tests::call::run;
use tests::world::NOW;

use super::{OWN, import, put, put_or_foresee, served};

/// An import of the same instance that says something else, and the columns in which it does.
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

/// What exists already is left as it is; where the import says something else, it is told so, in
/// a dry run and in a run alike.
#[test]
fn a_row_that_differs_from_what_exists_is_not_equal_to_it() {
    for (change, columns) in DIFFERENCES {
        let koohook = served();
        run(put(&koohook, &import("CS1", OWN))).unwrap();
        let standing = run(koohook.instance(OWN));
        let mut other = import("CS1", OWN);
        change(&mut other.instance);
        let expected = match columns {
            [] => ImportOutcome::Exists,
            columns => ImportOutcome::Differs(columns.to_vec()),
        };
        for dry_run in [true, false, true] {
            let outcome = run(put_or_foresee(&koohook, &other, dry_run));
            assert_eq!(outcome.as_ref(), Ok(&expected));
        }
        assert_eq!(run(koohook.instance(OWN)), standing, "{columns:?}");
    }
}

#[test]
fn a_cause_of_a_freeze_that_differs_is_named() {
    let koohook = served();
    let mut first = import("CS1", OWN);
    first.instance.state = InstanceState::Frozen(FreezeCause::Expiry);
    run(put(&koohook, &first)).unwrap();
    first.instance.state = InstanceState::Frozen(FreezeCause::Status);
    let outcome = run(put(&koohook, &first));
    assert_eq!(outcome, Ok(ImportOutcome::Differs(vec!["freezeCause"])));
}
