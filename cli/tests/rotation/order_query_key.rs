//! The API key (AK/SK) of the order query, as docs/keys.md changes it. koohook has one such key at a time;
//! the console has two while they change.

use std::sync::{Arc, Mutex};

use crate::installation::{BASE_KEYS, Installation, SECRETS};
use crate::marketplace::CallingMarketplace;
use crate::product::VerifyingProduct;
use crate::stub::{StubAnswer, StubRequest, listen};

/// The order query of the marketplace.
#[derive(Clone, Default)]
struct OrderQueryStub(Arc<Mutex<OrderQueryKeys>>);

#[derive(Default)]
struct OrderQueryKeys {
    /// The access keys that the console has.
    valid: Vec<String>,
    /// The access key of each query, in order.
    used: Vec<String>,
    refused: usize,
}

impl OrderQueryStub {
    fn answer(&self, request: &StubRequest) -> StubAnswer {
        let mut keys = self.0.lock().unwrap();
        let given = request.header("authorization").split("Access=").nth(1).unwrap_or_default();
        let given = given.split(',').next().unwrap_or_default().trim().to_owned();
        keys.used.push(given.clone());
        if !keys.valid.contains(&given) {
            keys.refused += 1;
            return (401, r#"{"error_code":"APIG.0301"}"#.to_owned());
        }
        let line = request.target.rsplit('=').next().unwrap_or_default();
        let order = line.strip_suffix("-1").unwrap_or_default();
        (200, FOUND.replace("LINE", line).replace("ORDER", order))
    }

    fn hold(&self, keys: &[&str]) {
        self.0.lock().unwrap().valid = keys.iter().map(|key| (*key).to_owned()).collect();
    }

    /// The key of the newest query.
    fn newest(&self) -> Option<String> {
        self.0.lock().unwrap().used.last().cloned()
    }
}

#[test]
fn the_api_key_of_the_order_query_is_changed() {
    let orders = OrderQueryStub::default();
    orders.hold(&[OLD]);
    let asked = orders.clone();
    let host = format!("http://{}", listen(move |request| asked.answer(request)));
    let (product, address) = VerifyingProduct::listen(SECRETS[0]);
    let hooks = format!("http://{address}/hooks");
    let mut koohook = Installation::start(&[
        ("KOOHOOK_PRODUCT_URL", &hooks),
        ("KOOHOOK_PRODUCT_SECRET", SECRETS[0]),
        ("KOOHOOK_OPENAPI_HOST", &host),
        ("KOOHOOK_OPENAPI_AK", OLD),
        ("KOOHOOK_OPENAPI_SK", "made-up-sk-1"),
    ]);
    let marketplace = CallingMarketplace::new(&koohook.proxy, BASE_KEYS[0]);
    marketplace.call_during(|| {
        marketplace.wait_for_answers();
        assert_eq!(orders.newest().as_deref(), Some(OLD));
        // Step 1: the console has both keys.
        orders.hold(&[OLD, NEW]);
        // Step 2: koohook has the new one.
        koohook.change(&[("KOOHOOK_OPENAPI_AK", NEW), ("KOOHOOK_OPENAPI_SK", "made-up-sk-2")]);
        marketplace.wait_for_answers();
        assert_eq!(orders.newest().as_deref(), Some(NEW));
        // Step 3: the console deletes the old one.
        orders.hold(&[NEW]);
        marketplace.wait_for_answers();
    });
    marketplace.check_instances();
    product.check_created(&marketplace.instances());
    product.wait("order details with every purchase", |memory| {
        let created = memory.notices.values().filter(|(kind, _)| kind == "instance.created");
        created.clone().count() > 0
            && created.clone().all(|(_, data)| data.to_string().contains("made-up-sku"))
    });
    assert_eq!(orders.0.lock().unwrap().refused, 0);
    assert!(koohook.troubles("ERROR").is_empty(), "{:?}", koohook.troubles("ERROR"));
}

const OLD: &str = "MADEUPACCESSKEY00001";
const NEW: &str = "MADEUPACCESSKEY00002";
const FOUND: &str = r#"{"resultCode":"MKT.0000","orderInfo":{"orderId":"ORDER","orderType":"NEW",
    "createTime":"20260101000000","orderLine":[{"orderLineId":"LINE","chargingMode":"PERIOD",
    "periodType":"year","periodNumber":1,"productInfo":[{"productId":"P1","skuCode":"made-up-sku",
    "linearValue":5}]}]}}"#;
