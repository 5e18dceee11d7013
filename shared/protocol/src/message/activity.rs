//! The words that tell the marketplace's interfaces apart: a member of the base calls, the last
//! part of the kit's paths.

use serde::{Deserialize, Serialize};

use crate::signature::{Contract, Interface};

/// An interface of the marketplace, under V2's word if the contracts differ.
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
    /// Kit: an enterprise.
    TenantSync,
    /// Kit: the credentials of an enterprise for one of the seller's applications.
    ApplicationSync,
    /// Kit: the people whom an enterprise authorises for an application.
    AuthSync,
    /// Kit: one department of an enterprise.
    SingleOrgSync,
    /// Kit: all its departments.
    AllOrgSync,
}

impl Activity {
    /// Every activity: first in the order of a purchase's life, then of an enterprise's.
    pub const ALL: [Self; 13] = [
        Self::NewInstance,
        Self::RefreshInstance,
        Self::ExpireInstance,
        Self::UpdateInstanceStatus,
        Self::UpgradeInstance,
        Self::ReleaseInstance,
        Self::QueryInstance,
        Self::ChangeInstanceCheck,
        Self::TenantSync,
        Self::ApplicationSync,
        Self::AuthSync,
        Self::SingleOrgSync,
        Self::AllOrgSync,
    ];

    /// Of which interface type it is.
    pub const fn interface(self) -> Interface {
        match self {
            Self::NewInstance
            | Self::RefreshInstance
            | Self::ExpireInstance
            | Self::UpdateInstanceStatus
            | Self::UpgradeInstance
            | Self::ReleaseInstance
            | Self::QueryInstance
            | Self::ChangeInstanceCheck => Interface::Base,
            Self::TenantSync
            | Self::ApplicationSync
            | Self::AuthSync
            | Self::SingleOrgSync
            | Self::AllOrgSync => Interface::Kit,
        }
    }

    /// The wire's word under a contract; `None` if the contract has no such interface.
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
            (Self::TenantSync, _) => Some("tenantSync"),
            (Self::ApplicationSync, _) => Some("applicationSync"),
            (Self::AuthSync, _) => Some("authSync"),
            (Self::SingleOrgSync, _) => Some("singleOrgSync"),
            (Self::AllOrgSync, _) => Some("allOrgSync"),
            (Self::ChangeInstanceCheck, Contract::V1) | (Self::ExpireInstance, Contract::V2) => {
                None
            }
        }
    }

    /// One word for both contracts: V2's, if it has one.
    pub fn as_str(self) -> &'static str {
        let word = self.word(Contract::V2).or_else(|| self.word(Contract::V1));
        word.unwrap_or_default()
    }

    /// The activity of a word; none for a word of another interface type or contract
    /// (decision A3).
    pub fn named(interface: Interface, contract: Contract, word: &str) -> Option<Self> {
        let here = |activity: &Self| {
            activity.interface() == interface && activity.word(contract) == Some(word)
        };
        Self::ALL.into_iter().find(here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_belong_to_their_contract() {
        let named = |contract, word| Activity::named(Interface::Base, contract, word);
        assert_eq!(named(Contract::V1, "upgrade"), Some(Activity::UpgradeInstance));
        assert_eq!(named(Contract::V2, "upgrade"), None);
        assert_eq!(named(Contract::V2, "expireInstance"), None);
        assert_eq!(named(Contract::V1, "NewInstance"), None);
        assert_eq!(named(Contract::V2, " newInstance"), None);
        assert_eq!(named(Contract::V2, "tenantSync"), None);
        let kit = Activity::named(Interface::Kit, Contract::V1, "tenantSync");
        assert_eq!(kit, Some(Activity::TenantSync));
    }
}
