//! The time that the service's answers tell.

use std::time::Duration;

use protocol::time::UnixMillis;
use shell::store::{Queue, Store};
use tests::call::run;
use tests::dynamodb::Table;
use tests::dynamodb::model::{Model, Plan};
use tests::world::NOW;

use super::{NOON, put, value};

// What time it is there.

#[test]
fn the_newest_answer_tells_the_time_at_no_cost() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    let fresh = Table::open(&table.setting);
    assert_eq!(run(fresh.clock(NOON)), None, "no answer came yet");
    run(fresh.get("a", NOON)).unwrap();
    assert_eq!(run(fresh.clock(NOON)), Some(NOON));
    let later = UnixMillis::new(NOW + 1_234_567);
    assert_eq!(run(fresh.clock(later)), Some(later), "it goes on as this machine's clock does");
    let hour = Duration::from_hours(1);
    model.tell_date(Some("Mon, 05 Oct 2026 22:09:27 GMT"));
    put(&fresh, "a", &value(1), None).unwrap();
    assert_eq!(run(fresh.clock(NOON)), Some(NOON.after(hour)));
    model.tell_date(Some("Mon, 05 Oct 2026 20:09:26 GMT"));
    put(&fresh, "a", &value(2), None).unwrap();
    assert_eq!(run(fresh.clock(later)), Some(UnixMillis::new(NOW + 1_234_567 - 3_601_000)));
    model.plan([Plan::Refuse(400, "AccessDeniedException")]);
    model.tell_date(Some("Monday, 05-Oct-26 21:09:57 GMT"));
    run(fresh.get("a", NOON)).unwrap_err();
    assert_eq!(run(fresh.clock(NOON)), Some(UnixMillis::new(NOW + 30_000)), "a no tells it, too");
    model.tell_date(Some("Mon, 05 Oct 2026 21:09:27 GMT"));
    run(fresh.agenda(Queue::Due, NOON..=NOON, 1)).unwrap();
    model.plan([Plan::CutAfter; 3]);
    model.tell_date(None);
    run(fresh.get("a", NOON)).unwrap_err();
    assert_eq!(run(fresh.clock(NOON)), Some(NOON), "what never came told nothing");
    model.take_calls();
    run(fresh.clock(NOON));
    assert_eq!(model.take_calls(), [""; 0]);
}

#[test]
fn an_answer_whose_date_is_none_tells_no_time() {
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
        model.tell_date(date);
        run(table.get("a", NOON)).unwrap();
        assert_eq!(run(table.clock(NOON)), None, "{date:?}");
        model.tell_date(Some("Mon, 05 Oct 2026 21:09:27 GMT"));
        run(table.get("a", NOON)).unwrap();
        assert_eq!(run(table.clock(NOON)), Some(NOON));
    }
}
