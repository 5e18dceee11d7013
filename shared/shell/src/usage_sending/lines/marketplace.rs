//! The lines about the marketplace's answers and the keys: one at the start of a trouble, one a
//! minute, and one at its end (decision I2).

use std::time::Duration;

use domain::alarm::AlarmKind;
use domain::usage::{Batch, UnprovenFault};
use protocol::open_api::AnswerCode;

use super::windows::meaning;
use crate::context::Context;
use crate::trouble_log::TroubleLog;
use crate::usage_sending::push::PushOutcome;
use crate::world::World;

/// The line of one request. It has the counts, and neither the records nor the signature.
pub(in crate::usage_sending) fn log_batch(batch: &Batch, outcome: &PushOutcome, took: Duration) {
    let records = &batch.records;
    let first = records.first().map(|record| &record.instance_id);
    let is_one = records.iter().all(|record| Some(&record.instance_id) == first);
    let reason = outcome.as_ref().map(|answer| answer.reason);
    tracing::info!(
        records = records.len(),
        instanceId = first.filter(|_| is_one).map(|id| id.as_str()),
        outcome = reason.map_or_else(|fault| fault.as_str(), |reason| reason.word()),
        status = reason.ok().map(|reason| reason.status()),
        code = reason.ok().and_then(|reason| reason.code()).map(|code| code.to_string()),
        millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "usage batch sent"
    );
}

/// The marketplace rejects the key. All usage waits.
pub(in crate::usage_sending) fn log_key_refused<W: World>(
    context: &Context<W>,
    outcome: &PushOutcome,
) {
    context.seen.fault(AlarmKind::UsageKey, 1);
    if let Some(repeated) = occurred(context, &context.troubles.usage_key) {
        let reason = reason_of(outcome);
        let advice = KEY_REFUSED;
        tracing::error!(reason, repeated, advice, "marketplace rejects the key of usage");
    }
}

/// The marketplace rejected the key, and koohook waits before it tries again.
pub(in crate::usage_sending) fn log_waiting_for_key<W: World>(context: &Context<W>) {
    context.seen.fault(AlarmKind::UsageKey, 1);
    if let Some(repeated) = occurred(context, &context.troubles.usage_key) {
        let (reason, advice) = ("rejected three times in five minutes", KEY_REFUSED);
        tracing::error!(reason, repeated, advice, "marketplace rejects the key of usage");
    }
}

/// Usage is due, and this process has no key.
pub(in crate::usage_sending) fn log_no_key<W: World>(context: &Context<W>) {
    context.seen.fault(AlarmKind::UsageKey, 1);
    if let Some(repeated) = occurred(context, &context.troubles.usage_key) {
        let advice = "set KOOHOOK_BASE_KEY where the relay runs";
        tracing::error!(repeated, advice, "usage is due, and the relay has no base key");
    }
}

/// The answer is in no table of the guides. All usage waits.
pub(in crate::usage_sending) fn log_unknown_answer<W: World>(
    context: &Context<W>,
    outcome: &PushOutcome,
) {
    if let Some(repeated) = occurred(context, &context.troubles.usage_answers) {
        let (reason, advice) = (reason_of(outcome), UNKNOWN_ANSWER);
        tracing::error!(reason, repeated, advice, "marketplace's answer to usage is unknown");
    }
}

/// The marketplace rejects records, and has received none within the last hour.
pub(in crate::usage_sending) fn log_all_rejected<W: World>(
    context: &Context<W>,
    fault: &UnprovenFault,
) {
    if let Some(repeated) = occurred(context, &context.troubles.usage_answers) {
        let UnprovenFault { count, code } = fault;
        tracing::error!(
            count,
            code,
            reason = meaning(code),
            repeated,
            advice = advice_of(code),
            "marketplace rejects all usage, and it waits"
        );
    }
}

/// What an operator does if the marketplace rejects all usage with a code.
fn advice_of(code: &str) -> &'static str {
    match AnswerCode::parse(code).map(|code| code.number) {
        Some(102) => WRONG_SIGNATURE,
        Some(150 | 9001) => NOT_FOUND,
        Some(_) | None => ALL_REJECTED,
    }
}

/// The marketplace does not answer, or fails. The batch waits.
pub(in crate::usage_sending) fn log_down<W: World>(context: &Context<W>, outcome: &PushOutcome) {
    if let Some(repeated) = occurred(context, &context.troubles.usage_down) {
        let (reason, advice) = (reason_of(outcome), DOWN);
        tracing::warn!(reason, repeated, advice, "marketplace does not receive usage");
    }
}

/// The marketplace received a batch: the troubles are over. If it failed in this run, a later run
/// ends that trouble: failures and successes that alternate would write a line each.
pub(in crate::usage_sending) fn log_received<W: World>(context: &Context<W>, has_failed: bool) {
    context.seen.fine(AlarmKind::UsageKey);
    let troubles = &context.troubles;
    if let Some(count) = troubles.usage_key.ended() {
        tracing::info!(count, "marketplace accepts the key of usage again");
    }
    let now = context.world.elapsed();
    let down = &troubles.usage_down;
    let down = if has_failed { down.succeeded(now) } else { down.ended() };
    if let Some(count) = down.max(troubles.usage_answers.succeeded(now)) {
        tracing::info!(count, "marketplace receives usage again");
    }
}

/// Counts an occurrence. `None` if it is not to be logged now; `Some(None)` for the first one.
fn occurred<W: World>(context: &Context<W>, trouble: &TroubleLog) -> Option<Option<u64>> {
    let count = trouble.occurred(context.world.elapsed())?;
    Some(Some(count).filter(|count| *count > 1))
}

fn reason_of(outcome: &PushOutcome) -> String {
    outcome.as_ref().map_or_else(ToString::to_string, |answer| answer.reason.to_string())
}

const KEY_REFUSED: &str = "correct KOOHOOK_BASE_KEY; if the gateway asks for the API key as well, set KOOHOOK_USAGE_AKSK=also; \
     no usage is lost";
const UNKNOWN_ANSWER: &str = "compare KOOHOOK_OPENAPI_HOST with the site of the console; look for a newer koohook; no usage is lost";
const WRONG_SIGNATURE: &str =
    "compare KOOHOOK_BASE_KEY with the key in the console; no usage is lost";
const NOT_FOUND: &str = "check in the console that the products are published, and that the instances exist; run koohook \
     usage list; no usage is lost";
const ALL_REJECTED: &str = "check in the console that the products are published; run koohook usage list; no usage is lost";
const DOWN: &str = "check the connection to KOOHOOK_OPENAPI_HOST; no usage is lost";
