//! The word that tells the base interfaces apart.

use serde::{Deserialize, Serialize};

use crate::signature::Contract;

/// A base interface, under V2's word where the contracts differ.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Activity {
    /// A purchase; V1 also when the buyer opens the resource's details.
    NewInstance,
    /// A renewal, a conversion, or either taken back.
    RefreshInstance,
    /// V1: the term is over.
    ExpireInstance,
    /// Freeze or thaw; V1 `instanceStatus`.
    UpdateInstanceStatus,
    /// A larger or other specification; V1 `upgrade`.
    UpgradeInstance,
    /// The end.
    ReleaseInstance,
    /// The marketplace asks for access data.
    QueryInstance,
    /// V2: may this instance change at its renewal?
    ChangeInstanceCheck,
}

impl Activity {
    /// Every activity, in the order of a purchase's life.
    pub const ALL: [Self; 8] = [
        Self::NewInstance,
        Self::RefreshInstance,
        Self::ExpireInstance,
        Self::UpdateInstanceStatus,
        Self::UpgradeInstance,
        Self::ReleaseInstance,
        Self::QueryInstance,
        Self::ChangeInstanceCheck,
    ];

    /// The wire's word under a contract; `None` where the contract has no such interface.
    pub const fn word(self, contract: Contract) -> Option<&'static str> {
        match (self, contract) {
            (Self::NewInstance, _) => Some("newInstance"),
            (Self::RefreshInstance, _) => Some("refreshInstance"),
            (Self::ReleaseInstance, _) => Some("releaseInstance"),
            (Self::QueryInstance, _) => Some("queryInstance"),
            (Self::ExpireInstance, Contract::V1) => Some("expireInstance"),
            (Self::UpdateInstanceStatus, Contract::V1) => Some("instanceStatus"),
            (Self::UpgradeInstance, Contract::V1) => Some("upgrade"),
            (Self::UpdateInstanceStatus, Contract::V2) => Some("updateInstanceStatus"),
            (Self::UpgradeInstance, Contract::V2) => Some("upgradeInstance"),
            (Self::ChangeInstanceCheck, Contract::V2) => Some("changeInstanceCheck"),
            (Self::ChangeInstanceCheck, Contract::V1) | (Self::ExpireInstance, Contract::V2) => {
                None
            }
        }
    }

    /// The activity of a word; none for a word of the other contract (decision A3).
    pub fn named(contract: Contract, word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|activity| activity.word(contract) == Some(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_belong_to_their_contract() {
        let named = |contract, word| Activity::named(contract, word);
        assert_eq!(
            named(Contract::V1, "upgrade"),
            Some(Activity::UpgradeInstance)
        );
        assert_eq!(named(Contract::V2, "upgrade"), None);
        assert_eq!(named(Contract::V2, "expireInstance"), None);
        assert_eq!(named(Contract::V1, "NewInstance"), None);
        assert_eq!(named(Contract::V2, " newInstance"), None);
    }
}
