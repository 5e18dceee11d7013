//! Checks the product's pages, English and Chinese: koohook sends every notice that they show, and
//! accepts every answer. `usage_examples` checks the messages about usage.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::notice::NoticeType;
use domain::order_details::MEMBER;
use domain::product::{InstanceAccess, read_answer};
use domain::usage::UsageInfoReport;
use protocol::message::InstanceId;
use serde_json::json;

use super::schema::{closed, order_details};
use super::*;

pub(super) const PAGES: [&str; 2] = ["docs/product.md", "docs/product.zh-CN.md"];

pub(super) fn text(page: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(page)).unwrap()
}

/// The JSON blocks of a page.
pub(super) fn examples(page: &str) -> Vec<Value> {
    let text = text(page);
    let blocks = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(|block| serde_json::from_str(block).unwrap()).collect()
}

#[test]
fn every_example_fits_the_schema_and_is_sent_or_accepted() {
    let sent = story::messages();
    for page in PAGES {
        let mut shown = BTreeSet::new();
        for example in examples(page) {
            match example["type"].as_str() {
                Some(InstanceAccess::TYPE) => access(&example),
                Some(UsageInfoReport::TYPE) => (),
                Some(kind) => {
                    shown.insert(kind.to_owned());
                    notice(&sent, &example);
                }
                None if example.get("records").is_some() => (),
                None => answer(&example),
            }
        }
        assert_eq!(shown.len(), 18, "{page} shows every type: {shown:?}");
    }
}

/// Developers check their own code with this message. So koohook must send it byte for byte.
#[test]
fn both_pages_show_a_whole_signed_message() {
    let sent = story::messages();
    let abandoned = sent.iter().find(|message| message.kind() == "instance.abandoned").unwrap();
    for page in PAGES {
        let text = text(page);
        assert!(text.contains(&abandoned.wire), "{page} must show\n{}", abandoned.wire);
        assert!(text.contains(PRODUCT_SECRET), "{page} must show the secret");
    }
}

/// The recipe shows the key, the text that is signed, and the length of the body.
/// `tests/product` runs its command, and verifies the message with the published package.
#[test]
fn both_pages_show_each_step_of_the_signature() {
    let sent = story::messages();
    let abandoned = sent.iter().find(|message| message.kind() == "instance.abandoned").unwrap();
    let (headers, body) = abandoned.wire.trim_end().split_once("\n\n").unwrap();
    let timestamp = headers.lines().find_map(|line| line.strip_prefix("webhook-timestamp: "));
    let signed = format!("{}.{}.{body}", abandoned.id, timestamp.unwrap());
    let key = hex::encode(STANDARD.decode(PRODUCT_SECRET.trim_start_matches("whsec_")).unwrap());
    for page in PAGES {
        let text = text(page);
        assert!(text.contains(&format!("printf %s '{signed}'")), "{page} must show {signed}");
        assert_eq!(text.matches(&key).count(), 2, "{page} must show the key {key}");
        assert!(text.contains(&format!("{} ", body.len())), "{page} must show the length");
    }
}

#[test]
fn both_pages_have_the_same_examples_sections_and_tables() {
    let [english, chinese] = PAGES.map(examples);
    assert_eq!(english, chinese);
    let [english, chinese] = PAGES.map(|page| outline(&text(page)));
    assert_eq!(english, chinese);
}

/// The kind of every line that both languages must share: headings by their level, rows of tables,
/// items of lists.
fn outline(text: &str) -> Vec<&'static str> {
    let marks = ["# ", "## ", "### ", "| ", "- ", "1. "];
    text.lines().filter_map(|line| marks.into_iter().find(|mark| line.starts_with(*mark))).collect()
}

/// Checks that koohook sends the example. The order's details are compared separately: they depend
/// on the keys of the order query.
fn notice(sent: &[Message], example: &Value) {
    let bare = |body: &Value| {
        let mut body = body.clone();
        let details = body["data"].as_object_mut().unwrap().remove(MEMBER);
        (body, details)
    };
    let (body, details) = bare(example);
    let is_sent = sent.iter().any(|message| bare(&message.body).0 == body);
    assert!(is_sent, "koohook does not send {example}");
    if let Some(details) = details {
        assert!(details.get("missing").is_some() || details == order_details(), "{details}");
    }
    closed(None).validate(example).unwrap();
}

fn answer(example: &Value) {
    closed(Some("answer")).validate(example).unwrap();
    let answer = read_answer(NoticeType::Created, 200, example.to_string().as_bytes());
    assert!(matches!(answer, Ok(Some(_))), "{example}");
}

fn access(example: &Value) {
    closed(Some("instance.access")).validate(example).unwrap();
    let id = InstanceId::parse(example["data"]["instanceId"].as_str().unwrap()).unwrap();
    InstanceAccess::read(&id, example.to_string().as_bytes()).unwrap();
}

/// There is one exception: a schema cannot count bytes.
#[test]
fn koohook_and_the_schema_accept_the_same_answers() {
    let long = "a".repeat(80);
    let info = |name: &str, value: &str| {
        let mut info = json!({ "frontEndUrl": "https://a.example" });
        info[name] = value.into();
        json!({ "appInfo": info })
    };
    let answers = [
        (true, info("memo", "欢迎")),
        (true, json!({ "refuse": "000106" })),
        (true, json!({})),
        (false, json!({ "refuse": "000108" })),
        (false, json!({ "refuse": 106 })),
        (false, info("password", &long)),
        (false, info("userName", &long)),
        (false, info("frontEndUrl", "app.example.com")),
        (false, info("adminUrl", &"a".repeat(513))),
        (false, json!({ "appInfo": {} })),
        (false, json!([])),
        (false, json!({ "appInfo": info("memo", "")["appInfo"], "refuse": "000106" })),
    ];
    let id = InstanceId::parse("inst-1").unwrap();
    for (accepted, answer) in answers {
        let ours = read_answer(NoticeType::Created, 200, answer.to_string().as_bytes());
        assert_eq!(ours.is_ok(), accepted, "{answer}");
        assert_eq!(closed(Some("answer")).is_valid(&answer), accepted, "{answer}");
        let mut data = answer.clone();
        if let Some(members) = data.as_object_mut() {
            members.insert("instanceId".to_owned(), "inst-1".into());
            let has_content = members.len() > 1;
            let message = json!({ "type": "instance.access", "data": data });
            let ours = InstanceAccess::read(&id, message.to_string().as_bytes()).is_ok();
            let schema = closed(Some("instance.access")).is_valid(&message);
            assert_eq!((ours, schema), (accepted && has_content, ours), "{message}");
        }
    }
}
