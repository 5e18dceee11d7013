//! The demo's pay-per-use product: it reports its usage, koohook sends it, and a simulated marketplace
//! bills it.
//!
//! - `windows`: the windows of the product, and the clock of their story. `reporting`: reports them.
//! - `sending`: makes them due, and runs the relay. `bill`: compares the sums.
//! - `story`: one instance from its purchase to its bill.

mod bill;
mod reporting;
mod sending;
mod story;
mod windows;

use std::sync::Arc;

use domain::webhook::WebhookSecrets;
use simulator::scenario;
use tokio::runtime::Runtime;

use self::story::UsageStory;
use self::windows::StoryClock;
use super::keys::DemoKeys;
use super::stub_product::StubProduct;
use super::table::ScenarioScore;
use super::{ServedBundle, bind, listen, listen_on, start, state};
use crate::error::CommandError;
use crate::generated;
use crate::options::AccessGuide;
use crate::output::outln;
use crate::usage_interface::UsageInterface;

/// The three parties of the stories.
struct UsageStage<'a> {
    runtime: &'a Runtime,
    keys: &'a DemoKeys,
    koohook: &'a ServedBundle,
    product: &'a StubProduct,
    marketplace: &'a UsageInterface,
}

/// Plays a pay-per-use instance under each contract.
///
/// # Errors
/// If a server does not start, or a product's report gets no answer.
pub fn play(
    runtime: &Runtime,
    store: &str,
    keys: &DemoKeys,
    only: Option<AccessGuide>,
) -> Result<Vec<ScenarioScore>, CommandError> {
    let product = Arc::new(StubProduct::down(WebhookSecrets::parse(&keys.product)?));
    product.bring_up();
    let (address, _product) = listen(runtime, Arc::clone(&product))?;
    let marketplace = Arc::new(UsageInterface::new(&keys.base));
    let (listener, host) = bind(runtime)?;
    let listener = marketplace.listener(listener);
    let _marketplace = listen_on(runtime, Arc::clone(&marketplace), listener);
    let settings = [
        ("KOOHOOK_PRODUCT_URL", format!("{address}/notices")),
        ("KOOHOOK_PRODUCT_SECRET", keys.product.clone()),
        ("KOOHOOK_OPENAPI_HOST", host),
    ];
    let koohook = start(runtime, store, keys, &settings)?;
    let (koohook, product, marketplace) = (&koohook, &*product, &*marketplace);
    play_each(&UsageStage { runtime, keys, koohook, product, marketplace }, only)
}

fn play_each(
    stage: &UsageStage<'_>,
    only: Option<AccessGuide>,
) -> Result<Vec<ScenarioScore>, CommandError> {
    let look = |id: &str| state(&stage.koohook.record(stage.runtime, stage.keys, id)?.entity);
    let order = format!("CS{}USAGE", generated::now_millis());
    let mut scores = Vec::new();
    if only != Some(AccessGuide::V2) {
        outln!("\n   with a pay-per-use product, whose purchase was signed three hours ago:");
        let [steps, _] = scenario::pay_per_use_v1(&format!("{order}A"));
        scores.push(UsageStory::new(stage, &look, StoryClock::of_hours()).play(steps)?);
    }
    if only != Some(AccessGuide::V1) {
        outln!(
            "\n   with a pay-per-use product; a V2 call is valid for a minute, so its windows are seconds:"
        );
        let [steps, _] = scenario::pay_per_use_v2(&format!("{order}B"));
        scores.push(UsageStory::new(stage, &look, StoryClock::of_seconds()).play(steps)?);
    }
    Ok(scores)
}
