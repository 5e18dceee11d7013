//! Why no notice was selected.

use super::action::Action;
use super::notice_filter::NoticeFilter;
use super::notice_store::NoticeStore;
use super::selection::UnselectedRest;
use crate::counted::counted;
use crate::error::CommandError;
use crate::output::{self, errln};

/// Says which notices `now` or `replay` leaves out.
pub fn print_rest(rest: &UnselectedRest, action: Action) {
    if rest.dead > 0 {
        let (dead, are) = (counted(rest.dead, "dead letter", "dead letters"), are(rest.dead));
        errln!("koohook: {dead} {are} not selected; add --dead");
    }
    if rest.waiting > 0 {
        let waiting = counted(rest.waiting, "waiting notice", "waiting notices");
        errln!("koohook: {waiting} {} not selected; use koohook notices now", are(rest.waiting));
    }
    if rest.has_accepted_purchase && action != Action::Dead {
        errln!("koohook: {ACCEPTED}");
    }
}

/// Says why no notice passes the filter.
///
/// # Errors
/// If the order is not known, or the store does not answer.
pub fn explain(
    store: &NoticeStore,
    filter: &NoticeFilter,
    is_known: bool,
) -> Result<(), CommandError> {
    let is_unknown = !is_known && filter.instance.is_none();
    if let Some(order) = filter.order.as_ref().filter(|_| is_unknown)
        && !store.knows(order)?
    {
        let what = format!("no purchase and no waiting notice has the order {order}");
        return Err(format!("{what}; {CORRECT}").into());
    }
    let is_about_one = filter.order.is_some() || filter.instance.is_some();
    let reason = match (is_about_one, is_known) {
        (true, true) => OTHER_OPTIONS,
        (true, false) => ACCEPTED_ALL,
        (false, _) => NO_ADDRESS,
    };
    if !output::is_closed() {
        errln!("koohook: {reason}");
    }
    Ok(())
}

/// The verb after a count.
pub const fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

const ACCEPTED: &str = "the product accepted instance.created, so koohook does not send it again; only \
     the product's PUT of the access data makes the purchase ready";
const CORRECT: &str = "correct it. The order of a renewal is in the log: \
     koohook logs FILE --order ORDER";
const OTHER_OPTIONS: &str = "the notices wait, but the other options leave them out";
const ACCEPTED_ALL: &str = "no notice waits: the product accepted each of them. If koohook has no \
     product address, notices are only listed with --instance ID";
const NO_ADDRESS: &str =
    "if koohook has no product address, notices are only listed with --instance ID";
