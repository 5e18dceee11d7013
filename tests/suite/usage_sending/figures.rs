//! How old the oldest usage is that the relay cannot send, for metrics and alarms.

use std::time::Duration;

use shell::world::{Unanswered, World};

use super::world::*;

/// How long ago the oldest window ended that is not sent, in minutes.
fn minutes(koohook: &Sending) -> u64 {
    let figures = koohook.endpoint.context().store_figures().unwrap();
    figures.usage.age(World::now(koohook.world())).as_secs() / 60
}

/// Each retry makes usage due later. The figure must grow all the same.
#[test]
fn usage_that_cannot_be_sent_grows_older_until_it_is_sent() {
    let settings = [&SETTINGS[..], &[("KOOHOOK_METRICS", "prometheus")]].concat();
    let (koohook, ids, _) = with_settings(3, &settings);
    World::web(koohook.world()).answer(|_| Err(Unanswered::Refused));
    for round in 1..=24 {
        relay_after(&koohook, 5 * MINUTE);
        let since = (koohook.world().now_millis() - FULL_HOUR) / 60_000;
        assert_eq!(minutes(&koohook), since, "round {round}");
    }
    Marketplace::of(&koohook, &ids);
    assert_eq!(relay_after(&koohook, 5 * MINUTE).usage.sent, 3);
    relay_after(&koohook, MINUTE);
    assert_eq!(minutes(&koohook), 0);
    let figures = koohook.endpoint.context().store_figures().unwrap();
    assert_eq!((figures.usage.count, figures.usage.oldest), (0, None));
}

/// Another relay may have sent it since.
#[test]
fn usage_that_no_run_has_tried_for_some_minutes_is_forgotten() {
    let settings = [&SETTINGS[..], &[("KOOHOOK_METRICS", "prometheus")]].concat();
    let (koohook, ids, _) = with_settings(1, &settings);
    World::web(koohook.world()).answer(|_| Err(Unanswered::Refused));
    relay_after(&koohook, 5 * MINUTE);
    assert!(minutes(&koohook) >= 5);
    let other = koohook.another(&settings);
    Marketplace::of(&other, &ids);
    assert_eq!(relay_after(&other, 7 * MINUTE).usage.sent, 1);
    koohook.world().pass(Duration::from_mins(20));
    relay_after(&koohook, MINUTE);
    assert_eq!(minutes(&koohook), 0);
}
