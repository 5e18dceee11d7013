//! How a call ended, for its answer and its log line.

use protocol::access_key::AccessKey;
use protocol::message::Reply;
use protocol::signature::Rejection;

use crate::call_error::CallError;
use crate::call_log::{CallEnd, CallLog};

/// A verified call: the key that verified it, and its log line before its first step.
pub(super) struct Matched {
    pub key: AccessKey,
    pub log: CallLog,
}

/// The reply to a call, and how the call ended.
pub(super) struct Done {
    pub reply: Reply,
    pub end: CallEnd,
    pub log: CallLog,
}

impl Done {
    pub fn rejected(rejection: Rejection) -> Self {
        let end = CallEnd::Rejected(rejection);
        Self { reply: Reply::of(rejection.into()), end, log: CallLog::default() }
    }

    pub fn not_carried_out(error: CallError, log: CallLog) -> Self {
        Self { reply: Reply::of(error.into()), end: CallEnd::NotCarriedOut(error), log }
    }
}
