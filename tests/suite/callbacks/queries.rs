//! A signed V2 query is answered once. A V1 query is answered every time.

use std::time::Duration;

use protocol::signature::Contract;
use tests::call::{SETTINGS, run};
use tests::world::{NOW, StoreFault};

use super::{named, send_at, with_instance};
use crate::lifecycle::instance_id;

#[test]
fn a_v2_query_is_answered_once_per_signature() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let query = named("V2 queryInstance").members(id.as_str());
    let codes = [0, 0, 1].map(|later| {
        koohook.world().pass(Duration::from_millis(later));
        let counts = (
            send_at(&koohook, Contract::V2, NOW + later, &query).code,
            koohook.store().take_counts(),
        );
        (counts.0, counts.1.0, counts.1.1)
    });
    let expected = [("000000", 1, 1), ("000001", 0, 1), ("000000", 1, 1)];
    assert_eq!(codes, expected.map(|(code, reads, writes)| (code.to_owned(), reads, writes)));
}

#[test]
fn a_v2_query_is_remembered_until_its_signature_expires() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let query = named("V2 queryInstance").members(id.as_str());
    let signed_at = NOW + 60_000;
    assert_eq!(send_at(&koohook, Contract::V2, signed_at, &query).code, "000000");
    for (later, code) in [(120_000, "000001"), (120_001, "000002")] {
        koohook.world().set_now(NOW + later);
        assert_eq!(send_at(&koohook, Contract::V2, signed_at, &query).code, code, "{later} ms");
    }
}

#[test]
fn a_v2_query_whose_signature_cannot_be_stored_is_not_answered() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let query = named("V2 queryInstance").members(id.as_str());
    koohook.store().plan([StoreFault::Refused; 16]);
    let answer = send_at(&koohook, Contract::V2, NOW, &query);
    assert_eq!((answer.code.as_str(), answer.info.len()), ("000005", 0));
    assert_eq!(koohook.store().take_counts().0, 0, "no entity is read");
    koohook.store().plan([]);
    assert_eq!(send_at(&koohook, Contract::V2, NOW, &query).code, "000000");
}

#[test]
fn a_v2_query_is_answered_if_only_the_reply_to_its_write_was_lost() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V2);
    let id = instance_id(Contract::V2);
    let query = named("V2 queryInstance").members(id.as_str());
    koohook.store().plan([StoreFault::ReplyLost]);
    let codes = [(); 2].map(|()| send_at(&koohook, Contract::V2, NOW, &query).code);
    assert_eq!(codes, ["000000", "000001"], "the call recognises its own write");
}

#[test]
fn a_repeated_v1_query_is_answered() {
    let koohook = with_instance(&SETTINGS, "ready", Contract::V1);
    let id = instance_id(Contract::V1);
    for _ in 0..3 {
        let answer = run(named("V1 queryInstance").send(&koohook, id.as_str()));
        assert_eq!((answer.code.as_str(), koohook.store().take_counts()), ("000000", (1, 0)));
    }
}
