//! `KOOHOOK_APP_INFO`.

use tests::call::PRODUCT_SECRET;

use super::{accepted, read, refusal, refused};

#[test]
fn access_data_that_a_buyer_cannot_use_is_rejected() {
    let long = |field: &str, len: usize| {
        format!(r#"{{"frontEndUrl":"https://a.example","{field}":"{}"}}"#, "x".repeat(len))
    };
    refused(
        "KOOHOOK_APP_INFO",
        &[
            "canary-value",
            "{}",
            "[]",
            "null",
            r#"{"frontEndUrl":"canary-value"}"#,
            r#"{"frontEndUrl":""}"#,
            r#"{"frontEndUrl":"ftp://canary-value"}"#,
            r#"{"frontEndUrl":"javascript:canary-value"}"#,
            r#"{"frontEndUrl":7,"memo":"canary-value"}"#,
            r#"{"adminUrl":"https://canary-value"}"#,
            r#"{"frontEndUrl":"https://a.example","password":["canary-value"]}"#,
            &long("password", 80),
            &long("userName", 80),
            &long("adminUrl", 513),
            &long("memo", 1025),
            &long("username", 9),
            r#"{"frontEndUrl":"https://a.example/canary-value/{instanceID}"}"#,
            r#"{"frontEndUrl":"https://a.example","password":"canary-value-${orderId}"}"#,
            r#"{"frontEndUrl":"https://a.example","password":7, "memo":"canary-value"}"#,
            r#"'{"frontEndUrl":"https://a.example/canary-value"}'"#,
            // The length limit applies after koohook fills in the placeholder.
            &format!(
                r#"{{"frontEndUrl":"https://a.example","userName":"{}{{orderId}}"}}"#,
                "x".repeat(44)
            ),
        ],
    );
    accepted("KOOHOOK_APP_INFO", &[&long("password", 79), &long("memo", 1024)]);
}

#[test]
fn access_data_or_a_product_is_required() {
    let neither = refusal(&[("KOOHOOK_APP_INFO", "unset")]);
    assert!(neither.starts_with("KOOHOOK_APP_INFO or KOOHOOK_PRODUCT_URL is required"));
    let product = [
        ("KOOHOOK_APP_INFO", "unset"),
        ("KOOHOOK_PRODUCT_URL", "https://a.example"),
        ("KOOHOOK_PRODUCT_SECRET", PRODUCT_SECRET),
    ];
    assert!(read(&product).is_ok());
}
