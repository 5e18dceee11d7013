//! What holds for whatever is thrown at the core: random inputs against slow second readings.

use std::collections::BTreeMap;

use domain::entity::Subject;
use domain::idempotency::{Ledger, MAX_ORDERS, Order, Recall};
use domain::notice::{MAX_NOTICE_LEN, NoticeDraft, NoticeType};
use domain::order_details::OrderFacts;
use domain::outbox::{MAX_OUTBOX_LEN, MAX_UNREAD, Outbox, Reader};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use protocol::json::{Document, Json, Outline, Reading, Scalars};
use protocol::key::{AccessKey, Keyring};
use protocol::message::{Activity, Details, OrderId};
use protocol::order_query::{MAX_DETAILS_LEN, OrderQuery, OrderQueryOutcome};
use protocol::query::{Plus, decode, pieces};
use protocol::result_code::ResultCode;
use protocol::signature::sdk::{OpenApiCredentials, UnsignedRequest, query_text};
use protocol::signature::{Contract, Headers, Interface, TimestampUnit, Unverified, Verified};
use protocol::time::UnixMillis;
use serde_json::Value;
use tests::call::{BASE_KEY, SETTINGS, koohook, run, v1, v2_body};
use tests::world::NOW;

use crate::lifecycle::{CALLBACKS, instance_id, standing};

/// So many random cases of each property; nothing is written to disk when one fails.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

// The canonical form.

/// A JSON value as its writer sees it: numbers are text, members have an order.
#[derive(Clone, Debug)]
enum Tree {
    Null,
    Bool(bool),
    Number(&'static str),
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

const NUMBERS: [&str; 8] =
    ["0", "-0", "1.50", "1e3", "-2E-7", "12345678901234567890123", "0.0", "7"];

fn text() -> impl Strategy<Value = String> {
    let pieces = select(vec![
        "a", "Z", " ", "+", "%", "&b=", "\"", "\\", "/", "\u{1}", "\u{1f}", "\n", "\u{7f}", "é",
        "测试", "😀", "！", "\u{2028}",
    ]);
    prop_oneof![vec(pieces, 0..6).prop_map(|pieces| pieces.concat()), any::<String>(),]
}

fn members(value: impl Strategy<Value = Tree>) -> impl Strategy<Value = Vec<(String, Tree)>> {
    btree_map(text(), value, 0..6)
        .prop_map(|members| members.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        select(NUMBERS.to_vec()).prop_map(Tree::Number),
        text().prop_map(Tree::Text),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Tree::Array),
            members(inner).prop_map(Tree::Object),
        ]
    })
}

/// JSON text, with white space wherever it may stand, and strings as `written` writes them.
fn to_text(tree: &Tree, space: &str, written: &dyn Fn(&str) -> String) -> String {
    let inner = |tree: &Tree| to_text(tree, space, written);
    let joined = |items: Vec<String>, ends: [&str; 2]| {
        format!("{}{space}{}{space}{}", ends[0], items.join(&format!("{space},{space}")), ends[1])
    };
    match tree {
        Tree::Null => "null".to_owned(),
        Tree::Bool(bool) => bool.to_string(),
        Tree::Number(text) => (*text).to_owned(),
        Tree::Text(text) => written(text),
        Tree::Array(items) => joined(items.iter().map(inner).collect(), ["[", "]"]),
        Tree::Object(members) => {
            let member = |(name, value): &(String, Tree)| {
                format!("{}{space}:{space}{}", written(name), inner(value))
            };
            joined(members.iter().map(member).collect(), ["{", "}"])
        }
    }
}

/// As our sender may write a text: every character escaped, as it is allowed to.
fn all_escaped(text: &str) -> String {
    let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
    format!("\"{}\"", units.collect::<String>())
}

/// As Jackson writes a text: what `serde_json` writes, but for the hex digits' case.
fn as_jackson(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        let written = Value::from(letter.to_string()).to_string();
        let inner = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let inner = inner.expect("a text stands between quotes");
        match inner.strip_prefix("\\u") {
            Some(hex) => out += &format!("\\u{}", hex.to_uppercase()),
            None => out += inner,
        }
    }
    format!("\"{out}\"")
}

/// The guide's words in their order: sort, drop nulls, write.
fn slowly_canonical(members: &[(String, Tree)], scalars: Scalars) -> String {
    let mut sorted: BTreeMap<Vec<u16>, String> = BTreeMap::new();
    for (name, value) in members {
        let value = match (value, scalars) {
            (Tree::Null, _) => continue,
            (Tree::Number(text), Scalars::AsText) => format!("\"{text}\""),
            (Tree::Bool(bool), Scalars::AsText) => format!("\"{bool}\""),
            (value, _) => to_text(value, "", &as_jackson),
        };
        sorted.insert(name.encode_utf16().collect(), format!("{}:{value}", as_jackson(name)));
    }
    let sorted: Vec<_> = sorted.into_values().collect();
    format!("{{{}}}", sorted.join(","))
}

/// What the core writes of a body.
fn canonical(body: &str, reading: Reading, scalars: Scalars) -> String {
    let mut form = String::new();
    let mut outline = Outline::of(body.as_bytes()).unwrap();
    outline.write_canonical(reading, scalars, &mut |piece| form.push_str(piece)).unwrap();
    form
}

/// Few names, so that objects name their members again.
fn repetitive() -> impl Strategy<Value = Tree> {
    let name = || select(vec!["", "a", "a\u{0}", "b", "é", "！", "😀"]).prop_map(str::to_owned);
    let leaf = select(NUMBERS.to_vec()).prop_map(Tree::Number);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Tree::Array),
            vec((name(), inner), 0..7).prop_map(Tree::Object),
        ]
    })
}

/// The tree in which each name counts once, at its first place; and whether one had two values.
fn slowly_read(tree: &Tree, reading: Reading) -> (Tree, bool) {
    let mut conflicting = false;
    let mut read = |tree: &Tree| {
        let (tree, inner) = slowly_read(tree, reading);
        conflicting |= inner;
        tree
    };
    let tree = match tree {
        Tree::Array(items) => Tree::Array(items.iter().map(read).collect()),
        Tree::Object(members) => {
            let mut once: Vec<(String, Tree)> = Vec::new();
            let mut different = false;
            for (name, value) in members {
                let value = read(value);
                match once.iter_mut().find(|(known, _)| known == name) {
                    None => once.push((name.clone(), value)),
                    Some((_, first)) => {
                        different |= as_written(first) != as_written(&value);
                        if reading == Reading::Last {
                            *first = value;
                        }
                    }
                }
            }
            conflicting |= different;
            Tree::Object(once)
        }
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => tree.clone(),
    };
    (tree, conflicting)
}

fn as_written(tree: &Tree) -> String {
    to_text(tree, "", &as_jackson)
}

/// Text that is nearly JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let pieces = vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"\\u0041\"",
        "\"\\ud83d\\ude00\"",
        "\\ud83d",
        "\\",
        "\\n",
        "\\/",
        "\\x",
        "\\u00e",
        "\\u+123",
        "0",
        "00",
        "-",
        "-0",
        "1.5",
        ".5",
        "1.",
        "1e5",
        "1E+5",
        "1e",
        "1e400",
        "-1e-400",
        "true",
        "tru",
        "false",
        "null",
        "nul",
        "NaN",
        "Infinity",
        " ",
        "\n",
        "\r",
        "\t",
        "\u{b}",
        "\u{0}",
        "\u{1f}",
        "\u{7f}",
        "\u{a0}",
        "\u{feff}",
        "é",
        "/**/",
        "'",
    ];
    vec(select(pieces), 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn the_canonical_form_is_what_the_guide_says_however_the_body_travels(
        members in members(tree()),
        space in select(vec!["", " ", "\r\n\t "]),
        escaped: bool,
    ) {
        let written: &dyn Fn(&str) -> String = if escaped { &all_escaped } else { &as_jackson };
        let body = to_text(&Tree::Object(members.clone()), space, written);
        prop_assert!(!Document::parse(body.as_bytes()).unwrap().conflicting);
        prop_assert!(!Outline::of(body.as_bytes()).unwrap().names_again());
        for scalars in [Scalars::AsText, Scalars::AsReceived] {
            let expected = slowly_canonical(&members, scalars);
            prop_assert_eq!(&canonical(&body, Reading::First, scalars), &expected);
            prop_assert_eq!(&canonical(&body, Reading::Last, scalars), &expected);
        }
    }

    #[test]
    fn a_canonical_form_is_its_own_canonical_form(members in members(tree())) {
        let body = slowly_canonical(&members, Scalars::AsReceived);
        prop_assert_eq!(canonical(&body, Reading::First, Scalars::AsReceived), body);
    }

    #[test]
    fn a_name_counts_once_in_either_reading(
        tree in vec(("[ab]{0,2}", repetitive()), 0..6).prop_map(Tree::Object),
        escaped: bool,
    ) {
        let written: &dyn Fn(&str) -> String = if escaped { &all_escaped } else { &as_jackson };
        let body = to_text(&tree, " ", written);
        for reading in [Reading::First, Reading::Last] {
            let (read, conflicting) = slowly_read(&tree, reading);
            let Tree::Object(members) = &read else { panic!("it was one") };
            let expected = slowly_canonical(members, Scalars::AsReceived);
            prop_assert_eq!(canonical(&body, reading, Scalars::AsReceived), expected);
            let document = Document::parse(body.as_bytes()).unwrap();
            prop_assert_eq!(document.conflicting, conflicting);
            if reading == Reading::First {
                prop_assert_eq!(Json::Object(document.members).to_text(), as_written(&read));
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(5_000))]

    /// Another library reads the same grammar.
    #[test]
    fn json_is_what_others_call_so(text in nearly_json(), framed: bool) {
        let text = if framed { format!(r#"{{"a":[{text}]}}"#) } else { text };
        let ours = Json::parse(&text);
        let theirs = serde_json::from_str::<Value>(&text);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
        let object = theirs.is_ok_and(|value| value.is_object());
        prop_assert_eq!(Outline::of(text.as_bytes()).is_ok(), object);
    }
}

// Signatures.

fn keys() -> Keyring {
    Keyring { current: AccessKey::parse(BASE_KEY).unwrap(), previous: None }
}

fn verified(request: &http::Request<Vec<u8>>, contract: Contract) -> Result<Verified, ResultCode> {
    let query = request.uri().query().unwrap();
    unverified(contract, query, request.body())
        .verify(&keys(), TimestampUnit::Milliseconds, UnixMillis::new(NOW))
        .map_err(ResultCode::from)
}

fn unverified<'a>(contract: Contract, query: &'a str, body: &'a [u8]) -> Unverified<'a> {
    Unverified { interface: Interface::Base, contract, query, headers: Headers::default(), body }
}

/// Parameters that are no part of the proof itself.
fn parameters() -> impl Strategy<Value = Vec<(String, String)>> {
    btree_map("[A-Za-z0-9_.-]{1,12}", text(), 0..10)
        .prop_map(|map| map.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

fn borrowed(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
    parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn a_v1_call_verifies_as_what_was_signed(parameters in parameters()) {
        let request = v1(NOW, &borrowed(&parameters));
        let verified = verified(&request, Contract::V1).unwrap();
        let time_stamp = simulator::time::to_the_millisecond(NOW);
        let mut signed = borrowed(&parameters);
        signed.push(("timeStamp", &time_stamp));
        signed.sort_unstable();
        let members = verified.members().iter();
        let read: Vec<_> = members.map(|(name, value)| (name.as_str(), value.as_text().unwrap())).collect();
        prop_assert_eq!(read, signed);
        prop_assert_eq!(verified.signed_at(), Some(UnixMillis::new(NOW)));
    }

    #[test]
    fn a_v1_value_that_was_changed_on_the_way_is_refused(
        parameters in parameters(),
        place: Index,
        other in text(),
    ) {
        prop_assume!(!parameters.is_empty());
        let mut changed = parameters.clone();
        let at = place.index(changed.len());
        prop_assume!(changed[at].1 != other);
        changed[at].1 = other;
        let time_stamp = simulator::time::to_the_millisecond(NOW);
        let token = simulator::v1::auth_token(BASE_KEY, &time_stamp, &borrowed(&parameters));
        let honest = v1(NOW, &borrowed(&changed));
        let theirs = simulator::v1::auth_token(BASE_KEY, &time_stamp, &borrowed(&changed));
        let escaped = |token: &str| token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let forged = honest.uri().to_string().replace(&escaped(&theirs), &escaped(&token));
        let forged = http::Request::get(forged).body(Vec::new()).unwrap();
        prop_assert_eq!(verified(&forged, Contract::V1).err(), Some(ResultCode::AuthenticationFailed));
    }

    #[test]
    fn a_v2_body_verifies_and_no_byte_of_it_may_change(
        members in members(tree()),
        place: Index,
        flip in 1..=u8::MAX,
    ) {
        let body = to_text(&Tree::Object(members), "", &as_jackson).into_bytes();
        let signed = v2_body(NOW, &body);
        prop_assert!(verified(&signed, Contract::V2).is_ok());
        let (head, mut body) = signed.into_parts();
        let at = place.index(body.len());
        body[at] ^= flip;
        let forged = http::Request::from_parts(head, body);
        prop_assert_eq!(verified(&forged, Contract::V2).err(), Some(ResultCode::AuthenticationFailed));
    }

    #[test]
    fn a_v2_body_may_travel_in_any_form_that_means_the_same(
        members in members(tree()),
        space in select(vec!["", " ", "\r\n"]),
        escaped: bool,
    ) {
        let signed = slowly_canonical(&members, Scalars::AsText);
        let (head, _) = v2_body(NOW, signed.as_bytes()).into_parts();
        let written: &dyn Fn(&str) -> String = if escaped { &all_escaped } else { &as_jackson };
        let travelled = to_text(&Tree::Object(members), space, written).into_bytes();
        let request = http::Request::from_parts(head, travelled);
        prop_assert!(verified(&request, Contract::V2).is_ok());
    }

    #[test]
    fn strangers_are_refused_whatever_they_send(query in text(), body in vec(any::<u8>(), 0..64)) {
        for contract in [Contract::V1, Contract::V2] {
            let call = unverified(contract, &query, &body);
            let now = UnixMillis::new(NOW);
            prop_assert!(call.verify(&keys(), TimestampUnit::Milliseconds, now).is_err());
        }
    }
}

// Order queries.

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn a_request_is_signed_alike_in_whatever_order_its_query_stands(
        (pairs, shuffled) in vec((text(), text()), 0..8)
            .prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle())),
        (method, path, host) in (text(), text(), text()),
        body in vec(any::<u8>(), 0..64),
        now: u64,
    ) {
        let credentials = OpenApiCredentials::parse("constructed-ak", "constructed-sk").unwrap();
        let signed = |pairs: &[(String, String)]| {
            let (query, headers) = (borrowed(pairs), [("Host", host.as_str())]);
            let (query, headers) = (&query[..], &headers[..]);
            let outgoing = UnsignedRequest { method: &method, path: &path, query, headers, body: &body };
            outgoing.sign(&credentials, UnixMillis::new(now)).authorization
        };
        prop_assert_eq!(signed(&pairs), signed(&shuffled));
        // What is sent reads as what was meant, in the order that was signed.
        let sent = query_text(&borrowed(&shuffled));
        let read = |text| decode(text, Plus::Kept).unwrap().into_owned();
        let read: Vec<_> = pieces(&sent).map(|(name, value)| (read(name), read(value))).collect();
        let mut sorted = pairs;
        sorted.sort();
        prop_assert_eq!(read, sorted);
    }

    #[test]
    fn no_answer_is_too_odd_to_be_read(
        status in prop_oneof![Just(200), any::<u16>()],
        body in prop_oneof![vec(any::<u8>(), 0..64), answered().prop_map(String::into_bytes)],
    ) {
        let order_line_id = Some("L1".to_owned().try_into().unwrap());
        let query = OrderQuery { order_id: OrderId::parse("CS1").unwrap(), order_line_id };
        match query.read(status, &body) {
            OrderQueryOutcome::Found(order) => {
                prop_assert!((200..300).contains(&status));
                let facts = serde_json::to_string(&OrderFacts::of(&order)).unwrap();
                prop_assert!(facts.len() <= 9 * 64 * 6 + 256);
                prop_assert!(serde_json::to_string(&order).unwrap().len() <= MAX_DETAILS_LEN);
                let kept = serde_json::to_string(&order.into_value()).unwrap();
                prop_assert!(serde_json::from_str::<Value>(&kept).is_ok());
            }
            OrderQueryOutcome::Retry(reason) | OrderQueryOutcome::Permanent(reason) | OrderQueryOutcome::KeyRefused(reason) => {
                prop_assert!(reason.to_string().len() <= 48);
            }
        }
    }
}

/// An order, as odd as may be, in an answer that says it is one.
fn answered() -> impl Strategy<Value = String> {
    (odd_order(), odd_order(), any::<bool>()).prop_map(|(mut order, line, in_array)| {
        let line = named(line);
        order.insert("orderLine", if in_array { Tree::Array(vec![line]) } else { line });
        let order = to_text(&named(order), "", &as_jackson);
        format!(r#"{{"resultCode":"MKT.0000","orderInfo":{order}}}"#)
    })
}

fn odd_order() -> impl Strategy<Value = BTreeMap<&'static str, Tree>> {
    let name = || select(ORDER_NAMES.to_vec());
    let short = select(TEXTS.to_vec()).prop_map(|text| Tree::Text(text.to_owned()));
    let many = (btree_map(name(), short, 0..4).prop_map(named), 0_usize..200)
        .prop_map(|(item, count)| Tree::Array(vec![item; count]));
    btree_map(name(), prop_oneof![readable(), many], 0..4)
}

fn named(members: BTreeMap<&str, Tree>) -> Tree {
    Tree::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Names that the reading of an order looks at, ours among them, and two that it must not keep.
const ORDER_NAMES: [&str; 13] = [
    "$serde_json::private::Number",
    "$serde_json::private::RawValue",
    "buyerInfo",
    "currency",
    "email",
    "extendParams",
    "orderAmount",
    "orderId",
    "orderType",
    "other",
    "productId",
    "productInfo",
    "truncated",
];

// Readers.

/// Every name of the guides' tables that some reader looks at, and one that none does.
const NAMES: [&str; 18] = [
    "acceptanceTime",
    "businessId",
    "chargingMode",
    "customerId",
    "email",
    "expireTime",
    "instanceId",
    "instanceStatus",
    "mobilePhone",
    "orderAmount",
    "orderId",
    "orderLineId",
    "productId",
    "productInfo",
    "saasExtendParams",
    "scene",
    "status",
    "testFlag",
];

/// Texts that some reader takes for what it wants.
const TEXTS: [&str; 16] = [
    "",
    "0",
    "1",
    "5",
    "CS1",
    "CS1,,CS2",
    "20261005194927",
    "20261005194927000",
    "99999999999999",
    "RENEWAL",
    "FREEZE",
    "-299.00",
    "[]",
    "{\"a\":1}",
    "W10=",
    "9999999999999999999999999999999999",
];

fn readable() -> impl Strategy<Value = Tree> {
    let known = [Contract::V1, Contract::V2].map(|contract| instance_id(contract).to_string());
    prop_oneof![
        select(TEXTS.to_vec()).prop_map(|text| Tree::Text(text.to_owned())),
        select(known.to_vec()).prop_map(Tree::Text),
        tree(),
        (select(vec!["x", "用"]), 4_000_usize..5_000)
            .prop_map(|(letter, length)| Tree::Text(letter.repeat(length))),
    ]
}

proptest! {
    #![proptest_config(cases(250))]

    /// A panic would be answered `000005`, and so would a value that cannot be stored.
    #[test]
    fn no_member_of_a_believed_call_is_too_odd_to_be_judged(
        callback in select((0..CALLBACKS.len()).collect::<Vec<_>>()),
        odd in btree_map(select(NAMES.to_vec()), readable(), 0..4),
    ) {
        let callback = &CALLBACKS[callback];
        let koohook = koohook(&SETTINGS);
        let id = instance_id(callback.contract);
        run(koohook.keep(id.as_str(), &standing("ready", callback.contract).unwrap()));
        let mut said: BTreeMap<&str, Tree> = callback
            .members(id.as_str())
            .into_iter()
            .map(|(name, value)| (name, Tree::Text(value.to_owned())))
            .collect();
        said.extend(odd);
        let answer = match callback.contract {
            Contract::V1 => {
                let texts: Vec<_> = said.iter().map(|(name, value)| (*name, plain(value))).collect();
                let texts: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
                // Encoded, a byte is three letters, and beyond 64 KiB they are no URI.
                prop_assume!(texts.iter().map(|(_, text)| text.len() * 3).sum::<usize>() < 16 * 1024);
                v1(NOW, &texts)
            }
            Contract::V2 => {
                let members = said.into_iter().map(|(name, value)| (name.to_owned(), value));
                let body = to_text(&Tree::Object(members.collect()), "", &as_jackson);
                v2_body(NOW, body.as_bytes())
            }
        };
        prop_assume!(answer.uri().query().unwrap().len() <= 16 * 1024);
        let code = run(koohook.reply(answer)).code;
        prop_assert!(["000000", "000002", "000003"].contains(&code.as_str()), "{}", code);
    }
}

/// A value as V1 carries it: a query has no room for a long text that is to be encoded.
fn plain(tree: &Tree) -> String {
    let text = match tree {
        Tree::Text(text) => text.clone(),
        other => to_text(other, "", &as_jackson),
    };
    let room = if text.is_ascii() { text.len() } else { 400 };
    text.chars().take(room).collect()
}

// Time.

/// Days from 1970 to a date, counted year by year and month by month.
fn days_before(year: u64, month: usize, day: u64) -> Option<u64> {
    let leap = |year: u64| {
        (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
    };
    let lengths =
        |year| [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let past_years: u64 = (1970..year).map(|year| lengths(year).iter().sum::<u64>()).sum();
    let past_months: u64 = lengths(year).iter().take(month.checked_sub(1)?).sum();
    let length = *lengths(year).get(month - 1)?;
    (1..=length).contains(&day).then(|| past_years + past_months + day - 1)
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn digits_are_read_by_the_calendar(
        year in 1970_u64..10_000,
        month in 0_usize..14,
        day in 0_u64..33,
        (hour, minute, second) in (0_u64..26, 0_u64..62, 0_u64..62),
        milli in proptest::option::of(0_u64..1_000),
    ) {
        let clock = (hour < 24 && minute < 60 && second < 60)
            .then_some(hour * 3_600 + minute * 60 + second);
        let expected = days_before(year, month, day)
            .zip(clock)
            .map(|(days, seconds)| (days * 86_400 + seconds) * 1_000 + milli.unwrap_or(0));
        let digits = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}");
        let digits = digits + &milli.map(|milli| format!("{milli:03}")).unwrap_or_default();
        prop_assert_eq!(UnixMillis::from_utc_digits(&digits).map(UnixMillis::millis), expected);
    }

    #[test]
    fn what_the_sender_writes_is_the_time_it_meant(millis in 0_u64..253_402_300_800_000) {
        let read = |digits: String| UnixMillis::from_utc_digits(&digits).map(UnixMillis::millis);
        prop_assert_eq!(read(simulator::time::to_the_millisecond(millis)), Some(millis));
        prop_assert_eq!(read(simulator::time::to_the_second(millis)), Some(millis / 1_000 * 1_000));
    }
}

// What an entity remembers and tells.

/// An order of a few, so that they meet.
fn order() -> impl Strategy<Value = (Activity, u16, u8)> {
    let activities = [Activity::RefreshInstance, Activity::UpgradeInstance];
    (select(activities.to_vec()), 0_u16..400, 0_u8..2)
}

fn to_order((activity, number, meaning): (Activity, u16, u8)) -> Order {
    let mut details = Details::default();
    details.named.insert("expireTime".to_owned(), meaning.into());
    let id = OrderId::parse(&format!("CS{number}")).unwrap();
    Order::new(activity, "", &id, None, &details)
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn a_ledger_knows_the_purchase_and_the_newest_orders(orders in vec(order(), 0..600)) {
        let purchase = to_order((Activity::NewInstance, 0, 0));
        let mut ledger = Ledger::default();
        ledger.remember(&purchase);
        let mut known: Vec<(Activity, u16, u8)> = Vec::new();
        for said in orders {
            let first = known.iter().find(|known| (known.0, known.1) == (said.0, said.1));
            let expected = match first {
                None => Recall::Fresh,
                Some(first) if *first == said => Recall::Repeat,
                Some(_) => Recall::Conflict,
            };
            prop_assert_eq!(ledger.recall(&to_order(said)), expected);
            if expected == Recall::Fresh {
                ledger.remember(&to_order(said));
                known.push(said);
                known.drain(..known.len().saturating_sub(MAX_ORDERS - 1));
            }
        }
        prop_assert_eq!(ledger.recall(&purchase), Recall::Repeat);
        let text = serde_json::to_string(&ledger).unwrap();
        prop_assert!(text.len() < 9 * 1024, "one text of 32 letters an order");
        prop_assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
    }
}

proptest! {
    #![proptest_config(cases(8))]

    /// What a product reads has a model of its own, in `outbox`.
    #[test]
    fn an_outbox_that_nobody_reads_keeps_the_newest(
        drafts in vec((select(KINDS.to_vec()), select(vec![0, 2_000, 4_000, 9_000])), 0..80),
    ) {
        let mut outbox = Outbox::default();
        for (kind, length) in &drafts {
            let draft = NoticeDraft::of_time(*kind).with("orderAmount", "x".repeat(*length));
            outbox.append(vec![draft], Reader::Nobody, UnixMillis::new(NOW));
            let sequences: Vec<_> = outbox.waiting.iter().map(|notice| notice.sequence()).collect();
            prop_assert!(sequences.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(sequences.last().copied(), Some(outbox.sequence), "the newest waits");
            let waiting = u64::try_from(sequences.len()).unwrap();
            prop_assert_eq!(waiting + u64::from(outbox.dropped), outbox.sequence);
        }
        prop_assert_eq!(outbox.sequence, u64::try_from(drafts.len()).unwrap());
        let lengths = outbox.waiting.iter().map(|notice| notice.body().to_string().len());
        prop_assert!(lengths.clone().all(|length| length <= MAX_NOTICE_LEN));
        prop_assert!(outbox.waiting.len() <= MAX_UNREAD);
        prop_assert!(lengths.sum::<usize>() <= MAX_OUTBOX_LEN);
    }
}

const KINDS: [NoticeType; 6] = [
    NoticeType::Created,
    NoticeType::Renewed,
    NoticeType::Frozen,
    NoticeType::Thawed,
    NoticeType::Upgraded,
    NoticeType::Released,
];

// Names.

fn part(shortest: usize) -> impl Strategy<Value = String> {
    let pieces = select(vec!["a", "orderLineId", "productId"]);
    vec(pieces, shortest..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(cases(32))]

    /// The parts are made of what stands between parts, so that they would run into each other if
    /// they could.
    #[test]
    fn no_two_order_lines_share_an_id_or_a_key(
        lines in vec((part(1), proptest::option::of(part(0)), proptest::option::of(part(0))), 100),
    ) {
        let mut named = BTreeMap::new();
        for (order, line, product) in lines {
            let id = domain::instance::id::derive(&order, line.as_deref(), product.as_deref());
            let parts = (order, line, product);
            let key = Subject::Instance(id.clone()).key();
            prop_assert_eq!(named.entry(key).or_insert_with(|| (parts.clone(), id.clone())), &mut (parts, id));
        }
    }
}
