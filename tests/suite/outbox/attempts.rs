//! The attempts of a notice: the pauses between them, the last one, and late settlements.

use domain::notice::NoticeType;
use domain::outbox::Settled;
use protocol::time::UnixMillis;

use super::{
    HOUR, LASTING, PATIENCE, SECOND, START, at, attempt, claim, delivered, failed, gone, outbox,
};

#[test]
fn a_notice_to_a_product_that_is_down_is_given_up_after_72_hours() {
    let mut outbox = outbox(&[NoticeType::Renewed]);
    let mut now = START;
    let mut spans = Vec::new();
    loop {
        let claim = claim(&mut outbox, now);
        // Each attempt lasts as long as the limit allows.
        let ended = now + 10 * SECOND;
        let chance = if spans.len() % 2 == 0 { 0 } else { u16::MAX };
        let offered = failed(attempt(ended));
        match outbox.settle(&claim, offered, at(ended, chance)) {
            Settled::Waits => (),
            settled => break assert_eq!(settled, Settled::Dead),
        }
        let due = outbox.due(UnixMillis::new(ended)).unwrap().millis();
        assert_eq!(outbox.ready(UnixMillis::new(due - 1)), None);
        spans.push((due - ended) / SECOND);
        now = due;
    }
    assert_eq!(spans[..7], [5, 30, 120, 600, 1_800, 3_960, 3_600]);
    assert!(spans[5..spans.len() - 1].iter().all(|span| [3_600, 3_960].contains(span)));
    assert_eq!(now - START, PATIENCE, "the last attempt is made when the 72 hours end");
    assert_eq!((outbox.dead.len(), outbox.dead[0].delivery.count), (1, 74));
    assert_eq!(outbox.due(UnixMillis::new(now)), None);
}

#[test]
fn an_attempt_from_before_a_replay_settles_nothing() {
    let mut outbox = outbox(&[NoticeType::Renewed, NoticeType::Renewed]);
    gone(&mut outbox, START);
    let early = claim(&mut outbox, START);
    assert!(outbox.replay(1));
    let now = START + LASTING;
    assert_eq!(delivered(&mut outbox, now), 1);
    let late = claim(&mut outbox, now);
    assert_eq!((early.attempt, late.attempt), (1, 1));
    let failed = failed(attempt(now));
    assert_eq!(outbox.settle(&early, failed, at(now, 0)), Settled::Nothing);
}

#[test]
fn a_clock_that_is_set_back_delays_a_notice_but_loses_none() {
    let mut outbox = outbox(&[NoticeType::Renewed]);
    let first = claim(&mut outbox, START);
    let earlier = UnixMillis::new(START - HOUR);
    let settled = outbox.settle(&first, failed(attempt(START)), at(START - HOUR, 0));
    assert_eq!(settled, Settled::Waits);
    assert_eq!(outbox.due(earlier), Some(UnixMillis::new(START - HOUR + 5 * SECOND)));
    assert_eq!(delivered(&mut outbox, START - HOUR + 5 * SECOND), 1);
}
