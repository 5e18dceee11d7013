//! Reports usage to the marketplace: the usage push of pay-per-use products (both guides, page
//! "usage push (new)"; decisions J3, J4).
//!
//! `request` builds and signs the request, as [`UsagePush`]. `answer` reads the answer with
//! [`read_usage_answer`]; `reason` says why, and `record_code` has the codes of single records. This
//! module does not send the request.

mod answer;
mod reason;
mod record_code;
mod request;

pub use answer::{PushVerdict, RecordAnswer, UsageAnswer, read_usage_answer};
pub use reason::{PushReason, message_of};
pub use record_code::{RecordCode, RecordCodeVerdict};
pub use request::{MAX_RECORDS, PushedRecord, UsagePush, UsagePushRequest};
