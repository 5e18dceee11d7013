//! The fields of a request that the product gets, including those that koohook does not use.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::activity::Activity;
use super::kept_text::{MAX_KEPT_LETTERS, kept_text};
use crate::json::{self, Json};
use crate::signature::{Contract, Verified};

/// The request's fields by their wire names. Fields that are not in the guide are separate: the
/// marketplace adds fields without notice.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Details {
    /// The fields of the guide.
    pub named: Map<String, Value>,
    /// All other fields.
    pub other: Map<String, Value>,
    /// The number of fields that were cut or left out.
    pub odd: u32,
}

impl Details {
    /// Collects the fields for the product. Signature fields and `testFlag` are left out.
    pub(super) fn of(verified: &Verified, activity: Activity) -> Self {
        let mut details = Self::default();
        for (name, value) in verified.members() {
            if *value == Json::Null || WITHHELD.contains(&name.as_str()) {
                continue;
            }
            if json::is_private(name) {
                details.odd += 1;
                continue;
            }
            let value = details.kept(name, value);
            let named = guide_fields(activity, verified.contract()).contains(&name.as_str());
            let fields = if named { &mut details.named } else { &mut details.other };
            fields.insert(name.clone(), value);
        }
        details
    }

    fn kept(&mut self, name: &str, value: &Json) -> Value {
        match value {
            Json::Text(text) if name == "saasExtendParams" => {
                extend_params(text).unwrap_or_else(|| self.cut(text))
            }
            Json::Text(text) | Json::Number(text) => self.cut(text),
            Json::Null | Json::Bool(_) => value.to_value(),
            Json::Array(_) | Json::Object(_) => {
                let text = value.to_text();
                if text.chars().count() > MAX_KEPT_LETTERS {
                    self.cut(&text)
                } else {
                    value.to_value()
                }
            }
        }
    }

    fn cut(&mut self, text: &str) -> Value {
        let kept = kept_text(text);
        self.odd += u32::from(kept.len() < text.len());
        kept.into()
    }
}

/// Decodes `saasExtendParams`: base64 of a JSON array of names and values (V1 guide).
fn extend_params(text: &str) -> Option<Value> {
    let clear = STANDARD.decode(text.replace(' ', "+")).ok()?;
    serde_json::from_slice(&clear).ok().filter(Value::is_array)
}

/// Fields that the product does not need: the signature fields, and `testFlag`.
const WITHHELD: [&str; 4] = ["authToken", "signature", "testFlag", "timeStamp"];

/// The fields in the guide's tables. The product gets every other field under `other`.
fn guide_fields(activity: Activity, contract: Contract) -> &'static [&'static str] {
    let row = GUIDE.iter().find(|(named, of, _)| *named == activity && *of == contract);
    row.map_or(&[], |(_, _, fields)| fields)
}

type Table = (Activity, Contract, &'static [&'static str]);

#[rustfmt::skip]
const GUIDE: [Table; 18] = [
    (Activity::NewInstance, Contract::V1, &[
        "activity", "customerId", "customerName", "userId", "userName", "mobilePhone", "email",
        "businessId", "orderId", "skuCode", "productId", "trialFlag", "expireTime",
        "chargingMode", "periodType", "periodNumber", "amount", "diskSize", "bandWidth",
        "orderAmount", "provisionType", "saasExtendParams", "acceptanceTime",
    ]),
    (Activity::NewInstance, Contract::V2, &[
        "activity", "orderId", "orderLineId", "businessId", "productId", "acceptanceTime",
    ]),
    (Activity::RefreshInstance, Contract::V1, &[
        "activity", "orderId", "instanceId", "productId", "expireTime", "trialToFormal",
        "periodType", "periodNumber", "orderAmount",
    ]),
    (Activity::RefreshInstance, Contract::V2, &[
        "activity", "scene", "orderId", "orderLineId", "instanceId", "productId", "expireTime",
    ]),
    (Activity::ExpireInstance, Contract::V1, &[
        "activity", "instanceId", "orderId",
    ]),
    (Activity::UpdateInstanceStatus, Contract::V1, &[
        "activity", "instanceId", "instanceStatus",
    ]),
    (Activity::UpdateInstanceStatus, Contract::V2, &[
        "activity", "instanceId", "status",
    ]),
    (Activity::UpgradeInstance, Contract::V1, &[
        "activity", "instanceId", "orderId", "skuCode", "productId", "amount", "diskSize",
        "bandWidth", "saasExtendParams",
    ]),
    (Activity::UpgradeInstance, Contract::V2, &[
        "activity", "instanceId", "orderId", "orderLineId",
    ]),
    (Activity::ReleaseInstance, Contract::V1, &[
        "activity", "instanceId", "orderId", "orderAmount",
    ]),
    (Activity::ReleaseInstance, Contract::V2, &[
        "activity", "instanceId", "orderId", "orderLineId",
    ]),
    (Activity::QueryInstance, Contract::V1, &[
        "activity", "instanceId",
    ]),
    (Activity::QueryInstance, Contract::V2, &[
        "activity", "instanceId",
    ]),
    (Activity::TenantSync, Contract::V1, KIT_TENANT),
    (Activity::TenantSync, Contract::V2, KIT_TENANT),
    (Activity::SingleOrgSync, Contract::V1, KIT_DEPARTMENT),
    (Activity::SingleOrgSync, Contract::V2, KIT_DEPARTMENT),
    (Activity::ChangeInstanceCheck, Contract::V2, &[
        "activity", "instanceId", "productInfo",
    ]),
];

const KIT_TENANT: &[&str] =
    &["instanceId", "orderId", "tenantId", "tenantCode", "name", "domainName", "flag"];

const KIT_DEPARTMENT: &[&str] =
    &["instanceId", "tenantId", "orgCode", "orgName", "parentCode", "flag"];
