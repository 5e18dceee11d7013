//! The calls that name an instance alone: its status, its end, and questions about it.

use super::fields::split_ids;
use super::malformed::MalformedKind;
use super::{Activity, Details, Fields, InstanceId, Malformed, OrderId, OrderLineId};
use crate::json::Json;
use crate::signature::{Contract, Verified};
use crate::time::UnixMillis;

/// Freeze or thaw: V1 `expireInstance` and `instanceStatus`, V2 `updateInstanceStatus`.
#[derive(Clone, Debug)]
pub struct StatusChange {
    /// Which instance.
    pub instance_id: InstanceId,
    /// The cause of a freeze; `None` thaws.
    pub freeze: Option<Freeze>,
    /// The order that the call names, if it does: the purchase.
    pub order_id: Option<OrderId>,
    /// When the call was signed.
    pub signed_at: UnixMillis,
    /// What the product is told.
    pub details: Details,
}

/// What freezes an instance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freeze {
    /// V1 `expireInstance`: the term is over.
    Expiry,
    /// V1 `instanceStatus`, V2 `updateInstanceStatus`.
    Status,
}

impl StatusChange {
    /// Reads V1's `expireInstance`. Its table marks `orderId` mandatory and its example has none.
    ///
    /// # Errors
    /// Where a mandatory field is missing or an identifier is none.
    pub fn read_expiry(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        Ok(Self {
            instance_id: fields.instance_id()?,
            freeze: Some(Freeze::Expiry),
            order_id: fields.optional("orderId", OrderId::parse)?,
            signed_at: fields.signed_at()?,
            details: fields.details(Activity::ExpireInstance),
        })
    }

    /// Reads V1's `instanceStatus` or V2's `updateInstanceStatus`.
    ///
    /// # Errors
    /// Where a mandatory field is missing, an identifier is none, or the status is of no list or
    /// of the other contract's.
    pub fn read_status(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let freeze = match fields.contract() {
            Contract::V1 => {
                fields.word("instanceStatus", &[("FREEZE", Some(Freeze::Status)), ("NORMAL", None)])
            }
            Contract::V2 => {
                fields.word("status", &[("FREEZE", Some(Freeze::Status)), ("UNFREEZE", None)])
            }
        };
        Ok(Self {
            instance_id: fields.instance_id()?,
            freeze: freeze?,
            order_id: None,
            signed_at: fields.signed_at()?,
            details: fields.details(Activity::UpdateInstanceStatus),
        })
    }
}

/// The end (both guides, "releasing an instance").
#[derive(Clone, Debug)]
pub struct ReleaseInstance {
    /// Which instance.
    pub instance_id: InstanceId,
    /// V1: the purchase. V2: the order that unsubscribed, if one did.
    pub order_id: Option<OrderId>,
    /// Its line.
    pub order_line_id: Option<OrderLineId>,
    /// What the product is told.
    pub details: Details,
}

impl ReleaseInstance {
    /// Reads a call.
    ///
    /// # Errors
    /// Where a mandatory field is missing or an identifier is none.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        Ok(Self {
            instance_id: fields.instance_id()?,
            order_id: fields.optional("orderId", OrderId::parse)?,
            order_line_id: fields.optional("orderLineId", OrderLineId::parse)?,
            details: fields.details(Activity::ReleaseInstance),
        })
    }
}

/// The marketplace asks for access data (both guides, "querying an instance").
#[derive(Clone, Debug)]
pub struct QueryInstance {
    /// Whose; 1 to 100, each once, in the order asked.
    pub instance_ids: Vec<InstanceId>,
    /// The whole text, if it is several IDs or one: an older server may have given an ID with a
    /// comma in it (decision C7). IDs of ours have none, and two of them are longer than one may be.
    pub undivided: Option<InstanceId>,
}

/// The guide's limit on instance IDs in one query.
const MAX_IDS: usize = 100;

impl QueryInstance {
    /// Reads a call.
    ///
    /// # Errors
    /// Where no ID or more than 100 stand there, or one is no identifier.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let ids = Self::rehearsed_ids(verified)?;
        let parse = |id: &String| {
            InstanceId::parse(id).map_err(|kind| Malformed { field: "instanceId", kind })
        };
        let text = Fields::of(verified).mandatory("instanceId")?;
        let undivided = InstanceId::parse(text).ok().filter(|_| text.contains(','));
        Ok(Self { instance_ids: ids.iter().map(parse).collect::<Result<_, _>>()?, undivided })
    }

    /// The IDs that a rehearsal echoes, whatever they look like.
    ///
    /// # Errors
    /// Where no ID or more than 100 stand there.
    pub fn rehearsed_ids(verified: &Verified) -> Result<Vec<String>, Malformed> {
        let ids = split_ids(Fields::of(verified).mandatory("instanceId")?);
        let malformed = |kind| Err(Malformed { field: "instanceId", kind });
        match ids.len() {
            0 => malformed(MalformedKind::Missing),
            1..=MAX_IDS => Ok(ids.into_iter().map(str::to_owned).collect()),
            _ => malformed(MalformedKind::TooMany),
        }
    }
}

/// May this instance change at its renewal? (V2 guide, "checking a change".)
#[derive(Clone, Debug)]
pub struct ChangeInstanceCheck {
    /// Which instance.
    pub instance_id: InstanceId,
}

impl ChangeInstanceCheck {
    /// Reads a call. `productInfo` may be an object, an array, or a string that holds either:
    /// the guide's page shows none of them.
    ///
    /// # Errors
    /// Where a mandatory field is missing or of the wrong type, or the ID is no identifier.
    pub fn read(verified: &Verified) -> Result<Self, Malformed> {
        let fields = Fields::of(verified);
        let instance_id = fields.instance_id()?;
        let malformed = |kind| Malformed { field: "productInfo", kind };
        match fields.value("productInfo") {
            Some(Json::Array(_) | Json::Object(_)) => Ok(Self { instance_id }),
            Some(Json::Text(text)) if !text.trim().is_empty() => match Json::parse(text) {
                Ok(Json::Array(_) | Json::Object(_)) => Ok(Self { instance_id }),
                _ => Err(malformed(MalformedKind::WrongType)),
            },
            None | Some(Json::Null | Json::Text(_)) => Err(malformed(MalformedKind::Missing)),
            Some(Json::Bool(_) | Json::Number(_)) => Err(malformed(MalformedKind::WrongType)),
        }
    }
}
