//! The notices of a weekend, written directly into a store as 62 hours of failed attempts leave them.

use std::time::Duration;

use domain::entity::Subject;
use domain::notice::{NoticeDraft, NoticeType};
use domain::outbox::{Attempt, DeliveryState, Reader};
use domain::record::EntityRecord;
use futures_util::{StreamExt, stream};
use protocol::time::UnixMillis;
use shell::host::MachineWorld;
use shell::repository::Repository;
use shell::seal::{Clear, Seal, SealKey};
use shell::store::{AnyStore, StoreSetting};
use shell::world::{Deadline, World};

use crate::clock::now_millis;
use crate::lists;
use crate::outcome::Result;
use crate::stores::SEAL_KEY;

/// How many records are written concurrently.
const AT_ONCE: usize = 256;
/// How long the product was down.
const DOWN: Duration = Duration::from_hours(62);
/// The attempts of 62 hours, and the pauses after them: five that grow, and then one an hour.
const ATTEMPTS: u32 = 66;
/// The last attempts that a record keeps.
const KEPT: u64 = 8;
const HOUR_MILLIS: u64 = 3_600_000;

/// Writes entities until they have at least so many notices. Returns how many entities.
pub fn fill(store: &str, notices: usize) -> Result<usize> {
    let key = SealKey::parse(SEAL_KEY)?;
    let seal = Seal::new(Some(&key), None, Clear::Refused);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let entities = entities_with(notices);
    let now = UnixMillis::new(now_millis()?);
    runtime.block_on(async {
        let world = MachineWorld::new(StoreSetting::parse(store)?.open(false).await?);
        let writes = (0..entities).map(|number| write(&world, &seal, number, now));
        let mut written = stream::iter(writes).buffer_unordered(AT_ONCE);
        while let Some(written) = written.next().await {
            written?;
        }
        Ok(entities)
    })
}

/// How many entities have so many notices.
fn entities_with(notices: usize) -> usize {
    let mut left = notices;
    (0..)
        .take_while(|number| {
            let some = left > 0;
            left = left.saturating_sub(notices_of(*number));
            some
        })
        .count()
}

/// The notices of an entity. Most entities have one; a few have many.
const fn notices_of(number: usize) -> usize {
    match number % 100 {
        0..=84 => 1,
        85..=96 => 3,
        97..=98 => 8,
        _ => 40,
    }
}

async fn write(
    world: &MachineWorld<AnyStore>,
    seal: &Seal,
    number: usize,
    now: UnixMillis,
) -> Result<()> {
    let deadline = Deadline::after(world.elapsed(), Duration::from_mins(5));
    let repository = Repository::new(world, seal, Reader::Product, deadline);
    let instance = lists::instance(number)?;
    let slot = repository.read(&Subject::Instance(instance.id.clone())).await?;
    let mut record = EntityRecord::new(instance.into());
    let began = UnixMillis::new(now.millis().saturating_sub(millis(DOWN)));
    let drafts = (0..notices_of(number)).map(|place| renewal(number, place)).collect();
    record.outbox.append(drafts, Reader::Product, began);
    record.outbox.offered = 1;
    record.outbox.delivery = Some(failed(number, began, now)?);
    repository.write(&slot, record).await?;
    Ok(())
}

/// A renewal with the fields that the marketplace sends.
fn renewal(number: usize, place: usize) -> NoticeDraft {
    let members = [
        ("activity", "refreshInstance".to_owned()),
        ("scene", "RENEWAL".to_owned()),
        ("orderId", format!("CS{number:08}R{place}")),
        ("orderLineId", format!("CS{number:08}R{place}-000001")),
        ("instanceId", lists::id(number)),
        ("productId", "OFFI461867333479178240".to_owned()),
        ("expireTime", "20991124023618256".to_owned()),
        ("previousExpireTime", "20981124023618256".to_owned()),
    ];
    let draft = NoticeDraft::of_time(NoticeType::Renewed);
    members.into_iter().fold(draft, |draft, (name, text)| draft.with(name, text))
}

/// The state of the first notice. Its next attempt was due within the last hour, since the product
/// works again.
fn failed(number: usize, began: UnixMillis, now: UnixMillis) -> Result<DeliveryState> {
    // A multiple of a large prime spreads the entities over the hour.
    let ago = u64::try_from(number)?.wrapping_mul(1_000_003) % HOUR_MILLIS;
    let next = now.millis().saturating_sub(ago);
    let attempts = (1..=KEPT).rev().map(|hours| {
        let at = UnixMillis::new(next.saturating_sub(hours * HOUR_MILLIS));
        Attempt { millis: 3, ..Attempt::of_fault(at, "connection refused".to_owned()) }
    });
    Ok(DeliveryState {
        sequence: 1,
        since: began,
        count: ATTEMPTS,
        pauses: ATTEMPTS,
        resume: None,
        attempts: attempts.collect(),
        next: UnixMillis::new(next),
        claims: ATTEMPTS + 1,
        claimed: None,
        began: None,
        part: None,
    })
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
