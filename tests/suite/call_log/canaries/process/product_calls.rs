//! The calls of the product: access data and usage.

use domain::webhook::WebhookSecrets;
use http::Request;
use protocol::time::UnixMillis;
use serde_json::{Value as Json, json};
use simulator::answer::Answer;
use tests::call::ADDRESS;

use super::super::{CANARY, PRODUCT_SECRET, STRANGER};
use super::{BASE_KEY, Caller, now};

impl Caller {
    /// Buys an instance under V2. Returns its ID.
    fn buy(&self, order: &str) -> String {
        let members = [
            ("activity", "newInstance"),
            ("orderId", order),
            ("orderLineId", "1"),
            ("businessId", "b"),
        ];
        let body = simulator::v2::body(&members);
        let request =
            simulator::v2::request(ADDRESS, BASE_KEY, &now().to_string(), order, &body).unwrap();
        Answer::judge(&self.send(&request)).unwrap().0.instance_id.unwrap()
    }

    /// Sends a call of the product. Returns the status and the answer.
    fn product(&self, method: &str, path: &str, body: &Json, is_signed: bool) -> (u16, Json) {
        let secrets = WebhookSecrets::parse(&format!("whsec_{PRODUCT_SECRET}")).unwrap();
        let (body, seconds) = (body.to_string().into_bytes(), now() / 1_000);
        let signed = if is_signed { body.as_slice() } else { b"canary" };
        let request = Request::builder()
            .method(method)
            .uri(format!("http://a{path}"))
            .header("webhook-id", CANARY)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", secrets.sign(CANARY, seconds, signed));
        let response = self.send(&request.body(body).unwrap());
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    }

    /// The product reports access data: correctly, unsigned, and with unusable content.
    pub(super) fn reports_access(&self) {
        let id = self.buy("CS-access");
        let access = |url: &str| {
            json!({"type": "instance.access", "data": {"instanceId": id, "appInfo": {
                "frontEndUrl": url, "userName": CANARY, "password": CANARY, "memo": CANARY,
            }}})
        };
        let put = |id: &str, body: &Json, is_signed: bool| {
            self.product("PUT", &format!("/instances/{id}/app-info"), body, is_signed).0
        };
        assert_eq!(put(&id, &access("https://canary.example.com"), true), 200);
        assert_eq!(put(&id, &access("canary"), true), 422);
        assert_eq!(put(&id, &json!({"canary": "canary"}), true), 422);
        assert_eq!(put(STRANGER, &access("https://canary.example.com"), false), 401);
        assert_eq!(put("unknown", &access("https://canary.example.com"), true), 400);
    }

    /// The product reports usage: correctly, unsigned, and with unusable content. The answers over
    /// each store are the same.
    pub(super) fn reports_usage(&self) {
        let id = self.buy("CS-usage");
        let [begin, end] = [0, 1_000].map(|later| {
            let second = (now() + later) / 1_000 * 1_000;
            UnixMillis::new(second).to_rfc3339()
        });
        let record = json!({
            "recordId": CANARY, "instanceId": id, "beginTime": begin, "endTime": end,
            "value": "1.5", "relatedPackageInstanceId": CANARY, "other": CANARY,
        });
        let bad = json!({"recordId": CANARY, "instanceId": CANARY});
        let report = json!({"records": [record, record, bad]});
        let expected = json!({"records": [
            {"recordId": CANARY, "status": "accepted"},
            {"recordId": CANARY, "status": "repeated"},
            {"recordId": CANARY, "status": "rejected", "reason": "malformed"},
        ]});
        assert_eq!(self.product("POST", "/usage", &report, true), (200, expected));
        assert_eq!(self.product("POST", "/usage", &json!({"canary": CANARY}), true).0, 422);
        assert_eq!(self.product("POST", "/usage", &report, false).0, 401);
        let entry = |url: &str| {
            json!({"type": "instance.usage", "data": {"instanceId": id, "usageInfo": [
                {"usageValue": 1, "relatedInstanceId": CANARY, "dashboardUrl": url},
            ]}})
        };
        let put = |body: &Json, is_signed: bool| {
            self.product("PUT", &format!("/instances/{id}/usage-info"), body, is_signed).0
        };
        assert_eq!(put(&entry("https://canary.example.com/a"), true), 200);
        assert_eq!(put(&entry(CANARY), true), 422);
        assert_eq!(put(&entry("https://canary.example.com/a"), false), 401);
    }
}
