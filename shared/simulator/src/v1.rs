//! Access guide 1.0, base interfaces: a GET request with all fields in its query.

mod personal;
mod sha1prng;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub use self::personal::{Iv, IvError, PersonalFieldError, Strength, decrypt, encrypt};
use crate::{form, mac};

/// Builds and signs the request of one base activity.
///
/// `parameters` are plain text and include `activity`. They do not include `timeStamp` and
/// `authToken`, which are added at the end. `address` is the production address, without a query.
/// `time_stamp` is UTC `yyyyMMddHHmmssSSS`.
///
/// Restates *Interface description* and *Verifying requests* of access guide 1.0.
///
/// # Errors
///
/// If `address` with the query is not a URI.
pub fn request(
    address: &str,
    access_key: &str,
    time_stamp: &str,
    parameters: &[(&str, &str)],
) -> Result<http::Request<Vec<u8>>, http::Error> {
    let token = auth_token(access_key, time_stamp, parameters);
    let added = [("timeStamp", time_stamp), ("authToken", &token)];
    let query = form::query(parameters.iter().copied().chain(added));
    http::Request::get(format!("{address}?{query}")).body(Vec::new())
}

/// Signs the plain parameters: base64 of an HMAC-SHA256. Its key is the access key, followed by the
/// time stamp.
///
/// Every parameter except `authToken` counts, also an empty one. If a name is repeated, its first
/// value counts. `timeStamp` is added.
///
/// Restates *Verifying requests* of access guide 1.0.
#[must_use]
pub fn auth_token(access_key: &str, time_stamp: &str, parameters: &[(&str, &str)]) -> String {
    let key = format!("{access_key}{time_stamp}");
    let text = signed_text(time_stamp, parameters);
    STANDARD.encode(mac::hmac_sha256(key.as_bytes(), text.as_bytes()))
}

/// Writes the value of `saasExtendParams`: base64 of a JSON array of names and values.
///
/// Restates the note *saasExtendParams* on the newInstance page of access guide 1.0.
#[must_use]
pub fn extend_params(pairs: &[(&str, &str)]) -> String {
    let list: Value =
        pairs.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    STANDARD.encode(list.to_string())
}

fn signed_text(time_stamp: &str, parameters: &[(&str, &str)]) -> String {
    let mut pairs = vec![("timeStamp", time_stamp)];
    pairs.extend(parameters.iter().filter(|(name, _)| *name != "authToken"));
    // The guide sorts with a Java `TreeMap`, which compares UTF-16 code units.
    pairs.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    pairs.dedup_by_key(|(name, _)| *name);
    let pairs: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{auth_token, extend_params, request};

    /// The key of the constructed vectors.
    const KEY: &str = "11111111-2222-3333-4444-555555555555";

    /// The only vector of the guide that can be computed again: *Java sample code (all)*.
    #[test]
    fn the_vector_of_the_guide_is_reproduced() {
        let parameters = [
            ("activity", "newInstance"),
            ("businessId", "61e834ba-7b97-4418-b8f7-e5345137278c"),
            ("customerId", "68cbc86abc2018ab880d92f36422fa0e"),
            ("expireTime", "20200727153156"),
            ("orderId", "CS1906666666ABCDE"),
            ("productId", "00301-666666-0--0"),
            ("testFlag", "1"),
        ];
        let token = auth_token("xxxxxxx", "20200727073711903", &parameters);
        assert_eq!(token, "Gzbfjf9LHRBcI3bFVi++sLinCNOBF6qa7is1fvjEgYQ=");
    }

    /// The parameters are unsorted. They contain an empty value, a space, Chinese text, and a `+`
    /// inside base64.
    const NEW_INSTANCE: [(&str, &str); 13] = [
        ("trialFlag", "0"),
        ("activity", "newInstance"),
        ("businessId", "61e834ba-7b97-4418-b8f7-e5345137278c"),
        ("customerName", "测试 customer"),
        ("customerId", "68cbc86abc2018ab880d92f36422fa0e"),
        ("email", ""),
        ("expireTime", "20260727153156"),
        ("mobilePhone", "AbCdEfGh12345678mci+oWKEi7E1WJF64THVew=="),
        ("orderId", "CS1906666666ABCDE"),
        ("productId", "00301-666666-0--0"),
        ("saasExtendParams", EXTEND_PARAMS),
        ("skuCode", "d0abcd12-1234-5678-ab90-11ab012aaaa1"),
        ("testFlag", "1"),
    ];
    const EXTEND_PARAMS: &str = "W3sibmFtZSI6ImVtYWlsRG9tYWluTmFtZSIsInZhbHVlIjoidGVzdC5leGFtcGxlLmNvbSJ9LHsibmFtZSI6Im5vdGUiLCJ2YWx1ZSI6IuS4reaWhyBhK2IifV0=";

    #[test]
    fn a_purchase_is_signed_over_its_sorted_plain_values() {
        let token = auth_token(KEY, "20260727073711903", &NEW_INSTANCE);
        assert_eq!(token, "nP3ivvFzi5lRDcSwB+HFDjMALBTNMoOPYDxAv6CLJ4A=");
    }

    #[test]
    fn a_renewal_is_signed() {
        let parameters = [
            ("activity", "refreshInstance"),
            ("expireTime", "20280725000000"),
            ("instanceId", "03pf80c2bae96vc49b80b917bea776d7"),
            ("orderId", "HWS001014ED483AA1E8"),
            ("testFlag", "1"),
            ("trialToFormal", "1"),
        ];
        let token = auth_token(KEY, "20260725025113409", &parameters);
        assert_eq!(token, "apAf8JoRxWMlzQdUwEXl6855UJpzl3R4SMVL7PGAvDw=");
    }

    #[test]
    fn a_query_of_two_ids_is_signed_with_a_plain_comma_and_sent_with_an_encoded_comma() {
        let ids = "ebc28eb6-4606-4098-b4bd-c201c99a0654,fe28e27e-1157-4105-8592-24cc9488db10";
        let parameters = [("activity", "queryInstance"), ("instanceId", ids), ("testFlag", "1")];
        let request =
            request("https://seller.example/produce", KEY, "20260327065233980", &parameters)
                .unwrap();
        assert_eq!(
            request.uri().query().unwrap(),
            "activity=queryInstance&instanceId=ebc28eb6-4606-4098-b4bd-c201c99a0654\
             %2Cfe28e27e-1157-4105-8592-24cc9488db10&testFlag=1&timeStamp=20260327065233980\
             &authToken=P5qXbREE08hTG9l2Vg%2BpiWyTck5tL76wdTPiybR%2BuJ8%3D"
        );
    }

    /// The kit signs the members of its bodies like parameters, without blank members.
    #[test]
    fn the_members_of_kit_bodies_are_signed_like_parameters() {
        let tenant = [
            ("domainName", "https://example.tenantaccount.com"),
            ("flag", "1"),
            ("name", "测试企业"),
            ("tenantCode", "huawei"),
            ("tenantId", "68cbc86abc2018ab880d92f36422fa0e"),
            ("testFlag", "1"),
        ];
        let token = auth_token(KEY, "20260413093539534", &tenant);
        assert_eq!(token, "+110ERzcaz24GqeRTKDtvhsBJu58DpGqIiFxWn4AmwY=");

        let users = r#"[{"userName":"zhangsan01","name":"张三","position":"","orgCode":"123456789","role":"admin","enable":"true"}]"#;
        let authorised = [
            ("appId", "app-1"),
            ("currentSyncTime", "20260413093539534"),
            ("flag", "1"),
            ("instanceId", "inst-1"),
            ("tenantId", "68cbc86abc2018ab880d92f36422fa0e"),
            ("testFlag", "0"),
            ("userList", users),
        ];
        let token = auth_token(KEY, "20260413093539534", &authorised);
        assert_eq!(token, "qBuvjCrqj4Am8+u2+rjJeiP0t6H6bU9i9UI3brQN1hg=");
    }

    #[test]
    fn only_the_first_value_of_a_name_is_signed_and_the_token_is_not_signed() {
        let mut parameters = NEW_INSTANCE.to_vec();
        parameters.push(("orderId", "another"));
        parameters.push(("authToken", "anything"));
        let token = auth_token(KEY, "20260727073711903", &parameters);
        assert_eq!(token, "nP3ivvFzi5lRDcSwB+HFDjMALBTNMoOPYDxAv6CLJ4A=");
    }

    #[test]
    fn a_request_is_a_get_of_the_production_address_without_a_body() {
        let parameters = [("activity", "newInstance"), ("customerName", "a b+c")];
        let request =
            request("http://127.0.0.1:8000/saas", "key", "20260101000000000", &parameters).unwrap();
        assert_eq!(request.method(), http::Method::GET);
        assert!(request.body().is_empty());
        let uri = request.uri().to_string();
        let start = "http://127.0.0.1:8000/saas?activity=newInstance&customerName=a+b%2Bc\
                     &timeStamp=20260101000000000&authToken=";
        assert!(uri.starts_with(start), "{uri}");
    }

    #[test]
    fn an_invalid_address_is_rejected() {
        assert!(request("no address", "key", "20260101000000000", &[]).is_err());
    }

    #[test]
    fn extended_parameters_are_base64_of_a_json_list() {
        let written =
            extend_params(&[("emailDomainName", "test.example.com"), ("note", "中文 a+b")]);
        // The test parses both, because JSON members have no order.
        let parse = |text: &str| -> serde_json::Value {
            serde_json::from_slice(&STANDARD.decode(text).unwrap()).unwrap()
        };
        assert_eq!(parse(&written), parse(EXTEND_PARAMS));
    }
}
