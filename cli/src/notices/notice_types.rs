//! The option `--type`.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use domain::notice::NoticeType;

/// The types that one word of `--type` means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoticeTypes(pub Vec<NoticeType>);

/// Reads a type of notices, or a call of the marketplace: the notices of this call. The help lists
/// only the types.
pub fn parser() -> impl TypedValueParser<Value = NoticeTypes> {
    let types = TYPES.iter().map(|kind| PossibleValue::new(kind.as_str()));
    let calls = CALLS.iter().map(|(call, _)| PossibleValue::new(*call).hide(true));
    PossibleValuesParser::new(types.chain(calls).collect::<Vec<_>>()).map(|word| {
        let of_call = CALLS.iter().find(|(call, _)| *call == word);
        let kinds = of_call.map(|(_, kinds)| kinds.to_vec());
        let named = TYPES.iter().copied().filter(|kind| kind.as_str() == word);
        NoticeTypes(kinds.unwrap_or_else(|| named.collect()))
    })
}

/// Every type, in the order of the lifecycle.
const TYPES: [NoticeType; 18] = [
    NoticeType::Created,
    NoticeType::Accepted,
    NoticeType::Renewed,
    NoticeType::Frozen,
    NoticeType::Thawed,
    NoticeType::Upgraded,
    NoticeType::Released,
    NoticeType::Abandoned,
    NoticeType::TenantPut,
    NoticeType::TenantDeleted,
    NoticeType::ApplicationPut,
    NoticeType::ApplicationDeleted,
    NoticeType::UsersPut,
    NoticeType::UsersDeleted,
    NoticeType::UsersRevoked,
    NoticeType::DepartmentPut,
    NoticeType::DepartmentDeleted,
    NoticeType::DepartmentsReplaced,
];

/// The calls that cause notices, with the words of both guides, and the types of their notices.
const CALLS: [(&str, &[NoticeType]); 13] = [
    ("newInstance", &[NoticeType::Created, NoticeType::Accepted]),
    ("refreshInstance", &[NoticeType::Renewed, NoticeType::Thawed]),
    ("expireInstance", &[NoticeType::Frozen]),
    ("instanceStatus", &[NoticeType::Frozen, NoticeType::Thawed]),
    ("updateInstanceStatus", &[NoticeType::Frozen, NoticeType::Thawed]),
    ("upgrade", &[NoticeType::Upgraded]),
    ("upgradeInstance", &[NoticeType::Upgraded]),
    ("releaseInstance", &[NoticeType::Released]),
    ("tenantSync", &[NoticeType::TenantPut, NoticeType::TenantDeleted]),
    ("applicationSync", &[NoticeType::ApplicationPut, NoticeType::ApplicationDeleted]),
    ("authSync", &[NoticeType::UsersPut, NoticeType::UsersDeleted, NoticeType::UsersRevoked]),
    ("singleOrgSync", &[NoticeType::DepartmentPut, NoticeType::DepartmentDeleted]),
    ("allOrgSync", &[NoticeType::DepartmentsReplaced]),
];

#[cfg(test)]
mod tests {
    use protocol::message::Activity;
    use protocol::signature::Contract;

    use super::*;

    #[test]
    fn every_call_that_changes_something_has_its_types() {
        let words = Activity::ALL.into_iter().flat_map(|activity| {
            [Contract::V1, Contract::V2].into_iter().filter_map(move |it| activity.word(it))
        });
        for word in words.filter(|word| !["queryInstance", "changeInstanceCheck"].contains(word)) {
            assert!(CALLS.iter().any(|(call, _)| *call == word), "{word}");
        }
    }

    #[test]
    fn every_type_that_the_wire_has_is_known() {
        for (place, kind) in TYPES.iter().enumerate() {
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.as_str());
            assert!(!TYPES.iter().skip(place + 1).any(|other| other == kind), "{json}");
        }
        // An unknown word makes serde name every word that it knows.
        let unknown = serde_json::from_value::<NoticeType>("?".into()).unwrap_err().to_string();
        assert_eq!(unknown.matches('`').count(), 2 * (TYPES.len() + 1), "{unknown}");
    }
}
