//! Seals the values of a page of a scan with the current key (decision F5). `koohook store reseal`
//! repeats the scan until it finds no value that needs another key, and then seals the mark.

use futures_util::{StreamExt, stream};

use crate::failure::Failure;
use crate::repository::{Repository, Resealed};
use crate::store::ScannedValue;
use crate::world::World;

/// Seals the values of one page of a scan. Returns the key of each value, and what became of it: a
/// failure if no key decrypts it, or the outcome of its write is unknown.
pub async fn reseal<W: World>(
    repository: &Repository<'_, W>,
    values: Vec<ScannedValue>,
) -> Vec<(String, Result<Resealed, Failure>)> {
    let values = values.into_iter().map(|value| async move {
        let resealed = repository.reseal(&value).await;
        (value.key, resealed)
    });
    stream::iter(values.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await
}

/// How many values are written concurrently.
const AT_ONCE: usize = 64;
