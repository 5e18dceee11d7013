//! The calls of one purchase have the same result in any order of delivery.

use std::time::Duration;

use domain::instance::{Instance, NewestCalls};
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use tests::call::{SETTINGS, koohook, run};
use tests::world::NOW;

use super::{Members, SECOND, bought, send_at};

/// One call of a short scenario: the seconds after the purchase, and its members besides the
/// instance's ID.
type Moment = (u64, &'static [(&'static str, &'static str)]);

/// A scenario under V1: renew, expire, renew again, freeze, unfreeze.
#[rustfmt::skip]
const SCENARIO: [Moment; 5] = [
    (1, &[("activity", "refreshInstance"), ("orderId", "R1"), ("expireTime", "20261006074927"), ("orderAmount", "1")]),
    (2, &[("activity", "expireInstance"), ("orderId", "CS1")]),
    (3, &[("activity", "refreshInstance"), ("orderId", "R2"), ("expireTime", "20271005194927"), ("orderAmount", "1")]),
    (4, &[("activity", "instanceStatus"), ("instanceStatus", "FREEZE")]),
    (5, &[("activity", "instanceStatus"), ("instanceStatus", "NORMAL")]),
];

/// The result of a scenario: the state, the expiry, and the times of the newest calls.
///
/// The cause of a freeze is left out, because it may differ: koohook stores one time for expiry and
/// status calls. If both froze the instance, koohook cannot determine whether an overtaken renewal
/// is newer than the expiry call.
type Outcome = (&'static str, Option<UnixMillis>, NewestCalls);

/// Delivers the calls of a scenario in an order.
fn delivered(moments: &[Moment]) -> Outcome {
    let koohook = koohook(&SETTINGS);
    let id = bought(&koohook);
    koohook.world().pass(Duration::from_mins(1));
    for (after, members) in moments {
        let members: Members<'_> = [*members, &[("instanceId", id.as_str())]].concat();
        let answer = send_at(&koohook, Contract::V1, NOW + after * SECOND, &members);
        assert_eq!(answer.code, "000000");
    }
    let Instance { state, expires, newest, .. } = run(koohook.instance(&id));
    (state.as_str(), expires, newest)
}

#[test]
fn a_scenario_has_the_same_result_in_any_order() {
    for (length, end, orders) in [(4, "frozen", 24), (5, "active", 120)] {
        let mut calls = SCENARIO[..length].to_vec();
        let in_order = delivered(&calls);
        assert_eq!(in_order.0, end);
        let mut count = 0;
        permute(&mut calls, 0, &mut |moments| {
            count += 1;
            assert_eq!(delivered(moments), in_order, "{moments:?}");
        });
        assert_eq!(count, orders);
    }
}

fn permute<T: Copy>(items: &mut [T], from: usize, visit: &mut impl FnMut(&[T])) {
    if from == items.len() {
        return visit(items);
    }
    for place in from..items.len() {
        items.swap(from, place);
        permute(items, from + 1, visit);
        items.swap(from, place);
    }
}
