//! Notices that a later notice replaces, and purchases that end before the product was notified.

use domain::notice::{Notice, NoticeDraft, NoticeType};
use domain::outbox::{Outbox, Reader};
use protocol::time::UnixMillis;

use super::{LASTING, START, claim, delivered, draft, gone, kinds, outbox, sequences};

#[test]
fn an_unoffered_second_purchase_is_dropped_and_the_abandonment_of_the_first_is_sent() {
    let mut outbox = outbox(&[NoticeType::Created]);
    delivered(&mut outbox, START);
    for kind in [NoticeType::Abandoned, NoticeType::Created, NoticeType::Released] {
        outbox.append(vec![draft(kind, 0)], Reader::Product, UnixMillis::new(START));
    }
    assert_eq!(kinds(&outbox), [NoticeType::Abandoned]);
    assert_eq!(outbox.dropped, 2);
}

#[test]
fn the_release_of_a_replayed_purchase_is_sent() {
    let mut outbox = outbox(&[NoticeType::Created, NoticeType::Renewed]);
    gone(&mut outbox, START);
    assert_eq!(
        outbox.due(UnixMillis::new(START)),
        None,
        "no notice is due after a purchase that is a dead letter"
    );
    assert!(outbox.replay(1));
    outbox.append(vec![draft(NoticeType::Released, 0)], Reader::Product, UnixMillis::new(START));
    assert_eq!(sequences(&outbox.waiting), [1, 2, 3]);
    let sent = [(); 3].map(|()| delivered(&mut outbox, START));
    assert_eq!(sent, [1, 2, 3]);
}

#[test]
fn an_abandonment_waits_for_the_claim_on_the_purchase_notice() {
    let mut outbox = outbox(&[NoticeType::Created]);
    claim(&mut outbox, START);
    assert_eq!(outbox.drop_purchase(UnixMillis::new(START)).len(), 1);
    outbox.append(vec![draft(NoticeType::Abandoned, 0)], Reader::Product, UnixMillis::new(START));
    let due = outbox.due(UnixMillis::new(START));
    assert_eq!(
        due,
        Some(UnixMillis::new(START + LASTING)),
        "it is sent after the purchase's claim"
    );
    assert_eq!(delivered(&mut outbox, START + LASTING), 2);
}

#[test]
fn a_new_purchase_drops_the_notices_that_the_earlier_dead_letter_blocked() {
    let mut outbox = outbox(&[NoticeType::Created, NoticeType::Renewed]);
    gone(&mut outbox, START);
    for kind in [NoticeType::Abandoned, NoticeType::Created] {
        outbox.append(vec![draft(kind, 0)], Reader::Product, UnixMillis::new(START));
    }
    assert_eq!(kinds(&outbox), [NoticeType::Abandoned, NoticeType::Created]);
}

#[test]
fn a_notice_that_was_offered_is_never_dropped() {
    let mut outbox = Outbox::default();
    let append = |outbox: &mut Outbox| {
        let long = draft(NoticeType::Frozen, 7_900);
        outbox.append(vec![long], Reader::Product, UnixMillis::new(START))
    };
    append(&mut outbox);
    claim(&mut outbox, START);
    let dropped: Vec<_> = (0..9).flat_map(|_| append(&mut outbox)).collect();
    assert_eq!(sequences(&dropped), [2, 3], "later notices replace them");
    assert_eq!(outbox.waiting.first().map(Notice::sequence), Some(1), "a claim on it is current");
}

/// A later renewal does not contain the other changes of this one.
#[test]
fn a_renewal_that_changes_more_than_the_expiry_is_never_dropped() {
    let renewal = |scene: &str, product: &str| {
        NoticeDraft::of_time(NoticeType::Renewed)
            .with("scene", scene)
            .with("productId", product)
            .with("orderAmount", "x".repeat(7_800))
    };
    for (scene, product, is_void) in [
        ("RENEWAL", "", true),
        ("UNSUBSCRIBE_RENEWAL_PERIOD", "", true),
        ("renew", "", true),
        ("cancel", "", true),
        ("RENEWAL_CHANGE", "", false),
        ("TRIAL_TO_FORMAL", "", false),
        ("trial", "", false),
        ("RENEWAL", "P2", false),
        ("a scene of next year", "", false),
    ] {
        let mut outbox = Outbox::default();
        let at = UnixMillis::new(START);
        outbox.append(vec![renewal(scene, product)], Reader::Product, at);
        for _ in 0..12 {
            outbox.append(vec![renewal("RENEWAL", "")], Reader::Product, at);
        }
        let is_kept = outbox.waiting.iter().any(|notice| notice.sequence() == 1);
        assert_eq!(is_kept, !is_void, "{scene} {product}");
        assert!(outbox.dropped > 0, "other notices were dropped to make room");
    }
}
