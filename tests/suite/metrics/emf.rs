//! The lines for CloudWatch, by the published schema of its embedded metric format.

use std::collections::BTreeSet;

use serde_json::Value;
use shell::metrics::DEFINITIONS;
use tests::call::{PENDING, koohook, run};
use tests::product::{READY, ScriptedProduct};
use tests::world::NOW;

use super::*;

fn on_lambda() -> Bundled {
    koohook(&[&PENDING[..], &[("KOOHOOK_METRICS", "emf")]].concat())
}

/// The lines since the last ones. Each must be as the schema says. One metric counts what the whole
/// process logged, also what the tests beside this one logged: it is left out.
fn lines(koohook: &Bundled) -> Vec<Value> {
    let schema: Value =
        serde_json::from_str(include_str!("../../vectors/metrics/emf.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let text = koohook.endpoint.context().emf_lines();
    assert!(text.is_empty() || text.ends_with('\n'));
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    for line in &lines {
        let errors: Vec<_> = schema.iter_errors(line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?} {line}");
        judge(line);
    }
    let without_log = |mut line: Value| {
        let members = line.as_object_mut()?;
        members.remove("koohook_log_lines_total");
        members.keys().any(|name| name.starts_with("koohook_")).then_some(line)
    };
    lines.into_iter().filter_map(without_log).collect()
}

/// What the schema cannot say: every name is a member, a metric is a number or at most 100 numbers, and
/// a dimension is a text.
fn judge(line: &Value) {
    let about = &line["_aws"];
    assert!(about["Timestamp"].as_u64().is_some_and(|at| (NOW..NOW + 60_000).contains(&at)));
    let mut metrics = BTreeSet::new();
    for directive in about["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive["Namespace"], "koohook");
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(line[dimension.as_str().unwrap()].is_string(), "{line}");
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            assert!(metrics.insert(name.to_owned()), "{name} is named once");
            assert!(DEFINITIONS.iter().any(|it| it.name == name), "{name}");
            match &line[name] {
                Value::Number(_) => (),
                Value::Array(values) => {
                    assert!(
                        (1..=100).contains(&values.len()) && values.iter().all(Value::is_number)
                    );
                }
                other => panic!("{name} is {other}"),
            }
        }
    }
    let members = line.as_object().unwrap().keys();
    let unnamed = members.filter(|name| name.starts_with("koohook_") && !metrics.contains(*name));
    assert_eq!(unnamed.count(), 0, "{line}");
}

/// The sum of a metric over lines.
fn sum(lines: &[Value], metric: &str) -> f64 {
    lines.iter().filter_map(|line| line[metric].as_f64()).sum()
}

#[test]
fn a_line_has_what_was_counted_since_the_last_one() {
    let koohook = on_lambda();
    ScriptedProduct::of(koohook.world(), |_| READY);
    assert!(lines(&koohook).is_empty(), "nothing was counted");
    buy(&koohook, "CS1");
    let first = lines(&koohook);
    assert_eq!(sum(&first, "koohook_calls_total"), 1.0);
    let call = first.iter().find(|line| !line["koohook_calls_total"].is_null()).unwrap();
    assert_eq!(call["outcome"], "applied");
    assert_eq!((&call["activity"], &call["code"]), (&"newInstance".into(), &"000004".into()));
    assert!(lines(&koohook).is_empty(), "nothing more was counted");
    buy(&koohook, "CS2");
    buy(&koohook, "CS2");
    let second = lines(&koohook);
    assert_eq!(sum(&second, "koohook_calls_total"), 2.0);
    let times = second.iter().filter_map(|line| line["koohook_call_duration_seconds"].as_array());
    assert_eq!(times.map(Vec::len).sum::<usize>(), 2, "every duration is in a line");
}

#[test]
fn the_figures_of_the_store_are_in_the_lines_of_the_run_that_read_them() {
    let koohook = on_lambda();
    ScriptedProduct::of(koohook.world(), |_| READY);
    buy(&koohook, "CS1");
    relay(&koohook);
    let first = lines(&koohook);
    assert_eq!(sum(&first, "koohook_purchases_pending"), 1.0);
    assert_eq!(sum(&first, "koohook_notices_total"), 1.0);
    relay(&koohook);
    let second = lines(&koohook);
    assert!(second.iter().all(|line| line["koohook_purchases_pending"].is_null()), "{second:?}");
}

/// A busy process: many values of many labels.
#[test]
fn a_line_never_has_more_than_cloudwatch_accepts() {
    let koohook = on_lambda();
    ScriptedProduct::of(koohook.world(), |_| READY);
    for order in 0..150 {
        buy(&koohook, &format!("CS{order}"));
        run(koohook.v2(&[("activity", "queryInstance"), ("instanceId", "unknown")]));
    }
    relay(&koohook);
    let lines = lines(&koohook);
    assert_eq!(sum(&lines, "koohook_calls_total"), 300.0);
    assert!(lines.iter().all(|line| line.to_string().len() < 256 * 1024));
    assert!(lines.len() < 20, "{}", lines.len());
    assert!(!lines.iter().any(|line| line.to_string().contains("CS1")));
}

#[test]
fn the_schema_rejects_a_wrong_line() {
    let schema: Value =
        serde_json::from_str(include_str!("../../vectors/metrics/emf.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for wrong in [
        serde_json::json!({}),
        serde_json::json!({ "_aws": { "Timestamp": 1 } }),
        serde_json::json!({ "_aws": { "Timestamp": "1", "CloudWatchMetrics": [] } }),
        serde_json::json!({ "_aws": { "Timestamp": 1, "CloudWatchMetrics": [
            { "Namespace": "", "Dimensions": [[]], "Metrics": [{ "Name": "a" }] }] } }),
        serde_json::json!({ "_aws": { "Timestamp": 1, "CloudWatchMetrics": [
            { "Namespace": "a", "Dimensions": [["a".repeat(251)]], "Metrics": [{ "Name": "a" }] }] } }),
        serde_json::json!({ "_aws": { "Timestamp": 1, "CloudWatchMetrics": [
            { "Namespace": "a", "Dimensions": [[]], "Metrics": [{ "Unit": "Count" }] }] } }),
    ] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
}
