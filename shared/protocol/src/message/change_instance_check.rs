//! `changeInstanceCheck`: the marketplace asks whether an instance may change at its renewal.

use super::malformed::MalformedKind;
use super::{Fields, InstanceId, Malformed};
use crate::json::Json;
use crate::signature::Verified;

/// The call that asks whether an instance may change at its renewal (V2 guide, "checking a
/// change").
#[derive(Clone, Debug)]
pub struct ChangeInstanceCheck {
    /// The instance.
    pub instance_id: InstanceId,
}

impl ChangeInstanceCheck {
    /// Reads a call. `productInfo` may be an object, an array, or a string that contains one of
    /// them: the guide's page does not show its form.
    ///
    /// # Errors
    /// If a mandatory field is missing or of the wrong type, or the ID is not an identifier.
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
