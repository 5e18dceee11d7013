//! The lines about windows: late, rejected and deleted ones.

use std::collections::BTreeSet;

use domain::usage::{
    Lateness, OutgoingRecord, SendOutcome, Settlement, TakenUsage, UsageRecord, UsageWindow,
};
use protocol::message::InstanceId;
use protocol::open_api::AnswerCode;
use protocol::usage::{RecordCode, message_of};

use crate::context::Context;
use crate::usage_sending::UsageCounts;
use crate::world::World;

/// What an operator must learn at the end of a run.
#[derive(Debug, Default)]
pub(in crate::usage_sending) struct UsageLines {
    late: LateWindows,
    missing: LateWindows,
    rejected: Alarms,
    dropped: Alarms,
}

/// Late windows of one level.
#[derive(Debug, Default)]
struct LateWindows {
    count: usize,
    instances: BTreeSet<InstanceId>,
    oldest: Option<(UsageWindow, InstanceId)>,
}

/// Windows that have a line each.
#[derive(Debug, Default)]
struct Alarms {
    first: Vec<Alarm>,
    count: usize,
}

#[derive(Debug)]
struct Alarm {
    instance: InstanceId,
    window: UsageWindow,
    code: Option<String>,
}

/// How many windows have a line in a run. The others are counted.
const MAX_LINES: usize = 10;

impl UsageLines {
    /// Adds what the taking of a value showed.
    pub fn add_taken(&mut self, instance: &InstanceId, taken: &TakenUsage) {
        for (window, lateness) in &taken.late {
            self.add_late(instance, *window, *lateness);
        }
        for UsageRecord { window, .. } in &taken.dropped {
            self.dropped.add(Alarm { instance: instance.clone(), window: *window, code: None });
        }
    }

    /// Adds what a settlement changed.
    pub fn add_settled(
        &mut self,
        record: &OutgoingRecord,
        outcome: &SendOutcome,
        settled: Settlement,
    ) {
        let OutgoingRecord { instance_id, window, .. } = record;
        self.add_late(instance_id, *window, settled.late);
        if settled.rejected {
            let (instance, code) = (instance_id.clone(), code_of(outcome));
            self.rejected.add(Alarm { instance, window: *window, code });
        }
    }

    fn add_late(&mut self, instance: &InstanceId, window: UsageWindow, lateness: Lateness) {
        match lateness {
            Lateness::InTime => (),
            Lateness::Late => self.late.add(instance, window),
            Lateness::Missing => self.missing.add(instance, window),
        }
    }

    /// Writes the lines, and counts them.
    pub fn write<W: World>(&self, context: &Context<W>, counts: &mut UsageCounts) {
        counts.late += self.late.count + self.missing.count;
        counts.rejected += self.rejected.count;
        counts.dropped += self.dropped.count;
        let advice = late_advice(context.settings.usage.is_on());
        self.write_late(advice);
        self.write_missing(advice);
        self.write_rejected();
        self.write_dropped();
    }

    fn write_late(&self, advice: &str) {
        let Some((window, instance)) = &self.late.oldest else { return };
        tracing::warn!(
            count = self.late.count,
            instances = self.late.instances.len(),
            instanceId = instance.as_str(),
            windowEnd = window.end().to_rfc3339(),
            advice,
            "usage is late"
        );
    }

    fn write_missing(&self, advice: &str) {
        let Some((window, instance)) = &self.missing.oldest else { return };
        tracing::error!(
            count = self.missing.count,
            instances = self.missing.instances.len(),
            instanceId = instance.as_str(),
            windowEnd = window.end().to_rfc3339(),
            advice,
            "usage will miss its deadline"
        );
    }

    fn write_rejected(&self) {
        for Alarm { instance, window, code } in &self.rejected.first {
            tracing::error!(
                instanceId = instance.as_str(),
                windowBegin = window.begin().to_rfc3339(),
                windowEnd = window.end().to_rfc3339(),
                code = code.as_deref(),
                reason = code.as_deref().and_then(meaning),
                advice = REJECTED,
                "usage rejected"
            );
        }
        if self.rejected.count > MAX_LINES {
            tracing::error!(
                count = self.rejected.count,
                advice = "run koohook usage list --state rejected",
                "more usage rejected in this run"
            );
        }
    }

    fn write_dropped(&self) {
        for Alarm { instance, window, .. } in &self.dropped.first {
            tracing::error!(
                instanceId = instance.as_str(),
                windowBegin = window.begin().to_rfc3339(),
                windowEnd = window.end().to_rfc3339(),
                advice = DROPPED,
                "usage dropped"
            );
        }
        if self.dropped.count > MAX_LINES {
            tracing::error!(
                count = self.dropped.count,
                advice = DROPPED,
                "more usage dropped in this run"
            );
        }
    }
}

impl LateWindows {
    fn add(&mut self, instance: &InstanceId, window: UsageWindow) {
        self.count += 1;
        self.instances.insert(instance.clone());
        let is_oldest = self.oldest.as_ref().is_none_or(|(oldest, _)| window.end() < oldest.end());
        if is_oldest {
            self.oldest = Some((window, instance.clone()));
        }
    }
}

impl Alarms {
    fn add(&mut self, alarm: Alarm) {
        self.count += 1;
        if self.first.len() < MAX_LINES {
            self.first.push(alarm);
        }
    }
}

fn code_of(outcome: &SendOutcome) -> Option<String> {
    match outcome {
        SendOutcome::Sent => None,
        SendOutcome::Again { code, .. }
        | SendOutcome::Refused { code, .. }
        | SendOutcome::Rejected { code } => Some(code.clone()),
    }
}

/// What the guide says about a code of an answer, or of one record.
pub(super) fn meaning(code: &str) -> Option<&'static str> {
    let of_answer = AnswerCode::parse(code).and_then(|code| message_of(code.number));
    of_answer.or_else(|| RecordCode::parse(code).map(RecordCode::meaning))
}

const fn late_advice(is_on: bool) -> &'static str {
    if is_on {
        "check the lines about usage before this one, and the connection to the marketplace; run koohook \
         usage list"
    } else {
        "this process sends no usage; set KOOHOOK_BASE_KEY where the relay runs, and KOOHOOK_OPENAPI_HOST \
         for koohook dev"
    }
}

const REJECTED: &str =
    "run koohook usage show with this instanceId; correct the cause, then run koohook usage again";
const DROPPED: &str =
    "the marketplace refuses usage that began 21 days ago; bill the buyer in another way";
