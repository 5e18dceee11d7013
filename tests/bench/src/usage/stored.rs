//! Writes instances and windows as koohook stores them, and repeats such writes without koohook.

use std::time::{Duration, Instant};

use domain::entity::Subject;
use domain::instance::ShownUsageKind;
use domain::record::EntityRecord;
use domain::store_keys::usage_key;
use domain::usage::{
    InstanceUsage, Quantity, RecordVerdict, ReportedRecord, UsageCycle, UsageLife, UsageWindow,
};
use futures_util::{StreamExt, stream};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use shell::context::Context;
use shell::host::MachineWorld;
use shell::store::{Queue, Store, StoreSetting, Value, Version};
use shell::world::{Deadline, World};
use tests::call::{PENDING, config};

use crate::counted_store::CountedStore;
use crate::lists;
use crate::outcome::Result;
use crate::stores::SEAL_KEY;

/// A koohook over a store whose operations are counted.
pub type UsageContext = Context<MachineWorld<CountedStore>>;

/// How many values koohook reads and writes concurrently.
const AT_ONCE: usize = 16;
/// The length of a window: a quarter of an hour.
const WINDOW_MILLIS: u64 = 15 * 60 * 1_000;

/// Opens a store.
pub async fn open(store: &str) -> Result<CountedStore> {
    Ok(CountedStore::new(StoreSetting::parse(store)?.open(false).await?))
}

/// A koohook over a store, with more settings.
pub fn context(store: &CountedStore, settings: &[(&str, &str)]) -> UsageContext {
    let settings = [&PENDING[..], &[("KOOHOOK_SEAL_KEY", SEAL_KEY)], settings].concat();
    Context::new(config(&settings).context, MachineWorld::new(store.clone()))
}

/// The ID of an instance.
pub fn instance_id(number: usize) -> Result<InstanceId> {
    Ok(InstanceId::parse(&lists::id(number)).map_err(|fault| fault.to_string())?)
}

/// A window that ended so many windows before `end`.
pub fn window(end: u64, number: usize) -> Result<UsageWindow> {
    let end = end - u64::try_from(number)? * WINDOW_MILLIS;
    let [begin, end] = [end - WINDOW_MILLIS, end].map(UnixMillis::new);
    UsageWindow::new(begin, end).ok_or_else(|| "a window has whole seconds".into())
}

/// The window's record.
pub fn record(instance: &InstanceId, window: UsageWindow) -> Result<ReportedRecord> {
    let quantity = Quantity::parse("12.3456").ok_or("the quantity has four places")?;
    Ok(ReportedRecord { instance_id: instance.clone(), window, quantity, package: None })
}

/// Adds a window to the usage of an instance.
pub fn accept(usage: &mut InstanceUsage, window: UsageWindow, now: UnixMillis) -> Result<()> {
    let record = record(&usage.instance_id, window)?;
    match usage.accept(&record, UsageLife::default(), UsageCycle::Hourly, now) {
        RecordVerdict::Accepted { .. } => Ok(()),
        other => Err(format!("the window is not accepted: {other:?}").into()),
    }
}

/// Writes pay-per-use instances.
pub async fn write_instances(context: &UsageContext, count: usize) -> Result<()> {
    let write = |number: usize| async move {
        let repository = context.repository(deadline(context));
        let instance = lists::instance(number)?;
        let instance = instance.learn_usage(ShownUsageKind::Windows).unwrap_or(instance);
        let slot = repository.read(&Subject::Instance(instance.id.clone())).await?;
        repository.write(&slot, EntityRecord::new(instance.into())).await?;
        Ok(())
    };
    all(stream::iter(0..count).map(write).buffer_unordered(AT_ONCE)).await
}

/// Writes the usage of instances: so many windows each, which are due.
pub async fn write_windows(
    context: &UsageContext,
    instances: usize,
    windows: usize,
    end: u64,
) -> Result<()> {
    let write = |number: usize| async move {
        let repository = context.repository(deadline(context));
        let mut usage = InstanceUsage::new(instance_id(number)?);
        let now = context.world.now();
        for number in 0..windows {
            accept(&mut usage, window(end, number)?, now)?;
        }
        usage.make_due(now);
        let slot = repository.read_usage(&usage.instance_id).await?;
        repository.write_usage(&slot, usage).await?;
        Ok(())
    };
    all(stream::iter(0..instances).map(write).buffer_unordered(AT_ONCE)).await
}

/// Reads instances without koohook. Returns the seconds.
pub async fn reread(context: &UsageContext, ids: &[InstanceId]) -> Result<f64> {
    let began = Instant::now();
    let reread = |id: InstanceId| async move {
        let (key, now) = (Subject::Instance(id).key(), context.world.now());
        context.world.store().get(&key, now).await?;
        Ok(())
    };
    all(stream::iter(ids.to_vec()).map(reread).buffer_unordered(AT_ONCE)).await?;
    Ok(began.elapsed().as_secs_f64())
}

/// Reads the usage of instances and writes the same bytes again, without koohook. Returns the seconds.
pub async fn rewrite(context: &UsageContext, ids: &[InstanceId]) -> Result<f64> {
    let began = Instant::now();
    let rewrite = |id: InstanceId| async move {
        let (world, now, key) = (&context.world, context.world.now(), usage_key(&id));
        let stored = world.store().get(&key, now).await?.ok_or("the usage is not stored")?;
        let value = Value {
            version: Version(world.random()),
            bytes: stored.bytes,
            agenda: Some((Queue::Usage, now.after(Duration::from_hours(1)))),
            ..Value::default()
        };
        world.store().put(&key, &value, Some(stored.version), now).await?;
        Ok(())
    };
    all(stream::iter(ids.to_vec()).map(rewrite).buffer_unordered(AT_ONCE)).await?;
    Ok(began.elapsed().as_secs_f64())
}

async fn all(results: impl futures_util::Stream<Item = Result<()>>) -> Result<()> {
    let results: Vec<Result<()>> = results.collect().await;
    results.into_iter().collect()
}

fn deadline(context: &UsageContext) -> Deadline {
    Deadline::after(context.world.elapsed(), Duration::from_secs(60))
}
