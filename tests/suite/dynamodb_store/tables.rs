//! How the table is created, and which tables koohook does not change.

use serde_json::Value as Json;
use shell::store::dynamodb::{TableError, TableStep};
use shell::store::{Store, Unavailable};
use tests::call::run;
use tests::dynamodb::model::Model;
use tests::dynamodb::{Table, credentials, emulator, noon};
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
    let index = &request["GlobalSecondaryIndexes"][0];
    let lists = lists.into_iter().chain(index["KeySchema"].as_array()).flatten();
    let rows = lists.map(|part| {
        let members = part.as_object().unwrap().iter();
        let members = members.map(|(name, value)| format!("{name}: {}", value.as_str().unwrap()));
        format!("- {{ {} }}", members.collect::<Vec<_>>().join(", "))
    });
    let rows: Vec<String> = rows.collect();
    let found: Vec<&str> =
        template.lines().map(str::trim).filter(|line| line.starts_with("- { ")).collect();
    assert_eq!(found, rows);
    assert!(template.contains(&format!("IndexName: {}", index["IndexName"].as_str().unwrap())));
    assert!(template.contains("{ ProjectionType: KEYS_ONLY }"));
    assert!(template.contains("BillingMode: PAY_PER_REQUEST"));
}

#[test]
fn a_table_with_another_schema_is_not_changed() {
    let key = r#""KeySchema":[{"AttributeName":"k","KeyType":"HASH"}]"#;
    let kinds = r#""AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"}]"#;
    let tables = [
        r#""KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[]"#,
        &format!("{key},{kinds}"),
        &format!(r#"{key},{kinds},"GlobalSecondaryIndexes":[]"#),
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
