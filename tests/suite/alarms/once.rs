//! A message comes once, whatever processes there are, and none is lost.

use std::time::Duration;

use futures_util::future;
use shell::relay::Relay;
use shell::world::Unanswered;
use tests::call::{run, run_until_halt};
use tests::log::Log;

use super::scene::{AlarmScene, MINUTE, SETTINGS, response};

/// A koohook whose clock is wrong.
fn faulty() -> AlarmScene {
    let scene = AlarmScene::new();
    scene.store().set_ahead(-31_000);
    scene
}

#[test]
fn a_fresh_process_for_each_run_repeats_nothing() {
    let scene = faulty();
    for _ in 0..130 {
        let fresh = scene.another();
        fresh.relay().unwrap();
        scene.koohook.world().pass(MINUTE);
    }
    let said = scene.peers.take_said();
    assert_eq!(said, ["clocks-differ began", "clocks-differ lasts", "clocks-differ lasts"]);
}

#[test]
fn of_two_relays_at_once_only_one_says_it() {
    let scene = faulty();
    for minute in 0..70 {
        let (one, two) = (scene.another(), scene.another());
        let runs = [&one, &two]
            .map(|it| Relay::new(it.koohook.endpoint.context(), Duration::from_secs(50)).run());
        for outcome in run(future::join_all(runs)) {
            assert!(outcome.is_ok(), "minute {minute}");
        }
        scene.koohook.world().pass(MINUTE);
    }
    assert_eq!(scene.peers.take_said(), ["clocks-differ began", "clocks-differ lasts"]);
}

/// A process dies at each of its operations. A later process says it: at most twice, and always.
#[test]
fn a_process_that_dies_at_any_point_loses_no_message() {
    let mut twice = 0;
    for point in 0.. {
        let scene = faulty();
        scene.relay().unwrap();
        scene.peers.take_said();
        // The next start is an hour later, so that something is to be said.
        scene.koohook.world().pass(61 * MINUTE);
        let dying = scene.another();
        dying.koohook.world().halt_at(point);
        let relay = Relay::new(dying.koohook.endpoint.context(), Duration::from_secs(50)).run();
        let ended = run_until_halt(dying.koohook.world(), relay).is_some();
        for _ in 0..3 {
            scene.koohook.world().pass(MINUTE);
            scene.another().relay().unwrap();
        }
        let said = scene.peers.take_said();
        assert!((1..=2).contains(&said.len()), "point {point}: {said:?}");
        assert!(said.iter().all(|it| it == "clocks-differ lasts"), "point {point}: {said:?}");
        twice += usize::from(said.len() == 2);
        if ended {
            assert_eq!(said.len(), 1);
            break;
        }
    }
    assert!(
        (1..=4).contains(&twice),
        "only a death between the post and its note repeats: {twice}"
    );
}

#[test]
fn a_robot_that_fails_is_tried_with_pauses_and_logged_and_harms_no_run() {
    let scene = faulty();
    let log = Log::default();
    let _kept = log.keep();
    scene.peers.set_robot(response(500, "canary"), Duration::ZERO);
    scene.relay().unwrap();
    scene.peers.set_robot(Err(Unanswered::NotReached), Duration::ZERO);
    scene.relay_for(20);
    // It hangs longer than a run waits.
    scene.peers.set_robot(response(200, ""), Duration::from_hours(1));
    scene.buy("CS1");
    scene.koohook.world().pass(MINUTE);
    let began = tests::world::TestWorld::now_millis(scene.koohook.world());
    assert_eq!(scene.relay().unwrap().delivered, 1, "deliveries go on");
    let took = scene.koohook.world().now_millis() - began;
    assert!(took <= 6_000, "{took}");
    assert_eq!(scene.peers.posts(), 4, "at 0, 1, 6 and 21 minutes");
    scene.peers.take_said();
    scene.peers.set_robot(response(200, ""), Duration::ZERO);
    scene.relay_for(61);
    assert_eq!(scene.peers.take_said(), ["clocks-differ began"]);
    let text = log.text();
    let count = |message: &str| text.matches(message).count();
    assert_eq!(count("alarm robot does not accept messages"), 4);
    assert_eq!(count("alarm robot accepts messages again"), 1);
    assert!(!text.contains("canary") && !text.contains("alarms.example.com"), "{text}");
}

/// The robot has its own time: a store that is too slow does not use it up.
#[test]
fn a_store_that_is_slow_is_told_and_the_robot_is_not_blamed() {
    let scene = AlarmScene::new();
    let log = Log::default();
    let _kept = log.keep();
    scene.relay().unwrap();
    scene.peers.set_robot(response(200, ""), Duration::from_millis(1_500));
    scene.koohook.world().lag(Duration::from_millis(1_200));
    scene.relay_for(3);
    assert_eq!(scene.peers.take_said(), ["store-down began"]);
    scene.koohook.world().lag(Duration::ZERO);
    scene.relay_for(20);
    assert_eq!(scene.peers.take_said(), ["store-down ended"]);
    assert!(!log.text().contains("alarm robot does not accept messages"), "{}", log.text());
}

#[test]
fn a_store_that_fails_again_and_again_is_one_trouble() {
    let scene = AlarmScene::new();
    scene.relay().unwrap();
    for _ in 0..5 {
        scene.store().set_down(true);
        scene.relay_for(3);
        scene.store().set_down(false);
        scene.relay_for(4);
    }
    assert_eq!(scene.peers.take_said(), ["store-down began"]);
    scene.relay_for(20);
    assert_eq!(scene.peers.take_said(), ["store-down ended"]);
    let span =
        scene.peers.texts().lines().find(|line| line.starts_with("from ")).map(str::to_owned);
    assert!(span.is_some_and(|span| span.ends_with(", 30 min")), "without the quiet minutes");
}

/// Without the store a process sees nothing of the other troubles: it cannot say that they are over.
#[test]
fn while_the_store_is_down_nothing_else_is_told_to_be_over() {
    let scene = faulty();
    scene.relay().unwrap();
    scene.relay_for(3);
    scene.peers.take_said();
    scene.store().set_down(true);
    scene.relay_for(200);
    let said = scene.peers.take_said();
    assert!(said.iter().all(|it| it.starts_with("store-down")), "{said:?}");
    assert_eq!(said.len(), 4, "{said:?}");
}

#[test]
fn without_a_robot_the_relay_reads_and_says_nothing_more() {
    let settings: Vec<_> =
        SETTINGS.into_iter().filter(|(name, _)| !name.contains("ALARM")).collect();
    let scene = AlarmScene::with(&settings);
    scene.store().set_ahead(-31_000);
    scene.relay().unwrap();
    scene.koohook.store().take_counts();
    scene.relay_for(10);
    assert_eq!((scene.peers.posts(), scene.koohook.store().take_counts()), (0, (0, 0)));
}

/// What a robot costs: one read in each minute, and no write while nothing is wrong.
#[test]
fn a_koohook_that_is_well_costs_one_read_a_minute() {
    let scene = AlarmScene::new();
    scene.relay().unwrap();
    scene.koohook.store().take_counts();
    scene.relay_for(10);
    assert_eq!(scene.koohook.store().take_counts(), (10, 0));
}

#[test]
fn no_message_contains_a_secret() {
    let scene = faulty();
    scene.peers.set_product(500, "");
    scene.buy("CS-canary-order");
    scene.relay_for(200);
    let texts = scene.peers.texts();
    assert!(texts.contains("purchases wait long"), "{texts}");
    for secret in ["canary", "alarms.example.com", "constructed", "made-up", "product.example"] {
        assert!(!texts.contains(secret), "{secret}: {texts}");
    }
}
