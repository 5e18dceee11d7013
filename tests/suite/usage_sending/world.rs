//! A koohook with usage, and a simulated marketplace that receives it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::usage::{
    InstanceUsage, Quantity, RecordState, RecordVerdict, ReportedRecord, UsageCycle, UsageLife,
    UsageWindow,
};
use http::{Request, Response};
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use serde_json::Value;
use shell::failure::Failure;
use shell::relay::{Relay, RelayReport};
use shell::repository::RecordUpdate;
use shell::store::Store;
use shell::world::{Deadline, Unanswered, World};
use simulator::usage::{SimulatedInstance, UsageMarketplace, UsageReply, UsageRules};
use tests::call::{APP_INFO, BASE_KEY, Koohook, koohook, run};
use tests::log::Log;
use tests::test_store::TestStore;
use tests::web::PeerAnswer;
use tests::world::{NOW, TestWorld};

pub type Sending = Koohook<TestStore>;

pub const MINUTE: Duration = Duration::from_mins(1);
pub const HOUR: Duration = Duration::from_hours(1);
/// 2026-10-05T21:00:00Z, some minutes before the test begins.
pub const FULL_HOUR: u64 = NOW / 3_600_000 * 3_600_000;

/// The settings of most tests.
pub const SETTINGS: [(&str, &str); 4] = [
    ("KOOHOOK_BASE_KEY", BASE_KEY),
    ("KOOHOOK_APP_INFO", APP_INFO),
    ("KOOHOOK_STORE", "memory:"),
    ("KOOHOOK_OPENAPI_HOST", "https://mkt.example.com"),
];

/// A marketplace that a koohook reaches over its web.
#[derive(Clone)]
pub struct Marketplace(Arc<Mutex<Inner>>);

struct Inner {
    marketplace: UsageMarketplace,
    bodies: Vec<Bytes>,
    /// Whether the answer is lost because the process dies.
    dies: bool,
}

impl Marketplace {
    /// A marketplace that knows these instances, and which the koohook reaches.
    pub fn of(koohook: &Sending, instances: &[String]) -> Self {
        let mut marketplace = UsageMarketplace::new(UsageRules::new(BASE_KEY));
        for id in instances {
            marketplace.know(SimulatedInstance::new(id, FULL_HOUR - 60 * 86_400_000));
        }
        let inner = Inner { marketplace, bodies: Vec::new(), dies: false };
        let this = Self(Arc::new(Mutex::new(inner)));
        this.meets(koohook.world(), Duration::ZERO);
        this
    }

    /// Lets a world reach the marketplace. Each answer takes a while.
    pub fn meets<S: Store>(&self, world: &TestWorld<S>, after: Duration) {
        let this = self.clone();
        World::web(world).answer_after(move |request| (after, this.receive(&request)));
    }

    pub fn receive(&self, request: &Request<Bytes>) -> PeerAnswer {
        let header = |name: &str| request.headers()[name].to_str().unwrap();
        assert_eq!(request.uri().host(), Some("mkt.example.com"));
        let headers = request.headers().iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let now = header("ts").parse().unwrap();
        let mut inner = self.lock();
        inner.bodies.push(request.body().clone());
        let (method, path) = (request.method().as_str(), request.uri().path());
        let reply = inner.marketplace.receive(method, path, &headers, request.body(), now);
        if std::mem::take(&mut inner.dies) {
            panic!("the process dies before it reads the answer");
        }
        match reply {
            UsageReply::Answer { status, body } => {
                Ok(Response::builder().status(status).body(Bytes::from(body)).unwrap())
            }
            UsageReply::Slow { .. } => Err(Unanswered::TimedOut),
            UsageReply::Lost => Err(Unanswered::CutOff),
        }
    }

    /// Lets the process die when it waits for the next answer.
    pub fn kill(&self) {
        self.lock().dies = true;
    }

    /// Asks or changes the marketplace.
    pub fn with<T>(&self, ask: impl FnOnce(&mut UsageMarketplace) -> T) -> T {
        ask(&mut self.lock().marketplace)
    }

    /// How many requests it received.
    pub fn requests(&self) -> usize {
        self.with(|marketplace| marketplace.requests().len())
    }

    /// The numbers of records in the requests.
    pub fn sizes(&self) -> Vec<usize> {
        let bodies = self.lock().bodies.clone();
        let records = |body: &Bytes| {
            let body: Value = serde_json::from_slice(body).unwrap();
            body["usage_records"].as_array().unwrap().len()
        };
        bodies.iter().map(records).collect()
    }

    pub fn bodies(&self) -> Vec<Bytes> {
        self.lock().bodies.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A koohook, the IDs of some instances, and their marketplace. Each instance has one window.
pub fn with_windows(count: usize) -> (Sending, Vec<String>, Marketplace) {
    with_settings(count, &SETTINGS)
}

pub fn with_settings(
    count: usize,
    settings: &[(&str, &str)],
) -> (Sending, Vec<String>, Marketplace) {
    let koohook = koohook(settings);
    let ids: Vec<_> = (0..count).map(|number| format!("i-{number:04}")).collect();
    let marketplace = Marketplace::of(&koohook, &ids);
    for id in &ids {
        report(&koohook, id, &[last_hour()]);
    }
    (koohook, ids, marketplace)
}

/// The hour that ended before the test began.
pub fn last_hour() -> UsageWindow {
    hour_before(FULL_HOUR)
}

/// The hour before a time.
pub fn hour_before(end: u64) -> UsageWindow {
    UsageWindow::new(UnixMillis::new(end - 3_600_000), UnixMillis::new(end)).unwrap()
}

/// Stores windows as the endpoint does.
pub fn report(koohook: &Sending, id: &str, windows: &[UsageWindow]) {
    let instance_id = InstanceId::parse(id).unwrap();
    let now = World::now(koohook.world());
    change(koohook, id, |usage| {
        for window in windows {
            let quantity = Quantity::parse("1.5").unwrap();
            let (instance_id, window) = (instance_id.clone(), *window);
            let reported = ReportedRecord { instance_id, window, quantity, package: None };
            let verdict = usage.accept(&reported, UsageLife::default(), UsageCycle::Hourly, now);
            assert!(matches!(verdict, RecordVerdict::Accepted { .. }), "{verdict:?}");
        }
    });
}

/// Changes the usage of an instance.
pub fn change(koohook: &Sending, id: &str, change: impl Fn(&mut InstanceUsage)) {
    let context = koohook.endpoint.context();
    let deadline = Deadline::after(context.world.elapsed(), MINUTE);
    let repository = context.repository(deadline);
    let instance = InstanceId::parse(id).unwrap();
    let slot = run(repository.read_usage(&instance)).unwrap();
    let written = run(repository.update_usage(slot, |slot| {
        let new = || InstanceUsage::new(instance.clone());
        let mut usage = slot.record().cloned().unwrap_or_else(new);
        change(&mut usage);
        Ok::<_, Failure>(RecordUpdate::Write(usage, ()))
    }));
    written.unwrap();
}

/// The stored usage of an instance.
pub fn usage(koohook: &Sending, id: &str) -> InstanceUsage {
    let context = koohook.endpoint.context();
    let repository = context.repository(Deadline::after(context.world.elapsed(), MINUTE));
    let slot = run(repository.read_usage(&InstanceId::parse(id).unwrap())).unwrap();
    slot.record().cloned().unwrap()
}

/// The states of the windows of an instance.
pub fn states(koohook: &Sending, id: &str) -> Vec<RecordState> {
    usage(koohook, id).records.into_iter().map(|record| record.state).collect()
}

/// The words of the states of many instances, in order.
pub fn words(koohook: &Sending, ids: &[String]) -> Vec<&'static str> {
    let states = ids.iter().flat_map(|id| states(koohook, id));
    states.map(|state| state.as_str()).collect()
}

/// How many windows of the instances have a state.
pub fn count(koohook: &Sending, ids: &[String], word: &str) -> usize {
    words(koohook, ids).into_iter().filter(|it| *it == word).count()
}

/// Waits for the next minute of the clock, in which the relay looks for usage, and runs the relay
/// as a timer does.
pub fn relay_after(koohook: &Sending, span: Duration) -> RelayReport {
    koohook.world().pass(span);
    relay(koohook)
}

pub fn relay(koohook: &Sending) -> RelayReport {
    run(Relay::new(koohook.endpoint.context(), Duration::from_secs(50)).run()).unwrap()
}

/// The lines with this message, in order.
pub fn lines(log: &Log, message: &str) -> Vec<Value> {
    let text = log.text();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.filter(|line: &Value| line["message"] == message).collect()
}

/// The messages of the lines with a level.
pub fn messages(log: &Log, level: &str) -> Vec<String> {
    let text = log.text();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines = lines.filter(|line| line["level"] == level);
    lines.map(|line| line["message"].as_str().unwrap().to_owned()).collect()
}
