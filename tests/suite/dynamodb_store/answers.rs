//! How the store handles answers that are late, lost, rejected or unreadable.

use std::time::Duration;

use bytes::Bytes;
use domain::catalogue::CatalogueList;
use http::{Request, Response};
use protocol::time::UnixMillis;
use shell::store::dynamodb::Dynamodb;
use shell::store::{DynamodbSetting, Put, Queue, Right, RightError, Store, Unavailable};
use shell::world::{Unanswered, Web};
use tests::call::{Koohook, SETTINGS, run};
use tests::dynamodb::model::{Model, Plan};
use tests::dynamodb::{REGION, Table, credentials, noon};

use super::{NOON, answer, header, put, rejection, scripted, stored, value};

#[test]
fn only_temporary_errors_are_retried() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    let temporary = [
        Plan::CutBefore,
        Plan::Refuse(400, "ProvisionedThroughputExceededException"),
        Plan::Refuse(400, "ThrottlingException"),
        Plan::Refuse(400, "RequestLimitExceeded"),
        Plan::Refuse(400, "TransactionConflictException"),
        Plan::Refuse(500, "InternalServerError"),
        Plan::Refuse(503, "ServiceUnavailable"),
    ];
    for (plan, number) in temporary.into_iter().zip(1..) {
        let key = format!("key-{number}");
        model.plan([plan, plan, Plan::Work, plan]);
        assert_eq!(put(&table, &key, &value(number), None), Ok(Put::Won), "{plan:?}");
        assert_eq!(run(table.get(&key, NOON)), Ok(Some(stored(number))), "{plan:?}");
        model.take_calls();
        model.plan([plan; 6]);
        assert_eq!(run(table.get(&key, NOON)), Err(Unavailable), "{plan:?}");
        assert_eq!(put(&table, &key, &value(99), Some(number)), Err(Unavailable), "{plan:?}");
        assert_eq!(model.take_calls().len(), 6, "three attempts each: {plan:?}");
        assert_eq!(run(table.get(&key, NOON)), Ok(Some(stored(number))), "{plan:?}");
    }
    for kind in ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"] {
        model.take_calls();
        model.plan([Plan::Refuse(400, kind); 2]);
        assert_eq!(run(table.get("a", NOON)), Err(Unavailable), "{kind}");
        assert_eq!(put(&table, "a", &value(1), None), Err(Unavailable), "{kind}");
        assert_eq!(model.take_calls(), ["GetItem", "PutItem"], "{kind}");
    }
}

fn leaves_nothing(table: &Table) {
    assert!(table.prove(NOON).iter().all(|(_, outcome)| outcome.is_ok()));
    assert_eq!(run(table.get("proof", NOON)), Ok(None), "the check must leave no value");
    let all = UnixMillis::EPOCH..=UnixMillis::MAX;
    assert_eq!(run(table.agenda(Queue::Sweep, all, 9)), Ok(Vec::new()), "nor an agenda entry");
    for list in CatalogueList::ALL {
        assert_eq!(run(table.catalogue(list, None, 9)), Ok(Vec::new()), "nor a catalogue entry");
    }
}

/// Decision I5: the start of a process that relays names each missing permission.
#[test]
fn a_store_check_names_each_missing_permission() {
    let denied = Plan::Refuse(400, "AccessDeniedException");
    let works = Plan::Work;
    for (plan, expected) in [
        (vec![], vec![]),
        (vec![denied], vec!["read"]),
        (vec![works, denied], vec!["write"]),
        (vec![works, works, denied], vec!["write"]),
        ([&[works; 3][..], &[denied]].concat(), vec!["agenda"]),
        // The agenda's queries run at once, so any of them gets the refusal, and the others work.
        ([&[works; 19][..], &[denied; 16]].concat(), vec!["catalogue"]),
        (vec![denied; 60], vec!["read", "write", "agenda", "catalogue"]),
    ] {
        let model = Model::start();
        let table = Table::new(&model.endpoint);
        model.plan(plan.clone());
        let proofs = table.prove(NOON);
        let missing = proofs.iter().filter_map(|(right, outcome)| {
            let lack = outcome.as_ref().err()?;
            let is_refused = matches!(lack, RightError::Refused(text) if text.contains("PutItem"));
            assert!(is_refused, "{lack:?}");
            Some(right.as_str())
        });
        assert_eq!(missing.collect::<Vec<_>>(), expected, "{plan:?}");
        model.plan([]);
        leaves_nothing(&table);
    }
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    model.plan([Plan::CutBefore; 3]);
    let (right, outcome) = table.prove(NOON).remove(0);
    assert!(
        right == Right::Read && matches!(outcome, Err(RightError::Unanswered(_))),
        "{outcome:?}"
    );
}

/// The reply to a write is lost, and the retry finds its own condition failed.
#[test]
fn a_write_whose_answer_was_lost_is_recognised() {
    let model = Model::start();
    let table = Table::new(&model.endpoint);
    for (number, over) in [(1, None), (2, Some(1))] {
        model.plan([Plan::CutAfter]);
        let put = put(&table, "a", &value(number), over);
        assert_eq!(
            put,
            Ok(Put::Lost(Some(stored(number)))),
            "the store must return its own version"
        );
    }
    let koohook = Koohook::over(table, &SETTINGS);
    for (order, plan) in [("A", [Plan::Work, Plan::CutAfter]), ("B", [Plan::CutBefore; 2])] {
        model.plan(plan);
        let answer = run(koohook.v2(&new_instance(order)));
        assert_eq!(answer.code, "000000");
        let id = answer.instance_id.unwrap();
        assert_eq!(run(koohook.kept(&id)).unwrap().outbox.sequence, 1, "one notice");
    }
}

fn new_instance(order: &str) -> [(&str, &str); 4] {
    [
        ("activity", "newInstance"),
        ("orderId", order),
        ("orderLineId", "line"),
        ("businessId", "made-up"),
    ]
}

/// Decision G3, counted at the server.
#[test]
fn a_change_is_two_round_trips_and_a_repeat_is_one() {
    let model = Model::start();
    let koohook = Koohook::over(Table::new(&model.endpoint), &SETTINGS);
    model.take_calls();
    let id = run(koohook.v2(&new_instance("A"))).instance_id.unwrap();
    assert_eq!(model.take_calls(), ["GetItem", "PutItem"]);
    run(koohook.v2(&new_instance("A")));
    assert_eq!(model.take_calls(), ["GetItem"]);
    let freeze =
        [("activity", "updateInstanceStatus"), ("instanceId", id.as_str()), ("status", "FREEZE")];
    assert_eq!(run(koohook.v2(&freeze)).code, "000000");
    assert_eq!(model.take_calls(), ["GetItem", "PutItem"]);
    let rehearsal = [("activity", "newInstance"), ("orderId", "B"), ("testFlag", "1")];
    run(koohook.v2(&rehearsal));
    assert_eq!(model.take_calls(), [""; 0]);
}

#[test]
fn the_store_reads_the_current_value_if_the_answer_lacks_it() {
    let current = r#"{"Item":{"k":{"S":"k:a"},"version":{"B":"AQEBAQEBAQEBAQEBAQEBAQ=="},"value":{"B":"AQEB"}}}"#;
    let (store, sent) = scripted("https://a.example", credentials(), noon, move |request| {
        match header(request, "x-amz-target").unwrap() {
            "DynamoDB_20120810.GetItem" => answer(200, current),
            _ => rejection("ConditionalCheckFailedException"),
        }
    });
    for over in [None, Some(0)] {
        assert_eq!(put(&store, "a", &value(2), over), Ok(Put::Lost(Some(stored(1)))));
    }
    assert_eq!(sent.lock().unwrap().len(), 4);
}

#[test]
fn an_unreadable_answer_is_an_error() {
    let bodies = [
        "",
        "[]",
        "{\"Item\":7}",
        r#"{"Item":{"k":{"S":"k:a"}}}"#,
        r#"{"Item":{"k":{"S":"k:a"},"version":{"B":"AQEB"},"value":{"B":""}}}"#,
        r#"{"Item":{"k":{"S":"k:a"},"version":{"B":"??"},"value":{"B":""}}}"#,
    ];
    for body in bodies {
        let (store, _) =
            scripted("https://a.example", credentials(), noon, move |_| answer(200, body));
        assert_eq!(run(store.get("a", NOON)), Err(Unavailable), "{body}");
    }
    let (store, _) =
        scripted("https://a.example", credentials(), noon, |_| Err(Unanswered::TooLong));
    assert_eq!(run(store.get("a", NOON)), Err(Unavailable));
}

/// A connection that broke while its function was suspended never answers.
struct Silent;

impl Web for Silent {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, Unanswered> {
        std::future::pending().await
    }
}

/// Decision G2.
#[tokio::test(start_paused = true)]
async fn a_silent_endpoint_leaves_time_to_answer_the_callback() {
    let setting = DynamodbSetting::parse(&format!("koohook?region={REGION}")).unwrap();
    let store = Dynamodb::over(&setting, credentials(), Silent, noon);
    let begun = tokio::time::Instant::now();
    assert_eq!(store.get("a", NOON).await, Err(Unavailable));
    let took = begun.elapsed();
    assert!(Duration::from_secs(3) <= took && took < Duration::from_millis(3_500), "{took:?}");
}
