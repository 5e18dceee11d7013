//! The seller makes the marketplace send an old call again (重新启动), days later and freshly signed:
//! which calls have an effect again, after what happened since.
//!
//! `restarts.txt` is the table that an operator needs. The test compares it with the answers of the
//! real endpoint.

use std::time::Duration;

use protocol::signature::Contract;
use serde_json::Value;
use tests::call::{Bundled, PENDING, koohook, run};

use crate::lifecycle::{CALLBACKS, Callback, instance_id, named, notices, standing};

const SPECIFICATION: &str = include_str!("restarts.txt");

/// What the marketplace called between the call and its restart.
const SINCE: [(&str, &[&str]); 6] = [
    ("nothing", &[]),
    ("freeze", &["FREEZE"]),
    ("freeze, unfreeze", &["FREEZE", "NORMAL"]),
    ("renewal", &["renew"]),
    ("upgrade", &["upgrade"]),
    ("release", &["releaseInstance"]),
];

/// The same calls under V2.
const V2_NAMES: [(&str, &str); 2] = [("NORMAL", "UNFREEZE"), ("renew", "RENEWAL")];

const INTRODUCTION: &str = "\
A call is carried out, others follow, and three days later it comes again with a new signature.

";

#[test]
fn a_restarted_call_does_what_the_table_says() {
    let mut found = INTRODUCTION.to_owned();
    found +=
        &line(["restarted call", "since then", "code", "state before", "state after", "notices"]);
    for callback in CALLBACKS.iter().filter(|callback| is_change(callback)) {
        found.push('\n');
        // After a release most calls are refused.
        let is_end = callback.name.ends_with("releaseInstance");
        for (word, since) in SINCE.into_iter().take(if is_end { 1 } else { SINCE.len() }) {
            let [code, before, after, notices] = restarted(callback, since);
            found += &line([callback.name, word, &code, &before, &after, &notices]);
        }
    }
    if let Some((found, specified)) =
        found.lines().zip(SPECIFICATION.lines()).find(|(found, specified)| found != specified)
    {
        panic!("the table has\n  {specified}\nand the endpoint gives\n  {found}");
    }
    assert_eq!(found, SPECIFICATION, "the table and the endpoint's answers differ in length");
}

/// What an operator types after a restart that did harm: the newest call of the same kind again.
#[test]
fn restarting_the_newest_call_of_its_kind_takes_an_older_one_back() {
    for (contract, [freeze, unfreeze]) in [
        (Contract::V1, ["V1 instanceStatus FREEZE", "V1 instanceStatus NORMAL"]),
        (Contract::V2, ["V2 updateInstanceStatus FREEZE", "V2 updateInstanceStatus UNFREEZE"]),
    ] {
        let koohook = koohook(&PENDING);
        let id = instance_id(contract);
        run(koohook.keep(id.as_str(), &standing("ready", contract).unwrap()));
        let states = [freeze, unfreeze, freeze, unfreeze].map(|name| {
            koohook.world().pass(Duration::from_hours(24));
            let callback = CALLBACKS.iter().find(|callback| callback.name == name).unwrap();
            assert_eq!(run(callback.send(&koohook, id.as_str())).code, "000000");
            named(run(koohook.kept(id.as_str())).as_ref())
        });
        assert_eq!(states, ["frozen by status", "ready", "frozen by status", "ready"]);
    }
}

fn is_change(callback: &Callback) -> bool {
    !["queryInstance", "changeInstanceCheck"].iter().any(|name| callback.name.contains(name))
}

fn line([call, since, code, before, after, notices]: [&str; 6]) -> String {
    let row = format!("{call:<46}{since:<18}{code:<8}{before:<18}{after:<18}{notices}");
    format!("{}\n", row.trim_end())
}

/// Plays a call, what follows, and the restart: the code, the states, and the notices of the restart.
fn restarted(callback: &Callback, since: &[&str]) -> [String; 4] {
    let koohook = koohook(&PENDING);
    let id = instance_id(callback.contract);
    run(koohook.keep(id.as_str(), &standing("ready", callback.contract).unwrap()));
    if callback.name.ends_with("NORMAL") || callback.name.ends_with("UNFREEZE") {
        later(&koohook, callback.contract, "FREEZE");
    }
    koohook.world().pass(Duration::from_mins(1));
    run(callback.send(&koohook, id.as_str()));
    koohook.world().pass(Duration::from_hours(24));
    for name in since {
        later(&koohook, callback.contract, name);
    }
    koohook.world().pass(Duration::from_hours(48));
    let before = run(koohook.kept(id.as_str()));
    let sequence = before.as_ref().map_or(0, |kept| kept.outbox.sequence);
    let code = run(callback.send(&koohook, id.as_str())).code;
    let after = run(koohook.kept(id.as_str()));
    for notice in &after.as_ref().unwrap().outbox.waiting {
        let known = notice.data.get("before").and_then(|before| before.get("state"));
        assert!(
            known.is_some_and(Value::is_string),
            "{} says what was before",
            notice.kind.as_str()
        );
    }
    [code, named(before.as_ref()), named(after.as_ref()), notices(after.as_ref(), sequence)]
}

/// Another call of the marketplace, with an order of its own and a later expiry.
fn later(koohook: &Bundled, contract: Contract, name: &str) {
    let renamed = V2_NAMES.iter().find(|(v1, _)| contract == Contract::V2 && *v1 == name);
    let name = renamed.map_or(name, |(_, v2)| v2);
    let callback = CALLBACKS.iter().find(|callback| {
        let last = callback.name.split(' ').next_back().unwrap();
        callback.contract == contract && (last == name || last == format!("{name}Instance"))
    });
    let id = instance_id(contract);
    let members = callback.unwrap().members(id.as_str());
    let changed = members.into_iter().map(|(member, text)| match member {
        "orderId" => (member, "CS90"),
        "orderLineId" => (member, "CS90-1"),
        "expireTime" => (member, "20281005194927"),
        _ => (member, text),
    });
    koohook.world().pass(Duration::from_mins(1));
    let members: Vec<_> = changed.collect();
    let answer = match contract {
        Contract::V1 => run(koohook.v1(&members)),
        Contract::V2 => run(koohook.v2(&members)),
    };
    assert_eq!(answer.code, "000000", "{name}");
}
