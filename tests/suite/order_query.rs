//! The order query: which notices of the real endpoint need one, and which request koohook sends.

use std::collections::BTreeSet;

use domain::notice::Notice;
use domain::order_details::{self, MEMBER};
use protocol::open_api::OpenApiHost;
use protocol::order_query::OrderQuery;
use protocol::signature::Contract;
use protocol::signature::sdk::OpenApiCredentials;
use protocol::time::UnixMillis;
use tests::call::{PENDING, koohook, run};

use crate::lifecycle::{CALLBACKS, Callback, STATES, instance_id, standing};

/// Calls that differ from the lifecycle's in the fields that decide about a query.
#[rustfmt::skip]
const OTHERS: [Callback; 4] = [
    Callback { name: "V2 RENEWAL with a product", contract: Contract::V2, members: &[
        ("activity", "refreshInstance"), ("scene", "RENEWAL"), ("orderId", "CS2"),
        ("orderLineId", "CS2-1"), ("instanceId", "{instanceId}"),
        ("expireTime", "20271005194927"), ("productId", "P2"),
    ]},
    Callback { name: "V2 RENEWAL with a blank product", contract: Contract::V2, members: &[
        ("activity", "refreshInstance"), ("scene", "RENEWAL"), ("orderId", "CS2"),
        ("orderLineId", "CS2-1"), ("instanceId", "{instanceId}"),
        ("expireTime", "20271005194927"), ("productId", " "),
    ]},
    Callback { name: "V1 renewal with V2's fields", contract: Contract::V1, members: &[
        ("activity", "refreshInstance"), ("scene", "RENEWAL_CHANGE"), ("orderId", "CS2"),
        ("orderLineId", "CS2-1"), ("instanceId", "{instanceId}"),
        ("expireTime", "20271005194927"), ("productId", "P2"), ("orderAmount", "1"),
    ]},
    Callback { name: "V1 upgrade with V2's line", contract: Contract::V1, members: &[
        ("activity", "upgrade"), ("orderId", "CS5"), ("orderLineId", "CS5-1"),
        ("instanceId", "{instanceId}"), ("skuCode", "S2"), ("productId", "P2"),
    ]},
];

/// The notices that need a query (decision E7). No other notice needs one.
const ASKING: [(&str, &str, &str); 5] = [
    ("V2 newInstance", "CS1", "CS1-1"),
    ("V2 refreshInstance RENEWAL_CHANGE", "CS3", "CS3-1"),
    ("V2 refreshInstance TRIAL_TO_FORMAL", "CS4", "CS4-1"),
    ("V2 upgradeInstance", "CS6", "CS6-1"),
    ("V2 RENEWAL with a product", "CS2", "CS2-1"),
];

/// The notices that a call to an instance in a state leaves in the outbox.
fn notices(callback: &Callback, state: &str) -> Vec<Notice> {
    let koohook = koohook(&PENDING);
    let id = instance_id(callback.contract);
    run(async {
        if let Some(kept) = standing(state, callback.contract) {
            koohook.keep(id.as_str(), &kept).await;
        }
        callback.send(&koohook, id.as_str()).await;
        koohook.kept(id.as_str()).await.map(|kept| kept.outbox.waiting).unwrap_or_default()
    })
}

#[test]
fn only_the_notices_of_decision_e7_need_an_order_query() {
    let (mut kinds, mut asking) = (BTreeSet::new(), BTreeSet::new());
    for callback in CALLBACKS.iter().chain(&OTHERS) {
        for notice in STATES.iter().flat_map(|state| notices(callback, state)) {
            kinds.insert(notice.kind.as_str());
            let query = order_details::query_of(&notice);
            asking.extend(query.map(|OrderQuery { order_id, order_line_id }| {
                (callback.name, order_id.to_string(), order_line_id.unwrap().to_string())
            }));
        }
    }
    let expected = ASKING.map(|(name, id, line)| (name, id.to_owned(), line.to_owned()));
    assert_eq!(asking, BTreeSet::from(expected));
    assert_eq!(kinds.len(), 7, "the calls make every kind but an acceptance: {kinds:?}");
}

#[test]
fn an_acceptance_and_a_queried_notice_need_no_order_query() {
    let accepted = Callback {
        name: "V2 newInstance",
        contract: Contract::V2,
        members: &[
            ("activity", "newInstance"),
            ("orderId", "CS1"),
            ("orderLineId", "CS1-1"),
            ("businessId", "B1"),
            ("acceptanceTime", "20261005194927"),
        ],
    };
    let notices_of_both = notices(&accepted, "ready");
    let kinds: Vec<_> = notices_of_both.iter().map(|notice| notice.kind.as_str()).collect();
    assert_eq!(kinds, ["instance.accepted"]);
    assert_eq!(order_details::query_of(&notices_of_both[0]), None);

    let [mut created] = notices(&accepted, "absent").try_into().unwrap();
    assert!(order_details::query_of(&created).is_some());
    created.data.insert(MEMBER.to_owned(), "asked".into());
    assert_eq!(order_details::query_of(&created), None);
}

/// The signature was computed by another language's library.
#[test]
fn the_order_query_sends_the_request_that_it_signed() {
    let id = "MOCKPERIODYEARNEW";
    let query = |line: Option<&str>| OrderQuery {
        order_id: id.to_owned().try_into().unwrap(),
        order_line_id: line.map(|line| line.to_owned().try_into().unwrap()),
    };
    let credentials = OpenApiCredentials::parse("canary-ak", "example-sk").unwrap();
    let now = UnixMillis::from_utc_digits("20240317144237").unwrap();
    let line = format!("{id}-000001");
    let request = query(Some(&line)).request(&OpenApiHost::default(), &credentials, now);
    assert_eq!(request.method, "GET");
    let address = "https://mkt.myhuaweicloud.com/api/mkp-openapi-public/global/v1/order/query";
    assert_eq!(request.url, format!("{address}?orderId={id}&orderLineId={line}"));
    let headers = request.headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let authorization = "SDK-HMAC-SHA256 Access=canary-ak, SignedHeaders=host;x-sdk-date, \
        Signature=36f132f7b1418f347c93df425b6e812f755ac4161b4706aa5300e21b0f9cce69";
    let expected = [
        ("host", "mkt.myhuaweicloud.com"),
        ("content-type", "application/json; charset=UTF-8"),
        ("x-sdk-date", "20240317T144237Z"),
        ("authorization", authorization),
    ];
    assert_eq!(headers, expected);
    assert!(!format!("{request:?}").contains("canary"));

    let local = OpenApiHost::parse("http://127.0.0.1:9001").unwrap();
    let elsewhere = query(None).request(&local, &credentials, now);
    assert!(elsewhere.url.starts_with("http://127.0.0.1:9001/api/"));
    assert!(elsewhere.url.ends_with("/order/query?orderId=MOCKPERIODYEARNEW"));
    assert_eq!(elsewhere.headers[0].1, "127.0.0.1:9001");
    assert_ne!(elsewhere.headers[3], request.headers[3], "the host is signed");
}
