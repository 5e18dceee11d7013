use protocol::message::Activity;
use protocol::order_query::MAX_DETAILS_LEN;
use serde_json::json;

use super::*;
use crate::order_details;
use crate::outbox::{Outbox, Reader};

fn draft(kind: NoticeType, text: &str) -> NoticeDraft {
    NoticeDraft::of_time(kind).with("orderAmount", text)
}

#[test]
fn each_notice_has_its_own_sequence_and_id() {
    let mut outbox = Outbox::default();
    let at = UnixMillis::new(1_595_835_431_903);
    outbox.append(vec![draft(NoticeType::Created, "1")], Reader::Product, at);
    outbox.append(vec![draft(NoticeType::Renewed, "2")], Reader::Product, at);
    let [first, second] = outbox.waiting.as_slice() else { panic!("two notices") };
    assert_eq!((first.sequence(), second.sequence()), (1, 2));
    assert_ne!(first.id("k"), second.id("k"));
    assert_ne!(first.id("k"), first.id("l"));
    assert_eq!(
        first.body(),
        json!({
            "type": "instance.created",
            "timestamp": "2020-07-27T07:37:11.903Z",
            "data": { "orderAmount": "1", "sequence": 1 },
        })
    );
}

#[test]
fn a_notice_that_is_too_long_is_cut() {
    let mut outbox = Outbox::default();
    let long = "用".repeat(4096);
    let draft = draft(NoticeType::Created, &long)
        .with("instanceId", "i")
        .with("other", json!({ "x": long }))
        .with("saasExtendParams", long.as_str())
        .with("customerName", "short");
    outbox.append(vec![draft], Reader::Product, UnixMillis::new(0));
    let notice = &outbox.waiting[0];
    assert!(notice.len() <= MAX_NOTICE_LEN);
    assert_eq!(notice.data.get("truncated"), Some(&json!(true)));
    assert_eq!(notice.data.get("customerName"), Some(&json!("short")));
    assert_eq!(notice.data.get("instanceId"), Some(&json!("i")));
}

#[test]
fn order_details_are_kept_and_fields_of_the_call_are_cut() {
    let mut outbox = Outbox::default();
    let draft = draft(NoticeType::Created, &"x".repeat(4_096))
        .with("orderId", "CS1")
        .with("other", "x".repeat(2_000));
    outbox.append(vec![draft], Reader::Product, UnixMillis::new(0));
    let notice = &outbox.waiting[0];
    assert_eq!(notice.data.get("truncated"), None);
    let order = json!({ "extendParams": "x".repeat(MAX_DETAILS_LEN - 19) });
    assert_eq!(order.to_string().len(), MAX_DETAILS_LEN);
    let with_order = notice.clone().with(order_details::MEMBER, order.clone());
    let mut expected = Map::new();
    expected.insert("orderDetails".to_owned(), order);
    expected.insert("orderId".to_owned(), json!("CS1"));
    expected.insert("sequence".to_owned(), json!(1));
    expected.insert("truncated".to_owned(), json!(true));
    assert_eq!(with_order.data, expected);
    assert_ne!(with_order.id("k"), notice.id("k"));
}

/// A list's notice identifies its list, even if it names very many parts.
#[test]
fn the_members_that_identify_a_list_are_never_cut() {
    let mut outbox = Outbox::default();
    let at = UnixMillis::new(0);
    let draft = NoticeDraft::of_list(NoticeType::UsersPut, Activity::AuthSync, at)
        .with("instanceId", "i")
        .with("tenantId", "t")
        .with("appId", "a")
        .with("orgCode", "o")
        .with("parts", vec![Value::from("0".repeat(32)); 300]);
    let members = draft.members.clone();
    outbox.append(vec![draft], Reader::Product, at);
    let notice = &outbox.waiting[0];
    assert!(notice.len() > MAX_NOTICE_LEN);
    assert!(members.iter().all(|(name, value)| notice.data.get(name) == Some(value)));
}
