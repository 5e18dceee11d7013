//! Writes that arrive after their caller stopped waiting.

use std::time::Duration;

use tests::fault_proxy::{Fault, Side, What};
use tests::servers::Server;

use super::by_chance::renewals;
use super::cuts::Cut;
use super::{CHANGES, FREEZE, Place, RENEWAL, code, members, now, signed};

/// Longer than a store waits for an answer, and longer than all steps in between.
const LATE: Duration = Duration::from_secs(3);

/// A renewal whose write is still under way when koohook stops waiting. `is_permanent`: all later
/// exchanges fail. `is_overtaken`: another caller writes before the write arrives.
fn arrives_late(place: &Place, is_permanent: bool, is_overtaken: bool) {
    let (host, order) = (place.host(), place.order_for(RENEWAL));
    host.connect();
    let late = Fault { side: Side::Request, after: 0, what: What::Pause(LATE) };
    let (call, exchange, writing, len, is_new) = (CHANGES[1], 1, 1, usize::MAX, false);
    let cut = Cut { call, exchange, writing, fault: late, len, is_permanent, is_new };
    host.proxy.treat(cut.rule());
    let renewal = signed(now(), &members(RENEWAL, &order, "L1"));
    let expected = if is_permanent { "000005" } else { "000000" };
    assert_eq!(code(&host.koohook, &renewal), expected);
    if is_overtaken {
        let freeze = signed(now(), &members(FREEZE, &order, ""));
        assert_eq!(code(&place.direct, &freeze), "000000");
    }
    let before = place.stored(&order);
    assert_eq!(before.notices, 1 + u64::from(!is_permanent) + u64::from(is_overtaken));
    while host.proxy.exchanges()[1].reply == 0 {
        std::thread::yield_now();
    }
    let after = place.stored(&order);
    let is_written = is_permanent && !is_overtaken;
    assert_eq!(
        after.notices,
        before.notices + u64::from(is_written),
        "invariant 7: {is_permanent} {is_overtaken}"
    );
    assert_eq!(after == before, !is_written, "invariant 7: {is_permanent} {is_overtaken}");
    assert_eq!(code(&place.direct, &renewal), "000000");
    assert_eq!(place.stored(&order).notices, 2 + u64::from(is_overtaken), "invariant 6");
    assert_eq!(renewals(&place.kept(&order).unwrap()).count(), 1);
}

#[test]
fn a_late_write_has_one_effect_and_overwrites_no_other() {
    let Some(place) = Place::new(Server::Redis) else { return };
    std::thread::scope(|scope| {
        for (is_permanent, is_overtaken) in
            [(false, false), (false, true), (true, false), (true, true)]
        {
            let place = &place;
            scope.spawn(move || arrives_late(place, is_permanent, is_overtaken));
        }
    });
    place.check_catalogue();
}
