//! One store in memory that several functions share, like an external store.

use std::sync::Arc;

use shell::store::Store;
use shell::store::memory::Memory;

use crate::forward;

/// A store that several functions share. Like DynamoDB, it cannot report whether it is empty, and
/// cannot search for a value.
#[derive(Clone, Default)]
pub struct Shared(Arc<Memory>);

impl Store for Shared {
    forward!(0: get, put, agenda, catalogue);
}
