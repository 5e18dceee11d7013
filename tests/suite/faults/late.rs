//! Writes that arrive after they were given up.

use std::time::Duration;

use tests::fault_proxy::{Fault, Side, What};
use tests::servers::Server;

use super::by_chance::renewals;
use super::cuts::Cut;
use super::{CHANGES, FREEZE, Place, RENEWAL, code, members, now, signed};

// Late.

/// Longer than a store waits for an answer, and than all that is done meanwhile.
const LATE: Duration = Duration::from_secs(3);

/// A renewal whose write is on its way when its caller gives it up; whether nothing else passes
/// then, and whether somebody else writes before it arrives.
fn arrives_late(place: &Place, for_good: bool, is_overtaken: bool) {
    let (host, order) = (place.host(), place.order_for(RENEWAL));
    host.connect();
    let late = Fault { side: Side::Request, after: 0, what: What::Pause(LATE) };
    let (call, exchange, writing, len, is_new) = (CHANGES[1], 1, 1, usize::MAX, false);
    let cut = Cut { call, exchange, writing, fault: late, len, for_good, is_new };
    host.way.treat(cut.rule());
    let renewal = signed(now(), &members(RENEWAL, &order, "L1"));
    let right = if for_good { "000005" } else { "000000" };
    assert_eq!(code(&host.koohook, &renewal), right);
    if is_overtaken {
        let freeze = signed(now(), &members(FREEZE, &order, ""));
        assert_eq!(code(&place.beside, &freeze), "000000");
    }
    let before = place.standing(&order);
    assert_eq!(before.told, 1 + u64::from(!for_good) + u64::from(is_overtaken));
    while host.way.exchanges()[1].reply == 0 {
        std::thread::yield_now();
    }
    let after = place.standing(&order);
    let is_made = for_good && !is_overtaken;
    assert_eq!(after.told, before.told + u64::from(is_made), "I7: {for_good} {is_overtaken}");
    assert_eq!(after == before, !is_made, "I7: {for_good} {is_overtaken}");
    assert_eq!(code(&place.beside, &renewal), "000000");
    assert_eq!(place.standing(&order).told, 2 + u64::from(is_overtaken), "I6");
    assert_eq!(renewals(&place.kept(&order).unwrap()).count(), 1);
}

#[test]
fn a_write_that_arrives_after_it_was_given_up_is_made_once_and_over_nobody_elses() {
    let Some(place) = Place::new(Server::Redis) else { return };
    std::thread::scope(|scope| {
        for (for_good, is_overtaken) in [(false, false), (false, true), (true, false), (true, true)]
        {
            let place = &place;
            scope.spawn(move || arrives_late(place, for_good, is_overtaken));
        }
    });
}
