//! Tests that a step becomes the request of a constructed vector.

use super::{NONCE, WIRE, query, step};
use crate::scenario::{Contract, Value, Wire};

/// The constructed vector of a V1 renewal. Its time stamp is computed from `now_millis`.
#[test]
fn a_v1_step_becomes_the_request_of_the_vector() {
    let renewal = step(
        Contract::V1,
        vec![
            ("activity", "refreshInstance".into()),
            ("instanceId", Value::InstanceId),
            ("orderId", "HWS001014ED483AA1E8".into()),
            ("expireTime", "20280725000000".into()),
            ("testFlag", "1".into()),
            ("trialToFormal", "1".into()),
        ],
    );
    assert_eq!(
        renewal.request(&WIRE).unwrap().uri().to_string(),
        "https://seller.example/saas?activity=refreshInstance\
         &instanceId=03pf80c2bae96vc49b80b917bea776d7&orderId=HWS001014ED483AA1E8\
         &expireTime=20280725000000&testFlag=1&trialToFormal=1&timeStamp=20260725025113409\
         &authToken=apAf8JoRxWMlzQdUwEXl6855UJpzl3R4SMVL7PGAvDw%3D"
    );
}

/// The constructed vector B1.
#[test]
fn a_v2_step_becomes_the_request_of_the_vector() {
    let purchase = step(
        Contract::V2,
        vec![
            ("activity", "newInstance".into()),
            ("orderId", "CS2211181819B4LVS".into()),
            ("orderLineId", "CS2211181819B4LVS-000001".into()),
            ("businessId", Value::BusinessId),
            ("testFlag", "1".into()),
        ],
    );
    let wire =
        Wire { access_key: "constructed-base-key-0001", now_millis: 1_680_508_066_618, ..WIRE };
    let request = purchase.request(&wire).unwrap();
    assert_eq!(
        query(&request)["signature"],
        "41B120D145B8F5C1FCF9B407BDA7AFE276BFF6CCF6020AC0900D70A858AB9FEB"
    );
    assert_eq!(query(&request)["timestamp"], "1680508066618");
    assert_eq!(query(&request)["nonce"], NONCE);
    assert_eq!(request.body().len(), 164);
}
