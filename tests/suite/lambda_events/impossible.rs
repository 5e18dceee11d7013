//! Requests that are not possible in HTTP, and headers in any letters.

use super::*;

/// A stranger may send each of these requests, so each has an answer.
#[test]
fn impossible_requests_are_answered_with_a_status() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut event = v2_event("http-api");
        change(&mut event);
        status(&event)
    };
    for query in ["a b", "a=<b>", "a=\"", "a=\u{1}", "\n", "\u{7f}"] {
        assert_eq!(with(&|event| event["rawQueryString"] = query.into()), 400, "{query:?}");
    }
    for path in ["/a b", "/<", "", "saasproduce", "/\u{0}", "http://seller.example.com/a b"] {
        assert_eq!(with(&|event| event["rawPath"] = path.into()), 400, "{path:?}");
    }
    for (name, value) in [("x-a", "a\nb"), ("x-a", "\u{0}"), ("x a", "b"), ("", "b"), ("é", "b")] {
        assert_eq!(with(&|event| event["headers"][name] = value.into()), 400, "{name:?}");
    }
    for method in ["", "P T", "\n"] {
        let change = |event: &mut Value| event["requestContext"]["http"]["method"] = method.into();
        assert_eq!(with(&change), 400, "{method:?}");
    }
    let not_base64 = |event: &mut Value| {
        event["isBase64Encoded"] = true.into();
        event["body"] = "***".into();
    };
    assert_eq!(with(&not_base64), 400);
    assert_eq!(with(&|event| event["rawPath"] = format!("/{}", "a".repeat(70_000)).into()), 414);
}

/// These headers have no effect on a request, whatever they contain.
#[test]
fn a_header_in_any_letters_does_not_hinder_a_call() {
    for (name, value) in
        [("host", "a b"), ("host", ""), ("x-forwarded-proto", "ht tp"), ("x-forwarded-proto", "")]
    {
        let mut event = v2_event("http-api");
        event["headers"][name] = value.into();
        assert_eq!(code(&event), "000000", "{name}: {value:?}");
    }
    let mut event = v2_event("http-api");
    event["headers"]["x-made-up"] = "é测".into();
    assert_eq!(code(&event), "000000");
    event["headers"] = Value::Null;
    assert_eq!(status(&event), 200);
}
