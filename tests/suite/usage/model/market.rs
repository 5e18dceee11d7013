//! The marketplace of a history, and everything that it received.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::store_keys::usage_key;
use domain::usage::{InstanceUsage, RecordState, UsageRecord, UsageWindow};
use http::{Request, Response};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use serde_json::Value;
use shell::seal::{Clear, Seal};
use shell::store::Store;
use shell::world::Unanswered;
use simulator::usage::{UsageFault, UsageMarketplace, UsageReply, UsageRules};
use tests::call::{BASE_KEY, run};
use tests::chance::Chance;
use tests::test_store::TestStore;
use tests::web::PeerAnswer;
use tests::world::NOW;

/// An instance, and the first and last second of a window.
pub type WindowName = (String, u64, u64);

/// The marketplace, which all processes reach.
#[derive(Clone)]
pub struct Market(Arc<Mutex<MarketSide>>);

/// What only the marketplace knows, and what a test compares with it.
pub struct MarketSide {
    pub marketplace: UsageMarketplace,
    pub requests: Vec<WireRequest>,
    /// One in so many requests has a fault; `None` if none has.
    pub bad_weather: Option<u64>,
    /// Whether no request arrives.
    pub is_dark: bool,
    /// What should not have been sent.
    pub broken: Vec<String>,
    /// Each record under its number, as it was first sent.
    numbers: BTreeMap<String, Value>,
    chance: Chance,
    store: TestStore,
}

/// One request with usage.
pub struct WireRequest {
    /// The time of the clock that signed it.
    pub at: u64,
    pub windows: Vec<WindowName>,
    /// The code of the answer; empty if there is none.
    pub code: String,
    /// Whether the caller was sent an answer in time.
    pub is_answered: bool,
    /// The codes of records in the answer, by the number of the record.
    pub record_codes: BTreeMap<String, String>,
    /// The numbers of the records, in the order of the windows.
    pub numbers: Vec<String>,
    /// Which process sent it.
    pub process: usize,
}

impl WireRequest {
    /// Whether the caller learned that the marketplace received everything.
    pub fn is_received(&self) -> bool {
        self.is_answered && self.code.ends_with(".0000")
    }

    /// What an answer said about one record: its own code, or the code of the answer.
    pub fn code_of(&self, name: &WindowName) -> Option<&str> {
        let place = self.windows.iter().position(|it| it == name)?;
        let own = self.record_codes.get(&self.numbers[place]);
        Some(own.map_or(self.code.as_str(), String::as_str)).filter(|_| self.is_answered)
    }
}

impl Market {
    pub fn new(seed: u64, store: TestStore) -> Self {
        Self(Arc::new(Mutex::new(MarketSide {
            marketplace: UsageMarketplace::new(UsageRules::new(BASE_KEY)),
            requests: Vec::new(),
            bad_weather: None,
            is_dark: false,
            broken: Vec::new(),
            numbers: BTreeMap::new(),
            chance: Chance(seed ^ 0x006d_6172_6b65_7400),
            store,
        })))
    }

    pub fn lock(&self) -> MutexGuard<'_, MarketSide> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers the requests of one process. `skew` is how far its clock is ahead.
    pub fn answering(
        &self,
        process: usize,
        skew: Arc<AtomicI64>,
    ) -> impl FnMut(Request<Bytes>) -> (Duration, PeerAnswer) + Send + 'static {
        let this = self.clone();
        move |request| {
            if request.uri().host() == Some("product.example.com") {
                return (Duration::ZERO, Ok(Response::new(Bytes::from_static(READY))));
            }
            this.lock().receive(&request, process, skew.load(Ordering::SeqCst))
        }
    }
}

impl MarketSide {
    fn receive(
        &mut self,
        request: &Request<Bytes>,
        process: usize,
        skew: i64,
    ) -> (Duration, PeerAnswer) {
        let headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let at: u64 = request.headers()["ts"].to_str().unwrap().parse().unwrap();
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let records = body["usage_records"].as_array().unwrap();
        let windows: Vec<_> = records.iter().map(name_of).collect();
        let numbers = records.iter().map(|it| it["metering_sn"].as_str().unwrap().to_owned());
        let numbers: Vec<_> = numbers.collect();
        for (record, name) in records.iter().zip(&windows) {
            self.check_sent(record, name);
        }
        if windows.iter().enumerate().any(|(place, name)| windows[..place].contains(name)) {
            self.broken.push(format!("one batch has a window twice: {windows:?}"));
        }
        if let Some(fault) = self.fault() {
            self.marketplace.queue_fault(fault);
        }
        let now = at.saturating_add_signed(-skew);
        let (method, path) = (request.method().as_str(), request.uri().path());
        let reply = self.marketplace.receive(method, path, &headers, request.body(), now);
        let code = self.marketplace.requests().last().map(|it| it.code.clone());
        let is_answered = reply.in_time().is_some();
        let record_codes = reply.in_time().map(|(_, body)| codes_in(body)).unwrap_or_default();
        let code = code.unwrap_or_default();
        let wire = WireRequest { at, windows, code, is_answered, record_codes, numbers, process };
        self.requests.push(wire);
        match reply {
            UsageReply::Answer { status, body } => {
                let took = Duration::from_millis(self.chance.below(900));
                (took, Ok(Response::builder().status(status).body(Bytes::from(body)).unwrap()))
            }
            UsageReply::Slow { .. } => (Duration::from_mins(1), Err(Unanswered::TimedOut)),
            UsageReply::Lost => (Duration::ZERO, Err(Unanswered::CutOff)),
        }
    }

    /// Each record is stored before it is sent, and has the same members in every sending.
    fn check_sent(&mut self, record: &Value, name: &WindowName) {
        let number = record["metering_sn"].as_str().unwrap().to_owned();
        let first = self.numbers.entry(number.clone()).or_insert_with(|| record.clone());
        if first != record {
            self.broken.push(format!("a record changed: {first} is now {record}"));
        }
        let Some(stored) = self.stored(name) else {
            self.broken.push(format!("a window is sent that is not stored: {record}"));
            return;
        };
        let (id, window) = (InstanceId::parse(&name.0).unwrap(), stored.window);
        let is_right = number == window.metering_sn(&id, stored.number)
            && record["usage_value"] == stored.quantity.to_string()
            && record["relate_pkg_instance"].as_str()
                == stored.package.as_ref().map(InstanceId::as_str);
        let is_fixed = match &stored.state {
            RecordState::Zero => false,
            RecordState::Waiting(waiting) => {
                waiting.record_time.map(UnixMillis::to_sdk_date).as_deref()
                    == record["record_time"].as_str()
            }
            // Another process settled it after this one took it.
            RecordState::Sent | RecordState::Rejected { .. } => true,
        };
        if !is_right || !is_fixed {
            self.broken.push(format!("{record} is sent, but {stored:?} is stored"));
        }
    }

    fn stored(&self, name: &WindowName) -> Option<UsageRecord> {
        let usage = run(read_stored(&self.store, &name.0))?;
        let [begin, end] = [name.1, name.2].map(|at| UnixMillis::new(at * 1_000));
        usage.record(UsageWindow::new(begin, end)?).cloned()
    }

    fn fault(&mut self) -> Option<UsageFault> {
        if self.is_dark {
            return Some(UsageFault::LoseRequest);
        }
        let is_bad = self.bad_weather.is_some_and(|many| self.chance.one_in(many));
        is_bad.then(|| *self.chance.pick(&FAULTS))
    }
}

/// Reads the usage of an instance. The read is not counted, and never fails by a planned fault.
pub async fn read_stored(store: &TestStore, id: &str) -> Option<InstanceUsage> {
    let key = usage_key(&InstanceId::parse(id).unwrap());
    let stored = store.get(&key, UnixMillis::new(NOW)).await.unwrap()?;
    let bytes = Seal::new(None, None, Clear::Allowed).open(&key, &stored.bytes).unwrap();
    Some(InstanceUsage::from_bytes(&bytes).unwrap())
}

/// The window of a record on the wire.
pub fn name_of(record: &Value) -> WindowName {
    let second = |name: &str| seconds(record[name].as_str().unwrap());
    let id = record["instance_id"].as_str().unwrap().to_owned();
    (id, second("begin_time"), second("end_time"))
}

/// The second of a time such as `20261005T210000Z`.
pub fn seconds(stamp: &str) -> u64 {
    let digits: String = stamp.chars().filter(char::is_ascii_digit).collect();
    UnixMillis::from_utc_digits(&digits).unwrap().millis() / 1_000
}

fn codes_in(body: &str) -> BTreeMap<String, String> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let failed = body["failed_records"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    failed.iter().map(|it| (text(&it["metering_sn"]), text(&it["error_code"]))).collect()
}

const READY: &[u8] =
    br#"{"appInfo":{"frontEndUrl":"https://app.example.com/i","userName":"admin"}}"#;

/// Every class of answers, and every way in which there is none. Faults that say nothing about the
/// records are more frequent.
const FAULTS: [UsageFault; 40] = [
    UsageFault::LoseReply,
    UsageFault::LoseReply,
    UsageFault::LoseReply,
    UsageFault::LoseRequest,
    UsageFault::LoseRequest,
    UsageFault::Slow,
    UsageFault::Slow,
    UsageFault::Garbage,
    UsageFault::Empty,
    UsageFault::Status(500, "0999"),
    UsageFault::Status(500, "0999"),
    UsageFault::Status(406, "0250"),
    UsageFault::Status(500, "0100"),
    UsageFault::Status(400, "0101"),
    UsageFault::Status(400, "0102"),
    UsageFault::Status(400, "0102"),
    UsageFault::Status(401, "0150"),
    UsageFault::Status(401, "0151"),
    UsageFault::Status(401, "0154"),
    UsageFault::Status(400, "0199"),
    UsageFault::Status(500, "0777"),
    UsageFault::Status(500, "9001"),
    UsageFault::Status(500, "9002"),
    UsageFault::Status(500, "9003"),
    UsageFault::Status(500, "9004"),
    UsageFault::Status(500, "9005"),
    UsageFault::Gateway(404, "0101"),
    UsageFault::Gateway(400, "0106"),
    UsageFault::Gateway(502, "0202"),
    UsageFault::Gateway(504, "0201"),
    UsageFault::Gateway(401, "0301"),
    UsageFault::Gateway(403, "0302"),
    UsageFault::Gateway(401, "0303"),
    UsageFault::Gateway(403, "0304"),
    UsageFault::Gateway(429, "0308"),
    UsageFault::Gateway(403, "0401"),
    UsageFault::Gateway(405, "0501"),
    UsageFault::Gateway(500, "0601"),
    UsageFault::Gateway(400, "1009"),
    UsageFault::Gateway(400, "2201"),
];
