//! Turns the members of a step into a signed request.

use serde_json::Value as Json;

use super::{Call, Contract, Value, Wire};
use crate::time::TimestampUnit;
use crate::v1::{Iv, Strength};
use crate::{kit_v1, kit_v2, time, v1, v2};

impl Call {
    /// The path after the production address: empty, or the path of a kit activity.
    #[must_use]
    pub fn path(&self) -> String {
        match self.contract {
            Contract::V1 | Contract::V2 => String::new(),
            Contract::KitV1 => format!("/produceAPI/{}", self.page),
            Contract::KitV2 => format!("/produceAPI/v2/{}", self.page),
        }
    }

    pub(super) fn get(&self, wire: &Wire) -> Result<http::Request<Vec<u8>>, http::Error> {
        let values: Vec<(&str, String)> =
            self.members.iter().map(|(name, value)| (*name, value.text(wire))).collect();
        let parameters: Vec<(&str, &str)> =
            values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let time_stamp = time::to_the_millisecond(wire.now_millis);
        v1::request(wire.address, wire.access_key, &time_stamp, &parameters)
    }

    pub(super) fn post(
        &self,
        wire: &Wire,
        unit: TimestampUnit,
    ) -> Result<http::Request<Vec<u8>>, http::Error> {
        let timestamp = unit.text(wire.now_millis);
        v2::request(wire.address, wire.access_key, &timestamp, wire.nonce, &self.body(wire))
    }

    pub(super) fn post_to_kit(
        &self,
        wire: &Wire,
        unit: TimestampUnit,
    ) -> Result<http::Request<Vec<u8>>, http::Error> {
        let (address, key, body) = (wire.address, wire.kit_key, self.body(wire));
        if self.contract == Contract::KitV1 {
            return kit_v1::request(address, self.page, key, &body);
        }
        let timestamp = unit.text(wire.now_millis);
        kit_v2::request(address, self.page, key, &timestamp, wire.nonce, &body)
    }

    fn body(&self, wire: &Wire) -> Vec<u8> {
        let members: Vec<(&str, Json)> =
            self.members.iter().map(|(name, value)| (*name, value.json(wire))).collect();
        v2::body(&members)
    }
}

impl Value {
    pub(super) fn text(&self, wire: &Wire) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Json(json) => json.to_string(),
            Self::BusinessId => wire.business_id.to_owned(),
            Self::InstanceId => wire.instance_id.to_owned(),
            Self::InstanceIdAnd(other) => format!("{},{other}", wire.instance_id),
            Self::Personal { plain, iv } => {
                v1::encrypt(wire.access_key, Strength::Aes256, Iv::numbered(*iv), plain)
            }
            Self::ChinaTime => time::in_china(wire.now_millis),
            Self::SealedSecret => wire.sealed_secret.to_owned(),
        }
    }

    fn json(&self, wire: &Wire) -> Json {
        match self {
            Self::Json(json) => json.clone(),
            _ => Json::from(self.text(wire)),
        }
    }
}
