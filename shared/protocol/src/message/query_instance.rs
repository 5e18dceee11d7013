//! `queryInstance`: the marketplace asks for access data.

use std::collections::BTreeSet;

use super::malformed::MalformedKind;
use super::{Fields, InstanceId, Malformed};
use crate::signature::Verified;

/// The marketplace asks for access data (both guides, "querying an instance").
#[derive(Clone, Debug)]
pub struct QueryInstance {
    /// Whose; 1 to 100, each once, in the order asked.
    pub instance_ids: Vec<InstanceId>,
    /// The whole text, if it is several IDs or one: an older server may have given an ID with a
    /// comma in it (decision C7). IDs of ours have none, and two of them are longer than one may
    /// be.
    pub undivided: Option<InstanceId>,
}

impl QueryInstance {
    /// Reads a call.
    ///
    /// # Errors
    /// If there is no ID, or more than 100, or one is not an identifier.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let ids = Self::rehearsed_ids(verified)?;
        let parse = |id: &String| {
            InstanceId::parse(id).map_err(|kind| Malformed { field: "instanceId", kind })
        };
        let text = Fields::of(verified).mandatory("instanceId")?;
        let undivided = InstanceId::parse(text).ok().filter(|_| text.contains(','));
        Ok(Self { instance_ids: ids.iter().map(parse).collect::<Result<_, _>>()?, undivided })
    }

    /// The IDs that a rehearsal echoes, whatever they look like.
    ///
    /// # Errors
    /// If there is no ID, or more than 100.
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

/// Splits a comma-separated list of instance IDs: blank items skipped, repeats once.
fn split_ids(text: &str) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    text.split(',').filter(|id| !id.trim().is_empty() && seen.insert(*id)).collect()
}

/// The guide's limit on instance IDs in one query.
const MAX_IDS: usize = 100;
