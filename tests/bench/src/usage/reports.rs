//! Accepts reports of 1,000 records, over one and over many instances. The baseline reads and writes
//! the same bytes in the store.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use domain::usage::MAX_REPORTED;
use domain::webhook::WebhookSecrets;
use http::Request;
use protocol::message::InstanceId;
use serde_json::{Value, json};
use shell::endpoint::Endpoint;
use shell::endpoint::usage::UsageEndpoint;
use shell::host::MachineWorld;
use tests::call::PRODUCT_SECRET;

use super::stored::{
    UsageContext, context, instance_id, open, reread, rewrite, window, write_instances,
};
use crate::clock::now_millis;
use crate::counted_store::CountedStore;
use crate::outcome::Result;
use crate::pace::Pace;
use crate::table::{FigureTable, FigureTarget, paired};

/// Over how many instances a report spreads its records, and the least ratio.
const SPREADS: [(usize, f64); 3] = [(1, 0.05), (100, 0.3), (1_000, 0.5)];

type ReportedEndpoint = UsageEndpoint<MachineWorld<CountedStore>>;

/// Measures the records a second over a store.
pub fn measure(name: &str, store: &str, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let context = Arc::new(context(&open(store).await?, &[]));
        write_instances(&context, MAX_REPORTED + pace.reports).await?;
        let mut end = now_millis()? / 3_600_000 * 3_600_000;
        for (instances, least) in SPREADS {
            let (medians, ratio) = spread(&context, instances, end, pace.reports).await?;
            let figure = format!("records a second in {instances}, {name} / bare store");
            table.add(&figure, medians, ratio, FigureTarget::RatioAtLeast(least));
            // The windows of the next spread are older.
            end -= 5 * 86_400_000;
        }
        Ok(())
    })
}

/// The median records a second, those of the baseline, and the median of their ratios.
async fn spread(
    context: &Arc<UsageContext>,
    instances: usize,
    end: u64,
    reports: usize,
) -> Result<([f64; 2], f64)> {
    let endpoint = UsageEndpoint::new(Arc::clone(context));
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let records = f64::from(u32::try_from(MAX_REPORTED)?);
    for number in 0..reports {
        let ids = ids(instances, number)?;
        let windows = MAX_REPORTED / instances;
        // A report to one instance fills it, so the next one has another instance.
        let first = if instances == 1 { 0 } else { number * windows };
        let request = request(&ids, first, windows, end)?;
        ours.push(records / answered(&endpoint, request).await?);
        bare.push(records / (reread(context, &ids).await? + rewrite(context, &ids).await?));
    }
    Ok(paired(ours, bare))
}

fn ids(instances: usize, report: usize) -> Result<Vec<InstanceId>> {
    // The other reports do not use these instances.
    let first = if instances == 1 { MAX_REPORTED + report } else { 0 };
    (first..first + instances).map(instance_id).collect()
}

fn request(ids: &[InstanceId], first: usize, windows: usize, end: u64) -> Result<Request<Bytes>> {
    let mut records: Vec<Value> = Vec::new();
    for id in ids {
        for number in first..first + windows {
            let window = window(end, number)?;
            records.push(json!({
                "recordId": format!("{id}-{number}"), "instanceId": id.as_str(), "value": "12.3456",
                "beginTime": window.begin().to_rfc3339(), "endTime": window.end().to_rfc3339(),
            }));
        }
    }
    let body = Bytes::from(json!({ "records": records }).to_string());
    let seconds = now_millis()? / 1_000;
    let request = Request::post("/usage")
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", seconds)
        .header(
            "webhook-signature",
            WebhookSecrets::parse(PRODUCT_SECRET)?.sign("msg_1", seconds, &body),
        );
    Ok(request.body(body)?)
}

/// The seconds until every record is accepted.
async fn answered(endpoint: &ReportedEndpoint, request: Request<Bytes>) -> Result<f64> {
    let began = Instant::now();
    let response = endpoint.answer(request).await;
    let seconds = began.elapsed().as_secs_f64();
    let answer: Value = serde_json::from_slice(response.body())?;
    let records = answer.get("records").and_then(Value::as_array).ok_or("no records")?;
    let is_accepted =
        |record: &&Value| record.get("status").and_then(Value::as_str) == Some("accepted");
    match records.iter().find(|record| !is_accepted(record)) {
        Some(other) => Err(format!("a record is not accepted: {other}").into()),
        None => Ok(seconds),
    }
}
