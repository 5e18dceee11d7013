//! A running `koohook dev`, calls that the marketplace's side signs, and what was promised to
//! them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::entity::{Entity, Subject};
use domain::outbox::Reader;
use domain::record::EntityRecord;
use protocol::message::InstanceId;
use protocol::time::UnixMillis;
use shell::host::MachineWorld;
use shell::repository::Repository;
use shell::seal::{Clear, Seal, SealKey};
use shell::store::{AnyStore, StoreSetting};
use shell::world::{Deadline, World};
use simulator::answer::{Answer, verify_body_sign};
use tokio::runtime::Runtime;

/// The base key of every koohook here.
pub const KEY: &str = "constructed-base-key-0001";
/// The seal key of every koohook here.
pub const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Longer than any load takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_mins(1);
/// The marketplace waits five seconds, and koohook four: the rest is for a busy machine.
pub const IN_TIME: Duration = Duration::from_secs(5);
/// How many call at once.
pub const CALLERS: usize = 4;

/// What one order was answered, and so promised.
#[derive(Clone, Debug, Default)]
pub struct Promise {
    /// The order.
    pub order: String,
    /// The instance that it was answered.
    pub instance_id: Option<String>,
    /// Renewals sent, whatever came back.
    pub sent: u64,
    /// Renewals answered `000000`.
    pub acknowledged: u64,
}

/// What callers see of a koohook, and when they stop.
#[derive(Default)]
pub struct Load {
    /// Answers `000000`.
    pub settled: AtomicUsize,
    /// Answers `000005`.
    pub refused: AtomicUsize,
    enough: AtomicBool,
}

/// Ends the load, even if the test fails before.
struct Enough<'a>(&'a AtomicBool);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Load {
    /// Makes orders and renews each twice, from several callers at once. Ends if koohook
    /// answers no more, or if `disturb` is done, which disturbs it meanwhile.
    pub fn run(&self, address: &str, prefix: &str, disturb: impl FnOnce()) -> Vec<Promise> {
        thread::scope(|scope| {
            let caller = |number: usize| format!("{prefix}C{number}");
            let call = |number| scope.spawn(move || self.call(address, &caller(number)));
            let callers: Vec<_> = (0..CALLERS).map(call).collect();
            let enough = Enough(&self.enough);
            disturb();
            drop(enough);
            callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
        })
    }

    /// Waits for so many more answers `000000`.
    pub fn wait_for(&self, more: usize) {
        let begun = Instant::now();
        let until = self.settled.load(Ordering::SeqCst) + more;
        while self.settled.load(Ordering::SeqCst) < until {
            assert!(begun.elapsed() < PATIENCE, "nothing is settled any more");
            thread::yield_now();
        }
    }

    fn call(&self, address: &str, prefix: &str) -> Vec<Promise> {
        let mut made = Vec::new();
        for number in 0.. {
            let mut promise = Promise { order: format!("{prefix}N{number}"), ..Promise::default() };
            let answered = self.call_order(address, &mut promise);
            made.push(promise);
            if answered.is_none() || self.enough.load(Ordering::SeqCst) {
                break;
            }
        }
        made
    }

    fn call_order(&self, address: &str, promise: &mut Promise) -> Option<()> {
        promise.instance_id = self.settle(address, &new_instance(&promise.order))?.instance_id;
        for renewal in 1..=2 {
            promise.sent = renewal;
            let id = promise.instance_id.clone().unwrap();
            self.settle(address, &refresh(&promise.order, &id, renewal))?;
            promise.acknowledged = renewal;
        }
        Some(())
    }

    /// Sends a call again after each `000005`, as the marketplace does, only sooner.
    fn settle(&self, address: &str, members: &[(&'static str, String)]) -> Option<Answer> {
        loop {
            let answer = send(address, members)?;
            if answer.code == "000000" {
                self.settled.fetch_add(1, Ordering::SeqCst);
                return Some(answer);
            }
            assert_eq!(answer.code, "000005");
            self.refused.fetch_add(1, Ordering::SeqCst);
            if self.enough.load(Ordering::SeqCst) {
                return None;
            }
        }
    }
}

/// What koohook stored, read without it.
pub struct Watch {
    runtime: Runtime,
    world: MachineWorld<AnyStore>,
    seal: Seal,
}

impl Watch {
    /// Opens a store.
    pub fn open(setting: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let setting = StoreSetting::parse(setting).unwrap();
        let store = runtime.block_on(setting.open(false)).unwrap();
        let seal = Seal::new(Some(&SealKey::parse(SEAL_KEY).unwrap()), None, Clear::Allowed);
        Self { runtime, world: MachineWorld::new(store), seal }
    }

    /// The stored record of an instance.
    pub fn record(&self, id: &str) -> Option<EntityRecord> {
        let (world, seal) = (&self.world, &self.seal);
        let deadline = Deadline::after(world.elapsed(), Duration::from_secs(10));
        let repository = Repository::new(world, seal, Reader::Operator, deadline);
        let subject = Subject::Instance(InstanceId::parse(id).unwrap());
        self.runtime.block_on(repository.read(&subject)).unwrap().found.map(|found| found.record)
    }

    /// Whether a promise is kept.
    pub fn stands(&self, promise: &Promise) -> bool {
        let Some(id) = &promise.instance_id else { return true };
        let Some(record) = self.record(id) else { return false };
        let told = record.outbox.sequence;
        assert!(told <= 1 + promise.sent, "no change is told twice");
        expiry(&record) >= promise.acknowledged && told > promise.acknowledged
    }

    /// Checks that all promises stand.
    pub fn check_all_stand(&self, promises: &[Promise]) {
        for promise in promises {
            assert!(self.stands(promise), "an acknowledged change exists: {promise:?}");
        }
    }

    /// Calls everything again: what was interrupted is completed once, and every order keeps its one
    /// instance.
    pub fn complete(&self, address: &str, promises: &[Promise]) {
        let mut named = BTreeMap::new();
        for promise in promises {
            let again = settled(address, &new_instance(&promise.order));
            let id = again.instance_id.unwrap();
            assert!(promise.instance_id.as_ref().is_none_or(|promised| *promised == id));
            assert!(named.insert(id.clone(), &promise.order).is_none(), "no two orders share one");
            for renewal in 1..=promise.sent {
                settled(address, &refresh(&promise.order, &id, renewal));
            }
            let record = self.record(&id).unwrap();
            assert_eq!(record.outbox.sequence, 1 + promise.sent, "each change is told once");
            assert_eq!(expiry(&record), promise.sent);
        }
    }
}

/// A call that must succeed.
pub fn settled(address: &str, members: &[(&'static str, String)]) -> Answer {
    let answer = send(address, members).unwrap();
    assert_eq!(answer.code, "000000");
    answer
}

/// The number of the renewal that set the expiry; 0 if none did.
fn expiry(record: &EntityRecord) -> u64 {
    let Entity::Instance(instance) = &record.entity else { panic!("an instance stands") };
    let first = UnixMillis::from_utc_digits("20300101000000").unwrap().millis();
    instance.expires.map_or(0, |expires| (expires.millis() - first) / 86_400_000)
}

/// A purchase.
pub fn new_instance(order: &str) -> Vec<(&'static str, String)> {
    let line = format!("{order}-1");
    vec![
        ("activity", "newInstance".to_owned()),
        ("businessId", format!("B{}", now())),
        ("orderId", order.to_owned()),
        ("orderLineId", line),
    ]
}

fn refresh(order: &str, id: &str, renewal: u64) -> Vec<(&'static str, String)> {
    vec![
        ("activity", "refreshInstance".to_owned()),
        ("expireTime", format!("203001{:02}000000", renewal + 1)),
        ("instanceId", id.to_owned()),
        ("orderId", format!("{order}R{renewal}")),
        ("orderLineId", format!("{order}R{renewal}-1")),
        ("scene", "RENEWAL".to_owned()),
    ]
}

/// One call; `None` if no whole answer came. An answer that came is signed.
pub fn send(address: &str, members: &[(&'static str, String)]) -> Option<Answer> {
    let members: Vec<_> = members.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let body = simulator::v2::body(&members);
    let nonce = simulator::v2::sign(KEY, "0", "0", &body);
    let request = simulator::v2::request(address, KEY, &now().to_string(), &nonce, &body).unwrap();
    let mut response = ureq::run(request).ok()?;
    let body = response.body_mut().read_to_vec().ok()?;
    let response = response.map(|_| body);
    verify_body_sign(&response, KEY).unwrap();
    Some(Answer::read(&response).unwrap())
}

/// A process that ends with its test, even if the test fails.
pub struct Running(pub Child);

impl Running {
    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `koohook dev` over a store, and returns its address.
pub fn start(store: &str) -> (Running, String) {
    start_with(store, &[])
}

/// The same with more settings.
pub fn start_with(store: &str, settings: &[(&str, &str)]) -> (Running, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_koohook"))
        .args(["dev", "--quiet"])
        .env("KOOHOOK_LISTEN", "127.0.0.1:0")
        .env("KOOHOOK_BASE_KEY", KEY)
        .env("KOOHOOK_SEAL_KEY", SEAL_KEY)
        .env("KOOHOOK_STORE", store)
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listen = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(&line).ok()?;
        line.get("listen")?.as_str().map(str::to_owned)
    });
    // Its log must be read to the end, or it would wait for a reader.
    thread::spawn(move || lines.for_each(drop));
    (
        Running(child),
        format!("http://{}/saasproduce", listen.expect("koohook says where it listens")),
    )
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
