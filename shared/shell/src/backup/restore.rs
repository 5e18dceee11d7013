//! Writes the values of a backup into a store. It puts them over absence. It replaces only values that
//! a restore of an older backup wrote and nobody changed since, and only if the operator asks for it.

use std::time::Duration;

use domain::store_keys::is_part;
use futures_util::{StreamExt, stream};

use super::restored::{RestoredValue, restored_at};
use crate::failure::Failure;
use crate::repository::Repository;
use crate::store::{Put, Stored, Value, Version};
use crate::world::{Deadline, World};

/// What a restore may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RestoreMode {
    /// Write only keys that have no value.
    Absent,
    /// Also replace values that a restore of an older backup wrote and nobody changed since.
    Update,
    /// Write nothing.
    DryRun,
}

/// What happened to a value of a backup.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RestoreOutcome {
    /// It was written over absence; in a dry run, it would be.
    Written,
    /// It replaced the value of an older backup.
    Replaced,
    /// The store has the same value already.
    Exists,
    /// It has expired since the backup.
    Expired,
    /// The store has another value, which stays. A restore of an older backup wrote it.
    DiffersFromBackup,
    /// The store has another value, which stays.
    Differs,
}

/// Restores values. Returns the outcome of each. Parts come first, so that no record refers to a part
/// that is not there yet.
pub async fn restore_values<W: World>(
    repository: &Repository<'_, W>,
    values: &[RestoredValue],
    mode: RestoreMode,
) -> Vec<Result<RestoreOutcome, Failure>> {
    let deadline = Deadline::after(repository.world.elapsed(), PATIENCE);
    let repository = &Repository { deadline, ..repository.clone() };
    let is_part = |at: &usize| values.get(*at).is_some_and(|value| is_part(&value.key));
    let (parts, others): (Vec<usize>, Vec<usize>) = (0..values.len()).partition(is_part);
    let mut outcomes = Vec::with_capacity(values.len());
    for places in [parts, others] {
        let works: Vec<_> = places
            .into_iter()
            .filter_map(|at| Some((at, values.get(at)?)))
            .map(|(at, value)| async move { (at, restore(repository, value, mode).await) })
            .collect();
        outcomes.extend(stream::iter(works).buffered(AT_ONCE).collect::<Vec<_>>().await);
    }
    outcomes.sort_by_key(|(at, _)| *at);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn restore<W: World>(
    repository: &Repository<'_, W>,
    value: &RestoredValue,
    mode: RestoreMode,
) -> Result<RestoreOutcome, Failure> {
    if value.expires.is_some_and(|expires| expires <= repository.world.now()) {
        return Ok(RestoreOutcome::Expired);
    }
    // Read first: a write that finds its own version has won, so it would not show what existed.
    let mut found = repository.get(&value.key).await?;
    for _ in 0..MAX_RACES_LOST {
        let over = match found.map(|found| (judge(repository, value, &found), found.version)) {
            None => None,
            Some((Judged::Older, version)) if mode == RestoreMode::Update => Some(version),
            Some((Judged::Older, _)) => return Ok(RestoreOutcome::DiffersFromBackup),
            Some((Judged::Same, _)) => return Ok(RestoreOutcome::Exists),
            Some((Judged::Other, _)) => return Ok(RestoreOutcome::Differs),
        };
        let outcome =
            if over.is_some() { RestoreOutcome::Replaced } else { RestoreOutcome::Written };
        if mode == RestoreMode::DryRun {
            return Ok(outcome);
        }
        match write(repository, value, over).await? {
            Put::Won => return Ok(outcome),
            Put::Lost(faster) => found = faster,
        }
    }
    Err(Failure::Contended)
}

/// What a store has under the key of a value.
enum Judged {
    Same,
    Older,
    Other,
}

fn judge<W: World>(
    repository: &Repository<'_, W>,
    value: &RestoredValue,
    found: &Stored,
) -> Judged {
    let Ok(content) = repository.seal.open(&value.key, &found.bytes) else { return Judged::Other };
    if value.has_content(&content) {
        return Judged::Same;
    }
    match restored_at(&value.key, &content, found.version) {
        Some(at) if at < value.at => Judged::Older,
        Some(_) | None => Judged::Other,
    }
}

async fn write<W: World>(
    repository: &Repository<'_, W>,
    value: &RestoredValue,
    over: Option<Version>,
) -> Result<Put, Failure> {
    let RestoredValue { agenda, catalogue, expires, .. } = *value;
    let sealed = repository.sealed(&value.key, &value.content)?;
    let version = value.version();
    let written = Value { version, agenda, catalogue, expires, ..sealed };
    repository.put(&value.key, &written, over).await
}

/// Reads values back. Returns for each whether the store has the content that the restore wrote or
/// found.
pub async fn are_restored<W: World>(
    repository: &Repository<'_, W>,
    values: &[RestoredValue],
) -> Vec<Result<bool, Failure>> {
    let deadline = Deadline::after(repository.world.elapsed(), PATIENCE);
    let repository = &Repository { deadline, ..repository.clone() };
    let reads: Vec<_> = values.iter().map(|value| is_restored(repository, value)).collect();
    stream::iter(reads).buffered(AT_ONCE).collect().await
}

async fn is_restored<W: World>(
    repository: &Repository<'_, W>,
    value: &RestoredValue,
) -> Result<bool, Failure> {
    let Some(found) = repository.get(&value.key).await? else { return Ok(false) };
    let content = repository.seal.open(&value.key, &found.bytes);
    Ok(content.is_ok_and(|content| value.has_content(&content)))
}

/// How many values are written concurrently.
const AT_ONCE: usize = 32;
/// How many times a write is tried while other writers are faster.
const MAX_RACES_LOST: usize = 8;
/// How long one batch may take.
const PATIENCE: Duration = Duration::from_mins(1);
