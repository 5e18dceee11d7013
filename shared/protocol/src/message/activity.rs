//! The names of the marketplace's interfaces. A base call has the name in the member `activity`, a
//! kit call as the last part of its path.

use serde::{Deserialize, Serialize};

use crate::signature::{Contract, Interface};

/// An interface of the marketplace. If the contracts have different names, this is V2's name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Activity {
    /// A purchase. V1 also sends it when the buyer opens the resource's details.
    NewInstance,
    /// A renewal, a conversion of a trial, or the cancellation of one of them.
    RefreshInstance,
    /// V1: the term ended.
    ExpireInstance,
    /// Freeze or unfreeze. V1's name is `instanceStatus`.
    UpdateInstanceStatus,
    /// Another specification. V1's name is `upgrade`.
    UpgradeInstance,
    /// The release of an instance.
    ReleaseInstance,
    /// The marketplace queries access data.
    QueryInstance,
    /// V2: the marketplace asks whether an instance may change at its renewal.
    ChangeInstanceCheck,
    /// Kit: an enterprise.
    TenantSync,
    /// Kit: the credentials of an enterprise for one of the seller's applications.
    ApplicationSync,
    /// Kit: the people that an enterprise authorises for an application.
    AuthSync,
    /// Kit: one department of an enterprise.
    SingleOrgSync,
    /// Kit: all departments of an enterprise.
    AllOrgSync,
}

impl Activity {
    /// Every activity, in the order of the lifecycle: first the base interfaces, then the kit.
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

    /// The interface type of this activity.
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

    /// The name on the wire under a contract. `None` if the contract has no such interface.
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

    /// One name for both contracts: V2's name, or V1's name if V2 does not have the activity.
    pub fn as_str(self) -> &'static str {
        let word = self.word(Contract::V2).or_else(|| self.word(Contract::V1));
        word.unwrap_or_default()
    }

    /// The activity of a name on the wire. `None` if the name belongs to another interface type or
    /// contract (decision A3).
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
    fn a_name_belongs_to_its_contract_and_interface() {
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
