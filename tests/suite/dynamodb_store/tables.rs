//! How the table is created, and which tables koohook does not change.

use domain::catalogue::{CatalogueEntry, CatalogueList, OrderDigest};
use serde_json::{Value as Json, json};
use shell::store::dynamodb::{TableError, TableStep};
use shell::store::{Put, Right, RightError, Store, Unavailable, Value};
use tests::call::run;
use tests::dynamodb::model::Model;
use tests::dynamodb::{REGION, Table, credentials, emulator, noon};
use tests::on_tokio::block_on;

use super::{NOON, answer, header, put, rejection, scripted, stored, value};

#[test]
fn a_table_is_created_once_and_then_found() {
    for endpoint in [Some(Model::start().endpoint), emulator()].into_iter().flatten() {
        let table = Table::new(&endpoint);
        let store = &table.store.0;
        put(&table, "a", &value(1), None).unwrap();
        let mut steps = Vec::new();
        block_on(store.make_table(|step| steps.push(step))).unwrap();
        assert_eq!(steps[..3], [TableStep::Stands, TableStep::Active, TableStep::Freeing]);
        assert!(
            matches!(steps[3..], [TableStep::Restorable | TableStep::NotRestorable]),
            "{steps:?}"
        );
        block_on(store.check_table()).unwrap();
        assert_eq!(run(table.get("a", NOON)), Ok(Some(stored(1))));
        let absent = Table::open(&table.setting.replace("koohook-test", "koohook-absent"));
        let checked = block_on(absent.store.0.check_table());
        assert!(matches!(checked, Err(TableError::Absent)), "{checked:?}");
        assert_eq!(run(absent.get("a", NOON)), Err(Unavailable));
    }
}

/// The request of an older koohook that creates its table.
fn older(name: &str) -> Json {
    let text = |name| json!({ "AttributeName": name, "AttributeType": "S" });
    let key = |name, kind| json!({ "AttributeName": name, "KeyType": kind });
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [text("k"), text("agenda"), text("due")],
        "KeySchema": [key("k", "HASH")],
        "GlobalSecondaryIndexes": [{
            "IndexName": "agenda",
            "KeySchema": [key("agenda", "HASH"), key("due", "RANGE")],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
    })
}

/// The table of an older koohook has no index of the catalogue. Writes and reads need none.
#[test]
fn the_index_of_the_catalogue_is_added_to_an_older_table() {
    let model = Model::start();
    for endpoint in [Some(model.endpoint.clone()), emulator()].into_iter().flatten() {
        let name = format!("koohook-test-{}-older", std::process::id());
        match endpoint == model.endpoint {
            true => drop(model.ask("CreateTable", &older(&name))),
            false => drop(super::model::ask(&endpoint, "CreateTable", &older(&name))),
        }
        let table = Table::open(&format!("dynamodb://{name}?region={REGION}&endpoint={endpoint}"));
        let listed = Value { catalogue: Some(ENTRY), ..value(1) };
        assert_eq!(put(&table, "a", &listed, None), Ok(Put::Won));
        assert_eq!(run(table.get("a", NOON)), Ok(Some(stored(1))));
        assert_eq!(run(table.catalogue(ENTRY.list, None, 9)), Err(Unavailable));
        let checked = block_on(table.store.0.check_table()).unwrap_err().to_string();
        assert!(checked.contains("koohook store create"), "{checked}");
        let proofs = table.prove(NOON).into_iter();
        let refused = proofs.filter_map(|(right, proof)| Some((right, proof.err()?)));
        let [(Right::Catalogue, RightError::Refused(text))] = &refused.collect::<Vec<_>>()[..]
        else {
            panic!("only the catalogue is refused");
        };
        assert!(text.contains("`koohook store create` adds a missing index"), "{text}");
        for expected in [&[TableStep::Stands, TableStep::Indexing][..], &[TableStep::Stands]] {
            let mut steps = Vec::new();
            block_on(table.store.0.make_table(|step| steps.push(step))).unwrap();
            steps.retain(|step| *step != TableStep::Waiting);
            let before = steps.iter().position(|step| *step == TableStep::Active).unwrap();
            assert_eq!(steps[..before], *expected);
        }
        block_on(table.store.0.check_table()).unwrap();
        assert!(table.prove(NOON).iter().all(|(_, outcome)| outcome.is_ok()));
        let items = run(table.catalogue(ENTRY.list, None, 9)).unwrap();
        let found: Vec<_> = items.iter().map(|item| (item.key.as_str(), item.order)).collect();
        assert_eq!(found, [("a", ENTRY.order)], "the entry was in the item already");
    }
}

const ENTRY: CatalogueEntry = CatalogueEntry {
    list: CatalogueList::PendingInstances,
    changed: NOON,
    order: Some(OrderDigest([3; 12])),
};

/// `koohook store create` and the template must create the same table.
#[test]
fn the_template_creates_the_same_table() {
    let (store, sent) =
        scripted("https://a.example", credentials(), noon, |request| {
            match header(request, "x-amz-target").unwrap() {
                "DynamoDB_20120810.DescribeTable" => rejection("ResourceNotFoundException"),
                _ => rejection("AccessDeniedException"),
            }
        });
    let created = block_on(store.0.make_table(|_| {}));
    assert!(
        matches!(created, Err(TableError::Refused { operation: "CreateTable", .. })),
        "{created:?}"
    );
    let request: Json = serde_json::from_slice(sent.lock().unwrap()[1].body()).unwrap();
    let template = include_str!("../../../template.yaml");
    let (_, template) = template.split_once("Type: AWS::DynamoDB::Table").unwrap();
    let (template, _) = template.split_once("TimeToLiveSpecification").unwrap();
    let lists = ["AttributeDefinitions", "KeySchema"].map(|name| request[name].as_array().unwrap());
    let indexes = request["GlobalSecondaryIndexes"].as_array().unwrap();
    let keys = indexes.iter().map(|index| index["KeySchema"].as_array().unwrap());
    let lists = lists.into_iter().chain(keys).flatten();
    let rows = lists.map(|part| {
        let members = part.as_object().unwrap().iter();
        let members = members.map(|(name, value)| format!("{name}: {}", value.as_str().unwrap()));
        format!("- {{ {} }}", members.collect::<Vec<_>>().join(", "))
    });
    let rows: Vec<String> = rows.collect();
    let found: Vec<&str> =
        template.lines().map(str::trim).filter(|line| line.starts_with("- { ")).collect();
    assert_eq!(found, rows);
    let names = template.lines().filter_map(|line| line.trim().strip_prefix("- IndexName: "));
    assert!(names.eq(indexes.iter().map(|index| index["IndexName"].as_str().unwrap())));
    assert_eq!(template.matches("{ ProjectionType: KEYS_ONLY }").count(), indexes.len());
    assert!(template.contains("BillingMode: PAY_PER_REQUEST"));
}

#[test]
fn a_table_with_another_schema_is_not_changed() {
    let key = r#""KeySchema":[{"AttributeName":"k","KeyType":"HASH"}]"#;
    let kinds = r#""AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"}]"#;
    let text = |name: &str| format!(r#"{{"AttributeName":"{name}","AttributeType":"S"}}"#);
    let definitions = ["k", "agenda", "due", "catalogue", "changed"].map(text).join(",");
    let definitions = format!(r#""AttributeDefinitions":[{definitions}]"#);
    let index = |name: &str, range: &str| {
        let keys = format!(
            r#"[{{"AttributeName":"{name}","KeyType":"HASH"}},{{"AttributeName":"{range}","KeyType":"RANGE"}}]"#
        );
        format!(r#"{{"IndexName":"{name}","IndexStatus":"ACTIVE","KeySchema":{keys}}}"#)
    };
    let (agenda, other) = (index("agenda", "due"), index("catalogue", "due"));
    let tables = [
        r#""KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[]"#,
        &format!("{key},{kinds}"),
        &format!(r#"{key},{kinds},"GlobalSecondaryIndexes":[]"#),
        &format!(r#"{key},{kinds},"GlobalSecondaryIndexes":[{agenda}]"#),
        &format!(r#"{key},{definitions},"GlobalSecondaryIndexes":[{agenda},{other}]"#),
    ];
    for table in tables {
        let described = format!(r#"{{"Table":{{"TableStatus":"ACTIVE",{table}}}}}"#);
        let (store, sent) =
            scripted("https://a.example", credentials(), noon, move |_| answer(200, &described));
        let created = block_on(store.0.make_table(|_| {}));
        assert!(matches!(created, Err(TableError::Unfit(_))), "{created:?}");
        assert_eq!(sent.lock().unwrap().len(), 1);
    }
}
