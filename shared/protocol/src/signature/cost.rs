//! What a stranger's body costs before it is rejected (decision G6): memory beyond the body, and
//! bytes read and compared for each byte that arrived. Nothing is timed.

use allocation_counter::measure;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::access_key::{AccessKey, Keyring};
use crate::json::work;
use crate::time::UnixMillis;

const NOW: u64 = 1_800_000_000_000;
const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const HEX: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const QUERY: &str = "signature=0000000000000000000000000000000000000000000000000000000000000000\
    &timestamp=1800000000000&nonce=n";
/// The routes that read a body.
const ROUTES: [(Interface, Contract); 3] = [
    (Interface::Base, Contract::V2),
    (Interface::Kit, Contract::V1),
    (Interface::Kit, Contract::V2),
];
/// The longest base body, and the longest kit body.
const BASE: usize = 256 * 1024;
const KIT: usize = 4 * 1024 * 1024;
/// A V1 body without a time stamp is rejected before its members cost anything.
const END: &str = r#""timeStamp":"20200727073711903"}"#;

/// What one rejection took.
#[derive(Debug)]
struct Cost {
    rejection: Rejection,
    peak: usize,
    allocations: u64,
    work: usize,
}

fn reject(interface: Interface, contract: Contract, body: &[u8]) -> Cost {
    let key = |text| AccessKey::parse(text).unwrap();
    let previous = Some(key("constructed-kit-key-0001"));
    let keys = Keyring { current: key("constructed-kit-key-0002"), previous };
    let headers = Headers {
        auth_token: vec![TOKEN],
        x_sign: vec![HEX],
        x_timestamp: vec!["1800000000000"],
        x_nonce: vec!["n"],
    };
    let call = Unverified { interface, contract, query: QUERY, headers, body };
    let mut rejection = None;
    work::take();
    let taken = measure(|| {
        let now = UnixMillis::new(NOW);
        rejection = call.verify(&keys, TimestampUnit::Milliseconds, now).err();
    });
    Cost {
        rejection: rejection.expect("no stranger can sign"),
        peak: usize::try_from(taken.bytes_max).unwrap(),
        allocations: taken.count_total,
        work: work::take(),
    }
}

/// Holds a cost against the bounds; how much was done for each byte.
fn bounded(what: &str, cost: &Cost, len: usize) -> usize {
    // What a call takes whatever its body: the proof as it was parsed, one chunk of a signed text.
    let constant = 4 * 1024;
    assert!(cost.peak <= 2 * len + constant, "{what}: {} bytes for {len}", cost.peak);
    assert!(cost.allocations <= 40, "{what}: {} allocations", cost.allocations);
    let each = cost.work.div_ceil(len);
    assert!(each <= MAX_WORK, "{what}: {each} for each byte");
    each
}

/// Two readings of a body, in two forms, each judged and written; and a name that is compared as
/// often as a sort may compare it.
const MAX_WORK: usize = 25;

/// A body of about a length, all of one piece; each piece has a number.
fn all(len: usize, begin: &str, piece: impl Fn(usize) -> String, end: &str) -> String {
    let mut body = begin.to_owned();
    for number in 0.. {
        let piece = piece(number);
        if body.len() + piece.len() + end.len() > len {
            break;
        }
        body.push_str(&piece);
    }
    body.push_str(end);
    body
}

type Shape = (&'static str, fn(usize) -> String);

const SHAPES: [Shape; 27] = [
    ("zeros", |len| all(len, r#"{"a":[0"#, |_| ",0".into(), &format!("],{END}"))),
    ("zeros, deep", |len| {
        let (begin, end) = ("[".repeat(30), "]".repeat(30));
        all(len, &format!(r#"{{"a":{begin}0"#), |_| ",0".into(), &format!("{end},{END}"))
    }),
    ("empty arrays", |len| all(len, r#"{"a":[[]"#, |_| ",[]".into(), &format!("],{END}"))),
    ("empty objects", |len| all(len, r#"{"a":[{}"#, |_| ",{}".into(), &format!("],{END}"))),
    ("deep arrays", |len| {
        let deep = format!(",{}{}", "[".repeat(30), "]".repeat(30));
        all(len, r#"{"a":[0"#, |_| deep.clone(), &format!("],{END}"))
    }),
    ("deep members", |len| {
        let deep = format!(r#",{}0{}"#, r#"{"":"#.repeat(30), "}".repeat(30));
        all(len, r#"{"a":[0"#, |_| deep.clone(), &format!("],{END}"))
    }),
    ("members", |len| all(len, "{", |number| format!(r#""{number:x}":0,"#), END)),
    ("members, downwards", |len| {
        // As many in each object as it may name.
        let object = |number: usize| {
            let member = |at: usize| format!(r#""{:06x}":0"#, 0xff_ffff - at - number % 7 * 1_000);
            format!("{{{}}},", (0..1_000).map(member).collect::<Vec<_>>().join(","))
        };
        all(len, r#"{"a":["#, object, &format!("0],{END}"))
    }),
    ("members that begin alike", |len| {
        all(len, "{", |number| format!(r#""{:0>64x}":0,"#, number.reverse_bits() >> 40), END)
    }),
    ("nested members that begin alike", |len| {
        let member = |number: usize| format!(r#""{:0>64x}":0,"#, number.reverse_bits() >> 40);
        all(len, r#"{"a":{"#, member, &format!(r#""":0}},{END}"#))
    }),
    ("escaped names that begin alike", |len| {
        let name = r"\\".repeat(20);
        all(len, "{", |number| format!(r#""{name}{:x}":0,"#, number.reverse_bits() >> 40), END)
    }),
    ("one long name", |len| all(len, r#"{""#, |_| "a".into(), &format!(r#"":0,{END}"#))),
    ("two long names", |len| {
        let name = "a".repeat(len / 2 - 40);
        format!(r#"{{"{name}b":0,"{name}c":0,{END}"#)
    }),
    ("one name, one value", |len| all(len, "{", |_| r#""":0,"#.into(), END)),
    ("one name, two values", |len| all(len, r#"{"":1,"#, |_| r#""":0,"#.into(), END)),
    ("one letter, two values", |len| all(len, r#"{"a":1,"#, |_| r#""a":0,"#.into(), END)),
    ("one nested name", |len| {
        all(len, r#"{"a":{"":1"#, |_| r#","":0"#.into(), &format!("}},{END}"))
    }),
    ("names twice", |len| {
        all(len, "{", |number| format!(r#""{:x}":{},"#, number / 2, number % 2), END)
    }),
    ("nested names twice", |len| {
        let twice = |number| format!(r#""{:x}":{},"#, number / 2, number % 2);
        all(len, r#"{"a":{"#, twice, &format!(r#""":0}},{END}"#))
    }),
    ("many objects that name twice", |len| {
        all(len, r#"{"a":[0"#, |_| r#",{"":0,"":1}"#.into(), &format!("],{END}"))
    }),
    ("names twice, one in another", |len| {
        let begin = r#"{"a":0,"a":"#.repeat(31);
        let end = "}".repeat(30);
        all(len, &format!("{begin}[0"), |_| ",0".into(), &format!("]{end},{END}"))
    }),
    ("escapes", |len| all(len, r#"{"a":""#, |_| r"\u0001".into(), &format!(r#"",{END}"#))),
    ("short escapes", |len| all(len, r#"{"a":""#, |_| r"\n".into(), &format!(r#"",{END}"#))),
    ("pairs", |len| all(len, r#"{"a":""#, |_| r"\ud83d\ude00".into(), &format!(r#"",{END}"#))),
    ("a form", |len| all(len, r#"{"a":"x"#, |_| "+%41%C3".into(), &format!(r#"",{END}"#))),
    ("blanks", |len| all(len, r#"{"a":""#, |_| " ".into(), &format!(r#"",{END}"#))),
    ("a long number", |len| all(len, r#"{"a":1"#, |_| "0".into(), &format!("e-9999999,{END}"))),
];

#[test]
fn a_rejection_costs_in_proportion_to_the_body() {
    for (interface, contract) in ROUTES {
        for (shape, body) in SHAPES {
            let what = format!("{shape} ({interface:?} {contract:?})");
            let [small, great] = [BASE / 16, BASE].map(|len| {
                let body = body(len);
                let cost = reject(interface, contract, body.as_bytes());
                bounded(&what, &cost, body.len())
            });
            // A sort compares a little more often, the more names there are.
            assert!(great <= small + small / 2 + 4, "{what}: {small}, then {great} for each byte");
        }
    }
}

/// The shapes that take the most and are within the bound of values, as long as they may be.
#[test]
fn the_longest_bodies_cost_no_more() {
    let greatest = [("members, downwards", Contract::V2), ("a form", Contract::V1)];
    for (greatest, contract) in greatest {
        let (shape, body) = SHAPES.into_iter().find(|(shape, _)| *shape == greatest).unwrap();
        let body = body(KIT);
        let cost = reject(Interface::Kit, contract, body.as_bytes());
        assert_eq!(cost.rejection, Rejection::SignatureWrong);
        bounded(shape, &cost, body.len());
    }
}

#[test]
fn an_object_of_too_many_members_is_rejected() {
    let body = |members: usize| {
        let named = (0..members).map(|number| format!(r#""{number:x}":0,"#));
        format!("{{{}{END}", named.collect::<String>())
    };
    let rejection =
        |members| reject(Interface::Kit, Contract::V2, body(members).as_bytes()).rejection;
    assert_eq!(rejection(1_023), Rejection::SignatureWrong);
    assert_eq!(rejection(1_024), Rejection::TooManyNodes);
}

#[test]
fn a_body_of_too_many_values_is_rejected_signed_or_not() {
    let body = |zeros: usize| format!(r#"{{"a":[{}0],{END}"#, "0,".repeat(zeros - 1));
    // The object, the array and the time stamp are values, too.
    let rejection = |zeros| reject(Interface::Kit, Contract::V2, body(zeros).as_bytes()).rejection;
    assert_eq!(rejection(400_000 - 3), Rejection::SignatureWrong);
    assert_eq!(rejection(400_000 - 2), Rejection::TooManyNodes);
    let key = AccessKey::parse("constructed-kit-key-0002").unwrap();
    let keys = Keyring { current: key.clone(), previous: None };
    let verify = |zeros| {
        let body = body(zeros);
        let x_sign = hex::encode(sign_kit(key.as_str(), "n", "1800000000000", body.as_bytes()));
        let headers = Headers {
            x_sign: vec![&x_sign],
            x_timestamp: vec!["1800000000000"],
            x_nonce: vec!["n"],
            ..Headers::default()
        };
        let (interface, contract) = (Interface::Kit, Contract::V2);
        let call = Unverified { interface, contract, query: "", headers, body: body.as_bytes() };
        call.verify(&keys, TimestampUnit::Milliseconds, UnixMillis::new(NOW)).err()
    };
    assert_eq!(verify(400_000 - 3), None);
    assert_eq!(verify(400_000 - 2), Some(Rejection::TooManyNodes));
}

/// A value in some hostile form, to be repeated.
fn value() -> impl Strategy<Value = String> {
    let leaf = select(vec!["0", "-1e9", "true", "null", r#""""#, r#""\u0001""#, r#""%41+""#]);
    let name = || select(vec![r#""""#, r#""a""#, r#""\u0061""#, r#""b""#, r#""\ud83d\ude00""#]);
    leaf.prop_map(str::to_owned).prop_recursive(8, 32, 4, move |inner| {
        let member = (name(), inner.clone()).prop_map(|(name, value)| format!("{name}:{value}"));
        let array = prop::collection::vec(inner, 0..4);
        let object = prop::collection::vec(member, 0..4);
        prop_oneof![
            array.prop_map(|items| format!("[{}]", items.join(","))),
            object.prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_body_at_all_costs_more(value in value(), named: bool, numbered: bool) {
        let name = |number| if numbered { format!("{number:x}") } else { "a".to_owned() };
        let body = if named {
            all(16 * 1024, "{", |number| format!(r#""{}":{value},"#, name(number)), END)
        } else {
            all(16 * 1024, r#"{"a":[0"#, |_| format!(",{value}"), &format!("],{END}"))
        };
        for (interface, contract) in ROUTES {
            let cost = reject(interface, contract, body.as_bytes());
            bounded(&value, &cost, body.len());
        }
    }
}
