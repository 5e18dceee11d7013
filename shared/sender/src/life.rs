//! The lives of two purchases and two enterprises, written down: every call the marketplace makes
//! from the day something is bought until long after it was let go, and what must come of each.
//!
//! A life is played from top to bottom. A step marked [`repeat`](Step::repeat) is sent again right
//! after itself and must be answered alike; one marked [`race`](Step::race) is first sent several
//! times at once. No two requests share a nonce or a business id, and the clock never goes back.

use serde_json::Value as Json;
use thiserror::Error;

use crate::answer::{Answer, AppInfo};
use crate::v1::{Iv, Strength};
use crate::{kit_v1, kit_v2, time, v1, v2};

mod enterprise;
mod purchase_v1;
mod purchase_v2;

/// One call of a life, and what it must lead to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// What happens, unique within the life: the activity and, mostly, a remark.
    pub title: String,
    /// What is sent.
    pub call: Call,
    /// The `resultCode` of the right answer.
    pub code: &'static str,
    /// What the right answer carries beside its code.
    pub carries: Carries,
    /// The state that the instance is in afterwards; an enterprise's life has none to look at.
    pub state: State,
    /// The step is sent again, with a fresh business id, nonce and timestamp, and changes nothing.
    pub repeat: bool,
    /// The step is sent several times at once: one takes effect, and all are answered alike.
    pub race: bool,
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
        /// The number of the made-up vector, see [`Iv::numbered`].
        iv: u16,
    },
    /// [`Wire::now_millis`] as the kit's bodies have it, see [`time::in_china`].
    ChinaTime,
    /// [`Wire::sealed_secret`].
    SealedSecret,
}

/// What the right answer carries beside its code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Carries {
    /// Nothing that is looked at.
    Nothing,
    /// The id of some instance: a rehearsal speaks of none in particular.
    AnyInstance {
        /// The answer has app info.
        access: bool,
    },
    /// The id of the instance whose life this is.
    ThisInstance {
        /// The answer has app info.
        access: bool,
    },
    /// A list of exactly these instances in this order, each with app info.
    Listed(Vec<Value>),
}

/// The state of the instance whose life this is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum State {
    /// Nothing was bought yet.
    Absent,
    /// The buyer uses it.
    Active,
    /// The buyer is kept out, and nothing is lost.
    Frozen,
    /// It was let go, for ever.
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

/// Why an answer is not the one that a step asks for.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Mismatch {
    /// Another result code.
    #[error("result code is {found}, not {expected}")]
    Code {
        /// The code of the right answer.
        expected: &'static str,
        /// The code of this one.
        found: String,
    },
    /// No instance id where there must be one.
    #[error("instance id is missing")]
    InstanceIdMissing,
    /// The id of another instance than was learned.
    #[error("instance id is another one than before")]
    InstanceIdChanged,
    /// No app info where there must be some.
    #[error("app info is missing")]
    AccessMissing,
    /// Other instances listed than were asked for and are there.
    #[error("instances listed are {found:?}, not {expected:?}")]
    Listed {
        /// The ids of the right answer.
        expected: Vec<String>,
        /// The ids of this one.
        found: Vec<String>,
    },
}

impl Step {
    /// Turns the step into a signed request.
    ///
    /// # Errors
    ///
    /// If the address is no URI, or the nonce no header's value.
    pub fn request(&self, wire: &Wire) -> Result<http::Request<Vec<u8>>, http::Error> {
        match self.call.contract {
            Contract::V1 => self.call.get(wire),
            Contract::V2 => self.call.post(wire),
            Contract::KitV1 | Contract::KitV2 => self.call.post_to_kit(wire),
        }
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

    /// Compares an answer with the right one.
    ///
    /// While [`Wire::instance_id`] is empty, any id will do for the instance of this life.
    ///
    /// # Errors
    ///
    /// The first difference.
    pub fn check(&self, wire: &Wire, answer: &Answer) -> Result<(), Mismatch> {
        if answer.code != self.code {
            return Err(Mismatch::Code { expected: self.code, found: answer.code.clone() });
        }
        match &self.carries {
            Carries::Nothing => Ok(()),
            Carries::AnyInstance { access } => check_instance("", *access, answer),
            Carries::ThisInstance { access } => check_instance(wire.instance_id, *access, answer),
            Carries::Listed(ids) => check_list(ids.iter().map(|id| id.text(wire)), answer),
        }
    }

    /// Whether a purchase's answer differs from the right one in this alone, that the order is
    /// still being carried out: the marketplace then asks again.
    #[must_use]
    pub fn waits(&self, unlike: Option<&Mismatch>) -> bool {
        let buys = matches!(self.carries, Carries::ThisInstance { .. });
        buys && matches!(unlike, Some(Mismatch::Code { found, .. }) if found == PROCESSING)
    }

    /// Finds the id of the instance whose life this is, if this step's answer tells it.
    #[must_use]
    pub fn learn<'a>(&self, answer: &'a Answer) -> Option<&'a str> {
        match self.carries {
            Carries::ThisInstance { .. } => answer.instance_id.as_deref(),
            Carries::Nothing | Carries::AnyInstance { .. } | Carries::Listed(_) => None,
        }
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
}

impl Call {
    /// What stands behind the production address: nothing, or the path of a kit activity.
    #[must_use]
    pub fn path(&self) -> String {
        match self.contract {
            Contract::V1 | Contract::V2 => String::new(),
            Contract::KitV1 => format!("/produceAPI/{}", self.page),
            Contract::KitV2 => format!("/produceAPI/v2/{}", self.page),
        }
    }

    fn get(&self, wire: &Wire) -> Result<http::Request<Vec<u8>>, http::Error> {
        let values: Vec<(&str, String)> =
            self.members.iter().map(|(name, value)| (*name, value.text(wire))).collect();
        let parameters: Vec<(&str, &str)> =
            values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let time_stamp = time::to_the_millisecond(wire.now_millis);
        v1::request(wire.address, wire.access_key, &time_stamp, &parameters)
    }

    fn post(&self, wire: &Wire) -> Result<http::Request<Vec<u8>>, http::Error> {
        let timestamp = wire.now_millis.to_string();
        v2::request(wire.address, wire.access_key, &timestamp, wire.nonce, &self.body(wire))
    }

    fn post_to_kit(&self, wire: &Wire) -> Result<http::Request<Vec<u8>>, http::Error> {
        let (address, key, body) = (wire.address, wire.kit_key, self.body(wire));
        if self.contract == Contract::KitV1 {
            return kit_v1::request(address, self.page, key, &body);
        }
        let timestamp = wire.now_millis.to_string();
        kit_v2::request(address, self.page, key, &timestamp, wire.nonce, &body)
    }

    fn body(&self, wire: &Wire) -> Vec<u8> {
        let members: Vec<(&str, Json)> =
            self.members.iter().map(|(name, value)| (*name, value.json(wire))).collect();
        v2::body(&members)
    }
}

impl Value {
    fn text(&self, wire: &Wire) -> String {
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

/// The life of a purchase under access guide 1.0, bought `now_millis`.
///
/// It begins as a trial, is made formal, renewed, expires, is thawed by a renewal, frozen and
/// thawed by status, upgraded, has a renewal cancelled and is released; then come the calls that
/// come too late. Rehearsals surround it. `order` is the purchase's order id, at most 50
/// characters: the later orders' ids are made from it.
///
/// The instance is ready at once: the server can answer app info by itself.
#[must_use]
pub fn v1(order: &str, now_millis: u64) -> Vec<Step> {
    purchase_v1::life(order, now_millis)
}

/// The life of a purchase under access guide 2.0, bought `now_millis`.
///
/// It begins as a trial, is made formal, renewed, has a renewal taken back, is changed at a
/// renewal, frozen and thawed, upgraded and released; then come the calls that come too late.
/// Rehearsals surround it. `order` is the purchase's order id, at most 50 characters: the later
/// orders' ids and the order lines' are made from it.
///
/// The instance is ready at once: the server can answer app info by itself.
#[must_use]
pub fn v2(order: &str, now_millis: u64) -> Vec<Step> {
    purchase_v2::life(order, now_millis)
}

/// The life of a purchase under access guide 1.0 whose seller's product makes it while the call
/// waits.
#[must_use]
pub fn quick_v1(order: &str, now_millis: u64) -> Vec<Step> {
    purchase_v1::quick(order, now_millis)
}

/// The life of a purchase under access guide 2.0 whose seller's product is down at first: what is
/// called while it is, and what once it is back.
#[must_use]
pub fn awaited_v2(order: &str, now_millis: u64) -> (Vec<Step>, Vec<Step>) {
    purchase_v2::awaited(order, now_millis)
}

/// The life of an enterprise under access guide 1.0, bound `now_millis`.
///
/// The seller tries things out, for show and for real; then a buyer binds the product to his
/// enterprise, authorises people, edits departments, dismisses people, is spoken of by calls that
/// others overtook, and unbinds. Rehearsals surround it. `instance_id` and `order` are the
/// purchase's; the seller's own calls have neither.
///
/// Every right answer is `000000`.
#[must_use]
pub fn enterprise_v1(instance_id: &str, order: &str, now_millis: u64) -> Vec<Step> {
    enterprise::life(Contract::KitV1, instance_id, order, now_millis)
}

/// The life of an enterprise under access guide 2.0: as [`enterprise_v1`], and the calls that V2
/// added to change a tenant or an application and to revoke an authorisation.
#[must_use]
pub fn enterprise_v2(instance_id: &str, order: &str, now_millis: u64) -> Vec<Step> {
    enterprise::life(Contract::KitV2, instance_id, order, now_millis)
}

fn check_instance(known: &str, access: bool, answer: &Answer) -> Result<(), Mismatch> {
    let id = answer.instance_id.as_deref().ok_or(Mismatch::InstanceIdMissing)?;
    if !known.is_empty() && id != known {
        return Err(Mismatch::InstanceIdChanged);
    }
    check_access(access, answer.app_info.as_ref())
}

fn check_list(ids: impl Iterator<Item = String>, answer: &Answer) -> Result<(), Mismatch> {
    let expected: Vec<String> = ids.collect();
    let found: Vec<String> = answer.info.iter().map(|one| one.instance_id.clone()).collect();
    if expected != found {
        return Err(Mismatch::Listed { expected, found });
    }
    answer.info.iter().try_for_each(|one| check_access(true, one.app_info.as_ref()))
}

fn check_access(access: bool, app_info: Option<&AppInfo>) -> Result<(), Mismatch> {
    if access && app_info.is_none() { Err(Mismatch::AccessMissing) } else { Ok(()) }
}

const SUCCESS: &str = "000000";
/// "The order is being processed", the guides' *Result codes*: the marketplace asks again.
const PROCESSING: &str = "000004";
/// "Instance ID does not exist", the guides' *Result codes*.
const UNKNOWN: &str = "000003";

/// What sellers type into every field of the debugging page.
const REHEARSED: &str = "123456789";
/// The id of an instance that nobody ever bought.
const STRANGER: &str = "00000000-0000-4000-8000-000000000000";

const HOUR_MILLIS: u64 = 3_600_000;
const DAY_MILLIS: u64 = 24 * HOUR_MILLIS;

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
