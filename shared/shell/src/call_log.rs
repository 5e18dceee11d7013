//! The log line of a callback. It has only the fields that are named here. No body, query, key,
//! signature, personal data or secret may be added (decision G5).

use std::time::Duration;

use domain::history::CallOutcome;
use domain::remark::Remark;
use protocol::message::Activity;
use protocol::result_code::ResultCode;
use protocol::signature::{Contract, Rejection, SignedForm, Verified};

use crate::call_error::CallError;
use crate::delivery::NoticeOutcome;
use crate::log_ids::LogIds;

/// The values of one callback's log line.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallLog {
    pub activity: Option<Activity>,
    pub form: Option<SignedForm>,
    pub rehearsal: bool,
    pub ids: LogIds,
    pub reads: usize,
    pub writes: usize,
    /// The outcome of the first attempt to notify the product, if there was one.
    pub notice: Option<NoticeOutcome>,
    /// Why the product did not answer, if it did not.
    pub cause: Option<&'static str>,
    outcome: Option<&'static str>,
    remarks: Vec<Remark>,
}

/// How a callback ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CallEnd {
    Replied,
    Rejected(Rejection),
    NotCarriedOut(CallError),
}

impl CallLog {
    /// The log line of a verified call.
    pub fn verified(activity: Option<Activity>, verified: &Verified) -> Self {
        let (form, ids) = (Some(verified.form()), LogIds::of_call(verified));
        Self { activity, form, ids, ..Self::default() }
    }

    /// Records the decision. A later decision replaces an earlier one.
    pub fn decided(&mut self, outcome: CallOutcome, remarks: Vec<Remark>) {
        self.outcome = Some(outcome.as_str());
        self.remarks = remarks;
    }

    /// Writes the line: a failure as ERROR, an alarm as WARN, every other end as INFO.
    pub fn write(&self, contract: Contract, code: ResultCode, end: CallEnd, took: Duration) {
        let remarks: Vec<_> = self.remarks.iter().map(|remark| remark.as_str()).collect();
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    contract = ?contract,
                    activity = self.activity.and_then(|activity| activity.word(contract)),
                    rehearsal = self.rehearsal.then_some(true),
                    orderId = self.ids.order_id,
                    orderLineId = self.ids.order_line_id,
                    instanceId = self.ids.instance_id,
                    tenantId = self.ids.tenant_id,
                    appId = self.ids.app_id,
                    businessId = self.ids.business_id,
                    form = self.form.map(form_word),
                    code = code.as_str(),
                    outcome = self.outcome(end),
                    fault = end.fault(),
                    remarks = (!remarks.is_empty()).then(|| remarks.join(" ")),
                    reads = self.reads,
                    writes = self.writes,
                    notice = self.notice.map(NoticeOutcome::as_str),
                    cause = self.cause,
                    millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                    "callback"
                )
            };
        }
        if self.is_failure(end) {
            line!(error);
        } else if self.remarks.iter().any(|remark| remark.is_alarm()) {
            line!(warn);
        } else {
            line!(info);
        }
    }

    /// Whether an operator must act now.
    fn is_failure(&self, end: CallEnd) -> bool {
        self.notice == Some(NoticeOutcome::GivenUp)
            || self.remarks.contains(&Remark::Revived)
            || matches!(end, CallEnd::NotCarriedOut(CallError::Failed(_)))
    }

    fn outcome(&self, end: CallEnd) -> &'static str {
        match end {
            CallEnd::Rejected(_) => "rejected",
            CallEnd::NotCarriedOut(CallError::Failed(_)) => "failed",
            CallEnd::NotCarriedOut(_) => "refused",
            CallEnd::Replied if self.rehearsal => "rehearsed",
            CallEnd::Replied => self.outcome.unwrap_or("looked-up"),
        }
    }
}

impl CallEnd {
    /// Why koohook did not carry out the call.
    fn fault(self) -> Option<String> {
        match self {
            Self::Replied => None,
            Self::Rejected(rejection) => Some(rejection.to_string()),
            Self::NotCarriedOut(error) => Some(error.to_string()),
        }
    }
}

const fn form_word(form: SignedForm) -> &'static str {
    match form {
        SignedForm::Received => "received",
        SignedForm::Canonical => "canonical",
        SignedForm::PlusKept => "plus-kept",
        SignedForm::Decoded => "decoded",
    }
}
