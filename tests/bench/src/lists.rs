//! Measures what an operator waits for: the first page of a list, and one instance by its ID. Each
//! is a whole run of `koohook`. The baseline is the same command on a store with few instances, so
//! the ratio shows whether the time grows with the store.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use domain::entity::Subject;
use domain::instance::{Access, Instance};
use domain::outbox::Reader;
use domain::record::EntityRecord;
use futures_util::{StreamExt, stream};
use protocol::app_info::AppInfo;
use protocol::message::{InstanceId, OrderId};
use shell::host::MachineWorld;
use shell::repository::Repository;
use shell::seal::{Clear, Seal, SealKey};
use shell::store::{AnyStore, StoreSetting};
use shell::world::{Deadline, World};
use tests::call::APP_INFO;

use crate::outcome::Result;
use crate::pace::Pace;
use crate::stores::SEAL_KEY;
use crate::table::{FigureTable, FigureTarget, median};

/// The instances of the baseline's store.
const FEW: usize = 100;
/// How many instances are written concurrently.
const AT_ONCE: usize = 64;
/// The most milliseconds of a first page.
const FIRST_PAGE: f64 = 50.0;

/// Measures both commands over SQLite and Redis.
pub fn measure(koohook: &Path, pace: &Pace, table: &mut FigureTable) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    compare(koohook, "SQLite", [file("many.db"), file("few.db")], pace, table)?;
    let Ok(address) = std::env::var("KOOHOOK_TEST_REDIS") else { return Ok(()) };
    let prefixed = |prefix: &str| format!("{address}?prefix=bench-{prefix}");
    compare(koohook, "Redis", [prefixed("many"), prefixed("few")], pace, table)
}

fn compare(
    koohook: &Path,
    name: &str,
    stores: [String; 2],
    pace: &Pace,
    table: &mut FigureTable,
) -> Result<()> {
    for (store, instances) in stores.iter().zip([pace.instances, FEW]) {
        fill(store, instances)?;
    }
    let list = ["instances", "list"];
    let [many, few] = timed(koohook, &stores, &list, pace)?;
    let figure = format!("first page of {} instances, {name} / of {FEW}, ms", pace.instances);
    table.add(&figure, [many, few], many / few, FigureTarget::AtMost(FIRST_PAGE));
    let id = id(FEW / 2);
    let show = ["instances", "show", id.as_str()];
    let [many, few] = timed(koohook, &stores, &show, pace)?;
    let figure = format!("  one instance by its ID, {name}, ms");
    table.add(&figure, [many, few], many / few, FigureTarget::None);
    Ok(())
}

/// The median milliseconds of a command on each store, in turn.
fn timed(
    koohook: &Path,
    stores: &[String; 2],
    arguments: &[&str],
    pace: &Pace,
) -> Result<[f64; 2]> {
    let mut millis = [const { Vec::new() }; 2];
    for _ in 0..pace.starts {
        for (store, millis) in stores.iter().zip(&mut millis) {
            let started = Instant::now();
            let status = Command::new(koohook)
                .args(arguments)
                .env("KOOHOOK_STORE", store)
                .env("KOOHOOK_SEAL_KEY", SEAL_KEY)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            millis.push(started.elapsed().as_secs_f64() * 1_000.0);
            if !status.success() {
                return Err(format!("koohook {} failed", arguments.join(" ")).into());
            }
        }
    }
    Ok(millis.map(median))
}

/// Writes ready instances into an empty store, as koohook writes them.
pub fn fill(store: &str, instances: usize) -> Result<()> {
    eprintln!("  {instances} instances in {}", store.split(':').next().unwrap_or_default());
    let key = SealKey::parse(SEAL_KEY)?;
    let seal = Seal::new(Some(&key), None, Clear::Refused);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let world = MachineWorld::new(StoreSetting::parse(store)?.open(false).await?);
        let writes = (0..instances).map(|number| write(&world, &seal, number));
        let written: Vec<Result<()>> =
            stream::iter(writes).buffer_unordered(AT_ONCE).collect().await;
        written.into_iter().collect()
    })
}

async fn write(world: &MachineWorld<AnyStore>, seal: &Seal, number: usize) -> Result<()> {
    let deadline = Deadline::after(world.elapsed(), Duration::from_secs(60));
    let repository = Repository::new(world, seal, Reader::Product, deadline);
    let instance = instance(number)?;
    let slot = repository.read(&Subject::Instance(instance.id.clone())).await?;
    repository.write(&slot, EntityRecord::new(instance.into())).await?;
    Ok(())
}

/// A ready instance.
pub fn instance(number: usize) -> Result<Instance> {
    let id = InstanceId::parse(&id(number)).map_err(|fault| fault.to_string())?;
    let order = OrderId::parse(&format!("CS{number:08}")).map_err(|fault| fault.to_string())?;
    Ok(Instance::created(id, order, Access::Ready(AppInfo::parse(APP_INFO)?)))
}

/// The ID of an instance.
pub fn id(number: usize) -> String {
    format!("made-up-instance-{number:08}")
}
