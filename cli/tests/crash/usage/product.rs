//! A product that reports usage, and repeats what got no answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use domain::webhook::WebhookSecrets;
use protocol::time::UnixMillis;
use serde_json::{Value, json};

use super::marketplace::now;

/// The secret of koohook and the product.
pub const SECRET: &str = "whsec_Y29uc3RydWN0ZWQtcHJvZHVjdC1zZWNyZXQtMDAwMQ==";
/// The number of instances. A call has windows of several of them.
const INSTANCES: u64 = 60;
/// The length of a window: half an hour.
const WINDOW_MILLIS: u64 = 1_800_000;
/// The windows of 20 days.
const MOST_WINDOWS: u64 = INSTANCES * 20 * 48;
/// How many windows a caller reports in one call.
const A_CALL: u64 = 20;
/// How many calls with new windows a caller makes in a round.
const NEW_CALLS: usize = 5;
/// The timeout of a test. Every step is much shorter.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the product has measured, and what koohook has accepted.
pub struct ReportingProduct {
    /// The end of the newest window.
    end: u64,
    memory: Mutex<Memory>,
    /// How many calls were answered.
    answered: AtomicUsize,
}

/// Windows are numbered. Each number is one window of one instance.
#[derive(Default)]
struct Memory {
    next: u64,
    accepted: BTreeSet<u64>,
    /// Calls without an answer. koohook may have stored none, some or all of their windows.
    unanswered: Vec<Vec<u64>>,
}

/// The status of each record of an answer.
type Statuses = Vec<String>;

impl ReportingProduct {
    /// A product that has measured until the last full hour.
    pub fn new() -> Self {
        let end = now() / 3_600_000 * 3_600_000;
        Self { end, memory: Mutex::default(), answered: AtomicUsize::new(0) }
    }

    /// The IDs of the instances.
    pub fn instances() -> Vec<String> {
        (0..INSTANCES).map(instance).collect()
    }

    /// How many windows koohook has accepted.
    pub fn accepted(&self) -> usize {
        self.lock().accepted.len()
    }

    /// The exact sum of each instance's accepted windows, in ten thousandths.
    pub fn sums(&self) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for number in &self.lock().accepted {
            *sums.entry(instance(number % INSTANCES)).or_default() += value(*number);
        }
        sums
    }

    /// How many calls were answered in all rounds.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// Waits until so many more calls were answered.
    pub fn wait_for_answers(&self, before: usize, more: usize) {
        let begun = Instant::now();
        while self.answered() < before + more {
            assert!(begun.elapsed() < PATIENCE, "koohook answers no report");
            thread::yield_now();
        }
    }

    /// Repeats every call without an answer, then reports so many new windows. koohook must accept
    /// all.
    pub fn report(&self, address: &str, new: u64) {
        let unanswered = std::mem::take(&mut self.lock().unanswered);
        for numbers in unanswered {
            assert!(self.call(address, numbers, &["accepted", "repeated"]));
        }
        for _ in 0..new.div_ceil(MOST_A_CALL) {
            let numbers = self.new_numbers(MOST_A_CALL.min(new));
            assert!(self.call(address, numbers, &["accepted"]));
        }
    }

    /// Reports new windows, then repeats known ones, until koohook dies.
    pub fn report_until_killed(&self, address: &str) {
        for _ in 0..NEW_CALLS {
            let numbers = self.new_numbers(A_CALL);
            if !self.call(address, numbers, &["accepted"]) {
                return;
            }
        }
        loop {
            let known = self.lock().accepted.iter().rev().take(20).copied().collect();
            if !self.call(address, known, &["repeated"]) {
                return;
            }
        }
    }

    /// Makes one call. Returns whether it was answered. A window may have no other status than
    /// these.
    fn call(&self, address: &str, numbers: Vec<u64>, expected: &[&str]) -> bool {
        let Some(statuses) = self.post(address, &numbers) else {
            self.lock().unanswered.push(numbers);
            return false;
        };
        for (number, status) in numbers.iter().zip(&statuses) {
            assert!(expected.contains(&status.as_str()), "window {number}: {status}");
        }
        assert_eq!(statuses.len(), numbers.len());
        self.lock().accepted.extend(numbers);
        self.answered.fetch_add(1, Ordering::SeqCst);
        true
    }

    fn post(&self, address: &str, numbers: &[u64]) -> Option<Statuses> {
        let records: Vec<Value> = numbers.iter().map(|number| self.record(*number)).collect();
        let body = json!({ "records": records }).to_string();
        let seconds = now() / 1_000;
        let secrets = WebhookSecrets::parse(SECRET).unwrap();
        let response = ureq::post(format!("http://{address}/usage"))
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", secrets.sign("msg_1", seconds, body.as_bytes()))
            .config()
            .http_status_as_error(false)
            .build()
            .send(&body);
        let mut response = response.ok()?;
        let text = response.body_mut().read_to_string().ok()?;
        assert_eq!(response.status(), 200, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        let records = answer["records"].as_array().unwrap();
        Some(records.iter().map(word).collect())
    }

    fn record(&self, number: u64) -> Value {
        let end = self.end - number / INSTANCES * WINDOW_MILLIS;
        let [begin, end] = [end - WINDOW_MILLIS, end].map(|at| UnixMillis::new(at).to_rfc3339());
        let value = value(number);
        json!({
            "recordId": number.to_string(), "instanceId": instance(number % INSTANCES),
            "beginTime": begin, "endTime": end,
            "value": format!("{}.{:04}", value / 10_000, value % 10_000),
        })
    }

    fn new_numbers(&self, count: u64) -> Vec<u64> {
        let mut memory = self.lock();
        let first = memory.next;
        memory.next += count;
        assert!(memory.next <= MOST_WINDOWS, "20 days have no more windows");
        (first..memory.next).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap()
    }
}

/// The reason of a rejected record, or the status of another one.
fn word(record: &Value) -> String {
    let word = record.get("reason").unwrap_or(&record["status"]);
    word.as_str().unwrap().to_owned()
}

/// The most windows of one call.
const MOST_A_CALL: u64 = 200;

fn instance(number: u64) -> String {
    format!("i-{number}")
}

/// The usage in a window, in ten thousandths. Neighbours have different ones.
const fn value(number: u64) -> u64 {
    1 + number * 7_919 % 99_991
}
