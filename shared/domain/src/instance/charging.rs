//! Whether an instance is pay-per-use or a package: by its charging mode, or by what its product
//! sends (decision J7).

use serde::{Deserialize, Serialize};

use super::Instance;

/// The charging mode of an instance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ChargingMode {
    /// V1 `0`, `ON_DEMAND`.
    PayPerUse,
    /// V1 `5`, `ON_DEMAND_PKG`: the usage of a pay-per-use instance is deducted from it.
    Package,
    /// Every other mode, for example a period. Such an instance has no usage.
    Other,
}

/// What a usage message of its product shows of an instance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ShownUsageKind {
    /// A window of its own usage was accepted.
    Windows,
    /// It has usage, and the product names no instance to which the usage belongs.
    Info,
    /// Its usage belongs to another instance, which the product names: it is a package.
    PackageInfo,
}

/// Whose usage an instance has.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum UsageKind {
    /// Its own: it is pay-per-use.
    PayPerUse,
    /// That of pay-per-use instances: it is a package.
    Package,
}

impl Instance {
    /// The charging mode: V1's own text, otherwise the order query's. `None` if neither is known.
    pub fn charging(&self) -> Option<ChargingMode> {
        let known = |text: &&str| !text.trim().is_empty();
        let own = self.charging_mode.as_deref().filter(known).map(by_v1);
        let facts = self.facts.as_ref().and_then(|facts| facts.charging_mode.as_deref());
        own.or_else(|| facts.filter(known).map(by_order))
    }

    /// Whose usage the instance has: by its charging mode, otherwise by what its product sent.
    /// `None` if it has none, as far as koohook knows.
    pub fn usage_kind(&self) -> Option<UsageKind> {
        match self.charging() {
            Some(ChargingMode::PayPerUse) => Some(UsageKind::PayPerUse),
            Some(ChargingMode::Package) => Some(UsageKind::Package),
            Some(ChargingMode::Other) => None,
            None => self.usage,
        }
    }

    /// The instance with what a usage message of its product shows (decision J7). `None` if nothing
    /// changes: the charging mode is known, or the kind was learned before. A package stays one. Only
    /// a package has usage that belongs to another instance, so this counts more than its windows.
    pub fn learn_usage(&self, shown: ShownUsageKind) -> Option<Self> {
        let kind = match shown {
            ShownUsageKind::PackageInfo => UsageKind::Package,
            ShownUsageKind::Windows | ShownUsageKind::Info => {
                self.usage.unwrap_or(UsageKind::PayPerUse)
            }
        };
        let learns = self.usage != Some(kind) && self.charging().is_none();
        learns.then(|| Self { usage: Some(kind), ..self.clone() })
    }
}

/// V1's modes (V1 guide, `chargingMode`).
fn by_v1(text: &str) -> ChargingMode {
    match text {
        "0" => ChargingMode::PayPerUse,
        "5" => ChargingMode::Package,
        _ => ChargingMode::Other,
    }
}

/// The modes of the order query (V2 guide, "querying an order").
fn by_order(text: &str) -> ChargingMode {
    match text {
        "ON_DEMAND" => ChargingMode::PayPerUse,
        "ON_DEMAND_PKG" => ChargingMode::Package,
        _ => ChargingMode::Other,
    }
}

#[cfg(test)]
mod tests {
    use protocol::message::{InstanceId, OrderId};
    use protocol::time::UnixMillis;

    use super::*;
    use crate::instance::Access;
    use crate::order_details::OrderFacts;

    fn instance(own: Option<&str>, facts: Option<&str>) -> Instance {
        let (id, order) = (InstanceId::parse("i-1").unwrap(), OrderId::parse("CS1").unwrap());
        let charging_mode = facts.map(str::to_owned);
        let facts = OrderFacts { charging_mode, ..OrderFacts::default() };
        let created = Instance::created(id, order, Access::Pending).charged(own, UnixMillis::EPOCH);
        Instance { facts: Some(Box::new(facts)), ..created }
    }

    #[test]
    fn the_mode_is_v1s_own_or_else_the_orders() {
        let (pay, package, other) =
            (ChargingMode::PayPerUse, ChargingMode::Package, ChargingMode::Other);
        let cases = [
            (Some("0"), None, Some(pay)),
            (Some("5"), None, Some(package)),
            (Some("1"), None, Some(other)),
            (Some("3"), Some("ON_DEMAND"), Some(other)),
            (Some("00"), None, Some(other)),
            (Some(" 0"), None, Some(other)),
            (Some("ON_DEMAND"), None, Some(other)),
            (Some("  "), Some("ON_DEMAND"), Some(pay)),
            (None, Some("ON_DEMAND"), Some(pay)),
            (None, Some("ON_DEMAND_PKG"), Some(package)),
            (None, Some("PERIOD"), Some(other)),
            (None, Some("0"), Some(other)),
            (None, Some(""), None),
            (None, None, None),
        ];
        for (own, facts, expected) in cases {
            assert_eq!(instance(own, facts).charging(), expected, "{own:?} {facts:?}");
        }
    }

    /// The columns: the mode, what was learned, what a message shows, what is learned then, and the
    /// kind after that.
    #[test]
    fn only_an_instance_of_unknown_mode_learns_from_its_product() {
        use ShownUsageKind::{Info, PackageInfo, Windows};
        let (pay, package) = (Some(UsageKind::PayPerUse), Some(UsageKind::Package));
        let cases = [
            (None, None, Windows, pay, pay),
            (None, None, Info, pay, pay),
            (None, None, PackageInfo, package, package),
            (None, package, Windows, None, package),
            (None, package, Info, None, package),
            (None, package, PackageInfo, None, package),
            (None, pay, Windows, None, pay),
            (None, pay, Info, None, pay),
            (None, pay, PackageInfo, package, package),
            (Some("0"), None, PackageInfo, None, pay),
            (Some("0"), package, Windows, None, pay),
            (Some("5"), None, Windows, None, package),
            (Some("5"), pay, Info, None, package),
            (Some("1"), None, Windows, None, None),
            (Some("1"), pay, PackageInfo, None, None),
        ];
        for (mode, usage, shown, learned, kind) in cases {
            let before = Instance { usage, ..instance(mode, None) };
            let after = before.learn_usage(shown);
            assert_eq!(after.as_ref().map(|it| it.usage), learned.map(Some), "{mode:?} {usage:?}");
            assert_eq!(after.unwrap_or(before).usage_kind(), kind, "{mode:?} {usage:?}");
        }
    }

    #[test]
    fn a_long_mode_is_cut_and_counts_as_another_mode() {
        let long = instance(Some(&"用".repeat(5_000)), None);
        assert_eq!(long.charging(), Some(ChargingMode::Other));
        assert_eq!(long.charging_mode.unwrap().chars().count(), 64);
    }
}
