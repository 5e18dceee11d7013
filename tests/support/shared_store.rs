//! One store in memory under several functions, as an external one is.

use std::sync::Arc;

use shell::store::Store;
use shell::store::memory::Memory;

use crate::forward;

/// A store that several functions share. As DynamoDB, it does not say whether it is empty, and
/// cannot look for a value.
#[derive(Clone, Default)]
pub struct Shared(Arc<Memory>);

impl Store for Shared {
    forward!(0: get, put, agenda);
}
