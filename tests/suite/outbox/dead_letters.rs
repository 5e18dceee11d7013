//! Dead letters: which notices they block, how many the outbox keeps, and how one is replayed.

use std::time::Duration;

use domain::notice::{Notice, NoticeType};
use domain::outbox::{AttemptOutcome, MAX_DEAD_LEN, MAX_OUTBOX_LEN, Outbox, Reader, Settled};
use protocol::time::UnixMillis;

use super::{LASTING, START, at, claim, delivered, draft, gone, outbox};

#[test]
fn a_replayed_notice_keeps_its_id() {
    let mut outbox = outbox(&[NoticeType::Created]);
    let id = outbox.waiting[0].id("k");
    gone(&mut outbox, START);
    assert!(outbox.replay(1) && !outbox.replay(1));
    outbox.enrich(1, "orderDetails", "late".into());
    assert_eq!(outbox.waiting[0].id("k"), id);
}

#[test]
fn a_replayed_notice_waits_for_the_current_claim() {
    let mut outbox = outbox(&[NoticeType::Renewed, NoticeType::Renewed]);
    gone(&mut outbox, START);
    let second = claim(&mut outbox, START);
    assert!(outbox.replay(1));
    assert_eq!(outbox.claim(Duration::from_secs(1), UnixMillis::new(START + LASTING - 1)), None);
    let settled = outbox.settle(&second, AttemptOutcome::Accepted(None), at(START, 0));
    assert_eq!((settled, delivered(&mut outbox, START)), (Settled::Delivered, 1));
}

#[test]
fn a_purchase_that_is_a_dead_letter_blocks_every_notice_except_its_release() {
    let mut outbox = outbox(&[NoticeType::Created, NoticeType::Renewed]);
    gone(&mut outbox, START);
    outbox.append(vec![draft(NoticeType::Released, 0)], Reader::Product, UnixMillis::new(START));
    assert_eq!(delivered(&mut outbox, START), 3);
    assert_eq!(
        (outbox.waiting.len(), outbox.dead.len()),
        (0, 0),
        "the release removes all other notices"
    );
    assert_eq!((outbox.dropped, outbox.forgotten, outbox.blocked), (1, 1, false));
    assert!(!outbox.replay(1), "a purchase must not be sent after its release");
}

#[test]
fn a_dead_letter_that_is_not_a_purchase_blocks_no_notice() {
    let mut outbox = outbox(&[NoticeType::Created, NoticeType::Renewed, NoticeType::Frozen]);
    delivered(&mut outbox, START);
    gone(&mut outbox, START);
    assert_eq!(delivered(&mut outbox, START), 3);
}

#[test]
fn the_outbox_keeps_the_purchase_and_the_newest_dead_letters() {
    let mut outbox = outbox(&[NoticeType::Created]);
    gone(&mut outbox, START);
    outbox.blocked = false;
    for _ in 0..20 {
        outbox.append(vec![draft(NoticeType::Renewed, 0)], Reader::Product, UnixMillis::new(START));
        gone(&mut outbox, START);
    }
    let dead: Vec<_> = outbox.dead.iter().map(|dead| dead.notice.sequence()).collect();
    let newest: Vec<_> = std::iter::once(1).chain(7..=21).collect();
    assert_eq!((dead, outbox.forgotten), (newest, 5));
}

/// A value that is too long for the store could no longer be settled.
#[test]
fn dead_letters_leave_room_for_waiting_notices() {
    let mut outbox = Outbox::default();
    for _ in 0..20 {
        let long = draft(NoticeType::Upgraded, 7_900);
        outbox.append(vec![long], Reader::Product, UnixMillis::new(START));
        gone(&mut outbox, START);
    }
    let long = draft(NoticeType::Upgraded, 7_900);
    outbox.append(vec![long; 8], Reader::Product, UnixMillis::new(START));
    let len = |notices: &[&Notice]| serde_json::to_vec(notices).unwrap().len();
    let dead: Vec<_> = outbox.dead.iter().map(|dead| &dead.notice).collect();
    assert!(len(&dead) <= MAX_DEAD_LEN + 100 && outbox.dead.len() == 8);
    assert!(serde_json::to_vec(&outbox).unwrap().len() < MAX_DEAD_LEN + MAX_OUTBOX_LEN + 8_192);
}
