//! The log line of a callback. It has only the fields that are named here. No body, query, key,
//! signature, personal data or secret may be added (decision G5).

use std::sync::Arc;
use std::time::Duration;

use domain::history::CallOutcome;
use domain::remark::Remark;
use protocol::access_key::Keyring;
use protocol::message::{Activity, Fields};
use protocol::result_code::ResultCode;
use protocol::signature::{Contract, Interface, Rejection, SignedForm, Verified};

use crate::call_error::CallError;
use crate::call_origin::CallOrigin;
use crate::delivery::NoticeOutcome;
use crate::log_ids::LogIds;
use crate::metrics::{CalledBack, Metrics};

/// The values of one callback's log line that its steps add.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallLog {
    pub activity: Option<Activity>,
    pub form: Option<SignedForm>,
    /// Which access key verified the call: `current` or `previous`.
    key: Option<&'static str>,
    interface: Option<Interface>,
    /// Whether the call has a secret that only the private key decrypts.
    has_secret: bool,
    pub rehearsal: bool,
    pub ids: LogIds,
    pub reads: usize,
    pub writes: usize,
    /// How long the reads and writes took, added up.
    pub store: Duration,
    /// How long the first attempt took, without the store. `None` if there was none.
    pub product: Option<Duration>,
    /// The outcome of the first attempt to notify the product, if there was one.
    pub notice: Option<NoticeOutcome>,
    /// Why the product did not answer, if it did not.
    pub cause: Option<&'static str>,
    outcome: Option<&'static str>,
    remarks: Vec<Remark>,
}

/// When a call was received, and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    /// The contract of the call's route.
    pub contract: Contract,
    /// When it was received, as the world's elapsed time.
    pub at: Duration,
    /// `None` if no host made the request.
    pub origin: Option<Arc<CallOrigin>>,
}

/// How a callback ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CallEnd {
    Replied,
    Rejected(Rejection),
    NotCarriedOut(CallError),
}

/// What a line says about the calls before it.
#[derive(Clone, Copy, Debug, Default)]
struct LineNotes {
    /// Whether a trouble with timestamps is to be logged now.
    is_alarm: bool,
    /// How many times it has occurred, if not once.
    repeated: Option<u64>,
    /// How many lines were left out before this one, if any.
    unlogged: Option<u64>,
}

/// Writes the line of a call at a level.
macro_rules! line {
    ($level:ident, $log:expr, $receipt:expr, $code:expr, $end:expr, $took:expr, $notes:expr) => {{
        let origin = $receipt.origin.as_deref();
        tracing::$level!(
            requestId = origin.and_then(|origin| origin.request_id.as_deref()),
            address = origin.and_then(|origin| origin.address).map(tracing::field::display),
            function = origin.map(|origin| origin.process.function),
            contract = ?$receipt.contract,
            activity = $log.activity.and_then(|activity| activity.word($receipt.contract)),
            rehearsal = $log.rehearsal.then_some(true),
            orderId = $log.ids.order_id,
            orderLineId = $log.ids.order_line_id,
            instanceId = $log.ids.instance_id,
            tenantId = $log.ids.tenant_id,
            appId = $log.ids.app_id,
            businessId = $log.ids.business_id,
            form = $log.form.map(form_word),
            key = $log.key,
            code = $code.as_str(),
            outcome = $log.outcome($end),
            fault = $end.fault(),
            remarks = $log.remarks_text(),
            reads = $log.reads,
            writes = $log.writes,
            storeMillis = millis($log.store),
            productMillis = $log.product.map(millis),
            notice = $log.notice.map(NoticeOutcome::as_str),
            cause = $log.cause,
            millis = millis($took),
            coldStart = origin.filter(|origin| origin.process.is_cold_start()).map(|_| true),
            unlogged = $notes.unlogged,
            repeated = $notes.repeated,
            "callback"
        )
    }};
}

impl CallLog {
    /// The log line of a verified call.
    pub fn verified(activity: Option<Activity>, verified: &Verified, keys: &Keyring) -> Self {
        let (form, ids) = (Some(verified.form()), LogIds::of_call(verified));
        let is_current = *verified.key() == keys.current;
        let key = Some(if is_current { "current" } else { "previous" });
        let interface = Some(verified.interface());
        let is_sync = activity == Some(Activity::ApplicationSync);
        let has_secret = is_sync && Fields::of(verified).text("clientSecret").is_some();
        Self { activity, form, key, ids, interface, has_secret, ..Self::default() }
    }

    /// Records the decision. A later decision replaces an earlier one.
    pub fn decided(&mut self, outcome: CallOutcome, remarks: Vec<Remark>) {
        self.outcome = Some(outcome.as_str());
        self.remarks = remarks;
    }

    /// Writes the line: a failure as ERROR, an alarm as WARN, every other end as INFO. Of the calls
    /// that are rejected, only some have a line.
    pub fn write(&self, receipt: &Receipt, code: ResultCode, end: CallEnd, took: Duration) {
        let Some(notes) = end.notes(receipt, took) else { return };
        if self.is_failure(end) {
            line!(error, self, receipt, code, end, took, notes);
        } else if notes.is_alarm || self.remarks.iter().any(|remark| remark.is_alarm()) {
            line!(warn, self, receipt, code, end, took, notes);
        } else {
            line!(info, self, receipt, code, end, took, notes);
        }
        end.log_recovery(receipt, took);
    }

    /// Counts the call in the metrics. `took` is the time since its receipt.
    pub fn count(
        &self,
        metrics: &Metrics,
        receipt: &Receipt,
        code: ResultCode,
        end: CallEnd,
        took: Duration,
    ) {
        let is_good =
            self.rehearsal && matches!(end, CallEnd::Replied) && code == ResultCode::Success;
        metrics.called_back(&CalledBack {
            function: receipt.origin.as_deref().map(|origin| origin.process.function),
            contract: receipt.contract,
            activity: self.activity.and_then(|activity| activity.word(receipt.contract)),
            code,
            outcome: self.outcome(end),
            rehearsed: is_good.then(|| receipt.at.saturating_add(took)),
            took,
        });
        match end {
            CallEnd::Rejected(rejection) => metrics.rejected(receipt.contract, rejection),
            CallEnd::NotCarriedOut(CallError::Failed(failure)) => {
                metrics.failed("callback", failure)
            }
            CallEnd::NotCarriedOut(_) | CallEnd::Replied => (),
        }
        self.count_keys(metrics, end);
    }

    fn count_keys(&self, metrics: &Metrics, end: CallEnd) {
        if let (Some(interface), Some(key)) = (self.interface, self.key) {
            let name = if interface == Interface::Base { "base" } else { "kit" };
            metrics.key_matched(name, key == "current");
        }
        if self.has_secret && self.outcome.is_some() && matches!(end, CallEnd::Replied) {
            metrics.key_matched("rsa", !self.remarks.contains(&Remark::LaterRsaKey));
        }
    }

    fn remarks_text(&self) -> Option<String> {
        let remarks: Vec<_> = self.remarks.iter().map(|remark| remark.as_str()).collect();
        (!remarks.is_empty()).then(|| remarks.join(" "))
    }

    /// Whether an operator must act now. If a notice was given up, the line of its offer says so.
    fn is_failure(&self, end: CallEnd) -> bool {
        self.remarks.contains(&Remark::Revived)
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
    /// What the line says about the calls before it. `None` if the call has no line: a call that is
    /// not verified has a line only if there are few of them.
    fn notes(self, receipt: &Receipt, took: Duration) -> Option<LineNotes> {
        let Self::Rejected(rejection) = self else { return Some(LineNotes::default()) };
        let process = receipt.origin.as_deref().map(|origin| &origin.process);
        if rejection.is_signed() {
            // The marketplace signed the call, so a clock or a setting is wrong.
            let at = receipt.at.saturating_add(took);
            let count = process.map_or(Some(1), |process| process.untimely.occurred(at));
            let repeated = count.filter(|count| *count > 1);
            return Some(LineNotes { is_alarm: count.is_some(), repeated, unlogged: None });
        }
        let Some(process) = process else { return Some(LineNotes::default()) };
        process.unproven.signature_refused();
        let unlogged = process.unproven.begin()?;
        Some(LineNotes { unlogged: Some(unlogged).filter(|it| *it > 0), ..LineNotes::default() })
    }

    /// Logs the end of a trouble with timestamps, if this call shows it. Calls of V1 do not: their
    /// timestamps are always accepted.
    fn log_recovery(self, receipt: &Receipt, took: Duration) {
        let is_timely = !matches!(self, Self::Rejected(_)) && receipt.contract == Contract::V2;
        let Some(origin) = receipt.origin.as_deref().filter(|_| is_timely) else { return };
        if let Some(count) = origin.process.untimely.succeeded(receipt.at.saturating_add(took)) {
            tracing::info!(count, "timestamps are accepted again");
        }
    }

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

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
