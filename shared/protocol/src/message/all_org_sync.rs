//! `allOrgSync`: all departments of an enterprise.

use std::collections::BTreeMap;

use super::list::{self, ListItem, Names};
use super::malformed::MalformedKind;
use super::{Fields, InstanceId, Malformed, OrgCode, TenantId};
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// All departments of an enterprise (kit guide, "synchronising departments, all").
#[derive(Clone, Debug)]
pub struct AllOrgSync {
    /// The instance. `None` if the call names no instance.
    pub instance_id: Option<InstanceId>,
    /// The enterprise.
    pub tenant_id: TenantId,
    /// When the marketplace made the list.
    pub at: UnixMillis,
    /// The departments, as received: a flat list.
    pub records: Vec<ListItem>,
}

impl AllOrgSync {
    /// Reads a call. The list is `orgInfo` under V1 and `orgInfoList` under V2. If it is a string,
    /// its member names may have no quotes, as in the guides' own examples.
    ///
    /// # Errors
    /// If an identifier is invalid, the list has the wrong type, a department has no code, or
    /// departments form a cycle.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let name = match fields.contract() {
            Contract::V1 => "orgInfo",
            Contract::V2 => "orgInfoList",
        };
        let items = list::read(fields, name, Names::MaybeBare)?;
        let records = list::items(items, "orgCode", |text| OrgCode::parse(text).map(drop))?;
        if has_cycle(&records) {
            return Err(Malformed { field: "parentCode", kind: MalformedKind::Cyclic });
        }
        Ok(Self {
            instance_id: fields.kit_instance_id()?,
            tenant_id: fields.required("tenantId", TenantId::parse)?,
            at: fields.kit_time("timeStamp")?,
            records,
        })
    }
}

/// Whether the departments of one list contain a cycle. Each department is visited once, so a chain
/// of ten thousand departments is not slow.
fn has_cycle(records: &[ListItem]) -> bool {
    let parents: BTreeMap<&str, &str> =
        records.iter().map(|record| (record.identity.as_str(), record.parent_code())).collect();
    let mut walked: BTreeMap<&str, usize> = BTreeMap::new();
    for (walk, start) in records.iter().enumerate() {
        let mut at = Some(start.identity.as_str());
        while let Some((code, parent)) = at.and_then(|code| parents.get_key_value(code)) {
            match walked.insert(code, walk) {
                Some(earlier) if earlier == walk => return true,
                Some(_) => break,
                None => at = Some(parent),
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    fn departments(pairs: &[(&str, &str)]) -> Vec<ListItem> {
        let record = |(code, parent): &(&str, &str)| {
            let text = format!(r#"{{"orgCode":"{code}","parentCode":"{parent}"}}"#);
            ListItem { identity: (*code).to_owned(), value: Json::parse(&text).unwrap() }
        };
        pairs.iter().map(record).collect()
    }

    #[test]
    fn a_cycle_is_detected_and_a_chain_is_accepted() {
        assert!(has_cycle(&departments(&[("a", "a")])));
        assert!(has_cycle(&departments(&[("x", ""), ("a", "b"), ("b", "c"), ("c", "a")])));
        assert!(!has_cycle(&departments(&[("a", ""), ("b", "a"), ("c", "a"), ("d", "elsewhere")])));
        let codes: Vec<String> = (0..10_000).map(|code| code.to_string()).collect();
        let line: Vec<_> =
            codes.windows(2).map(|pair| (pair[1].as_str(), pair[0].as_str())).collect();
        assert!(!has_cycle(&departments(&line)));
    }
}
