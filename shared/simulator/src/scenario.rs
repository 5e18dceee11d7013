//! Scenarios: every call that the marketplace makes about a purchase or an enterprise, with the
//! right answers. A scenario begins before the purchase and ends after the release.
//!
//! The steps are sent from first to last. A step marked [`repeat`](Step::repeat) is sent again
//! immediately, and the answer must be the same. A step marked [`race`](Step::race) is first sent
//! several times concurrently. Each request has its own nonce and business ID. The clock never goes
//! back.

mod call;
mod check;
mod enterprise;
mod pay_per_use;
mod purchase;
mod purchase_v1;
mod purchase_v2;

use serde_json::Value as Json;

pub use self::check::Mismatch;
pub use self::enterprise::{enterprise_v1, enterprise_v2};
pub use self::pay_per_use::{pay_per_use_v1, pay_per_use_v2};
pub use self::purchase_v1::{quick_v1, v1};
pub use self::purchase_v2::{awaited_v2, v2};
use crate::time::TimestampUnit;

/// One call of a scenario, with its right answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// The title, unique in the scenario: the activity and, mostly, a remark.
    pub title: String,
    /// The call to send.
    pub call: Call,
    /// The `resultCode` of the right answer.
    pub code: &'static str,
    /// The content of the right answer, besides its code.
    pub carries: Carries,
    /// The state of the instance after the step; [`State::Absent`] for an enterprise.
    pub state: State,
    /// Whether the step is sent again, with a new business ID, nonce and timestamp. The repeat
    /// changes nothing.
    pub repeat: bool,
    /// Whether the step is sent several times concurrently. One request has an effect, and all get
    /// the same answer.
    pub race: bool,
    /// Whether the answer is a decision of koohook. The guides do not define it, so other servers
    /// may answer differently.
    pub is_decision: bool,
}

/// The call of a step: the members of one request, in the order of the guide's examples.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// The guide of the request, and one of the guide's two parts.
    pub contract: Contract,
    /// The last part of a kit call's path, such as `tenantSync`; empty for base calls.
    pub page: &'static str,
    /// Names and values. In a base call, `activity` is the first.
    pub members: Vec<(&'static str, Value)>,
}

/// One of the two access guides, and one of the guide's two parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Contract {
    /// Access guide 1.0, base interfaces: GET, `authToken`.
    V1,
    /// Access guide 2.0, base interfaces: POST, `signature`.
    V2,
    /// Access guide 1.0, joint-operations kit: POST, `authToken` in a header.
    KitV1,
    /// Access guide 2.0, joint-operations kit: POST, `x-sign`.
    KitV2,
}

/// The value of a member. Some values are known only when the step is sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// This text.
    Text(String),
    /// This JSON value; in a query, its compact text.
    Json(Json),
    /// [`Wire::business_id`].
    BusinessId,
    /// [`Wire::instance_id`].
    InstanceId,
    /// [`Wire::instance_id`], a comma, and this ID.
    InstanceIdAnd(&'static str),
    /// This text, encrypted with the access key and AES-256, the default strength of a product.
    Personal {
        /// The text after decryption.
        plain: &'static str,
        /// The number of the generated vector, see [`Iv::numbered`](crate::v1::Iv::numbered).
        iv: u16,
    },
    /// [`Wire::now_millis`] in the format of the kit's bodies, see
    /// [`in_china`](crate::time::in_china).
    ChinaTime,
    /// [`Wire::sealed_secret`].
    SealedSecret,
}

/// The content of the right answer, besides its code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Carries {
    /// The step compares only the code.
    Nothing,
    /// The ID of any instance: a rehearsal is not about a real instance.
    AnyInstance {
        /// Whether the answer must have app info.
        access: bool,
    },
    /// The ID of the instance of this scenario.
    ThisInstance {
        /// Whether the answer must have app info.
        access: bool,
    },
    /// A list of exactly these instances in this order. Each has app info.
    Listed(Vec<Value>),
}

/// The state of the instance of this scenario.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum State {
    /// The purchase has not happened yet.
    Absent,
    /// The buyer can use it.
    Active,
    /// The buyer cannot use it, and its data is kept.
    Frozen,
    /// It was released. This state never ends.
    Released,
}

/// The values that a step needs when it is sent.
///
/// It has no `Debug`, because it contains the access keys.
#[derive(Clone, Copy)]
pub struct Wire<'a> {
    /// The production address, without a query.
    pub address: &'a str,
    /// The access key of the base interfaces.
    pub access_key: &'a str,
    /// The access key of the kit.
    pub kit_key: &'a str,
    /// The current time, in milliseconds since 1970-01-01T00:00:00Z.
    pub now_millis: u64,
    /// The business ID, new for every request. V1 and V2 send it only with newInstance.
    pub business_id: &'a str,
    /// The nonce, new for every request. V1 sends no nonce.
    pub nonce: &'a str,
    /// The ID that [`Step::learn`] found; empty before.
    pub instance_id: &'a str,
    /// A secret that is encrypted with the seller's RSA key, in base64. Only applicationSync sends
    /// it.
    pub sealed_secret: &'a str,
}

impl Step {
    /// Turns the step into a signed request.
    ///
    /// # Errors
    ///
    /// If the address is not a URI, or the nonce is not a valid header value.
    pub fn request(&self, wire: &Wire) -> Result<http::Request<Vec<u8>>, http::Error> {
        self.request_in(wire, TimestampUnit::Milliseconds)
    }

    /// Turns the step into a signed request. `unit` is the unit of a V2 timestamp.
    ///
    /// # Errors
    ///
    /// The same as [`Step::request`].
    pub fn request_in(
        &self,
        wire: &Wire,
        unit: TimestampUnit,
    ) -> Result<http::Request<Vec<u8>>, http::Error> {
        match self.call.contract {
            Contract::V1 => self.call.get(wire),
            Contract::V2 => self.call.post(wire, unit),
            Contract::KitV1 | Contract::KitV2 => self.call.post_to_kit(wire, unit),
        }
    }

    /// The activity of a base call, or the last part of a kit call's path.
    #[must_use]
    pub fn activity(&self) -> &str {
        let named = self.call.members.iter().find_map(|(name, value)| match value {
            Value::Text(text) if *name == "activity" => Some(text.as_str()),
            _ => None,
        });
        named.unwrap_or(self.call.page)
    }

    /// Whether the call is a rehearsal: `testFlag` is 1.
    #[must_use]
    pub fn is_rehearsal(&self) -> bool {
        let text = |(name, value): &(&str, Value)| match (*name, value) {
            ("testFlag", Value::Text(flag)) => flag == "1",
            ("testFlag", Value::Json(flag)) => *flag == 1,
            _ => false,
        };
        self.call.members.iter().any(text)
    }

    /// Whether the call names the instance of this scenario. Its ID comes from an earlier purchase.
    #[must_use]
    pub fn needs_instance(&self) -> bool {
        let named = |value: &Value| matches!(value, Value::InstanceId | Value::InstanceIdAnd(_));
        self.call.members.iter().any(|(_, value)| named(value))
    }

    /// A step that succeeds, compares only the code, and is repeated.
    fn new(contract: Contract, activity: &str, remark: &str, state: State) -> Self {
        let members = vec![("activity", activity.into())];
        Self {
            title: format!("{activity} {remark}").trim_end().to_owned(),
            call: Call { contract, page: "", members },
            code: SUCCESS,
            carries: Carries::Nothing,
            state,
            repeat: true,
            race: false,
            is_decision: false,
        }
    }

    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.call.members.push((name, value.into()));
        self
    }

    fn carrying(self, carries: Carries) -> Self {
        Self { carries, ..self }
    }

    fn refused(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    fn raced(self) -> Self {
        Self { race: true, ..self }
    }

    fn decided(self) -> Self {
        Self { is_decision: true, ..self }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Marks steps whose answers are decisions of koohook, because the guides do not define them.
fn decided(steps: Vec<Step>) -> Vec<Step> {
    steps.into_iter().map(Step::decided).collect()
}

pub(crate) const SUCCESS: &str = "000000";
/// "The order is being processed" (*Result codes* of the guides): the marketplace asks again.
pub(crate) const PROCESSING: &str = "000004";
/// "Instance ID does not exist" (*Result codes* of the guides).
pub(crate) const UNKNOWN: &str = "000003";

/// The text that sellers type into every field of the debugging page.
const REHEARSED: &str = "123456789";
/// The ID of an instance that does not exist.
const UNKNOWN_ID: &str = "00000000-0000-4000-8000-000000000000";

const HOUR_MILLIS: u64 = 3_600_000;
const DAY_MILLIS: u64 = 24 * HOUR_MILLIS;

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
