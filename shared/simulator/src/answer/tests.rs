//! The debugging page's checks of an answer.

use http::{Response, StatusCode};

use super::{Answer, AnswerError, Remark, judge_body_sign, verify_body_sign};

const KEY: &str = "11111111-2222-3333-4444-555555555555";
const SUCCESS: &str = r#"{"resultCode":"000000","resultMsg":"success."}"#;
const NEW_INSTANCE: &str = r#"{"resultCode":"000000","resultMsg":"success.","encryptType":"1","instanceId":"61e834ba-7b97-4418-b8f7-e5345137278c","appInfo":{"frontEndUrl":"https://app.example.com/login","adminUrl":"https://app.example.com/admin","userName":"IvIvIvIvIvIvIv01wbSio8htvsoC9RvgfP4uVw==","password":"IvIvIvIvIvIvIv027tDeg3zOUWkhLltNEc5D2g=="}}"#;

fn response(headers: &[(&str, &str)], body: &str) -> Response<Vec<u8>> {
    let mut builder = Response::builder();
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.as_bytes().to_vec()).unwrap()
}

fn read(body: &str) -> Result<Answer, AnswerError> {
    Answer::read(&response(&[("Content-Type", "application/json")], body))
}

fn signed(value: &str, key: &str, body: &str) -> Result<(), AnswerError> {
    verify_body_sign(&response(&[("Body-Sign", value)], body), key)
}

fn documented(signature: &str) -> String {
    format!(r#"sign_type="HMAC-SHA256", signature= "{signature}""#)
}

#[test]
fn the_signatures_of_the_vectors_are_correct() {
    for (key, body, signature) in [
        (KEY, SUCCESS, "JlKwXWkh0Ut3KEMWxd0Q8cjpT9/KvMKX/y6SJ8PitkE="),
        (KEY, &format!("{SUCCESS}\n"), "eINdBa4mnOtUe9GrvMNPnmpXRFoaIc7+nLLeS9s0hBM="),
        (KEY, NEW_INSTANCE, "7NXHZZ1KMTxes75Rb7hsglpz0H6Et4+vdlSqbjmtMNo="),
        ("abcde", "a=1&b=2", "4sbEVd9vKZQGPRRr8TyjWery0lZV7tetTnzfX3Gb9Ok="),
    ] {
        assert_eq!(signed(&documented(signature), key, body), Ok(()));
        assert_eq!(signed(&documented(signature), "other", body), Err(AnswerError::BodySign));
        let more = format!("{body} ");
        assert_eq!(signed(&documented(signature), key, &more), Err(AnswerError::BodySign));
    }
}

#[test]
fn a_body_sign_of_another_form_is_rejected() {
    let signature = "JlKwXWkh0Ut3KEMWxd0Q8cjpT9/KvMKX/y6SJ8PitkE=";
    for value in [
        signature.to_owned(),
        format!("sign_type=\"HMAC-SHA256\", signature= {signature}"),
        format!(r#"sign_type="HMAC-SHA1", signature= "{signature}""#),
        format!(r#"sign_type="HMAC-SHA256"; signature= "{signature}""#),
        format!(r#"sign_type="HMAC-SHA256" signature= "{signature}""#),
        format!(r#"Sign_Type="HMAC-SHA256", signature= "{signature}""#),
        format!("{} ;", documented(signature)),
    ] {
        assert_eq!(signed(&value, KEY, SUCCESS), Err(AnswerError::BodySignForm), "{value}");
    }
    let value = documented(signature);
    let twice = response(&[("Body-Sign", &value), ("Body-Sign", &value)], SUCCESS);
    assert_eq!(verify_body_sign(&twice, KEY), Err(AnswerError::BodySignForm));
    assert_eq!(verify_body_sign(&response(&[], SUCCESS), KEY), Err(AnswerError::BodySignMissing));
}

/// The signature page has a blank before the second value. The frequently asked questions have no
/// blank there.
#[test]
fn other_blanks_in_a_body_sign_are_a_remark() {
    let signature = "JlKwXWkh0Ut3KEMWxd0Q8cjpT9/KvMKX/y6SJ8PitkE=";
    for (comma, equals) in [("", ""), (" ", ""), ("", " "), ("  ", "  "), ("\t", "\t")] {
        let value = format!(r#"sign_type="HMAC-SHA256",{comma}signature={equals}"{signature}""#);
        let judged = |key| judge_body_sign(&response(&[("Body-Sign", &value)], SUCCESS), key);
        assert_eq!(judged(KEY), Ok(Some(Remark::BodySignBlanks)), "{value}");
        assert_eq!(judged("other"), Err(AnswerError::BodySign), "{value}");
        assert_eq!(signed(&value, KEY, SUCCESS), Err(Remark::BodySignBlanks.into()));
    }
    let value = format!(r#"sign_type= "HMAC-SHA256", signature= "{signature}""#);
    let judged = judge_body_sign(&response(&[("Body-Sign", &value)], SUCCESS), KEY);
    assert_eq!(judged, Ok(Some(Remark::BodySignBlanks)));
    let judged = judge_body_sign(&response(&[("Body-Sign", &documented(signature))], SUCCESS), KEY);
    assert_eq!(judged, Ok(None));
}

#[test]
fn a_fault_that_the_marketplace_accepts_is_a_remark() {
    let bare = ("Content-Type", "application/json");
    let judge =
        |header, body| Answer::judge(&response(&[header], body)).map(|(_, remarks)| remarks);
    assert_eq!(judge(bare, SUCCESS), Ok(vec![]));
    for text in [
        "application/json;charset=UTF-8",
        "application/json; charset=utf-8",
        "application/json ;  CHARSET=\"utf8\"",
        "Application/JSON",
    ] {
        assert_eq!(judge(("Content-Type", text), SUCCESS), Ok(vec![Remark::ContentType]), "{text}");
    }
    for text in ["", "text/html; charset=utf-8", "application/jsonp", "text/json", "json"] {
        let fault = AnswerError::ContentType(text.to_owned());
        assert_eq!(judge(("Content-Type", text), SUCCESS), Err(fault), "{text}");
    }
    let chinese = r#"{"resultCode":"000000","resultMsg":"成功"}"#;
    assert_eq!(judge(bare, chinese), Ok(vec![Remark::NotAscii]));
    let silent = r#"{"resultCode":"000000"}"#;
    assert_eq!(judge(bare, silent), Ok(vec![Remark::MessageMissing]));
}

#[test]
fn every_member_of_an_answer_is_read() {
    let answer = read(NEW_INSTANCE).unwrap();
    assert_eq!(answer.code, "000000");
    assert_eq!(answer.message, "success.");
    assert_eq!(answer.encrypt_type.as_deref(), Some("1"));
    assert_eq!(answer.instance_id.as_deref(), Some("61e834ba-7b97-4418-b8f7-e5345137278c"));
    let access = answer.app_info.unwrap();
    assert_eq!(access.front_end_url, "https://app.example.com/login");
    assert_eq!(access.admin_url.as_deref(), Some("https://app.example.com/admin"));
    assert_eq!(access.memo, None);
    let decrypt = |text: Option<String>| {
        crate::v1::decrypt(KEY, crate::v1::Strength::Aes256, &text.unwrap()).unwrap()
    };
    assert_eq!(decrypt(access.user_name), "admin");
    assert_eq!(decrypt(access.password), "P@ssw0rd-2026");
    assert!(answer.info.is_empty());
}

#[test]
fn a_list_of_instances_is_read() {
    let answer = read(
        r#"{"resultCode":"000000","resultMsg":"success","info":[{"instanceId":"a","appInfo":{"frontEndUrl":"https://a","memo":"\u4e2d\u6587"}},{"instanceId":"b","appInfo":null}]}"#,
    )
    .unwrap();
    let [first, second] = answer.info.as_slice() else { panic!("two instances") };
    assert_eq!(first.instance_id, "a");
    assert_eq!(first.app_info.as_ref().unwrap().memo.as_deref(), Some("中文"));
    assert_eq!(second.instance_id, "b");
    assert_eq!(second.app_info, None);
}

#[test]
fn another_status_or_content_type_is_a_fault() {
    let json = ("Content-Type", "application/json");
    let mut moved = response(&[json], SUCCESS);
    *moved.status_mut() = StatusCode::CREATED;
    assert_eq!(Answer::read(&moved), Err(AnswerError::Status(StatusCode::CREATED)));
    for headers in [
        &[][..],
        &[("Content-Type", "application/json;charset=UTF-8")],
        &[("Content-Type", "text/plain")],
        &[json, json],
    ] {
        let read = Answer::read(&response(headers, SUCCESS));
        assert!(matches!(
            read,
            Err(AnswerError::ContentType(_) | AnswerError::Remarked(Remark::ContentType))
        ));
    }
}

#[test]
fn each_fault_of_a_body_has_its_own_error() {
    let info =
        |entry: &str| format!(r#"{{"resultCode":"000000","resultMsg":"ok","info":{entry}}}"#);
    for (body, fault) in [
        (r#"{"resultCode":"000000","resultMsg":"成功"}"#, Remark::NotAscii.into()),
        ("", AnswerError::NotAnObject(String::new())),
        ("[]", AnswerError::NotAnObject("[]".to_owned())),
        (
            r#"{"resultCode":"000000","resultMsg":"ok"} x"#,
            AnswerError::NotAnObject(
                r#"{"resultCode":"000000","resultMsg":"ok"} x"#.chars().take(40).collect(),
            ),
        ),
        (r#"{"resultMsg":"ok"}"#, AnswerError::Missing("resultCode")),
        (r#"{"resultCode":"000000"}"#, Remark::MessageMissing.into()),
        (r#"{"resultCode":"000000","resultMsg":null}"#, Remark::MessageMissing.into()),
        (r#"{"resultCode":"000000","resultMsg":""}"#, Remark::MessageMissing.into()),
        (r#"{"resultCode":0,"resultMsg":"ok"}"#, wrong("resultCode", "a number")),
        (r#"{"resultCode":"00000","resultMsg":"ok"}"#, AnswerError::Code),
        (r#"{"resultCode":"00000x","resultMsg":"ok"}"#, AnswerError::Code),
        (
            r#"{"resultCode":"0000000","resultMsg":"ok"}"#,
            AnswerError::TooLong { name: "resultCode", limit: 6 },
        ),
        (&info("{}"), wrong("info", "an object")),
        (&info(r#"["a"]"#), wrong("info", "a string")),
        (&info(r#"[{"appInfo":null}]"#), AnswerError::Missing("instanceId")),
        (&info(r#"[{"instanceId":""}]"#), AnswerError::Missing("instanceId")),
        (
            &info(r#"[{"instanceId":"a","appInfo":{"adminUrl":"https://a"}}]"#),
            AnswerError::Missing("frontEndUrl"),
        ),
        (&info(r#"[{"instanceId":"a","appInfo":"x"}]"#), wrong("appInfo", "a string")),
    ] {
        assert_eq!(read(body), Err(fault), "{body}");
    }
}

/// Restates *Interface debugging*: a usage entry must have its value and its time.
#[test]
fn a_usage_entry_must_have_its_value_and_its_time() {
    let usage = |usage: &str| {
        read(&format!(
            r#"{{"resultCode":"000000","resultMsg":"ok","info":[{{"instanceId":"a","usageInfo":{usage}}}]}}"#
        ))
        .map(|_| ())
    };
    assert_eq!(usage(r#"[{"usageValue":12.5,"statisticalTime":"20230327065233980"}]"#), Ok(()));
    assert_eq!(usage(r#"[{"statisticalTime":"1"}]"#), Err(AnswerError::Missing("usageValue")));
    assert_eq!(usage(r#"[{"usageValue":1}]"#), Err(AnswerError::Missing("statisticalTime")));
    assert_eq!(usage("{}"), Err(wrong("usageInfo", "an object")));
}

/// The form of the queryInstance page is stricter than the debugging page.
#[test]
fn usage_is_a_number_with_a_time_of_17_digits() {
    let judged = |value: &str, time: &str| {
        let body = format!(
            r#"{{"resultCode":"000000","resultMsg":"ok","info":[{{"instanceId":"a","usageInfo":[{{"usageValue":{value},"statisticalTime":"{time}"}}]}}]}}"#
        );
        assert!(
            Answer::judge(&response(&[("Content-Type", "application/json")], &body)).is_ok(),
            "{body}"
        );
        read(&body).map(|answer| answer.info.first().unwrap().usage_info.len())
    };
    let time = "20230327065233980";
    for value in ["0", "12.5", "0.0001", "99999999.9999", "3.0"] {
        assert_eq!(judged(value, time), Ok(1), "{value}");
    }
    for value in ["\"12.5\"", "-1", "0.00001", "1.00005", "100000000", "1e20", "true", "[]"] {
        assert_eq!(judged(value, time), Err(Remark::UsageForm.into()), "{value}");
    }
    for time in ["20230327065233", "2023032706523398x", "202303270652339801"] {
        assert_eq!(judged("1", time), Err(Remark::UsageForm.into()), "{time}");
    }
}

fn wrong(name: &'static str, found: &'static str) -> AnswerError {
    AnswerError::WrongType { name, found }
}

#[test]
fn a_member_that_is_longer_than_its_limit_is_rejected() {
    let body = |name: &str, text: &str| match name {
        "resultMsg" => format!(r#"{{"resultCode":"000000","resultMsg":"{text}"}}"#),
        "encryptType" | "instanceId" => {
            format!(r#"{{"resultCode":"000000","resultMsg":"ok","{name}":"{text}"}}"#)
        }
        "frontEndUrl" => format!(
            r#"{{"resultCode":"000000","resultMsg":"ok","appInfo":{{"frontEndUrl":"{text}"}}}}"#
        ),
        _ => format!(
            r#"{{"resultCode":"000000","resultMsg":"ok","appInfo":{{"frontEndUrl":"u","{name}":"{text}"}}}}"#
        ),
    };
    for (name, limit) in [
        ("resultMsg", 255),
        ("encryptType", 3),
        ("instanceId", 64),
        ("frontEndUrl", 512),
        ("adminUrl", 512),
        ("userName", 128),
        ("password", 128),
        ("memo", 1024),
    ] {
        // The limit counts characters, not bytes or escapes.
        assert!(read(&body(name, &r"\u4e2d".repeat(limit))).is_ok(), "{name}");
        let fault = AnswerError::TooLong { name, limit };
        assert_eq!(read(&body(name, &"x".repeat(limit + 1))), Err(fault));
    }
}
