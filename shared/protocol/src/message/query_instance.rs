//! `queryInstance`: the marketplace queries access data.

use std::collections::BTreeSet;

use super::malformed::MalformedKind;
use super::{Fields, InstanceId, Malformed};
use crate::signature::Verified;

/// A query for access data (both guides, "querying an instance").
#[derive(Clone, Debug)]
pub struct QueryInstance {
    /// The instances: 1 to 100 IDs, each once, in the order of the request.
    pub instance_ids: Vec<InstanceId>,
    /// The whole text as one ID, if it contains a comma. A seller's older server may have used IDs
    /// with a comma (decision C7). koohook's own IDs contain no comma. Two of them together are
    /// longer than one ID may be.
    pub undivided: Option<InstanceId>,
}

impl QueryInstance {
    /// Reads a call.
    ///
    /// # Errors
    /// If there is no ID, there are more than 100, or one is not an identifier.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let ids = Self::rehearsed_ids(verified)?;
        let parse = |id: &String| {
            InstanceId::parse(id).map_err(|kind| Malformed { field: "instanceId", kind })
        };
        let text = Fields::of(verified).mandatory("instanceId")?;
        let undivided = InstanceId::parse(text).ok().filter(|_| text.contains(','));
        Ok(Self { instance_ids: ids.iter().map(parse).collect::<Result<_, _>>()?, undivided })
    }

    /// The IDs that a rehearsal echoes. They need not be identifiers.
    ///
    /// # Errors
    /// If there is no ID, or there are more than 100.
    pub fn rehearsed_ids(verified: &Verified) -> Result<Vec<String>, Malformed> {
        let ids = split_ids(Fields::of(verified).mandatory("instanceId")?);
        let malformed = |kind| Err(Malformed { field: "instanceId", kind });
        match ids.len() {
            0 => malformed(MalformedKind::Missing),
            1..=MAX_IDS => Ok(ids.into_iter().map(str::to_owned).collect()),
            _ => malformed(MalformedKind::TooMany),
        }
    }
}

/// Splits a comma-separated list of instance IDs. Blank items are skipped, and repeated IDs count
/// once.
fn split_ids(text: &str) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    text.split(',').filter(|id| !id.trim().is_empty() && seen.insert(*id)).collect()
}

/// How many instance IDs one query may have (both guides, "querying an instance").
const MAX_IDS: usize = 100;
