//! Kills `koohook serve` with `kill -9` while it sends usage and while the product reports usage. At the
//! end the marketplace has billed exactly what koohook accepted, each window once.
//!
//! Two processes share the store. Each round kills the newer one in a different moment, and some rounds
//! kill both. `KOOHOOK_TEST_KILLS` sets the number of rounds.

mod marketplace;
mod product;

use std::fs;
use std::net::SocketAddr;
use std::process::Output;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::marketplace::{UsageServer, now};
use self::product::{ReportingProduct, SECRET};
use crate::redis::{ALWAYS, LocalRedis};
use crate::running::{Running, command, start_command};

/// The number of rounds, if the environment does not set it.
const KILLS: usize = 7;
/// Callers that report concurrently.
const CALLERS: usize = 3;
/// How many windows wait when a process starts: more than it sends before it is killed.
const BACKLOG: usize = 800;
/// The timeout of a test. Every step is much shorter.
const PATIENCE: Duration = Duration::from_secs(90);

/// When a round kills.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// The marketplace has received a request, and its answer does not arrive.
    Received(usize),
    /// The marketplace has answered a request, and koohook settles the answer.
    Answered(usize),
    /// So many reports were answered.
    Reported(usize),
}

/// Each round has the next moment.
const MOMENTS: [Moment; 7] = [
    Moment::Answered(1),
    Moment::Received(1),
    Moment::Reported(2),
    Moment::Answered(2),
    Moment::Received(3),
    Moment::Reported(7),
    Moment::Answered(3),
];

/// A store, the marketplace and the product.
struct Scene {
    store: String,
    marketplace: UsageServer,
    address: SocketAddr,
    product: ReportingProduct,
}

#[test]
fn kills_over_sqlite_neither_lose_nor_double_usage() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("koohook.db").display());
    kills_lose_nothing(store);
}

#[test]
fn kills_over_redis_neither_lose_nor_double_usage() {
    let Some(redis) = LocalRedis::start(&ALWAYS) else { return };
    kills_lose_nothing(redis.setting());
}

fn kills_lose_nothing(store: String) {
    let scene = Scene::set(store);
    let mut other = None;
    for round in 0..rounds() {
        other = scene.kill_once(other, round);
    }
    drop(other);
    scene.send_the_rest();
    scene.check_marketplace();
    scene.check_store();
}

fn rounds() -> usize {
    std::env::var("KOOHOOK_TEST_KILLS").map_or(KILLS, |text| text.parse().unwrap())
}

impl Scene {
    /// Imports the instances. An imported instance has no beginning, so it may have old usage.
    fn set(store: String) -> Self {
        let (marketplace, address) = UsageServer::listen(&ReportingProduct::instances());
        let scene = Self { store, marketplace, address, product: ReportingProduct::new() };
        let row = |id: String| {
            format!("{id},CS-{id},CS-{id}-1,active,20990101000000,https://app.example.com\n")
        };
        let rows: String = ReportingProduct::instances().into_iter().map(row).collect();
        let head = "instanceId,orderId,orderLineId,state,expireTime,frontEndUrl\n";
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("instances.csv");
        fs::write(&file, format!("{head}{rows}")).unwrap();
        scene.command(&["import", &file.display().to_string()]);
        scene
    }

    /// Starts a koohook and kills it. Returns the other koohook, unless it was killed too.
    fn kill_once(&self, other: Option<Served>, round: usize) -> Option<Served> {
        let moment = MOMENTS[round % MOMENTS.len()];
        let mut other = other.unwrap_or_else(|| self.serve());
        self.product.report(&other.address, self.missing_backlog());
        let ((requests, answers), reports) = (self.marketplace.counts(), self.product.answered());
        if let Moment::Received(next) = moment {
            self.marketplace.withhold(next);
        }
        self.send_now();
        let mut newer = self.serve();
        thread::scope(|scope| {
            for _ in 0..CALLERS {
                let address = newer.address.clone();
                scope.spawn(move || self.product.report_until_killed(&address));
            }
            match moment {
                Moment::Received(next) => self.marketplace.wait_for_requests(requests, next),
                Moment::Answered(next) => self.marketplace.wait_for_answers(answers, next),
                Moment::Reported(more) => self.product.wait_for_answers(reports, more),
            }
            newer.running.kill();
        });
        let both = round % 4 == 3;
        if both {
            other.running.kill();
        }
        self.marketplace.answer_all();
        (!both).then_some(other)
    }

    /// How many windows the product must report, so that enough of them wait.
    fn missing_backlog(&self) -> u64 {
        let waiting = self.product.accepted().saturating_sub(self.received_windows());
        u64::try_from(BACKLOG.saturating_sub(waiting)).unwrap()
    }

    /// Repeats what got no answer, and sends everything.
    fn send_the_rest(&self) {
        let reporting = self.serve();
        self.product.report(&reporting.address, 1);
        drop(reporting);
        self.send_now();
        let _sending = self.serve();
        let begun = Instant::now();
        while !self.list("waiting,sending").is_empty() {
            assert!(begun.elapsed() < PATIENCE, "koohook does not send the rest");
        }
    }

    /// The marketplace has billed what koohook accepted, and nothing else.
    fn check_marketplace(&self) {
        self.marketplace.with(|marketplace| {
            marketplace.run_background(now());
            marketplace.collect(now() + 2 * 3_600_000);
            for (instance, sum) in self.product.sums() {
                assert_eq!(ten_thousandths(&marketplace.billed(&instance)), sum, "{instance}");
            }
            assert_eq!(marketplace.rejected_records().count(), 0);
            assert_eq!(marketplace.altered_duplicates().count(), 0, "a repeat is the same record");
            assert_eq!(marketplace.overlaps().count(), 0);
            assert_eq!(marketplace.nonce_repeats(), 0);
            assert_eq!(marketplace.signature_disagreements(), 0);
            let repeats = marketplace.duplicates().count();
            let received = marketplace.received_records().len();
            assert_eq!(received - repeats, self.product.accepted(), "each window counts once");
            assert!(repeats > 0, "the kills interrupted no sending");
        });
    }

    /// The store knows that the marketplace has received everything.
    fn check_store(&self) {
        assert_eq!(self.list("sent").len(), self.product.accepted());
        assert_eq!(self.list("waiting,sending,rejected,zero").len(), 0);
    }

    fn received_windows(&self) -> usize {
        self.marketplace.with(|marketplace| {
            marketplace.run_background(now());
            marketplace.received_records().len() - marketplace.duplicates().count()
        })
    }

    fn send_now(&self) {
        self.command(&["usage", "now", "--all", "--yes"]);
    }

    fn list(&self, states: &str) -> Vec<Value> {
        let listed = self.command(&["usage", "list", "--all", "-o", "json", "--state", states]);
        serde_json::from_slice(&listed.stdout).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Output {
        let output = command(arguments, &self.store).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    }

    fn serve(&self) -> Served {
        let host = format!("http://{}", self.address);
        let settings = [
            ("KOOHOOK_OPENAPI_HOST", host.as_str()),
            ("KOOHOOK_PRODUCT_URL", "http://127.0.0.1:9/hooks"),
            ("KOOHOOK_PRODUCT_SECRET", SECRET),
        ];
        let (running, address) = start_command(&["serve"], &self.store, &settings);
        Served { running, address }
    }
}

/// A running `koohook serve`.
struct Served {
    running: Running,
    address: String,
}

/// A decimal with at most four places, in ten thousandths.
fn ten_thousandths(text: &str) -> u64 {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{places:0<4}").parse().unwrap()
}
