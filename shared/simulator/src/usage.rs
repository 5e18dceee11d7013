//! The marketplace's usage interface (*Pushing usage (new)* of both guides): it receives usage
//! records, checks them in the background, and makes bills.
//!
//! [`UsageMarketplace`] is a state machine without a clock: the caller passes `now`, in milliseconds
//! since 1970-01-01T00:00:00Z. A test knows instances, passes each request to
//! [`receive`](UsageMarketplace::receive), lets [`run_background`](UsageMarketplace::run_background)
//! and [`collect`](UsageMarketplace::collect) run, and asks what was billed.
//!
//! The guides leave much open. If one reading is stricter, this module takes it; if a test needs
//! both, [`UsageRules`] has a switch.
//!
//! - `answer`, `fault`: the answers, the table of error codes, and the faults that a test orders.
//! - `request`, `signature`, `aksk`: the checks of a request before its body.
//! - `body`, `record`, `stamp`, `amount`: the records of a body, their times and values.
//! - `instance`, `ledger`, `cycle`: the instances, the check in the background, and the bills.
//! - `questions`: what a test asks afterwards.

mod aksk;
mod amount;
mod answer;
mod body;
mod cycle;
mod fault;
mod instance;
mod ledger;
mod questions;
mod record;
mod request;
mod signature;
mod stamp;

use std::collections::{BTreeSet, VecDeque};

use self::aksk::AkLock;
pub use self::aksk::AkSk;
pub use self::answer::CodePrefix;
use self::answer::{Refusal, WrittenAnswer};
pub use self::cycle::BillingCycle;
use self::fault::Course;
pub use self::fault::{UsageFault, UsageReply};
pub use self::instance::SimulatedInstance;
use self::ledger::{Instances, Ledger, is_too_old};
pub use self::questions::ReceivedRequest;
pub use self::record::{ReceivedRecord, RecordCode, RecordState};
pub use self::request::PATH;
use self::request::{Proof, UsageRequest};
use self::signature::Readings;

/// The marketplace as a seller's usage reports meet it.
///
/// It has no `Debug`, because it contains keys.
pub struct UsageMarketplace {
    rules: UsageRules,
    instances: Instances,
    ledger: Ledger,
    faults: VecDeque<UsageFault>,
    nonces: BTreeSet<String>,
    nonce_repeats: usize,
    lock: AkLock,
    disagreements: usize,
    requests: Vec<ReceivedRequest>,
}

/// How the marketplace reads the guides. A test may change the rules at any time.
///
/// It has no `Debug`, because it contains keys.
#[derive(Clone)]
pub struct UsageRules {
    /// The access key of the base interfaces, which signs usage.
    pub key: String,
    /// Whether the gateway requires its own signature as well.
    pub aksk: AkSk,
    /// When bills are made.
    pub billing: BillingCycle,
    /// The greatest number of records in a request. One page says 1,000, another says 100.
    pub max_records: usize,
    /// When a wrong instance, value or age is noticed.
    pub checks: InstanceChecks,
    /// Whether the answer lists the rejected records. If so, they are checked at once.
    pub record_codes_in_answer: bool,
    /// The prefix of the codes.
    pub prefix: CodePrefix,
}

/// When the marketplace notices an unknown instance, another seller's instance, a wrong value or a
/// window that is too old. The guide has codes for both times.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum InstanceChecks {
    /// The request is refused with 9001, 0150, 9002 or 9004. No record of it is kept.
    #[default]
    InAnswer,
    /// The request succeeds. The check in the background rejects the record: 001, 009, 003
    /// or 007.
    InBackground,
}

impl UsageRules {
    /// Rules with this key: no gateway signature, bills each hour, 1,000 records, checks in the
    /// answer, and no record codes in it.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            aksk: AkSk::Ignored,
            billing: BillingCycle::Hourly,
            max_records: 1_000,
            checks: InstanceChecks::InAnswer,
            record_codes_in_answer: false,
            prefix: CodePrefix::Mkt,
        }
    }
}

impl UsageMarketplace {
    /// A marketplace that knows no instance.
    #[must_use]
    pub fn new(rules: UsageRules) -> Self {
        Self {
            rules,
            instances: Instances::new(),
            ledger: Ledger::default(),
            faults: VecDeque::new(),
            nonces: BTreeSet::new(),
            nonce_repeats: 0,
            lock: AkLock::default(),
            disagreements: 0,
            requests: Vec::new(),
        }
    }

    /// The rules, to change them.
    pub const fn rules_mut(&mut self) -> &mut UsageRules {
        &mut self.rules
    }

    /// Adds an instance, or replaces the one with its ID.
    pub fn know(&mut self, instance: SimulatedInstance) {
        self.instances.insert(instance.id.clone(), instance);
    }

    /// An instance, to change it.
    pub fn instance_mut(&mut self, id: &str) -> Option<&mut SimulatedInstance> {
        self.instances.get_mut(id)
    }

    /// Closes an instance. Usage after `at` is not billed.
    pub fn close(&mut self, id: &str, at: u64) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.closed_at = Some(at);
        }
    }

    /// Orders a fault for the next request that has none yet.
    pub fn queue_fault(&mut self, fault: UsageFault) {
        self.faults.push_back(fault);
    }

    /// Receives one request. `path` includes the query; `headers` may have any capitals.
    pub fn receive(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: &[u8],
        now: u64,
    ) -> UsageReply {
        let request = UsageRequest { method, path, headers, body };
        let fault = self.faults.pop_front();
        let kept = self.ledger.records.len();
        let answer = match fault.map_or(Course::CarriedOut, UsageFault::course) {
            Course::CarriedOut => Some(self.answer(&request, now)),
            Course::Answered(refusal) => Some(WrittenAnswer::refusal(refusal, self.rules.prefix)),
            Course::Foreign(answer) => Some(answer),
            Course::Lost => None,
        };
        let (status, code) =
            answer.as_ref().map_or((0, String::new()), |a| (a.status, a.code.clone()));
        let kept = self.ledger.records.len() - kept;
        self.requests.push(ReceivedRequest { at: now, status, code, kept });
        match (answer, fault) {
            (None, _) | (_, Some(UsageFault::LoseReply)) => UsageReply::Lost,
            (Some(WrittenAnswer { status, body, .. }), Some(UsageFault::Slow)) => {
                UsageReply::Slow { status, body }
            }
            (Some(WrittenAnswer { status, body, .. }), _) => UsageReply::Answer { status, body },
        }
    }

    /// Checks the received records: each becomes billable, or is rejected with a record code.
    pub fn run_background(&mut self, now: u64) {
        self.ledger.check(&self.instances, now);
    }

    /// Makes every bill up to `now` from the billable records. Returns how many records are new in
    /// a bill. A record that became billable after a bill waits for the next one.
    pub fn collect(&mut self, now: u64) -> usize {
        self.ledger.collect(self.rules.billing, now)
    }

    /// Takes back a billable record, and returns whether this was possible. A record in a bill
    /// cannot be taken back.
    pub fn reverse(&mut self, metering_sn: &str) -> bool {
        self.ledger.reverse(metering_sn)
    }

    fn answer(&mut self, request: &UsageRequest, now: u64) -> WrittenAnswer {
        let prefix = self.rules.prefix;
        let first = match self.carry_out(request, now) {
            Ok(first) => first,
            Err(refusal) => return WrittenAnswer::refusal(refusal, prefix),
        };
        if !self.rules.record_codes_in_answer {
            return WrittenAnswer::success(&[], prefix);
        }
        self.ledger.check(&self.instances, now);
        let of_request = self.ledger.records.iter().skip(first);
        let rejected: Vec<(&str, &str)> = of_request
            .filter_map(|record| Some((record.metering_sn.as_str(), record.rejected()?.text())))
            .collect();
        WrittenAnswer::success(&rejected, prefix)
    }

    /// Checks a request from outside to inside, and keeps its records. Returns the place of the
    /// first.
    fn carry_out(&mut self, request: &UsageRequest, now: u64) -> Result<usize, Refusal> {
        request.check_route()?;
        self.lock.admit(request, &self.rules.aksk, now)?;
        let proof = request.proof()?;
        self.verify(&proof, request.body, now)?;
        let records = body::read(request.body, self.rules.max_records, now)?;
        self.check_batch(&records, now)?;
        Ok(self.ledger.keep(records))
    }

    /// Verifies the signature, then the time, then that the nonce is new.
    fn verify(&mut self, proof: &Proof, body: &[u8], now: u64) -> Result<(), Refusal> {
        match signature::judge(proof, body, &self.rules.key) {
            Readings::Accept => (),
            Readings::Disagree => {
                self.disagreements += 1;
                return Err(Refusal::BODY_SIGN);
            }
            Readings::Refuse => return Err(Refusal::BODY_SIGN),
        }
        let ts: u64 = proof.ts.parse().map_err(|_| Refusal::OTHER)?;
        if ts.abs_diff(now) > MOST_SKEW_MILLIS {
            return Err(Refusal::OTHER);
        }
        if !self.nonces.insert(proof.nonce.to_owned()) {
            self.nonce_repeats += 1;
            return Err(Refusal::OTHER);
        }
        Ok(())
    }

    /// One wrong record refuses the whole request.
    fn check_batch(&self, records: &[ReceivedRecord], now: u64) -> Result<(), Refusal> {
        let is_old = |record: &ReceivedRecord| {
            stamp::seconds(&record.begin_time).is_some_and(|begin| is_too_old(begin, now))
        };
        let known = |record: &ReceivedRecord| self.instances.get(&record.instance_id);
        let any = |is_wrong: &dyn Fn(&ReceivedRecord) -> bool| records.iter().any(is_wrong);
        if self.rules.checks == InstanceChecks::InBackground {
            Ok(())
        } else if any(&|record| known(record).is_some_and(|instance| !instance.ours)) {
            Err(Refusal::NOT_OURS)
        } else if any(&|record| known(record).is_none()) {
            Err(Refusal::NOT_FOUND)
        } else if any(&is_old) {
            Err(Refusal::TOO_OLD)
        } else if any(&|record| record.amount().is_none()) {
            Err(Refusal::USAGE_VALUE)
        } else {
            Ok(())
        }
    }
}

/// The guide names no limit for `ts`. The gateway's own limit is 15 minutes.
const MOST_SKEW_MILLIS: u64 = 15 * 60_000;

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
