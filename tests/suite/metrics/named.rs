//! The pages, the dashboard and the alerts name the metrics that exist, and every metric.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use shell::metrics::{DEFINITIONS, MetricDefinition, MetricKind};

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// The cells of the table of metrics, without the last column.
fn rows(page: &str) -> BTreeSet<[String; 4]> {
    let text = read(page);
    let rows = text.lines().filter(|line| line.starts_with("| `koohook_"));
    rows.map(|row| {
        let cells: Vec<_> =
            row.trim_matches('|').split(" | ").map(|it| it.trim().to_owned()).collect();
        <[String; 4]>::try_from(cells[..4].to_vec()).unwrap()
    })
    .collect()
}

fn row(definition: &MetricDefinition, kinds: [&str; 3]) -> [String; 4] {
    let names = |names: &[&str]| -> String {
        let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        quoted.join(" ")
    };
    let MetricDefinition { name, kind, labels, dimensions, .. } = *definition;
    let kind = match kind {
        MetricKind::Counter => kinds[0],
        MetricKind::Gauge => kinds[1],
        MetricKind::Histogram => kinds[2],
    };
    let dimensions = match dimensions {
        None => "–".to_owned(),
        Some([]) => "yes".to_owned(),
        Some(some) => names(some),
    };
    [format!("`{name}`"), kind.to_owned(), names(labels), dimensions]
}

#[test]
fn the_pages_list_every_metric_and_no_other() {
    let listed = |kinds| DEFINITIONS.iter().map(|it| row(it, kinds)).collect::<BTreeSet<_>>();
    assert_eq!(rows("docs/metrics.md"), listed(["counter", "gauge", "histogram"]));
    let in_chinese = rows("docs/metrics.zh-CN.md");
    let in_chinese: BTreeSet<_> = in_chinese
        .into_iter()
        .map(|[name, kind, labels, dimensions]| {
            let dimensions = if dimensions == "有" { "yes".to_owned() } else { dimensions };
            [name, kind, labels, dimensions]
        })
        .collect();
    assert_eq!(in_chinese, listed(["计数器", "gauge", "直方图"]));
}

/// The names of metrics in a text.
fn named(text: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(|letter| !is_part(letter));
    let words = words.filter(|word| word.starts_with("koohook_"));
    words.map(|word| word.strip_suffix("_bucket").unwrap_or(word).to_owned()).collect()
}

fn defined() -> BTreeSet<String> {
    DEFINITIONS.iter().map(|definition| definition.name.to_owned()).collect()
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    assert_eq!(named(&read("docs/dashboards/koohook.json")), defined());
}

#[test]
fn the_alerts_name_metrics_that_exist() {
    for file in ["docs/dashboards/alerts.yaml", "docs/dashboards/alerts.test.yaml"] {
        let named = named(&read(file));
        assert!(!named.is_empty() && named.is_subset(&defined()), "{file}: {named:?}");
    }
}

/// The names of labels in an expression exist in the definition of its metric.
#[test]
fn names_follow_the_rules_of_prometheus() {
    let mut names = BTreeSet::new();
    for MetricDefinition { name, kind, labels, dimensions, help } in DEFINITIONS {
        assert!(names.insert(name), "{name}");
        assert_eq!(name.ends_with("_total"), kind == MetricKind::Counter, "{name}");
        assert!(kind != MetricKind::Histogram || name.ends_with("_seconds"), "{name}");
        assert!(help.ends_with('.'), "{name}");
        let is_known = |dimension: &&str| labels.contains(dimension);
        assert!(dimensions.unwrap_or_default().iter().all(is_known), "{name}");
    }
}

/// What Grafana needs of a dashboard file to import it.
#[test]
fn the_dashboard_has_the_form_that_grafana_imports() {
    let dashboard: Value = serde_json::from_str(&read("docs/dashboards/koohook.json")).unwrap();
    let schema: Value =
        serde_json::from_str(include_str!("../../vectors/metrics/dashboard.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = schema.iter_errors(&dashboard).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "every panel has its own ID");
    let mut taken = BTreeSet::new();
    for panel in panels {
        let place = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24, "{panel}");
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{} covers another panel", panel["title"]);
            }
        }
    }
}
