//! The lines that CloudWatch reads from Lambda's log: its embedded metric format. A line is a JSON object.
//! Its member `_aws` names the other members that are metrics, and those that are their dimensions.
//!
//! CloudWatch adds values up, so a line has what was counted since the last one, and every duration.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use prometheus::proto::{Metric, MetricFamily, MetricType};
use protocol::time::UnixMillis;
use serde_json::{Map, Value, json};

use super::definition::{DEFINITIONS, MetricDefinition, MetricKind};
use super::gauges::GaugeValues;
use super::instruments::{Instruments, Timing};

/// What the lines have contained so far.
#[derive(Default)]
pub(super) struct EmfState(Mutex<Written>);

#[derive(Default)]
struct Written {
    /// The counts, by metric and labels.
    counts: BTreeMap<(String, Labels), f64>,
    /// When the figures of the store were read that the lines had last.
    figures: Option<UnixMillis>,
}

/// The labels of a metric, with their values.
type Labels = Vec<(String, String)>;

/// A value of a metric.
struct Point {
    definition: MetricDefinition,
    labels: Labels,
    value: Value,
}

/// A line.
#[derive(Default)]
struct Line {
    labels: BTreeMap<String, String>,
    values: Map<String, Value>,
    /// The metrics, by their dimensions.
    directives: BTreeMap<Vec<&'static str>, Vec<Value>>,
}

/// The namespace of the metrics in CloudWatch.
const NAMESPACE: &str = "koohook";
/// The most metrics in a line. CloudWatch allows so many for each set of dimensions.
const MAX_METRICS: usize = 100;

impl EmfState {
    /// The lines of what happened since the last lines.
    pub fn lines(&self, instruments: &Instruments, values: &GaugeValues) -> String {
        let mut points = self.counted(instruments, values);
        points.extend(instruments.timings().into_iter().flat_map(timed));
        let mut lines: Vec<Line> = Vec::new();
        for point in points {
            match lines.iter_mut().find(|line| line.has_room_for(&point)) {
                Some(line) => line.add(point),
                None => {
                    let mut line = Line::default();
                    line.add(point);
                    lines.push(line);
                }
            }
        }
        lines.into_iter().map(|line| line.write(values.now)).collect()
    }

    /// The counters that have grown, and the gauges if they are new.
    fn counted(&self, instruments: &Instruments, values: &GaugeValues) -> Vec<Point> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let figures = values.figures.map(|figures| figures.read_at);
        let are_new =
            figures.is_some() && std::mem::replace(&mut written.figures, figures) != figures;
        let families = instruments.registry.gather();
        let known = families.iter().filter_map(|family| Some((family, definition(family)?)));
        let points = known.flat_map(|(family, definition)| {
            let metrics = family.get_metric().iter();
            metrics
                .filter_map(|metric| match definition.kind {
                    MetricKind::Counter => written.grown(definition, metric),
                    MetricKind::Gauge if are_new => Some(Point {
                        definition,
                        labels: labels(metric),
                        value: json!(metric.get_gauge().get_value()),
                    }),
                    MetricKind::Gauge | MetricKind::Histogram => None,
                })
                .collect::<Vec<_>>()
        });
        points.collect()
    }
}

impl Written {
    fn grown(&mut self, definition: MetricDefinition, metric: &Metric) -> Option<Point> {
        let (labels, count) = (labels(metric), metric.get_counter().get_value());
        let known = self.counts.entry((definition.name.to_owned(), labels.clone())).or_default();
        let grown = count - std::mem::replace(known, count);
        (grown > 0.0).then(|| Point { definition, labels, value: json!(grown) })
    }
}

impl Line {
    fn has_room_for(&self, point: &Point) -> bool {
        let fits = |(name, value): &(String, String)| {
            self.labels.get(name).is_none_or(|known| known == value)
        };
        self.values.len() < MAX_METRICS
            && !self.values.contains_key(point.definition.name)
            && point.labels.iter().all(fits)
    }

    fn add(&mut self, point: Point) {
        let Point { definition, labels, value } = point;
        let MetricDefinition { name, kind, dimensions, .. } = definition;
        let unit = match kind {
            MetricKind::Counter => "Count",
            _ if name.ends_with("_seconds") => "Seconds",
            MetricKind::Gauge | MetricKind::Histogram => "Count",
        };
        let dimensions = dimensions.unwrap_or_default().to_vec();
        self.directives.entry(dimensions).or_default().push(json!({ "Name": name, "Unit": unit }));
        self.values.insert(name.to_owned(), value);
        self.labels.extend(labels);
    }

    fn write(self, now: UnixMillis) -> String {
        let Self { labels, values, directives } = self;
        let directives: Vec<_> = directives.into_iter().map(|(dimensions, metrics)| {
            json!({ "Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics })
        }).collect();
        let about = json!({ "Timestamp": now.millis(), "CloudWatchMetrics": directives });
        let mut line = Map::new();
        line.insert("_aws".to_owned(), about);
        line.extend(labels.into_iter().map(|(name, value)| (name, Value::from(value))));
        line.extend(values);
        format!("{}\n", Value::Object(line))
    }
}

/// The durations that were recorded since the last lines.
fn timed(timing: &Timing) -> Vec<Point> {
    let definition = timing.definition;
    let named = |values: Vec<&'static str>| -> Labels {
        let names = definition.labels.iter().map(|name| (*name).to_owned());
        names.zip(values.into_iter().map(str::to_owned)).collect()
    };
    let taken = timing.take().into_iter();
    taken
        .map(|(values, times)| Point { definition, labels: named(values), value: json!(times) })
        .collect()
}

/// The definition of a family that CloudWatch gets.
fn definition(family: &MetricFamily) -> Option<MetricDefinition> {
    let found = DEFINITIONS.iter().find(|definition| definition.name == family.name())?;
    let is_timing = family.get_field_type() == MetricType::HISTOGRAM;
    Some(*found).filter(|it| it.dimensions.is_some() && !is_timing)
}

fn labels(metric: &Metric) -> Labels {
    let pairs = metric.get_label().iter();
    pairs.map(|pair| (pair.name().to_owned(), pair.value().to_owned())).collect()
}
