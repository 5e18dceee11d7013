//! Reads the members of a verified call by the guide's rules.

use std::fmt;

use super::activity::Activity;
use super::details::Details;
use super::identifier::{InstanceId, OrderId, OrderLineId, ProductId};
use super::malformed::{Malformed, MalformedKind};
use crate::json::Json;
use crate::signature::{Contract, Interface, Verified};
use crate::time::UnixMillis;

/// Whether a call is a real call or a rehearsal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// The call is about a buyer's real purchase.
    Real,
    /// `testFlag` 1: the debugging page sends it, and so do the marketplace's tests that replay its
    /// cases twice a day.
    Rehearsal,
}

/// Reads the members of a verified call.
#[derive(Clone, Copy)]
pub struct Fields<'a>(&'a Verified);

impl<'a> Fields<'a> {
    /// Creates a reader for a call.
    pub const fn of(verified: &'a Verified) -> Self {
        Self(verified)
    }

    /// The contract of the call.
    pub const fn contract(self) -> Contract {
        self.0.contract()
    }

    /// A member as received. `null` counts as absent.
    pub fn value(self, name: &str) -> Option<&'a Json> {
        let member = self.0.members().iter().find(|(given, _)| given == name);
        member.map(|(_, value)| value).filter(|value| **value != Json::Null)
    }

    /// A scalar as text. Blank texts, arrays and objects count as absent.
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.value(name)?.as_text().filter(|text| !text.trim().is_empty())
    }

    /// A mandatory text, of any length.
    ///
    /// # Errors
    /// If it is missing or blank, or is an array or an object.
    pub fn mandatory(self, name: &'static str) -> Result<&'a str, Malformed> {
        let nested = matches!(self.value(name), Some(Json::Array(_) | Json::Object(_)));
        let kind = if nested { MalformedKind::WrongType } else { MalformedKind::Missing };
        self.text(name).ok_or(Malformed { field: name, kind })
    }

    /// A text that must be in a list of words.
    ///
    /// # Errors
    /// If it is missing, or not in the list.
    pub fn word<T: Copy>(self, name: &'static str, words: &[(&str, T)]) -> Result<T, Malformed> {
        let text = self.mandatory(name)?;
        let found = words.iter().find(|(word, _)| *word == text);
        found
            .map(|(_, meaning)| *meaning)
            .ok_or(Malformed { field: name, kind: MalformedKind::Unknown })
    }

    /// The activity of a base call. `None` if the contract has no such activity.
    pub fn activity(self) -> Option<Activity> {
        let word = self.value("activity")?.as_text()?;
        Activity::named(Interface::Base, self.contract(), word)
    }

    /// Whether the call is a rehearsal. `testFlag` 1 is a rehearsal. Absent, empty or 0 is a real
    /// call (decision D10).
    ///
    /// # Errors
    /// If `testFlag` has another value.
    pub fn purpose(self) -> Result<Purpose, Malformed> {
        let unknown = Malformed { field: "testFlag", kind: MalformedKind::Unknown };
        match self.value("testFlag").map(Json::as_text) {
            None | Some(Some("" | "0")) => Ok(Purpose::Real),
            Some(Some("1")) => Ok(Purpose::Rehearsal),
            Some(_) => Err(unknown),
        }
    }

    /// When the call was signed.
    ///
    /// # Errors
    /// If V1's `timeStamp` is not a valid time.
    pub fn signed_at(self) -> Result<UnixMillis, Malformed> {
        self.0.signed_at().ok_or(Malformed { field: "timeStamp", kind: MalformedKind::NoTime })
    }

    /// `expireTime`: 14 or 17 digits in UTC.
    ///
    /// # Errors
    /// If it is missing or not a valid time.
    pub fn expire_time(self) -> Result<UnixMillis, Malformed> {
        let text = self.mandatory("expireTime")?;
        let no_time = Malformed { field: "expireTime", kind: MalformedKind::NoTime };
        UnixMillis::from_utc_digits(text).ok_or(no_time)
    }

    /// `instanceId`, mandatory.
    ///
    /// # Errors
    /// If it is missing or not an identifier.
    pub fn instance_id(self) -> Result<InstanceId, Malformed> {
        self.required("instanceId", InstanceId::parse)
    }

    /// The kit's `instanceId`. It is empty while a seller applies for credentials (decision F2).
    ///
    /// # Errors
    /// If the text is not an identifier.
    pub fn kit_instance_id(self) -> Result<Option<InstanceId>, Malformed> {
        self.optional("instanceId", InstanceId::parse)
    }

    /// The time when a kit change happened at the marketplace: the member `name`, in UTC+8. If the
    /// member is not a valid time, it is the time of the signature.
    ///
    /// # Errors
    /// If the time of the signature is not valid either.
    pub fn kit_time(self, name: &'static str) -> Result<UnixMillis, Malformed> {
        let time = self.text(name).and_then(UnixMillis::from_china_time_stamp);
        time.map_or_else(|| self.signed_at(), Ok)
    }

    /// A mandatory identifier.
    ///
    /// # Errors
    /// If it is missing or not an identifier.
    pub fn required<T>(
        self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, MalformedKind>,
    ) -> Result<T, Malformed> {
        parse(self.mandatory(name)?).map_err(|kind| Malformed { field: name, kind })
    }

    /// `orderId`, mandatory.
    ///
    /// # Errors
    /// If it is missing or not an identifier.
    pub fn order_id(self) -> Result<OrderId, Malformed> {
        self.required("orderId", OrderId::parse)
    }

    /// `orderLineId`: mandatory under V2. V1 does not have it.
    ///
    /// # Errors
    /// If it is missing or not an identifier.
    pub fn order_line_id(self) -> Result<Option<OrderLineId>, Malformed> {
        match self.contract() {
            Contract::V1 => Ok(None),
            Contract::V2 => self.required("orderLineId", OrderLineId::parse).map(Some),
        }
    }

    /// `productId`, mandatory.
    ///
    /// # Errors
    /// If it is missing or not an identifier.
    pub fn product_id(self) -> Result<ProductId, Malformed> {
        self.required("productId", ProductId::parse)
    }

    /// An optional identifier. A blank text counts as absent.
    ///
    /// # Errors
    /// If the text is not an identifier.
    pub fn optional<T>(
        self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, MalformedKind>,
    ) -> Result<Option<T>, Malformed> {
        match self.value(name) {
            None => Ok(None),
            Some(value) if value.as_text().is_some_and(|text| text.trim().is_empty()) => Ok(None),
            Some(_) => self.required(name, parse).map(Some),
        }
    }

    /// The fields of the request that the product gets.
    pub fn details(self, activity: Activity) -> Details {
        Details::of(self.0, activity)
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
