//! Joint-operations kit of access guide 2.0: a POST of JSON with the signature in three headers.

use crate::{mac, v2};

/// Builds and signs the request of one kit activity.
///
/// The exact bytes of `body` are signed. [`v2::body`] makes a body with the order that the guide
/// requires. `timestamp` is Unix time in milliseconds, as text. `address` is the production
/// address, without a query.
///
/// Restates *Interface requirements* and *Security token* of access guide 2.0 for the kit.
///
/// # Errors
///
/// If `address` with the path is not a URI. Also if `timestamp` or `nonce` is not a valid header
/// value.
pub fn request(
    address: &str,
    activity_name: &str,
    access_key: &str,
    timestamp: &str,
    nonce: &str,
    body: &[u8],
) -> Result<http::Request<Vec<u8>>, http::Error> {
    http::Request::post(format!("{address}/produceAPI/v2/{activity_name}"))
        .header(http::header::CONTENT_TYPE, "application/json")
        .header("x-sign", sign(access_key, timestamp, nonce, body))
        .header("x-timestamp", timestamp)
        .header("x-nonce", nonce)
        .body(body.to_vec())
}

/// Signs a body. The signature has 64 hexadecimal digits in upper case.
///
/// The signed text is the access key, the nonce, the timestamp and the body, without separators.
/// The base interfaces use a digest of the body instead.
///
/// Restates *Security token* of access guide 2.0 for the kit.
#[must_use]
pub fn sign(access_key: &str, timestamp: &str, nonce: &str, body: &[u8]) -> String {
    let text = [format!("{access_key}{nonce}{timestamp}").as_bytes(), body].concat();
    v2::hex(mac::hmac_sha256(access_key.as_bytes(), &text)).to_ascii_uppercase()
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{request, sign};

    const KEY: &str = "constructed-kit-key-0002";
    const TIMESTAMP: &str = "1680508066618";
    const NONCE: &str = "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA";

    fn check(body: &str, signature: &str) {
        assert_eq!(sign(KEY, TIMESTAMP, NONCE, body.as_bytes()), signature);
    }

    #[test]
    fn k1_tenant_sync_is_signed() {
        check(
            r#"{"instanceId": "huaiweitest123456","orderId": "CS1906666666ABCDE","tenantId": "68cbc86aaaa880d92f36422fa0e","tenantCode": "huawei","name": "huaiweitest","domainName": "https://example.tenantaccount.com","flag": 1,"testFlag": 0,"timeStamp": "20220413093539534"}"#,
            "9AE896670E159411BAC22C626800A88660AD4EF71827D484DA0F50B4DDBD516A",
        );
        check(
            r#"{"domainName":"https://example.tenantaccount.com","flag":1,"instanceId":"huaiweitest123456","name":"huaiweitest","orderId":"CS1906666666ABCDE","tenantCode":"huawei","tenantId":"68cbc86aaaa880d92f36422fa0e","testFlag":0,"timeStamp":"20220413093539534"}"#,
            "158D55020CED3ECCB890F8D661453C9326F3155F95F439B73E91E40128D8CDD1",
        );
    }

    #[test]
    fn k2_all_org_sync_is_signed() {
        check(
            r#"{"instanceId":"inst-1","tenantId":"t-1","orgInfoList":[{"orgCode":"00000001","orgName":"产品部","parentCode":""},{"orgCode":"00000002","orgName":"测试部","parentCode":"00000001"}],"testFlag":0,"timeStamp":"20220413093539534"}"#,
            "E7848BCB73F6C5D7D681D7B2FA0ECBF63A4545A8830644CDAF59EDDE175A9523",
        );
        check(
            r#"{"instanceId":"inst-1","orgInfoList":[{"orgCode":"00000001","orgName":"产品部","parentCode":""},{"orgCode":"00000002","orgName":"测试部","parentCode":"00000001"}],"tenantId":"t-1","testFlag":0,"timeStamp":"20220413093539534"}"#,
            "1F323368A720E4AF3174DFD836AE63344E8E3054F449F493E1E34D1B4DDDE9F0",
        );
    }

    #[test]
    fn k3_auth_sync_is_signed() {
        check(
            r#"{"instanceId":"inst-1","tenantId":"t-1","appId":"app-1","userList":[{"userName":"zhangsan01","name":"张三","orgCode":"00000001","role":"admin","enable":"true","mobile":null}],"currentSyncTime":"20220420114117642","flag":1,"testFlag":0,"timeStamp":"20220420114117642","extra":null}"#,
            "CFB0DD2C8065AC8B88DDA66CB572B4C19A2CC0E1F898C461FF73C6A9FCF3DCA3",
        );
        check(
            r#"{"appId":"app-1","currentSyncTime":"20220420114117642","flag":1,"instanceId":"inst-1","tenantId":"t-1","testFlag":0,"timeStamp":"20220420114117642","userList":[{"userName":"zhangsan01","name":"张三","orgCode":"00000001","role":"admin","enable":"true","mobile":null}]}"#,
            "C5465452400E71828A8256F8690B74BC3168775AAFAD2A157D58EA2734676303",
        );
    }

    #[test]
    fn a_request_is_a_post_to_the_path_of_its_activity() {
        let request =
            request("https://seller.example/saas", "authSync", KEY, TIMESTAMP, NONCE, b"{}")
                .unwrap();
        assert_eq!(request.method(), http::Method::POST);
        assert_eq!(request.uri(), "https://seller.example/saas/produceAPI/v2/authSync");
        assert_eq!(request.headers().len(), 4);
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(request.headers()["x-sign"], sign(KEY, TIMESTAMP, NONCE, b"{}").as_str());
        assert_eq!(request.headers()["x-timestamp"], TIMESTAMP);
        assert_eq!(request.headers()["x-nonce"], NONCE);
        assert_eq!(request.body(), b"{}");
    }

    #[test]
    fn an_invalid_address_or_nonce_is_rejected() {
        assert!(request("no address", "authSync", KEY, TIMESTAMP, NONCE, b"{}").is_err());
        assert!(request("https://a", "authSync", KEY, TIMESTAMP, "\n", b"{}").is_err());
    }
}
