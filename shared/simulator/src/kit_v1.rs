//! Joint-operations kit of access guide 1.0: a POST of JSON with the signature in a header.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::v1;

/// Builds and signs the request of one kit activity.
///
/// The exact bytes of `body` are sent. Its `timeStamp` is UTC+8 `yyyyMMddHHmmssSSS`. `address` is
/// the production address, without a query.
///
/// Restates *Interface description* and *Verifying requests* of access guide 1.0 for the kit.
///
/// # Errors
///
/// If `address` with the path is not a URI.
pub fn request(
    address: &str,
    activity_name: &str,
    access_key: &str,
    body: &[u8],
) -> Result<http::Request<Vec<u8>>, http::Error> {
    http::Request::post(format!("{address}/produceAPI/{activity_name}"))
        .header(http::header::CONTENT_TYPE, "application/json")
        .header("authToken", auth_token(access_key, body))
        .body(body.to_vec())
}

/// Signs the members of the top level as [`v1::auth_token`] signs parameters. Blank members are
/// left out.
///
/// A string is signed unchanged; any other value is signed as its JSON text. If a name is repeated,
/// its last value counts. A body that is not a JSON object is signed as if it had no members.
///
/// Restates *Verifying requests* of access guide 1.0 for the kit.
#[must_use]
pub fn auth_token(access_key: &str, body: &[u8]) -> String {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).unwrap_or_default();
    let members: BTreeMap<&str, String> =
        members.iter().map(|(name, value)| (name.as_str(), plain(value.get()))).collect();
    let parameters: Vec<(&str, &str)> = members
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .filter(|(_, value)| !value.chars().all(is_java_whitespace))
        .collect();
    let time_stamp = members.get("timeStamp").map_or("", String::as_str);
    v1::auth_token(access_key, time_stamp, &parameters)
}

/// The signed text of a JSON value. The text of null is empty.
fn plain(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Some(text)) => text,
        Ok(None) => String::new(),
        Err(_) => json.to_owned(),
    }
}

/// Java's `Character.isWhitespace`. The guide's sample uses it in `StringUtils.isBlank` to find
/// blank members.
fn is_java_whitespace(char: char) -> bool {
    let unbroken = ['\u{85}', '\u{a0}', '\u{2007}', '\u{202f}'];
    let separator = ('\u{1c}'..='\u{1f}').contains(&char);
    separator || char.is_whitespace() && !unbroken.contains(&char)
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{auth_token, request};

    /// The key of the constructed vectors.
    const KEY: &str = "11111111-2222-3333-4444-555555555555";
    const TENANT: &str = r#"{"instanceId":"","orderId":"","tenantId":"68cbc86abc2018ab880d92f36422fa0e","tenantCode":"huawei","name":"测试企业","domainName":"https://example.tenantaccount.com","flag":1,"testFlag":1,"timeStamp":"20260413093539534"}"#;
    const TENANT_TOKEN: &str = "+110ERzcaz24GqeRTKDtvhsBJu58DpGqIiFxWn4AmwY=";
    const USERS: &str = r#"{"instanceId":"inst-1","tenantId":"68cbc86abc2018ab880d92f36422fa0e","appId":"app-1","userList":"[{\"userName\":\"zhangsan01\",\"name\":\"张三\",\"position\":\"\",\"orgCode\":\"123456789\",\"role\":\"admin\",\"enable\":\"true\"}]","currentSyncTime":"20260413093539534","flag":1,"testFlag":0,"timeStamp":"20260413093539534"}"#;

    #[test]
    fn a_rehearsed_tenant_is_signed_without_its_empty_members() {
        assert_eq!(auth_token(KEY, TENANT.as_bytes()), TENANT_TOKEN);
    }

    #[test]
    fn a_list_of_people_in_a_text_is_signed_unchanged() {
        let token = auth_token(KEY, USERS.as_bytes());
        assert_eq!(token, "qBuvjCrqj4Am8+u2+rjJeiP0t6H6bU9i9UI3brQN1hg=");
    }

    #[test]
    fn the_values_of_a_body_are_signed_and_not_its_layout() {
        let (flag, order) = (r#""flag":1"#, r#""orderId":"""#);
        for same in [
            TENANT.replace(flag, r#" "flag" : 1 "#),
            TENANT.replace(flag, r#""flag":"1""#),
            TENANT.replace(flag, r#""flag":0,"flag":1"#),
            TENANT.replace(order, r#""orderId":null"#),
            TENANT.replace(order, r#""orderId":" \u2003\u001f""#),
            TENANT.replace("测试", r"\u6d4b\u8bd5"),
        ] {
            assert_eq!(auth_token(KEY, same.as_bytes()), TENANT_TOKEN, "{same}");
        }
        for other in [
            TENANT.replace(flag, r#""flag":1.0"#),
            TENANT.replace(order, r#""orderId":"\u00a0""#),
            TENANT.replace(order, r#""orderId":false"#),
            TENANT.replace(order, r#""orderId":[]"#),
        ] {
            assert_ne!(auth_token(KEY, other.as_bytes()), TENANT_TOKEN, "{other}");
        }
    }

    #[test]
    fn a_request_is_a_post_to_the_path_of_its_activity() {
        let body = TENANT.as_bytes();
        let request = request("https://seller.example/saas", "tenantSync", KEY, body).unwrap();
        assert_eq!(request.method(), http::Method::POST);
        assert_eq!(request.uri(), "https://seller.example/saas/produceAPI/tenantSync");
        assert_eq!(request.headers().len(), 2);
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(request.headers()["authtoken"], TENANT_TOKEN);
        assert_eq!(request.body(), body);
    }

    #[test]
    fn an_invalid_address_is_rejected() {
        assert!(request("no address", "tenantSync", KEY, b"{}").is_err());
    }
}
