//! A notice: the message that informs the product about a change. It is stored in the same write as
//! the change.
//!
//! A decision makes a [`NoticeDraft`]. The outbox stores it as a [`Notice`]. The delivery sends it
//! as one or more [`Message`]s.

mod contacts;
mod draft;
mod kind;
mod message;
mod size;
#[cfg(test)]
mod tests;
mod voided;

use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::kit_list::PartName;

pub use draft::NoticeDraft;
pub use kind::NoticeType;
pub use message::{Message, Part};
pub use size::MAX_NOTICE_LEN;

/// A stored notice that is not delivered yet.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Notice {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: NoticeType,
    /// When the change was decided.
    pub at: UnixMillis,
    /// Its sequence and all its other members.
    pub data: Map<String, Value>,
}

impl Notice {
    /// Its number among the notices of the entity: 1, 2, 3 …
    pub fn sequence(&self) -> u64 {
        self.data.get("sequence").and_then(Value::as_u64).unwrap_or_default()
    }

    /// Removes the buyer's phone and e-mail. It is called if no product needs them (decision D1).
    pub(crate) fn forget_contacts(&mut self) {
        contacts::remove_contacts(&mut self.data);
    }

    /// The parts that contain the items of a list.
    pub fn parts(&self) -> impl Iterator<Item = PartName> {
        let parts = self.data.get("parts").and_then(Value::as_array);
        let names = parts.into_iter().flatten().filter_map(Value::as_str);
        names.filter_map(|name| PartName::try_from(name.to_owned()).ok())
    }

    /// The same notice with one more member, cut again to [`MAX_NOTICE_LEN`]. The change gives the
    /// notice another ID, so only a notice that was never offered may change.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self.fit()
    }
}
