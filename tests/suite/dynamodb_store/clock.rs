//! The time in the service's answers.

use std::time::Duration;

use protocol::time::UnixMillis;
use shell::store::{Queue, Store};
use tests::call::run;
use tests::dynamodb::Table;
use tests::dynamodb::model::{Model, Plan};
use tests::world::NOW;

use super::{NOON, put, value};

#[test]
fn the_newest_answer_sets_the_clock_without_a_request() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    let fresh = Table::open(&table.setting);
    assert_eq!(run(fresh.clock(NOON)), None, "there is no answer yet");
    run(fresh.get("a", NOON)).unwrap();
    assert_eq!(run(fresh.clock(NOON)), Some(NOON));
    let later = UnixMillis::new(NOW + 1_234_567);
    assert_eq!(run(fresh.clock(later)), Some(later), "the time advances with this machine's clock");
    let hour = Duration::from_hours(1);
    model.set_date(Some("Mon, 05 Oct 2026 22:09:27 GMT"));
    put(&fresh, "a", &value(1), None).unwrap();
    assert_eq!(run(fresh.clock(NOON)), Some(NOON.after(hour)));
    model.set_date(Some("Mon, 05 Oct 2026 20:09:26 GMT"));
    put(&fresh, "a", &value(2), None).unwrap();
    assert_eq!(run(fresh.clock(later)), Some(UnixMillis::new(NOW + 1_234_567 - 3_601_000)));
    model.plan([Plan::Refuse(400, "AccessDeniedException")]);
    model.set_date(Some("Monday, 05-Oct-26 21:09:57 GMT"));
    run(fresh.get("a", NOON)).unwrap_err();
    assert_eq!(
        run(fresh.clock(NOON)),
        Some(UnixMillis::new(NOW + 30_000)),
        "an error answer contains the time, too"
    );
    model.set_date(Some("Mon, 05 Oct 2026 21:09:27 GMT"));
    run(fresh.agenda(Queue::Due, NOON..=NOON, 1)).unwrap();
    model.plan([Plan::CutAfter; 3]);
    model.set_date(None);
    run(fresh.get("a", NOON)).unwrap_err();
    assert_eq!(run(fresh.clock(NOON)), Some(NOON), "a lost answer must not change the time");
    model.take_calls();
    run(fresh.clock(NOON));
    assert_eq!(model.take_calls(), [""; 0]);
}

#[test]
fn an_answer_without_a_valid_date_sets_no_time() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    for date in [
        None,
        Some(""),
        Some("now"),
        Some("2026-10-05T21:09:27Z"),
        Some("Mon, 05 Oct 2026 21:09:27"),
        Some("Mon, 32 Oct 2026 21:09:27 GMT"),
    ] {
        model.set_date(date);
        run(table.get("a", NOON)).unwrap();
        assert_eq!(run(table.clock(NOON)), None, "{date:?}");
        model.set_date(Some("Mon, 05 Oct 2026 21:09:27 GMT"));
        run(table.get("a", NOON)).unwrap();
        assert_eq!(run(table.clock(NOON)), Some(NOON));
    }
}
