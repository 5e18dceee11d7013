//! Scenarios: every call that the marketplace makes about a purchase or an enterprise, from before
//! the purchase until after the release, with the right answer to each.
//!
//! A scenario is played from top to bottom. A step marked [`repeat`](Step::repeat) is sent again
//! right after itself, and the answer must be the same. A step marked [`race`](Step::race) is first
//! sent several times at once. No two requests share a nonce or a business id. The clock never goes
//! back.

mod call;
mod check;
mod enterprise;
mod purchase;
mod purchase_v1;
mod purchase_v2;

use serde_json::Value as Json;

pub use self::check::Mismatch;
pub use self::enterprise::{enterprise_v1, enterprise_v2};
pub use self::purchase_v1::{quick_v1, v1};
pub use self::purchase_v2::{awaited_v2, v2};
use crate::time::TimestampUnit;

/// One call of a scenario, with its right answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// What happens, unique within the scenario: the activity and, mostly, a remark.
    pub title: String,
    /// What is sent.
    pub call: Call,
    /// The `resultCode` of the right answer.
    pub code: &'static str,
    /// What the right answer carries beside its code.
    pub carries: Carries,
    /// The state of the instance afterwards; [`State::Absent`] for an enterprise.
    pub state: State,
    /// The step is sent again, with a fresh business id, nonce and timestamp, and changes nothing.
    pub repeat: bool,
    /// The step is sent several times at once: one takes effect, and all are answered alike.
    pub race: bool,
    /// The guides do not ask for this answer: it is koohook's decision, and others may differ.
    pub is_decision: bool,
}

/// What a step sends: the members of one request, in the order of the guide's examples.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// Which guide the request follows, and which of its two parts.
    pub contract: Contract,
    /// The last part of a kit call's path, such as `tenantSync`; base calls have none.
    pub page: &'static str,
    /// Names and values; `activity` is the first of a base call's.
    pub members: Vec<(&'static str, Value)>,
}

/// One of the two access guides, and one of its two parts.
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

/// The value of a member, known now or when the step is sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// This text.
    Text(String),
    /// This JSON value, its compact text in a query.
    Json(Json),
    /// [`Wire::business_id`].
    BusinessId,
    /// [`Wire::instance_id`].
    InstanceId,
    /// [`Wire::instance_id`], a comma, and this id.
    InstanceIdAnd(&'static str),
    /// This text, encrypted with the access key as AES-256, the default strength of a product.
    Personal {
        /// What the seller must find.
        plain: &'static str,
        /// The number of the made-up vector, see [`Iv::numbered`](crate::v1::Iv::numbered).
        iv: u16,
    },
    /// [`Wire::now_millis`] as the kit's bodies have it, see [`in_china`](crate::time::in_china).
    ChinaTime,
    /// [`Wire::sealed_secret`].
    SealedSecret,
}

/// What the right answer carries beside its code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Carries {
    /// Nothing that is compared.
    Nothing,
    /// The id of some instance: a rehearsal speaks of none in particular.
    AnyInstance {
        /// The answer has app info.
        access: bool,
    },
    /// The id of the instance of this scenario.
    ThisInstance {
        /// The answer has app info.
        access: bool,
    },
    /// A list of exactly these instances in this order, each with app info.
    Listed(Vec<Value>),
}

/// The state of the instance of this scenario.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum State {
    /// Nothing was bought yet.
    Absent,
    /// The buyer uses it.
    Active,
    /// The buyer is kept out, and nothing is lost.
    Frozen,
    /// It was released, for ever.
    Released,
}

/// All that a step needs to know of the moment in which it is sent.
///
/// It has no `Debug`, because it holds the access keys.
#[derive(Clone, Copy)]
pub struct Wire<'a> {
    /// The production address, without a query.
    pub address: &'a str,
    /// The access key of the base interfaces.
    pub access_key: &'a str,
    /// The access key of the kit.
    pub kit_key: &'a str,
    /// Now, in milliseconds since 1970-01-01T00:00:00Z.
    pub now_millis: u64,
    /// Fresh for every request; V1 and V2 send it with newInstance alone.
    pub business_id: &'a str,
    /// Fresh for every request; V1 sends none.
    pub nonce: &'a str,
    /// What [`Step::learn`] found; empty before.
    pub instance_id: &'a str,
    /// A secret encrypted with the seller's RSA key, in base64; applicationSync alone sends it.
    pub sealed_secret: &'a str,
}

impl Step {
    /// Turns the step into a signed request.
    ///
    /// # Errors
    ///
    /// If the address is not a URI, or the nonce is not a header's value.
    pub fn request(&self, wire: &Wire) -> Result<http::Request<Vec<u8>>, http::Error> {
        self.request_in(wire, TimestampUnit::Milliseconds)
    }

    /// Turns the step into a signed request whose V2 timestamp has this unit.
    ///
    /// # Errors
    ///
    /// As [`Step::request`].
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

    /// Whether the call only tries the seller out: `testFlag` is 1.
    #[must_use]
    pub fn is_rehearsal(&self) -> bool {
        let text = |(name, value): &(&str, Value)| match (*name, value) {
            ("testFlag", Value::Text(flag)) => flag == "1",
            ("testFlag", Value::Json(flag)) => *flag == 1,
            _ => false,
        };
        self.call.members.iter().any(text)
    }

    /// Whether the call names the instance of this scenario. An earlier purchase told its id.
    #[must_use]
    pub fn needs_instance(&self) -> bool {
        let named = |value: &Value| matches!(value, Value::InstanceId | Value::InstanceIdAnd(_));
        self.call.members.iter().any(|(_, value)| named(value))
    }

    /// A step that succeeds, carries nothing and is repeated.
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

/// Steps whose answers koohook decided, since the guides do not say them.
fn decided(steps: Vec<Step>) -> Vec<Step> {
    steps.into_iter().map(Step::decided).collect()
}

pub(crate) const SUCCESS: &str = "000000";
/// "The order is being processed", the guides' *Result codes*: the marketplace asks again.
pub(crate) const PROCESSING: &str = "000004";
/// "Instance ID does not exist", the guides' *Result codes*.
pub(crate) const UNKNOWN: &str = "000003";

/// What sellers type into every field of the debugging page.
const REHEARSED: &str = "123456789";
/// The id of an instance that does not exist.
const STRANGER: &str = "00000000-0000-4000-8000-000000000000";

const HOUR_MILLIS: u64 = 3_600_000;
const DAY_MILLIS: u64 = 24 * HOUR_MILLIS;

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
