use serde_json::Map;

use super::*;

const URL: &str = r#""frontEndUrl":"https://a.example""#;

fn fault(text: &str) -> TemplateError {
    Template::parse(text).expect_err(text)
}

/// A template in which a member has this text.
fn with(member: &str, text: &str) -> Result<Template, TemplateError> {
    let mut members = Map::new();
    members.insert("frontEndUrl".to_owned(), "https://a.example".into());
    members.insert(member.to_owned(), text.into());
    Template::parse(&Value::from(members).to_string())
}

#[test]
fn placeholders_are_filled_once_and_encoded_in_addresses() {
    let text = r#"{"frontEndUrl":"https://app.example.com/i/{instanceId}?o={orderId}",
        "userName":"admin@{orderId}","password":"a{9}b}","memo":"{\"a\": 1} {instanceId"}"#;
    let filled = Template::parse(text).unwrap().fill("a/b", "{instanceId} 1");
    assert_eq!(filled.front_end_url, "https://app.example.com/i/a%2Fb?o=%7BinstanceId%7D%201");
    assert_eq!(filled.user_name.as_deref(), Some("admin@{instanceId} 1"));
    assert_eq!(filled.password.as_deref(), Some("a{9}b}"));
    assert_eq!(filled.memo.as_deref(), Some("{\"a\": 1} {instanceId"));
}

#[test]
fn an_id_with_letters_outside_ascii_is_cut_if_it_does_not_fit() {
    let template = Template::parse(
        r#"{"frontEndUrl":"https://a.example/{instanceId}/{orderId}","userName":"admin@{orderId}",
            "adminUrl":"https://a.example/{orderId}{orderId}"}"#,
    );
    let template = template.unwrap();
    for id in ["😀", "用", "é", "%", "ab用"].map(|letters| letters.repeat(64)) {
        let id: String = id.chars().take(64).collect();
        let filled = template.fill(&id, &id).check().expect("the filled template fits");
        assert!(
            query_string::decode(&filled.front_end_url, query_string::Plus::Kept).is_some(),
            "{id}"
        );
    }
    let whole = template.fill(&"用".repeat(8), "CS1");
    assert!(whole.front_end_url.ends_with(&format!("{}/CS1", "%E7%94%A8".repeat(8))));
}

#[test]
fn a_template_must_fit_the_wire_with_the_longest_id() {
    assert!(with("userName", "admin@{orderId}").is_ok());
    let long = TemplateError::TooLong("userName", "79 bytes");
    assert_eq!(with("userName", "{orderId}@{instanceId}"), Err(long));
    assert_eq!(with("userName", &"用".repeat(27)), Err(long));
    assert!(with("userName", &"用".repeat(26)).is_ok());
}

#[test]
fn a_template_must_be_an_object_of_known_text_members() {
    let not_json = fault("{\n  'frontEndUrl': 1}");
    assert_eq!(not_json, TemplateError::NotJson { line: 2, column: 3 });
    assert_eq!(fault("[]"), TemplateError::NotAnObject);
    assert_eq!(fault(r#""https://a.example""#), TemplateError::NotAnObject);
    assert_eq!(fault("{}"), TemplateError::NoFrontEndUrl);
    assert_eq!(fault(r#"{"memo":"a"}"#), TemplateError::NoFrontEndUrl);
    let members = [
        ("username", TemplateError::NearMember("userName")),
        ("frontendUrl", TemplateError::NearMember("frontEndUrl")),
        ("front_end_url", TemplateError::NearMember("frontEndUrl")),
        ("url", TemplateError::NearMember("frontEndUrl")),
        ("passwd", TemplateError::NearMember("password")),
        ("Memo", TemplateError::NearMember("memo")),
        ("tenant", TemplateError::UnknownMember),
        ("", TemplateError::UnknownMember),
    ];
    for (member, expected) in members {
        assert_eq!(with(member, "a"), Err(expected), "{member}");
    }
    for value in ["123456", "true", "[]", "{}", "1.5"] {
        let text = format!(r#"{{{URL},"password":{value}}}"#);
        assert_eq!(fault(&text), TemplateError::NotText("password"), "{value}");
    }
    assert_eq!(fault(r#"{"frontEndUrl":null}"#), TemplateError::NotText("frontEndUrl"));
    assert!(Template::parse(&format!(r#"{{{URL},"password":null}}"#)).is_ok());
    assert_eq!(fault(&format!("{{{URL},{URL}}}")), TemplateError::Twice);
}

#[test]
fn unknown_placeholders_are_rejected() {
    let near = TemplateError::NearPlaceholder;
    let cases = [
        ("{instanceID}", near("userName", "{instanceId}")),
        ("{ instanceId }", near("userName", "{instanceId}")),
        ("{instance_id}", near("userName", "{instanceId}")),
        ("{OrderId}", near("userName", "{orderId}")),
        ("{order}", TemplateError::UnknownPlaceholder("userName")),
        ("{tenantId}", TemplateError::UnknownPlaceholder("userName")),
        ("${instanceId}", TemplateError::Wrapped("userName")),
        ("{{orderId}}", TemplateError::Wrapped("userName")),
        ("{orderId}}", TemplateError::Wrapped("userName")),
    ];
    for (text, expected) in cases {
        assert_eq!(with("userName", text), Err(expected), "{text}");
    }
    let address = |text: &str| with("frontEndUrl", text);
    for text in ["https://a.example/{1}", "https://a.example/{", "https://a.example/}"] {
        let unknown = TemplateError::UnknownPlaceholder("frontEndUrl");
        assert_eq!(address(text), Err(unknown), "{text}");
    }
    assert!(address("https://a.example/#{instanceId}").is_ok());
    for text in ["https://{instanceId}.a.example/", "http://{orderId}", "https://a.{x}?b"] {
        assert_eq!(address(text), Err(TemplateError::InHost("frontEndUrl")), "{text}");
    }
}

#[test]
fn addresses_and_credentials_must_not_have_invisible_characters() {
    for (member, text) in [
        ("frontEndUrl", "https://a.example/\u{200b}"),
        ("frontEndUrl", " https://a.example"),
        ("adminUrl", "https://a.example\n"),
        ("userName", "admin\u{a0}"),
        ("password", "secret "),
        ("password", "\u{feff}secret"),
    ] {
        assert!(matches!(with(member, text), Err(TemplateError::Unseen(_))), "{text:?}");
    }
    assert!(with("password", "two words").is_ok());
    assert!(with("memo", " 欢迎\u{3000}👨\u{200d}👩\n").is_ok());
    for text in ["a.example", "ftp://a.example", "https://", "https:///a", "https://a b/"] {
        let rejected = with("adminUrl", text);
        assert_eq!(rejected, Err(TemplateError::NotAnAddress("adminUrl")), "{text}");
    }
}

#[test]
fn error_texts_say_what_to_do_and_contain_no_value() {
    let text = with("usrname", "canary").unwrap_err().to_string();
    assert_eq!(text, "has an unknown member; did you mean userName?");
    let text = with("userName", "{canary}").unwrap_err().to_string();
    let advice = "use only {instanceId} and {orderId}";
    assert_eq!(text, format!("has an unknown placeholder in userName; {advice}"));
    let text = fault(r#"{"frontEndUrl":"https://a.example","password":42}"#).to_string();
    assert_eq!(text, "has a password that is not text; write it in quotes");
}
