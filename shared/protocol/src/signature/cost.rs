//! Checks the cost of a rejected call (decision G6): the memory beyond the body, and the bytes read
//! and compared for each byte received. These tests do not measure time.

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
/// The routes with a body.
const ROUTES: [(Interface, Contract); 3] = [
    (Interface::Base, Contract::V2),
    (Interface::Kit, Contract::V1),
    (Interface::Kit, Contract::V2),
];
/// The longest base body and the longest kit body, in bytes.
const BASE: usize = 256 * 1024;
const KIT: usize = 4 * 1024 * 1024;
/// Every body ends with a time stamp. Otherwise koohook would reject a V1 body before it reads the
/// members.
const END: &str = r#""timeStamp":"20200727073711903"}"#;

/// The cost of one rejection.
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
    let measured = measure(|| {
        let now = UnixMillis::new(NOW);
        rejection = call.verify(&keys, TimestampUnit::Milliseconds, now).err();
    });
    Cost {
        rejection: rejection.expect("an unsigned call is rejected"),
        peak: usize::try_from(measured.bytes_max).unwrap(),
        allocations: measured.count_total,
        work: work::take(),
    }
}

/// Checks a cost against the limits. Returns the work for each byte.
fn check_cost(what: &str, cost: &Cost, len: usize) -> usize {
    // The memory that does not depend on the body: the parsed signature fields, and one chunk of
    // text.
    let constant = 4 * 1024;
    assert!(cost.peak <= 2 * len + constant, "{what}: {} bytes for {len}", cost.peak);
    assert!(cost.allocations <= 40, "{what}: {} allocations", cost.allocations);
    let each = cost.work.div_ceil(len);
    assert!(each <= MAX_WORK, "{what}: {each} for each byte");
    each
}

/// The limit of work for each byte. It allows for two readings of a body in two forms, and for the
/// comparisons of a sort.
const MAX_WORK: usize = 25;

/// A body of almost the given length that repeats one piece. Each piece gets its number.
fn repeat(len: usize, begin: &str, piece: impl Fn(usize) -> String, end: &str) -> String {
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
    ("zeros", |len| repeat(len, r#"{"a":[0"#, |_| ",0".into(), &format!("],{END}"))),
    ("zeros, deep", |len| {
        let (begin, end) = ("[".repeat(30), "]".repeat(30));
        repeat(len, &format!(r#"{{"a":{begin}0"#), |_| ",0".into(), &format!("{end},{END}"))
    }),
    ("empty arrays", |len| repeat(len, r#"{"a":[[]"#, |_| ",[]".into(), &format!("],{END}"))),
    ("empty objects", |len| repeat(len, r#"{"a":[{}"#, |_| ",{}".into(), &format!("],{END}"))),
    ("deep arrays", |len| {
        let deep = format!(",{}{}", "[".repeat(30), "]".repeat(30));
        repeat(len, r#"{"a":[0"#, |_| deep.clone(), &format!("],{END}"))
    }),
    ("deep members", |len| {
        let deep = format!(r#",{}0{}"#, r#"{"":"#.repeat(30), "}".repeat(30));
        repeat(len, r#"{"a":[0"#, |_| deep.clone(), &format!("],{END}"))
    }),
    ("members", |len| repeat(len, "{", |number| format!(r#""{number:x}":0,"#), END)),
    ("members in falling order", |len| {
        // Each object has almost as many members as it may have.
        let object = |number: usize| {
            let member = |at: usize| format!(r#""{:06x}":0"#, 0xff_ffff - at - number % 7 * 1_000);
            format!("{{{}}},", (0..1_000).map(member).collect::<Vec<_>>().join(","))
        };
        repeat(len, r#"{"a":["#, object, &format!("0],{END}"))
    }),
    ("members that begin alike", |len| {
        repeat(len, "{", |number| format!(r#""{:0>64x}":0,"#, number.reverse_bits() >> 40), END)
    }),
    ("nested members that begin alike", |len| {
        let member = |number: usize| format!(r#""{:0>64x}":0,"#, number.reverse_bits() >> 40);
        repeat(len, r#"{"a":{"#, member, &format!(r#""":0}},{END}"#))
    }),
    ("escaped names that begin alike", |len| {
        let name = r"\\".repeat(20);
        repeat(len, "{", |number| format!(r#""{name}{:x}":0,"#, number.reverse_bits() >> 40), END)
    }),
    ("one long name", |len| repeat(len, r#"{""#, |_| "a".into(), &format!(r#"":0,{END}"#))),
    ("two long names", |len| {
        let name = "a".repeat(len / 2 - 40);
        format!(r#"{{"{name}b":0,"{name}c":0,{END}"#)
    }),
    ("one name, one value", |len| repeat(len, "{", |_| r#""":0,"#.into(), END)),
    ("one name, two values", |len| repeat(len, r#"{"":1,"#, |_| r#""":0,"#.into(), END)),
    ("one letter, two values", |len| repeat(len, r#"{"a":1,"#, |_| r#""a":0,"#.into(), END)),
    ("one nested name", |len| {
        repeat(len, r#"{"a":{"":1"#, |_| r#","":0"#.into(), &format!("}},{END}"))
    }),
    ("names twice", |len| {
        repeat(len, "{", |number| format!(r#""{:x}":{},"#, number / 2, number % 2), END)
    }),
    ("nested names twice", |len| {
        let twice = |number| format!(r#""{:x}":{},"#, number / 2, number % 2);
        repeat(len, r#"{"a":{"#, twice, &format!(r#""":0}},{END}"#))
    }),
    ("many objects that name twice", |len| {
        repeat(len, r#"{"a":[0"#, |_| r#",{"":0,"":1}"#.into(), &format!("],{END}"))
    }),
    ("names twice, one in another", |len| {
        let begin = r#"{"a":0,"a":"#.repeat(31);
        let end = "}".repeat(30);
        repeat(len, &format!("{begin}[0"), |_| ",0".into(), &format!("]{end},{END}"))
    }),
    ("escapes", |len| repeat(len, r#"{"a":""#, |_| r"\u0001".into(), &format!(r#"",{END}"#))),
    ("short escapes", |len| repeat(len, r#"{"a":""#, |_| r"\n".into(), &format!(r#"",{END}"#))),
    ("pairs", |len| repeat(len, r#"{"a":""#, |_| r"\ud83d\ude00".into(), &format!(r#"",{END}"#))),
    ("a form", |len| repeat(len, r#"{"a":"x"#, |_| "+%41%C3".into(), &format!(r#"",{END}"#))),
    ("blanks", |len| repeat(len, r#"{"a":""#, |_| " ".into(), &format!(r#"",{END}"#))),
    ("a long number", |len| repeat(len, r#"{"a":1"#, |_| "0".into(), &format!("e-9999999,{END}"))),
];

#[test]
fn the_cost_of_a_rejection_is_proportional_to_the_body() {
    for (interface, contract) in ROUTES {
        for (shape, body) in SHAPES {
            let what = format!("{shape} ({interface:?} {contract:?})");
            let [small, large] = [BASE / 16, BASE].map(|len| {
                let body = body(len);
                let cost = reject(interface, contract, body.as_bytes());
                check_cost(&what, &cost, body.len())
            });
            // With more names, a sort makes a few more comparisons for each name.
            assert!(large <= small + small / 2 + 4, "{what}: {small}, then {large} for each byte");
        }
    }
}

/// The two most expensive shapes that do not exceed the limit of values, at the longest length.
#[test]
fn the_cost_of_the_longest_bodies_is_limited() {
    let expensive = [("members in falling order", Contract::V2), ("a form", Contract::V1)];
    for (name, contract) in expensive {
        let (shape, body) = SHAPES.into_iter().find(|(shape, _)| *shape == name).unwrap();
        let body = body(KIT);
        let cost = reject(Interface::Kit, contract, body.as_bytes());
        assert_eq!(cost.rejection, Rejection::SignatureWrong);
        check_cost(shape, &cost, body.len());
    }
}

#[test]
fn an_object_with_too_many_members_is_rejected() {
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
fn a_body_with_too_many_values_is_rejected_signed_or_not() {
    let body = |zeros: usize| format!(r#"{{"a":[{}0],{END}"#, "0,".repeat(zeros - 1));
    // The object, the array and the time stamp are also values.
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

/// A value in a hostile form. The body repeats it.
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
    fn the_cost_of_a_random_body_is_limited(value in value(), named: bool, numbered: bool) {
        let name = |number| if numbered { format!("{number:x}") } else { "a".to_owned() };
        let body = if named {
            repeat(16 * 1024, "{", |number| format!(r#""{}":{value},"#, name(number)), END)
        } else {
            repeat(16 * 1024, r#"{"a":[0"#, |_| format!(",{value}"), &format!("],{END}"))
        };
        for (interface, contract) in ROUTES {
            let cost = reject(interface, contract, body.as_bytes());
            check_cost(&value, &cost, body.len());
        }
    }
}
