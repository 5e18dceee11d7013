//! The effects of a repeated order, and how long the ledger remembers an order.

use std::time::Duration;

use domain::idempotency::MAX_ORDERS;
use domain::notice::NoticeType;
use protocol::time::UnixMillis;
use tests::call::{SETTINGS, koohook, run};
use tests::world::NOW;

use super::{bought, kinds, named, notice_count, ordered, send_at};

#[test]
fn an_acceptance_is_recorded_once() {
    for (name, line) in [("V1 newInstance", None), ("V2 newInstance", Some(()))] {
        let koohook = koohook(&SETTINGS);
        let id = run(named(name).send(&koohook, "")).instance_id.unwrap();
        let mut accepting = named(name).members("");
        accepting.push(("acceptanceTime", "20261006000000000"));
        koohook.store().take_counts();
        for counts in [(1, 1), (1, 0), (1, 0)] {
            let answer = send_at(&koohook, named(name).contract, NOW, &accepting);
            assert_eq!(
                (answer.code.as_str(), koohook.store().take_counts()),
                ("000000", counts),
                "{line:?}"
            );
        }
        assert_eq!(kinds(&koohook, &id), [NoticeType::Created, NoticeType::Accepted]);
        assert!(run(koohook.instance(&id)).accepted);
    }
}

#[test]
fn a_repeated_order_with_other_values_changes_nothing() {
    let renewal = [
        ("activity", "refreshInstance"),
        ("orderId", "R1"),
        ("expireTime", "20271005194927"),
        ("orderAmount", "299"),
    ];
    let koohook = koohook(&SETTINGS);
    let id = bought(&koohook);
    let call = |expires: &str, amount: &str| {
        koohook.world().pass(Duration::from_secs(1));
        let mut members = [&renewal[..], &[("instanceId", id.as_str())]].concat();
        members[2].1 = expires;
        members[3].1 = amount;
        let answer = run(koohook.v1(&members));
        (answer.code, koohook.store().take_counts())
    };
    let answered = |counts| ("000000".to_owned(), counts);
    assert_eq!(call("20271005194927", "299"), answered((1, 1)));
    let first = run(koohook.kept(&id));
    assert_eq!(call("20281005194927", "299"), answered((1, 0)));
    assert_eq!(call("20271005194927", "300"), answered((1, 0)));
    assert_eq!(run(koohook.kept(&id)), first);
    // Another scene is another order: the renewal is cancelled under the same order ID.
    assert_eq!(call("20261005194927", "-299"), answered((1, 1)));
}

#[test]
fn only_a_cancelled_renewal_moves_the_expiry_back() {
    let koohook = koohook(&SETTINGS);
    let id = bought(&koohook);
    #[rustfmt::skip]
    let steps = [
        ("R1", "20271005000000", "299", "20271005000000"),
        ("R2", "20270905000000", "299", "20271005000000"),
        ("R3", "20270905000000", "-299", "20270905000000"),
        ("R4", "20270805000000", "0", "20270805000000"),
        ("R5", "20280805000000", "299.5", "20280805000000"),
    ];
    for (order, asked, amount, expected) in steps {
        koohook.world().pass(Duration::from_secs(1));
        let call = [
            ("activity", "refreshInstance"),
            ("orderId", order),
            ("instanceId", id.as_str()),
            ("expireTime", asked),
            ("orderAmount", amount),
        ];
        assert_eq!(run(koohook.v1(&call)).code, "000000");
        let expires = run(koohook.instance(&id)).expires;
        assert_eq!(expires, UnixMillis::from_utc_digits(expected), "{order}");
    }
    assert_eq!(notice_count(&koohook, &id), 5, "created, and four renewals");
}

#[test]
fn a_full_ledger_still_remembers_the_purchase() {
    let koohook = koohook(&SETTINGS);
    let id = bought(&koohook);
    let upgrade = |order: &str| {
        koohook.world().pass(Duration::from_secs(1));
        let members = ordered(named("V1 upgrade").members(&id), order);
        run(koohook.v1(&members));
        koohook.store().take_counts()
    };
    let orders: Vec<_> = (0..MAX_ORDERS).map(|number| format!("U{number}")).collect();
    for order in &orders {
        assert_eq!(upgrade(order), (1, 1));
    }
    let kept = run(koohook.kept(&id)).unwrap();
    assert_eq!(kept.ledger.dropped(), 1, "the purchase and 255 upgrades are remembered");
    assert_eq!(kept.outbox.waiting.len(), 64, "the outbox keeps at most 64 notices");
    assert_eq!(upgrade("U1"), (1, 0), "the second upgrade is still in the ledger");
    assert_eq!(
        upgrade("U0"),
        (1, 1),
        "the first is no longer in the ledger, so it is carried out again"
    );
    assert_eq!(run(named("V1 newInstance").send(&koohook, "")).instance_id, Some(id));
    assert_eq!(koohook.store().take_counts(), (1, 0));
}
