//! What the relay takes from an instance's usage to send it (decision J3).

use protocol::message::InstanceId;
use protocol::time::UnixMillis;

use super::cycle::{Lateness, UsageCycle};
use super::instance_usage::InstanceUsage;
use super::quantity::Quantity;
use super::send_time::{is_due, retry_at};
use super::usage_record::{UsageRecord, WaitingRecord};
use super::window::UsageWindow;
use crate::instance::ClockTrust;

/// The rules of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TakeRules {
    /// When usage is late.
    pub cycle: UsageCycle,
    /// Whether old windows may be deleted.
    pub clock: ClockTrust,
    /// Whether the run can send. Otherwise only time passes.
    pub may_send: bool,
}

/// What a run takes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TakenUsage {
    /// The records to send. They are fixed: the value must be stored before they are sent.
    pub outgoing: Vec<OutgoingRecord>,
    /// When the oldest window ended that was due.
    pub oldest: Option<UnixMillis>,
    /// The windows of which an operator must learn now, with how late they are.
    pub late: Vec<(UsageWindow, Lateness)>,
    /// The windows that waited for 21 days and are deleted: the marketplace would refuse them.
    pub dropped: Vec<UsageRecord>,
}

/// A record to send. Every sending of it has the same members (decision J2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OutgoingRecord {
    /// The instance.
    pub instance_id: InstanceId,
    /// The window.
    pub window: UsageWindow,
    /// The usage.
    pub quantity: Quantity,
    /// The package instance from which the marketplace deducts it.
    pub package: Option<InstanceId>,
    /// The number of the sending.
    pub number: u32,
    /// The marketplace's `record_time`.
    pub record_time: UnixMillis,
    /// A batch with this record may have at most so many records.
    pub at_most: Option<u16>,
    /// Since when the marketplace refuses it for a reason that may go away.
    pub refused_since: Option<UnixMillis>,
}

impl OutgoingRecord {
    /// The unique ID of this sending.
    pub fn metering_sn(&self) -> String {
        self.window.metering_sn(&self.instance_id, self.number)
    }
}

impl InstanceUsage {
    /// Takes what is due. Until the next five minutes, no other run takes it. Old windows are deleted
    /// by the rules of decision D12.
    pub fn take(&mut self, rules: TakeRules, now: UnixMillis) -> TakenUsage {
        let mut taken = TakenUsage::default();
        if rules.clock == ClockTrust::Trusted {
            taken.dropped = self.pass(now);
        }
        let Self { instance_id, records, .. } = self;
        for record in records {
            let window = record.window;
            // The marketplace rejects a window that ends after its record time.
            let waits =
                |waiting: &&mut WaitingRecord| is_due(waiting.next, now) && window.end() <= now;
            let Some(waiting) = record.waiting_mut().filter(waits) else { continue };
            let was_fixed = waiting.record_time.is_some();
            waiting.next = retry_at(now);
            taken.oldest = Some(taken.oldest.map_or(window.end(), |it| it.min(window.end())));
            if rules.may_send {
                waiting.record_time.get_or_insert(now.whole_second());
            }
            // A first sending comes before an alarm.
            let tells = was_fixed || !rules.may_send;
            let late_at = if rules.may_send { before_last_run(now) } else { now };
            let lateness =
                if tells { waiting.tell(rules.cycle, window, late_at) } else { Lateness::InTime };
            taken.late.extend((lateness > Lateness::InTime).then_some((window, lateness)));
            if rules.may_send {
                taken.outgoing.extend(OutgoingRecord::of(instance_id, record));
            }
        }
        taken
    }

    /// Makes everything that waits due, at an operator's word. Returns how many windows.
    pub fn make_due(&mut self, now: UnixMillis) -> usize {
        let now = now.whole_second();
        let waiting = self.records.iter_mut().filter_map(UsageRecord::waiting_mut);
        waiting.map(|waiting| waiting.next = waiting.next.min(now)).count()
    }
}

/// Of a record that is sent now, the answer tells how late it is. A run that died before its answer
/// told nothing: what was late then is told at the next sending.
fn before_last_run(now: UnixMillis) -> UnixMillis {
    UnixMillis::new(now.millis().saturating_sub(LAST_RUN_MILLIS))
}

/// More than the pause between two sendings: five minutes, and the run that takes the record.
const LAST_RUN_MILLIS: u64 = 6 * 60 * 1_000;

impl OutgoingRecord {
    fn of(instance: &InstanceId, record: &UsageRecord) -> Option<Self> {
        let UsageRecord { window, quantity, package, number, .. } = record.clone();
        let waiting = record.waiting()?;
        let WaitingRecord { record_time, at_most, refused_since, .. } = waiting.clone();
        let (instance_id, record_time) = (instance.clone(), record_time?);
        Some(Self {
            instance_id,
            window,
            quantity,
            package,
            number,
            record_time,
            at_most,
            refused_since,
        })
    }
}

impl WaitingRecord {
    /// How late the window is, if an operator has not learned it yet.
    pub(super) fn tell(
        &mut self,
        cycle: UsageCycle,
        window: UsageWindow,
        now: UnixMillis,
    ) -> Lateness {
        let lateness = cycle.lateness(window.end(), now);
        if lateness > self.told {
            self.told = lateness;
            lateness
        } else {
            Lateness::InTime
        }
    }
}
