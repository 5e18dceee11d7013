//! What the product's page shows is true: every example was sent, or is taken.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use domain::notice::NoticeType;
use domain::order_details::MEMBER;
use domain::product::{InstanceAccess, read_answer};
use protocol::message::InstanceId;
use serde_json::json;

use super::schema::{closed, order_details};
use super::*;

const PAGES: [&str; 2] = ["docs/product.md", "docs/product.zh-CN.md"];

fn text(page: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(page)).unwrap()
}

/// The JSON blocks of a page.
fn examples(page: &str) -> Vec<Value> {
    let text = text(page);
    let blocks = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(|block| serde_json::from_str(block).unwrap()).collect()
}

#[test]
fn every_example_is_as_the_schema_says_and_as_it_is() {
    let told = story::told();
    for page in PAGES {
        let mut shown = BTreeSet::new();
        for example in examples(page) {
            match example["type"].as_str() {
                Some(InstanceAccess::TYPE) => access(&example),
                Some(kind) => {
                    shown.insert(kind.to_owned());
                    notice(&told, &example);
                }
                None => answer(&example),
            }
        }
        assert_eq!(shown.len(), 18, "{page} shows every type: {shown:?}");
    }
}

/// A vector for whoever verifies by hand: what stands there goes over the wire to the byte.
#[test]
fn the_message_that_is_shown_whole_is_one() {
    let told = story::told();
    let abandoned = told.iter().find(|message| message.kind() == "instance.abandoned").unwrap();
    for page in PAGES {
        let text = text(page);
        assert!(text.contains(&abandoned.wire), "{page} wants\n{}", abandoned.wire);
        assert!(text.contains(PRODUCT_SECRET), "{page} wants the secret that signed it");
    }
}

#[test]
fn both_pages_show_the_same() {
    let [english, chinese] = PAGES.map(examples);
    assert_eq!(english, chinese);
}

/// It was sent; what was ordered depends on whether anybody was asked.
fn notice(told: &[Message], example: &Value) {
    let bare = |body: &Value| {
        let mut body = body.clone();
        let details = body["data"].as_object_mut().unwrap().remove(MEMBER);
        (body, details)
    };
    let (body, details) = bare(example);
    let sent = told.iter().any(|message| bare(&message.body).0 == body);
    assert!(sent, "nobody sends {example}");
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

/// What koohook refuses, the schema refuses as well, but for one: it cannot count bytes.
#[test]
fn answers_and_messages_are_judged_alike() {
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
    for (taken, answer) in answers {
        let ours = read_answer(NoticeType::Created, 200, answer.to_string().as_bytes());
        assert_eq!(ours.is_ok(), taken, "{answer}");
        assert_eq!(closed(Some("answer")).is_valid(&answer), taken, "{answer}");
        let mut data = answer.clone();
        if let Some(members) = data.as_object_mut() {
            members.insert("instanceId".to_owned(), "inst-1".into());
            let says_something = members.len() > 1;
            let message = json!({ "type": "instance.access", "data": data });
            let ours = InstanceAccess::read(&id, message.to_string().as_bytes()).is_ok();
            let schema = closed(Some("instance.access")).is_valid(&message);
            assert_eq!((ours, schema), (taken && says_something, ours), "{message}");
        }
    }
}
