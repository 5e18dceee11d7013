//! The limits of a record: the ledger keeps the newest orders, the outbox keeps the newest notices,
//! and derived names are unique.

use std::collections::BTreeMap;

use domain::entity::Subject;
use domain::idempotency::{Ledger, MAX_ORDERS, Order, Recall};
use domain::notice::{MAX_NOTICE_LEN, NoticeDraft, NoticeType};
use domain::outbox::{MAX_OUTBOX_LEN, MAX_UNREAD, Outbox, Reader};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use protocol::message::{Activity, Details, OrderId};
use protocol::time::UnixMillis;
use tests::world::NOW;

use super::cases;

/// A random order from a small set, so that orders repeat.
pub(super) fn order() -> impl Strategy<Value = (Activity, u16, u8)> {
    let activities = [Activity::RefreshInstance, Activity::UpgradeInstance];
    (select(activities.to_vec()), 0_u16..400, 0_u8..2)
}

fn to_order((activity, number, meaning): (Activity, u16, u8)) -> Order {
    let mut details = Details::default();
    details.named.insert("expireTime".to_owned(), meaning.into());
    let id = OrderId::parse(&format!("CS{number}")).unwrap();
    Order::new(activity, "", &id, None, &details)
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn a_ledger_keeps_the_purchase_and_the_newest_orders(orders in vec(order(), 0..600)) {
        let purchase = to_order((Activity::NewInstance, 0, 0));
        let mut ledger = Ledger::default();
        ledger.remember(&purchase);
        let mut known: Vec<(Activity, u16, u8)> = Vec::new();
        for order in orders {
            let first = known.iter().find(|known| (known.0, known.1) == (order.0, order.1));
            let expected = match first {
                None => Recall::Fresh,
                Some(first) if *first == order => Recall::Repeat,
                Some(_) => Recall::Conflict,
            };
            prop_assert_eq!(ledger.recall(&to_order(order)), expected);
            if expected == Recall::Fresh {
                ledger.remember(&to_order(order));
                known.push(order);
                known.drain(..known.len().saturating_sub(MAX_ORDERS - 1));
            }
        }
        prop_assert_eq!(ledger.recall(&purchase), Recall::Repeat);
        let text = serde_json::to_string(&ledger).unwrap();
        prop_assert!(text.len() < 9 * 1024, "each order is one text of 32 letters");
        prop_assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
    }
}

proptest! {
    #![proptest_config(cases(8))]

    /// The outbox of a product has its own model, in `outbox`.
    #[test]
    fn an_outbox_without_a_product_keeps_the_newest_notices(
        drafts in vec((select(KINDS.to_vec()), select(vec![0, 2_000, 4_000, 9_000])), 0..80),
    ) {
        let mut outbox = Outbox::default();
        for (kind, length) in &drafts {
            let draft = NoticeDraft::of_time(*kind).with("orderAmount", "x".repeat(*length));
            outbox.append(vec![draft], Reader::Operator, UnixMillis::new(NOW));
            let sequences: Vec<_> = outbox.waiting.iter().map(|notice| notice.sequence()).collect();
            prop_assert!(sequences.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(sequences.last().copied(), Some(outbox.sequence), "the newest waits");
            let waiting = u64::try_from(sequences.len()).unwrap();
            prop_assert_eq!(waiting + u64::from(outbox.dropped), outbox.sequence);
        }
        prop_assert_eq!(outbox.sequence, u64::try_from(drafts.len()).unwrap());
        let lengths = outbox.waiting.iter().map(|notice| notice.body().to_string().len());
        prop_assert!(lengths.clone().all(|length| length <= MAX_NOTICE_LEN));
        prop_assert!(outbox.waiting.len() <= MAX_UNREAD);
        prop_assert!(lengths.sum::<usize>() <= MAX_OUTBOX_LEN);
    }
}

const KINDS: [NoticeType; 6] = [
    NoticeType::Created,
    NoticeType::Renewed,
    NoticeType::Frozen,
    NoticeType::Thawed,
    NoticeType::Upgraded,
    NoticeType::Released,
];

fn part(shortest: usize) -> impl Strategy<Value = String> {
    let pieces = select(vec!["a", "orderLineId", "productId"]);
    vec(pieces, shortest..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(cases(32))]

    /// The parts contain the texts that separate parts, so that an ambiguous encoding would give
    /// equal IDs.
    #[test]
    fn two_order_lines_never_share_an_id_or_a_key(
        lines in vec((part(1), proptest::option::of(part(0)), proptest::option::of(part(0))), 100),
    ) {
        let mut named = BTreeMap::new();
        for (order, line, product) in lines {
            let id = domain::instance::id::derive(&order, line.as_deref(), product.as_deref());
            let parts = (order, line, product);
            let key = Subject::Instance(id.clone()).key();
            prop_assert_eq!(named.entry(key).or_insert_with(|| (parts.clone(), id.clone())), &mut (parts, id));
        }
    }
}
